//! What a merchant of these tests does with the channel, and what a tester does with the sandbox.

use serde_json::{Value, json};

use crate::merchant::{APPID, Answer, MCHID, Merchant};

impl Merchant {
    /// The body of an order: 100 fen, to be told to the test's receiver.
    pub fn order(&self, out_trade_no: &str) -> Value {
        json!({
            "appid": APPID, "mchid": MCHID, "description": "一杯茶", "out_trade_no": out_trade_no,
            "notify_url": self.notices.url(), "attach": "桌号7",
            "amount": { "total": 100, "currency": "CNY" },
        })
    }

    pub async fn native(&self, out_trade_no: &str) -> String {
        self.native_of(&self.order(out_trade_no)).await
    }

    pub async fn native_of(&self, order: &Value) -> String {
        let answer = self
            .call("POST", "/v3/pay/transactions/native", &order.to_string())
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["code_url"].as_str().unwrap().to_owned()
    }

    pub async fn jsapi(&self, out_trade_no: &str) -> String {
        let mut order = self.order(out_trade_no);
        order["payer"] = json!({ "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" });
        let answer = self
            .call("POST", "/v3/pay/transactions/jsapi", &order.to_string())
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["prepay_id"].as_str().unwrap().to_owned()
    }

    pub async fn query(&self, out_trade_no: &str) -> Answer {
        let target = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={MCHID}");
        self.call("GET", &target, "").await
    }

    pub async fn state(&self, out_trade_no: &str) -> String {
        self.query(out_trade_no).await.body["trade_state"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub async fn close(&self, out_trade_no: &str) -> Answer {
        let target = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}/close");
        self.call("POST", &target, &json!({ "mchid": MCHID }).to_string())
            .await
    }

    /// The body of a refund of `fen` out of 100.
    pub fn refund_body(&self, out_trade_no: &str, out_refund_no: &str, fen: i64) -> Value {
        json!({
            "out_trade_no": out_trade_no, "out_refund_no": out_refund_no,
            "notify_url": self.notices.url(),
            "amount": { "refund": fen, "total": 100, "currency": "CNY" },
        })
    }

    pub async fn refund(&self, out_trade_no: &str, out_refund_no: &str, fen: i64) -> Answer {
        let body = self
            .refund_body(out_trade_no, out_refund_no, fen)
            .to_string();
        self.call("POST", "/v3/refund/domestic/refunds", &body)
            .await
    }

    pub async fn refund_status(&self, out_refund_no: &str) -> String {
        let target = format!("/v3/refund/domestic/refunds/{out_refund_no}");
        self.call("GET", &target, "").await.body["status"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A control call of the sandbox; answers the status and the JSON body.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/sandbox{path}", self.running.url());
        let request = self.http.request(method.parse().unwrap(), url).json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (status, body)
    }

    async fn controlled(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.control("POST", path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {body}");
        body
    }

    /// The payer's wallet opens what was handed out.
    pub async fn open(&self, artefact: impl Into<Value>) -> (u16, Value) {
        self.control(
            "POST",
            "/payer/open",
            json!({ "artefact": artefact.into() }),
        )
        .await
    }

    /// The payer opens `artefact` and pays.
    pub async fn pay(&self, artefact: &str, out_trade_no: &str) {
        let (status, opened) = self.open(artefact).await;
        assert_eq!(status, 200, "{opened}");
        assert_eq!(opened["out_trade_no"], out_trade_no);
        self.controlled(&format!("/trades/{out_trade_no}/pay"), json!({}))
            .await;
    }

    pub async fn advance(&self, seconds: i64) {
        self.controlled("/clock", json!({ "advance_seconds": seconds }))
            .await;
    }

    pub async fn fault(&self, fault: Value) {
        self.controlled("/faults", fault).await;
    }

    /// The sandbox's ledger: (trades, refunds).
    pub async fn ledger(&self) -> (Vec<Value>, Vec<Value>) {
        let (status, body) = self.control("GET", "/ledger", json!({})).await;
        assert_eq!(status, 200);
        let list = |name: &str| body[name].as_array().unwrap().clone();
        (list("trades"), list("refunds"))
    }

    /// Waits for a condition of the sandbox.
    pub async fn until<F: Future<Output = bool>>(&self, condition: impl Fn() -> F) {
        let poll = async {
            while !condition().await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), poll)
            .await
            .expect("within 20 s");
    }

    /// Waits until so many deliveries of notices have been written down.
    pub async fn logged(&self, deliveries: usize) {
        self.until(|| async {
            let (_, log) = self.control("GET", "/notices", json!({})).await;
            log["notices"].as_array().unwrap().len() >= deliveries
        })
        .await;
    }
}
