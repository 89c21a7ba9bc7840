//! A sandbox that is stopped and started again goes on where it was.

use sandbox::{KeyMode, Rotation, Settings, SubMerchant, WechatApp};
use serde_json::json;

use crate::merchant::{MCHID, Merchant};

#[tokio::test]
async fn orders_codes_refunds_and_keys_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings {
        state_file: Some(folder.path().join("state.json")),
        ..Settings::default()
    };
    let before = Merchant::with(settings()).await;
    let code = before.native("order_open").await;
    let paid = before.native("order_paid").await;
    before.pay(&paid, "order_paid").await;
    let accepted = before.refund("order_paid", "refund_1", 100).await;
    assert_eq!(accepted.body["status"], "PROCESSING");
    let platform_id = before.platform_id.clone();
    before.running.stop().await;

    let after = Merchant::with(settings()).await;
    assert_eq!(after.platform_id, platform_id);
    after.pay(&code, "order_open").await;
    assert_eq!(after.state("order_open").await, "SUCCESS");
    // Nobody is left who would settle the refund but the one who asks for it.
    after.advance(30).await;
    assert_eq!(after.refund_status("refund_1").await, "SUCCESS");
    let again = after
        .call("GET", "/v3/refund/domestic/refunds/refund_1", "")
        .await;
    assert_eq!(again.body["refund_id"], accepted.body["refund_id"]);
    let (trades, refunds) = after.ledger().await;
    assert_eq!((trades.len(), refunds.len()), (2, 1));
}

#[tokio::test]
async fn platform_keys_appids_and_sub_merchants_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings {
        state_file: Some(folder.path().join("state.json")),
        ..Settings::default()
    };
    let before = Merchant::with(settings()).await;
    let inside = before.running.sandbox();
    inside
        .set_wechat_keys(MCHID, KeyMode::Migrating, 10)
        .unwrap();
    let held = inside.rotate_wechat(MCHID, Rotation::Announce).unwrap();
    let app = WechatApp {
        appid: "wx_mini".to_owned(),
        secret: Some("s3cret".to_owned().into()),
        oauth_domain: None,
    };
    inside.bind_wechat_app(MCHID, app).unwrap();
    let sub = SubMerchant {
        sub_mchid: "1900000109".to_owned(),
        sub_appid: None,
    };
    inside.link_sub_merchant(MCHID, sub).unwrap();
    before.running.stop().await;

    let after = Merchant::with(settings()).await;
    let inside = after.running.sandbox();
    assert_eq!(inside.wechat_platform(MCHID).unwrap(), held);
    assert_eq!(held.certificates.len(), 2);
    let (_, rotated) = after
        .control(
            "POST",
            &format!("/wechat/{MCHID}/rotation"),
            json!({ "step": "retire" }),
        )
        .await;
    let left = rotated["certificates"].as_array().unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["serial_no"], held.certificates[1].serial_no);
    let target = format!("/v3/pay/partner/transactions/id/x?sp_mchid={MCHID}&sub_mchid=1900000109");
    let plain = crate::merchant::Departure::default();
    let (status, _, _) = after.send("GET", &target, "", &plain).await.unwrap();
    assert_eq!(status, 404, "the sub-merchant is linked");
}
