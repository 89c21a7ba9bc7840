//! The simulated channels, through their control interface: faults, the payer's
//! wallet, and the books.

use crate::accounts::{ALIPAY, APP_ID, WECHAT};
use cashier::audit::{Ledger, RefundEntry, TradeEntry, TradeState};
use cashier::id::{AccountId, FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The sandbox at the end of a socket.
#[derive(Clone, Debug)]
pub struct Channels {
    http: reqwest::Client,
    url: String,
}

impl Channels {
    /// The sandbox at that address.
    ///
    /// # Panics
    /// When no client can be built.
    pub fn new(url: String) -> Channels {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(Vec::new())
            .timeout(Duration::from_secs(120))
            .build()
            .unwrap();
        Channels { http, url }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it answers.
    pub async fn is_up(&self) -> bool {
        let request = self.http.get(format!("{}/sandbox/clock", self.url));
        request.send().await.is_ok()
    }

    /// Registers an account; answers the channel's public key.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn register(&self, account: &Value) -> Value {
        self.control(Method::POST, "/accounts", account).await
    }

    /// Arms a fault.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn break_it(&self, fault: &Value) {
        self.control(Method::POST, "/faults", fault).await;
    }

    /// Ends all faults and answers how often each kind struck.
    ///
    /// # Panics
    /// When the sandbox does not answer.
    pub async fn mend(&self) -> BTreeMap<String, u64> {
        let struck = self.struck().await;
        let (status, text) = self.call(Method::DELETE, "/faults", &Value::Null).await;
        assert!(status < 300, "{status} {text}");
        struck
    }

    /// How often each kind of fault has struck, as `notice.drop`, `call.garbage` ….
    ///
    /// # Panics
    /// When the sandbox does not answer.
    pub async fn struck(&self) -> BTreeMap<String, u64> {
        let shown = self.control(Method::GET, "/faults", &Value::Null).await;
        let mut struck = BTreeMap::new();
        for fault in shown["faults"].as_array().unwrap() {
            let is_notice = fault["method"].as_str().unwrap().starts_with("notice.");
            let family = if is_notice { "notice" } else { "call" };
            let name = format!("{family}.{}", fault["fault"].as_str().unwrap());
            *struck.entry(name).or_default() += fault["fired"].as_u64().unwrap();
        }
        struck
    }

    /// The wallet opens what was handed out; the `out_trade_no`, if it lets itself be
    /// opened.
    pub async fn open(&self, action: &Value) -> Option<String> {
        let artefact = match action["type"].as_str() {
            Some("redirect") => &action["url"],
            Some("qr_code") => &action["text"],
            Some("app") if action["order_string"].is_string() => &action["order_string"],
            Some("app" | "jsapi") => &action["params"],
            _ => return None,
        };
        let body = json!({ "artefact": artefact });
        let (status, text) = self.call(Method::POST, "/payer/open", &body).await;
        let opened: Value = serde_json::from_str(&text).unwrap_or_default();
        (status == 200).then(|| opened["out_trade_no"].as_str().map(str::to_owned))?
    }

    /// The wallet of a channel (`alipay`, `wechat`) shows a payment code, and does so when
    /// it is charged: `pay`, `ask_password`, `refuse`, `silent`.
    ///
    /// # Panics
    /// When there is no such wallet.
    pub async fn barcode(&self, channel: &str, behaviour: &str) -> String {
        let wish = json!({ "channel": channel, "behaviour": behaviour });
        let shown = self.control(Method::POST, "/payer/barcode", &wish).await;
        text(&shown, "auth_code")
    }

    /// The payer pays what was opened. Whether the channel takes the money.
    pub async fn pay(&self, out_trade_no: &str) -> bool {
        let path = format!("/trades/{out_trade_no}/pay");
        self.call(Method::POST, &path, &Value::Null).await.0 == 200
    }

    /// The books as they are.
    ///
    /// # Panics
    /// When the sandbox does not answer.
    pub async fn ledger(&self) -> Value {
        self.control(Method::GET, "/ledger", &Value::Null).await
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let (status, text) = self.call(method, path, body).await;
        assert!(status < 300, "/sandbox{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (u16, String) {
        let mut request = self
            .http
            .request(method, format!("{}/sandbox{path}", self.url));
        if !body.is_null() {
            request = request.json(body);
        }
        match request.send().await {
            Ok(answer) => (
                answer.status().as_u16(),
                answer.text().await.unwrap_or_default(),
            ),
            Err(error) => (599, error.to_string()),
        }
    }
}

/// The sandbox's books in the words of the formulas. What was handed out and never
/// opened is not in them. A reversal stands among the refunds there, under a number that
/// the channel makes of the trade's own or of ours (Alipay).
///
/// # Panics
/// When the books make no sense.
pub fn read_ledger(shown: &Value) -> Ledger {
    let mut ledger = Ledger::default();
    let mut flows = BTreeMap::new();
    for trade in shown["trades"].as_array().unwrap() {
        let no = FlowNo::new(text(trade, "out_trade_no"));
        let paid = !trade["paid_at"].is_null();
        // WeChat Pay does not say when a payment by code has failed for good.
        let closed = !trade["closed_at"].is_null() || trade["state"] == "PAYERROR";
        flows.insert(text(trade, "trade_no"), no.clone());
        let entry = TradeEntry {
            account: account(trade),
            trade_no: text(trade, "trade_no"),
            amount: money(trade),
            state: match (paid, closed) {
                (true, _) => TradeState::Paid,
                (false, true) => TradeState::Closed,
                (false, false) => TradeState::Waiting,
            },
            closed: closed && !paid,
            expires_at: moment(&trade["expires_at"]),
        };
        ledger.trades.insert(no, entry);
    }
    for refund in shown["refunds"].as_array().unwrap() {
        let state = text(refund, "state");
        let (no, trade_no) = (text(refund, "out_refund_no"), text(refund, "trade_no"));
        let flow_no = &flows[&trade_no];
        if no == flow_no.as_str() || no == format!("reverse_{trade_no}") {
            let trade = ledger.trades.get_mut(flow_no).unwrap();
            (trade.state, trade.closed) = (TradeState::Reversed, true);
            continue;
        }
        let entry = RefundEntry {
            account: account(refund),
            flow_no: flow_no.clone(),
            amount: money(refund),
            succeeded: state == "SUCCESS" || state == "REFUND_SUCCESS",
        };
        ledger.refunds.insert(RefundNo::new(no), entry);
    }
    ledger
}

fn account(row: &Value) -> AccountId {
    AccountId::new(if row["account"] == APP_ID {
        ALIPAY
    } else {
        WECHAT
    })
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap().to_owned()
}

fn money(row: &Value) -> Money {
    Money::from_fen(row["amount"].as_i64().unwrap()).unwrap()
}

fn moment(text: &Value) -> Timestamp {
    let moment = chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
    Timestamp::from_millis(moment.timestamp_millis())
}
