//! A merchant with one APIv2 account at a sandbox of its own, a payer, and a place for
//! notices to arrive.

use async_trait::async_trait;
use cashier::channel::{Action, Channel, Offer, Outcome, PayRequest, RefundRequest, Trade};
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::{Clock, Entropy, Span, Timestamp};
use cashier::way::Way;
use channels::wechat_v2::{Account, Settings, SignType, WechatV2};
use sandbox::{Behaviour, Running, TradeView};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

pub const MCHID: &str = "1900009191";
pub const APPID: &str = "wxd678efh567hg6787";
pub const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// The sandbox's real time.
struct WallClock(sandbox::Sandbox);

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.clock().wall().timestamp_millis())
    }

    async fn sleep(&self, _: Span) {}
}

/// Never the same bytes twice.
#[derive(Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn bytes(&self) -> [u8; 16] {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
    }
}

/// What the sandbox says when a merchant registers.
struct Registered {
    certificate: String,
    private_key: String,
    authority: String,
}

pub struct Shop {
    pub sandbox: Running,
    pub wechat: WechatV2,
    registered: Registered,
    notify_url: String,
    notices: mpsc::UnboundedReceiver<Vec<u8>>,
    http: reqwest::Client,
}

pub fn fen(fen: i64) -> Money {
    Money::from_fen(fen).unwrap()
}

impl Shop {
    pub async fn open() -> Shop {
        Shop::open_with(sandbox::Settings::default(), json!({}), &["SUCCESS"]).await
    }

    /// A shop with more to its registration, whose server answers the notices with
    /// these codes, the last one for ever.
    pub async fn open_with(
        settings: sandbox::Settings,
        registration: Value,
        replies: &'static [&'static str],
    ) -> Shop {
        let settings = sandbox::Settings {
            https_addr: Some("127.0.0.1:0".to_owned()),
            ..settings
        };
        let sandbox = sandbox::start(settings).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap();
        let registered = register(&http, &sandbox, registration).await;
        let (notify_url, notices) = receive(replies).await;
        let wechat = connect(&sandbox, settings_at(&sandbox, &registered));
        Shop {
            sandbox,
            wechat,
            registered,
            notify_url,
            notices,
            http,
        }
    }

    pub fn settings(&self) -> Settings {
        settings_at(&self.sandbox, &self.registered)
    }

    /// The same shop with other settings.
    pub fn with(&self, settings: Settings) -> WechatV2 {
        connect(&self.sandbox, settings)
    }

    /// The same shop with little patience.
    pub fn impatient(&self) -> WechatV2 {
        self.with(Settings {
            deadline: Duration::from_millis(700),
            ..self.settings()
        })
    }

    /// Sandbox time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.sandbox.sandbox().clock().now().timestamp_millis())
    }

    pub fn request(&self, number: &str, way: Way) -> PayRequest {
        PayRequest {
            flow_no: FlowNo::new(number),
            way,
            amount: fen(8_888),
            subject: " 测试商品 🍵 100% + \"1\" <&> \n".to_owned(),
            expires_at: self.now().plus(Span::minutes(15)),
            notify_url: self.notify_url.clone(),
            return_url: Some("https://shop.example/back?order=1&x=二".to_owned()),
            client_ip: Some("14.23.150.211".to_owned()),
            payer: Some(OPENID.to_owned()),
            auth_code: None,
        }
    }

    /// A barcode payment with a code that the payer's wallet shows.
    pub fn scanned(&self, number: &str, behaviour: Behaviour) -> PayRequest {
        let wallet = sandbox::Channel::Wechat;
        let code = self.sandbox.sandbox().show_barcode(wallet, behaviour);
        PayRequest {
            auth_code: Some(code),
            ..self.request(number, Way::WxBar)
        }
    }

    pub async fn hand_out(&self, number: &str, way: Way) -> Action {
        match self.wechat.pay(&self.request(number, way)).await {
            Outcome::Done(Offer::Action(action)) => action,
            other => panic!("{other:?}"),
        }
    }

    /// The payer's wallet opens what was handed out; whose order it is.
    pub fn scan(&self, action: &Action) -> Result<String, sandbox::PayerError> {
        let artefact = match action {
            Action::Redirect { url } => json!(url),
            Action::QrCode { text } => json!(text),
            Action::App {
                params: Some(params),
                order_string: None,
            } => json!(params),
            Action::Jsapi { params } => json!(params),
            other => panic!("{other:?}"),
        };
        self.sandbox
            .sandbox()
            .open(&artefact)
            .map(|opened| opened.out_trade_no)
    }

    /// The payer pays.
    pub fn pay(&self, number: &str) {
        self.sandbox.sandbox().pay(number, Some(MCHID)).unwrap();
    }

    /// Makes a flow payable, and it is paid.
    pub async fn sell(&self, number: &str) {
        let action = self.hand_out(number, Way::WxNative).await;
        self.scan(&action).unwrap();
        self.pay(number);
    }

    /// A paid flow, and the refund of some of it.
    pub async fn paid(&self, number: &str, refund: &str, amount: i64) -> RefundRequest {
        self.sell(number).await;
        let queried = self.wechat.query(&FlowNo::new(number)).await;
        let Outcome::Done(Trade::Paid(payment)) = queried else {
            panic!("{queried:?}")
        };
        RefundRequest {
            refund_no: RefundNo::new(refund),
            flow_no: FlowNo::new(number),
            trade_no: payment.trade_no,
            amount: fen(amount),
            total: payment.amount,
            reason: Some("七天无理由 🍵".to_owned()),
            notify_url: self.notify_url.clone(),
        }
    }

    /// What WeChat believes about a flow.
    pub fn trade(&self, number: &str) -> Option<TradeView> {
        let ledger = self.sandbox.sandbox().ledger();
        ledger
            .trades
            .into_iter()
            .find(|trade| trade.out_trade_no == number)
    }

    /// How many refunds WeChat believes in.
    pub fn refunds(&self) -> usize {
        self.sandbox.sandbox().ledger().refunds.len()
    }

    /// Seconds of sandbox time pass.
    pub fn pass(&self, seconds: i64) {
        self.sandbox
            .sandbox()
            .advance_clock(chrono::TimeDelta::seconds(seconds));
    }

    /// Something goes wrong, once.
    pub fn fault(&self, method: &str, fault: &str) {
        self.faulted(json!({ "method": method, "fault": fault, "delay_ms": 5_000 }));
    }

    /// The call is refused by a signed answer with this code, once, and not carried out.
    pub fn refuse(&self, method: &str, err_code: &str) {
        self.faulted(json!({ "method": method, "fault": "refused_before", "err_code": err_code }));
    }

    fn faulted(&self, mut order: Value) {
        order["times"] = json!(1);
        let order = serde_json::from_value(order).unwrap();
        self.sandbox.sandbox().faults().arm(order).unwrap();
    }

    /// What only the sandbox's control address can do.
    pub async fn control(&self, path: &str, body: Value) {
        post(&self.http, &self.sandbox, path, &body).await;
    }

    /// The next notice's body, as it came in.
    pub async fn notice(&mut self) -> Vec<u8> {
        let wait = tokio::time::timeout(Duration::from_secs(10), self.notices.recv());
        wait.await.expect("no notice came").unwrap()
    }
}

