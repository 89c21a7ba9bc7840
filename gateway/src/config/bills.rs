//! `[bills]`: the channels' daily bills.

use super::Mistakes;
use serde::{Deserialize, Serialize};

/// The longest way back: both channels keep bills for three months.
const MOST: u32 = 90;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bills {
    /// How many days back; 0: none is taken.
    pub days_back: u32,
}

impl Bills {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        if self.days_back > MOST {
            mistakes.add(
                "bills.days_back",
                format!(
                    "{} is more than the {MOST} days that the channels keep bills for",
                    self.days_back
                ),
            );
        }
    }
}
