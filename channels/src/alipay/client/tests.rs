//! What may be believed of an answer, over the published vectors and over answers
//! that the stand-in for Alipay signs.

use super::*;
use crate::alipay::fixture;
use crate::alipay::wire::{Precreated, Queried};
use cashier::channel::RefusalKind;
use reqwest::header::{HeaderMap, HeaderValue};

fn answer(status: u16, body: &str) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert("trace_id", HeaderValue::from_static("0b1c2d"));
    Answer {
        status,
        headers,
        body: body.as_bytes().to_vec(),
    }
}

fn vector(name: &str) -> Answer {
    let vectors = fixture::answers();
    let vector = vectors
        .iter()
        .find(|vector| fixture::name(vector) == name)
        .unwrap();
    answer(200, vector["raw_body"].as_str().unwrap())
}

/// A query's answer with this node, signed.
fn signed(node: &str) -> Answer {
    let sign = fixture::alipay().sign(node.as_bytes()).unwrap();
    answer(
        200,
        &format!(r#"{{"alipay_trade_query_response":{node},"sign":"{sign}"}}"#),
    )
}

fn queried(answer: &Answer, flow: &str) -> Result<Said<Queried>, Lost> {
    fixture::client().read(Call::Query, answer, Some(&FlowNo::new(flow)))
}

#[track_caller]
fn lost_as(answer: &Answer, flow: &str, kind: CauseKind) -> String {
    match queried(answer, flow) {
        Err(Lost::Unknown(cause)) if cause.kind == kind => cause.detail,
        other => panic!("expected {kind:?}, got {other:?}"),
    }
}

#[test]
fn a_signed_answer_to_the_question_is_believed() {
    let answer = vector("query_ok_braces_and_quotes_inside_strings");
    let Ok(Said::Yes(queried)) = queried(&answer, "SIM20240724000007") else {
        panic!()
    };
    assert_eq!(queried.trade_status, "TRADE_SUCCESS");
    assert_eq!(queried.total_amount, "0.01");
    let client = fixture::client();
    let flow = FlowNo::new("SIM20240724000006");
    let said = client.read(
        Call::Precreate,
        &vector("precreate_ok_escaped_slash"),
        Some(&flow),
    );
    let Ok(Said::Yes(Precreated { qr_code })) = said else {
        panic!("{said:?}")
    };
    assert_eq!(qr_code, "https://qr.alipay.com/bax03431ljhokirwl38f00a7");
}

/// Shows F59.
#[test]
fn a_signed_answer_to_another_question_is_a_mismatch() {
    let paid = vector("query_ok_braces_and_quotes_inside_strings");
    lost_as(&paid, "SIM20240724000008", CauseKind::Mismatch);
    let not_found = vector("query_not_exist_signed_business_error");
    lost_as(&not_found, "SIM20240724000008", CauseKind::Mismatch);
    lost_as(
        &signed(r#"{"code":"10000","msg":"Success"}"#),
        "F1",
        CauseKind::Mismatch,
    );
}

/// Shows F60.
#[test]
fn a_signed_failure_is_what_its_code_says() {
    let not_found = vector("query_not_exist_signed_business_error");
    let Ok(Said::No(no)) = queried(&not_found, "SIM20240724000001") else {
        panic!()
    };
    assert_eq!(no.meaning, Meaning::NotFound);
    let limited = signed(
        r#"{"code":"40005","msg":"Call Limited","sub_code":"isv.app-call-limited","sub_msg":"x"}"#,
    );
    let Ok(Said::No(no)) = queried(&limited, "F1") else {
        panic!()
    };
    let Outcome::<()>::Refused(refusal) = no.into_outcome() else {
        panic!()
    };
    assert_eq!(
        (refusal.kind, refusal.code.as_str()),
        (RefusalKind::Later, "isv.app-call-limited")
    );
    let unseen = signed(r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.NEW_WORD"}"#);
    let Ok(Said::No(no)) = queried(&unseen, "F1") else {
        panic!()
    };
    let Outcome::<()>::Unknown(cause) = no.into_outcome() else {
        panic!()
    };
    assert_eq!(cause.kind, CauseKind::Unreadable);
    assert!(cause.detail.contains("ACQ.NEW_WORD"), "{}", cause.detail);
}

#[test]
fn an_unsigned_failure_is_told_to_people_and_believed_by_nobody() {
    let answer = vector("gateway_error_unsigned");
    let detail = lost_as(&answer, "SIM20240724000001", CauseKind::BadSignature);
    assert!(detail.contains("isv.invalid-app-id"), "{detail}");
    assert!(detail.contains("0b1c2d"), "{detail}");
    let limited = answer_unsigned(r#"{"code":"40005","sub_code":"isv.app-call-limited"}"#);
    lost_as(&limited, "F1", CauseKind::BadSignature);
}

fn answer_unsigned(node: &str) -> Answer {
    answer(200, &format!(r#"{{"alipay_trade_query_response":{node}}}"#))
}

/// Shows F58.
#[test]
fn a_wrong_signature_leaves_the_outcome_unknown_whatever_was_said() {
    for node in [
        r#"{"code":"10000","out_trade_no":"F1","trade_status":"TRADE_CLOSED"}"#,
        r#"{"code":"40004","out_trade_no":"F1","sub_code":"ACQ.TRADE_NOT_EXIST"}"#,
    ] {
        let sign = fixture::alipay().sign(b"{}").unwrap();
        let body = format!(r#"{{"alipay_trade_query_response":{node},"sign":"{sign}"}}"#);
        lost_as(&answer(200, &body), "F1", CauseKind::BadSignature);
        lost_as(&answer_unsigned(node), "F1", CauseKind::BadSignature);
    }
}

/// Shows F57.
#[test]
fn what_is_no_answer_of_alipays_leaves_the_outcome_unknown() {
    let good = vector("query_ok_braces_and_quotes_inside_strings");
    for status in [201, 302, 403, 404, 500, 502, 503] {
        let failed = Answer {
            status,
            body: good.body.clone(),
            headers: HeaderMap::new(),
        };
        lost_as(&failed, "SIM20240724000007", CauseKind::ChannelError);
    }
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"alipay_trade_close_response":{"code":"10000"}}"#,
    ] {
        lost_as(&answer(200, body), "F1", CauseKind::Unreadable);
    }
    lost_as(&signed(r#"{"code":10000}"#), "F1", CauseKind::Unreadable);
    lost_as(&signed(r#"{"msg":"Success"}"#), "F1", CauseKind::Unreadable);
    let half = signed(r#"{"code":"10000","out_trade_no":"F1"}"#);
    lost_as(&half, "F1", CauseKind::Unreadable);
}
