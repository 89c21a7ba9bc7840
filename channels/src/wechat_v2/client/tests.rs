//! What goes out for each call, and what comes of an answer, at a server that says one
//! thing and notes what it was asked.

mod certificate;

use crate::wechat_v2::account::{Account, Settings, SubMerchant};
use crate::wechat_v2::fixture;
use crate::wechat_v2::sign::SignType;
use crate::wechat_v2::wire::Fields;
use crate::wechat_v2::{WechatV2, xml};
use async_trait::async_trait;
use cashier::channel::{
    Action, CauseKind, Channel, Closed, Offer, Outcome, PayRequest, RefundRequest, Refunded,
    Reversed, Trade,
};
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::{Clock, Entropy, Span, Timestamp};
use cashier::way::Way;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

struct Fixed;

#[async_trait]
impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_414_561_699_000)
    }

    async fn sleep(&self, _: Span) {}
}

impl Entropy for Fixed {
    fn bytes(&self) -> [u8; 16] {
        [0xab; 16]
    }
}

const FLOW: &str = "20150806125346";

fn flow() -> FlowNo {
    FlowNo::new(FLOW)
}

fn adapter(settings: Settings) -> WechatV2 {
    let account = Account::new(settings).unwrap();
    WechatV2::new(account, Arc::new(Fixed), Arc::new(Fixed)).unwrap()
}

/// A server that answers one request, and what it was asked.
async fn server(answer: &str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
        answer.len()
    );
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"</xml>") {
            assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(seen).unwrap()
    });
    (url, asked)
}

/// An adapter whose channel gives this answer.
async fn answered(answer: &str, mut settings: Settings) -> (WechatV2, JoinHandle<String>) {
    let (url, asked) = server(answer).await;
    settings.base_url = url;
    (adapter(settings), asked)
}

async fn told(name: &str) -> (WechatV2, JoinHandle<String>) {
    answered(&fixture::body(name, "xml_cdata"), fixture::settings()).await
}

/// The request line, and the fields that were sent.
async fn sent(asked: JoinHandle<String>) -> (String, Fields) {
    let request = asked.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: text/xml"), "{head}");
    let line = head.lines().next().unwrap().to_owned();
    (line, xml::read(body.as_bytes(), "xml").unwrap())
}

fn request(way: Way) -> PayRequest {
    PayRequest {
        flow_no: flow(),
        way,
        amount: Money::from_fen(88).unwrap(),
        subject: "茶 <&>\"' ]]> 100%".to_owned(),
        expires_at: Timestamp::from_millis(1_261_876_210_000),
        notify_url: "https://pay.example.com/wx/notify".to_owned(),
        return_url: None,
        client_ip: Some("123.12.12.123".to_owned()),
        payer: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned()),
        auth_code: Some("134567890123456789".to_owned()),
    }
}

fn refund() -> RefundRequest {
    RefundRequest {
        refund_no: RefundNo::new("R20150806125346-1"),
        flow_no: flow(),
        trade_no: "4200000263201902167700134902".to_owned(),
        amount: Money::from_fen(30).unwrap(),
        total: Money::from_fen(88).unwrap(),
        reason: None,
        notify_url: "https://pay.example.com/wx/refund-notify".to_owned(),
    }
}

