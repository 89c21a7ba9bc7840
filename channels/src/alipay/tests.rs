//! The whole adapter against a stand-in that says what the sandbox would not: wrong
//! signatures on every method, certificates that change, and everything that a
//! payment by the payer's code can be answered with.

use super::stand_in::{StandIn, THEN, certified, connect, file, key, signed};
use super::*;
use crate::alipay::certificate::Certificate;
use crate::alipay::fixture;
use crate::alipay::sign::{Empty, Parameters, notice_text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::channel::{Action, CauseKind, NoticeFact, Payment, RefusalKind};
use cashier::id::RefundNo;
use cashier::money::Money;
use cashier::time::{Span, Timestamp};
use cashier::way::Way;
use serde_json::{Value, json};
use std::time::Duration;

fn request(way: Way) -> PayRequest {
    PayRequest {
        flow_no: FlowNo::new("F1"),
        way,
        amount: Money::from_fen(8_888).unwrap(),
        subject: "tea".to_owned(),
        expires_at: THEN.plus(Span::minutes(15)),
        notify_url: "https://till.example/notify/a".to_owned(),
        return_url: None,
        client_ip: None,
        payer: Some("2088000000000002".to_owned()),
        auth_code: Some("281234567890123456".to_owned()),
    }
}

fn refund() -> RefundRequest {
    RefundRequest {
        refund_no: RefundNo::new("R1"),
        flow_no: FlowNo::new("F1"),
        trade_no: "T1".to_owned(),
        amount: Money::from_fen(100).unwrap(),
        total: Money::from_fen(8_888).unwrap(),
        reason: None,
        notify_url: String::new(),
    }
}

/// The outcome of a call, whatever it is of.
fn became<T>(outcome: Outcome<T>) -> Result<&'static str, CauseKind> {
    match outcome {
        Outcome::Done(_) => Ok("done"),
        Outcome::Refused(_) => Ok("refused"),
        Outcome::NotSent(cause) | Outcome::Unknown(cause) => Err(cause.kind),
    }
}

/// Every call that is answered, by its method.
async fn every_call(alipay: &Alipay) -> Vec<(&'static str, Result<&'static str, CauseKind>)> {
    let flow = FlowNo::new("F1");
    let day = Day::of(THEN).unwrap();
    let pay = async |way| became(alipay.pay(&request(way)).await);
    vec![
        ("alipay.trade.precreate", pay(Way::AliQr).await),
        ("alipay.trade.create", pay(Way::AliJsapi).await),
        ("alipay.trade.pay", pay(Way::AliBar).await),
        ("alipay.trade.query", became(alipay.query(&flow).await)),
        ("alipay.trade.close", became(alipay.close(&flow).await)),
        ("alipay.trade.cancel", became(alipay.reverse(&flow).await)),
        (
            "alipay.trade.refund",
            became(alipay.refund(&refund()).await),
        ),
        (
            "alipay.trade.fastpay.refund.query",
            became(alipay.query_refund(&refund()).await),
        ),
        (
            "alipay.system.oauth.token",
            became(alipay.payer("code").await),
        ),
        (
            "alipay.data.dataservice.bill.downloadurl.query",
            became(alipay.bill(day).await),
        ),
    ]
}

