//! A merchant with one Alipay account at a sandbox of its own, a payer, and a place
//! for notices to arrive.

use async_trait::async_trait;
use cashier::channel::{Action, Channel, Offer, Outcome, PayRequest, RefundRequest, Trade};
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::{Clock, Span, Timestamp};
use cashier::way::Way;
use channels::alipay::{Account, Alipay, Mode, Settings};
use sandbox::{AlipayApp, Running};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

pub const APP_ID: &str = "2021000000000001";
pub const SELLER_ID: &str = "2088000000000001";

/// The sandbox's clock, as the adapter takes it.
struct SandboxClock(sandbox::Sandbox);

#[async_trait]
impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.clock().now().timestamp_millis())
    }

    async fn sleep(&self, _: Span) {}
}

pub struct Shop {
    pub sandbox: Running,
    pub alipay: Alipay,
    alipay_public_key: String,
    notify_url: String,
    notices: mpsc::UnboundedReceiver<Vec<u8>>,
    http: reqwest::Client,
}

pub fn key(name: &str) -> String {
    let keys: Value =
        serde_json::from_str(include_str!("../../fixtures/alipay/00_keys.json")).unwrap();
    keys[name].as_str().unwrap().to_owned()
}

pub fn fen(fen: i64) -> Money {
    Money::from_fen(fen).unwrap()
}

impl Shop {
    pub async fn open() -> Shop {
        Shop::open_with(sandbox::Settings::default(), "success").await
    }

    /// A shop whose server answers notices with `reply`.
    pub async fn open_with(settings: sandbox::Settings, reply: &'static str) -> Shop {
        let sandbox = sandbox::start(settings).await.unwrap();
        let app = AlipayApp {
            app_id: APP_ID.to_owned(),
            seller_id: SELLER_ID.to_owned(),
            app_public_key_pem: key("app_public_key_spki_pem"),
        };
        let alipay_public_key = sandbox.sandbox().register_alipay(app).unwrap();
        let (notify_url, notices) = receive(reply).await;
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([])
            .build()
            .unwrap();
        let settings = settings_at(&sandbox, &alipay_public_key);
        let alipay = connect(&sandbox, settings);
        Shop {
            sandbox,
            alipay,
            alipay_public_key,
            notify_url,
            notices,
            http,
        }
    }

    pub fn settings(&self) -> Settings {
        settings_at(&self.sandbox, &self.alipay_public_key)
    }

    /// The same shop with other settings.
    pub fn with(&self, settings: Settings) -> Alipay {
        connect(&self.sandbox, settings)
    }

    /// The same shop with little patience.
    pub fn impatient(&self) -> Alipay {
        self.with(Settings {
            deadline: Duration::from_millis(1_500),
            ..self.settings()
        })
    }

    pub fn request(&self, number: &str, way: Way) -> PayRequest {
        let now = self.sandbox.sandbox().clock().now().timestamp_millis();
        PayRequest {
            flow_no: FlowNo::new(number),
            way,
            amount: fen(8_888),
            subject: "测试商品 A/B=C&D 100% + \"1\"".to_owned(),
            expires_at: Timestamp::from_millis(now).plus(Span::minutes(15)),
            notify_url: self.notify_url.clone(),
            return_url: Some("https://shop.example/back?order=1".to_owned()),
            client_ip: None,
            payer: None,
            auth_code: None,
        }
    }

    /// What is sent when the counter scans a code that the payer shows.
    pub async fn scanned_code(&self, number: &str, behaviour: &str) -> PayRequest {
        let shown = json!({ "channel": "alipay", "behaviour": behaviour });
        let shown = self.control("payer/barcode", shown).await;
        PayRequest {
            auth_code: Some(shown["auth_code"].as_str().unwrap().to_owned()),
            ..self.request(number, Way::AliBar)
        }
    }

    /// What is sent for a payer who is known.
    pub fn known_payer(&self, number: &str, payer: &str) -> PayRequest {
        PayRequest {
            payer: Some(payer.to_owned()),
            ..self.request(number, Way::AliJsapi)
        }
    }

    /// The payer's browser goes where the adapter says, and comes back with a code.
    pub async fn comes_back(&self, alipay: &Alipay) -> String {
        let asked = alipay
            .payers()
            .unwrap()
            .asked_at("https://till.example/back?x=1", "S 1");
        let answer = self.http.get(asked).send().await.unwrap();
        assert!(answer.status().is_redirection(), "{}", answer.status());
        let back = answer.headers()["location"].to_str().unwrap();
        let back = reqwest::Url::parse(back).unwrap();
        assert_eq!(back.host_str(), Some("till.example"));
        let value = |name: &str| {
            let found = back.query_pairs().find(|(known, _)| known == name);
            found
                .unwrap_or_else(|| panic!("no {name} in {back}"))
                .1
                .into_owned()
        };
        assert_eq!(
            (value("x"), value("state")),
            ("1".to_owned(), "S 1".to_owned())
        );
        value(alipay.payers().unwrap().code_field())
    }

