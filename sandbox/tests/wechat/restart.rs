//! A sandbox that is stopped and started again goes on where it was.

use sandbox::Settings;

use crate::merchant::Merchant;

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
