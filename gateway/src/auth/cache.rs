//! API keys that were seen a moment ago, by their hash. Only makes things
//! faster: whoever is not in it is looked up in the directory.

use cashier::id::AppId;
use cashier::time::{Span, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long an answer of the directory is believed.
const LIFE: Span = Span::seconds(5);
/// How many keys are remembered; then all are forgotten.
const MOST: usize = 10_000;

/// Recently seen keys.
#[derive(Default)]
pub(super) struct KnownKeys(Mutex<HashMap<String, (AppId, Timestamp)>>);

impl KnownKeys {
    /// The application of a key that was seen a moment ago.
    pub(super) fn get(&self, hash: &str, now: Timestamp) -> Option<AppId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (app, seen) = known.get(hash)?;
        (now >= *seen && now < seen.plus(LIFE)).then(|| app.clone())
    }

    /// Remembers a key for a moment.
    pub(super) fn put(&self, hash: &str, app: AppId, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(hash.to_owned(), (app, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_remembered_for_a_moment_only() {
        let known = KnownKeys::default();
        let seen = Timestamp::from_millis(1_000_000);
        known.put("hash", AppId::new("app"), seen);
        assert_eq!(known.get("hash", seen), Some(AppId::new("app")));
        assert_eq!(known.get("other", seen), None);
        assert_eq!(known.get("hash", seen.plus(LIFE)), None);
        assert_eq!(known.get("hash", seen.minus(Span::millis(1))), None);
    }
}