    /// Another application of the same seller, in certificate mode.
    pub async fn certified(&self, app_id: &str) -> Settings {
        let account = json!({
            "channel": "alipay", "app_id": app_id, "seller_id": SELLER_ID,
            "app_public_key_pem": key("app_public_key_spki_pem"), "certificates": true,
        });
        let made = self.control("accounts", account).await;
        let file = |name: &str| made[name].as_str().unwrap().to_owned();
        Settings {
            app_id: app_id.to_owned(),
            mode: Mode::Certificates {
                app_cert: file("app_cert_pem"),
                alipay_cert: file("alipay_cert_pem"),
                root_cert: file("alipay_root_cert_pem"),
            },
            ..self.settings()
        }
    }

    /// Time passes, for the channel and for the adapter.
    pub async fn pass(&self, seconds: u64) {
        self.control("clock", json!({ "advance_seconds": seconds }))
            .await;
    }

    /// The ledger's trade of this number.
    pub fn ledger(&self, number: &str) -> Option<Value> {
        let ledger = serde_json::to_value(self.sandbox.sandbox().ledger()).unwrap();
        let trades = ledger["trades"].as_array().unwrap();
        trades
            .iter()
            .find(|trade| trade["out_trade_no"] == number)
            .cloned()
    }

    pub async fn hand_out(&self, number: &str, way: Way) -> Action {
        match self.alipay.pay(&self.request(number, way)).await {
            Outcome::Done(Offer::Action(action)) => action,
            other => panic!("{other:?}"),
        }
    }

    /// Makes a flow payable, and the payer scans it: now Alipay has the trade.
    pub async fn scanned(&self, number: &str) {
        let action = self.hand_out(number, Way::AliQr).await;
        self.scan(&action).await;
    }

    /// A paid flow, and the refund of some of it.
    pub async fn paid(&self, number: &str, refund: &str, amount: i64) -> RefundRequest {
        self.scanned(number).await;
        self.pay(number).await;
        let Outcome::Done(Trade::Paid(payment)) = self.alipay.query(&FlowNo::new(number)).await
        else {
            panic!("{number} is not paid")
        };
        RefundRequest {
            refund_no: RefundNo::new(refund),
            flow_no: FlowNo::new(number),
            trade_no: payment.trade_no,
            amount: fen(amount),
            total: payment.amount,
            reason: Some("七天无理由".to_owned()),
            notify_url: self.notify_url.clone(),
        }
    }

    /// The payer's wallet opens what was handed out.
    pub async fn scan(&self, action: &Action) -> Value {
        let artefact = match action {
            Action::Redirect { url } => json!(url),
            Action::QrCode { text } => json!(text),
            Action::App {
                order_string: Some(text),
                params: None,
            } => json!(text),
            Action::Jsapi { params } => json!(json!(params).to_string()),
            other => panic!("{other:?}"),
        };
        self.control("payer/open", json!({ "artefact": artefact }))
            .await
    }

    /// The payer pays.
    pub async fn pay(&self, number: &str) {
        self.control(&format!("trades/{number}/pay"), json!({}))
            .await;
    }

    pub async fn fault(&self, method: &str, fault: &str) {
        let order = json!({ "method": method, "fault": fault, "times": 1, "delay_ms": 5_000 });
        self.control("faults", order).await;
    }

    pub async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// The next notice's body, as it came in.
    pub async fn notice(&mut self) -> Vec<u8> {
        let wait = tokio::time::timeout(Duration::from_secs(10), self.notices.recv());
        wait.await.expect("no notice came").unwrap()
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.sandbox.sandbox().clock().now().timestamp_millis())
    }
}

fn settings_at(sandbox: &Running, alipay_public_key: &str) -> Settings {
    Settings {
        gateway_url: format!("{}/gateway.do", sandbox.url()),
        ..Settings::new(
            APP_ID,
            SELLER_ID,
            key("app_private_key_pkcs1_base64").into(),
            alipay_public_key,
        )
    }
}

fn connect(sandbox: &Running, settings: Settings) -> Alipay {
    let clock = SandboxClock(sandbox.sandbox().clone());
    Alipay::new(Account::new(settings).unwrap(), Arc::new(clock)).unwrap()
}

/// A server that takes one POST a connection and passes its body on.
async fn receive(reply: &'static str) -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify/alipay", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = Vec::new();
            while body(&seen).is_none() && stream.read_buf(&mut seen).await.is_ok_and(|n| n > 0) {}
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{reply}",
                reply.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
            if let Some(body) = body(&seen) {
                let _ = sender.send(body.to_vec());
            }
        }
    });
    (url, receiver)
}

/// The body of a request, once it is complete.
fn body(request: &[u8]) -> Option<&[u8]> {
    let end = request
        .windows(4)
        .position(|window| window == b"\r\n\r\n")?
        + 4;
    let head = std::str::from_utf8(&request[..end])
        .ok()?
        .to_ascii_lowercase();
    let length = head.split("content-length:").nth(1)?.split("\r\n").next()?;
    request.get(end..end + length.trim().parse::<usize>().ok()?)
}