/// A good answer to every method.
fn good(method: &str) -> String {
    let mut node = json!({ "code": "10000", "msg": "Success", "out_trade_no": "F1" });
    let more = match method {
        "alipay.trade.precreate" => json!({ "qr_code": "https://qr.alipay.com/bax1" }),
        "alipay.trade.create" => json!({ "trade_no": "T1" }),
        "alipay.trade.pay" => json!({ "trade_no": "T1", "total_amount": "88.88",
            "gmt_payment": "2030-01-01 00:00:00", "buyer_user_id": "2088000000000002" }),
        "alipay.trade.query" => json!({ "trade_no": "T1", "total_amount": "88.88",
            "trade_status": "WAIT_BUYER_PAY" }),
        "alipay.trade.cancel" => json!({ "retry_flag": "N", "action": "close" }),
        "alipay.trade.refund" => {
            json!({ "trade_no": "T1", "fund_change": "Y", "refund_fee": "1.00" })
        }
        "alipay.trade.fastpay.refund.query" => json!({ "trade_no": "T1", "out_request_no": "R1",
            "refund_amount": "1.00", "refund_status": "REFUND_SUCCESS" }),
        "alipay.system.oauth.token" => {
            return json!({ "access_token": "a", "user_id": "2088000000000002" }).to_string();
        }
        "alipay.data.dataservice.bill.downloadurl.query" => {
            return json!({ "code": "40004", "sub_code": "BILL_NOT_EXIST" }).to_string();
        }
        _ => json!({}),
    };
    for (name, value) in more.as_object().unwrap() {
        node[name] = value.clone();
    }
    node.to_string()
}

