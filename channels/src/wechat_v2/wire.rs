//! The one shape of APIv2: a flat list of named texts. The same list is written as
//! XML, signed, and read again; an empty value counts as absent, as it does for the
//! signature.

use cashier::channel::{Cause, CauseKind};
use cashier::money::Money;
use std::collections::BTreeMap;

/// `SUCCESS`, in `return_code`, `result_code` and states.
pub(super) const SUCCESS: &str = "SUCCESS";

/// `FAIL`, in `return_code` and `result_code`.
pub(super) const FAIL: &str = "FAIL";

/// The only currency.
pub(super) const CNY: &str = "CNY";

/// The fields of one message, in the order in which they are signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Sets a field.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Sets a field that may be left out.
    pub(super) fn set_if(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Adds a field that was not there before; `false` if it was.
    pub(super) fn add(&mut self, name: &str, value: String) -> bool {
        self.0.insert(name.to_owned(), value).is_none()
    }

    /// How many fields there are, empty ones included.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Names and values in the order of the names' bytes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A field's value, if it is there and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// [`CauseKind::Unreadable`]
    pub(super) fn need(&self, name: &str) -> Result<&str, Cause> {
        self.text(name).ok_or_else(|| lacks(name))
    }

    /// An amount in fen that must be there.
    ///
    /// # Errors
    /// [`CauseKind::Unreadable`]
    pub(super) fn fen(&self, name: &str) -> Result<Money, Cause> {
        self.text(name).and_then(fen).ok_or_else(|| lacks(name))
    }
}

/// Digits and nothing else: no sign, no blank, no point.
fn fen(text: &str) -> Option<Money> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let fen = text.parse().ok().filter(|_| digits)?;
    Money::from_fen(fen).ok()
}

fn lacks(name: &str) -> Cause {
    Cause {
        kind: CauseKind::Unreadable,
        detail: format!("the answer lacks a readable {name}"),
    }
}

impl From<Fields> for BTreeMap<String, String> {
    fn from(fields: Fields) -> BTreeMap<String, String> {
        fields.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_whole_fen_and_nothing_else() {
        let mut fields = Fields::default();
        for (text, fen) in [("1", 1), ("88", 88), ("0088", 88)] {
            fields.set("total_fee", text);
            assert_eq!(fields.fen("total_fee"), Ok(Money::from_fen(fen).unwrap()));
        }
        for text in [
            "",
            "0.88",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1e2",
            "八",
            "99999999999999999999",
        ] {
            fields.set("total_fee", text);
            assert!(fields.fen("total_fee").is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_field_is_as_good_as_none() {
        let mut fields = Fields::default();
        fields.set("device_info", "");
        assert_eq!(fields.text("device_info"), None);
        assert!(fields.need("device_info").is_err());
        assert!(!fields.add("device_info", "1".to_owned()));
    }
}
