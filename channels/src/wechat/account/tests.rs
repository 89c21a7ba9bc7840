//! What is wrong with an account's settings is found, and named.

use super::*;
use crate::wechat::fixture;

fn fault(change: impl FnOnce(&mut Settings)) -> AccountFault {
    let mut settings = fixture::settings();
    change(&mut settings);
    Account::new(settings).unwrap_err()
}

#[test]
fn the_vectors_account_with_all_its_key_kinds_is_read() {
    let account = fixture::account();
    assert_eq!(account.platform.ids().count(), 3);
    let id = "PUB_KEY_ID_0119000091912024010100000000000001";
    assert_eq!(account.public_key_id.as_deref(), Some(id));
}

#[test]
fn a_pkcs1_key_signs_the_same_as_its_pkcs8_form() {
    use rsa::pkcs1::EncodeRsaPrivateKey;
    use rsa::pkcs8::DecodePrivateKey;
    let mut settings = fixture::settings();
    let pkcs8 = settings.merchant_private_key.expose_secret().to_owned();
    let key = rsa::RsaPrivateKey::from_pkcs8_pem(&pkcs8).unwrap();
    let pkcs1 = key.to_pkcs1_pem(rsa::pkcs8::LineEnding::LF).unwrap();
    settings.merchant_private_key = SecretString::from(pkcs1.to_string());
    let signed = Account::new(settings)
        .unwrap()
        .signer
        .jsapi("wx1", 1_554_208_460, "N".into(), "wx1")
        .unwrap();
    let expected = fixture::account()
        .signer
        .jsapi("wx1", 1_554_208_460, "N".into(), "wx1");
    assert_eq!(signed, expected.unwrap());
}

#[test]
fn what_is_wrong_with_an_account_is_named() {
    use AccountFault as F;
    let keys = fixture::read("00_keys.json");
    let text = |pointer: &str| keys.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let own = text("/merchant/public_key_spki_pem");
    let certificate = text("/platform_cert_1/cert_pem");
    let id = "PUB_KEY_ID_0119000091912024010100000000000001";
    let first = |pem: &str| {
        let pem = pem.to_owned();
        move |a: &mut Settings| a.platform_keys = vec![PlatformKey { id: id.into(), pem }]
    };
    assert_eq!(fault(|a| a.mchid = "1900 9191".into()), F::Mchid);
    assert_eq!(fault(|a| a.appid = String::new()), F::Appid);
    assert_eq!(fault(|a| a.serial_no.make_ascii_lowercase()), F::Serial(40));
    assert_eq!(
        fault(|a| a.serial_no = a.serial_no.split_off(1)),
        F::Serial(39)
    );
    assert_eq!(
        fault(|a| a.apiv3_key = "short".to_owned().into()),
        F::Apiv3Key(5)
    );
    assert_eq!(fault(|a| a.deadline = Duration::ZERO), F::Deadline);
    assert_eq!(
        fault(|a| a.base_url = "https://api.example.com/v3".into()),
        F::BaseUrl("base_url")
    );
    assert_eq!(
        fault(|a| a.base_url = "ftp://api.example.com".into()),
        F::BaseUrl("base_url")
    );
    assert_eq!(
        fault(|a| a.merchant_private_key = own.clone().into()),
        F::PrivateKey(KeyFault::NotPrivate)
    );
    assert_eq!(fault(|a| a.platform_keys.clear()), F::NoPlatformKey);
    assert_eq!(fault(first(&own)), F::OwnKey(id.into()));
    assert_eq!(fault(first(&certificate)), F::PlatformKeyKind(id.into()));
}

