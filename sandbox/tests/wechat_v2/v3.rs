//! As much of APIv3 as it takes to look at the same merchant from the other side.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::merchant::{MCH_ID, Merchant};
use crate::one_ledger::v3_merchant;

pub struct V3 {
    key: KeyPair,
}

impl V3 {
    /// The same merchant, with the vectors' key.
    pub fn register(merchant: &Merchant) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wechat/00_keys.json");
        let keys: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let pem = |name: &str| keys["merchant"][name].as_str().unwrap().to_owned();
        let public = v3_merchant(pem("public_key_spki_pem"));
        merchant.running.sandbox().register_wechat(public).unwrap();
        let private = pem("private_key_pkcs8_pem");
        let body: String = private
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        Self {
            key: KeyPair::from_pkcs8(&BASE64.decode(body).unwrap()).unwrap(),
        }
    }

    pub async fn query(&self, merchant: &Merchant, out_trade_no: &str) -> Value {
        let target = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={MCH_ID}");
        let (status, body) = self.call(merchant, "GET", &target, &Value::Null).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub async fn call(
        &self,
        merchant: &Merchant,
        method: &str,
        target: &str,
        body: &Value,
    ) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let time = now();
        let text = format!("{method}\n{target}\n{time}\nn1\n{body}\n");
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .unwrap();
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{MCH_ID}\",nonce_str=\"n1\",timestamp=\"{time}\",serial_no=\"4A5B6C7D8E9F0A1B2C3D4E5F60718293A4B5C6D7\",signature=\"{}\"",
            BASE64.encode(signature)
        );
        let url = format!("{}{target}", merchant.running.url());
        let request = merchant
            .http
            .request(method.parse().unwrap(), url)
            .header("Authorization", authorization)
            .header("Accept", "application/json")
            .header("User-Agent", "merchant-test")
            .header("Content-Type", "application/json")
            .body(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a merchant's machine has a clock of its own"
)]
fn now() -> u64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
