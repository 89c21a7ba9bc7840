//! OAuth: how a page inside WeChat learns the payer's openid, and what keeps it from learning more.

use serde_json::{Value, json};
use url::Url;

use crate::merchant::{APPID, MCHID, Merchant};

const WECHAT: &str = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 MicroMessenger/8.0.50";
const MINI: &str = "wx00000000mini0001";

/// Follows the authorise address with this query; answers where the browser is sent, or the page.
async fn authorize(merchant: &Merchant, agent: &str, query: &str) -> Result<Url, String> {
    let url = format!(
        "{}/connect/oauth2/authorize?{query}#wechat_redirect",
        merchant.running.url()
    );
    let request = merchant.http.get(url).header("User-Agent", agent);
    let answer = request.send().await.unwrap();
    match answer.headers().get("Location") {
        Some(location) => {
            assert_eq!(answer.status(), 302);
            Ok(location.to_str().unwrap().parse().unwrap())
        }
        None => Err(answer.text().await.unwrap()),
    }
}

fn query(appid: &str) -> String {
    format!(
        "appid={appid}&redirect_uri=https%3A%2F%2Fpay.example.com%2Fback%3Forder%3D1\
         &response_type=code&scope=snsapi_base&state=abc123"
    )
}

fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(found, _)| found == name).unwrap();
    value.into_owned()
}

async fn exchange(merchant: &Merchant, path: &str, parameters: &[(&str, &str)]) -> Value {
    let url = format!("{}{path}", merchant.running.url());
    let request = merchant.http.get(url).query(parameters);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["Content-Type"], "text/plain");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn token(merchant: &Merchant, appid: &str, secret: &str, code: &str) -> Value {
    let parameters = [
        ("appid", appid),
        ("secret", secret),
        ("code", code),
        ("grant_type", "authorization_code"),
    ];
    exchange(merchant, "/sns/oauth2/access_token", &parameters).await
}

async fn openid(merchant: &Merchant, query: &str, appid: &str) -> String {
    let back = authorize(merchant, WECHAT, query).await.unwrap();
    let told = token(merchant, appid, "secret", &parameter(&back, "code")).await;
    told["openid"].as_str().unwrap().to_owned()
}

async fn bind(merchant: &Merchant, app: Value) {
    let path = format!("/wechat/{MCHID}/apps");
    assert_eq!(merchant.control("POST", &path, app).await.0, 200);
}

#[tokio::test]
async fn the_browser_comes_back_with_a_code_and_its_state_and_the_code_says_once_who_it_is() {
    let merchant = Merchant::start().await;
    let back = authorize(&merchant, WECHAT, &query(APPID)).await.unwrap();
    assert!(
        back.as_str()
            .starts_with("https://pay.example.com/back?order=1&code=")
    );
    assert_eq!(parameter(&back, "state"), "abc123");
    let code = parameter(&back, "code");
    let told = token(&merchant, APPID, "secret", &code).await;
    assert_eq!(told["scope"], "snsapi_base");
    assert_eq!(told["expires_in"], 7200);
    assert!(told["openid"].as_str().unwrap().starts_with('o'));
    let again = token(&merchant, APPID, "secret", &code).await;
    assert_eq!(again["errcode"], 40163);
    // Who pays by a code is the same person.
    let native = merchant.native("order_000001").await;
    merchant.pay(&native, "order_000001").await;
    let paid = merchant.query("order_000001").await.body;
    assert_eq!(paid["payer"]["openid"], told["openid"]);
}

#[tokio::test]
async fn the_payer_stays_the_same_under_an_appid_until_a_test_says_otherwise() {
    let merchant = Merchant::start().await;
    bind(&merchant, json!({ "appid": MINI })).await;
    let first = openid(&merchant, &query(APPID), APPID).await;
    assert_eq!(openid(&merchant, &query(APPID), APPID).await, first);
    assert_ne!(openid(&merchant, &query(MINI), MINI).await, first);
    let once = format!("{}&openid=oSomebodyElse", query(APPID));
    assert_eq!(openid(&merchant, &once, APPID).await, "oSomebodyElse");
    assert_eq!(openid(&merchant, &query(APPID), APPID).await, first);
    let set = json!({ "appid": APPID, "openid": "oFromNowOn" });
    assert_eq!(merchant.control("POST", "/payer/openid", set).await.0, 204);
    assert_eq!(openid(&merchant, &query(APPID), APPID).await, "oFromNowOn");
}

