//! An app on the open platform, for the tests: signs with its own reading of the protocol and
//! believes no answer that it has not verified over the literal node.

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sandbox::{AlipayApp, Running, Settings};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::receiver::Receiver;

pub const APP_ID: &str = "2021000000000001";
pub const SELLER_ID: &str = "2088000000000001";

pub type Params = BTreeMap<String, String>;

pub fn keys() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/alipay/00_keys.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn app() -> AlipayApp {
    AlipayApp {
        app_id: APP_ID.to_owned(),
        seller_id: SELLER_ID.to_owned(),
        app_public_key_pem: keys()["app_public_key_spki_pem"]
            .as_str()
            .unwrap()
            .to_owned(),
    }
}

pub fn der(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    BASE64.decode(body).unwrap()
}

/// `name=value` sorted and joined, without the names in `without`.
pub fn joined(params: &Params, without: &[&str]) -> String {
    let pairs = params
        .iter()
        .filter(|(name, _)| !without.contains(&name.as_str()));
    pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

pub fn encoded(params: &Params) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish()
}

pub struct Merchant {
    pub running: Running,
    pub notices: Receiver,
    pub http: reqwest::Client,
    key: KeyPair,
    alipay: ParsedPublicKey,
}

impl Merchant {
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let running = sandbox::start(settings).await.unwrap();
        let alipay = running.sandbox().register_alipay(app()).unwrap();
        let private = der(keys()["app_private_key_pkcs8_pem"].as_str().unwrap());
        Self {
            running,
            notices: Receiver::start(),
            http: reqwest::Client::builder()
                .tls_certs_only(std::iter::empty())
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            key: KeyPair::from_pkcs8(&private).unwrap(),
            alipay: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der(&alipay)).unwrap(),
        }
    }

    pub fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
            .unwrap();
        BASE64.encode(signature)
    }

    /// Whether Alipay's key signed this text.
    pub fn is_alipays(&self, text: &str, signature: &str) -> bool {
        BASE64
            .decode(signature)
            .is_ok_and(|bytes| self.alipay.verify_sig(text.as_bytes(), &bytes).is_ok())
    }

    /// The common parameters and this `biz_content`, unsigned.
    pub fn unsigned(&self, method: &str, biz: &Value) -> Params {
        [
            ("app_id", APP_ID),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", "2024-07-24 03:07:50"),
            ("version", "1.0"),
            ("notify_url", &self.notices.url),
            ("biz_content", &biz.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    pub fn signed(&self, mut params: Params) -> Params {
        let signature = self.sign(&joined(&params, &["sign"]));
        params.insert("sign".to_owned(), signature);
        params
    }

    /// Posts parameters as they are; the body comes back as text, the status checked to be 200.
    pub async fn post(&self, params: &Params) -> String {
        let url = format!("{}/gateway.do", self.running.url());
        let answer = self.http.post(url).form(params).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/html;charset=utf-8");
        assert!(!answer.headers()["trace_id"].is_empty());
        answer.text().await.unwrap()
    }

    /// Calls a method; the node's signature must verify.
    pub async fn call(&self, method: &str, biz: Value) -> Value {
        let body = self.post(&self.signed(self.unsigned(method, &biz))).await;
        self.verified(method, &body)
    }

    /// The node of an answer, verified.
    pub fn verified(&self, method: &str, body: &str) -> Value {
        let (node, good) = self.node(method, body);
        assert!(good, "{body}");
        node
    }

    /// The node of an answer, and whether its signature verifies.
    pub fn node(&self, method: &str, body: &str) -> (Value, bool) {
        let parts: BTreeMap<String, Box<RawValue>> = serde_json::from_str(body).unwrap();
        let node = &parts[&format!("{}_response", method.replace('.', "_"))];
        let good = parts.get("sign").is_some_and(|sign| {
            let sign: String = serde_json::from_str(sign.get()).unwrap();
            self.is_alipays(node.get(), &sign)
        });
        (serde_json::from_str(node.get()).unwrap(), good)
    }

    /// A QR code for this number: 88.88 yuan.
    pub async fn precreate(&self, number: &str) -> String {
        let node = self.call("alipay.trade.precreate", order(number)).await;
        assert_eq!(node["code"], "10000", "{node}");
        node["qr_code"].as_str().unwrap().to_owned()
    }

    /// A trade that somebody scanned.
    pub async fn scanned(&self, number: &str) {
        let code = self.precreate(number).await;
        let (status, answer) = self.open(json!(code)).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["out_trade_no"], number);
    }

    /// A trade that somebody paid.
    pub async fn paid(&self, number: &str) {
        self.scanned(number).await;
        let (status, answer) = self.control("POST", &act(number, "pay"), Value::Null).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub async fn open(&self, artefact: Value) -> (u16, Value) {
        self.control("POST", "payer/open", json!({ "artefact": artefact }))
            .await
    }

    pub async fn query(&self, number: &str) -> Value {
        self.call("alipay.trade.query", json!({ "out_trade_no": number }))
            .await
    }

    pub async fn close(&self, number: &str) -> Value {
        self.call("alipay.trade.close", json!({ "out_trade_no": number }))
            .await
    }

    /// The control API.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/sandbox/{path}", self.running.url());
        let mut request = self.http.request(method.parse().unwrap(), url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub async fn advance(&self, seconds: u32) {
        let (status, _) = self
            .control("POST", "clock", json!({ "advance_seconds": seconds }))
            .await;
        assert_eq!(status, 200);
    }

    pub async fn fault(&self, order: Value) {
        let (status, answer) = self.control("POST", "faults", order).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// The trade with this number in the ledger.
    pub async fn in_ledger(&self, number: &str) -> Option<Value> {
        let (_, ledger) = self.control("GET", "ledger", Value::Null).await;
        let trades = ledger["trades"].as_array().unwrap();
        trades
            .iter()
            .find(|trade| trade["out_trade_no"] == number)
            .cloned()
    }

    /// A moment `seconds` of sandbox time from now, as Alipay writes it.
    pub fn in_seconds(&self, seconds: i64) -> String {
        let zone = chrono::FixedOffset::east_opt(8 * 3600).unwrap();
        let moment = self.running.sandbox().clock().now() + chrono::TimeDelta::seconds(seconds);
        moment
            .with_timezone(&zone)
            .format("%Y-%m-%d %H:%M:%S")
            .to_string()
    }
}

pub fn order(number: &str) -> Value {
    json!({ "out_trade_no": number, "total_amount": "88.88", "subject": "测试商品 A+B 100%" })
}

pub fn act(number: &str, verb: &str) -> String {
    format!("trades/{number}/{verb}")
}
