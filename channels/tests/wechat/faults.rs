//! Every call under every fault: what may have happened is never taken for a no,
//! and what cannot have happened is said so.

use super::shop::{Shop, fen, key};
use cashier::channel::{
    CauseKind, Channel, Closed, Outcome, PayRequest, RefundRequest, Refunded, RefusalKind, Trade,
};
use cashier::id::FlowNo;
use cashier::time::Span;
use cashier::way::Way;
use channels::wechat::{Settings, Wechat};
use serde_json::json;
use std::fmt::Debug;

const CALLS: [&str; 5] = [
    "wechat.native",
    "wechat.query",
    "wechat.close",
    "wechat.refund",
    "wechat.refund_query",
];

/// What became of a call, whatever its answer is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    Done,
    Refused,
    NotSent(CauseKind),
    Unknown(CauseKind),
}

fn became<T>(outcome: Outcome<T>) -> Became {
    match outcome {
        Outcome::Done(_) => Became::Done,
        Outcome::Refused(_) => Became::Refused,
        Outcome::NotSent(cause) => Became::NotSent(cause.kind),
        Outcome::Unknown(cause) => Became::Unknown(cause.kind),
    }
}

async fn call(wechat: &Wechat, method: &str, pay: &PayRequest, refund: &RefundRequest) -> Became {
    match method {
        "wechat.native" => became(wechat.pay(pay).await),
        "wechat.query" => became(wechat.query(&refund.flow_no).await),
        "wechat.close" => became(wechat.close(&refund.flow_no).await),
        "wechat.refund" => became(wechat.refund(refund).await),
        _ => became(wechat.query_refund(refund).await),
    }
}

/// Shows F55, F57, F58.
#[tokio::test]
async fn each_fault_of_each_call_has_its_outcome() {
    let shop = Shop::open().await;
    let refund = shop.paid("FAULTS1", "R1", 100).await;
    let pay = shop.request("FAULTS2", Way::WxNative);
    let impatient = shop.impatient();
    let faults = [
        ("timeout_before", CauseKind::Timeout),
        ("timeout_after", CauseKind::Timeout),
        ("http_500", CauseKind::ChannelError),
        ("system_error", CauseKind::ChannelError),
        ("garbage", CauseKind::BadSignature),
        ("bad_signature", CauseKind::BadSignature),
    ];
    for method in CALLS {
        for (fault, expected) in faults {
            shop.fault(method, fault);
            let struck = call(&impatient, method, &pay, &refund).await;
            assert_eq!(struck, Became::Unknown(expected), "{method} {fault}");
            // The fault is spent: the truth can be had again.
            let after = call(&shop.wechat, method, &pay, &refund).await;
            assert_eq!(after, Became::Done, "{method} after {fault}");
        }
    }
    assert_eq!(
        shop.refunds(),
        1,
        "one number, one refund, however often it was sent"
    );
}

/// Shows F61.
#[tokio::test]
async fn with_nobody_listening_nothing_was_sent() {
    let shop = Shop::open().await;
    let refund = shop.paid("DEAD001", "R2", 100).await;
    let pay = shop.request("DEAD002", Way::WxNative);
    let dead = shop.with(Settings {
        base_url: "http://127.0.0.1:1".into(),
        ..shop.settings()
    });
    for method in CALLS {
        let became = call(&dead, method, &pay, &refund).await;
        assert_eq!(became, Became::NotSent(CauseKind::Unreachable), "{method}");
    }
}

/// Shows F56.
#[tokio::test]
async fn a_dropped_connection_leaves_the_outcome_unknown() {
    let shop = Shop::open().await;
    let dropped = json!({
        "method": "wechat.native", "fault": "timeout_after", "times": 1, "delay_ms": 1,
    });
    shop.control("faults", dropped).await;
    let outcome = shop
        .wechat
        .pay(&shop.request("DROPPED", Way::WxNative))
        .await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    let asked = shop.wechat.query(&FlowNo::new("DROPPED")).await;
    assert_eq!(asked, Outcome::Done(Trade::Waiting), "it was carried out");
}

#[tokio::test]
async fn a_slow_answer_within_the_deadline_is_an_answer() {
    let shop = Shop::open().await;
    shop.hand_out("SLOW001", Way::WxNative).await;
    let slow = json!({ "method": "wechat.query", "fault": "delay", "times": 1, "delay_ms": 300 });
    shop.control("faults", slow).await;
    let outcome = shop.wechat.query(&FlowNo::new("SLOW001")).await;
    assert_eq!(outcome, Outcome::Done(Trade::Waiting));
}

#[tokio::test]
async fn a_close_whose_answer_was_lost_is_confirmed_by_asking_again() {
    let shop = Shop::open().await;
    shop.hand_out("LOST001", Way::WxNative).await;
    let flow = FlowNo::new("LOST001");
    shop.fault("wechat.close", "timeout_after");
    let lost = became(shop.impatient().close(&flow).await);
    assert_eq!(lost, Became::Unknown(CauseKind::Timeout));
    assert_eq!(shop.wechat.query(&flow).await, Outcome::Done(Trade::Closed));
    assert_eq!(
        shop.wechat.close(&flow).await,
        Outcome::Done(Closed::Confirmed)
    );
}

#[tokio::test]
async fn a_wrong_amount_is_reported_for_trades_and_refused_for_refunds() {
    let shop = Shop::open().await;
    let refund = shop.paid("WRONG01", "R3", 100).await;
    let pay = shop.request("WRONG02", Way::WxNative);
    shop.fault("wechat.query", "wrong_amount");
    let outcome = shop.wechat.query(&refund.flow_no).await;
    let Outcome::Done(Trade::Paid(payment)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        payment.amount,
        fen(8_889),
        "the core compares, so it must see what was said"
    );
    for method in ["wechat.refund", "wechat.refund_query"] {
        shop.fault(method, "wrong_amount");
        let struck = call(&shop.wechat, method, &pay, &refund).await;
        assert_eq!(struck, Became::Unknown(CauseKind::Mismatch), "{method}");
    }
    assert_eq!(
        shop.wechat.refund(&refund).await,
        Outcome::Done(Refunded::Processing)
    );
}

