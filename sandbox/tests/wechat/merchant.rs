//! A WeChat Pay merchant for the tests: signs its requests with its own reading of the protocol
//! and believes no answer whose signature it has not verified.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::HeaderMap;
use sandbox::{Running, Settings, WechatMerchant, WechatPlatform};
use serde_json::Value;

use crate::receiver::{Notice, Receiver};

pub const MCHID: &str = "1900009191";
pub const APPID: &str = "wxd678efh567hg6787";
pub const SERIAL: &str = "4A5B6C7D8E9F0A1B2C3D4E5F60718293A4B5C6D7";
pub const APIV3_KEY: &str = "0123456789abcdef0123456789ABCDEF";

/// The vectors' keys.
pub fn keys() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wechat/00_keys.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn der(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    BASE64.decode(body).unwrap()
}

/// Unix seconds of the wall clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a merchant's machine has a clock of its own"
)]
pub fn wall_seconds() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Registers a merchant with the vectors' key.
fn register(running: &Running, mchid: &str) -> WechatPlatform {
    let merchant = WechatMerchant {
        mchid: mchid.to_owned(),
        appid: APPID.to_owned(),
        serial_no: SERIAL.to_owned(),
        merchant_public_key_pem: keys()["merchant"]["public_key_spki_pem"]
            .as_str()
            .unwrap()
            .to_owned(),
        apiv3_key: APIV3_KEY.to_owned().into(),
    };
    running.sandbox().register_wechat(merchant).unwrap()
}

/// An answer whose signature has been verified (save for a 401, which has none).
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

/// How a request departs from the rules.
#[derive(Default, Clone)]
pub struct Departure {
    /// Seconds added to the timestamp.
    pub skew: i64,
    /// Another serial in the header.
    pub serial: Option<String>,
    /// Another mchid in the header.
    pub mchid: Option<String>,
    /// The body that is signed, where another is sent.
    pub signed_body: Option<String>,
    /// The `Wechatpay-Serial` header.
    pub reply_serial: Option<String>,
    /// Replaces the whole header.
    pub authorization: Option<String>,
}

pub struct Merchant {
    pub running: Running,
    pub notices: Receiver,
    pub platform_id: String,
    pub platform_pem: String,
    platform: ParsedPublicKey,
    key: KeyPair,
    pub http: reqwest::Client,
    numbers: AtomicU64,
}

