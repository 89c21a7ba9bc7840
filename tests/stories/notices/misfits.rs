//! Notices that are wrong already when they leave the channel, delivered by the
//! channel itself: what it is answered, and that it tells again.

use super::seen::{paid_once, untouched};
use serde_json::{Value, json};
use till_tests::{App, until};

till_tests::stories! {
    a_misfit_of_alipay_is_answered_fail_and_told_again_until_it_fits
    a_misfit_of_wechat_pay_is_answered_with_an_error_and_told_again_until_it_fits
}

async fn a_misfit_of_alipay_is_answered_fail_and_told_again_until_it_fits(app: &App) {
    let faults = [
        "bad_signature",
        "v2_signed",
        "sign_type_removed",
        "wrong_app_id",
        "wrong_seller",
    ];
    for (fault, account) in faults.map(|fault| (fault, "notice.alipay")) {
        let order = app.merchant.order(json!({ "way": "ALI_QR" })).await;
        let misfit = delivered(app, &order, account, fault, "alipay.trade.query").await;
        assert_eq!(
            (&misfit["status"], &misfit["answer"]),
            (&json!(200), &json!("fail")),
            "{fault}"
        );
        // Alipay's second try comes after four minutes.
        told_again(app, &order, &misfit, 240).await;
    }
}

async fn a_misfit_of_wechat_pay_is_answered_with_an_error_and_told_again_until_it_fits(app: &App) {
    for fault in ["bad_signature", "wrong_app_id", "wrong_seller"] {
        let order = app.merchant.order(json!({ "way": "WX_NATIVE" })).await;
        let misfit = delivered(app, &order, "notice.wechat", fault, "wechat.query").await;
        assert_eq!(misfit["status"], 401, "{fault}");
        // WeChat Pay's second try comes after fifteen seconds.
        told_again(app, &order, &misfit, 15).await;
    }
}

/// Pays the order; the channel's first notice has that fault, and it answers no
/// query. Returns the first notice once it was answered.
async fn delivered(app: &App, order: &Value, notice: &str, fault: &str, query: &str) -> Value {
    app.payer
        .break_it(json!({ "method": query, "fault": "http_500" }))
        .await;
    app.payer
        .break_it(json!({ "method": notice, "fault": fault, "times": 1 }))
        .await;
    let number = app.payer.pay(&order["action"]).await;
    let answered = app.payer.answered_notice(&number).await;
    assert_eq!(
        (&answered["fault"], &answered["received"]),
        (&json!(fault), &json!(false))
    );
    answered
}

async fn told_again(app: &App, order: &Value, misfit: &Value, seconds: u32) {
    untouched(app, order, &misfit["fault"].to_string()).await;
    let number = misfit["out_trade_no"].as_str().unwrap();
    app.advance(seconds).await;
    until("the channel's second try is received", async || {
        let notices = app.payer.notices(number).await;
        let second = notices
            .iter()
            .any(|notice| notice["attempt"] == 2 && notice["received"] == true);
        if second { Ok(()) } else { Err(notices) }
    })
    .await;
    paid_once(app, order).await;
    app.payer.mend().await;
}
