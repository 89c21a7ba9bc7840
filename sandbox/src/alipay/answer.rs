//! Answers: the node, its codes, and the signed body around it.

use actix_web::HttpResponse;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::Value;

use super::amount::{fen, yuan};
use crate::account::AlipayAccount;
use crate::faults::Fault;

/// What a call answers: the content of `<method>_response`.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// `code` and `msg`; only an OAuth success has none.
    head: Option<(&'static str, &'static str)>,
    sub: Option<(String, String)>,
    fields: Vec<(&'static str, Value)>,
}

impl Answer {
    /// `10000 Success`: the request was processed.
    pub(super) fn success() -> Self {
        Self::headed(Some(("10000", "Success")))
    }

    /// `10003`, the message with its leading blank: the payer must enter the password.
    pub(super) fn in_process() -> Self {
        Self::headed(Some(("10003", " order success pay inprocess")))
    }

    /// A success that has neither `code` nor `msg`, as OAuth's.
    pub(super) fn without_code() -> Self {
        Self::headed(None)
    }

    fn headed(head: Option<(&'static str, &'static str)>) -> Self {
        Self {
            head,
            sub: None,
            fields: Vec::new(),
        }
    }

    /// `40004 Business Failed` with this `ACQ.` sub_code.
    pub(super) fn failed(sub_code: &str, sub_msg: &str) -> Self {
        Self::refused("40004", "Business Failed", sub_code, sub_msg)
    }

    /// `ACQ.INVALID_PARAMETER`
    pub(super) fn invalid_parameter(why: &str) -> Self {
        Self::failed("ACQ.INVALID_PARAMETER", &format!("参数无效：{why}"))
    }

    /// `ACQ.TRADE_NOT_EXIST`
    pub(super) fn no_trade() -> Self {
        Self::failed("ACQ.TRADE_NOT_EXIST", "交易不存在")
    }

    /// `40002 Invalid Arguments`
    pub(super) fn invalid(sub_code: &str, sub_msg: String) -> Self {
        Self::refused("40002", "Invalid Arguments", sub_code, &sub_msg)
    }

    /// `40001 Missing Required Arguments`
    pub(super) fn missing(sub_code: &str, sub_msg: &str) -> Self {
        Self::refused("40001", "Missing Required Arguments", sub_code, sub_msg)
    }

    /// `ACQ.SYSTEM_ERROR`: the outcome is unknown to the caller, whatever the code says.
    pub(super) fn system_error() -> Self {
        Self::failed("ACQ.SYSTEM_ERROR", "系统错误")
    }

    /// `20000`: whether anything was done is unknown to the caller.
    pub(super) fn unknown() -> Self {
        Self::refused(
            "20000",
            "Service Currently Unavailable",
            "isp.unknow-error",
            "系统繁忙",
        )
    }

    /// `20001 Insufficient Token Permissions`
    pub(super) fn token_refused(sub_code: &str, sub_msg: &str) -> Self {
        Self::refused("20001", "Insufficient Token Permissions", sub_code, sub_msg)
    }

    fn refused(code: &'static str, msg: &'static str, sub_code: &str, sub_msg: &str) -> Self {
        let sub = Some((sub_code.to_owned(), sub_msg.to_owned()));
        Self {
            sub,
            ..Self::headed(Some((code, msg)))
        }
    }

    /// Adds a field.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Adds a field, if there is a value.
    pub(super) fn with_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The words for a person: what an HTML error page shows.
    pub(super) fn reason(&self) -> (&str, &str) {
        match &self.sub {
            Some((code, msg)) => (code, msg),
            None => self.head.unwrap_or_default(),
        }
    }

    /// One cent more in every amount that a merchant compares.
    fn with_wrong_amounts(mut self) -> Self {
        for (name, value) in &mut self.fields {
            if matches!(*name, "total_amount" | "refund_fee" | "refund_amount")
                && let Some(amount) = value.as_str().and_then(fen)
            {
                *value = yuan(amount.saturating_add(1)).into();
            }
        }
        self
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut node = serializer.serialize_map(None)?;
        if let Some((code, msg)) = self.head {
            node.serialize_entry("code", code)?;
            node.serialize_entry("msg", msg)?;
        }
        if let Some((code, msg)) = &self.sub {
            node.serialize_entry("sub_code", code)?;
            node.serialize_entry("sub_msg", msg)?;
        }
        for (name, value) in &self.fields {
            node.serialize_entry(name, value)?;
        }
        node.end()
    }
}

