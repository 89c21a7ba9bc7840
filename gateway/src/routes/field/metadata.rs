//! Metadata: a merchant's own notes, a few short texts under different keys.

use crate::problem::Problem;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// The most keys.
const MOST_KEYS: usize = 20;
/// The most characters of a key.
const LONGEST_KEY: usize = 40;
/// The most characters of a value.
const LONGEST_VALUE: usize = 500;

/// Texts by key; a doubled key is refused while reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// The notes, if they are few and short enough.
    ///
    /// # Errors
    /// `invalid_request`, naming the key and its rule.
    pub fn checked(self) -> Result<BTreeMap<String, String>, Problem> {
        if self.0.len() > MOST_KEYS {
            let rule = format!("must hold at most {MOST_KEYS} keys");
            return Err(Problem::invalid("metadata", rule));
        }
        self.0
            .iter()
            .try_for_each(|(key, value)| check(key, value))?;
        Ok(self.0)
    }
}

fn check(key: &str, value: &str) -> Result<(), Problem> {
    let length = key.chars().count();
    if length == 0 || length > LONGEST_KEY || key.chars().any(char::is_control) {
        let rule =
            format!("must have keys of 1 to {LONGEST_KEY} characters without control characters");
        return Err(Problem::invalid("metadata", rule));
    }
    if value.chars().count() > LONGEST_VALUE || value.chars().any(char::is_control) {
        let rule = format!("must be at most {LONGEST_VALUE} characters without control characters");
        return Err(Problem::invalid(&format!("metadata.{key}"), rule));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Metadata, D::Error> {
        deserializer.deserialize_map(Texts)
    }
}

struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Metadata, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry::<String, String>()? {
            if texts.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate key `{key}`")));
            }
            texts.insert(key, value);
        }
        Ok(Metadata(texts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_keys_and_values_that_are_not_texts_are_refused() {
        for text in [
            "{\"a\":\"1\",\"a\":\"2\"}",
            "{\"a\":1}",
            "{\"a\":null}",
            "[]",
            "\"a\"",
        ] {
            assert!(serde_json::from_str::<Metadata>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn notes_are_few_and_short() {
        let with = |key: String, value: String| Metadata(BTreeMap::from([(key, value)])).checked();
        assert!(with("k".repeat(40), "值".repeat(500)).is_ok());
        assert!(with("k".repeat(41), String::new()).is_err());
        assert!(with(String::new(), String::new()).is_err());
        assert!(with("k".to_owned(), "v".repeat(501)).is_err());
        assert!(with("k".to_owned(), "\u{0}".to_owned()).is_err());
        let many = |n: usize| (0..n).map(|i| (format!("k{i}"), String::new())).collect();
        assert!(Metadata(many(20)).checked().is_ok());
        assert!(Metadata(many(21)).checked().is_err());
    }
}
