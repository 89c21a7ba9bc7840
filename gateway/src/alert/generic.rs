//! A webhook of the operator's own: the exceptions as the interface shows them,
//! signed after Standard Webhooks where there is a secret. The same exceptions have
//! the same `webhook-id`.

use super::{AlertFailure, Outgoing};
use crate::accounts::Registry;
use crate::view::exception::ExceptionView;
use crate::webhook::signatures;
use cashier::desk::Standing;
use cashier::snapshot::rfc3339;
use cashier::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};

pub(super) fn request(
    url: &SecretString,
    secret: Option<&SecretString>,
    standings: &[Standing],
    registry: &Registry,
    now: Timestamp,
) -> Result<Outgoing, AlertFailure> {
    let newest = standings.iter().map(|one| one.exception.opened_at).max();
    let body = json!({
        "type": "exceptions.opened",
        "timestamp": newest.map(rfc3339),
        "data": { "exceptions": views(standings, registry) },
    })
    .to_string();
    let (id, timestamp) = (id(standings), now.seconds());
    let mut headers = vec![
        ("webhook-id", id.clone()),
        ("webhook-timestamp", timestamp.to_string()),
    ];
    if let Some(secret) = secret {
        let secrets = std::slice::from_ref(secret);
        let signature = signatures(secrets, &id, timestamp, body.as_bytes())?;
        headers.push(("webhook-signature", signature));
    }
    Ok(Outgoing {
        url: url.expose_secret().to_owned(),
        headers,
        body,
    })
}

fn views(standings: &[Standing], registry: &Registry) -> Vec<ExceptionView> {
    let view = |standing: &Standing| {
        let account = standing.exception.account.as_ref();
        let owner = account.and_then(|account| registry.merchant_of(account));
        ExceptionView::of(standing, owner)
    };
    standings.iter().map(view).collect()
}

fn id(standings: &[Standing]) -> String {
    let mut digest = Sha256::new();
    for standing in standings {
        digest.update(standing.exception.id.as_str());
        digest.update([0]);
    }
    let digest = hex::encode(digest.finalize());
    format!("alr_{}", digest.get(..26).unwrap_or(&digest))
}
