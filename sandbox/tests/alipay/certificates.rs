//! Certificate mode: who signed is named by its certificate, and the certificate is renewed.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use sandbox::{RenewedKey, Settings};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::{DecodePem as _, Encode as _};

use crate::merchant::{APP_ID, Merchant, Params, SELLER_ID, app, joined, order};

const QUERY: &str = "alipay.trade.query";
const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";

fn certificate(pem: &str) -> Certificate {
    Certificate::from_pem(pem).unwrap()
}

/// The SN by the documents: the issuer's name, then the serial number in decimal (one of 15 bytes
/// fits a u128).
fn sn(certificate: &Certificate) -> String {
    let content = &certificate.tbs_certificate;
    let serial = content
        .serial_number
        .as_bytes()
        .iter()
        .fold(0_u128, |number, byte| number * 256 + u128::from(*byte));
    let text = format!("{}{serial}", content.issuer);
    hex::encode(Md5::digest(text.as_bytes()))
}

fn key_of(certificate: &Certificate) -> ParsedPublicKey {
    let spki = &certificate.tbs_certificate.subject_public_key_info;
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki.to_der().unwrap()).unwrap()
}

fn verifies(certificate: &Certificate, text: &[u8], signature: &str) -> bool {
    let bytes = BASE64.decode(signature).unwrap();
    key_of(certificate).verify_sig(text, &bytes).is_ok()
}

/// An app in certificate mode: its certificates as the console gives them.
struct InCertificateMode {
    merchant: Merchant,
    app: Certificate,
    alipay: Certificate,
    roots: Vec<Certificate>,
}

impl InCertificateMode {
    async fn start(settings: Settings) -> Self {
        let merchant = Merchant::with(settings).await;
        let account = json!({
            "channel": "alipay", "app_id": APP_ID, "seller_id": SELLER_ID,
            "app_public_key_pem": app().app_public_key_pem, "certificates": true,
        });
        let (status, given) = merchant.control("POST", "accounts", account).await;
        assert_eq!(status, 200, "{given}");
        let pem = |name: &str| given[name].as_str().unwrap().to_owned();
        let roots = pem("alipay_root_cert_pem");
        Self {
            app: certificate(&pem("app_cert_pem")),
            alipay: certificate(&pem("alipay_cert_pem")),
            roots: roots.split("\n\n").map(certificate).collect(),
            merchant,
        }
    }

    fn root(&self) -> &Certificate {
        let rsa = "1.2.840.113549.1.1.";
        let is_rsa =
            |root: &&Certificate| root.signature_algorithm.oid.to_string().starts_with(rsa);
        self.roots.iter().find(is_rsa).unwrap()
    }

    fn unsigned(&self, method: &str, biz: &Value) -> Params {
        let mut params = self.merchant.unsigned(method, biz);
        params.insert("app_cert_sn".into(), sn(&self.app));
        params.insert("alipay_root_cert_sn".into(), sn(self.root()));
        params
    }

    /// Calls, and gives the node with the SN beside it; `by` must have signed.
    async fn call(&self, method: &str, biz: Value, by: &Certificate) -> (Value, String) {
        let params = self.merchant.signed(self.unsigned(method, &biz));
        let body = self.merchant.post(&params).await;
        let parts: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&body).unwrap();
        let node = &parts[&format!("{}_response", method.replace('.', "_"))];
        let text = |name: &str| serde_json::from_str::<String>(parts[name].get()).unwrap();
        assert!(verifies(by, node.get().as_bytes(), &text("sign")), "{body}");
        (
            serde_json::from_str(node.get()).unwrap(),
            text("alipay_cert_sn"),
        )
    }
}

#[tokio::test]
async fn certificates_are_issued_by_the_root_for_the_keys_in_use() {
    let mode = InCertificateMode::start(Settings::default()).await;
    assert_eq!(mode.roots.len(), 2, "an RSA root and one to leave out");
    for leaf in [&mode.app, &mode.alipay] {
        let content = leaf.tbs_certificate.to_der().unwrap();
        let signature = BASE64.encode(leaf.signature.raw_bytes());
        assert!(verifies(mode.root(), &content, &signature));
        assert_eq!(
            leaf.tbs_certificate.issuer,
            mode.root().tbs_certificate.subject
        );
    }
    let signature = mode.merchant.sign("by the app");
    assert!(verifies(&mode.app, b"by the app", &signature));
}

#[tokio::test]
async fn answers_name_the_certificate_that_signed_them() {
    let mode = InCertificateMode::start(Settings::default()).await;
    let (node, named) = mode
        .call("alipay.trade.precreate", order("A1"), &mode.alipay)
        .await;
    assert_eq!(
        (node["code"].as_str(), named),
        (Some("10000"), sn(&mode.alipay))
    );
    let (node, named) = mode
        .call(QUERY, json!({ "out_trade_no": "A1" }), &mode.alipay)
        .await;
    assert_eq!(
        (node["sub_code"].as_str(), named),
        (Some("ACQ.TRADE_NOT_EXIST"), sn(&mode.alipay))
    );
}

