//! Amounts: whole fen from 1 to 10^12, written as a JSON integer.

use crate::problem::{Code, Problem};
use cashier::money::Money;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// An amount as it was sent. Reading it never fails, so that a wrong one is
/// answered as `amount_invalid` and not as a body that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount(Result<i64, String>);

impl Amount {
    /// The money, if it is a positive number of fen in range.
    ///
    /// # Errors
    /// `amount_invalid`, naming what was sent and what is taken.
    pub fn money(&self) -> Result<Money, Problem> {
        let refused = |sent: &dyn fmt::Display| {
            let rule = "`amount` must be a whole number of fen from 1 to 1000000000000, \
                        written as a JSON integer (12.34 yuan is 1234)";
            let sent: String = sent.to_string().chars().take(60).collect();
            Problem::new(Code::AmountInvalid, format!("{rule}; it was {sent}"))
                .with("field", "amount")
        };
        let fen = self.0.as_ref().map_err(|sent| refused(sent))?;
        let money = Money::from_fen(*fen).map_err(|_| refused(fen))?;
        if money.is_positive() {
            Ok(money)
        } else {
            Err(refused(fen))
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of fen")
    }

    fn visit_i64<E>(self, fen: i64) -> Result<Amount, E> {
        Ok(Amount(Ok(fen)))
    }

    fn visit_u64<E>(self, fen: u64) -> Result<Amount, E> {
        Ok(Amount(i64::try_from(fen).map_err(|_| fen.to_string())))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Amount, E> {
        Ok(Amount(Err(
            "a number with a point, an exponent or too many digits".to_owned(),
        )))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Amount, E> {
        Ok(Amount(Err(value.to_string())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Amount, E> {
        Ok(Amount(Err(format!("the text {text:?}"))))
    }

    fn visit_unit<E>(self) -> Result<Amount, E> {
        Ok(Amount(Err("null".to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Amount, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Amount(Err("an array".to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Amount, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Amount(Err("an object".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_integers_in_range_are_amounts() {
        let cases = [
            ("1", Some(1)),
            ("1000000000000", Some(1_000_000_000_000)),
            ("0", None),
            ("-0", None),
            ("-1", None),
            ("1.5", None),
            ("1.0", None),
            ("1e3", None),
            ("\"100\"", None),
            ("true", None),
            ("null", None),
            ("[100]", None),
            ("{\"fen\":100}", None),
            ("1000000000001", None),
            ("9223372036854775807", None),
            ("9223372036854775808", None),
            ("18446744073709551616", None),
        ];
        for (text, fen) in cases {
            let amount: Amount = serde_json::from_str(text).unwrap();
            match fen {
                Some(fen) => assert_eq!(amount.money().unwrap().fen(), fen, "{text}"),
                None => assert_eq!(
                    amount.money().unwrap_err().code(),
                    Code::AmountInvalid,
                    "{text}"
                ),
            }
        }
    }
}
