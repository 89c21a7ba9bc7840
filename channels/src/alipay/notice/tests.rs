//! Notices: the published vectors, and everything that must be refused.

use super::*;
use crate::alipay::fixture::{self, NOW};
use crate::alipay::settings::{Mode, Settings};
use cashier::channel::{Payment, Trade};

fn vector(name: &str) -> serde_json::Value {
    fixture::notices()
        .into_iter()
        .find(|vector| fixture::name(vector) == name)
        .unwrap()
}

fn paid() -> Parameters {
    fixture::parameters(&vector("payment_success"))
}

/// The notice of a payment with some parameters changed before it is signed;
/// an empty value takes the parameter away.
fn changed(changes: &[(&str, &str)]) -> Vec<u8> {
    let mut parameters = paid();
    for (name, value) in changes {
        parameters.insert((*name).to_owned(), (*value).to_owned());
    }
    parameters.retain(|_, value| !value.is_empty());
    fixture::signed_form(parameters)
}

fn opened(body: &[u8]) -> Result<Notice, NoticeRefusal> {
    open(&fixture::account(), body, NOW, |_| {})
}

fn fact_of(body: &[u8]) -> NoticeFact {
    opened(body).unwrap().fact
}

#[test]
pub(in crate::alipay) fn the_vector_of_a_payment_is_a_payment() {
    let form = vector("payment_success")["form_encoded_with_sign_v1"]
        .as_str()
        .unwrap()
        .to_owned();
    let expected = NoticeFact::Trade {
        flow_no: FlowNo::new("SIM20240724000002"),
        trade: Trade::Paid(Payment {
            trade_no: "2024072422001400000000000002".to_owned(),
            amount: Money::from_fen(8_888).unwrap(),
            // 2024-07-24 03:10:00 GMT+8
            paid_at: Timestamp::from_millis(1_721_761_800_000),
            payer: Some("2088000000000002".to_owned()),
            returned: false,
        }),
    };
    assert_eq!(fact_of(form.as_bytes()), expected);
}

/// Shows F30.
#[test]
pub(in crate::alipay) fn the_vector_of_a_full_refund_is_a_reason_to_ask() {
    let form = vector("full_refund_trade_closed")["form_encoded_with_sign_v1"]
        .as_str()
        .unwrap()
        .to_owned();
    let expected = NoticeFact::Refund {
        flow_no: FlowNo::new("SIM20240724000002"),
        refund_no: RefundNo::new("RF0002"),
        refunded: None,
    };
    assert_eq!(fact_of(form.as_bytes()), expected);
}