#[tokio::test]
async fn outside_of_wechat_or_with_another_order_of_parameters_there_is_only_a_page() {
    let merchant = Merchant::start().await;
    bind(
        &merchant,
        json!({ "appid": MINI, "oauth_domain": "shop.example.com" }),
    )
    .await;
    let good = query(APPID);
    let page = authorize(&merchant, "Mozilla/5.0 Chrome/130", &good).await;
    assert!(page.unwrap_err().contains("请在微信客户端打开链接"));
    for (wrong, says) in [
        (good.replace("snsapi_base", "snsapi_userinfo"), "10005"),
        (good.replace(APPID, "wx_nobody"), "10004"),
        (query(MINI), "10003"),
        (good.replace("response_type=code&", ""), "in this order"),
        (good.replace("abc123", "a-b"), "in this order"),
        (format!("{good}&colour=red"), "in this order"),
        (
            good.replace(
                "&scope=snsapi_base&state=abc123",
                "&state=abc123&scope=snsapi_base",
            ),
            "in this order",
        ),
        (
            good.replace("https%3A%2F%2F", "javascript%3A"),
            "in this order",
        ),
    ] {
        let page = authorize(&merchant, WECHAT, &wrong).await.unwrap_err();
        assert!(page.contains(says), "{wrong}: {page}");
    }
}

#[tokio::test]
async fn a_code_is_refused_with_a_wrong_secret_for_another_appid_or_after_five_minutes() {
    let merchant = Merchant::start().await;
    bind(&merchant, json!({ "appid": MINI, "secret": "s3cret" })).await;
    let code = |back: Url| parameter(&back, "code");
    let mini = code(authorize(&merchant, WECHAT, &query(MINI)).await.unwrap());
    let refused = |told: Value| told["errcode"].as_i64().unwrap();
    assert_eq!(refused(token(&merchant, MINI, "wrong", &mini).await), 40125);
    assert_eq!(refused(token(&merchant, MINI, "", &mini).await), 41004);
    assert_eq!(refused(token(&merchant, APPID, "x", &mini).await), 40029);
    assert_eq!(
        refused(token(&merchant, "wx_nobody", "x", &mini).await),
        40013
    );
    assert_eq!(
        refused(token(&merchant, MINI, "s3cret", "never").await),
        40029
    );
    // None of them used the code up; a mini program exchanges its own elsewhere.
    let parameters = [
        ("appid", MINI),
        ("secret", "s3cret"),
        ("js_code", mini.as_str()),
        ("grant_type", "authorization_code"),
    ];
    let session = exchange(&merchant, "/sns/jscode2session", &parameters).await;
    assert!(session["openid"].is_string() && session["session_key"].is_string());
    let late = code(authorize(&merchant, WECHAT, &query(MINI)).await.unwrap());
    merchant.advance(300).await;
    assert_eq!(
        refused(token(&merchant, MINI, "s3cret", &late).await),
        40029
    );
}

/// An order in a page or mini program under `appid` for `openid`.
async fn jsapi(merchant: &Merchant, number: &str, appid: &str, openid: &str) -> (u16, Value) {
    let mut body = merchant.order(number);
    body["appid"] = json!(appid);
    body["payer"] = json!({ "openid": openid });
    let target = "/v3/pay/transactions/jsapi";
    let answer = merchant.call("POST", target, &body.to_string()).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_mini_programs_order_is_a_jsapi_order_under_its_own_appid_and_openid() {
    let merchant = Merchant::start().await;
    let (status, body) = jsapi(&merchant, "order_000001", MINI, "oX").await;
    assert_eq!(
        (status, &body["code"]),
        (400, &json!("APPID_MCHID_NOT_MATCH"))
    );
    bind(&merchant, json!({ "appid": MINI })).await;
    let mine = openid(&merchant, &query(MINI), MINI).await;
    let official = openid(&merchant, &query(APPID), APPID).await;
    let (status, body) = jsapi(&merchant, "order_000001", MINI, &official).await;
    assert_eq!((status, &body["code"]), (500, &json!("OPENID_MISMATCH")));
    let (status, body) = jsapi(&merchant, "order_000001", MINI, &mine).await;
    assert_eq!(status, 200, "{body}");
    let (time, id) = (
        crate::merchant::wall_seconds(),
        body["prepay_id"].as_str().unwrap(),
    );
    let sign = merchant.sign(&format!("{MINI}\n{time}\nn1\nprepay_id={id}\n"));
    let parameters = json!({
        "appId": MINI, "timeStamp": time.to_string(), "nonceStr": "n1",
        "package": format!("prepay_id={id}"), "signType": "RSA", "paySign": sign,
    });
    assert_eq!(merchant.open(parameters).await.0, 200);
    merchant
        .control("POST", "/trades/order_000001/pay", json!({}))
        .await;
    let paid = merchant.query("order_000001").await.body;
    assert_eq!(
        (&paid["appid"], &paid["trade_type"]),
        (&json!(MINI), &json!("JSAPI"))
    );
    assert_eq!(paid["payer"]["openid"], json!(mine));
}
