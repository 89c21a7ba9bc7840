//! Something that a person should mend.

use std::fmt;

/// What is wrong, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// In words, without a secret.
    pub text: String,
    /// Whether payments fail by it; if not, it is a warning.
    pub stops: bool,
}

impl Finding {
    /// Something by which payments or notices fail.
    pub fn wrong(text: impl Into<String>) -> Finding {
        Finding {
            text: text.into(),
            stops: true,
        }
    }

    /// Something that may be as it should, and that a person should look at.
    pub fn warning(text: impl Into<String>) -> Finding {
        Finding {
            text: text.into(),
            stops: false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.stops { "" } else { "warning: " };
        write!(f, "{mark}{}", self.text)
    }
}
