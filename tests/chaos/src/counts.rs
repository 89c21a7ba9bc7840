//! What happened, counted.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Counters by name.
#[derive(Debug, Default)]
pub struct Counts(Mutex<BTreeMap<String, u64>>);

impl Counts {
    /// One more.
    pub fn add(&self, name: &str) {
        self.add_many(name, 1);
    }

    /// So many more.
    ///
    /// # Panics
    /// When a holder of the lock has panicked.
    pub fn add_many(&self, name: &str, count: u64) {
        *self.0.lock().unwrap().entry(name.to_owned()).or_default() += count;
    }

    /// How many.
    ///
    /// # Panics
    /// When a holder of the lock has panicked.
    pub fn get(&self, name: &str) -> u64 {
        self.0.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    /// All whose name begins like that, without that beginning.
    ///
    /// # Panics
    /// When a holder of the lock has panicked.
    pub fn under(&self, prefix: &str) -> BTreeMap<String, u64> {
        let all = self.0.lock().unwrap();
        let named = all
            .iter()
            .filter_map(|(name, count)| Some((name.strip_prefix(prefix)?.to_owned(), *count)));
        named.collect()
    }
}
