//! Every form of a key that is taken, and every mistake that is named.

use super::*;
use crate::alipay::fixture::{certificates, keys, settings};
use crate::alipay::stand_in::file;

fn by_key(alipay_public_key: &str) -> Mode {
    Mode::PublicKey {
        alipay_public_key: alipay_public_key.to_owned(),
    }
}

#[test]
pub(in crate::alipay) fn keys_are_read_in_every_form_that_alipay_and_openssl_print() {
    let private = [
        "app_private_key_pkcs1_pem",
        "app_private_key_pkcs8_pem",
        "app_private_key_pkcs1_base64",
        "app_private_key_pkcs8_base64",
    ];
    for name in private {
        let settings = Settings {
            app_private_key: keys(name).into(),
            ..settings()
        };
        assert!(Account::new(settings).is_ok(), "{name}");
    }
    let one_line = keys("app_private_key_pkcs8_pem").replace('\n', "\\n");
    assert!(
        Account::new(Settings {
            app_private_key: one_line.into(),
            ..settings()
        })
        .is_ok()
    );
    for name in [
        "alipay_public_key_spki_pem",
        "alipay_public_key_spki_base64",
    ] {
        let settings = Settings {
            mode: by_key(&keys(name)),
            ..settings()
        };
        assert!(Account::new(settings).is_ok(), "{name}");
    }
}

