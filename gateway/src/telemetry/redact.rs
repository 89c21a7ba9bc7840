//! The last fence before a log line leaves the process: whatever looks like a key,
//! a token, a signature or a payer's identity is blanked out, whoever logged it.

use regex::bytes::{Captures, Regex};
use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::LazyLock;

/// What stands in the place of what was taken out.
const HIDDEN: &[u8] = b"[hidden]";

/// What is taken out: group 1 stays, all else of the match goes. In order: API
/// keys, webhook secrets, authorization headers, the token of a checkout page,
/// keys in PEM, values of telling names (in JSON, also escaped, in a query or as a
/// field), and runs of base64 as long as a signature.
const PATTERN: &str = concat!(
    r"(?P<key>till_(?:test|live|ops)_)[A-Za-z0-9_-]{8,}",
    r"|(?P<secret>whsec_)[A-Za-z0-9+/=]{8,}",
    r"|(?P<auth>(?i:bearer|WECHATPAY2-SHA256-RSA2048)\s+)[^\s,]+",
    r"|(?P<page>/checkout/)[0-9a-f]{16,}",
    r"|(?P<pem>-----BEGIN [A-Z ]+-----)(?s:.*?)(?:-----END [A-Z ]+-----|$)",
    r#"|(?P<field>(?i:\b(?:openid|sub_openid|buyer_id|buyer_logon_id|buyer_user_id|sign|signature|paysign|token|ciphertext|prepay_id|apiv2_key|apiv3_key|private_key|password|auth_code))\\?"?\s*[=:]\s*\\?"?)[^"&\s,}\\]+"#,
    r"|(?P<run>)[A-Za-z0-9+/_-]{80,}={0,2}",
);

#[expect(
    clippy::expect_used,
    reason = "the pattern is a constant, and a test compiles it"
)]
static SECRETS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(PATTERN).expect("the pattern is a regular expression"));

/// The line without its secrets.
pub fn line(line: &[u8]) -> Cow<'_, [u8]> {
    SECRETS.replace_all(line, |found: &Captures<'_>| {
        let kept = found.iter().skip(1).flatten().next();
        [kept.map_or(&[][..], |kept| kept.as_bytes()), HIDDEN].concat()
    })
}

/// A writer that takes whole lines, as `tracing-subscriber` writes them, and lets
/// them through without their secrets.
#[derive(Debug)]
pub struct Redacting<W: Write>(pub W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(&line(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_taken_out_and_the_rest_stays() {
        let signature = "TBfnq2VMapZinsABBlRvsytimMIaKosZBm7P73/4X+yof90wXZYFXUow9ZzLeIUp\
                         TBfnq2VMapZinsABBlRvsytimMIaKosZBm7P73/4X+yof90wXZYFXUow9ZzLeIUp==";
        let signed = format!("got {signature} back");
        let cases: &[(&str, &str)] = &[
            (
                "key till_test_0123456789abcdef0123456789abcdef x",
                "key till_test_[hidden] x",
            ),
            (
                "key till_ops_0123456789abcdef0123456789abcdef x",
                "key till_ops_[hidden] x",
            ),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_[hidden]"),
            (
                "authorization: Bearer abc.def",
                "authorization: Bearer [hidden]",
            ),
            (
                "GET /checkout/00112233445566778899aabbccddeeff",
                "GET /checkout/[hidden]",
            ),
            (
                "a -----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY----- b",
                "a -----BEGIN PRIVATE KEY-----[hidden] b",
            ),
            (
                r#"{"openid":"oUpF8uMuAJO","flow":"F1"}"#,
                r#"{"openid":"[hidden]","flow":"F1"}"#,
            ),
            (
                r#"{"m":"{\"openid\":\"oUpF8uMuAJO\"}"}"#,
                r#"{"m":"{\"openid\":\"[hidden]\"}"}"#,
            ),
            (
                "sign=ERITJKEIJKJHKK&app_id=2021",
                "sign=[hidden]&app_id=2021",
            ),
            ("buyer_id=2088102122524333 next", "buyer_id=[hidden] next"),
            (&signed, "got [hidden] back"),
            (
                "order ord_01J3XK2Y7QZ8W9V0A1B2C3D4E5 is paid",
                "order ord_01J3XK2Y7QZ8W9V0A1B2C3D4E5 is paid",
            ),
            (
                "the design: signature checked",
                "the design: signature checked",
            ),
        ];
        for (given, kept) in cases {
            assert_eq!(String::from_utf8_lossy(&line(given.as_bytes())), *kept);
        }
    }

    #[test]
    fn a_writer_reports_the_bytes_that_it_was_given() {
        let mut out = Redacting(Vec::new());
        let text = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
        out.write_all(text).unwrap();
        assert_eq!(out.0, b"whsec_[hidden]\n");
    }
}
