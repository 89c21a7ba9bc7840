//! Addresses that a merchant gives: absolute, https, without credentials.

use crate::problem::Problem;
use url::Url;

/// The most characters of an address.
const LONGEST: usize = 500;

/// Checks an address. Plain http passes only where the settings allow it
/// (development, on a machine of one's own).
///
/// # Errors
/// `invalid_request`, naming the field and its rule.
pub fn check(field: &str, text: &str, http_allowed: bool) -> Result<String, Problem> {
    if text.chars().count() > LONGEST {
        return Err(Problem::invalid(
            field,
            format!("must be at most {LONGEST} characters"),
        ));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Problem::invalid(
            field,
            "must not contain blanks or control characters",
        ));
    }
    let absolute = "must be an absolute address such as https://shop.example/paid";
    let url = Url::parse(text).map_err(|_| Problem::invalid(field, absolute))?;
    match url.scheme() {
        "https" => {}
        "http" if http_allowed => {}
        "http" => return Err(Problem::invalid(field, "must begin with https://")),
        _ => return Err(Problem::invalid(field, absolute)),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Problem::invalid(field, absolute));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::invalid(
            field,
            "must not contain a user name or password",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_web_addresses_without_credentials_pass() {
        let cases = [
            ("https://shop.example/paid?x=1", true, true),
            ("http://127.0.0.1:8070/paid", false, true),
            ("/paid", false, false),
            ("shop.example/paid", false, false),
            ("https://", false, false),
            ("https://user@shop.example/", false, false),
            ("https://user:secret@shop.example/", false, false),
            ("javascript:alert(1)", false, false),
            ("file:///etc/passwd", false, false),
            ("ftp://shop.example/", false, false),
            ("https://shop.example/a b", false, false),
            ("https://shop.example/\u{0}", false, false),
            ("\thttps://shop.example/", false, false),
        ];
        for (text, strict, loose) in cases {
            assert_eq!(check("return_url", text, false).is_ok(), strict, "{text:?}");
            assert_eq!(check("return_url", text, true).is_ok(), loose, "{text:?}");
        }
        let long = format!("https://shop.example/{}", "a".repeat(480));
        assert!(check("return_url", &long, false).is_err());
    }
}
