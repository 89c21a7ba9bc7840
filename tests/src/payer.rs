//! The payer, and what can go wrong at the channels: the sandbox's control API.

use crate::until;
use reqwest::Method;
use serde_json::{Value, json};

/// Acts at the simulated channels, over HTTP.
pub struct Payer {
    http: reqwest::Client,
    sandbox: String,
}

impl Payer {
    pub(crate) fn new(sandbox: String) -> Payer {
        let http = reqwest::Client::builder()
            .tls_certs_only(Vec::new())
            .build()
            .unwrap();
        Payer { http, sandbox }
    }

    /// Opens what an `action` handed out in the wallet (scans, signs in), as the
    /// merchant's page or app would, and returns the `out_trade_no`.
    ///
    /// # Panics
    /// When the wallet refuses it.
    pub async fn open(&self, action: &Value) -> String {
        let opened = self
            .control(Method::POST, "/payer/open", artefact(action))
            .await;
        opened["out_trade_no"].as_str().unwrap().to_owned()
    }

    /// Opens what was handed out, and pays. Returns the `out_trade_no`.
    ///
    /// # Panics
    /// When the wallet or the channel refuses.
    pub async fn pay(&self, action: &Value) -> String {
        let number = self.open(action).await;
        self.confirm(&number).await;
        number
    }

    /// The wallet shows a payment code, and will do so when that is charged: `pay`,
    /// `ask_password` (the payer may [`confirm`](Payer::confirm)), `refuse`, or `silent`
    /// (the channel does not say).
    ///
    /// # Panics
    /// When no wallet of the channel (`alipay`, `wechat`) does.
    pub async fn barcode(&self, channel: &str, behaviour: &str) -> String {
        let wish = json!({ "channel": channel, "behaviour": behaviour });
        let shown = self.control(Method::POST, "/payer/barcode", wish).await;
        shown["auth_code"].as_str().unwrap().to_owned()
    }

    /// Pays what was opened before.
    ///
    /// # Panics
    /// When the channel refuses.
    pub async fn confirm(&self, out_trade_no: &str) {
        self.control(
            Method::POST,
            &format!("/trades/{out_trade_no}/pay"),
            Value::Null,
        )
        .await;
    }

    /// Whether the channel lets it be paid now, and pays it then.
    pub async fn try_confirm(&self, out_trade_no: &str) -> bool {
        let path = format!("/trades/{out_trade_no}/pay");
        self.call(Method::POST, &path, Value::Null).await.0 == 200
    }

    /// Opens what was handed out and pays, if wallet and channel let them. The
    /// `out_trade_no`, if it is paid now.
    pub async fn try_pay(&self, action: &Value) -> Option<String> {
        let (status, text) = self
            .call(Method::POST, "/payer/open", artefact(action))
            .await;
        if status != 200 {
            return None;
        }
        let opened: Value = serde_json::from_str(&text).unwrap();
        let number = opened["out_trade_no"].as_str().unwrap().to_owned();
        self.try_confirm(&number).await.then_some(number)
    }

    /// Pays a trade whatever its state: the channel contradicts itself.
    ///
    /// # Panics
    /// When there is no such trade.
    pub async fn force(&self, out_trade_no: &str) {
        self.control(
            Method::POST,
            &format!("/trades/{out_trade_no}/force_pay"),
            Value::Null,
        )
        .await;
    }

    /// Has one more signed notice sent, with parameters replaced before signing.
    ///
    /// # Panics
    /// When the channel has nothing to send.
    pub async fn notify(&self, out_trade_no: &str, kind: &str, overrides: Value) {
        let body = json!({ "kind": kind, "overrides": overrides });
        self.control(
            Method::POST,
            &format!("/trades/{out_trade_no}/notify"),
            body,
        )
        .await;
    }

    /// Decides what becomes of a refund at WeChat Pay: `SUCCESS`, `ABNORMAL`, `CLOSED`.
    ///
    /// # Panics
    /// When the refund cannot become that.
    pub async fn settle_refund(&self, out_refund_no: &str, state: &str) {
        let path = format!("/refunds/{out_refund_no}");
        self.control(Method::POST, &path, json!({ "state": state }))
            .await;
    }

    /// Breaks something: `{method, fault, times?, rate?, seed?, delay_ms?, out_trade_no?}`.
    ///
    /// # Panics
    /// When there is no such fault.
    pub async fn break_it(&self, fault: Value) {
        self.control(Method::POST, "/faults", fault).await;
    }

    /// Changes a switch of a channel (`alipay`, `wechat`): what differs from contract to
    /// contract, or what no document says.
    ///
    /// # Panics
    /// When there is no such switch.
    pub async fn rule(&self, channel: &str, change: Value) {
        self.control(Method::POST, &format!("/{channel}"), change)
            .await;
    }

    /// Ends all faults.
    pub async fn mend(&self) {
        let (status, text) = self.call(Method::DELETE, "/faults", Value::Null).await;
        assert!(status < 300, "{status} {text}");
    }

    /// How often the armed faults have struck, all together.
    pub async fn strikes(&self) -> u64 {
        let shown = self.control(Method::GET, "/faults", Value::Null).await;
        shown["faults"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|f| f["fired"].as_u64())
            .sum()
    }

    /// What the channels believe: `{trades, refunds}`.
    pub async fn ledger(&self) -> Value {
        self.control(Method::GET, "/ledger", Value::Null).await
    }

    /// The trade of that number in the channels' books, if there is one.
    pub async fn trade(&self, out_trade_no: &str) -> Option<Value> {
        let ledger = self.ledger().await;
        let trades = ledger["trades"].as_array().unwrap();
        trades
            .iter()
            .find(|trade| trade["out_trade_no"] == out_trade_no)
            .cloned()
    }

    /// The notices that were delivered for a trade, with headers and body.
    pub async fn notices(&self, out_trade_no: &str) -> Vec<Value> {
        let path = format!("/notices?out_trade_no={out_trade_no}");
        let log = self.control(Method::GET, &path, Value::Null).await;
        log["notices"].as_array().unwrap().clone()
    }

    /// Waits until a notice for the trade was answered, and returns it.
    ///
    /// # Panics
    /// When none ever is.
    pub async fn answered_notice(&self, out_trade_no: &str) -> Value {
        until("a notice is answered", async || {
            let notices = self.notices(out_trade_no).await;
            notices
                .iter()
                .find(|notice| notice["status"].is_u64())
                .cloned()
                .ok_or(notices)
        })
        .await
    }

    /// Pushes the sandbox's clock ahead; [`crate::App::advance`] pushes both.
    pub(crate) async fn advance(&self, seconds: u32) {
        let body = json!({ "advance_seconds": seconds });
        self.control(Method::POST, "/clock", body).await;
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, text) = self.call(method, path, body).await;
        assert!(status < 300, "/sandbox{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let mut request = self
            .http
            .request(method, format!("{}/sandbox{path}", self.sandbox));
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

/// What the wallet gets to see of an action.
fn artefact(action: &Value) -> Value {
    let artefact = match action["type"].as_str() {
        Some("redirect") => &action["url"],
        Some("qr_code") => &action["text"],
        Some("app") if action["order_string"].is_string() => &action["order_string"],
        Some("app" | "jsapi") => &action["params"],
        _ => panic!("nothing that a wallet can open: {action}"),
    };
    json!({ "artefact": artefact })
}
