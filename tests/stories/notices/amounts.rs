//! A notice with another amount than was asked for: a message alone is not
//! believed, and the channel is asked.

use super::letter::{unheard, written};
use super::seen::{exceptions, paid_once, untouched};
use cashier::exception::ExceptionKind;
use cashier::money::Money;
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    a_wrong_amount_of_alipay_is_not_believed_and_the_query_tells_the_truth
    a_wrong_amount_of_wechat_pay_is_not_believed_and_the_query_tells_the_truth
}

/// Shows F25.
async fn a_wrong_amount_of_alipay_is_not_believed_and_the_query_tells_the_truth(app: &App) {
    the_query_tells_the_truth(
        app,
        "ALI_QR",
        "shop_alipay",
        json!({ "total_amount": "0.01" }),
    )
    .await;
}

/// Shows F25.
async fn a_wrong_amount_of_wechat_pay_is_not_believed_and_the_query_tells_the_truth(app: &App) {
    the_query_tells_the_truth(
        app,
        "WX_NATIVE",
        "shop_wechat",
        json!({ "amount.total": "1" }),
    )
    .await;
}

async fn the_query_tells_the_truth(app: &App, way: &str, account: &str, lie: Value) {
    let (order, number, _) = unheard(app, way).await;
    for _ in 0..2 {
        // Taken, because it is recorded; believed, never.
        let letter = written(app, &number, "paid", lie.clone()).await;
        assert_eq!(letter.send(app, account).await.status, 200);
        untouched(app, &order, "a wrong amount").await;
    }
    let seen = exceptions(app, &order).await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].kind, ExceptionKind::AmountMismatch);
    assert_eq!(seen[0].amount.map(Money::fen), Some(1));
    let now = app.merchant.explained(&order).await;
    let lines = now["timeline"].as_array().unwrap();
    let doubted = lines.iter().any(|line| {
        line["text"]
            .as_str()
            .unwrap()
            .starts_with("exception amount_mismatch: ")
    });
    assert!(doubted, "{now}");
    app.payer.mend().await;
    app.advance(60).await;
    paid_once(app, &order).await;
    assert_eq!(exceptions(app, &order).await.len(), 1);
}
