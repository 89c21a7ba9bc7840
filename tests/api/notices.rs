//! The channels' notices: believed only when they are what they say, taken once
//! however often they come.

use reqwest::Method;
use serde_json::{Value, json};
use till_tests::{Answer, App};

till_tests::stories! {
    an_unknown_account_is_not_found
    nonsense_is_refused_in_the_channels_own_words
    a_notice_that_was_tampered_with_changes_nothing
    a_notice_that_comes_again_changes_nothing
    a_notice_at_another_accounts_address_changes_nothing
    a_notice_that_cannot_be_committed_is_asked_for_again
}

async fn send(app: &App, account: &str, headers: &[(String, String)], body: &str) -> Answer {
    let mut request = app
        .merchant
        .stranger(Method::POST, &format!("/notify/{account}"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    app.merchant.send(request.body(body.to_owned())).await
}

/// The headers and body of a delivered notice.
fn letter(notice: &Value) -> (Vec<(String, String)>, String) {
    let headers = notice["headers"].as_array().unwrap().iter();
    let headers = headers
        .map(|pair| {
            (
                pair[0].as_str().unwrap().to_owned(),
                pair[1].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    (headers, notice["body"].as_str().unwrap().to_owned())
}

async fn an_unknown_account_is_not_found(app: &App) {
    for account in ["nobody", "%00", "shop_alipay2"] {
        send(app, account, &[], "a=b")
            .await
            .problem(404, "not_found");
    }
}

async fn nonsense_is_refused_in_the_channels_own_words(app: &App) {
    for body in ["", "nonsense", "sign=AAAA&sign_type=RSA2", "\u{0}"] {
        let answer = send(app, "shop_alipay", &[], body).await;
        assert_ne!(answer.text, "success", "{body:?}");
        let answer = send(app, "shop_wechat", &[], body).await;
        assert!(
            (400..600).contains(&answer.status),
            "{body:?}: {}",
            answer.status
        );
    }
}

async fn a_notice_that_was_tampered_with_changes_nothing(app: &App) {
    for (way, account) in [("ALI_QR", "shop_alipay"), ("WX_NATIVE", "shop_wechat")] {
        let order = app.merchant.order(json!({ "way": way })).await;
        let number = app.payer.pay(&order["action"]).await;
        let before = app.merchant.until_status(&order, "paid").await;
        let (headers, body) = letter(&app.payer.answered_notice(&number).await);
        for tampered in [
            body.replacen('1', "2", 1),
            format!("{body} "),
            body[..body.len() / 2].to_owned(),
        ] {
            let answer = send(app, account, &headers, &tampered).await;
            let received = answer.text == "success" || (200..300).contains(&answer.status);
            assert!(way == "ALI_QR" || !received, "{}", answer.text);
            assert_ne!(answer.text, "success", "{tampered}");
        }
        assert_eq!(app.merchant.look(&order).await, before);
    }
}

/// Shows F19.
async fn a_notice_that_comes_again_changes_nothing(app: &App) {
    for (way, account) in [("ALI_QR", "shop_alipay"), ("WX_NATIVE", "shop_wechat")] {
        let order = app.merchant.order(json!({ "way": way })).await;
        let number = app.payer.pay(&order["action"]).await;
        app.merchant.until_status(&order, "paid").await;
        let notice = app.payer.answered_notice(&number).await;
        let before = app.merchant.look(&order).await;
        let (headers, body) = letter(&notice);
        let again = (0..10).map(|_| send(app, account, &headers, &body));
        for answer in futures_util::future::join_all(again).await {
            assert_eq!(Some(u64::from(answer.status)), notice["status"].as_u64());
            assert_eq!(answer.text, notice["answer"].as_str().unwrap_or_default());
        }
        assert_eq!(app.merchant.look(&order).await, before);
        app.receiver.event(&order, "order.paid").await;
        assert_eq!(app.receiver.taken(&order).len(), 1);
    }
}

/// Shows F40.
async fn a_notice_at_another_accounts_address_changes_nothing(app: &App) {
    let order = app.merchant.order(json!({ "way": "ALI_QR" })).await;
    app.payer
        .break_it(json!({ "method": "notice.alipay", "fault": "drop" }))
        .await;
    let number = app.payer.pay(&order["action"]).await;
    let notice = till_tests::until("a notice was dropped on the way", async || {
        let notices = app.payer.notices(&number).await;
        notices.first().cloned().ok_or(notices)
    })
    .await;
    let (headers, body) = letter(&notice);
    let answer = send(app, "other_alipay", &headers, &body).await;
    assert_ne!(answer.text, "success");
    assert_eq!(app.merchant.look(&order).await["status"], "open");
    let answer = send(app, "shop_alipay", &headers, &body).await;
    assert_eq!(answer.text, "success");
    app.merchant.until_status(&order, "paid").await;
}

/// The table of notices is gone for a while: no channel hears a yes, no client hears
/// why, and nothing is lost.
/// Shows F36.
async fn a_notice_that_cannot_be_committed_is_asked_for_again(app: &App) {
    for (way, account) in [("ALI_QR", "shop_alipay"), ("WX_NATIVE", "shop_wechat")] {
        let order = app.merchant.order(json!({ "way": way })).await;
        app.sql("ALTER TABLE notices RENAME TO notices_away").await;
        let number = app.payer.pay(&order["action"]).await;
        let notice = app.payer.answered_notice(&number).await;
        assert_eq!(notice["received"], false, "{notice}");
        let (headers, body) = letter(&notice);
        let refused = send(app, account, &headers, &body).await;
        let asks_again = refused.text == "fail" || (500..600).contains(&refused.status);
        assert!(asks_again, "{} {}", refused.status, refused.text);
        assert!(!refused.text.contains("notices"), "{}", refused.text);
        app.sql("ALTER TABLE notices_away RENAME TO notices").await;
        let taken = send(app, account, &headers, &body).await;
        assert!(
            taken.text == "success" || [200, 204].contains(&taken.status),
            "{}",
            taken.text
        );
        app.merchant.until_status(&order, "paid").await;
    }
}
