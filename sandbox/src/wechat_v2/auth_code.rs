//! The payer's payment code, as the merchant scanned it.

use super::refusal::Refusal;
use super::request::Request;
use crate::barcode::CodeRefused;

/// Reads `auth_code`: 18 digits that begin with 10 to 15.
///
/// # Errors
/// `LACK_PARAMS`; `AUTH_CODE_ERROR` for what is no such number, `AUTH_CODE_INVALID` for a number
/// that begins otherwise.
pub fn read(request: Request<'_>) -> Result<String, Refusal> {
    let auth_code = request.required("auth_code", 128)?;
    if auth_code.len() != 18 || !auth_code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::of("AUTH_CODE_ERROR"));
    }
    match auth_code.get(..2) {
        Some("10" | "11" | "12" | "13" | "14" | "15") => Ok(auth_code),
        _ => Err(Refusal::of("AUTH_CODE_INVALID")),
    }
}

/// What is said of a code that cannot be used.
pub fn unusable(refused: CodeRefused) -> Refusal {
    match refused {
        CodeRefused::Unknown => Refusal::of("AUTH_CODE_INVALID"),
        CodeRefused::Expired => Refusal::of("AUTHCODEEXPIRE"),
        CodeRefused::Used => {
            Refusal::business("AUTH_CODE_INVALID", "101 付款码已使用，请刷新付款码后再试")
        }
    }
}