/// Shows F58.
#[tokio::test]
async fn a_wrong_signature_on_any_method_leaves_its_outcome_unknown() {
    let honest = StandIn::answering(|asked| {
        let method = &asked["method"];
        signed(method, &good(method), &fixture::alipay())
    })
    .await;
    let forged = StandIn::answering(|asked| {
        let method = &asked["method"];
        signed(method, &good(method), &key("stranger.key"))
    })
    .await;
    let unsigned = StandIn::answering(|asked| {
        let name = asked["method"].replace('.', "_");
        format!(r#"{{"{name}_response":{}}}"#, good(&asked["method"])).into_bytes()
    })
    .await;
    for (method, outcome) in every_call(&honest.alipay()).await {
        assert_eq!(outcome, Ok("done"), "{method}");
        assert_eq!(honest.asked(method).len(), 1, "{method}");
    }
    for server in [forged, unsigned] {
        for (method, outcome) in every_call(&server.alipay()).await {
            assert_eq!(outcome, Err(CauseKind::BadSignature), "{method}");
        }
    }
}

/// The answer to a payment by the payer's code, with this node.
async fn charged(node: Value) -> Outcome<Offer> {
    let node = node.to_string();
    let server =
        StandIn::answering(move |asked| signed(&asked["method"], &node, &fixture::alipay())).await;
    server.alipay().pay(&request(Way::AliBar)).await
}

#[tokio::test]
async fn a_payers_code_is_decided_by_the_answer() {
    let paid = json!({ "code": "10000", "msg": "Success", "out_trade_no": "F1", "trade_no": "T1",
        "total_amount": "88.88", "receipt_amount": "80.00", "gmt_payment": "2030-01-01 00:00:01",
        "buyer_user_id": "2088000000000002" });
    let payment = Payment {
        trade_no: "T1".to_owned(),
        amount: Money::from_fen(8_888).unwrap(),
        // 2029-12-31T16:00:01Z
        paid_at: Timestamp::from_millis(1_893_427_201_000),
        payer: Some("2088000000000002".to_owned()),
        returned: false,
    };
    let taken = Outcome::Done(Offer::Trade(Trade::Paid(payment)));
    assert_eq!(charged(paid.clone()).await, taken);
    let waiting = json!({ "code": "10003", "msg": " order success pay inprocess",
        "out_trade_no": "F1", "trade_no": "T1", "total_amount": "0.00" });
    assert_eq!(
        charged(waiting.clone()).await,
        Outcome::Done(Offer::Trade(Trade::Waiting))
    );
    let failed = |code: &str, sub: &str| json!({ "code": code, "sub_code": sub });
    for (node, kind) in [
        (failed("20000", "isp.unknow-error"), CauseKind::ChannelError),
        (
            failed("20000", "aop.ACQ.SYSTEM_ERROR"),
            CauseKind::ChannelError,
        ),
        (failed("40004", "ACQ.SYSTEM_ERROR"), CauseKind::ChannelError),
        (
            failed("40004", "ACQ.TRADE_STATUS_ERROR"),
            CauseKind::Unreadable,
        ),
        (failed("40004", "ACQ.NEVER_SEEN"), CauseKind::Unreadable),
        (failed("10004", ""), CauseKind::Unreadable),
    ] {
        assert_eq!(became(charged(node.clone()).await), Err(kind), "{node}");
    }
    for (code, kind) in [
        ("PAYMENT_AUTH_CODE_INVALID", RefusalKind::Final),
        ("BUYER_BALANCE_NOT_ENOUGH", RefusalKind::Final),
        ("TRADE_HAS_SUCCESS", RefusalKind::AlreadyPaid),
    ] {
        let outcome = charged(failed("40004", &format!("ACQ.{code}"))).await;
        assert!(
            matches!(&outcome, Outcome::Refused(no) if no.kind == kind),
            "{outcome:?}"
        );
    }
    for mut other in [paid, waiting] {
        other["out_trade_no"] = json!("F2");
        assert_eq!(became(charged(other).await), Err(CauseKind::Mismatch));
    }
}

#[tokio::test]
async fn what_is_sent_with_a_payers_code_is_what_the_document_asks_for() {
    let server = StandIn::answering(|_| Vec::new()).await;
    let soon = PayRequest {
        expires_at: THEN.plus(Span::seconds(60)),
        ..request(Way::AliBar)
    };
    assert_eq!(
        became(server.alipay().pay(&soon).await),
        Err(CauseKind::Reset)
    );
    let sent = server.asked("alipay.trade.pay").swap_remove(0);
    let content: Value = serde_json::from_str(&sent["biz_content"]).unwrap();
    let expected = json!({
        "out_trade_no": "F1", "total_amount": "88.88", "subject": "tea", "scene": "bar_code",
        "auth_code": "281234567890123456", "product_code": "FACE_TO_FACE_PAYMENT",
        // No nearer than Alipay takes: a minute, and what the call may take.
        "time_expire": "2030-01-01 00:01:05",
    });
    assert_eq!(content, expected);
    assert!(!sent["in query"].contains("biz_content"));
}

#[tokio::test]
async fn a_payment_at_the_counter_is_waited_for_no_longer_than_five_seconds() {
    // It takes the connection and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let alipay = connect(Settings {
        gateway_url: format!("http://{}/gateway.do", silent.local_addr().unwrap()),
        deadline: Duration::from_secs(60),
        ..fixture::settings()
    });
    let began = tokio::time::Instant::now();
    let outcome = alipay.pay(&request(Way::AliBar)).await;
    assert_eq!(became(outcome), Err(CauseKind::Timeout));
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_payer_who_is_known_pays_by_the_trades_number() {
    let server = StandIn::answering(|asked| {
        signed(
            &asked["method"],
            &good(&asked["method"]),
            &fixture::alipay(),
        )
    })
    .await;
    let outcome = server.alipay().pay(&request(Way::AliJsapi)).await;
    let Outcome::Done(Offer::Action(Action::Jsapi { params })) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(params, [("tradeNO".to_owned(), "T1".to_owned())].into());
    let by_open_id = connect(Settings {
        payer_id: PayerId::OpenId,
        op_app_id: Some("2021000000000009".to_owned()),
        ..server.settings()
    });
    assert_eq!(
        became(by_open_id.pay(&request(Way::AliJsapi)).await),
        Ok("done")
    );
    let sent = server.asked("alipay.trade.create");
    let content =
        |nth: usize| -> Value { serde_json::from_str(&sent[nth]["biz_content"]).unwrap() };
    let (user, open) = (content(0), content(1));
    assert_eq!(user["buyer_id"], "2088000000000002");
    assert_eq!(user["product_code"], "JSAPI_PAY");
    assert_eq!(user["op_app_id"], "2021000000000001");
    assert_eq!(user["time_expire"], "2030-01-01 00:15:00");
    assert!(user.get("buyer_open_id").is_none());
    assert_eq!(open["buyer_open_id"], "2088000000000002");
    assert_eq!(open["op_app_id"], "2021000000000009");
    let nobody = PayRequest {
        payer: None,
        ..request(Way::AliJsapi)
    };
    assert_eq!(
        became(server.alipay().pay(&nobody).await),
        Err(CauseKind::Mismatch)
    );
    assert_eq!(server.asked("alipay.trade.create").len(), 2);
}

