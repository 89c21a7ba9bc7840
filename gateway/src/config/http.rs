//! `[http]`: the server for merchants, channels and payers.

use super::Mistakes;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;
use url::{Host, Url};

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address to listen on.
    pub listen: String,
    /// How it is reached from outside; empty means the address itself.
    pub public_url: String,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Threads; 0 means one a processor.
    pub threads: usize,
    /// The largest API request, in bytes.
    pub body_limit_bytes: usize,
    /// The largest notice, in bytes.
    pub notice_limit_bytes: usize,
    /// Seconds that a request's head may take.
    pub request_head_seconds: u32,
    /// Seconds that a whole request may take.
    pub request_seconds: u32,
    /// Seconds that a stop may take.
    pub shutdown_seconds: u32,
    /// API requests a second and key.
    pub requests_per_second: NonZeroU32,
    /// API requests at once after a pause.
    pub request_burst: NonZeroU32,
}

impl Http {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        let listen = self.listen.parse::<SocketAddr>();
        if listen.is_err() {
            mistakes.add(
                "http.listen",
                format!(
                    "{:?} is not an address and port, such as 127.0.0.1:8080",
                    self.listen
                ),
            );
        }
        if !self.public_url.is_empty() {
            self.validate_public_url(mistakes);
        } else if listen.is_ok_and(|address| !address.ip().is_loopback()) {
            mistakes.add(
                "http.public_url",
                "is empty while http.listen is open to other machines: say how payers and \
                 channels reach Till, such as https://pay.example.com",
            );
        }
        for (key, bytes) in [
            ("http.body_limit_bytes", self.body_limit_bytes),
            ("http.notice_limit_bytes", self.notice_limit_bytes),
        ] {
            if !(4096..=16 * 1024 * 1024).contains(&bytes) {
                mistakes.add(
                    key,
                    format!("{bytes} is not between 4096 and 16777216 bytes"),
                );
            }
        }
        if self.request_head_seconds == 0 {
            mistakes.add("http.request_head_seconds", "must be at least 1 second");
        }
        // A payment may wait for its channel; a shorter end would cut that off.
        if self.request_seconds < 30 {
            mistakes.add("http.request_seconds", "must be at least 30 seconds");
        }
    }

    fn validate_public_url(&self, mistakes: &mut Mistakes) {
        const KEY: &str = "http.public_url";
        let Ok(url) = Url::parse(&self.public_url) else {
            mistakes.add(
                KEY,
                "is not an absolute address such as https://pay.example.com",
            );
            return;
        };
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            mistakes.add(KEY, "must begin with https:// and name a host");
        } else if url.scheme() == "http" && !is_loopback(url.host()) {
            mistakes.add(
                KEY,
                "is http and the host is not this machine: payers' pages and payment notices \
                 would travel in the open. Use https",
            );
        }
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !plain || url.password().is_some() {
            mistakes.add(KEY, "must not hold a query, a fragment or a password");
        }
    }

    /// Whether only this machine is served: the public address is loopback, or
    /// there is none and the server listens on loopback.
    pub fn is_on_this_machine(&self) -> bool {
        if self.public_url.is_empty() {
            self.listen
                .parse::<SocketAddr>()
                .is_ok_and(|address| address.ip().is_loopback())
        } else {
            Url::parse(&self.public_url).is_ok_and(|url| is_loopback(url.host()))
        }
    }

    /// The beginning of every public address, without a slash at its end.
    pub fn public_url(&self, listening: SocketAddr) -> String {
        if self.public_url.is_empty() {
            format!("http://{listening}")
        } else {
            self.public_url.trim_end_matches('/').to_owned()
        }
    }

    /// How long a stop may take.
    pub fn shutdown(&self) -> Duration {
        Duration::from_secs(u64::from(self.shutdown_seconds))
    }
}

/// Whether a host is this machine.
fn is_loopback(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}
