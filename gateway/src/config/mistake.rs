//! What is wrong with a configuration, in words that say what to do.

use std::fmt;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, as `section.key`, or a place in a file.
    pub place: String,
    /// What is wrong with it and what to do.
    pub problem: String,
}

/// Every mistake that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Notes one more.
    pub fn add(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Mistake {
            place: place.into(),
            problem: problem.into(),
        });
    }

    /// The mistakes, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An error unless nothing is wrong.
    ///
    /// # Errors
    /// The mistakes themselves.
    pub fn into_result(self) -> Result<(), Mistakes> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, Mistake { place, problem }) in self.0.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            write!(f, "{place}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}
