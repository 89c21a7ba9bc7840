//! The control API and what is kept between two runs.

use std::time::Duration;

use sandbox::{Settings, start};
use serde_json::{Value, json};

use crate::merchant::{APP_ID, Merchant, SELLER_ID, act, app};

#[tokio::test]
async fn registering_twice_gives_the_same_key_over_http_and_inside() {
    let merchant = Merchant::start().await;
    let inside = merchant.running.sandbox().register_alipay(app()).unwrap();
    let account = json!({
        "channel": "alipay", "app_id": APP_ID, "seller_id": SELLER_ID,
        "app_public_key_pem": app().app_public_key_pem,
    });
    let (status, answer) = merchant.control("POST", "accounts", account.clone()).await;
    assert_eq!(
        (status, answer),
        (200, json!({ "alipay_public_key_pem": inside }))
    );
    let mut other = account.clone();
    other["app_id"] = json!("2021000000000002");
    let (_, answer) = merchant.control("POST", "accounts", other).await;
    assert_ne!(answer["alipay_public_key_pem"], inside);
    let mut broken = account;
    broken["app_public_key_pem"] = json!("MIIBIjANBg");
    let (status, refusal) = merchant.control("POST", "accounts", broken).await;
    assert_eq!(
        (status, refusal["code"].as_str()),
        (422, Some("account_invalid"))
    );
}

#[tokio::test]
async fn an_app_that_was_just_registered_over_http_can_call_with_its_key() {
    let merchant = Merchant::start().await;
    let account = json!({
        "channel": "alipay", "app_id": "2021000000000002", "seller_id": SELLER_ID,
        "app_public_key_pem": app().app_public_key_pem,
    });
    merchant.control("POST", "accounts", account).await;
    let method = "alipay.trade.precreate";
    let mut params = merchant.unsigned(method, &crate::merchant::order("A1"));
    params.insert("app_id".into(), "2021000000000002".into());
    let body = merchant.post(&merchant.signed(params)).await;
    let (node, ours) = merchant.node(method, &body);
    assert_eq!((node["code"].as_str(), ours), (Some("10000"), false));
    merchant.paid("A1").await;
    merchant.open(node["qr_code"].clone()).await;
    let (status, refusal) = merchant
        .control("POST", &act("A1", "cancel"), Value::Null)
        .await;
    assert_eq!(
        (status, refusal["code"].as_str()),
        (409, Some("account_needed"))
    );
    let path = format!("{}?account=2021000000000002", act("A1", "pay"));
    let (status, paid) = merchant.control("POST", &path, Value::Null).await;
    assert_eq!(
        (status, paid["trade"]["account"].as_str()),
        (200, Some("2021000000000002"))
    );
}

#[tokio::test]
async fn a_trade_that_does_not_exist_is_not_found() {
    let merchant = Merchant::start().await;
    merchant.precreate("A1").await;
    for verb in ["pay", "cancel", "notify"] {
        let (status, refusal) = merchant
            .control("POST", &act("A1", verb), Value::Null)
            .await;
        assert_eq!(
            (status, refusal["code"].as_str()),
            (404, Some("trade_not_found")),
            "{verb}"
        );
    }
    let (status, _) = merchant
        .control("POST", &act("A1", "force_pay"), Value::Null)
        .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn time_moves_ahead_by_what_was_asked() {
    let merchant = Merchant::start().await;
    let (_, before) = merchant.control("GET", "clock", Value::Null).await;
    assert_eq!(before["ahead_seconds"], 0);
    merchant.advance(3600).await;
    let (_, after) = merchant.control("GET", "clock", Value::Null).await;
    assert_eq!(after["ahead_seconds"], 3600);
    let back = json!({ "advance_seconds": -5 });
    assert_eq!(merchant.control("POST", "clock", back).await.0, 422);
}

#[tokio::test]
async fn a_sandbox_with_a_state_file_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = Some(folder.path().join("sandbox.json"));
    let settings = Settings {
        state_file: state_file.clone(),
        ..Settings::default()
    };
    let merchant = Merchant::with(settings.clone()).await;
    merchant.paid("A1").await;
    let code = merchant.precreate("A2").await;
    merchant.advance(600).await;
    let before = merchant.in_ledger("A1").await.unwrap();
    let key = merchant.running.sandbox().register_alipay(app()).unwrap();
    merchant.running.stop().await;

    let merchant = Merchant::with(settings).await;
    assert_eq!(
        merchant.running.sandbox().register_alipay(app()).unwrap(),
        key
    );
    assert_eq!(merchant.in_ledger("A1").await.unwrap(), before);
    let (_, clock) = merchant.control("GET", "clock", Value::Null).await;
    assert!(clock["ahead_seconds"].as_i64().unwrap() >= 599, "{clock}");
    assert_eq!(merchant.open(json!(code)).await.0, 200);
    assert_eq!(merchant.query("A2").await["trade_status"], "WAIT_BUYER_PAY");
}

#[tokio::test]
async fn changes_are_saved_soon_without_a_stop_and_for_the_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let settings = Settings {
        state_file: Some(file.clone()),
        ..Settings::default()
    };
    let merchant = Merchant::with(settings).await;
    merchant.paid("A1").await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !std::fs::read_to_string(&file).is_ok_and(|text| text.contains("\"paid_at\":\"")) {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    #[cfg(unix)]
    {
        let mode = std::fs::metadata(&file).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&mode.permissions());
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}

#[tokio::test]
async fn a_state_file_that_is_none_and_an_address_in_use_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    std::fs::write(&file, "hello").unwrap();
    let settings = Settings {
        state_file: Some(file),
        ..Settings::default()
    };
    let error = start(settings).await.unwrap_err().to_string();
    assert!(error.contains("move it away"), "{error}");
    let merchant = Merchant::start().await;
    let addr = merchant.running.addr().to_string();
    let error = start(Settings {
        addr,
        ..Settings::default()
    })
    .await
    .unwrap_err()
    .to_string();
    assert!(error.contains("port 0"), "{error}");
}
