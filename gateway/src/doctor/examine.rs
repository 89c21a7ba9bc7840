//! One account, tried: its keys, a signed question, and the channel's clock.

use super::{Finding, Patient, drift, question};
use crate::accounts::Surroundings;
use reqwest::{Certificate, Client};
use std::time::Duration;

/// What is wrong with an account, beyond what is known of it already.
pub async fn examine(patient: &Patient, around: &Surroundings) -> Vec<Finding> {
    let Some(credentials) = &patient.credentials else {
        return Vec::new();
    };
    let mut found = Vec::new();
    match credentials.clone().adapter(around) {
        Ok(channel) => {
            let asked = question(channel.as_ref()).await;
            found.extend(asked.err().map(Finding::wrong));
        }
        Err(problem) if patient.knows(&problem) => {}
        Err(problem) => found.push(Finding::wrong(problem)),
    }
    let date = date_of(
        credentials.base_url(),
        credentials.authority(),
        around.deadline,
    )
    .await;
    found.extend(date.and_then(|date| drift(around.wall.now(), &date)));
    found
}

/// The channel's `Date`. `None`: it has none, or nobody gets there, which the question
/// has told.
async fn date_of(url: &str, authority: Option<&str>, deadline: Duration) -> Option<String> {
    let client = client(authority, deadline).ok()?;
    let answer = client.get(url).send().await.ok()?;
    let date = answer.headers().get(reqwest::header::DATE)?;
    date.to_str().ok().map(str::to_owned)
}

/// A client that believes the public authorities, or this one in their place.
pub(super) fn client(
    authority: Option<&str>,
    deadline: Duration,
) -> Result<Client, reqwest::Error> {
    let roots = match authority {
        Some(pem) => vec![Certificate::from_pem(pem.as_bytes())?],
        None => webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|root| Certificate::from_der(root))
            .collect::<Result<_, _>>()?,
    };
    Client::builder()
        .tls_certs_only(roots)
        .timeout(deadline)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}
