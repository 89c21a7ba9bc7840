//! The address to which channels send their notices.

use std::net::IpAddr;
use url::{Host, Url};

/// What is wrong with the public address, by its text alone.
pub fn public_address(text: &str) -> Option<String> {
    let Ok(url) = Url::parse(text) else {
        return Some(format!(
            "http.public_url {text:?} is not an address: write it as https://pay.example.com"
        ));
    };
    if is_inside(url.host()) {
        return Some(format!(
            "http.public_url {text} is an address that only this machine or network reaches, so \
             no notice arrives: give the one that the internet sees"
        ));
    }
    (url.scheme() != "https").then(|| {
        format!(
            "http.public_url {text} is not https: channels refuse it or send notices in the open"
        )
    })
}

fn is_inside(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => {
            ip.is_private() || ip.is_link_local() || IpAddr::from(ip).is_loopback()
        }
        Some(Host::Ipv6(ip)) => ip.is_unique_local() || IpAddr::from(ip).is_loopback(),
        None => true,
    }
}