/// The whole HTTP answer: always 200, `text/html`, a trace id; signed over the literal node if
/// there is a key to sign with.
pub(super) fn respond(
    method: Option<&str>,
    answer: Answer,
    signer: Option<&AlipayAccount>,
    fault: Option<Fault>,
    trace_id: String,
) -> HttpResponse {
    let answer = if fault == Some(Fault::WrongAmount) {
        answer.with_wrong_amounts()
    } else {
        answer
    };
    match body(method, &answer, signer, fault) {
        Ok(body) => HttpResponse::Ok()
            .content_type("text/html;charset=utf-8")
            .insert_header(("trace_id", trace_id))
            .body(body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// What an attacker would have believed: that everything was paid.
const SPOOF: &str = r#"{"code":"10000","msg":"Success","trade_status":"TRADE_SUCCESS"}"#;

#[derive(Debug, thiserror::Error)]
enum Unwritable {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Key(#[from] crate::key::KeyError),
}

fn body(
    method: Option<&str>,
    answer: &Answer,
    signer: Option<&AlipayAccount>,
    fault: Option<Fault>,
) -> Result<String, Unwritable> {
    // Outside of texts JSON has no slash, so this escapes exactly those inside.
    let node = serde_json::to_string(answer)?.replace('/', "\\/");
    let name = match method {
        Some(method) => format!("{}_response", method.replace('.', "_")),
        None => "error_response".to_owned(),
    };
    let name = serde_json::to_string(&name)?;
    let signer = signer.filter(|_| fault != Some(Fault::Unsigned));
    let Some(signer) = signer else {
        return Ok(format!("{{{name}:{node}}}"));
    };
    let key = &signer.channel_key;
    let sign = match fault {
        Some(Fault::BadSignature) => key.sign(format!("{node} ").as_bytes())?,
        _ => key.sign(node.as_bytes())?,
    };
    let cert_sn = signer.cert_sn();
    let cert_sn = cert_sn.map(|sn| format!("\"alipay_cert_sn\":\"{sn}\","));
    let cert_sn = cert_sn.unwrap_or_default();
    let spoof = match fault {
        Some(Fault::SecondNode) => format!("{name}:{SPOOF},"),
        _ => String::new(),
    };
    Ok(format!(
        "{{{spoof}{name}:{node},{cert_sn}\"sign\":\"{sign}\"}}"
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::value::RawValue;

    use super::*;
    use crate::alipay::fixture::{account, key, vectors};
    use crate::key::VerifyingKey;

    #[test]
    fn published_answers_verify_over_their_literal_node() {
        let alipay = key("alipay_public_key_spki_pem");
        let mut verified = 0;
        for vector in vectors("02_response_sign.json") {
            let body = vector["raw_body"].as_str().unwrap();
            let parts: BTreeMap<String, Box<RawValue>> = serde_json::from_str(body).unwrap();
            let Some(sign) = parts.get("sign") else {
                continue;
            };
            let sign: String = serde_json::from_str(sign.get()).unwrap();
            let (_, node) = parts
                .iter()
                .find(|(_, part)| part.get().starts_with('{'))
                .unwrap();
            let good = vector["expect"] == "verify ok";
            let literal = alipay.verifies(node.get().as_bytes(), &sign);
            if vector["name"] == "reserialised_precreate" {
                let again: Value = serde_json::from_str(node.get()).unwrap();
                assert!(!alipay.verifies(again.to_string().as_bytes(), &sign));
                continue;
            }
            assert_eq!(literal, good, "{}", vector["name"]);
            verified += u32::from(good);
        }
        assert_eq!(verified, 5);
    }

    #[test]
    fn an_answer_has_the_form_of_the_published_one_and_is_signed_as_it_stands() {
        let published = vectors("02_response_sign.json")
            .into_iter()
            .find(|vector| vector["name"] == "precreate_ok_escaped_slash")
            .unwrap();
        let node = published["signed_substring"].as_str().unwrap();
        let answer = Answer::success()
            .with("out_trade_no", "SIM20240724000006")
            .with("qr_code", "https://qr.alipay.com/bax03431ljhokirwl38f00a7");
        let account = account();
        let text = body(
            Some("alipay.trade.precreate"),
            &answer,
            Some(&account),
            None,
        )
        .unwrap();
        let sign = text
            .strip_prefix(&format!(
                "{{\"alipay_trade_precreate_response\":{node},\"sign\":\""
            ))
            .and_then(|rest| rest.strip_suffix("\"}"))
            .unwrap();
        let public = account.channel_key.public_pem().unwrap();
        let public = VerifyingKey::parse(&public).unwrap();
        assert!(public.verifies(node.as_bytes(), sign));
    }
}
