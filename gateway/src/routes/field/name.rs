//! The names of our own things in a path: letters and digits behind a prefix.
//! What cannot be one is answered as not found, before any database sees it.

use crate::problem::Problem;
use cashier::id::{EventId, ExceptionId, OrderId, RefundNo};

/// The most characters of a name that we ever made.
const LONGEST: usize = 64;

/// The order's name.
///
/// # Errors
/// `not_found` for a text that cannot be one.
pub fn order(text: &str) -> Result<OrderId, Problem> {
    shaped(text, "ord_").map(OrderId::new)
}

/// The refund's name.
///
/// # Errors
/// `not_found` for a text that cannot be one.
pub fn refund(text: &str) -> Result<RefundNo, Problem> {
    shaped(text, "rfd_").map(RefundNo::new)
}

/// The event's name.
///
/// # Errors
/// `not_found` for a text that cannot be one.
pub fn event(text: &str) -> Result<EventId, Problem> {
    shaped(text, "evt_").map(EventId::new)
}

/// The exception's name.
///
/// # Errors
/// `not_found` for a text that cannot be one.
pub fn exception(text: &str) -> Result<ExceptionId, Problem> {
    shaped(text, "exc_").map(ExceptionId::new)
}

fn shaped<'a>(text: &'a str, prefix: &str) -> Result<&'a str, Problem> {
    let body = text.strip_prefix(prefix).unwrap_or_default();
    let plain = !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain && text.len() <= LONGEST {
        return Ok(text);
    }
    Err(Problem::not_found(format!(
        "there is nothing of that name; it would begin with {prefix}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_name_is_not_looked_for() {
        assert!(order("ord_01JD3V0Q9GZZZZZZZZZZZZZZZZ").is_ok());
        for text in [
            "",
            "ord_",
            "01JD",
            "ord_a\u{0}",
            "ord_a/b",
            "ord_支付",
            "rfd_01JD",
        ] {
            assert!(order(text).is_err(), "{text:?}");
        }
        assert!(order(&format!("ord_{}", "A".repeat(61))).is_err());
    }
}
