//! Orders and what is handed out, against the vectors.

use super::*;
use crate::wechat_v2::account::SubMerchant;
use crate::wechat_v2::sign::SignType;
use crate::wechat_v2::{fixture, xml};
use cashier::id::FlowNo;
use cashier::money::Money;
use cashier::time::Timestamp;

fn request(way: Way) -> PayRequest {
    PayRequest {
        flow_no: FlowNo::new("20150806125346"),
        way,
        amount: Money::from_fen(88).unwrap(),
        subject: "腾讯充值中心-QQ会员充值".to_owned(),
        // 2009-12-27 09:10:10 in Beijing.
        expires_at: Timestamp::from_millis(1_261_876_210_000),
        notify_url: "https://pay.example.com/wx/notify".to_owned(),
        return_url: None,
        client_ip: Some("123.12.12.123".to_owned()),
        payer: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned()),
        auth_code: None,
    }
}

fn provider(sub_appid: Option<&str>) -> Account {
    let mut settings = fixture::settings();
    settings.sub_merchant = Some(SubMerchant {
        mch_id: "1900000109".to_owned(),
        appid: sub_appid.map(str::to_owned),
    });
    Account::new(settings).unwrap()
}

pub(in crate::wechat_v2) fn vectors_of_wallets() {
    the_vectors_client_parameters_come_out_whole();
    the_vectors_legacy_code_is_signed_by_the_same_rule();
    the_vectors_web_address_gets_the_return_address();
}

pub(in crate::wechat_v2) fn vectors_of_bodies() {
    each_order_holds_what_the_vectors_order_holds();
}

#[test]
fn each_order_holds_what_the_vectors_order_holds() {
    let account = fixture::account();
    for (way, name, own) in [
        (Way::WxJsapi, "req_unifiedorder_jsapi", "openid"),
        (Way::WxLite, "req_unifiedorder_jsapi", "openid"),
        (Way::WxNative, "req_unifiedorder_native", "trade_type"),
        (Way::WxApp, "req_unifiedorder_app", "trade_type"),
        (Way::WxH5, "req_unifiedorder_mweb", "trade_type"),
    ] {
        let vector = fixture::body(name, "xml_cdata");
        let vector = xml::read(vector.as_bytes(), "xml").unwrap();
        let ours = order(&account, &request(way)).unwrap();
        for field in [
            "body",
            "out_trade_no",
            "total_fee",
            "spbill_create_ip",
            "notify_url",
            "time_expire",
            "trade_type",
            own,
        ] {
            assert_eq!(ours.text(field), vector.text(field), "{name} {field}");
        }
    }
}

#[test]
fn what_only_one_way_needs_is_sent_for_that_way() {
    let account = fixture::account();
    let sent = |way| order(&account, &request(way)).unwrap();
    assert!(sent(Way::WxNative).text("product_id").is_some());
    assert!(sent(Way::WxNative).text("openid").is_none());
    let scene: serde_json::Value =
        serde_json::from_str(sent(Way::WxH5).text("scene_info").unwrap()).unwrap();
    assert_eq!(scene["h5_info"]["type"], "Wap");
    assert_eq!(scene["h5_info"]["wap_url"], "https://pay.example.com");
    let long = PayRequest {
        subject: "\"茶\"".repeat(100),
        ..request(Way::WxH5)
    };
    let scene = order(&account, &long).unwrap();
    assert!(scene.text("scene_info").unwrap().len() <= 256);
}

#[test]
fn a_request_that_lacks_what_its_way_needs_is_no_order() {
    let account = fixture::account();
    for lacking in [
        PayRequest {
            payer: None,
            ..request(Way::WxJsapi)
        },
        PayRequest {
            payer: None,
            ..request(Way::WxLite)
        },
        PayRequest {
            client_ip: None,
            ..request(Way::WxH5)
        },
        request(Way::AliQr),
        request(Way::WxBar),
        PayRequest {
            expires_at: Timestamp::from_millis(i64::MAX),
            ..request(Way::WxNative)
        },
    ] {
        assert!(order(&account, &lacking).is_err(), "{}", lacking.way);
    }
    let nowhere = PayRequest {
        client_ip: None,
        ..request(Way::WxNative)
    };
    let order = order(&account, &nowhere).unwrap();
    assert_eq!(order.text("spbill_create_ip"), Some(NO_ADDRESS));
}

#[test]
fn a_payer_is_named_under_the_application_that_knows_them() {
    let named = |account: &Account| {
        let order = order(account, &request(Way::WxJsapi)).unwrap();
        (
            order.text("openid").is_some(),
            order.text("sub_openid").is_some(),
        )
    };
    assert_eq!(named(&fixture::account()), (true, false));
    assert_eq!(named(&provider(None)), (true, false));
    assert_eq!(named(&provider(Some("wxSUB"))), (false, true));
}

#[test]
fn the_vectors_client_parameters_come_out_whole() {
    let vectors = fixture::read("11_v2_client_params.json");
    let expected = |product: &str, kind: SignType| -> BTreeMap<String, String> {
        serde_json::from_value(vectors[product][kind.name()]["params"].clone()).unwrap()
    };
    let nonce = || "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".to_owned();
    let prepay_id = "wx201410272009395522657a690389285100";
    for kind in [SignType::Md5, SignType::HmacSha256] {
        let mut settings = fixture::settings();
        settings.sign_type = kind;
        let account = Account::new(settings).unwrap();
        let jsapi = jsapi(&account, Way::WxJsapi, 1_414_561_699, nonce(), prepay_id);
        assert_eq!(jsapi, expected("jsapi", kind));
        let app = app(&account, 1_414_561_699, nonce(), prepay_id);
        assert_eq!(app, expected("app", kind));
    }
}

#[test]
fn the_vectors_legacy_code_is_signed_by_the_same_rule() {
    let legacy = &fixture::read("11_v2_client_params.json")["native_mode1_url"];
    let signature = fixture::account()
        .signer
        .sign(&fixture::fields(&legacy["params"]));
    let url = legacy["url"].as_str().unwrap();
    assert!(url.contains(&format!("sign={signature}")), "{url}");
}

#[test]
fn a_sub_merchants_parameters_are_for_its_own_application() {
    let params = jsapi(&provider(Some("wxSUB")), Way::WxJsapi, 1, "n".into(), "wx1");
    assert_eq!(params["appId"], "wxSUB");
    let params = app(&provider(Some("wxSUB")), 1, "n".into(), "wx1");
    assert_eq!(
        (params["appid"].as_str(), params["partnerid"].as_str()),
        ("wxSUB", "1900000109")
    );
    let params = jsapi(&provider(None), Way::WxJsapi, 1, "n".into(), "wx1");
    assert_eq!(params["appId"], "wxd678efh567hg6787");
}

#[test]
fn the_vectors_web_address_gets_the_return_address() {
    let vectors = fixture::read("11_v2_client_params.json");
    let text = |name: &str| vectors["mweb"][name].as_str().unwrap();
    let given = redirect(text("mweb_url"), Some(text("redirect_url_plain")));
    let url = text("result").to_owned();
    assert_eq!(given, Ok(Action::Redirect { url }));
    for bad in ["", "javascript:alert(1)", "weixin://wxpay", "/relative"] {
        assert!(redirect(bad, None).is_err(), "{bad}");
    }
}
