//! Notices of the published vectors, notices made here, and forgeries.

use super::*;
use crate::wechat_v2::account::SubMerchant;
use crate::wechat_v2::fixture;
use crate::wechat_v2::sign::SignType;
use cashier::channel::Payment;
use cashier::money::Money;
use cashier::time::Timestamp;
use proptest::prelude::*;

fn opened_by(account: &Account, body: &str) -> Result<Notice, NoticeRefusal> {
    let body = body.as_bytes();
    open(account, RawNotice { headers: &[], body })
}

fn opened(body: &str) -> Result<Notice, NoticeRefusal> {
    opened_by(&fixture::account(), body)
}

fn paid_fields() -> Fields {
    let body = fixture::body("notify_pay_md5", "xml_plain");
    xml::read(body.as_bytes(), "xml").unwrap()
}

/// A notice of ours that differs from the vectors' in some fields.
fn told(changes: &[(&str, &str)]) -> Result<Notice, NoticeRefusal> {
    let mut fields = paid_fields();
    for (name, value) in changes {
        fields.set(name, *value);
    }
    opened(&fixture::signed(fields))
}

fn sealed() -> (String, Vec<String>) {
    let vectors = fixture::read("13_v2_refund_req_info.json");
    let cases = vectors["cases"].as_array().unwrap().iter();
    let texts = cases.filter_map(|case| case["req_info"].as_str().map(str::to_owned));
    let outer = vectors["outer_notify_xml"].as_str().unwrap().to_owned();
    (outer, texts.collect())
}

pub(in crate::wechat_v2) fn vectors() {
    every_payment_notice_of_the_vectors_is_read();
    every_forgery_of_the_vectors_is_refused();
    the_answers_are_those_of_the_vectors();
}

pub(in crate::wechat_v2) fn vectors_of_refunds() {
    every_refund_notice_of_the_vectors_is_a_reason_to_ask_and_no_answer();
}

#[test]
fn every_payment_notice_of_the_vectors_is_read() {
    let mut settings = fixture::settings();
    settings.sign_type = SignType::HmacSha256;
    let hmac = Account::new(settings).unwrap();
    let fact = NoticeFact::Trade {
        flow_no: FlowNo::new("20150806125346"),
        trade: Trade::Paid(Payment {
            trade_no: "4200000263201902167700134902".into(),
            amount: Money::from_fen(88).unwrap(),
            paid_at: Timestamp::from_millis(1_550_512_352_000),
            payer: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".into()),
            returned: false,
        }),
    };
    for (account, name) in [
        (fixture::account(), "notify_pay_md5"),
        (hmac, "notify_pay_hmac_no_sign_type_field"),
    ] {
        for spelling in ["xml_cdata", "xml_plain"] {
            let notice = opened_by(&account, &fixture::body(name, spelling));
            assert_eq!(notice.unwrap().fact, fact, "{name}");
        }
    }
}

/// Shows F32.
#[test]
fn every_forgery_of_the_vectors_is_refused() {
    let vectors = fixture::read("12_v2_xml_bodies.json");
    let mut count = 0;
    for case in vectors["bodies"].as_array().unwrap() {
        if case.get("expect").is_some() {
            let refused = opened(case["xml_cdata"].as_str().unwrap());
            assert!(
                matches!(refused, Err(NoticeRefusal::Unverified(_))),
                "{}",
                case["name"]
            );
            count += 1;
        }
    }
    assert_eq!(count, 6);
}

#[test]
fn a_changed_byte_anywhere_is_not_believed() {
    let body = fixture::body("notify_pay_md5", "xml_cdata");
    let account = fixture::account();
    let genuine = opened_by(&account, &body).unwrap();
    for at in 0..body.len() {
        let mut changed = body.clone().into_bytes();
        changed[at] ^= 1;
        let raw = RawNotice {
            headers: &[],
            body: &changed,
        };
        let read = open(&account, raw);
        assert_ne!(read.as_ref(), Ok(&genuine), "byte {at}");
        assert!(
            matches!(read, Err(NoticeRefusal::Unverified(_))),
            "byte {at}"
        );
    }
}

#[test]
fn a_signature_of_the_other_method_is_not_believed() {
    let hmac = fixture::body("notify_pay_hmac_no_sign_type_field", "xml_cdata");
    assert!(matches!(opened(&hmac), Err(NoticeRefusal::Unverified(_))));
    let declared = told(&[("sign_type", "HMAC-SHA256")]);
    assert!(
        declared.is_ok(),
        "the account's method decides and not the message's word"
    );
}