#[tokio::test]
async fn a_code_that_is_good_no_more_is_refused_under_the_older_node() {
    let vectors = fixture::answers();
    let vector = vectors
        .iter()
        .find(|vector| fixture::name(vector) == "oauth_error_response_wrapper");
    let body = vector.unwrap()["raw_body"].as_str().unwrap().to_owned();
    let server = StandIn::answering(move |_| body.clone().into_bytes()).await;
    let outcome = server.alipay().payer("good-once").await;
    let Outcome::Refused(no) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (no.kind, no.code.as_str()),
        (RefusalKind::Final, "isv.code-invalid")
    );
    let sent = server.asked("alipay.system.oauth.token").swap_remove(0);
    assert_eq!(
        (&*sent["grant_type"], &*sent["code"]),
        ("authorization_code", "good-once")
    );
    assert!(!sent.contains_key("biz_content"));
    assert!(!sent["in query"].contains("good-once"));
    // The older node is a failure, whatever is in it.
    let node = r#"{"access_token":"a","user_id":"2088000000000002"}"#;
    let sign = fixture::alipay().sign(node.as_bytes()).unwrap();
    let body = format!(r#"{{"error_response":{node},"sign":"{sign}"}}"#);
    let server = StandIn::answering(move |_| body.clone().into_bytes()).await;
    assert_eq!(
        became(server.alipay().payer("code").await),
        Err(CauseKind::Unreadable)
    );
}

/// Everything that is signed as a service provider carries the merchant's token, and
/// no address of a call does.
#[tokio::test]
async fn a_service_provider_names_its_authorisation_everywhere() {
    let server = StandIn::answering(|asked| {
        signed(
            &asked["method"],
            &good(&asked["method"]),
            &fixture::alipay(),
        )
    })
    .await;
    let provider = connect(Settings {
        app_auth_token: Some("202411BBMERCHANT".into()),
        ..server.settings()
    });
    for (method, outcome) in every_call(&provider).await {
        assert_eq!(outcome, Ok("done"), "{method}");
        let sent = server.asked(method).swap_remove(0);
        assert_eq!(sent["app_auth_token"], "202411BBMERCHANT", "{method}");
        assert!(!sent["in query"].contains("MERCHANT"), "{method}");
    }
    for way in [Way::AliPc, Way::AliWap, Way::AliApp] {
        let text = format!("{:?}", provider.pay(&request(way)).await);
        assert!(text.contains("app_auth_token=202411BBMERCHANT"), "{way}");
    }
}

/// A notice with these changes, signed by the stand-in for Alipay's key or another.
fn notice(changes: &[(&str, &str)], signer: &crate::key::SigningKey) -> Vec<u8> {
    let vectors = fixture::notices();
    let paid = vectors
        .iter()
        .find(|vector| fixture::name(vector) == "payment_success");
    let mut parameters: Parameters = fixture::parameters(paid.unwrap());
    for (name, value) in changes {
        parameters.insert((*name).to_owned(), (*value).to_owned());
    }
    let text = notice_text(&parameters, Empty::Dropped);
    parameters.insert("sign".to_owned(), signer.sign(text.as_bytes()).unwrap());
    fixture::form(&parameters)
}

fn opened(alipay: &Alipay, body: &[u8]) -> Result<Notice, NoticeRefusal> {
    alipay.open_notice(RawNotice { headers: &[], body })
}

