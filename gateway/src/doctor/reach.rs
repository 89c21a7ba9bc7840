//! Tries the address of the notices as a channel would, within a few seconds a step:
//! the name, a connection, TLS, and what answers there.

use super::Finding;
use super::lookup::lookup;
use crate::webhook::is_public;
use cashier::id::AccountId;
use reqwest::StatusCode;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// How long each step may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What is wrong with the address of this account's notices. `outside` as in
/// [`public_address`](super::public_address).
pub async fn reach(public: &Url, account: &AccountId, outside: bool) -> Option<Finding> {
    let base = public.as_str().trim_end_matches('/');
    let found = match lookup(public).await {
        Ok(found) => found,
        Err(reason) => return Some(unresolved(base, &reason)),
    };
    if outside && let Some(problem) = only_private(base, &found) {
        return Some(problem);
    }
    let connected = timeout(PATIENCE, TcpStream::connect(found.as_slice())).await;
    if !matches!(connected, Ok(Ok(_))) {
        return Some(silent(base));
    }
    let notices = format!("{base}/notify/{account}");
    match asked(&notices).await {
        Ok(status) => by_status(&notices, status),
        Err(error) if error.is_timeout() => Some(silent(base)),
        Err(error) if public.scheme() == "https" && error.is_connect() => {
            Some(without_tls(base, &reason(&error)))
        }
        Err(error) => Some(Finding::warning(format!(
            "http.public_url {base}: something is there that gives no usable answer ({}): look at \
             the proxy in front of Till",
            reason(&error)
        ))),
    }
}

async fn asked(notices: &str) -> Result<StatusCode, reqwest::Error> {
    let client = super::examine::client(None, PATIENCE)?;
    Ok(client.get(notices).send().await?.status())
}

fn unresolved(base: &str, reason: &str) -> Finding {
    Finding::wrong(format!(
        "http.public_url {base}: the name does not resolve ({reason}), so no notice arrives: enter \
         it at your DNS provider, or mend the setting"
    ))
}

fn only_private(base: &str, found: &[SocketAddr]) -> Option<Finding> {
    if found.iter().any(|one| is_public(one.ip())) {
        return None;
    }
    let mut addresses: Vec<String> = found.iter().map(|one| one.ip().to_string()).collect();
    addresses.dedup();
    Some(Finding::wrong(format!(
        "http.public_url {base}: the name leads only to {}, which channels cannot reach, so no \
         notice arrives: let DNS name a public address",
        addresses.join(", ")
    )))
}

fn silent(base: &str) -> Finding {
    Finding::warning(format!(
        "http.public_url {base}: nobody answers there within {} seconds: start Till and the proxy \
         in front of it, and open the port in the firewall. If only this machine cannot reach \
         its own public address, look from outside",
        PATIENCE.as_secs()
    ))
}

fn without_tls(base: &str, reason: &str) -> Finding {
    Finding::wrong(format!(
        "http.public_url {base}: TLS fails ({reason}), so channels send no notice there: let the \
         proxy in front of Till have a certificate of a public authority for this very name, \
         with the certificates in between"
    ))
}

/// Till answers 405 to a GET there: notices are posted.
fn by_status(notices: &str, status: StatusCode) -> Option<Finding> {
    let code = status.as_u16();
    match code {
        405 => None,
        300..=399 => Some(Finding::wrong(format!(
            "{notices} answers {code}, a redirect, which channels do not follow: set \
             http.public_url to where it leads"
        ))),
        401 | 403 | 407 => Some(Finding::wrong(format!(
            "{notices} answers {code}: it asks for a login, and channels have none. Let the proxy \
             in front pass /notify/ on to Till without one"
        ))),
        _ => Some(Finding::warning(format!(
            "{notices} answers {code}, as Till does not: start Till, and let the proxy in front \
             pass /notify/ on to it"
        ))),
    }
}

/// An error's innermost reason.
fn reason(error: &reqwest::Error) -> String {
    let mut reason: &dyn Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    reason.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_lead_to_one_public_address_at_least() {
        let found = |ips: &[&str]| -> Vec<SocketAddr> {
            let with_port = |ip: &&str| SocketAddr::new(ip.parse().unwrap(), 443);
            ips.iter().map(with_port).collect()
        };
        let judged = |ips: &[&str]| only_private("https://pay.example.com", &found(ips));
        assert_eq!(judged(&["8.8.8.8"]), None);
        assert_eq!(judged(&["10.0.0.7", "2606:4700::1111"]), None);
        let problem = judged(&["127.0.1.1", "10.0.0.7", "10.0.0.7"]).unwrap();
        assert!(problem.stops && problem.text.contains("127.0.1.1, 10.0.0.7,"));
    }

    #[test]
    fn only_tills_own_answer_passes() {
        let judged = |code: u16| by_status("u", StatusCode::from_u16(code).unwrap());
        assert_eq!(judged(405), None);
        for code in [301, 308, 401, 403] {
            assert!(judged(code).unwrap().stops, "{code}");
        }
        for code in [200, 404, 502] {
            assert!(!judged(code).unwrap().stops, "{code}");
        }
    }
}
