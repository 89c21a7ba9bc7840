//! Who may call `/secapi/*`: whoever shows the merchant's certificate.

use sandbox::{Settings, WechatV2Merchant};
use serde_json::json;

use crate::merchant::{KEY, MCH_ID, Merchant, client, direct};
use crate::message::write;

/// What a refund is answered at this address through this client.
async fn refund(merchant: &Merchant, base: &str, http: &reqwest::Client) -> (u16, String) {
    let refund = merchant.refund("order_000001", "R1", 10);
    let body = write(&merchant.signed(&refund));
    let request = http.post(format!("{base}/secapi/pay/refund")).body(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn without_the_merchants_certificate_there_is_a_web_servers_page() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    let https = merchant.running.https_url().unwrap();
    let bare = client(&merchant.platform, false);
    let other = WechatV2Merchant {
        mch_id: "1900000001".to_owned(),
        ..direct()
    };
    let other = merchant
        .running
        .sandbox()
        .register_wechat_v2(other)
        .unwrap();
    for (base, http, page) in [
        (
            https.as_str(),
            &bare,
            "No required SSL certificate was sent",
        ),
        (
            &merchant.running.url(),
            &merchant.http,
            "No required SSL certificate was sent",
        ),
        (&https, &client(&other, true), "The SSL certificate error"),
    ] {
        let (status, text) = refund(&merchant, base, http).await;
        assert_eq!(status, 400);
        assert!(text.starts_with("<html>") && text.contains(page), "{text}");
    }
    assert!(merchant.ledger().await.1.is_empty());
    let (status, text) = refund(&merchant, &https, &merchant.http).await;
    assert!(
        status == 200 && text.contains("<result_code><![CDATA[SUCCESS]]>"),
        "{text}"
    );
    assert_eq!(merchant.ledger().await.1.len(), 1);
}

#[tokio::test]
async fn the_plain_port_is_enough_where_a_proxy_has_checked_the_certificate() {
    let merchant = WechatV2Merchant {
        certificate_checked_by_proxy: true,
        ..direct()
    };
    let merchant = Merchant::with(Settings::default(), merchant).await;
    merchant.paid("order_000001").await;
    let (status, text) = refund(&merchant, &merchant.running.url(), &merchant.http).await;
    assert!(
        status == 200 && text.contains("<result_code><![CDATA[SUCCESS]]>"),
        "{text}"
    );
    // On the https port the sandbox looks for itself.
    let https = merchant.running.https_url().unwrap();
    let bare = client(&merchant.platform, false);
    assert_eq!(refund(&merchant, &https, &bare).await.0, 400);
}

#[tokio::test]
async fn a_merchant_may_bring_its_own_certificate() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wechat/00_keys.json");
    let keys: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let pem = |name: &str| keys["merchant"][name].as_str().unwrap().to_owned();
    let own = WechatV2Merchant {
        certificate_pem: Some(pem("cert_pem")),
        ..direct()
    };
    let mut merchant = Merchant::with(Settings::default(), own).await;
    assert_eq!(merchant.platform.private_key_pem, None);
    merchant.platform.private_key_pem = Some(pem("private_key_pkcs8_pem"));
    merchant.http = client(&merchant.platform, true);
    merchant.paid("order_000001").await;
    let https = merchant.running.https_url().unwrap();
    let (status, text) = refund(&merchant, &https, &merchant.http).await;
    assert!(
        status == 200 && text.contains("<result_code><![CDATA[SUCCESS]]>"),
        "{text}"
    );
}

#[tokio::test]
async fn an_account_is_registered_over_http_too() {
    let merchant = Merchant::start().await;
    let account = json!({
        "channel": "wechat_v2", "mch_id": MCH_ID, "appid": "wx2421b1c4370ec43b", "api_key": KEY,
        "sub_merchants": [{ "sub_mch_id": "1900000109", "sub_appid": "wx8888888888888888" }],
    });
    let given = merchant.controlled("/accounts", account).await;
    // The same merchant keeps its certificate.
    assert_eq!(given["certificate_pem"], merchant.platform.certificate_pem);
    assert!(given["private_key_pem"].is_string() && given["ca_certificate_pem"].is_string());
    let (status, refused) = merchant
        .control(
            "POST",
            "/accounts",
            json!({ "channel": "wechat_v2", "mch_id": MCH_ID }),
        )
        .await;
    assert_eq!(status, 422, "{refused}");
}
