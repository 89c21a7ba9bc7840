//! Who pays is no condition: a code that was photographed and paid by somebody else
//! pays the order all the same.

use super::letter::{unheard, written};
use super::seen::{exceptions, paid_once};
use serde_json::json;
use till_tests::App;

till_tests::stories! {
    whoever_pays_pays_the_order
}

/// Shows F18.
async fn whoever_pays_pays_the_order(app: &App) {
    for (way, account, somebody) in [
        (
            "ALI_QR",
            "shop_alipay",
            json!({ "buyer_id": "2088999999999999" }),
        ),
        (
            "WX_JSAPI",
            "shop_wechat",
            json!({ "payer.openid": "oSomebodyElse0000000000000000" }),
        ),
    ] {
        let (order, number, own) = unheard(app, way).await;
        let letter = written(app, &number, "paid", somebody).await;
        let answer = letter.send(app, account).await;
        assert_eq!(answer.status, 200, "{way}: {}", answer.text);
        let paid = paid_once(app, &order).await;
        // The payer's own notice is about the same payment.
        assert_eq!(own.send(app, account).await.status, 200);
        assert_eq!(app.merchant.look(&order).await, paid);
        assert!(exceptions(app, &order).await.is_empty());
        app.payer.mend().await;
    }
}
