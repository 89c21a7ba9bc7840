//! What is wrong with a configuration, in words that say what to do.

use std::fmt;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, as `section.key`, or a place in a file.
    pub place: String,
    /// What is wrong with it and what to do.
    pub problem: String,
    /// The channel account that it is about, in an import file.
    pub account: Option<String>,
}

/// Every mistake that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes {
    found: Vec<Mistake>,
    /// The channel account that is being looked at.
    account: Option<String>,
}

impl Mistakes {
    /// Notes one more.
    pub fn add(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.found.push(Mistake {
            place: place.into(),
            problem: problem.into(),
            account: self.account.clone(),
        });
    }

    /// From now on, what is noted is about this channel account, or about none.
    pub fn look_at(&mut self, account: Option<&str>) {
        self.account = account.map(str::to_owned);
    }

    /// The mistakes, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.found.iter()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// An error unless nothing is wrong.
    ///
    /// # Errors
    /// The mistakes themselves.
    pub fn into_result(self) -> Result<(), Mistakes> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, mistake) in self.found.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl std::error::Error for Mistakes {}
