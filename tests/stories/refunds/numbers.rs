//! One number, one refund; and who asks at once shares what there is.

use super::under_way::{at_the_channel, paid, until_refund};
use futures_util::future::join_all;
use serde_json::json;
use till_tests::App;

till_tests::stories! {
    two_who_ask_for_more_than_there_is_do_not_both_get_it
    twenty_who_ask_under_one_number_get_one_refund
    a_number_means_what_it_meant_the_first_time
    what_is_not_paid_is_not_given_back
}

const WAYS: [&str; 2] = ["ALI_QR", "WX_NATIVE"];

/// Shows F77.
async fn two_who_ask_for_more_than_there_is_do_not_both_get_it(app: &App) {
    for way in WAYS {
        let order = paid(app, way, 100).await;
        let numbers = [format!("{way}-A"), format!("{way}-B")];
        let mut answers =
            join_all(numbers.iter().map(|no| app.merchant.refund(&order, no, 60))).await;
        answers.sort_by_key(|answer| answer.status);
        let [granted, denied] = answers.try_into().unwrap();
        let refund = granted.expect(201);
        let problem = denied.problem(409, "refund_exceeds_capture");
        assert_eq!(problem["refundable"], 40, "{problem}");
        let now = until_refund(app, &order, &refund, "succeeded").await;
        assert_eq!(now["amount_refunded"], 60);
        assert_eq!(now["refunds"].as_array().unwrap().len(), 1, "{now}");
        let books = at_the_channel(app, &order).await;
        assert_eq!(books.len(), 1, "{books:?}");
        assert_eq!(books[0]["amount"], 60);
    }
}

/// Shows F76, F87.
async fn twenty_who_ask_under_one_number_get_one_refund(app: &App) {
    for way in WAYS {
        let order = paid(app, way, 8800).await;
        let number = format!("{way}-ONE");
        let answers = join_all((0..20).map(|_| app.merchant.refund(&order, &number, 800))).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{answers:?}");
        let refund = answers[0].json.clone();
        for answer in &answers {
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
            for field in [
                "id",
                "order_id",
                "merchant_refund_no",
                "amount",
                "created_at",
            ] {
                assert_eq!(answer.json[field], refund[field], "{}", answer.text);
            }
        }
        until_refund(app, &order, &refund, "succeeded").await;
        app.receiver.event(&order, "refund.succeeded").await;
        assert_eq!(app.receiver.told(&order, "refund.succeeded"), 1);
        let books = at_the_channel(app, &order).await;
        assert_eq!(books.len(), 1, "{books:?}");
        assert_eq!(books[0]["out_refund_no"], refund["id"]);
    }
}

async fn a_number_means_what_it_meant_the_first_time(app: &App) {
    for way in WAYS {
        let order = paid(app, way, 8800).await;
        let number = format!("{way}-SAME");
        let refund = app.merchant.refund(&order, &number, 800).await.expect(201);
        let again = app.merchant.refund(&order, &number, 800).await.expect(200);
        assert_eq!(again["id"], refund["id"]);
        until_refund(app, &order, &refund, "succeeded").await;
        let later = app.merchant.refund(&order, &number, 800).await.expect(200);
        assert_eq!(
            (&later["id"], &later["status"]),
            (&refund["id"], &json!("succeeded"))
        );
        let other = app.merchant.refund(&order, &number, 900).await;
        assert_eq!(other.problem(409, "order_conflict")["field"], "amount");
        let path = format!("/v1/orders/{}/refunds", order["id"].as_str().unwrap());
        let reason = json!({ "merchant_refund_no": number, "amount": 800, "reason": "退货" });
        let other = app.merchant.post(&path, &reason).await;
        assert_eq!(other.problem(409, "order_conflict")["field"], "reason");
        let elsewhere = paid(app, way, 8800).await;
        app.merchant
            .refund(&elsewhere, &number, 800)
            .await
            .problem(409, "order_conflict");
        assert_eq!(at_the_channel(app, &order).await.len(), 1);
        assert_eq!(at_the_channel(app, &elsewhere).await.len(), 0);
    }
}

/// Shows F83.
async fn what_is_not_paid_is_not_given_back(app: &App) {
    let open = app.merchant.order(json!({ "way": "ALI_QR" })).await;
    app.merchant
        .refund(&open, "EARLY", 1)
        .await
        .problem(409, "refund_exceeds_capture");
    let closed = app.merchant.order(json!({})).await;
    app.merchant.close(&closed).await.expect(200);
    app.merchant
        .refund(&closed, "LATE", 1)
        .await
        .problem(409, "refund_exceeds_capture");
    assert_eq!(
        app.payer.ledger().await["refunds"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    // A refused wish takes no number.
    let order = paid(app, "ALI_QR", 100).await;
    let refund = app.merchant.refund(&order, "EARLY", 1).await.expect(201);
    until_refund(app, &order, &refund, "succeeded").await;
}