#[tokio::test]
async fn a_service_providers_notice_names_the_merchants_application_and_its_seller() {
    let server = StandIn::answering(|_| Vec::new()).await;
    let provider = connect(Settings {
        app_auth_token: Some("202411BBMERCHANT".into()),
        ..server.settings()
    });
    let theirs = [("auth_app_id", "2021000000000077")];
    let body = notice(&theirs, &fixture::alipay());
    assert!(matches!(
        opened(&provider, &body).unwrap().fact,
        NoticeFact::Trade { .. }
    ));
    let itself = opened(&server.alipay(), &body).unwrap_err();
    assert!(matches!(itself, NoticeRefusal::Identity { .. }));
    let another = [theirs[0], ("seller_id", "2088000000000077")];
    let refused = opened(&provider, &notice(&another, &fixture::alipay())).unwrap_err();
    assert!(matches!(refused, NoticeRefusal::Identity { .. }));
}

fn serial(name: &str) -> String {
    Certificate::read_all(&file(name)).unwrap()[0].serial()
}

/// A stand-in that signs with the key that Alipay changes to, and hands out `file` as
/// its certificate.
async fn changed(handed_out: &'static str, signer: &'static str) -> StandIn {
    let next = serial("alipay_next.pem");
    StandIn::answering(move |asked| {
        let method = &asked["method"];
        let node = match method.as_str() {
            "alipay.open.app.alipaycert.download" => json!({
                "code": "10000", "alipay_cert_content": STANDARD.encode(file(handed_out)),
            })
            .to_string(),
            _ => good(method),
        };
        certified(method, &node, &key(signer), &next)
    })
    .await
}

const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";

#[tokio::test]
async fn in_certificate_mode_each_request_names_its_certificates() {
    let known = serial("alipay.pem");
    let server = StandIn::answering(move |asked| {
        let method = &asked["method"];
        certified(method, &good(method), &fixture::alipay(), &known)
    })
    .await;
    let alipay = server.certified();
    for (method, outcome) in every_call(&alipay).await {
        assert_eq!(outcome, Ok("done"), "{method}");
        let sent = server.asked(method).swap_remove(0);
        assert_eq!(sent["app_cert_sn"], serial("app.pem"), "{method}");
        assert_eq!(sent["alipay_root_cert_sn"], serial("root.pem"), "{method}");
    }
    let link = format!("{:?}", alipay.pay(&request(Way::AliPc)).await);
    assert!(
        link.contains(&format!("app_cert_sn={}", serial("app.pem"))),
        "{link}"
    );
    assert_eq!(server.asked(DOWNLOAD).len(), 0);
}

#[tokio::test]
async fn a_certificate_that_is_not_known_yet_is_fetched_once_and_the_answers_are_believed() {
    let server = changed("alipay_next.pem", "alipay_next.key").await;
    let alipay = server.certified();
    let flow = FlowNo::new("F1");
    let (one, other) = tokio::join!(alipay.query(&flow), alipay.close(&flow));
    assert_eq!(one, Outcome::Done(Trade::Waiting));
    assert_eq!(other, Outcome::Done(Closed::Confirmed));
    assert_eq!(alipay.query(&flow).await, Outcome::Done(Trade::Waiting));
    let asked = server.asked(DOWNLOAD);
    assert_eq!(asked.len(), 1, "one download, however many wait for it");
    let content: Value = serde_json::from_str(&asked[0]["biz_content"]).unwrap();
    assert_eq!(
        content,
        json!({ "alipay_cert_sn": serial("alipay_next.pem") })
    );
}

#[tokio::test]
async fn a_certificate_that_no_root_vouches_for_makes_nothing_believed() {
    for (handed_out, signer) in [
        ("forged.pem", "stranger.key"),
        ("stranger.pem", "stranger.key"),
        ("alipay.pem", "stranger.key"),
        ("root.pem", "stranger.key"),
        ("README.md", "stranger.key"),
        // The right certificate, and somebody else signs.
        ("alipay_next.pem", "stranger.key"),
    ] {
        let server = changed(handed_out, signer).await;
        let alipay = server.certified();
        for _ in 0..2 {
            let outcome = alipay.query(&FlowNo::new("F1")).await;
            assert_eq!(
                became(outcome),
                Err(CauseKind::BadSignature),
                "{handed_out}"
            );
        }
        assert_eq!(
            server.asked(DOWNLOAD).len(),
            1,
            "{handed_out}: not again at once"
        );
    }
}