#[test]
fn a_notice_for_another_merchant_or_application_names_its_flow() {
    for name in ["mch_id", "appid"] {
        let refused = told(&[(name, "somebody-else")]).unwrap_err();
        let NoticeRefusal::Identity { flow_no, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(flow_no, Some(FlowNo::new("20150806125346")));
    }
    let mut settings = fixture::settings();
    settings.sub_merchant = Some(SubMerchant {
        mch_id: "1900000109".to_owned(),
        appid: None,
    });
    let provider = Account::new(settings).unwrap();
    let mut fields = paid_fields();
    let without = opened_by(&provider, &fixture::signed(fields.clone()));
    assert!(matches!(without, Err(NoticeRefusal::Identity { .. })));
    fields.set("sub_mch_id", "1900000109");
    assert!(opened_by(&provider, &fixture::signed(fields)).is_ok());
}

#[test]
fn every_refund_notice_of_the_vectors_is_a_reason_to_ask_and_no_answer() {
    let (outer, texts) = sealed();
    let fact = NoticeFact::Refund {
        flow_no: FlowNo::new("71106718111915575302817"),
        refund_no: RefundNo::new("131811191610442717309"),
        refunded: None,
    };
    assert_eq!(opened(&outer).unwrap().fact, fact);
    for text in &texts {
        let body = outer.replace(&texts[0], text);
        assert_eq!(opened(&body).unwrap().fact, fact);
    }
    assert_eq!(texts.len(), 4);
}

#[test]
fn a_refund_notice_that_does_not_open_is_not_believed() {
    let (outer, texts) = sealed();
    let vectors = fixture::read("13_v2_refund_req_info.json");
    let unpadded = vectors["cases"][4]["req_info_without_pad_block"]
        .as_str()
        .unwrap();
    for (from, to) in [
        (texts[0].as_str(), unpadded),
        (&texts[0], "AAAA"),
        (&texts[0], "***"),
        (
            "<return_code><![CDATA[SUCCESS]]>",
            "<return_code><![CDATA[FAIL]]>",
        ),
        ("1900009191", "1900009192"),
        ("wxd678efh567hg6787", "wx1"),
    ] {
        let refused = opened(&outer.replace(from, to));
        assert!(
            matches!(refused, Err(NoticeRefusal::Unverified(_))),
            "{to:.20}"
        );
    }
}

#[test]
fn a_repeated_fact_has_one_key_and_different_facts_have_different_ones() {
    let key = |changes: &[(&str, &str)]| told(changes).unwrap().key;
    let (outer, texts) = sealed();
    let mut keys = vec![
        key(&[]),
        key(&[("out_trade_no", "F2")]),
        key(&[("transaction_id", "43")]),
        key(&[("total_fee", "101")]),
        key(&[("time_end", "20190219015233")]),
        key(&[("result_code", "FAIL")]),
        opened(&outer).unwrap().key,
        opened(&outer.replace(&texts[0], &texts[1])).unwrap().key,
        opened(&outer.replace(&texts[0], &texts[2])).unwrap().key,
    ];
    // A resend has another nonce and says the same.
    assert_eq!(key(&[("nonce_str", "other")]), keys[0]);
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn a_signed_notice_that_makes_no_sense_is_not_understood() {
    for change in [
        ("out_trade_no", ""),
        ("transaction_id", ""),
        ("total_fee", "0.88"),
        ("time_end", "yesterday"),
        ("fee_type", "USD"),
        ("result_code", "MAYBE"),
        ("result_code", ""),
    ] {
        let refused = told(&[change]);
        assert!(
            matches!(refused, Err(NoticeRefusal::Unreadable { .. })),
            "{change:?}"
        );
    }
    let failed = told(&[("result_code", "FAIL")]).unwrap();
    assert!(matches!(failed.fact, NoticeFact::Other { .. }));
}

#[test]
fn the_answers_are_those_of_the_vectors() {
    for (receipt, name) in [
        (Receipt::Committed, "ack_success"),
        (Receipt::Refused, "ack_fail"),
    ] {
        assert_eq!(reply(receipt).body, fixture::body(name, "xml_cdata"));
        assert_eq!(reply(receipt).status, 200);
    }
    assert!(reply(Receipt::Again).body.contains("FAIL"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Shows F39.
    #[test]
    fn no_stranger_can_make_it_panic_or_believe(
        body in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,60}", info in "[A-Za-z0-9+/=]{0,80}",
    ) {
        let account = fixture::account();
        let raw = RawNotice { headers: &[], body: &body };
        prop_assert!(open(&account, raw).is_err());
        let told = format!("<xml><return_code>SUCCESS</return_code><req_info>{info}</req_info></xml>");
        prop_assert!(opened_by(&account, &told).is_err());
        let mut fields = paid_fields();
        fields.set(crate::wechat_v2::sign::SIGN, text);
        prop_assert!(opened_by(&account, &xml::write(&fields)).is_err());
    }
}
