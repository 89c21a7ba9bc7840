//! `till doctor`: the real program, real keys, a running sandbox.
#![cfg(test)]

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::time::Timestamp;
use gateway::doctor::{drift, public_address};
use std::path::Path;
use std::process::Command;

const APIV3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
const PUBLISHED: &str = include_str!("../../../channels/fixtures/wechat/00_keys.json");
const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";

/// A new pair in base64: private, public.
fn pair() -> (String, String) {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    (
        STANDARD.encode(private.as_ref()),
        STANDARD.encode(public.as_ref()),
    )
}

/// Runs the program: its exit code and all that it said.
async fn doctor(folder: &Path) -> (i32, String) {
    till(folder, &["doctor", "--file"], true).await
}

async fn till(folder: &Path, words: &[&str], with_file: bool) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_till"));
    command.args(words);
    if with_file {
        command.arg(folder.join("accounts.toml"));
    }
    let database = format!("sqlite://{}?mode=rwc", folder.join("till.db").display());
    command
        .env("TILL__DATABASE__URL", database)
        .env("TILL__SECURITY__MASTER_KEY", STANDARD.encode([7; 32]))
        .env("TILL__HTTP__PUBLIC_URL", "https://pay.example.com");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_is_found_and_nothing_is_wrong_with_a_good_account() {
    let running = sandbox::start(sandbox::Settings::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = pair();
    let merchant = sandbox::WechatMerchant {
        mchid: "1900000001".to_owned(),
        appid: "wx0000000000000001".to_owned(),
        serial_no: SERIAL.to_owned(),
        merchant_public_key_pem: public.clone(),
        apiv3_key: APIV3_KEY.into(),
    };
    let app = sandbox::AlipayApp {
        app_id: "2021000000000001".to_owned(),
        seller_id: "2088000000000001".to_owned(),
        app_public_key_pem: public.clone(),
    };
    let wechat = running.sandbox().register_wechat(merchant).unwrap();
    let alipay = running.sandbox().register_alipay(app).unwrap();
    let url = running.url();
    let head = "[[merchants]]\nid = \"tea\"\nname = \"Tea\"\n";
    let v3 = format!(
        "[[merchants.accounts]]\nid = \"w3\"\nchannel = \"wechat\"\nways = [\"WX_NATIVE\"]\n\
         mchid = \"1900000001\"\nappid = \"wx0000000000000001\"\nserial_no = \"{SERIAL}\"\n\
         merchant_private_key_file = \"own.key\"\napiv3_key_file = \"apiv3.key\"\n\
         platform_keys = [{{ id = \"{}\", file = \"wechat.pem\" }}]\nbase_url = \"{url}\"\n",
        wechat.public_key_id
    );
    let ali = format!(
        "[[merchants.accounts]]\nid = \"ali\"\nchannel = \"alipay\"\nways = [\"ALI_QR\"]\n\
         app_id = \"2021000000000001\"\nseller_id = \"2088000000000001\"\n\
         app_private_key_file = \"own.key\"\nalipay_public_key_file = \"alipay.pem\"\n\
         base_url = \"{url}\"\n"
    );
    let v2 = format!(
        "[[merchants.accounts]]\nid = \"w2\"\nchannel = \"wechat\"\nprotocol = \"v2\"\n\
         ways = [\"WX_NATIVE\"]\nmchid = \"1900000001\"\nappid = \"wx0000000000000001\"\n\
         apiv2_key_file = \"apiv3.key\"\nmerchant_certificate_file = \"v2.pem\"\n\
         merchant_private_key_file = \"v2.key\"\nbase_url = \"{url}\"\n"
    );
    let published: serde_json::Value = serde_json::from_str(PUBLISHED).unwrap();
    let certified = |name: &str| published["merchant"][name].as_str().unwrap().to_owned();
    let (stranger, stranger_public) = pair();
    let good = format!("{head}{v3}{ali}");
    let both = format!("{good}{v2}");
    let cases: Vec<(&str, &str, &str, &str)> = vec![
        (&good, "own.key", &private, ""),
        (&good, "alipay.pem", &public, "Alipay's"),
        (&good, "wechat.pem", &public, "merchant's own public key"),
        (&good, "own.key", &public, "public key or a certificate"),
        (&good, "apiv3.key", "short", "exactly 32"),
        (
            &good,
            "own.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
            "is encrypted",
        ),
        (&good, "own.key", &stranger, "signed question"),
        (
            &good,
            "alipay.pem",
            &stranger_public,
            "ali: the answer's signature",
        ),
        (
            &good,
            "wechat.pem",
            &stranger_public,
            "w3: the answer's signature",
        ),
        (&both, "own.key", &private, "apiv2_key is the APIv3 key"),
        (&both, "v2.key", &stranger, "do not belong together"),
    ];
    for (toml, changed, content, expected) in cases {
        for (name, text) in [
            ("own.key", private.as_str()),
            ("apiv3.key", APIV3_KEY),
            ("wechat.pem", &wechat.public_key_pem),
            ("alipay.pem", &alipay),
            ("v2.pem", &certified("cert_pem")),
            ("v2.key", &certified("private_key_pkcs8_pem")),
            ("accounts.toml", toml),
            (changed, content),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let (code, said) = doctor(folder.path()).await;
        for secret in [&private[200..260], &stranger[200..260], APIV3_KEY] {
            assert!(
                !said.contains(secret),
                "a secret is told: {changed} {expected}"
            );
        }
        if expected.is_empty() {
            assert_eq!(
                (code, said.trim()),
                (0, "w3: nothing wrong\nali: nothing wrong")
            );
        } else {
            assert_eq!(code, 1, "{expected}: {said}");
            assert!(said.contains(expected), "{expected}: {said}");
        }
    }
    std::fs::write(folder.path().join("accounts.toml"), &good).unwrap();
    std::fs::write(folder.path().join("own.key"), &stranger).unwrap();
    let (code, said) = till(folder.path(), &["account", "import"], true).await;
    assert_eq!(code, 0, "{said}");
    let (code, said) = till(folder.path(), &["doctor", "--account", "w3"], false).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("w3: ") && !said.contains("ali: "), "{said}");
    std::fs::remove_file(folder.path().join("accounts.toml")).unwrap();
    assert_eq!(doctor(folder.path()).await.0, 2);
    running.stop().await;
}

#[test]
fn a_clock_that_is_off_is_warned_of_after_a_minute_and_wrong_after_five() {
    let date = "Wed, 25 Nov 2026 08:00:00 GMT";
    let at = |seconds: i64| Timestamp::from_millis((1_795_593_600 + seconds) * 1000);
    assert_eq!(drift(at(60), date), None);
    assert!(drift(at(-61), date).is_some_and(|(stops, _)| !stops));
    assert!(drift(at(301), date).is_some_and(|(stops, _)| stops));
}

#[test]
fn a_public_address_must_be_https_and_seen_from_outside() {
    assert_eq!(public_address("https://pay.example.com"), None);
    for (address, expected) in [
        ("", "is not an address"),
        ("http://pay.example.com", "is not https"),
        ("https://10.0.0.7", "only this machine or network"),
        ("https://localhost", "only this machine or network"),
    ] {
        assert!(
            public_address(address).unwrap().contains(expected),
            "{address}"
        );
    }
}
