//! Pages, forms and order strings: what the payer's browser or app hands to Alipay.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use url::Url;

use crate::merchant::{APP_ID, Merchant, Params, SELLER_ID, act, encoded, joined, order};

const PAGE: &str = "alipay.trade.page.pay";
const WAP: &str = "alipay.trade.wap.pay";
const APP: &str = "alipay.trade.app.pay";

fn product(method: &str) -> &str {
    match method {
        PAGE => "FAST_INSTANT_TRADE_PAY",
        WAP => "QUICK_WAP_WAY",
        _ => "QUICK_MSECURITY_PAY",
    }
}

fn signed(merchant: &Merchant, method: &str, mut biz: Value) -> Params {
    biz["product_code"] = json!(product(method));
    let mut params = merchant.unsigned(method, &biz);
    params.insert(
        "return_url".into(),
        "http://shop.example/return?from=till".into(),
    );
    merchant.signed(params)
}

fn url(merchant: &Merchant, params: &Params) -> String {
    format!("{}/gateway.do?{}", merchant.running.url(), encoded(params))
}

fn form(merchant: &Merchant, params: &Params) -> String {
    let mut query = params.clone();
    let biz = query.remove("biz_content").unwrap().replace('"', "&quot;");
    format!(
        "<form name=\"punchout_form\" method=\"post\" action=\"{}/gateway.do?{}\">\n\
         <input type=\"hidden\" name=\"biz_content\" value=\"{biz}\">\n\
         <input type=\"submit\" value=\"立即支付\" style=\"display:none\">\n</form>\n\
         <script>document.forms[0].submit();</script>",
        merchant.running.url(),
        encoded(&query)
    )
}

async fn browse(merchant: &Merchant, url: &str) -> (u16, String, Vec<u8>) {
    let answer = merchant.http.get(url).send().await.unwrap();
    let content_type = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    (
        answer.status().as_u16(),
        content_type,
        answer.bytes().await.unwrap().to_vec(),
    )
}

#[tokio::test]
async fn a_page_url_creates_nothing_until_the_payer_signs_in() {
    let merchant = Merchant::start().await;
    for (method, number) in [(PAGE, "P1"), (WAP, "P2")] {
        let url = url(&merchant, &signed(&merchant, method, order(number)));
        let (status, _, html) = browse(&merchant, &url).await;
        let html = String::from_utf8(html).unwrap();
        assert_eq!(status, 200);
        assert!(
            html.contains("id=\"sign-in\"") && html.contains("88.88"),
            "{html}"
        );
        assert_eq!(
            merchant.query(number).await["sub_code"],
            "ACQ.TRADE_NOT_EXIST"
        );
        assert_eq!(
            merchant.close(number).await["sub_code"],
            "ACQ.TRADE_NOT_EXIST"
        );
        let (status, opened) = merchant.open(json!(url)).await;
        assert_eq!(
            (status, opened["out_trade_no"].as_str()),
            (200, Some(number))
        );
        assert_eq!(
            merchant.query(number).await["trade_status"],
            "WAIT_BUYER_PAY"
        );
    }
}

#[tokio::test]
async fn a_post_form_is_opened_as_a_browser_would_submit_it() {
    let merchant = Merchant::start().await;
    let html = form(&merchant, &signed(&merchant, PAGE, order("P1")));
    let (status, opened) = merchant.open(json!(html)).await;
    assert_eq!(
        (status, opened["out_trade_no"].as_str()),
        (200, Some("P1")),
        "{opened}"
    );
}

#[tokio::test]
async fn paying_on_a_page_leads_back_with_parameters_signed_by_v1_and_no_status() {
    let merchant = Merchant::start().await;
    let url = url(&merchant, &signed(&merchant, PAGE, order("P1")));
    merchant.open(json!(url)).await;
    let (_, paid) = merchant
        .control("POST", &act("P1", "pay"), Value::Null)
        .await;
    let back = Url::parse(paid["return_url"].as_str().unwrap()).unwrap();
    assert_eq!(
        (back.host_str(), back.path()),
        (Some("shop.example"), "/return")
    );
    let mut params: BTreeMap<String, String> = back.query_pairs().into_owned().collect();
    assert_eq!(params.remove("from").as_deref(), Some("till"));
    assert!(merchant.is_alipays(&joined(&params, &["sign", "sign_type"]), &params["sign"]));
    let names: Vec<_> = params.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "app_id",
            "auth_app_id",
            "charset",
            "method",
            "out_trade_no",
            "seller_id",
            "sign",
            "sign_type",
            "timestamp",
            "total_amount",
            "trade_no",
            "version"
        ]
    );
    assert_eq!(params["method"], "alipay.trade.page.pay.return");
    assert_eq!(
        (params["app_id"].as_str(), params["seller_id"].as_str()),
        (APP_ID, SELLER_ID)
    );
    assert_eq!(params["total_amount"], "88.88");
}

#[tokio::test]
async fn a_page_with_a_mistake_shows_the_payer_an_error_page_in_gbk() {
    let merchant = Merchant::start().await;
    let mut params = signed(&merchant, PAGE, order("P1"));
    params.insert("sign".into(), merchant.sign("something else"));
    let mut late = order("P2");
    late["time_expire"] = json!(merchant.in_seconds(-1));
    let late = signed(&merchant, PAGE, late);
    let expired = "订单参数异常，请重新下单后再发起付款";
    for (params, words, code, kind) in [
        (params, "isv.invalid-signature", 422, "artefact_refused"),
        (late, expired, 409, "artefact_over"),
    ] {
        let url = url(&merchant, &params);
        let (status, content_type, html) = browse(&merchant, &url).await;
        assert_eq!(
            (status, content_type.as_str()),
            (200, "text/html;charset=GBK")
        );
        let (text, _, broken) = encoding_rs::GBK.decode(&html);
        assert!(!broken && text.contains(words), "{text}");
        let (status, refusal) = merchant.open(json!(url)).await;
        assert_eq!((status, refusal["code"].as_str()), (code, Some(kind)));
    }
}

