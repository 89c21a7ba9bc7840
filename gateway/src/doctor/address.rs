//! The address to which channels send their notices, by its text alone.

use super::Finding;
use crate::webhook::is_public;
use url::{Host, Url};

/// Reads the public address. `outside`: some channel is on the internet, and not in a
/// sandbox beside Till.
///
/// # Errors
/// What is wrong with it.
pub fn public_address(text: &str, outside: bool) -> Result<Url, Finding> {
    if text.is_empty() {
        return Err(Finding::wrong(
            "http.public_url is missing, so channels do not know where to send notices: set it in \
             the file of --config, or as TILL__HTTP__PUBLIC_URL, to the address under which the \
             internet sees Till, such as https://pay.example.com",
        ));
    }
    let url = Url::parse(text).ok().filter(Url::has_host).ok_or_else(|| {
        Finding::wrong(format!(
            "http.public_url {text:?} is not an address: write it as https://pay.example.com"
        ))
    })?;
    if outside && is_inside(url.host()) {
        return Err(Finding::wrong(format!(
            "http.public_url {text} is an address that only this machine or network reaches, so \
             no notice arrives: give the one that the internet sees"
        )));
    }
    if outside && url.scheme() != "https" {
        return Err(Finding::wrong(format!(
            "http.public_url {text} is not https: channels refuse it or send notices in the open. \
             Let a proxy in front of Till end TLS, and write https://"
        )));
    }
    Ok(url)
}

fn is_inside(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => !is_public(ip.into()),
        Some(Host::Ipv6(ip)) => !is_public(ip.into()),
        None => true,
    }
}
