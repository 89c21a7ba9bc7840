//! What a request says of the payer: an address, an openid.

use crate::problem::Problem;
use std::net::IpAddr;

/// The most characters of an openid (WeChat Pay: `openid` is string(128)).
const LONGEST_OPENID: usize = 128;

/// Checks an address of the payer and writes it in its usual form.
///
/// # Errors
/// `invalid_request`, naming the rule.
pub fn client_ip(text: &str) -> Result<String, Problem> {
    let rule = "must be an IPv4 or IPv6 address such as 203.0.113.7";
    text.parse::<IpAddr>()
        .map(|ip| ip.to_string())
        .map_err(|_| Problem::invalid("client_ip", rule))
}

/// Checks an openid.
///
/// # Errors
/// `invalid_request`, naming the rule.
pub fn openid(text: &str) -> Result<String, Problem> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if plain && (1..=LONGEST_OPENID).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    let rule = format!("must be 1 to {LONGEST_OPENID} characters of A-Z a-z 0-9 _ -");
    Err(Problem::invalid("openid", rule))
}
