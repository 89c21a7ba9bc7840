//! A merchant with one WeChat Pay account at a sandbox of its own, a payer, and a
//! place for notices to arrive.

use async_trait::async_trait;
use cashier::channel::{Action, Channel, Offer, Outcome, PayRequest, RefundRequest, Trade};
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::{Clock, Entropy, Span, Timestamp};
use cashier::way::Way;
use channels::wechat::{Account, Answers, PlatformKey, Settings, Wechat};
use sandbox::{Running, TradeView, WechatMerchant, WechatPlatform};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

pub const MCHID: &str = "1900009191";
pub const APPID: &str = "wxd678efh567hg6787";

/// The sandbox's real time, which signatures go by, and how far this machine is off.
struct WallClock {
    sandbox: sandbox::Sandbox,
    ahead: Span,
}

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let wall = self.sandbox.clock().wall().timestamp_millis();
        Timestamp::from_millis(wall).plus(self.ahead)
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

/// A notice as it came in: headers and body.
pub type Arrived = (Vec<(String, String)>, Vec<u8>);

pub struct Shop {
    pub sandbox: Running,
    pub wechat: Wechat,
    platform: WechatPlatform,
    notify_url: String,
    notices: mpsc::UnboundedReceiver<Arrived>,
    http: reqwest::Client,
}

