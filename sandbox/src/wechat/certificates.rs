//! `GET /v3/certificates`: the platform certificates, each sealed under the merchant's APIv3 key.

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::platform::CertificateView;
use super::problem::{Location, Problem};
use super::seal::seal;
use super::token::token;
use super::transaction::moment;

/// What is signed along with each sealed certificate.
const ASSOCIATED_DATA: &str = "certificate";

/// Every certificate that can verify a message now, or will.
///
/// # Errors
/// 400 `PARAM_ERROR` for another query than `algorithm_type`; 404 `RESOURCE_NOT_EXISTS` for a
/// merchant that has no certificate.
pub fn certificates(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut query = call.query();
    let algorithm = query.remove("algorithm_type");
    let rsa = matches!(algorithm.as_deref(), None | Some("RSA" | "ALL"));
    if !rsa || !query.is_empty() {
        let issue = "取值应为 RSA | ALL（this sandbox has no SM2 certificates）";
        return Err(Problem::field("algorithm_type", Location::Url, issue));
    }
    let held = call.account.portal.platform.view().certificates;
    if held.is_empty() {
        return Err(Problem::resource_not_exists(
            "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥",
        ));
    }
    let data: Result<Vec<_>, _> = held.iter().map(|held| entry(call, held)).collect();
    Ok(Reply::Json(json!({ "data": data? })))
}

fn entry(call: &Call<'_>, held: &CertificateView) -> Result<Value, Problem> {
    let nonce = token::<6>()?;
    let key = call.account.merchant.apiv3_key.expose_secret();
    let bytes = nonce.as_bytes().try_into();
    let bytes = bytes.map_err(|_| Problem::system_error())?;
    let ciphertext = seal(key, bytes, ASSOCIATED_DATA, held.certificate_pem.as_bytes());
    Ok(json!({
        "serial_no": held.serial_no,
        "effective_time": beijing(&held.effective_time),
        "expire_time": beijing(&held.expire_time),
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": ASSOCIATED_DATA,
            "ciphertext": ciphertext.map_err(|_| Problem::system_error())?,
        },
    }))
}

fn beijing(rfc3339: &str) -> Option<String> {
    let read = DateTime::parse_from_rfc3339(rfc3339).ok()?;
    Some(moment(read.with_timezone(&Utc)))
}
