//! What an operator writes: some lines of any writing, of bounded length.

use crate::problem::Problem;

/// The most characters.
const LONGEST: usize = 1000;

/// Checks a text of 1 to 1000 characters, in which lines may end.
///
/// # Errors
/// `invalid_request`, naming the field and its rule.
pub fn check(field: &str, text: &str) -> Result<String, Problem> {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let length = text.chars().count();
    if text.trim().is_empty() || length > LONGEST || text.chars().any(is_odd) {
        let rule = format!(
            "must be 1 to {LONGEST} characters, not blank, without control characters other than \
             line ends and tabs"
        );
        return Err(Problem::invalid(field, rule));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_have_lines_and_is_neither_blank_nor_endless() {
        assert!(check("reason", "查过了\n\t已退").is_ok());
        assert!(check("reason", &"茶".repeat(1000)).is_ok());
        for text in ["", " \n", "a\u{0}b", "a\u{7f}", &"茶".repeat(1001)] {
            assert!(check("reason", text).is_err(), "{text:?}");
        }
    }
}
