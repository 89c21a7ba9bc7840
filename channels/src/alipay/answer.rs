//! Cutting an answer: `{"<method>_response": {…}, "sign": "…"}`.
//!
//! The signature covers the node's literal characters, so the node is cut out of
//! the body as it came and verified before it is parsed. A body that could be read
//! in two ways (a member twice, two nodes) is refused: a second node is how a
//! forged one would be slipped in.

use crate::key::VerifyingKey;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

/// The node under which older interfaces put their failures.
const ERROR_NODE: &str = "error_response";

/// An answer, cut and not yet believed.
#[derive(Debug)]
pub(super) struct Cut<'a> {
    /// The node's literal text.
    pub(super) node: &'a str,
    /// Whether it is the node of older interfaces' failures.
    pub(super) is_error: bool,
    /// The serial number of the certificate that it says it was signed with.
    pub(super) certificate: Option<String>,
    /// The signature, if there is one.
    sign: Option<String>,
}

/// What an answer's signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    /// Alipay said this.
    Right,
    /// Somebody said this.
    Wrong,
    /// Nobody put a name to this.
    Missing,
}

/// Cuts the node of `method` out of a body.
///
/// # Errors
/// What makes the body unreadable.
pub(super) fn cut<'a>(body: &'a [u8], method: &str) -> Result<Cut<'a>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let Members(members) =
        serde_json::from_str(text).map_err(|error| format!("the answer is not JSON: {error}"))?;
    let own = members.get(format!("{}_response", method.replace('.', "_")).as_str());
    let error = members.get(ERROR_NODE);
    let node = match (own, error) {
        (Some(node), None) | (None, Some(node)) => node.get(),
        (Some(_), Some(_)) => return Err("the answer has two nodes".to_owned()),
        (None, None) => return Err("the answer has no node for this method".to_owned()),
    };
    if !node.starts_with('{') {
        return Err("the answer's node is not an object".to_owned());
    }
    Ok(Cut {
        node,
        is_error: error.is_some(),
        certificate: beside(&members, "alipay_cert_sn")?,
        sign: beside(&members, "sign")?,
    })
}

/// A text that stands beside the node; an empty one is none.
fn beside(members: &BTreeMap<String, &RawValue>, name: &str) -> Result<Option<String>, String> {
    let Some(value) = members.get(name) else {
        return Ok(None);
    };
    let text: String = serde_json::from_str(value.get())
        .map_err(|_| format!("the answer's {name} is not a text"))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

impl Cut<'_> {
    /// Checks the signature over the node's literal text. As the official SDKs do,
    /// it is tried once more with `\/` read as `/`: some gateways escape after they
    /// have signed, and the key is Alipay's in either case.
    pub(super) fn signature(&self, alipay: &VerifyingKey) -> Signature {
        let Some(sign) = &self.sign else {
            return Signature::Missing;
        };
        let right = alipay.verifies(self.node.as_bytes(), sign)
            || (self.node.contains("\\/")
                && alipay.verifies(self.node.replace("\\/", "/").as_bytes(), sign));
        if right {
            Signature::Right
        } else {
            Signature::Wrong
        }
    }
}

/// The members of the outer object as literal text, each name once.
struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnce)
    }
}

struct EachOnce;

impl<'de> Visitor<'de> for EachOnce {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose members have different names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::fixture;
    use super::*;

    fn alipay() -> VerifyingKey {
        VerifyingKey::read(&fixture::keys("alipay_public_key_spki_pem")).unwrap()
    }

