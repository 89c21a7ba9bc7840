//! Where notices may go: https, a public host, no query. Relaxed against the real channel, because
//! this runs on a developer's desk: loopback hosts are allowed, and for them plain http too.

use std::net::IpAddr;

use url::{Host, Url};

use super::fields::Fields;
use super::problem::Problem;

/// Reads a `notify_url` of at most `max` characters: https, no query, no private address; plain
/// http for loopback hosts only.
///
/// # Errors
/// 400 `PARAM_ERROR`.
pub fn notify_url(fields: &mut Fields, max: usize) -> Result<Option<String>, Problem> {
    let Some(text) = fields.text("notify_url", max)? else {
        return Ok(None);
    };
    match issue(&text) {
        None => Ok(Some(text)),
        Some(issue) => Err(fields.refuse("notify_url", issue)),
    }
}

/// What is wrong with an address for notices, in either version of the protocol.
pub(crate) fn issue(text: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(text) else {
        return Some("不是合法的URL");
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Some("不能携带参数（no query and no fragment）");
    }
    let Some(host) = url.host() else {
        return Some("缺少主机名");
    };
    match (url.scheme(), reach(&host)) {
        ("https", Reach::Public | Reach::Loopback) | ("http", Reach::Loopback) => None,
        ("https", Reach::Private) => Some("不能是内网地址"),
        _ => Some("必须为https（this sandbox takes http for loopback hosts only）"),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Loopback,
    Private,
    Public,
}

fn reach(host: &Host<&str>) -> Reach {
    let address: IpAddr = match host {
        Host::Domain(name) if *name == "localhost" || name.ends_with(".localhost") => {
            return Reach::Loopback;
        }
        Host::Domain(_) => return Reach::Public,
        Host::Ipv4(address) => (*address).into(),
        Host::Ipv6(address) => (*address).into(),
    };
    let private = match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified(),
    };
    match (address.is_loopback(), private) {
        (true, _) => Reach::Loopback,
        (false, true) => Reach::Private,
        (false, false) => Reach::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn accepted(url: &str) -> bool {
        let body = json!({ "notify_url": url }).to_string();
        let mut fields = Fields::parse(body.as_bytes()).unwrap();
        match notify_url(&mut fields, 255) {
            Ok(read) => read.as_deref() == Some(url),
            Err(problem) => {
                assert_eq!(problem.body()["detail"]["field"], "/notify_url");
                false
            }
        }
    }

    #[test]
    fn plain_http_is_for_loopback_hosts_only() {
        for url in [
            "https://pay.example.com/notify",
            "http://127.0.0.1:8080/notify/ca_1",
            "http://localhost/notify",
            "http://[::1]:8080/notify",
            "https://localhost/notify",
        ] {
            assert!(accepted(url), "{url}");
        }
        for url in [
            "http://pay.example.com/notify",
            "http://localhost.example.com/notify",
            "https://10.0.0.7/notify",
            "https://pay.example.com/notify?a=1",
            "ftp://127.0.0.1/notify",
            "/notify",
        ] {
            assert!(!accepted(url), "{url}");
        }
    }
}
