//! Who the payer is: the authorize page and the token.

use serde_json::{Value, json};
use url::Url;

use crate::merchant::{APP_ID, Merchant, order};

const TOKEN: &str = "alipay.system.oauth.token";
const BACK: &str = "http://shop.example/back?order=1";

/// Goes to the page, and gives the parameters with which it leads back.
async fn visit(merchant: &Merchant, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut url = Url::parse(&merchant.running.url()).unwrap();
    url.set_path("/oauth2/publicAppAuthorize.htm");
    url.query_pairs_mut()
        .append_pair("app_id", APP_ID)
        .append_pair("scope", "auth_base")
        .append_pair("redirect_uri", BACK)
        .append_pair("state", "s t+%/")
        .extend_pairs(more);
    let answer = merchant.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let target = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert!(target.as_str().starts_with(BACK));
    target.query_pairs().into_owned().collect()
}

async fn code(merchant: &Merchant, more: &[(&str, &str)]) -> String {
    value(&visit(merchant, more).await, "auth_code")
}

fn value(pairs: &[(String, String)], name: &str) -> String {
    let found = pairs.iter().find(|(known, _)| known == name);
    found
        .unwrap_or_else(|| panic!("{name} in {pairs:?}"))
        .1
        .clone()
}

/// The whole answer of a token call, its signature checked.
async fn token(merchant: &Merchant, pairs: &[(&str, &str)]) -> Value {
    let mut params = merchant.unsigned(TOKEN, &json!({}));
    params.remove("biz_content");
    for (name, value) in pairs {
        params.insert((*name).into(), (*value).into());
    }
    let body = merchant.post(&merchant.signed(params)).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    let (at, end) = (
        body.find(":{").unwrap() + 1,
        body.rfind(",\"sign\"").unwrap(),
    );
    assert!(
        merchant.is_alipays(&body[at..end], answer["sign"].as_str().unwrap()),
        "{body}"
    );
    answer
}

async fn by_code(merchant: &Merchant, code: &str) -> Value {
    token(
        merchant,
        &[("grant_type", "authorization_code"), ("code", code)],
    )
    .await
}

#[tokio::test]
async fn the_page_leads_back_with_a_code_and_the_state_as_it_was() {
    let merchant = Merchant::start().await;
    let back = visit(&merchant, &[]).await;
    assert_eq!(value(&back, "order"), "1");
    assert_eq!(value(&back, "state"), "s t+%/");
    assert_eq!(
        (
            value(&back, "app_id").as_str(),
            value(&back, "scope").as_str()
        ),
        (APP_ID, "auth_base")
    );
    let answer = by_code(&merchant, &value(&back, "auth_code")).await;
    let node = &answer["alipay_system_oauth_token_response"];
    assert_eq!(node["user_id"], "2088000000000002");
    assert!(node.get("code").is_none() && node["access_token"].is_string());
    assert_eq!(
        (node["expires_in"].as_str(), node["re_expires_in"].as_str()),
        (Some("1296000"), Some("2592000"))
    );
}

