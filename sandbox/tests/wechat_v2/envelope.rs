//! The message itself: what is accepted, and what is refused without a signature.

use crate::merchant::{KEY, Merchant, direct};
use crate::message::{Fields, fields, read, sign, write};

/// What was answered to a raw body: an unsigned FAIL with these fields alone.
async fn refused(merchant: &Merchant, body: &str) -> String {
    let (status, text) = merchant.send("/pay/orderquery", body).await.unwrap();
    assert_eq!(status, 200, "{text}");
    let answer = read("xml", &text);
    let names: Vec<_> = answer.keys().map(String::as_str).collect();
    assert_eq!(names, ["return_code", "return_msg"], "{answer:?}");
    assert_eq!(answer["return_code"], "FAIL");
    answer["return_msg"].clone()
}

fn query(merchant: &Merchant) -> Fields {
    merchant.signed(&fields([("out_trade_no", "order_000001")]))
}

#[tokio::test]
async fn a_wrong_or_missing_signature_is_refused_without_one() {
    let merchant = Merchant::start().await;
    let mut wrong = query(&merchant);
    wrong.insert("out_trade_no".to_owned(), "order_000002".to_owned());
    let mut missing = query(&merchant);
    missing.remove("sign");
    let mut empty = query(&merchant);
    empty.insert("sign".to_owned(), String::new());
    let mut lower = query(&merchant);
    let sign_of = lower["sign"].to_lowercase();
    lower.insert("sign".to_owned(), sign_of);
    for fields in [wrong, missing, empty, lower] {
        let message = refused(&merchant, &write(&fields)).await;
        assert!(message.starts_with("签名错误"), "{message}");
    }
}

#[tokio::test]
async fn an_unknown_sign_type_or_merchant_is_refused_without_a_signature() {
    let merchant = Merchant::start().await;
    let mut other = query(&merchant);
    other.insert("sign_type".to_owned(), "SHA1".to_owned());
    assert!(
        refused(&merchant, &write(&other))
            .await
            .contains("sign_type")
    );
    let mut nobody = query(&merchant);
    nobody.insert("mch_id".to_owned(), "1900000000".to_owned());
    assert!(refused(&merchant, &write(&nobody)).await.contains("mch_id"));
}

#[tokio::test]
async fn what_is_no_flat_xml_is_refused_and_nothing_is_resolved() {
    let merchant = Merchant::start().await;
    let good = write(&query(&merchant));
    let doctype = format!("<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>{good}");
    let doubled = good.replace("</xml>", "<mch_id>1900009191</mch_id></xml>");
    let nested = good.replace("</xml>", "<a><b>1</b></a></xml>");
    let entity = good.replace("</xml>", "<a>&b;</a></xml>");
    let attributes: String = (0..100_000).map(|n| format!(" a{n}='1'")).collect();
    let heap = good.replacen("<xml>", &format!("<xml{attributes}>"), 1);
    let long = good.replace("</xml>", &format!("<a>{}</a></xml>", "x".repeat(70_000)));
    for body in [&*doctype, &doubled, &nested, &entity, &long, "{}", "<xml>"] {
        assert!(refused(&merchant, body).await.contains("XML"), "{body:.99}");
    }
    assert_eq!(refused(&merchant, "").await, "post数据为空");
    // Larger than any message: whatever the answer, nothing was accepted.
    let (_, text) = merchant.send("/pay/orderquery", &heap).await.unwrap();
    assert!(!text.contains("SUCCESS"), "{text}");
}

#[tokio::test]
async fn a_get_is_told_that_nothing_was_posted() {
    let merchant = Merchant::start().await;
    let url = format!("{}/pay/unifiedorder", merchant.running.url());
    let text = merchant
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(read("xml", &text)["return_msg"], "post数据为空");
}

#[tokio::test]
async fn an_answer_is_signed_as_the_request_was() {
    let mut merchant = Merchant::start().await;
    for sign_type in ["MD5", "HMAC-SHA256"] {
        merchant.sign_type = sign_type;
        // The merchant of these tests verifies by its own sign type.
        let answer = merchant.query("order_000001").await;
        assert_eq!(answer["err_code"], "ORDERNOTEXIST");
        assert_eq!(
            answer["sign"].len(),
            if sign_type == "MD5" { 32 } else { 64 }
        );
    }
}

#[tokio::test]
async fn plain_text_cdata_and_fields_that_nobody_knows_are_taken_and_signed() {
    let merchant = Merchant::start().await;
    let mut order = merchant.order("NATIVE", "order_000001");
    order.insert("future_field_x".to_owned(), "a=1&b=<2>".to_owned());
    let plain: String = merchant
        .signed(&order)
        .iter()
        .map(|(name, value)| {
            let value = value.replace('&', "&amp;").replace('<', "&#60;");
            format!("\n  <{name}>{value}</{name}>")
        })
        .collect();
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><xml>{plain}\n</xml>");
    let (_, text) = merchant.send("/pay/unifiedorder", &body).await.unwrap();
    let answer = read("xml", &text);
    assert_eq!(answer["result_code"], "SUCCESS", "{answer:?}");
    assert!(merchant.verifies(&answer));
}

#[tokio::test]
async fn a_wrong_appid_and_a_missing_nonce_are_refused_with_a_signature() {
    let mut merchant = Merchant::start().await;
    let number = fields([("out_trade_no", "order_000001")]);
    let mut bare = merchant.signed(&number);
    bare.remove("nonce_str");
    let signature = sign(&bare, "MD5", "sign", KEY);
    bare.insert("sign".to_owned(), signature);
    let (_, text) = merchant
        .send("/pay/orderquery", &write(&bare))
        .await
        .unwrap();
    let answer = read("xml", &text);
    assert!(merchant.verifies(&answer));
    assert_eq!(answer["err_code"], "LACK_PARAMS");
    merchant
        .identity
        .insert("appid".to_owned(), "wx0000000000000000".to_owned());
    let refused = merchant.signed(&number);
    let (_, text) = merchant
        .send("/pay/orderquery", &write(&refused))
        .await
        .unwrap();
    assert_eq!(read("xml", &text)["err_code"], "APPID_MCHID_NOT_MATCH");
}

#[tokio::test]
async fn a_merchant_that_cannot_be_is_not_registered() {
    let merchant = Merchant::start().await;
    let sandbox = merchant.running.sandbox();
    for spoil in [
        |merchant: &mut sandbox::WechatV2Merchant| merchant.api_key = "short".to_owned().into(),
        |merchant: &mut sandbox::WechatV2Merchant| merchant.mch_id = String::new(),
        |merchant: &mut sandbox::WechatV2Merchant| merchant.appid = "a b".to_owned(),
        |merchant: &mut sandbox::WechatV2Merchant| {
            merchant.certificate_pem = Some("no certificate".to_owned());
        },
    ] {
        let mut wrong = direct();
        spoil(&mut wrong);
        assert!(sandbox.register_wechat_v2(wrong).is_err());
    }
    let again = sandbox.register_wechat_v2(direct()).unwrap();
    assert_eq!(again, merchant.platform);
}
