//! Who pays is no condition: a code that was photographed and paid by somebody else
//! pays the order all the same.

use super::letter::{unheard, written};
use super::seen::{exceptions, paid_once};
use cashier::id::OrderId;
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    whoever_pays_pays_the_order
}

/// Shows F18.
async fn whoever_pays_pays_the_order(app: &App) {
    for (way, account, field, somebody) in [
        ("ALI_QR", "shop_alipay", "buyer_id", "2088999999999999"),
        (
            "WX_JSAPI",
            "shop_wechat",
            "payer.openid",
            "oSomebodyElse0000000000000000",
        ),
    ] {
        let (order, number, own) = unheard(app, way).await;
        let letter = written(app, &number, "paid", json!({ field: somebody })).await;
        let answer = letter.send(app, account).await;
        assert_eq!(answer.status, 200, "{way}: {}", answer.text);
        let paid = paid_once(app, &order).await;
        assert_eq!(payer(app, &order).await.as_deref(), Some(somebody));
        // The payer's own notice is about the same payment.
        assert_eq!(own.send(app, account).await.status, 200);
        assert_eq!(app.merchant.look(&order).await, paid);
        assert!(exceptions(app, &order).await.is_empty());
        app.payer.mend().await;
    }
}

/// Who paid the order, as the channel says.
async fn payer(app: &App, order: &Value) -> Option<String> {
    let id = OrderId::new(order["id"].as_str().unwrap());
    let state = app.gateway.shared.store.load(&id).await.unwrap().unwrap();
    state.captures[0].payer.clone()
}