#[tokio::test]
async fn an_old_page_can_be_paid_after_a_close_that_found_no_trade_until_its_time_expire() {
    let merchant = Merchant::start().await;
    let mut biz = order("P1");
    biz["time_expire"] = json!(merchant.in_seconds(900));
    let first = url(&merchant, &signed(&merchant, WAP, biz.clone()));
    assert_eq!(
        merchant.close("P1").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    merchant.advance(600).await;
    assert_eq!(merchant.open(json!(first)).await.0, 200);
    assert_eq!(
        merchant
            .control("POST", &act("P1", "pay"), Value::Null)
            .await
            .0,
        200
    );
    biz["out_trade_no"] = json!("P2");
    let second = url(&merchant, &signed(&merchant, WAP, biz));
    merchant.advance(301).await;
    assert_eq!(merchant.open(json!(second)).await.0, 409);
}

#[tokio::test]
async fn two_pages_for_one_number_are_one_trade_and_must_agree() {
    let merchant = Merchant::start().await;
    let page = url(&merchant, &signed(&merchant, PAGE, order("P1")));
    let wap = url(&merchant, &signed(&merchant, WAP, order("P1")));
    let mut other = order("P1");
    other["total_amount"] = json!("1.00");
    let other = url(&merchant, &signed(&merchant, PAGE, other));
    assert_eq!(merchant.open(json!(page)).await.0, 200);
    assert_eq!(merchant.open(json!(wap)).await.0, 200);
    let (status, refusal) = merchant.open(json!(other)).await;
    assert_eq!(status, 422);
    assert!(
        refusal["detail"]
            .as_str()
            .unwrap()
            .contains("ACQ.CONTEXT_INCONSISTENT")
    );
    merchant
        .control("POST", &act("P1", "pay"), Value::Null)
        .await;
    assert_eq!(merchant.open(json!(wap)).await.0, 409);
}

#[tokio::test]
async fn a_relative_timeout_runs_from_the_first_visit_of_a_page_and_from_signing_in_on_a_phone() {
    let merchant = Merchant::start().await;
    let mut biz = order("P1");
    biz["timeout_express"] = json!("10m");
    let page = url(&merchant, &signed(&merchant, PAGE, biz.clone()));
    biz["out_trade_no"] = json!("P2");
    biz["timeout_express"] = json!("1m");
    let wap = url(&merchant, &signed(&merchant, WAP, biz));
    browse(&merchant, &page).await;
    browse(&merchant, &wap).await;
    merchant.advance(660).await;
    assert_eq!(merchant.open(json!(page)).await.0, 409);
    assert_eq!(merchant.open(json!(wap)).await.0, 200);
    merchant.advance(290).await;
    assert_eq!(merchant.query("P2").await["trade_status"], "WAIT_BUYER_PAY");
    merchant.advance(20).await;
    assert_eq!(merchant.query("P2").await["trade_status"], "TRADE_CLOSED");
}

#[tokio::test]
async fn an_order_string_creates_the_trade_when_the_payer_confirms() {
    let merchant = Merchant::start().await;
    let text = encoded(&signed(&merchant, APP, order("P1")));
    let (status, opened) = merchant.open(json!(text)).await;
    assert_eq!(
        (status, opened["out_trade_no"].as_str()),
        (200, Some("P1")),
        "{opened}"
    );
    assert_eq!(
        merchant.query("P1").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    assert_eq!(
        merchant.close("P1").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    let (status, paid) = merchant
        .control("POST", &act("P1", "pay"), Value::Null)
        .await;
    assert_eq!((status, paid["return_url"].as_str()), (200, None));
    assert_eq!(merchant.query("P1").await["trade_status"], "TRADE_SUCCESS");
    merchant.notices.wait(1).await;
    let tampered = text.replace("88.88", "00.88");
    assert_eq!(merchant.open(json!(tampered)).await.0, 422);
}

#[tokio::test]
async fn an_order_string_that_expired_before_the_password_is_not_paid() {
    let merchant = Merchant::start().await;
    let mut biz = order("P1");
    biz["time_expire"] = json!(merchant.in_seconds(60));
    let text = encoded(&signed(&merchant, APP, biz));
    assert_eq!(merchant.open(json!(text)).await.0, 200);
    merchant.advance(61).await;
    assert_eq!(
        merchant
            .control("POST", &act("P1", "pay"), Value::Null)
            .await
            .0,
        409
    );
    assert_eq!(merchant.in_ledger("P1").await, None);
}

#[tokio::test]
async fn what_is_no_artefact_is_refused_with_what_to_give() {
    let merchant = Merchant::start().await;
    for (artefact, status) in [
        (json!("https://qr.alipay.com/bax404"), 404),
        (json!("hello"), 422),
        (json!("<form action=\"https://example.com\"></form>"), 422),
        (json!(7), 422),
        (json!("{broken"), 422),
    ] {
        let (got, refusal) = merchant.open(artefact.clone()).await;
        assert_eq!(got, status, "{artefact} {refusal}");
        assert!(refusal["detail"].is_string());
    }
}