#[tokio::test]
async fn a_request_names_the_account_and_is_signed_over_what_is_sent() {
    for kind in [SignType::Md5, SignType::HmacSha256] {
        let mut settings = fixture::settings();
        settings.sign_type = kind;
        settings.sub_merchant = Some(SubMerchant {
            mch_id: "1900000109".to_owned(),
            appid: Some("wxSUB".to_owned()),
        });
        let (url, asked) = server("<xml></xml>").await;
        settings.base_url = url;
        let account = Account::new(settings.clone()).unwrap();
        adapter(settings).pay(&request(Way::WxJsapi)).await;
        let (line, fields) = sent(asked).await;
        assert_eq!(line, "POST /pay/unifiedorder HTTP/1.1");
        assert_eq!(account.signer.verify(&fields), Ok(()));
        for (name, value) in [
            ("appid", "wxd678efh567hg6787"),
            ("mch_id", "1900009191"),
            ("sub_mch_id", "1900000109"),
            ("sub_appid", "wxSUB"),
            ("sub_openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
            ("sign_type", kind.name()),
            ("nonce_str", &"AB".repeat(16)),
            ("body", "茶 <&>\"' ]]> 100%"),
        ] {
            assert_eq!(fields.text(name), Some(value), "{name}");
        }
    }
}

#[tokio::test]
async fn what_the_vectors_hand_out_is_handed_on() {
    let (wechat, _) = told("resp_unifiedorder_native_ok").await;
    let outcome = wechat.pay(&request(Way::WxNative)).await;
    let text = "weixin://wxpay/bizpayurl?pr=NwY5Mz9".to_owned();
    assert_eq!(
        outcome,
        Outcome::Done(Offer::Action(Action::QrCode { text }))
    );
    let (wechat, _) = told("resp_unifiedorder_mweb_ok").await;
    let outcome = wechat.pay(&request(Way::WxH5)).await;
    assert!(matches!(
        outcome,
        Outcome::Done(Offer::Action(Action::Redirect { .. }))
    ));
    let (wechat, _) = told("resp_unifiedorder_jsapi_ok").await;
    let Outcome::Done(Offer::Action(Action::Jsapi { params })) =
        wechat.pay(&request(Way::WxJsapi)).await
    else {
        panic!()
    };
    assert_eq!(
        params["package"],
        "prepay_id=wx201410272009395522657a690389285100"
    );
    assert_eq!(params["timeStamp"], "1414561699");
    // The answer to another product is none.
    let (wechat, _) = told("resp_unifiedorder_jsapi_ok").await;
    let Outcome::Unknown(cause) = wechat.pay(&request(Way::WxNative)).await else {
        panic!()
    };
    assert_eq!(cause.kind, CauseKind::Mismatch);
}

#[tokio::test]
async fn a_barcode_waits_for_the_password_or_is_paid_at_once() {
    let (wechat, asked) = told("resp_micropay_userpaying").await;
    let outcome = wechat.pay(&request(Way::WxBar)).await;
    assert_eq!(outcome, Outcome::Done(Offer::Trade(Trade::Waiting)));
    let (line, fields) = sent(asked).await;
    assert_eq!(line, "POST /pay/micropay HTTP/1.1");
    assert_eq!(fields.text("auth_code"), Some("134567890123456789"));
    for name in ["notify_url", "trade_type", "openid", "time_expire"] {
        assert_eq!(fields.text(name), None, "{name}");
    }
    let body = fixture::body("resp_orderquery_success", "xml_cdata");
    let paid = xml::read(body.as_bytes(), "xml").unwrap();
    let (wechat, _) = answered(&fixture::signed(paid.clone()), fixture::settings()).await;
    let outcome = wechat.pay(&request(Way::WxBar)).await;
    assert!(
        matches!(outcome, Outcome::Done(Offer::Trade(Trade::Paid(_)))),
        "{outcome:?}"
    );
    let mut other = paid;
    other.set("out_trade_no", "20150806125347");
    let (wechat, _) = answered(&fixture::signed(other), fixture::settings()).await;
    let outcome = wechat.pay(&request(Way::WxBar)).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    let lacking = PayRequest {
        auth_code: None,
        ..request(Way::WxBar)
    };
    let outcome = adapter(fixture::settings()).pay(&lacking).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
}

#[tokio::test]
async fn the_vectors_answers_to_the_other_calls_are_understood() {
    let (wechat, asked) = told("resp_orderquery_not_exist").await;
    assert_eq!(wechat.query(&flow()).await, Outcome::Done(Trade::NotFound));
    assert_eq!(sent(asked).await.0, "POST /pay/orderquery HTTP/1.1");
    let (wechat, asked) = told("resp_closeorder_ok").await;
    assert_eq!(
        wechat.close(&flow()).await,
        Outcome::Done(Closed::Confirmed)
    );
    assert_eq!(sent(asked).await.0, "POST /pay/closeorder HTTP/1.1");
    let (wechat, _) = told("resp_closeorder_paid").await;
    assert_eq!(
        wechat.close(&flow()).await,
        Outcome::Done(Closed::NotAllowed)
    );
    let (wechat, asked) = told("resp_reverse_ok").await;
    assert_eq!(
        wechat.reverse(&flow()).await,
        Outcome::Done(Reversed::Confirmed)
    );
    assert_eq!(sent(asked).await.0, "POST /secapi/pay/reverse HTTP/1.1");
    let (wechat, _) = told("resp_reverse_recall").await;
    assert_eq!(
        wechat.reverse(&flow()).await,
        Outcome::Done(Reversed::Again)
    );
    let (wechat, asked) = told("resp_refund_accepted").await;
    assert_eq!(
        wechat.refund(&refund()).await,
        Outcome::Done(Refunded::Processing)
    );
    assert_eq!(sent(asked).await.0, "POST /secapi/pay/refund HTTP/1.1");
    let (wechat, asked) = told("resp_refund_accepted").await;
    let outcome = wechat.query_refund(&refund()).await;
    assert!(
        matches!(outcome, Outcome::Unknown(_)),
        "it is no answer to a query"
    );
    let (line, fields) = sent(asked).await;
    assert_eq!(line, "POST /pay/refundquery HTTP/1.1");
    assert_eq!(fields.text("out_refund_no"), Some("R20150806125346-1"));
}

/// What became of every call.
async fn each(wechat: &WechatV2) -> Vec<(bool, CauseKind)> {
    fn kind<T: std::fmt::Debug>(outcome: Outcome<T>) -> (bool, CauseKind) {
        match outcome {
            Outcome::NotSent(cause) => (false, cause.kind),
            Outcome::Unknown(cause) => (true, cause.kind),
            other => panic!("{other:?}"),
        }
    }
    vec![
        kind(wechat.pay(&request(Way::WxNative)).await),
        kind(wechat.pay(&request(Way::WxBar)).await),
        kind(wechat.query(&flow()).await),
        kind(wechat.close(&flow()).await),
        kind(wechat.reverse(&flow()).await),
        kind(wechat.refund(&refund()).await),
        kind(wechat.query_refund(&refund()).await),
    ]
}

/// Shows F61.
#[tokio::test]
async fn with_nobody_listening_no_call_was_sent() {
    let mut settings = fixture::settings();
    settings.base_url = "http://127.0.0.1:1".to_owned();
    let outcomes = each(&adapter(settings)).await;
    assert!(
        outcomes
            .iter()
            .all(|found| *found == (false, CauseKind::Unreachable))
    );
}

#[tokio::test]
async fn without_an_answer_the_outcome_of_every_call_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = fixture::settings();
    settings.base_url = format!("http://{}", listener.local_addr().unwrap());
    settings.deadline = Duration::from_millis(200);
    let outcomes = each(&adapter(settings)).await;
    assert!(
        outcomes
            .iter()
            .all(|found| *found == (true, CauseKind::Timeout)),
        "{outcomes:?}"
    );
}

#[test]
fn payers_are_asked_for_the_application_that_knows_them() {
    let mut settings = fixture::settings();
    assert!(
        adapter(settings.clone()).payers().is_none(),
        "no secret, no payers"
    );
    settings.app_secret = Some("s3cret".into());
    let asked_at = |settings: Settings| {
        let wechat = adapter(settings);
        let payers = wechat.payers().unwrap();
        payers.asked_at("https://pay.example.com/back", "s1")
    };
    let own = asked_at(settings.clone());
    assert!(
        own.starts_with("https://open.weixin.qq.com/connect/oauth2/authorize?"),
        "{own}"
    );
    assert!(own.contains("appid=wxd678efh567hg6787&"), "{own}");
    settings.sub_merchant = Some(SubMerchant {
        mch_id: "1900000109".to_owned(),
        appid: Some("wxSUB".to_owned()),
    });
    let subs = asked_at(settings);
    assert!(subs.contains("appid=wxSUB&"), "{subs}");
}