#[tokio::test]
async fn a_payer_can_be_chosen_and_be_known_by_an_open_id() {
    let merchant = Merchant::start().await;
    let payer = [("payer", "2088000000000077")];
    let answer = by_code(&merchant, &code(&merchant, &payer).await).await;
    assert_eq!(
        answer["alipay_system_oauth_token_response"]["user_id"],
        "2088000000000077"
    );
    merchant
        .control("POST", "alipay", json!({ "open_ids": true }))
        .await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let answer = by_code(&merchant, &code(&merchant, &payer).await).await;
        let node = answer["alipay_system_oauth_token_response"].clone();
        assert!(node.get("user_id").is_none(), "{node}");
        seen.push(node["open_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn the_test_payer_is_the_same_person_who_signs_in_scans_or_is_scanned() {
    let merchant = Merchant::start().await;
    merchant
        .control("POST", "alipay", json!({ "open_ids": true }))
        .await;
    let answer = by_code(&merchant, &code(&merchant, &[]).await).await;
    let open_id = answer["alipay_system_oauth_token_response"]["open_id"].clone();
    merchant.paid("A1").await;
    let (_, shown) = merchant
        .control(
            "POST",
            "payer/barcode",
            json!({ "channel": "alipay", "behaviour": "pay" }),
        )
        .await;
    let mut biz = order("A2");
    biz["scene"] = json!("bar_code");
    biz["auth_code"] = shown["auth_code"].clone();
    let scanned = merchant.call("alipay.trade.pay", biz).await;
    for node in [merchant.query("A1").await, scanned] {
        assert_eq!(node["buyer_open_id"], open_id, "{node}");
        assert!(node.get("buyer_user_id").is_none());
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_for_three_minutes() {
    let merchant = Merchant::start().await;
    let used = code(&merchant, &[]).await;
    assert!(by_code(&merchant, &used).await["alipay_system_oauth_token_response"].is_object());
    let old = code(&merchant, &[]).await;
    merchant.advance(180).await;
    for wrong in [used.as_str(), old.as_str(), "nonsense"] {
        let answer = by_code(&merchant, wrong).await;
        let node = &answer["error_response"];
        assert_eq!(
            (node["code"].as_str(), node["sub_code"].as_str()),
            (Some("40002"), Some("isv.code-invalid")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_refresh_token_is_good_once_for_thirty_days() {
    let merchant = Merchant::start().await;
    let refresh = |answer: &Value| {
        let node = &answer["alipay_system_oauth_token_response"];
        node["refresh_token"].as_str().unwrap().to_owned()
    };
    let first = refresh(&by_code(&merchant, &code(&merchant, &[]).await).await);
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.as_str()),
    ];
    let second = refresh(&token(&merchant, &pairs).await);
    for (name, sub_code) in [
        (first.as_str(), "isv.refreshed-token-invalid"),
        ("nonsense", "isv.refresh-token-invalid"),
    ] {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", name)];
        assert_eq!(
            token(&merchant, &pairs).await["error_response"]["sub_code"],
            sub_code
        );
    }
    merchant.advance(30 * 24 * 3600).await;
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", second.as_str()),
    ];
    assert_eq!(
        token(&merchant, &pairs).await["error_response"]["sub_code"],
        "isv.refresh-token-time-out"
    );
    let pairs = [("grant_type", "password")];
    assert_eq!(
        token(&merchant, &pairs).await["error_response"]["sub_code"],
        "isv.grant-type-invalid"
    );
}

#[tokio::test]
async fn the_page_says_what_is_wrong_with_a_request() {
    let merchant = Merchant::start().await;
    for query in [
        "app_id=2021000000000404&scope=auth_base&redirect_uri=http%3A%2F%2Fa.example",
        "app_id=2021000000000001&scope=auth_all&redirect_uri=http%3A%2F%2Fa.example",
        "app_id=2021000000000001&scope=auth_base&redirect_uri=javascript%3Aalert(1)",
        "app_id=2021000000000001&scope=auth_base&redirect_uri=http%3A%2F%2Fa.example&payer=1",
        "app_id=2021000000000001",
    ] {
        let url = format!(
            "{}/oauth2/publicAppAuthorize.htm?{query}",
            merchant.running.url()
        );
        assert_eq!(
            merchant.http.get(url).send().await.unwrap().status(),
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_broken_signature_and_a_system_error_come_as_error_response() {
    let merchant = Merchant::start().await;
    let code = code(&merchant, &[]).await;
    let mut params = merchant.signed(merchant.unsigned(TOKEN, &json!({})));
    params.insert("code".into(), code.clone());
    let body = merchant.post(&params).await;
    assert!(
        body.starts_with("{\"error_response\"") && body.contains("isv.invalid-signature"),
        "{body}"
    );
    let fault = json!({ "method": TOKEN, "fault": "system_error", "times": 1 });
    merchant.fault(fault).await;
    assert_eq!(
        by_code(&merchant, &code).await["error_response"]["code"],
        "20000"
    );
    assert!(by_code(&merchant, &code).await["alipay_system_oauth_token_response"].is_object());
}
