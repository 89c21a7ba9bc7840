//! What is sealed is read again, also what earlier versions sealed.

use super::*;

#[test]
fn what_is_sealed_is_read_again_and_never_printed() {
    let credentials = Credentials::Wechat(WechatCredentials {
        mchid: "1900000001".to_owned(),
        appid: "wx1".to_owned(),
        serial_no: "0".repeat(40),
        merchant_private_key: SecretString::from("CANARY-ONE"),
        apiv3_key: SecretString::from("CANARY-TWO"),
        platform_keys: vec![PlatformKey {
            id: "PUB_KEY_ID_1".into(),
            pem: "PEM".into(),
        }],
        base_url: Credentials::WECHAT_URL.to_owned(),
        more: WechatMore {
            app_secret: Some(SecretString::from("CANARY-THREE")),
            ..WechatMore::default()
        },
    });
    assert!(!format!("{credentials:?}").contains("CANARY"));
    let json = credentials.to_json().unwrap();
    for secret in ["CANARY-ONE", "CANARY-TWO", "CANARY-THREE"] {
        assert!(json.contains(secret));
    }
    let read = Credentials::from_json(&SecretString::from(json.as_str())).unwrap();
    assert_eq!(*read.to_json().unwrap(), *json);
}

#[test]
fn an_account_of_apiv2_is_read_again_with_and_without_a_sub_merchant() {
    for sub_mchid in [None, Some("1900000109".to_owned())] {
        let credentials = Credentials::WechatV2(WechatV2Credentials {
            mchid: "1900000001".to_owned(),
            appid: "wx1".to_owned(),
            lite_appid: sub_mchid.as_ref().map(|_| "wx3".to_owned()),
            sub_appid: sub_mchid.as_ref().map(|_| "wx2".to_owned()),
            sub_mchid,
            apiv2_key: SecretString::from("CANARY-ONE"),
            sign_type: SignType::default(),
            merchant_certificate: "PEM".to_owned(),
            merchant_private_key: SecretString::from("CANARY-TWO"),
            base_url: Credentials::WECHAT_URL.to_owned(),
            app_secret: Some(SecretString::from("CANARY-THREE")),
            ca_certificate: None,
        });
        assert!(!format!("{credentials:?}").contains("CANARY"));
        let json = credentials.to_json().unwrap();
        assert!(json.contains("HMAC-SHA256"));
        let read = Credentials::from_json(&SecretString::from(json.as_str())).unwrap();
        assert_eq!(*read.to_json().unwrap(), *json);
    }
}

#[test]
fn what_an_earlier_version_sealed_is_read_and_stays_as_it_is() {
    let json = r#"{"channel":"alipay","app_id":"1","seller_id":"2","app_private_key":"CANARY","alipay_public_key":"PEM","base_url":"https://openapi.alipay.com"}"#;
    let read = Credentials::from_json(&SecretString::from(json)).unwrap();
    assert_eq!(*read.to_json().unwrap(), json);
}

#[test]
fn all_that_an_alipay_account_may_have_is_sealed_and_never_printed() {
    let json = r#"{"channel":"alipay","app_id":"1","seller_id":"2","app_private_key":"CANARY","certificates":{"app_cert":"A","alipay_cert":"B","root_cert":"C"},"app_auth_token":"CANARY-TOKEN","payer_id":"open_id","op_app_id":"3","product_codes":{"bar":"OFFLINE_PAYMENT"},"base_url":"https://openapi.alipay.com"}"#;
    let read = Credentials::from_json(&SecretString::from(json)).unwrap();
    assert_eq!(*read.to_json().unwrap(), json);
    assert!(!format!("{read:?}").contains("CANARY"));
}

#[test]
fn what_an_older_version_sealed_is_read_with_nothing_more() {
    let sealed = r#"{"channel":"wechat","mchid":"1900000001","appid":"wx1","serial_no":"1",
        "merchant_private_key":"k","apiv3_key":"k","platform_keys":[],"base_url":"u"}"#;
    let read = Credentials::from_json(&SecretString::from(sealed)).unwrap();
    let Credentials::Wechat(WechatCredentials { more, .. }) = read else {
        panic!()
    };
    assert!(!more.codepay && more.app_secret.is_none() && more.sub_mchid.is_none());
}

#[test]
fn what_a_later_version_sealed_is_refused_without_its_content() {
    let json = r#"{"channel":"alipay","app_id":"1","seller_id":"2","app_private_key":"CANARY","alipay_public_key":"PEM","base_url":"u","colour":"CANARY"}"#;
    let fault = Credentials::from_json(&SecretString::from(json)).unwrap_err();
    assert!(fault.contains("import it again"), "{fault}");
    assert!(!fault.contains("CANARY"), "{fault}");
}
