//! A merchant's program: it speaks HTTP with the gateway, and remembers its orders.

use crate::until;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// A merchant with an API key.
pub struct Merchant {
    http: reqwest::Client,
    gateway: String,
    key: String,
    numbers: AtomicU32,
    orders: Mutex<Vec<String>>,
}

/// What the gateway answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; `null` if it is none.
    pub json: Value,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Answer {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Answer {
            status,
            headers,
            text,
            json,
        }
    }

    /// The document of an answer with that status.
    ///
    /// # Panics
    /// When the status is another, showing the answer.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// Checks that it is a problem document as the interface promises them, with
    /// that status and code, and returns it.
    ///
    /// # Panics
    /// When anything is otherwise, showing the answer.
    pub fn problem(self, status: u16, code: &str) -> Value {
        let Answer {
            headers,
            text,
            json,
            ..
        } = &self;
        assert_eq!(
            (self.status, json["code"].as_str()),
            (status, Some(code)),
            "{text}"
        );
        assert_eq!(
            headers["content-type"], "application/problem+json",
            "{text}"
        );
        assert_eq!(json["status"], status, "{text}");
        assert_eq!(json["type"], format!("urn:till:problem:{code}"), "{text}");
        assert!(
            json["title"].is_string() && json["detail"].is_string(),
            "{text}"
        );
        let id = json["request_id"].as_str().unwrap_or_default();
        assert!(!id.is_empty(), "{text}");
        if !headers.contains_key("idempotent-replayed") {
            assert_eq!(headers["x-request-id"], id, "{text}");
        }
        self.json
    }

    /// A header's text; empty without one.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Merchant {
    pub(crate) fn new(gateway: String, key: String) -> Merchant {
        let http = reqwest::Client::builder()
            .tls_certs_only(Vec::new())
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let (numbers, orders) = (AtomicU32::new(1), Mutex::new(Vec::new()));
        Merchant {
            http,
            gateway,
            key,
            numbers,
            orders,
        }
    }

    /// The API key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A request of the merchant's, to be changed before it is sent with
    /// [`Merchant::send`]. `path` begins with a slash.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.stranger(method, path).bearer_auth(&self.key)
    }

    /// A request without an API key.
    pub fn stranger(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.gateway))
    }

    /// Sends a request.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// POST with a JSON body under an idempotency key.
    pub async fn post_once(&self, path: &str, body: &Value, key: &str) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("Idempotency-Key", key);
        self.send(request.json(body)).await
    }

    /// The body of a usual order with a new number, with `changes` laid over it.
    pub fn order_body(&self, changes: Value) -> Value {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let mut body = json!({
            "merchant_order_no": format!("STORY-{number}"),
            "amount": 8800,
            "subject": "龙井茶 100 g",
        });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    /// Makes a usual order, with `changes` laid over it.
    ///
    /// # Panics
    /// When it is not made.
    pub async fn order(&self, changes: Value) -> Value {
        let order = self
            .post("/v1/orders", &self.order_body(changes))
            .await
            .expect(201);
        self.remember(&order);
        order
    }

    /// Has an order looked at when the story ends.
    pub fn remember(&self, order: &Value) {
        let id = order["id"].as_str().unwrap().to_owned();
        let mut orders = self.orders.lock().unwrap();
        if !orders.contains(&id) {
            orders.push(id);
        }
    }

    /// The orders that will be looked at.
    pub(crate) fn orders(&self) -> Vec<String> {
        self.orders.lock().unwrap().clone()
    }

    /// Makes the order payable: `{flow, action}`.
    ///
    /// # Panics
    /// When it is not made payable.
    pub async fn flow(&self, order: &Value, wish: Value) -> Value {
        self.try_flow(order, wish).await.expect(201)
    }

    /// Asks to make the order payable.
    pub async fn try_flow(&self, order: &Value, wish: Value) -> Answer {
        self.post(&path(order, "/flows"), &wish).await
    }

    /// Asks to close the order.
    pub async fn close(&self, order: &Value) -> Answer {
        self.send(self.request(Method::POST, &path(order, "/close")))
            .await
    }

    /// Asks for a refund.
    pub async fn refund(&self, order: &Value, number: &str, amount: i64) -> Answer {
        let wish = json!({ "merchant_refund_no": number, "amount": amount });
        self.post(&path(order, "/refunds"), &wish).await
    }

    /// The order as it is now.
    ///
    /// # Panics
    /// When the gateway does not show it.
    pub async fn look(&self, order: &Value) -> Value {
        self.get(&path(order, "")).await.expect(200)
    }

    /// The order as it is now, with its timeline.
    ///
    /// # Panics
    /// When the gateway does not show it.
    pub async fn explained(&self, order: &Value) -> Value {
        self.get(&path(order, "?expand=timeline")).await.expect(200)
    }

    /// Waits until the order has that status, and returns it.
    ///
    /// # Panics
    /// When it never has.
    pub async fn until_status(&self, order: &Value, status: &str) -> Value {
        self.until_order(order, &format!("the order is {status}"), |now| {
            now["status"] == status
        })
        .await
    }

    /// Waits until the order is as wished for, and returns it.
    ///
    /// # Panics
    /// When it never is.
    pub async fn until_order(
        &self,
        order: &Value,
        what: &str,
        wished: impl Fn(&Value) -> bool,
    ) -> Value {
        until(what, async || {
            let now = self.look(order).await;
            if wished(&now) { Ok(now) } else { Err(now) }
        })
        .await
    }
}

fn path(order: &Value, rest: &str) -> String {
    format!("/v1/orders/{}{rest}", order["id"].as_str().unwrap())
}
