//! What a merchant of these tests does with the channel, and what a tester does with the sandbox.

use serde_json::{Value, json};

use crate::merchant::Merchant;
use crate::message::{Fields, fields};

impl Merchant {
    /// The fields of an order of 100 fen that is to be told to the test's receiver.
    pub fn order(&self, trade_type: &str, out_trade_no: &str) -> Fields {
        let mut order = fields([
            ("body", "一杯茶 & <糖>"),
            ("attach", "桌号7"),
            ("out_trade_no", out_trade_no),
            ("total_fee", "100"),
            ("spbill_create_ip", "127.0.0.1"),
            ("notify_url", self.notices.url()),
            ("trade_type", trade_type),
        ]);
        let more = match trade_type {
            "JSAPI" => ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
            "NATIVE" => ("product_id", "tea"),
            "MWEB" => (
                "scene_info",
                r#"{"h5_info":{"type":"Wap","wap_url":"https://a.example","wap_name":"a"}}"#,
            ),
            _ => ("device_info", "WEB"),
        };
        order.extend(fields([more]));
        order
    }

    /// The fields of a payment by code.
    pub fn scan(&self, out_trade_no: &str, auth_code: &str) -> Fields {
        fields([
            ("body", "一杯茶"),
            ("attach", "桌号7"),
            ("out_trade_no", out_trade_no),
            ("total_fee", "100"),
            ("spbill_create_ip", "127.0.0.1"),
            ("auth_code", auth_code),
        ])
    }

    pub async fn native(&self, out_trade_no: &str) -> String {
        let order = self.order("NATIVE", out_trade_no);
        self.done("/pay/unifiedorder", &order).await["code_url"].clone()
    }

    pub async fn prepaid(&self, trade_type: &str, out_trade_no: &str) -> String {
        let order = self.order(trade_type, out_trade_no);
        let answer = self.done("/pay/unifiedorder", &order).await;
        assert_eq!(answer["trade_type"], trade_type);
        answer["prepay_id"].clone()
    }

    pub async fn query(&self, out_trade_no: &str) -> Fields {
        let number = fields([("out_trade_no", out_trade_no)]);
        self.call("/pay/orderquery", &number).await
    }

    pub async fn state(&self, out_trade_no: &str) -> String {
        self.query(out_trade_no).await["trade_state"].clone()
    }

    pub async fn close(&self, out_trade_no: &str) -> Fields {
        let number = fields([("out_trade_no", out_trade_no)]);
        self.call("/pay/closeorder", &number).await
    }

    pub async fn reverse(&self, out_trade_no: &str) -> Fields {
        let number = fields([("out_trade_no", out_trade_no)]);
        self.call("/secapi/pay/reverse", &number).await
    }

    /// The fields of a refund of `fen` out of 100.
    pub fn refund(&self, out_trade_no: &str, out_refund_no: &str, fen: i64) -> Fields {
        fields([
            ("out_trade_no", out_trade_no),
            ("out_refund_no", out_refund_no),
            ("total_fee", "100"),
            ("refund_fee", &fen.to_string()),
            ("refund_desc", "商品已售完"),
            ("notify_url", self.notices.url()),
        ])
    }

    pub async fn refund_query(&self, name: &str, number: &str) -> Fields {
        self.call("/pay/refundquery", &fields([(name, number)]))
            .await
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

    pub async fn controlled(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.control("POST", path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {body}");
        body
    }

    /// The payer's wallet shows a code.
    pub async fn code(&self, behaviour: &str) -> String {
        let shown = json!({ "channel": "wechat", "behaviour": behaviour });
        let shown = self.controlled("/payer/barcode", shown).await;
        shown["auth_code"].as_str().unwrap().to_owned()
    }

    /// The payer's wallet opens what was handed out.
    pub async fn open(&self, artefact: impl Into<Value>) -> (u16, Value) {
        let artefact = json!({ "artefact": artefact.into() });
        self.control("POST", "/payer/open", artefact).await
    }

    /// The payer opens `artefact` and pays.
    pub async fn pay(&self, artefact: impl Into<Value>, out_trade_no: &str) {
        let (status, opened) = self.open(artefact).await;
        assert_eq!(status, 200, "{opened}");
        assert_eq!(opened["out_trade_no"], out_trade_no);
        self.controlled(&format!("/trades/{out_trade_no}/pay"), json!({}))
            .await;
    }

    /// An order by code of the payer that is paid.
    pub async fn paid(&self, out_trade_no: &str) {
        let code = self.native(out_trade_no).await;
        self.pay(code, out_trade_no).await;
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

    /// The ledger's word for the only trade, and whether money was taken for it.
    pub async fn only_trade(&self) -> (String, bool) {
        let (trades, _) = self.ledger().await;
        assert_eq!(trades.len(), 1, "{trades:?}");
        let state = trades[0]["state"].as_str().unwrap().to_owned();
        (state, trades[0]["paid_at"].is_string())
    }
}

/// Waits for a condition of the sandbox.
pub async fn wait_until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let poll = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), poll)
        .await
        .expect("within 20 s");
}
