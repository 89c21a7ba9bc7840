//! A custom robot of Feishu (飞书自定义机器人): plain text; with 签名校验, the body
//! carries the time in seconds and HMAC-SHA256 of nothing under the key
//! `time\nsecret`.

use super::Outgoing;
use super::message::{self, Style};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::desk::Standing;
use cashier::time::Timestamp;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// The most bytes of a text: the body may have 20 KB.
const LIMIT: usize = 16_000;

pub(super) fn request(
    url: &SecretString,
    secret: Option<&SecretString>,
    standings: &[Standing],
    now: Timestamp,
) -> Outgoing {
    let mut body = json!({
        "msg_type": "text",
        "content": { "text": message::text(standings, Style::Plain, LIMIT) },
    });
    if let (Some(secret), Some(body)) = (secret, body.as_object_mut()) {
        let timestamp = now.seconds().to_string();
        body.insert("sign".to_owned(), sign(secret, &timestamp).into());
        body.insert("timestamp".to_owned(), timestamp.into());
    }
    Outgoing {
        url: url.expose_secret().to_owned(),
        headers: Vec::new(),
        body: body.to_string(),
    }
}

fn sign(secret: &SecretString, timestamp: &str) -> String {
    let key = Zeroizing::new(format!("{timestamp}\n{}", secret.expose_secret()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, b""))
}
