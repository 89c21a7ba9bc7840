//! Money: whole fen of the yuan. There is no way in from a float.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An amount in fen (0.01 CNY), from 0 to [`Money::MAX`] (10^12 fen).
///
/// A value that exists is in range; only [`Money::from_fen`] and checked
/// arithmetic make one. Zero exists for sums (nothing refunded yet); what a
/// merchant asks for must be [positive](Money::is_positive).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// The amount is not a whole number of fen from 0 to 10^12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} fen is outside of 0 to 1000000000000")]
pub struct OutOfRange(pub i64);

/// The text is not an amount of yuan with at most two decimals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of yuan with at most two decimals")]
pub struct NotYuan;

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The largest amount: 10^12 fen, ten thousand million yuan.
    pub const MAX: Money = Money(1_000_000_000_000);

    /// An amount of so many fen.
    ///
    /// # Errors
    /// [`OutOfRange`] when negative or over [`Money::MAX`].
    pub const fn from_fen(fen: i64) -> Result<Money, OutOfRange> {
        if fen < 0 || fen > Self::MAX.0 {
            Err(OutOfRange(fen))
        } else {
            Ok(Money(fen))
        }
    }

    /// The number of fen.
    pub const fn fen(self) -> i64 {
        self.0
    }

    /// Whether there is anything to pay.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The sum, unless it leaves the range.
    pub const fn checked_add(self, other: Money) -> Option<Money> {
        match self.0.checked_add(other.0) {
            Some(fen) => match Money::from_fen(fen) {
                Ok(money) => Some(money),
                Err(_) => None,
            },
            None => None,
        }
    }

    /// The difference, unless it is negative.
    pub const fn checked_sub(self, other: Money) -> Option<Money> {
        match Money::from_fen(self.0 - other.0) {
            Ok(money) => Some(money),
            Err(_) => None,
        }
    }

    /// The sum of many, unless it leaves the range.
    pub fn sum(amounts: impl IntoIterator<Item = Money>) -> Option<Money> {
        amounts
            .into_iter()
            .try_fold(Money::ZERO, Money::checked_add)
    }

    /// Reads an amount of yuan as Alipay and the channels' bills write it:
    /// digits, then at most two decimals (`1`, `1.5`, `1.50`). No sign, blank,
    /// exponent or separator.
    ///
    /// # Errors
    /// [`NotYuan`] for everything else, and for amounts out of range.
    pub fn from_yuan(text: &str) -> Result<Money, NotYuan> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "00"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 2 || whole.len() > 12 {
            return Err(NotYuan);
        }
        let yuan: i64 = whole.parse().map_err(|_| NotYuan)?;
        let tens = if decimals.len() == 1 { 10 } else { 1 };
        let part: i64 = decimals.parse().map_err(|_| NotYuan)?;
        yuan.checked_mul(100)
            .and_then(|fen| fen.checked_add(part * tens))
            .and_then(|fen| Money::from_fen(fen).ok())
            .ok_or(NotYuan)
    }

    /// Writes the amount in yuan with two decimals, as Alipay wants it.
    pub fn to_yuan(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fen = i64::deserialize(deserializer)?;
        Money::from_fen(fen).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_texts_are_read_exactly_or_refused() {
        let cases = [
            ("0", Some(0)),
            ("0.01", Some(1)),
            ("0.1", Some(10)),
            ("0.10", Some(10)),
            ("88.88", Some(8_888)),
            ("100000000", Some(10_000_000_000)),
            ("10000000000.00", Some(1_000_000_000_000)),
            ("10000000000.01", None),
            ("1.005", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("1,000.00", None),
            (" 1", None),
            ("1.", None),
            (".5", None),
            ("", None),
            ("1.-1", None),
            ("٣", None),
            ("99999999999999999999", None),
        ];
        for (text, fen) in cases {
            assert_eq!(Money::from_yuan(text).ok().map(Money::fen), fen, "{text:?}");
        }
    }

    #[test]
    fn arithmetic_never_leaves_the_range() {
        assert_eq!(Money::MAX.checked_add(Money(1)), None);
        assert_eq!(Money(1).checked_sub(Money(2)), None);
        assert_eq!(Money::from_fen(-1), Err(OutOfRange(-1)));
        assert_eq!(Money::from_fen(i64::MAX), Err(OutOfRange(i64::MAX)));
    }

    #[test]
    fn json_amounts_are_integers_only() {
        for bad in ["1.5", "\"100\"", "1e3", "9223372036854775808", "-1", "null"] {
            assert!(serde_json::from_str::<Money>(bad).is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_str::<Money>("100").unwrap(), Money(100));
    }

    proptest::proptest! {
        #[test]
        fn printing_and_reading_yuan_are_inverse(fen in 0..=1_000_000_000_000_i64) {
            let money = Money::from_fen(fen).unwrap();
            proptest::prop_assert_eq!(Money::from_yuan(&money.to_yuan()).unwrap(), money);
        }
    }
}