/// Even where a forger hands out their own certificate under the serial number that it
/// really has.
#[tokio::test]
async fn another_merchants_certificate_is_not_alipays() {
    let theirs = serial("stranger.pem");
    let server = StandIn::answering(move |asked| {
        let method = &asked["method"];
        let node = match method.as_str() {
            DOWNLOAD => json!({
                "code": "10000", "alipay_cert_content": STANDARD.encode(file("stranger.pem")),
            })
            .to_string(),
            _ => good(method),
        };
        certified(method, &node, &key("stranger.key"), &theirs)
    })
    .await;
    let outcome = server.certified().query(&FlowNo::new("F1")).await;
    assert_eq!(became(outcome), Err(CauseKind::BadSignature));
}

#[tokio::test]
async fn an_answer_that_names_no_certificate_is_not_believed_in_certificate_mode() {
    let server = StandIn::answering(|asked| {
        signed(
            &asked["method"],
            &good(&asked["method"]),
            &fixture::alipay(),
        )
    })
    .await;
    for (method, outcome) in every_call(&server.certified()).await {
        assert_eq!(outcome, Err(CauseKind::BadSignature), "{method}");
    }
}

#[tokio::test]
async fn a_notice_with_a_new_certificate_is_taken_when_it_comes_again() {
    let server = changed("alipay_next.pem", "alipay_next.key").await;
    let alipay = server.certified();
    let next = serial("alipay_next.pem");
    let body = notice(&[("alipay_cert_sn", &next)], &key("alipay_next.key"));
    let refused = opened(&alipay, &body).unwrap_err();
    assert!(matches!(refused, NoticeRefusal::NotNow(_)), "{refused:?}");
    let waiting = async {
        while opened(&alipay, &body).is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .unwrap();
    assert_eq!(server.asked(DOWNLOAD).len(), 1);
    // A forger's number is no reason to ask Alipay over and over.
    for nth in 0..20 {
        let number = format!("{nth:032x}");
        let forged = notice(&[("alipay_cert_sn", &number)], &key("stranger.key"));
        let refused = opened(&alipay, &forged).unwrap_err();
        assert!(matches!(refused, NoticeRefusal::NotNow(_)), "{refused:?}");
    }
    assert_eq!(became(alipay.query(&FlowNo::new("F1")).await), Ok("done"));
    assert_eq!(server.asked(DOWNLOAD).len(), 1);
}

#[tokio::test]
async fn a_notice_is_verified_with_the_certificate_that_it_names() {
    let server = StandIn::answering(|_| Vec::new()).await;
    let alipay = server.certified();
    let known = serial("alipay.pem");
    let named = [("alipay_cert_sn", &*known)];
    assert!(opened(&alipay, &notice(&named, &fixture::alipay())).is_ok());
    // Whether the number is signed, no document says.
    let mut unsigned: Parameters = url::form_urlencoded::parse(&notice(&[], &fixture::alipay()))
        .into_owned()
        .collect();
    assert!(opened(&alipay, &fixture::form(&unsigned)).is_ok());
    unsigned.insert("alipay_cert_sn".to_owned(), known.clone());
    assert!(opened(&alipay, &fixture::form(&unsigned)).is_ok());
    for forged in [
        notice(&named, &key("stranger.key")),
        notice(&[], &key("stranger.key")),
        notice(&[("alipay_cert_sn", "../../etc")], &fixture::alipay()),
    ] {
        let refused = opened(&alipay, &forged).unwrap_err();
        assert!(
            matches!(refused, NoticeRefusal::Unverified(_)),
            "{refused:?}"
        );
    }
}