    #[test]
    pub(in crate::alipay) fn every_answer_vector_is_cut_and_judged_as_it_says() {
        use Signature::{Missing, Right, Wrong};
        let all = [
            ("precreate_ok_escaped_slash", Right),
            ("query_not_exist_signed_business_error", Right),
            ("query_ok_braces_and_quotes_inside_strings", Right),
            ("refund_ok_cert_mode", Right),
            ("oauth_error_response_wrapper", Right),
            ("gateway_error_unsigned", Missing),
            ("tampered_precreate", Wrong),
            ("reserialised_precreate", Wrong),
        ];
        let vectors = fixture::answers();
        assert_eq!(
            vectors.iter().map(fixture::name).collect::<Vec<_>>(),
            all.map(|(name, _)| name)
        );
        for (vector, (name, expected)) in vectors.iter().zip(all) {
            let body = vector["raw_body"].as_str().unwrap();
            let cut = cut(body.as_bytes(), vector["method"].as_str().unwrap()).unwrap();
            if let Some(signed) = vector["signed_substring"].as_str() {
                assert_eq!(cut.node, signed, "{name}");
            }
            assert_eq!(cut.signature(&alipay()), expected, "{name}");
        }
    }

    #[test]
    fn no_answer_vector_verifies_after_one_character_was_changed() {
        for vector in fixture::answers() {
            let Some(signed) = vector["signed_substring"].as_str() else {
                continue;
            };
            let body = vector["raw_body"].as_str().unwrap();
            let changed = body.replace(signed, &signed.replacen("code\":\"", "code\":\"9", 1));
            let cut = cut(changed.as_bytes(), vector["method"].as_str().unwrap()).unwrap();
            assert_eq!(
                cut.signature(&alipay()),
                Signature::Wrong,
                "{}",
                fixture::name(&vector)
            );
        }
    }

    #[test]
    fn a_node_that_was_escaped_after_signing_still_verifies() {
        let sign = fixture::alipay()
            .sign(br#"{"code":"10000","url":"https://a/b"}"#)
            .unwrap();
        let body = format!(
            r#"{{"m_response":{{"code":"10000","url":"https:\/\/a\/b"}},"sign":"{sign}"}}"#
        );
        assert_eq!(
            cut(body.as_bytes(), "m").unwrap().signature(&alipay()),
            Signature::Right
        );
    }

    #[test]
    fn a_body_that_can_be_read_in_two_ways_is_refused() {
        let bodies = [
            r#"{"m_response":{"code":"40004"},"m_response":{"code":"10000"},"sign":"x"}"#,
            r#"{"m_response":{"code":"10000"},"\u006d_response":{"code":"40004"},"sign":"x"}"#,
            r#"{"m_response":{"code":"10000"},"error_response":{"code":"40004"},"sign":"x"}"#,
            r#"{"m_response":{"code":"10000"},"sign":"x","sign":"y"}"#,
            r#"{"m_response":{"code":"10000"},"sign":"x"} {}"#,
            r#"{"m_response":"{}","sign":"x"}"#,
            r#"{"other_response":{"code":"10000"},"sign":"x"}"#,
            r#"{"m_response":{"code":"10000"},"sign":7}"#,
            r#"[{"m_response":{}}]"#,
            "<html>error</html>",
            "",
        ];
        for body in bodies {
            assert!(cut(body.as_bytes(), "m").is_err(), "{body}");
        }
        assert!(cut(b"{\"m_response\":{\"a\":\"\xff\"}}", "m").is_err());
    }

    proptest::proptest! {
        #[test]
        fn cutting_never_panics(body in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = cut(&body, "alipay.trade.query");
        }

        #[test]
        fn a_signed_node_is_cut_as_it_stands(value in "[ -~你}{\\[\\]]{0,40}") {
            let node = format!("{{ \"code\":\"10000\", \"x\" :{}}}", serde_json::json!(value));
            let sign = fixture::alipay().sign(node.as_bytes()).unwrap();
            let body = format!("{{\"sign\":\"{sign}\", \"m_n_response\" : {node} }}");
            let cut = cut(body.as_bytes(), "m.n").unwrap();
            proptest::prop_assert_eq!(cut.node, &node);
            proptest::prop_assert_eq!(cut.signature(&alipay()), Signature::Right);
        }
    }
}
