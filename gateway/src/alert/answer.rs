//! What a robot answers with 200: a number, of which only zero means that it has
//! taken the message.

use super::AlertFailure;
use crate::config::AlertFormat;
use serde_json::Value;

/// Whether the message was taken.
///
/// # Errors
/// [`AlertFailure::Refused`], [`AlertFailure::Unclear`].
pub(super) fn taken(format: AlertFormat, body: &[u8]) -> Result<(), AlertFailure> {
    let field = match format {
        // Its status has said it.
        AlertFormat::Generic => return Ok(()),
        AlertFormat::Dingtalk | AlertFormat::Wecom => "errcode",
        AlertFormat::Feishu => "code",
    };
    let answer: Value = serde_json::from_slice(body).map_err(|_| AlertFailure::Unclear)?;
    match answer.get(field).and_then(Value::as_i64) {
        Some(0) => Ok(()),
        Some(code) => Err(AlertFailure::Refused(code)),
        None => Err(AlertFailure::Unclear),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_robots_own_zero_means_taken() {
        let cases: &[(AlertFormat, &str, Result<(), AlertFailure>)] = &[
            (AlertFormat::Generic, "", Ok(())),
            (
                AlertFormat::Dingtalk,
                r#"{"errcode":0,"errmsg":"ok"}"#,
                Ok(()),
            ),
            (
                AlertFormat::Dingtalk,
                r#"{"errcode":310000,"errmsg":"sign not match"}"#,
                Err(AlertFailure::Refused(310_000)),
            ),
            (
                AlertFormat::Wecom,
                r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#,
                Err(AlertFailure::Refused(93_000)),
            ),
            (
                AlertFormat::Feishu,
                r#"{"code":0,"msg":"success","data":{}}"#,
                Ok(()),
            ),
            (
                AlertFormat::Feishu,
                r#"{"code":19021,"msg":"sign match fail"}"#,
                Err(AlertFailure::Refused(19_021)),
            ),
            (AlertFormat::Feishu, "<html>", Err(AlertFailure::Unclear)),
            (AlertFormat::Wecom, "{}", Err(AlertFailure::Unclear)),
        ];
        for (format, body, expected) in cases {
            assert_eq!(&taken(*format, body.as_bytes()), expected, "{body}");
        }
    }
}