#[test]
pub(in crate::alipay) fn the_mistakes_that_people_make_are_named() {
    let private = |text: &str| {
        let text = text.to_owned().into();
        Account::new(Settings {
            app_private_key: text,
            ..settings()
        })
        .unwrap_err()
    };
    let public = |text: &str| {
        Account::new(Settings {
            mode: by_key(text),
            ..settings()
        })
        .unwrap_err()
    };
    let own = keys("app_public_key_spki_base64");
    assert_eq!(public(&own), AccountFault::OwnPublicKey);
    assert_eq!(
        public(&keys("app_public_key_spki_pem")),
        AccountFault::OwnPublicKey
    );
    for name in [
        "app_private_key_pkcs1_base64",
        "alipay_private_key_pkcs8_pem",
    ] {
        assert_eq!(
            public(&keys(name)),
            AccountFault::AlipayPublicKey(KeyFault::NotPublic)
        );
    }
    assert_eq!(
        private(&own),
        AccountFault::AppPrivateKey(KeyFault::NotPrivate)
    );
    assert_eq!(private(" \n"), AccountFault::AppPrivateKey(KeyFault::Empty));
    assert_eq!(
        private("key.pem"),
        AccountFault::AppPrivateKey(KeyFault::NotBase64)
    );
    assert_eq!(
        private("aGVsbG8="),
        AccountFault::AppPrivateKey(KeyFault::NotRsa)
    );
    assert_eq!(
        private("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"),
        AccountFault::AppPrivateKey(KeyFault::Encrypted)
    );
    assert_eq!(
        public("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
        AccountFault::AlipayPublicKey(KeyFault::Certificate)
    );
}

/// Made with `openssl genrsa 1024`.
const SHORT: &str = include_str!("../../../fixtures/alipay/short_public_key.pem");

#[test]
fn a_key_under_2048_bits_is_refused() {
    let settings = Settings {
        mode: by_key(SHORT),
        ..settings()
    };
    let fault = Account::new(settings).unwrap_err();
    assert_eq!(
        fault,
        AccountFault::AlipayPublicKey(KeyFault::TooShort(1024))
    );
    assert!(fault.to_string().contains("2048"));
}

#[test]
fn numbers_address_and_deadline_are_checked() {
    let fault = |settings| Account::new(settings).unwrap_err();
    assert_eq!(
        fault(Settings {
            app_id: "wx123".into(),
            ..settings()
        }),
        AccountFault::AppId
    );
    assert_eq!(
        fault(Settings {
            seller_id: String::new(),
            ..settings()
        }),
        AccountFault::SellerId
    );
    for url in [
        "",
        "openapi.alipay.com",
        "ftp://a/b",
        "https://u:p@a/b",
        "https://a/b?x=1",
    ] {
        let settings = Settings {
            gateway_url: url.to_owned(),
            ..settings()
        };
        assert_eq!(fault(settings), AccountFault::GatewayUrl, "{url}");
    }
    let settings = Settings {
        deadline: Duration::ZERO,
        ..settings()
    };
    assert_eq!(fault(settings), AccountFault::Deadline);
}

#[test]
fn the_page_for_payers_is_beside_the_gateway() {
    for (gateway, page) in [
        (
            "https://openapi.alipay.com/gateway.do",
            "https://openauth.alipay.com",
        ),
        (
            "https://openapi-sandbox.dl.alipaydev.com/gateway.do",
            "https://openauth-sandbox.dl.alipaydev.com",
        ),
        ("http://127.0.0.1:8090/gateway.do", "http://127.0.0.1:8090"),
        (
            "https://openapi.example.com/gateway.do",
            "https://openapi.example.com",
        ),
    ] {
        let account = Account::new(Settings {
            gateway_url: gateway.to_owned(),
            ..settings()
        });
        let url = account.unwrap().authorize;
        assert_eq!(
            url.as_str(),
            format!("{page}/oauth2/publicAppAuthorize.htm")
        );
    }
}

#[test]
fn the_three_certificate_files_are_held_against_each_other() {
    let vector = certificates();
    let text = |pointer: &str| {
        vector
            .pointer(pointer)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (app, alipay) = (text("/app_cert/pem"), text("/alipay_cert/pem"));
    let root = text("/root_bundle_pem");
    let made = |app_cert: &str, alipay_cert: &str, root_cert: &str| {
        let account = Account::new(Settings {
            mode: Mode::Certificates {
                app_cert: app_cert.to_owned(),
                alipay_cert: alipay_cert.to_owned(),
                root_cert: root_cert.to_owned(),
            },
            ..settings()
        })?;
        let known = account.trust.certificates().unwrap();
        Ok((known.app_serial.clone(), known.root_serial.clone()))
    };
    let serials = (text("/app_cert/sn"), text("/alipay_root_cert_sn"));
    assert_eq!(made(&app, &alipay, &root), Ok(serials));
    let elliptic = root.split("\n\n").next().unwrap();
    let old = root.rsplit("\n\n").next().unwrap();
    let missing = CertificateFault::Missing;
    // Without the authority in between, nobody here can judge.
    assert!(made(&app, &alipay, old).is_ok());
    let (alipay_of_others, root_of_others) = (file("alipay.pem"), file("root.pem"));
    assert!(made(&app, &alipay_of_others, &root_of_others).is_ok());
    let foreign = AccountFault::ForeignAlipayCert;
    for (files, fault) in [
        ((&*app, &*alipay_of_others, &*root), foreign),
        ((&*alipay, &*alipay, &*root), AccountFault::OtherAppCert),
        ((&app, &app, &root), AccountFault::OwnCertificate),
        ((&app, &alipay, elliptic), AccountFault::NoRsaRoot),
        (("", &alipay, &root), AccountFault::AppCert(missing.clone())),
        ((&app, "", &root), AccountFault::AlipayCert(missing.clone())),
        ((&app, &alipay, ""), AccountFault::RootCert(missing)),
    ] {
        assert_eq!(made(files.0, files.1, files.2), Err(fault));
    }
}

#[test]
fn what_a_service_provider_adds_is_checked_too() {
    let fault = |settings| Account::new(settings).unwrap_err();
    for token in ["", "two words", &"a".repeat(41)] {
        let settings = Settings {
            app_auth_token: Some(token.into()),
            ..settings()
        };
        assert_eq!(fault(settings), AccountFault::AppAuthToken, "{token}");
    }
    let settings = Settings {
        op_app_id: Some("mini".into()),
        ..settings()
    };
    assert_eq!(fault(settings), AccountFault::OpAppId);
}

#[test]
fn no_secret_is_printed() {
    let secret = keys("app_private_key_pkcs8_base64");
    let settings = || Settings {
        app_auth_token: Some("CANARY-TOKEN".into()),
        ..settings()
    };
    let printed = format!("{:?} {:?}", settings(), Account::new(settings()).unwrap());
    assert!(!printed.contains(&secret));
    assert!(!printed.contains("CANARY"));
    assert!(!printed.contains("MIIEv"));
}
