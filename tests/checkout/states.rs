//! Each state that a payer can meet, and the way there.

use crate::browser::{DESKTOP, PHONE, Tab, attribute, location, state};
use serde_json::json;
use till_tests::{App, until};

till_tests::stories! {
    an_order_that_is_paid_leads_back_to_the_shop
    whoever_says_that_they_have_paid_has_the_channel_asked
    a_payment_that_cannot_be_given_up_is_being_processed
    a_channel_that_does_not_answer_is_named_and_can_be_tried_again
    an_order_expires_to_the_second
    money_that_comes_too_late_is_shown_to_go_back
}

async fn an_order_that_is_paid_leads_back_to_the_shop(app: &App) {
    let order = app
        .merchant
        .order(json!({ "return_url": "https://shop.example.com/o/1?a=1&b=2" }))
        .await;
    let tab = Tab::open(app, DESKTOP, &order);
    tab.leave("ALI_PC").await;
    let flow = app.merchant.flow(&order, json!({ "way": "ALI_PC" })).await;
    app.payer.pay(&flow["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    let html = tab.look().await;
    assert_eq!(state(&html), "paid");
    let link = html.split_once("id=\"back-to-shop\"").unwrap().1;
    assert_eq!(
        attribute(link, "href"),
        "https://shop.example.com/o/1?a=1&b=2"
    );
    assert_eq!(
        location(&tab.post("/pay", &[("way", "WX_NATIVE")]).await),
        tab.page
    );
}

async fn whoever_says_that_they_have_paid_has_the_channel_asked(app: &App) {
    app.payer
        .break_it(json!({ "method": "notice.wechat", "fault": "drop" }))
        .await;
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, DESKTOP, &order);
    tab.choose("WX_NATIVE").await;
    let asked = location(&tab.post("/check", &[]).await);
    assert_eq!(asked, format!("{}?remark=not_yet", tab.page));
    assert!(tab.get(&asked).await.text.contains("role=\"alert\""));

    let flow = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    app.payer.pay(&flow["action"]).await;
    // The channel is spared a question every two seconds.
    let paid = || async {
        tab.post("/check", &[]).await;
        let html = tab.look().await;
        if state(&html) == "paid" {
            Ok(())
        } else {
            Err(html)
        }
    };
    until("the page says that it is paid", paid).await;
    app.payer.mend().await;
}

async fn a_payment_that_cannot_be_given_up_is_being_processed(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, PHONE, &order);
    let url = tab.leave("ALI_WAP").await;
    app.payer
        .open(&json!({ "type": "redirect", "url": url }))
        .await;
    app.payer
        .break_it(json!({ "method": "alipay.trade.close", "fault": "http_500" }))
        .await;
    let refused = tab.choose("WX_H5").await;
    assert_eq!(refused, format!("{}?remark=in_progress", tab.page));
    for page in [&refused, &tab.page] {
        let html = tab.get(page).await.text;
        assert_eq!(state(&html), "processing");
        assert!(
            html.contains("不允许重复支付") && !html.contains("data-way"),
            "{html}"
        );
    }
    app.payer.mend().await;
    let free = || async {
        let html = tab.look().await;
        if state(&html) == "choose" {
            Ok(())
        } else {
            Err(html)
        }
    };
    until("the first payment is given up", free).await;
    tab.leave("WX_H5").await;
}

async fn a_channel_that_does_not_answer_is_named_and_can_be_tried_again(app: &App) {
    let native = "wechat.native";
    app.payer
        .break_it(json!({ "method": native, "fault": "http_500" }))
        .await;
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, DESKTOP, &order);
    let refused = tab.choose("WX_NATIVE").await;
    assert_eq!(refused, format!("{}?remark=no_answer", tab.page));
    let html = tab.get(&refused).await.text;
    assert_eq!(state(&html), "choose");
    assert!(html.contains("role=\"alert\""), "{html}");

    app.payer.mend().await;
    assert_eq!(tab.choose("WX_NATIVE").await, tab.page);
    assert_eq!(state(&tab.look().await), "waiting");
    let flows = app.merchant.look(&order).await["flows"].clone();
    assert_eq!(flows.as_array().unwrap().len(), 1, "it is the same try");
}

async fn an_order_expires_to_the_second(app: &App) {
    let order = app.merchant.order(json!({ "expires_in": 300 })).await;
    let tab = Tab::open(app, DESKTOP, &order);
    tab.choose("ALI_QR").await;
    assert_eq!(state(&tab.look().await), "waiting");
    app.advance(300).await;
    // The core still waits for Alipay's word about a trade that nobody has begun.
    assert_eq!(app.merchant.look(&order).await["status"], "open");
    assert_eq!(state(&tab.look().await), "expired");
    assert_eq!(
        location(&tab.post("/pay", &[("way", "WX_NATIVE")]).await),
        tab.page
    );
}

async fn money_that_comes_too_late_is_shown_to_go_back(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, DESKTOP, &order);
    let url = tab.leave("ALI_PC").await;
    let number = app
        .payer
        .open(&json!({ "type": "redirect", "url": url }))
        .await;
    app.merchant.close(&order).await;
    assert_eq!(state(&tab.look().await), "closed");
    app.payer.force(&number).await;
    let returned = || async {
        let html = tab.look().await;
        if html.contains("付款已退回") {
            Ok(html)
        } else {
            Err(html)
        }
    };
    let html = until("the page says that the money is back", returned).await;
    assert_eq!(state(&html), "returned");
}