#[tokio::test]
async fn a_request_must_name_its_certificate_and_the_root() {
    let mode = InCertificateMode::start(Settings::default()).await;
    let other = "0123456789abcdef0123456789abcdef";
    for (name, value, sub_code) in [
        ("app_cert_sn", "", "isv.missing-app-cert-sn"),
        ("app_cert_sn", other, "isv.app-cert-not-exist"),
        ("alipay_root_cert_sn", "", "isv.missing-alipay-root-cert-sn"),
        (
            "alipay_root_cert_sn",
            other,
            "isv.invalid-alipay-root-cert-sn",
        ),
    ] {
        let mut params = mode.unsigned(QUERY, &json!({ "out_trade_no": "A1" }));
        params.insert(name.into(), value.into());
        params.retain(|_, value| !value.is_empty());
        let body = mode.merchant.post(&mode.merchant.signed(params)).await;
        assert!(body.contains(sub_code), "{body}");
    }
}

#[tokio::test]
async fn a_certificate_ends_with_its_time() {
    let mode = InCertificateMode::start(Settings::default()).await;
    mode.merchant.advance(5 * 365 * 24 * 3600).await;
    let params = mode.unsigned(QUERY, &json!({ "out_trade_no": "A1" }));
    let body = mode.merchant.post(&mode.merchant.signed(params)).await;
    assert!(body.contains("isv.app-cert-expired"), "{body}");
}

#[tokio::test]
async fn a_renewed_certificate_signs_from_now_on_and_can_be_downloaded_by_its_number() {
    let mode = InCertificateMode::start(Settings::default()).await;
    for (body, same_key) in [(json!({ "key": "same" }), true), (json!({}), false)] {
        let path = format!("alipay/{APP_ID}/certificate");
        let (status, given) = mode.merchant.control("POST", &path, body).await;
        assert_eq!(status, 200, "{given}");
        let renewed = certificate(given["alipay_cert_pem"].as_str().unwrap());
        assert_ne!(sn(&renewed), sn(&mode.alipay));
        let (_, named) = mode
            .call(QUERY, json!({ "out_trade_no": "A1" }), &renewed)
            .await;
        assert_eq!(named, sn(&renewed));
        let spki = |it: &Certificate| it.tbs_certificate.subject_public_key_info.clone();
        assert_eq!(spki(&renewed) == spki(&mode.alipay), same_key);
        for wanted in [&renewed, &mode.alipay] {
            let biz = json!({ "alipay_cert_sn": sn(wanted) });
            let (node, _) = mode.call(DOWNLOAD, biz, &renewed).await;
            let content = BASE64
                .decode(node["alipay_cert_content"].as_str().unwrap())
                .unwrap();
            assert_eq!(&Certificate::from_pem(content).unwrap(), wanted);
        }
    }
}

#[tokio::test]
async fn an_unknown_certificate_cannot_be_downloaded() {
    let mode = InCertificateMode::start(Settings::default()).await;
    let biz = json!({ "alipay_cert_sn": "0123456789abcdef0123456789abcdef" });
    let (node, _) = mode.call(DOWNLOAD, biz, &mode.alipay).await;
    assert_eq!(node["code"], "40004");
}

#[tokio::test]
async fn notices_are_signed_by_the_certificate_and_name_it_where_the_rule_says_so() {
    let mode = InCertificateMode::start(Settings::default()).await;
    let merchant = &mode.merchant;
    let (node, _) = mode
        .call("alipay.trade.precreate", order("A1"), &mode.alipay)
        .await;
    merchant.open(node["qr_code"].clone()).await;
    merchant.control("POST", "trades/A1/pay", Value::Null).await;
    for (count, rule, named, signed) in [
        (1, "absent", false, false),
        (2, "signed", true, true),
        (3, "unsigned", true, false),
    ] {
        if count > 1 {
            merchant
                .control("POST", "alipay", json!({ "notice_cert_sn": rule }))
                .await;
            merchant
                .control("POST", "trades/A1/notify", json!({}))
                .await;
        }
        let told = merchant.notices.wait(count).await.remove(count - 1).params;
        assert_eq!(told.contains_key("alipay_cert_sn"), named, "{rule}");
        let without: &[&str] = match signed {
            true => &["sign", "sign_type"],
            false => &["sign", "sign_type", "alipay_cert_sn"],
        };
        let text = joined(&told, without);
        assert!(
            verifies(&mode.alipay, text.as_bytes(), &told["sign"]),
            "{rule}"
        );
    }
}

#[tokio::test]
async fn certificates_outlive_a_restart_and_a_second_registration() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        state_file: Some(folder.path().join("sandbox.json")),
        ..Settings::default()
    };
    let running = sandbox::start(settings.clone()).await.unwrap();
    let inside = running.sandbox();
    let first = inside.register_alipay_with_certificates(app()).unwrap();
    let second = inside
        .renew_alipay_certificate(APP_ID, RenewedKey::New)
        .unwrap();
    assert_ne!(first.alipay_cert_pem, second.alipay_cert_pem);
    running.stop().await;
    let running = sandbox::start(settings).await.unwrap();
    let again = running
        .sandbox()
        .register_alipay_with_certificates(app())
        .unwrap();
    assert_eq!(again, second);
    assert_eq!(again.alipay_root_cert_pem, first.alipay_root_cert_pem);
}

#[tokio::test]
async fn an_app_in_key_mode_has_no_certificate_to_renew() {
    let merchant = Merchant::start().await;
    let path = format!("alipay/{APP_ID}/certificate");
    let (status, refusal) = merchant.control("POST", &path, json!({})).await;
    assert_eq!(
        (status, refusal["code"].as_str()),
        (422, Some("account_invalid"))
    );
}