#[test]
pub(in crate::alipay) fn the_vector_of_a_return_is_no_fact() {
    let form = vector("return_url")["form_encoded_with_sign_v1"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(matches!(fact_of(form.as_bytes()), NoticeFact::Other { .. }));
}

#[test]
pub(in crate::alipay) fn empty_values_may_be_signed_or_not() {
    let vector = vector("payment_success_with_an_empty_value");
    for sign in ["sign_empty_dropped", "sign_empty_kept"] {
        let mut parameters = fixture::parameters(&vector);
        parameters.insert("sign".to_owned(), vector[sign].as_str().unwrap().to_owned());
        assert!(opened(&fixture::form(&parameters)).is_ok(), "{sign}");
    }
}

#[test]
fn signatures_by_the_rule_v2_are_refused() {
    for name in ["payment_success", "full_refund_trade_closed", "return_url"] {
        let vector = vector(name);
        let mut parameters = fixture::parameters(&vector);
        parameters.insert(
            "sign".to_owned(),
            vector["sign_v2"].as_str().unwrap().to_owned(),
        );
        let refusal = opened(&fixture::form(&parameters)).unwrap_err();
        assert!(matches!(refusal, NoticeRefusal::Unverified(_)), "{name}");
    }
}

#[test]
pub(in crate::alipay) fn the_genuine_notice_verifies_and_no_changed_copy_does() {
    let genuine = fixture::genuine();
    let account = Account::new(Settings {
        app_id: "2019073166072302".to_owned(),
        seller_id: "2088531891668739".to_owned(),
        mode: Mode::PublicKey {
            alipay_public_key: genuine["alipay_public_key_spki_base64"]
                .as_str()
                .unwrap()
                .to_owned(),
        },
        ..fixture::settings()
    })
    .unwrap();
    let parameters = fixture::parameters(&genuine);
    let notice = open(&account, &fixture::form(&parameters), NOW, |_| {}).unwrap();
    let NoticeFact::Trade {
        flow_no,
        trade: Trade::Paid(payment),
    } = notice.fact
    else {
        panic!("not a payment")
    };
    assert_eq!(flow_no.as_str(), "20190815155618536-564-57");
    assert_eq!(payment.amount.fen(), 10);
    assert_eq!(payment.trade_no, "2019081522001468450512505578");
    for name in parameters.keys() {
        let mut changed = parameters.clone();
        changed.get_mut(name).unwrap().insert(0, 'x');
        let refusal = open(&account, &fixture::form(&changed), NOW, |_| {}).unwrap_err();
        assert!(matches!(refusal, NoticeRefusal::Unverified(_)), "{name}");
    }
}

#[test]
fn somebody_elses_notice_is_refused_by_name() {
    for name in ["app_id", "auth_app_id", "seller_id"] {
        let refusal = opened(&changed(&[(name, "2088999999999999")])).unwrap_err();
        let NoticeRefusal::Identity { flow_no, detail } = refusal else {
            panic!("{name} was not compared")
        };
        assert_eq!(flow_no, Some(FlowNo::new("SIM20240724000002")));
        assert!(detail.starts_with(name), "{detail}");
    }
    let refusal = opened(&changed(&[("seller_id", "")])).unwrap_err();
    assert!(matches!(refusal, NoticeRefusal::Identity { .. }));
}

#[test]
fn a_forged_or_weakened_notice_is_refused() {
    let good = changed(&[]);
    let text = String::from_utf8(good.clone()).unwrap();
    let bodies = [
        text.replace("total_amount=88.88", "total_amount=0.01"),
        format!("{text}&total_amount=0.01"),
        // Even where both say the same, and the signature would hold.
        format!("{text}&total_amount=88.88"),
        format!("{text}&new=1"),
        text.replace("sign_type=RSA2", "sign_type=RSA"),
        text.replace("&sign_type=RSA2", ""),
        text.replace("charset=utf-8", "charset=gbk"),
        text.replace("sign=", "sign=AAAA"),
        text.replace("sign=", "signed="),
        String::new(),
        "%".to_owned(),
    ];
    assert!(opened(&good).is_ok());
    for body in bodies {
        let refusal = opened(body.as_bytes()).unwrap_err();
        assert!(matches!(refusal, NoticeRefusal::Unverified(_)), "{body}");
    }
}

/// Shows F28, F60.
#[test]
fn each_status_is_the_fact_that_it_is() {
    let trade = |changes: &[(&str, &str)]| match fact_of(&changed(changes)) {
        NoticeFact::Trade { trade, .. } => trade,
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        trade(&[("trade_status", "TRADE_FINISHED")]),
        Trade::Paid(_)
    ));
    assert_eq!(
        trade(&[("trade_status", "WAIT_BUYER_PAY"), ("gmt_payment", "")]),
        Trade::Waiting
    );
    let closed = [
        ("trade_status", "TRADE_CLOSED"),
        ("gmt_payment", ""),
        ("refund_fee", "0.00"),
    ];
    assert_eq!(trade(&closed), Trade::Closed);
    let partly = [
        ("gmt_refund", "2024-07-24 04:00:00.143"),
        ("refund_fee", "1.00"),
    ];
    // A refund without its number still says that the trade was paid.
    assert!(matches!(trade(&partly), Trade::Paid(_)));
    let refunded = fact_of(&changed(&[partly[0], partly[1], ("out_biz_no", "R1")]));
    assert!(matches!(
        refunded,
        NoticeFact::Refund { refunded: None, .. }
    ));
    let never_seen = opened(&changed(&[("trade_status", "TRADE_DREAMT")])).unwrap_err();
    assert!(matches!(never_seen, NoticeRefusal::Unreadable { .. }));
    let no_amount = ("total_amount", "88.888");
    let refusal = opened(&changed(&[no_amount])).unwrap_err();
    assert!(matches!(refusal, NoticeRefusal::Unreadable { .. }));
    // What is not understood is known by what stays the same when it comes again.
    let later = ("notify_time", "2024-07-24 09:00:00");
    assert_eq!(opened(&changed(&[no_amount, later])).unwrap_err(), refusal);
    let another = ("notify_id", "another");
    assert_ne!(
        opened(&changed(&[no_amount, another])).unwrap_err(),
        refusal
    );
}

#[test]
fn a_notice_has_one_key_however_often_it_is_sent_and_another_fact_another() {
    let key = |changes: &[(&str, &str)]| opened(&changed(changes)).unwrap().key;
    let first = key(&[]);
    assert_eq!(first, key(&[("notify_time", "2024-07-24 09:00:00")]));
    let others = [
        ("trade_status", "TRADE_FINISHED"),
        ("total_amount", "0.01"),
        ("out_trade_no", "SIM20240724000003"),
        ("trade_no", "2024072422001400000000000003"),
        ("out_biz_no", "R1"),
        ("out_biz_no", "R2"),
    ];
    let mut keys: Vec<String> = others.iter().map(|change| key(&[*change])).collect();
    keys.push(first);
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn only_a_committed_notice_is_answered_with_success() {
    assert_eq!(
        (
            reply(Receipt::Committed).status,
            reply(Receipt::Committed).body
        ),
        (200, "success")
    );
    assert_eq!(reply(Receipt::Refused).body, "fail");
    assert_eq!(reply(Receipt::Again).body, "fail");
}

proptest::proptest! {
    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        proptest::prop_assert!(opened(&body).is_err());
    }

    #[test]
    fn no_signed_content_makes_it_panic(
        name in "(trade_status|total_amount|gmt_payment|refund_fee|out_biz_no|trade_no|notify_type)",
        value in "\\PC{0,30}",
    ) {
        let _ = opened(&changed(&[(&name, &value)]));
    }
}
