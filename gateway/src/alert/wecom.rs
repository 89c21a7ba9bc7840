//! A group robot of WeCom (企业微信群机器人): Markdown, and no signature.

use super::Outgoing;
use super::message::{self, Style};
use cashier::desk::Standing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// The most bytes of a text.
const LIMIT: usize = 4096;

pub(super) fn request(url: &SecretString, standings: &[Standing]) -> Outgoing {
    let text = message::text(standings, Style::Markdown, LIMIT);
    let body = json!({ "msgtype": "markdown", "markdown": { "content": text } });
    Outgoing {
        url: url.expose_secret().to_owned(),
        headers: Vec::new(),
        body: body.to_string(),
    }
}