impl Merchant {
    /// A merchant of a sandbox that was just started.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let running = sandbox::start(settings).await.unwrap();
        let platform = register(&running, MCHID);
        let keys = keys();
        let private = der(keys["merchant"]["private_key_pkcs8_pem"].as_str().unwrap());
        Self {
            running,
            notices: Receiver::start(),
            platform_id: platform.public_key_id,
            platform: ParsedPublicKey::new(
                &RSA_PKCS1_2048_8192_SHA256,
                der(&platform.public_key_pem),
            )
            .unwrap(),
            platform_pem: platform.public_key_pem,
            key: KeyPair::from_pkcs8(&private).unwrap(),
            http: reqwest::Client::builder()
                .tls_certs_only(std::iter::empty())
                .redirect(reqwest::redirect::Policy::none())
                .user_agent("merchant-test")
                .build()
                .unwrap(),
            numbers: AtomicU64::new(1),
        }
    }

    /// Registers one more merchant, with the same key of its own.
    pub fn register(&self, mchid: &str) {
        register(&self.running, mchid);
    }

    /// Base64 of SHA256withRSA with the merchant's key.
    pub fn sign(&self, message: &str) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .unwrap();
        BASE64.encode(signature)
    }

    fn authorization(
        &self,
        method: &str,
        target: &str,
        body: &str,
        departure: &Departure,
    ) -> String {
        if let Some(whole) = &departure.authorization {
            return whole.clone();
        }
        let timestamp = wall_seconds() + departure.skew;
        let nonce = format!("nonce{}", self.numbers.fetch_add(1, Ordering::Relaxed));
        let signed = departure.signed_body.as_deref().unwrap_or(body);
        let signature = self.sign(&format!(
            "{method}\n{target}\n{timestamp}\n{nonce}\n{signed}\n"
        ));
        let mchid = departure.mchid.as_deref().unwrap_or(MCHID);
        let serial = departure.serial.as_deref().unwrap_or(SERIAL);
        format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{timestamp}\",serial_no=\"{serial}\""
        )
    }

    /// Sends a request and hands back whatever came, unverified; an error is a connection
    /// without an answer.
    pub async fn send(
        &self,
        method: &str,
        target: &str,
        body: &str,
        departure: &Departure,
    ) -> reqwest::Result<(u16, HeaderMap, String)> {
        let (status, headers, bytes) = self.send_for_bytes(method, target, body, departure).await?;
        Ok((status, headers, String::from_utf8(bytes).unwrap()))
    }

    /// As [`Self::send`], for what may be no text.
    pub async fn send_for_bytes(
        &self,
        method: &str,
        target: &str,
        body: &str,
        departure: &Departure,
    ) -> reqwest::Result<(u16, HeaderMap, Vec<u8>)> {
        let authorization = self.authorization(method, target, body, departure);
        let url = format!("{}{target}", self.running.url());
        let mut request = self
            .http
            .request(method.parse().unwrap(), url)
            .header("Authorization", authorization)
            .header("Accept", "application/json");
        if let Some(serial) = &departure.reply_serial {
            request = request.header("Wechatpay-Serial", serial);
        }
        if !body.is_empty() {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_owned());
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok((status, headers, answer.bytes().await?.to_vec()))
    }

    /// Whether a message carries the platform's signature.
    pub fn verifies(&self, headers: &HeaderMap, body: &str) -> bool {
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
        let (Some(timestamp), Some(nonce), Some(signature)) = (
            header("Wechatpay-Timestamp"),
            header("Wechatpay-Nonce"),
            header("Wechatpay-Signature"),
        ) else {
            return false;
        };
        let fresh = wall_seconds().abs_diff(timestamp.parse().unwrap()) <= 300;
        let known = header("Wechatpay-Serial") == Some(self.platform_id.as_str())
            && header("Wechatpay-Signature-Type") == Some("WECHATPAY2-SHA256-RSA2048");
        let message = format!("{timestamp}\n{nonce}\n{body}\n");
        let genuine = BASE64
            .decode(signature)
            .is_ok_and(|bytes| self.platform.verify_sig(message.as_bytes(), &bytes).is_ok());
        fresh && known && genuine
    }

    /// A call whose answer must be signed, unless it is a 401, which must not be.
    pub async fn call(&self, method: &str, target: &str, body: &str) -> Answer {
        self.call_as(method, target, body, &Departure::default())
            .await
    }

    pub async fn call_as(
        &self,
        method: &str,
        target: &str,
        body: &str,
        departure: &Departure,
    ) -> Answer {
        let (status, headers, text) = self.send(method, target, body, departure).await.unwrap();
        if status == 401 {
            assert!(
                !headers.contains_key("Wechatpay-Signature"),
                "a 401 is not signed"
            );
        } else {
            assert!(
                self.verifies(&headers, &text),
                "{status} {headers:?} {text}"
            );
        }
        assert!(headers.contains_key("Request-ID"));
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap()
        };
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Verifies a notice and opens its resource: (event, decrypted resource).
    pub fn open_notice(&self, notice: &Notice) -> (Value, Value) {
        assert!(self.verifies(&notice.headers, &notice.body), "{notice:?}");
        self.unseal(&notice.body)
    }

    /// Opens the resource of a notice without looking at its signature.
    pub fn unseal(&self, body: &str) -> (Value, Value) {
        let event: Value = serde_json::from_str(body).unwrap();
        let resource = serde_json::from_str(&self.unseal_text(&event["resource"])).unwrap();
        (event, resource)
    }

    /// Opens what was sealed under the APIv3 key.
    pub fn unseal_text(&self, sealed: &Value) -> String {
        let text = |name: &str| sealed[name].as_str().unwrap();
        assert_eq!(text("algorithm"), "AEAD_AES_256_GCM");
        let key = UnboundKey::new(&AES_256_GCM, APIV3_KEY.as_bytes()).unwrap();
        let nonce = Nonce::try_assume_unique_for_key(text("nonce").as_bytes()).unwrap();
        let mut sealed = BASE64.decode(text("ciphertext")).unwrap();
        let aad = Aad::from(text("associated_data").as_bytes());
        let plain = LessSafeKey::new(key)
            .open_in_place(nonce, aad, &mut sealed)
            .unwrap();
        String::from_utf8(plain.to_vec()).unwrap()
    }
}
