//! Texts for people: any writing, of bounded length, without control characters.

use crate::problem::Problem;
use std::ops::RangeInclusive;

/// Checks a text of so many characters.
///
/// # Errors
/// `invalid_request`, naming the field and its rule.
pub fn check(field: &str, text: &str, length: RangeInclusive<usize>) -> Result<String, Problem> {
    let blank = *length.start() > 0 && text.trim().is_empty();
    if !blank && length.contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let (least, most) = length.into_inner();
    let rule =
        format!("must be {least} to {most} characters, not blank, without control characters");
    Err(Problem::invalid(field, rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert!(check("subject", &"茶".repeat(127), 1..=127).is_ok());
        for text in ["", " ", "a\u{0}b", "a\nb", "a\u{7f}", &"茶".repeat(128)] {
            assert!(check("subject", text, 1..=127).is_err(), "{text:?}");
        }
    }
}
