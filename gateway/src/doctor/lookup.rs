//! Where a name leads, within a few seconds.

use super::reach::PATIENCE;
use crate::webhook::is_public;
use std::net::SocketAddr;
use tokio::time::timeout;
use url::{Host, Url};

/// The addresses of a host.
///
/// # Errors
/// Why there are none, in words.
pub(super) async fn lookup(url: &Url) -> Result<Vec<SocketAddr>, String> {
    let port = url.port_or_known_default().unwrap_or(443);
    let name = match url.host() {
        Some(Host::Ipv4(ip)) => return Ok(vec![(ip, port).into()]),
        Some(Host::Ipv6(ip)) => return Ok(vec![(ip, port).into()]),
        Some(Host::Domain(name)) => name,
        None => return Err("there is no host in it".to_owned()),
    };
    let found: Vec<SocketAddr> = timeout(PATIENCE, tokio::net::lookup_host((name, port)))
        .await
        .map_err(|_| format!("no answer within {} seconds", PATIENCE.as_secs()))?
        .map_err(|error| error.to_string())?
        .collect();
    match found.is_empty() {
        true => Err("it has no address".to_owned()),
        false => Ok(found),
    }
}

/// Whether a channel is on the internet. One that leads to private addresses alone is a
/// sandbox, which reaches Till where the internet does not.
pub async fn is_outside(base_url: &str) -> bool {
    let Ok(url) = Url::parse(base_url) else {
        return true;
    };
    lookup(&url)
        .await
        .map_or(true, |found| found.iter().any(|one| is_public(one.ip())))
}
