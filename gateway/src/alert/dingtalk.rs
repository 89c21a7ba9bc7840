//! A custom robot of DingTalk (钉钉自定义机器人): Markdown; with 加签, the address
//! carries the time in milliseconds and HMAC-SHA256 over `time\nsecret`.

use super::message::{self, Style};
use super::{AlertFailure, Outgoing};
use crate::webhook::Failure;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::desk::Standing;
use cashier::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

/// The most bytes of a text: the body may have 20,000.
const LIMIT: usize = 16_000;

pub(super) fn request(
    url: &SecretString,
    secret: Option<&SecretString>,
    standings: &[Standing],
    now: Timestamp,
) -> Result<Outgoing, AlertFailure> {
    let mut url = Url::parse(url.expose_secret()).map_err(|_| Failure::Address)?;
    if let Some(secret) = secret {
        let timestamp = now.millis().to_string();
        let sign = sign(secret, &timestamp);
        url.query_pairs_mut()
            .append_pair("timestamp", &timestamp)
            .append_pair("sign", &sign);
    }
    let body = json!({
        "msgtype": "markdown",
        "markdown": {
            "title": message::title(standings),
            "text": message::text(standings, Style::Markdown, LIMIT),
        },
    });
    Ok(Outgoing {
        url: url.into(),
        headers: Vec::new(),
        body: body.to_string(),
    })
}

fn sign(secret: &SecretString, timestamp: &str) -> String {
    let secret = secret.expose_secret();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = format!("{timestamp}\n{secret}");
    STANDARD.encode(hmac::sign(&key, signed.as_bytes()))
}