#[test]
fn a_merchants_certificate_must_have_the_serial_number_and_the_key() {
    use AccountFault as F;
    let keys = fixture::read("00_keys.json");
    let text = |pointer: &str| keys.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let certified = |settings: &mut Settings| {
        settings.merchant_certificate = Some(text("/merchant/cert_pem"));
    };
    let mut settings = fixture::settings();
    certified(&mut settings);
    assert!(Account::new(settings).is_ok());
    let serial = fault(|a| {
        certified(a);
        a.serial_no = "A".repeat(40);
    });
    assert_eq!(serial, F::OwnSerial(text("/merchant/serial_no")));
    let pair = fault(|a| {
        certified(a);
        a.merchant_private_key = text("/platform_cert_1/private_key_pkcs8_pem").into();
    });
    assert_eq!(pair, F::OwnPair);
    let unreadable = fault(|a| a.merchant_certificate = Some("PEM".into()));
    assert_eq!(unreadable, F::OwnCertificate);
}

#[test]
fn a_platform_key_must_fit_its_id() {
    use AccountFault as F;
    let id = |at: usize, id: &str| {
        let id = id.to_owned();
        move |a: &mut Settings| a.platform_keys[at].id = id
    };
    let serial = "6F1E2D3C4B5A69788796A5B4C3D2E1F00F1E2D3C";
    let other = serial.replace('6', "7");
    assert_eq!(
        fault(id(0, &other)),
        F::CertificateSerial {
            id: other.clone(),
            serial: serial.into()
        }
    );
    assert_eq!(
        fault(id(1, "B1C2D3E4F5061728394A5B6C7D8E9FA0B1C2D3E")),
        F::PlatformKeyId("B1C2D3E4F5061728394A5B6C7D8E9FA0B1C2D3E".into())
    );
    assert_eq!(fault(id(2, serial)), F::PlatformKeyKind(serial.into()));
    let twice = |a: &mut Settings| a.platform_keys.push(a.platform_keys[0].clone());
    assert_eq!(fault(twice), F::TwoPlatformKeys(serial.into()));
    let broken = |a: &mut Settings| {
        a.platform_keys[0].pem =
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".into();
    };
    assert_eq!(fault(broken), F::Certificate(serial.into()));
}

#[test]
fn printing_an_account_shows_no_secret() {
    let settings = fixture::settings();
    let shown = format!("{settings:?}");
    assert!(!shown.contains(settings.apiv3_key.expose_secret()));
    for shown in [shown, format!("{:?}", fixture::account())] {
        assert!(!shown.contains("MIIEv"), "{shown}");
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
    }
}

#[test]
fn each_further_setting_says_what_is_wrong_with_it() {
    let fault = |change: fn(&mut Settings)| {
        let mut settings = fixture::settings();
        change(&mut settings);
        Account::new(settings).err()
    };
    assert_eq!(
        fault(|a| a.lite_appid = Some("wx-1".into())),
        Some(AccountFault::LiteAppid)
    );
    assert_eq!(
        fault(|a| a.app_secret = Some("".into())),
        Some(AccountFault::AppSecret)
    );
    assert_eq!(
        fault(|a| a.open_url = "open.weixin.qq.com".into()),
        Some(AccountFault::BaseUrl("open_url"))
    );
    assert_eq!(
        fault(|a| {
            a.platform_keys.retain(|key| key.id.starts_with("PUB_"));
            a.answers = Answers::Certificate;
        }),
        Some(AccountFault::NoCertificate)
    );
    assert_eq!(
        fault(|a| a.platform_keys.clear()),
        Some(AccountFault::NoPlatformKey)
    );
    assert_eq!(
        fault(|a| {
            a.platform_keys.clear();
            a.platform_certificates = true;
        }),
        None
    );
}

#[test]
fn a_merchant_below_a_provider_is_checked_like_one() {
    for (mchid, appid, fault) in [
        ("1900000109", None, None),
        ("1900000109", Some("wx1"), None),
        ("19", None, Some(AccountFault::SubMchid)),
        ("1900000109", Some("wx 1"), Some(AccountFault::SubAppid)),
    ] {
        let settings = Settings {
            sub_merchant: Some(SubMerchant {
                mchid: mchid.to_owned(),
                appid: appid.map(str::to_owned),
            }),
            ..fixture::settings()
        };
        assert_eq!(Account::new(settings).err(), fault);
    }
}