/// Shows F58.
#[tokio::test]
async fn wrong_credentials_and_a_wrong_clock_decide_nothing() {
    let shop = Shop::open().await;
    shop.hand_out("CREDENT", Way::WxNative).await;
    let settings = || shop.settings();
    let serial = Settings {
        serial_no: "0".repeat(40),
        ..settings()
    };
    let stranger = Settings {
        mchid: "1900000000".to_owned(),
        ..settings()
    };
    let stolen = Settings {
        merchant_private_key: key("/platform_cert_1/private_key_pkcs8_pem").into(),
        ..settings()
    };
    let mut foreign_platform = settings();
    foreign_platform.platform_keys[0].pem = key("/wechatpay_public_key/public_key_spki_pem");
    let clients = [
        ("serial", shop.with(serial)),
        ("stranger", shop.with(stranger)),
        ("key", shop.with(stolen)),
        ("platform key", shop.with(foreign_platform)),
        ("clock", shop.ahead(Span::seconds(301))),
    ];
    let flow = FlowNo::new("CREDENT");
    for (wrong, client) in clients {
        let became = became(client.close(&flow).await);
        assert_eq!(became, Became::Unknown(CauseKind::BadSignature), "{wrong}");
    }
    // WeChat closed it for the one whose answers cannot be verified here.
    assert_eq!(shop.wechat.query(&flow).await, Outcome::Done(Trade::Closed));
}

/// Shows F58.
#[tokio::test]
async fn a_wrong_signature_on_any_method_is_believed_in_nothing_and_a_query_settles_it() {
    let shop = Shop::open().await;
    let bar = |number: &str| {
        let sandbox = shop.sandbox.sandbox();
        let code = sandbox.show_barcode(sandbox::Channel::Wechat, sandbox::Behaviour::AskPassword);
        PayRequest {
            auth_code: Some(code),
            ..shop.request(number, Way::WxBar)
        }
    };
    let wechat = &shop.wechat;
    let mut number = 0;
    for fault in ["bad_signature", "signtest"] {
        let wrong = Became::Unknown(CauseKind::BadSignature);
        for (method, way) in [
            ("wechat.native", Way::WxNative),
            ("wechat.h5", Way::WxH5),
            ("wechat.jsapi", Way::WxJsapi),
            ("wechat.jsapi", Way::WxLite),
            ("wechat.app", Way::WxApp),
            ("wechat.codepay", Way::WxBar),
        ] {
            number += 1;
            let name = format!("SIGN{number:04}");
            let request = match way {
                Way::WxBar => bar(&name),
                _ => shop.request(&name, way),
            };
            shop.fault(method, fault);
            assert_eq!(became(wechat.pay(&request).await), wrong, "{way} {fault}");
            let asked = wechat.query(&request.flow_no).await;
            assert_eq!(asked, Outcome::Done(Trade::Waiting), "{way} {fault}");
            let flow = request.flow_no;
            shop.fault("wechat.query", fault);
            assert_eq!(became(wechat.query(&flow).await), wrong, "query {fault}");
            let ended = if way == Way::WxBar {
                shop.pass(20);
                shop.fault("wechat.reverse", fault);
                became(wechat.reverse(&flow).await)
            } else {
                shop.fault("wechat.close", fault);
                became(wechat.close(&flow).await)
            };
            assert_eq!(ended, wrong, "the end of {way} {fault}");
            let asked = wechat.query(&flow).await;
            assert_eq!(asked, Outcome::Done(Trade::Closed), "{way} {fault}");
        }
        number += 1;
        let (name, refund_no) = (format!("SIGN{number:04}"), format!("RSIGN{number}"));
        let refund = shop.paid(&name, &refund_no, 100).await;
        shop.fault("wechat.refund", fault);
        assert_eq!(became(wechat.refund(&refund).await), wrong, "{fault}");
        shop.fault("wechat.refund_query", fault);
        assert_eq!(became(wechat.query_refund(&refund).await), wrong, "{fault}");
        let known = wechat.query_refund(&refund).await;
        assert_eq!(known, Outcome::Done(Refunded::Processing), "{fault}");
    }
}

/// Too many requests are never a failed payment.
#[tokio::test]
async fn too_many_requests_end_nothing() {
    let shop = Shop::open().await;
    let refund = shop.paid("OFTEN001", "ROFTEN1", 100).await;
    let pay = shop.request("OFTEN002", Way::WxNative);
    for method in CALLS {
        for fault in ["rate_limited", "rate_limited_after"] {
            shop.fault(method, fault);
            let struck = match method {
                "wechat.native" => shop.wechat.pay(&pay).await.map(|_| ()),
                "wechat.query" => shop.wechat.query(&refund.flow_no).await.map(|_| ()),
                "wechat.close" => shop.wechat.close(&pay.flow_no).await.map(|_| ()),
                "wechat.refund" => shop.wechat.refund(&refund).await.map(|_| ()),
                _ => shop.wechat.query_refund(&refund).await.map(|_| ()),
            };
            let later = match struck {
                Outcome::Refused(refusal) => refusal.kind == RefusalKind::Later,
                Outcome::Unknown(_) => true,
                Outcome::Done(()) | Outcome::NotSent(_) => false,
            };
            assert!(later, "{method} {fault}");
        }
    }
}
