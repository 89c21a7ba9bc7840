//! A merchant's own numbers: short, and of characters that every channel,
//! database and file name can carry.

use crate::problem::Problem;

/// The most characters of a number.
const LONGEST: usize = 64;

/// Checks a merchant's number.
///
/// # Errors
/// `invalid_request`, naming the field and its rule.
pub fn check(field: &str, text: &str) -> Result<String, Problem> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.|*@:".contains(&b);
    if (1..=LONGEST).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    let rule = format!("must be 1 to {LONGEST} characters of A-Z a-z 0-9 _ - . | * @ :");
    Err(Problem::invalid(field, rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_characters_up_to_64_make_a_number() {
        for text in ["1", "Az09_-.|*@:", &"x".repeat(64)] {
            assert_eq!(check("merchant_order_no", text).unwrap(), text);
        }
        for text in [
            "",
            "a b",
            "a\u{0}",
            "🙂",
            "订单",
            "a/b",
            "a\n",
            &"x".repeat(65),
        ] {
            assert!(check("merchant_order_no", text).is_err(), "{text:?}");
        }
    }
}