async fn post(http: &reqwest::Client, sandbox: &Running, path: &str, body: &Value) -> Value {
    let url = format!("{}/sandbox/{path}", sandbox.url());
    let answer = http.post(url).json(body).send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

async fn register(http: &reqwest::Client, sandbox: &Running, more: Value) -> Registered {
    let mut registration = json!({
        "channel": "wechat_v2", "mch_id": MCHID, "appid": APPID, "api_key": KEY,
    });
    for (name, value) in more.as_object().unwrap() {
        registration[name] = value.clone();
    }
    let answer = post(http, sandbox, "accounts", &registration).await;
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    Registered {
        certificate: text("certificate_pem"),
        private_key: text("private_key_pem"),
        authority: text("ca_certificate_pem"),
    }
}

fn settings_at(sandbox: &Running, registered: &Registered) -> Settings {
    Settings {
        mch_id: MCHID.to_owned(),
        appid: APPID.to_owned(),
        lite_appid: None,
        sub_merchant: None,
        apiv2_key: KEY.into(),
        sign_type: SignType::HmacSha256,
        merchant_certificate: registered.certificate.clone(),
        merchant_private_key: registered.private_key.clone().into(),
        app_secret: None,
        open_url: Settings::OPEN_URL.to_owned(),
        sns_url: Settings::SNS_URL.to_owned(),
        base_url: sandbox.https_url().unwrap(),
        authority: Some(registered.authority.clone()),
        deadline: Settings::DEADLINE,
    }
}

fn connect(sandbox: &Running, settings: Settings) -> WechatV2 {
    let clock = WallClock(sandbox.sandbox().clone());
    let account = Account::new(settings).unwrap();
    WechatV2::new(account, Arc::new(clock), Arc::new(Counter::default())).unwrap()
}

/// A server that takes one POST a connection, answers it with the next code, and passes
/// its body on.
async fn receive(replies: &'static [&'static str]) -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify/wechat", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut codes = replies
            .iter()
            .chain(std::iter::repeat(replies.last().unwrap()));
        while let Ok((stream, _)) = listener.accept().await {
            let code = codes.next().unwrap();
            if let Some(body) = take(stream, code).await {
                let _ = sender.send(body);
            }
        }
    });
    (url, receiver)
}

async fn take(mut stream: TcpStream, code: &str) -> Option<Vec<u8>> {
    let mut seen = Vec::new();
    while !seen.ends_with(b"</xml>") {
        if !stream.read_buf(&mut seen).await.is_ok_and(|n| n > 0) {
            return None;
        }
    }
    let body = format!("<xml><return_code><![CDATA[{code}]]></return_code></xml>");
    let answer = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let start = seen.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    seen.get(start..).map(<[u8]>::to_vec)
}
