//! The hop in front of the wallets' pages: only the payment under way gets through.

use crate::browser::{DESKTOP, PHONE, Tab, location, offered, state};
use serde_json::json;
use till_tests::App;

till_tests::stories! {
    a_stale_tab_is_stopped_at_the_hop
    a_hop_leads_nowhere_once_the_order_has_ended
    the_payer_may_go_back_to_the_payment_under_way
    a_wallets_page_that_is_too_old_is_made_anew
}

async fn a_stale_tab_is_stopped_at_the_hop(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let stale = Tab::open(app, DESKTOP, &order);
    let hop = stale.choose("ALI_PC").await;
    let other = Tab::open(app, DESKTOP, &order);
    assert_eq!(other.choose("WX_NATIVE").await, other.page);

    let stopped = location(&stale.get(&hop).await);
    assert_eq!(stopped, format!("{}?remark=changed", stale.page));
    let html = stale.get(&stopped).await.text;
    assert_eq!(state(&html), "waiting");
    assert!(
        html.contains("role=\"alert\"") && html.contains("id=\"qr\""),
        "{html}"
    );

    let current = other.choose("ALI_PC").await;
    assert_ne!(current, hop);
    assert_eq!(
        location(&stale.get(&hop).await),
        stopped,
        "also where another page may be left for"
    );
    assert_eq!(other.get(&current).await.status, 302);
}

async fn a_hop_leads_nowhere_once_the_order_has_ended(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, PHONE, &order);
    let hop = tab.choose("WX_H5").await;
    app.merchant.close(&order).await;
    assert_eq!(
        location(&tab.get(&hop).await),
        format!("{}?remark=changed", tab.page)
    );
    assert_eq!(state(&tab.look().await), "closed");

    let made_up = format!("{}/go/01ARZ3NDEKTSV4RRFFQ69G5FAV001", tab.page);
    assert_eq!(
        location(&tab.get(&made_up).await),
        format!("{}?remark=changed", tab.page)
    );
}

async fn the_payer_may_go_back_to_the_payment_under_way(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, PHONE, &order);
    let url = tab.leave("ALI_WAP").await;
    let html = tab.look().await;
    assert_eq!(state(&html), "waiting");
    assert!(html.contains("id=\"continue\""), "{html}");
    assert_eq!(tab.leave("ALI_WAP").await, url, "it is the same payment");

    let html = tab.get(&format!("{}?choose=1", tab.page)).await.text;
    assert_eq!(offered(&html), ["ALI_WAP", "WX_H5"]);
    assert!(html.contains("id=\"keep-way\""), "{html}");
    let flows = app.merchant.look(&order).await["flows"].clone();
    assert_eq!(flows.as_array().unwrap().len(), 1);
}

/// WeChat's h5_url lives five minutes (B.7), the flow fifteen.
async fn a_wallets_page_that_is_too_old_is_made_anew(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, PHONE, &order);
    let hop = tab.choose("WX_H5").await;
    app.advance(301).await;
    assert_eq!(
        location(&tab.get(&hop).await),
        format!("{}?remark=changed", tab.page)
    );
    let url = tab.leave("WX_H5").await;
    app.payer
        .pay(&json!({ "type": "redirect", "url": url }))
        .await;
    app.merchant.until_status(&order, "paid").await;
}

mod strict {
    use super::*;

    till_tests::stories! {
        with till_tests::Options { policy: "switch = \"strict\"".to_owned(), ..Default::default() };
        a_change_that_is_refused_leaves_the_first_payment_on_the_page
    }

    async fn a_change_that_is_refused_leaves_the_first_payment_on_the_page(app: &App) {
        let order = app.merchant.order(json!({})).await;
        let tab = Tab::open(app, DESKTOP, &order);
        tab.choose("ALI_QR").await;
        // Alipay knows of no trade before the scan, so that there is nothing to close.
        let refused = tab.choose("WX_NATIVE").await;
        assert_eq!(refused, format!("{}?remark=in_progress", tab.page));
        let html = tab.get(&refused).await.text;
        assert_eq!(state(&html), "waiting");
        assert!(html.contains("支付处理中，不允许重复支付"), "{html}");
        assert!(html.contains("用支付宝扫码付款"), "{html}");
    }
}
