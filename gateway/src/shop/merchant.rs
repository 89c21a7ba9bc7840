//! The shop as a customer of the gateway: its HTTP interface.

use super::{Setting, ShopFault};
use cashier::time::Entropy;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// The shop's access to the gateway.
pub(super) struct Merchant {
    http: Client,
    url: String,
    gateway: String,
    api_key: SecretString,
    entropy: Arc<dyn Entropy>,
}

/// The gateway did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotDone {
    /// It said why.
    #[error("{0}")]
    Refused(String),
    /// It did not answer, or not understandably.
    #[error("the gateway does not answer")]
    NoAnswer(#[from] reqwest::Error),
}

/// What the shop reads of an order.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) checkout_url: String,
    #[serde(default)]
    pub(super) timeline: Vec<Line>,
}

/// A line of an order's timeline.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Line {
    pub(super) at: String,
    pub(super) source: String,
    pub(super) text: String,
}

/// What the shop reads of a problem.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Merchant {
    pub(super) fn new(setting: Setting) -> Result<Merchant, ShopFault> {
        let Setting {
            url,
            gateway,
            api_key,
            webhook_secret: _,
            entropy,
        } = setting;
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|certificate| reqwest::Certificate::from_der(certificate))
            .collect::<Result<Vec<_>, _>>()?;
        let http = Client::builder()
            .tls_certs_only(roots)
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Merchant {
            http,
            url,
            gateway,
            api_key,
            entropy,
        })
    }

    /// A number for a new order, which never repeats.
    pub(super) fn new_number(&self) -> String {
        let mut number = hex::encode(self.entropy.bytes());
        number.truncate(20);
        format!("SHOP-{number}")
    }

    /// Makes an order. Asking again with the same number gives the same order.
    ///
    /// # Errors
    /// [`NotDone`].
    pub(super) async fn create(&self, no: &str, name: &str, fen: i64) -> Result<Order, NotDone> {
        let body = json!({
            "merchant_order_no": no,
            "amount": fen,
            "subject": name,
            "return_url": format!("{}/orders/{no}", self.url),
        });
        self.ask(self.post("/v1/orders", no, &body)).await
    }

    /// The order as the gateway has it, with its timeline.
    ///
    /// # Errors
    /// [`NotDone`].
    pub(super) async fn order(&self, id: &str) -> Result<Order, NotDone> {
        let url = format!("{}/v1/orders/{id}?expand=timeline", self.gateway);
        self.ask(self.http.get(url)).await
    }

    /// Gives the whole price back. Asking again is the same refund.
    ///
    /// # Errors
    /// [`NotDone`].
    pub(super) async fn refund(&self, id: &str, no: &str, fen: i64) -> Result<(), NotDone> {
        let number = format!("{no}-R");
        let body = json!({ "merchant_refund_no": number, "amount": fen, "reason": "不想要了" });
        let path = format!("/v1/orders/{id}/refunds");
        self.ask::<Value>(self.post(&path, &number, &body))
            .await
            .map(|_| ())
    }

    fn post(&self, path: &str, idempotency_key: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.gateway))
            .header("idempotency-key", idempotency_key)
            .json(body)
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, NotDone> {
        let answer = request
            .bearer_auth(self.api_key.expose_secret())
            .send()
            .await?;
        if answer.status().is_success() {
            return Ok(answer.json().await?);
        }
        let Problem { detail } = answer.json().await?;
        Err(NotDone::Refused(detail))
    }
}
