//! A day's bill that is not the channel's: nothing of it is taken.

use super::{arm, deafen};
use crate::truth::{Truth, come_to_rest};
use cashier::id::AccountId;
use cashier::time::{Clock as _, Day};
use gateway::bill::{self, Said, Trouble};
use serde_json::json;
use till_tests::App;

till_tests::stories! {
    a_bill_that_is_not_the_channels_says_nothing
}

/// How each account is asked for its bill, and how the answer can fail to be signed.
const BILLS: [(&str, &str, &str, [&str; 2]); 2] = [
    (
        "ALI_QR",
        "shop_alipay",
        "alipay.data.dataservice.bill.downloadurl.query",
        ["bad_signature", "unsigned"],
    ),
    (
        "WX_NATIVE",
        "shop_wechat",
        "wechat.bill",
        ["bad_signature", "signtest"],
    ),
];

/// The bill alone tells of a payment that came after the order was closed.
async fn a_bill_that_is_not_the_channels_says_nothing(app: &App) {
    deafen(app).await;
    let day = Day::of(app.clock.now()).unwrap();
    let mut orders = Vec::new();
    for (way, ..) in BILLS {
        let order = app.merchant.order(json!({})).await;
        let payable = app.merchant.flow(&order, json!({ "way": way })).await;
        let number = app.payer.open(&payable["action"]).await;
        app.merchant.close(&order).await.expect(200);
        app.payer.force(&number).await;
        orders.push(order);
    }
    app.advance(36 * 3600).await;
    for ((_, account, method, faults), order) in BILLS.into_iter().zip(&orders) {
        for fault in faults {
            arm(app, method, fault).await;
            let refused = take(app, account, day).await;
            assert!(
                matches!(&refused, Err(Trouble::Channel(why)) if why.starts_with("BadSignature")),
                "{method} {fault}: {refused:?}"
            );
            app.payer.mend().await;
            deafen(app).await;
            let truth = Truth::of(app, order).await;
            assert_eq!(truth.events, ["order.closed"], "{truth:#?}");
            assert_eq!(truth.order["captures"], json!([]), "{truth:#?}");
        }
        let said = take(app, account, day).await.unwrap().unwrap();
        assert_eq!(said.news, 1, "{method}");
    }
    for order in &orders {
        come_to_rest(app, &[order]).await;
        let truth = Truth::of(app, order).await;
        truth.is_closed("requested");
        assert_eq!(truth.paid.len(), 1, "{truth:#?}");
    }
}

async fn take(app: &App, account: &str, day: Day) -> Result<Option<Said>, Trouble> {
    let shared = &app.gateway.shared;
    let account = AccountId::new(account);
    bill::take(&shared.cashier, &shared.registry, &account, day).await
}
