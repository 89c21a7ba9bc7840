//! Pages inside Alipay: who the payer is, and the trade that is made for them.

use super::shop::Shop;
use cashier::channel::{
    Action, CauseKind, Channel, Closed, Offer, Outcome, Payers, RefusalKind, Trade,
};
use channels::alipay::{PayerId, Settings};
use serde_json::json;

#[tokio::test]
async fn a_payer_becomes_known_without_being_asked_and_pays_by_the_bridge() {
    let shop = Shop::open().await;
    let code = shop.comes_back(&shop.alipay).await;
    let outcome = shop.alipay.payer(&code).await;
    let Outcome::Done(payer) = outcome else {
        panic!("{outcome:?}")
    };
    let again = shop.alipay.payer(&code).await;
    assert!(
        matches!(&again, Outcome::Refused(no) if no.kind == RefusalKind::Final),
        "a code is good once: {again:?}"
    );
    let request = shop.known_payer("J1", &payer);
    let outcome = shop.alipay.pay(&request).await;
    let Outcome::Done(Offer::Action(Action::Jsapi { params })) = &outcome else {
        panic!("{outcome:?}")
    };
    let trade_no = shop.ledger("J1").unwrap()["trade_no"].clone();
    assert_eq!(json!(params), json!({ "tradeNO": trade_no }));
    // It exists at once, and the same again is the same trade.
    assert_eq!(
        shop.alipay.query(&request.flow_no).await,
        Outcome::Done(Trade::Waiting)
    );
    assert_eq!(shop.alipay.pay(&request).await, outcome);
    let Outcome::Done(Offer::Action(action)) = outcome else {
        panic!("not handed out")
    };
    shop.scan(&action).await;
    shop.pay("J1").await;
    let outcome = shop.alipay.query(&request.flow_no).await;
    let Outcome::Done(Trade::Paid(payment)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(payment.payer, Some(payer));
}

#[tokio::test]
async fn a_trade_for_a_known_payer_can_be_closed_at_once_and_is_nobody_elses() {
    let shop = Shop::open().await;
    let request = shop.known_payer("J2", "2088000000000002");
    assert!(matches!(shop.alipay.pay(&request).await, Outcome::Done(_)));
    let other = shop
        .alipay
        .pay(&shop.known_payer("J2", "2088000000000003"))
        .await;
    let Outcome::Refused(no) = other else {
        panic!("{other:?}")
    };
    assert_eq!(
        (no.kind, no.code.as_str()),
        (RefusalKind::Final, "ACQ.TRADE_BUYER_NOT_MATCH")
    );
    assert_eq!(
        shop.alipay.close(&request.flow_no).await,
        Outcome::Done(Closed::Confirmed)
    );
}

#[tokio::test]
async fn where_alipay_names_payers_by_open_id_the_account_must_say_so() {
    let shop = Shop::open().await;
    shop.control("alipay", json!({ "open_ids": true })).await;
    let code = shop.comes_back(&shop.alipay).await;
    let outcome = shop.alipay.payer(&code).await;
    assert!(
        matches!(&outcome, Outcome::Unknown(cause) if cause.detail.contains("payer_id")),
        "{outcome:?}"
    );
    let alipay = shop.with(Settings {
        payer_id: PayerId::OpenId,
        ..shop.settings()
    });
    let code = shop.comes_back(&alipay).await;
    let Outcome::Done(open_id) = alipay.payer(&code).await else {
        panic!("not named")
    };
    let outcome = alipay.pay(&shop.known_payer("J3", &open_id)).await;
    assert!(matches!(&outcome, Outcome::Done(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_payers_name_that_comes_with_a_fault_is_no_name() {
    let shop = Shop::open().await;
    for (fault, kind) in [
        ("timeout_before", CauseKind::Timeout),
        ("timeout_after", CauseKind::Timeout),
        ("http_500", CauseKind::ChannelError),
        ("garbage", CauseKind::Unreadable),
        ("second_node", CauseKind::Unreadable),
        ("bad_signature", CauseKind::BadSignature),
        ("unsigned", CauseKind::BadSignature),
        ("system_error", CauseKind::ChannelError),
    ] {
        let code = shop.comes_back(&shop.alipay).await;
        shop.fault("alipay.system.oauth.token", fault).await;
        let outcome = match kind {
            CauseKind::Timeout => shop.impatient().payer(&code).await,
            _ => shop.alipay.payer(&code).await,
        };
        assert!(
            matches!(&outcome, Outcome::Unknown(cause) if cause.kind == kind),
            "{fault}: {outcome:?}"
        );
    }
}
