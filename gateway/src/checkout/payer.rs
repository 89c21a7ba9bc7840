//! What a request says of the payer.

use actix_web::HttpRequest;
use actix_web::http::header::X_FORWARDED_FOR;
use ipnet::IpNet;
use std::net::IpAddr;

/// The most characters of what a wallet calls a payer (WeChat Pay: `openid` is
/// string(128); Alipay: `buyer_open_id` is string(128)).
const LONGEST_NAME: usize = 128;

/// The payer's address in its usual form: the connection's, or the last one that
/// a chain of trusted proxies has passed on. What stands before that in
/// `X-Forwarded-For` anybody may have written.
pub(super) fn address(request: &HttpRequest, trusted: &[IpNet]) -> Option<String> {
    let mut address = request.peer_addr()?.ip().to_canonical();
    let forwarded: Vec<&str> = request
        .headers()
        .get_all(X_FORWARDED_FOR)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .collect();
    for said in forwarded.into_iter().rev() {
        let is_proxy = trusted.iter().any(|network| network.contains(&address));
        let (true, Ok(before)) = (is_proxy, said.trim().parse::<IpAddr>()) else {
            break;
        };
        address = before.to_canonical();
    }
    Some(address.to_string())
}

/// What can be a wallet's name of a payer.
pub(super) fn name(text: &str) -> Option<&str> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (plain && (1..=LONGEST_NAME).contains(&text.len())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn address_of(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8:1::/48"].map(|network| network.parse().unwrap());
        let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
        for said in forwarded {
            request = request.append_header((X_FORWARDED_FOR, *said));
        }
        address(&request.to_http_request(), &trusted).unwrap()
    }

    #[test]
    fn an_address_is_written_in_its_usual_form() {
        assert_eq!(address_of("203.0.113.7:1234", &[]), "203.0.113.7");
        assert_eq!(address_of("[::ffff:203.0.113.7]:1234", &[]), "203.0.113.7");
        assert_eq!(address_of("[2001:db8::1]:1234", &[]), "2001:db8::1");
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_as_far_as_they_reach() {
        let cases: [(&str, &[&str], &str); 7] = [
            ("203.0.113.7:1", &["198.51.100.1"], "203.0.113.7"),
            ("10.1.1.1:1", &["198.51.100.1"], "198.51.100.1"),
            (
                "[2001:db8:1::1]:1",
                &["::ffff:198.51.100.1"],
                "198.51.100.1",
            ),
            (
                "10.1.1.1:1",
                &["192.0.2.66, 198.51.100.1, 10.2.2.2"],
                "198.51.100.1",
            ),
            (
                "10.1.1.1:1",
                &["192.0.2.66", "198.51.100.1", "10.2.2.2"],
                "198.51.100.1",
            ),
            ("10.1.1.1:1", &["198.51.100.1, unknown"], "10.1.1.1"),
            ("10.1.1.1:1", &[], "10.1.1.1"),
        ];
        for (peer, forwarded, expected) in cases {
            assert_eq!(
                address_of(peer, forwarded),
                expected,
                "{peer} {forwarded:?}"
            );
        }
    }

    #[test]
    fn what_cannot_name_a_payer_is_dropped() {
        assert_eq!(
            name("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
            Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
        );
        for text in ["", "a b", "\"><script>", "微信", &"o".repeat(129)] {
            assert_eq!(name(text), None);
        }
    }
}