pub fn key(pointer: &str) -> String {
    let keys: Value =
        serde_json::from_str(include_str!("../../fixtures/wechat/00_keys.json")).unwrap();
    keys.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

pub fn fen(fen: i64) -> Money {
    Money::from_fen(fen).unwrap()
}

impl Shop {
    pub async fn open() -> Shop {
        Shop::open_with(sandbox::Settings::default(), &[200]).await
    }

    /// A shop whose server answers the notices with these statuses, the last one for
    /// ever.
    pub async fn open_with(settings: sandbox::Settings, replies: &'static [u16]) -> Shop {
        let sandbox = sandbox::start(settings).await.unwrap();
        let merchant = WechatMerchant {
            mchid: MCHID.to_owned(),
            appid: APPID.to_owned(),
            serial_no: key("/merchant/serial_no"),
            merchant_public_key_pem: key("/merchant/public_key_spki_pem"),
            apiv3_key: key("/apiv3_key").into(),
        };
        let platform = sandbox.sandbox().register_wechat(merchant).unwrap();
        let (notify_url, notices) = receive(replies).await;
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap();
        let wechat = connect(&sandbox, settings_at(&sandbox, &platform), Span::default());
        Shop {
            sandbox,
            wechat,
            platform,
            notify_url,
            notices,
            http,
        }
    }

    pub fn settings(&self) -> Settings {
        settings_at(&self.sandbox, &self.platform)
    }

    /// The same shop with other settings.
    pub fn with(&self, settings: Settings) -> Wechat {
        connect(&self.sandbox, settings, Span::default())
    }

    /// The same shop with little patience.
    pub fn impatient(&self) -> Wechat {
        self.with(Settings {
            deadline: Duration::from_millis(700),
            ..self.settings()
        })
    }

    /// The same shop with a clock that is ahead.
    pub fn ahead(&self, ahead: Span) -> Wechat {
        connect(&self.sandbox, self.settings(), ahead)
    }

    /// Sandbox time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.sandbox.sandbox().clock().now().timestamp_millis())
    }

    /// Real time, by which notices are signed.
    pub fn request(&self, number: &str, way: Way) -> PayRequest {
        PayRequest {
            flow_no: FlowNo::new(number),
            way,
            amount: fen(8_888),
            subject: " 测试商品 🍵 100% + \"1\" \n".to_owned(),
            expires_at: self.now().plus(Span::minutes(15)),
            notify_url: self.notify_url.clone(),
            return_url: Some("https://shop.example/back?order=1&x=二".to_owned()),
            client_ip: Some("14.23.150.211".to_owned()),
            payer: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned()),
            auth_code: None,
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
        self.arm(json!({ "method": method, "fault": fault, "times": 1, "delay_ms": 5_000 }));
    }

    /// Something goes wrong, so many times.
    pub fn fault_times(&self, method: &str, fault: &str, times: u32) {
        self.arm(json!({ "method": method, "fault": fault, "times": times }));
    }

    /// Something goes wrong, once, for so many milliseconds.
    pub fn fault_for(&self, method: &str, fault: &str, delay_ms: u64) {
        let order = json!({ "method": method, "fault": fault, "times": 1, "delay_ms": delay_ms });
        self.arm(order);
    }

    /// Where WeChat's browser is sent from this address.
    pub async fn inside_wechat(&self, address: &str) -> String {
        let browser = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("Mozilla/5.0 MicroMessenger/8.0.50")
            .build()
            .unwrap();
        let answer = browser.get(address).send().await.unwrap();
        let Some(location) = answer.headers().get("location").cloned() else {
            panic!("{}", answer.text().await.unwrap())
        };
        location.to_str().unwrap().to_owned()
    }

    fn arm(&self, order: Value) {
        self.sandbox
            .sandbox()
            .faults()
            .arm(serde_json::from_value(order).unwrap())
            .unwrap();
    }

    /// What only the sandbox's control address can do.
    pub async fn control(&self, path: &str, body: Value) {
        let url = format!("{}/sandbox/{path}", self.sandbox.url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
    }

    /// The next notice, as it came in.
    pub async fn notice(&mut self) -> Arrived {
        let wait = tokio::time::timeout(Duration::from_secs(10), self.notices.recv());
        wait.await.expect("no notice came").unwrap()
    }
}

fn settings_at(sandbox: &Running, platform: &WechatPlatform) -> Settings {
    Settings {
        mchid: MCHID.to_owned(),
        appid: APPID.to_owned(),
        serial_no: key("/merchant/serial_no"),
        merchant_private_key: key("/merchant/private_key_pkcs8_pem").into(),
        merchant_certificate: None,
        apiv3_key: key("/apiv3_key").into(),
        platform_keys: vec![PlatformKey {
            id: platform.public_key_id.clone(),
            pem: platform.public_key_pem.clone(),
        }],
        platform_certificates: false,
        answers: Answers::PublicKey,
        lite_appid: None,
        codepay: true,
        app_secret: None,
        sub_merchant: None,
        base_url: sandbox.url(),
        open_url: sandbox.url(),
        sns_url: sandbox.url(),
        deadline: Settings::DEADLINE,
    }
}

fn connect(sandbox: &Running, settings: Settings, ahead: Span) -> Wechat {
    let clock = WallClock {
        sandbox: sandbox.sandbox().clone(),
        ahead,
    };
    let account = Account::new(settings).unwrap();
    Wechat::new(account, Arc::new(clock), Arc::new(Counter::default())).unwrap()
}

/// A server that takes one POST a connection, answers it with the next status, and
/// passes it on.
async fn receive(replies: &'static [u16]) -> (String, mpsc::UnboundedReceiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify/wechat", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut statuses = replies
            .iter()
            .chain(std::iter::repeat(replies.last().unwrap()));
        while let Ok((stream, _)) = listener.accept().await {
            let status = *statuses.next().unwrap();
            if let Some(arrived) = take(stream, status).await {
                let _ = sender.send(arrived);
            }
        }
    });
    (url, receiver)
}

async fn take(mut stream: TcpStream, status: u16) -> Option<Arrived> {
    let mut seen = Vec::new();
    while parse(&seen).is_none() && stream.read_buf(&mut seen).await.is_ok_and(|n| n > 0) {}
    let answer = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
    parse(&seen)
}

/// The headers and the body of a request, once it is complete.
fn parse(request: &[u8]) -> Option<Arrived> {
    let end = request
        .windows(4)
        .position(|window| window == b"\r\n\r\n")?
        + 4;
    let head = std::str::from_utf8(&request[..end]).ok()?;
    let headers: Vec<(String, String)> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    let body = request
        .get(end..end + length.1.parse::<usize>().ok()?)?
        .to_vec();
    Some((headers, body))
}
