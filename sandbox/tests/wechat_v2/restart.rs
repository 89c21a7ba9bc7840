//! With a state file, accounts, certificates and orders outlive a restart.

use sandbox::Settings;

use crate::merchant::{Merchant, client, direct};

#[tokio::test]
async fn a_merchants_certificate_and_orders_are_good_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        state_file: Some(folder.path().join("state.json")),
        ..Settings::default()
    };
    let before = Merchant::with(settings.clone(), direct()).await;
    before.paid("order_000001").await;
    let platform = before.platform.clone();
    before.running.stop().await;
    let mut after = Merchant::with(settings, direct()).await;
    assert_eq!(after.platform, platform);
    // The client that trusts what it was given before.
    after.http = client(&platform, true);
    assert_eq!(after.state("order_000001").await, "SUCCESS");
    let refund = after.refund("order_000001", "R1", 30);
    after.done("/secapi/pay/refund", &refund).await;
    let (trades, refunds) = after.ledger().await;
    assert_eq!((trades.len(), refunds.len()), (1, 1));
}
