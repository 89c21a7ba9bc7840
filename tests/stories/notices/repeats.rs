//! Notices that come again, at once, in another order, or as another kind: each
//! fact counts once.

use super::letter::{Letter, unheard, written};
use super::seen::{evidence, exceptions, paid_once};
use futures_util::future::join_all;
use serde_json::{Value, json};
use till_tests::{App, until};

till_tests::stories! {
    fifteen_notices_at_once_pay_once
    a_notice_that_comes_a_day_late_changes_nothing
    a_finished_trade_is_a_paid_one
    a_trade_that_is_finished_later_was_paid_already
    all_that_can_be_told_about_a_payment_at_once_is_one_payment
    a_partial_refund_at_alipay_is_not_a_second_payment
    a_partial_refund_at_wechat_pay_is_not_a_second_payment
}

/// Shows F19.
async fn fifteen_notices_at_once_pay_once(app: &App) {
    for (way, account) in [("ALI_QR", "shop_alipay"), ("WX_NATIVE", "shop_wechat")] {
        let (order, _, letter) = unheard(app, way).await;
        let kept = evidence(app).await;
        let answers = join_all((0..15).map(|_| letter.send(app, account))).await;
        answers.iter().for_each(|answer| received(way, answer));
        let paid = paid_once(app, &order).await;
        for _ in 0..15 {
            received(way, &letter.send(app, account).await);
        }
        assert_eq!(app.merchant.look(&order).await, paid);
        assert_eq!(evidence(app).await, kept + 1);
        assert_eq!(app.receiver.told(&order, "order.paid"), 1);
        app.payer.mend().await;
    }
}

/// Shows F24.
async fn a_notice_that_comes_a_day_late_changes_nothing(app: &App) {
    for (way, account) in [("ALI_QR", "shop_alipay"), ("WX_NATIVE", "shop_wechat")] {
        let (order, number, _) = unheard(app, way).await;
        app.payer.mend().await;
        let drop = json!({ "method": "notice.*", "fault": "drop" });
        app.payer.break_it(drop).await;
        app.advance(60).await;
        let paid = paid_once(app, &order).await;
        app.advance(25 * 3600).await;
        // Written now, about what was paid then.
        let late = written(app, &number, "paid", json!({})).await;
        received(way, &late.send(app, account).await);
        assert_eq!(app.merchant.look(&order).await, paid);
        assert_eq!(app.receiver.told(&order, "order.paid"), 1);
        assert!(exceptions(app, &order).await.is_empty());
        app.payer.mend().await;
    }
}

/// Shows F28.
async fn a_finished_trade_is_a_paid_one(app: &App) {
    let (order, number, success) = unheard(app, "ALI_QR").await;
    let finished = written(app, &number, "finished", json!({})).await;
    assert!(finished.text().contains("trade_status=TRADE_FINISHED"));
    received("ALI_QR", &finished.send(app, "shop_alipay").await);
    let paid = paid_once(app, &order).await;
    for letter in [success, finished] {
        received("ALI_QR", &letter.send(app, "shop_alipay").await);
    }
    assert_eq!(app.merchant.look(&order).await, paid);
    assert!(exceptions(app, &order).await.is_empty());
}

/// Shows F27.
async fn a_trade_that_is_finished_later_was_paid_already(app: &App) {
    let (order, number, success) = unheard(app, "ALI_QR").await;
    assert!(success.text().contains("trade_status=TRADE_SUCCESS"));
    received("ALI_QR", &success.send(app, "shop_alipay").await);
    let paid = paid_once(app, &order).await;
    let finished = written(app, &number, "finished", json!({})).await;
    assert!(finished.text().contains("trade_status=TRADE_FINISHED"));
    received("ALI_QR", &finished.send(app, "shop_alipay").await);
    assert_eq!(app.merchant.look(&order).await, paid);
    assert_eq!(app.receiver.told(&order, "order.paid"), 1);
    assert!(exceptions(app, &order).await.is_empty());
}

async fn all_that_can_be_told_about_a_payment_at_once_is_one_payment(app: &App) {
    let (order, number, success) = unheard(app, "ALI_QR").await;
    let finished = written(app, &number, "finished", json!({})).await;
    app.payer.mend().await;
    // The task to ask falls due together with the notices.
    app.advance(15).await;
    let letters = [&success, &finished].into_iter().cycle().take(10);
    for answer in join_all(letters.map(|letter| letter.send(app, "shop_alipay"))).await {
        received("ALI_QR", &answer);
    }
    paid_once(app, &order).await;
    assert!(exceptions(app, &order).await.is_empty());
}

/// Shows F29.
async fn a_partial_refund_at_alipay_is_not_a_second_payment(app: &App) {
    let (order, letter) = partly_refunded(app, "ALI_QR").await;
    let text = letter.text();
    assert!(text.contains("trade_status=TRADE_SUCCESS") && text.contains("refund_fee=10.00"));
    unmoved(app, &order, "ALI_QR", "shop_alipay", &letter).await;
}

/// Shows F29.
async fn a_partial_refund_at_wechat_pay_is_not_a_second_payment(app: &App) {
    let (order, letter) = partly_refunded(app, "WX_NATIVE").await;
    assert!(letter.text().contains("REFUND.SUCCESS"));
    unmoved(app, &order, "WX_NATIVE", "shop_wechat", &letter).await;
}

/// Pays an order and gives 1000 fen back; returns the order and the refund's notice.
async fn partly_refunded(app: &App, way: &str) -> (Value, Letter) {
    let order = app.merchant.order(json!({ "way": way })).await;
    let number = app.payer.pay(&order["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    app.merchant.refund(&order, "BACK", 1000).await.expect(201);
    app.advance(11).await;
    let what = "1000 fen are back";
    app.merchant
        .until_order(&order, what, |now| now["amount_refunded"] == 1000)
        .await;
    let notice = until("the refund's notice is answered", async || {
        let notices = app.payer.notices(&number).await;
        let refund = |notice: &&Value| notice["kind"] == "refund" && notice["received"] == true;
        notices.iter().find(refund).cloned().ok_or(notices)
    })
    .await;
    (order, Letter::of(&notice))
}

/// The refund's notice comes again and again: nothing changes.
async fn unmoved(app: &App, order: &Value, way: &str, account: &str, letter: &Letter) {
    app.receiver.event(order, "refund.succeeded").await;
    let before = paid_once(app, order).await;
    for answer in join_all((0..5).map(|_| letter.send(app, account))).await {
        received(way, &answer);
    }
    assert_eq!(app.merchant.look(order).await, before);
    assert_eq!(before["amount_refunded"], 1000);
    assert_eq!(app.receiver.told(order, "refund.succeeded"), 1);
    assert!(exceptions(app, order).await.is_empty());
}

/// Checks that the channel takes the answer for a receipt.
fn received(way: &str, answer: &till_tests::Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    if way.starts_with("ALI") {
        assert_eq!(answer.text, "success");
    }
}
