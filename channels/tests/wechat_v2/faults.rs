//! Every call under every fault: what may have happened is never taken for a no, and
//! what cannot have happened is said so.

use super::shop::{Shop, fen};
use cashier::channel::{CauseKind, Channel, Outcome, PayRequest, RefundRequest, Trade};
use cashier::way::Way;
use channels::wechat_v2::{Settings, SignType, WechatV2};
use sandbox::Behaviour;
use std::fmt::Debug;

const CALLS: [&str; 7] = [
    "v2/unifiedorder",
    "v2/micropay",
    "v2/orderquery",
    "v2/closeorder",
    "v2/reverse",
    "v2/refund",
    "v2/refundquery",
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

async fn call(wechat: &WechatV2, method: &str, pay: &PayRequest, refund: &RefundRequest) -> Became {
    match method {
        "v2/unifiedorder" | "v2/micropay" => became(wechat.pay(pay).await),
        "v2/orderquery" => became(wechat.query(&refund.flow_no).await),
        "v2/closeorder" => became(wechat.close(&refund.flow_no).await),
        "v2/reverse" => became(wechat.reverse(&refund.flow_no).await),
        "v2/refund" => became(wechat.refund(refund).await),
        _ => became(wechat.query_refund(refund).await),
    }
}

/// What pays by this method.
fn wish(shop: &Shop, method: &str, number: &str) -> PayRequest {
    match method {
        "v2/micropay" => shop.scanned(number, Behaviour::AskPassword),
        _ => shop.request(number, Way::WxNative),
    }
}

/// Shows F55, F57, F58.
#[tokio::test]
async fn each_fault_of_each_call_leaves_its_outcome_unknown() {
    let shop = Shop::open().await;
    let refund = shop.paid("FAULTS1", "R1", 100).await;
    let impatient = shop.impatient();
    let faults = [
        ("timeout_before", CauseKind::Timeout),
        ("timeout_after", CauseKind::Timeout),
        ("http_500", CauseKind::ChannelError),
        ("system_error", CauseKind::ChannelError),
        ("unsigned_before", CauseKind::ChannelError),
        ("unsigned_after", CauseKind::ChannelError),
        ("garbage", CauseKind::Unreadable),
        ("bad_signature", CauseKind::BadSignature),
    ];
    for method in CALLS {
        for (index, (fault, expected)) in faults.into_iter().enumerate() {
            let number = format!("F{index}{}", method.len());
            let pay = wish(&shop, method, &number);
            shop.fault(method, fault);
            let struck = call(&impatient, method, &pay, &refund).await;
            // A reversal whose answer says so is called again, which is no answer either.
            let again = method == "v2/reverse" && fault == "system_error";
            let expected = match again {
                true => Became::Done,
                false => Became::Unknown(expected),
            };
            assert_eq!(struck, expected, "{method} {fault}");
        }
    }
    let queried = shop.wechat.query(&refund.flow_no).await;
    assert!(
        matches!(queried, Outcome::Done(Trade::Paid(_) | Trade::Closed)),
        "{queried:?}"
    );
    assert!(
        shop.refunds() <= 1,
        "one number, one refund, however often it was sent"
    );
}

/// Shows F61.
#[tokio::test]
async fn with_nobody_listening_nothing_was_sent() {
    let shop = Shop::open().await;
    let refund = shop.paid("DEAD001", "R2", 100).await;
    let dead = shop.with(Settings {
        base_url: "http://127.0.0.1:1".into(),
        ..shop.settings()
    });
    for method in CALLS {
        let pay = wish(&shop, method, "DEAD002");
        let became = call(&dead, method, &pay, &refund).await;
        assert_eq!(became, Became::NotSent(CauseKind::Unreachable), "{method}");
    }
}

#[tokio::test]
async fn a_wrong_amount_is_reported_for_a_trade_and_not_believed_for_a_refund() {
    let shop = Shop::open().await;
    let refund = shop.paid("WRONG01", "R3", 100).await;
    shop.fault("v2/orderquery", "wrong_amount");
    let outcome = shop.wechat.query(&refund.flow_no).await;
    let Outcome::Done(Trade::Paid(payment)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_ne!(
        payment.amount,
        fen(8_888),
        "the core compares, so it must see what was said"
    );
    shop.fault("v2/refund", "wrong_amount");
    let struck = became(shop.wechat.refund(&refund).await);
    assert_eq!(struck, Became::Unknown(CauseKind::Mismatch));
}

/// Shows F58.
#[tokio::test]
async fn wrong_credentials_decide_nothing() {
    let shop = Shop::open().await;
    shop.hand_out("CREDENT", Way::WxNative).await;
    let settings = || shop.settings();
    let clients = [
        shop.with(Settings {
            apiv2_key: "0".repeat(32).into(),
            ..settings()
        }),
        shop.with(Settings {
            mch_id: "1900000000".to_owned(),
            ..settings()
        }),
        shop.with(Settings {
            appid: "wx0000000000000000".to_owned(),
            ..settings()
        }),
    ];
    let refund = shop.paid("CREDEN2", "R4", 100).await;
    for client in clients {
        for method in CALLS {
            let pay = wish(&shop, method, "CREDEN3");
            let became = call(&client, method, &pay, &refund).await;
            let refused = method == "v2/unifiedorder" || method == "v2/micropay";
            let undecided = matches!(became, Became::Unknown(_));
            // A signed answer to our own key may say that the application is not ours.
            assert!(
                undecided || refused && became == Became::Refused,
                "{method} {became:?}"
            );
        }
    }
    assert_eq!(shop.refunds(), 0);
    let md5 = shop.with(Settings {
        sign_type: SignType::Md5,
        ..settings()
    });
    let queried = md5.query(&refund.flow_no).await;
    assert!(
        matches!(queried, Outcome::Done(Trade::Paid(_))),
        "{queried:?}"
    );
}
