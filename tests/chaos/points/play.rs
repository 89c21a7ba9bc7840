//! The play: four orders that between them pass every crash point. A supervisor
//! starts the process again whenever it has ended.

use cashier::audit::{Ledger, TradeState};
use cashier::flow::FlowStatus;
use cashier::order::OrderStatus;
use cashier::refund::RefundStatus;
use cashier::state::OrderState;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use till_chaos::accounts::{self, Secrets};
use till_chaos::books::{self, Believed};
use till_chaos::channels::{Channels, read_ledger};
use till_chaos::counts::Counts;
use till_chaos::dice::Dice;
use till_chaos::merchant::{Answer, Merchant};
use till_chaos::node::{Ended, Node, Program};
use till_chaos::receiver::Receiver;
use till_chaos::{rest, setting};
use tokio::time::Instant;

/// How long anything may take; longer than the lease of a delivery.
const PATIENCE: Duration = Duration::from_secs(170);

/// A binary beside this test's.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join(name);
    assert!(
        path.exists(),
        "{} is missing: run these tests with `make chaos-points`",
        path.display()
    );
    path
}

/// The program with crash points, which logs into that folder.
pub fn program(folder: &Path) -> Program {
    Program {
        till: binary("till-crash"),
        folder: folder.to_owned(),
    }
}

/// One run.
pub struct Play {
    point: &'static str,
    folder: TempDir,
    sandbox: Node,
    node: Node,
    channels: Channels,
    receiver: Receiver,
    merchant: Merchant,
    url: String,
}

impl Play {
    /// Sets the stage.
    pub async fn new(point: &'static str) -> Play {
        let folder = tempfile::tempdir().unwrap();
        let program = program(folder.path());
        let (sandbox, channels) = setting::start_sandbox(&program).await;
        let secrets = Secrets::generate();
        let receiver = Receiver::start(&secrets.webhook);
        let accounts = accounts::write(folder.path(), &channels, &secrets, &receiver.url).await;
        let url = format!("sqlite://{}/till.db?mode=rwc", folder.path().display());
        if point.starts_with("migration.") {
            let ended = setting::import(&program, &url, &accounts, Some(point));
            assert_eq!(ended.code(), None, "{point} was not reached: {ended}");
        }
        let imported = setting::import(&program, &url, &accounts, None);
        assert!(imported.success(), "{imported}");
        let addr = format!("127.0.0.1:{}", setting::free_port());
        let words = ["serve", "--config", &setting::config(&program)];
        let node = Node::new("till", &program, &words, setting::settings(&url, &addr));
        let gateways = vec![format!("http://{addr}")];
        let merchant = Merchant::new(gateways, secrets.api_key, Arc::new(Counts::default()));
        Play {
            point,
            folder,
            sandbox,
            node,
            channels,
            receiver,
            merchant,
            url,
        }
    }

    /// Plays, and looks at the end.
    pub async fn run(mut self) {
        let reached_already = self.point.starts_with("migration.");
        let armed = (!reached_already).then(|| self.point.to_owned());
        self.node.start(armed);
        let scenes = tokio::spawn(scenes(self.merchant.clone(), self.channels.clone()));
        let mut reached = reached_already;
        let end = Instant::now() + PATIENCE;
        while !scenes.is_finished() {
            self.supervise(&mut reached);
            assert!(Instant::now() < end, "the scenes never end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        scenes.await.unwrap();
        let database = entities::connect(&self.url, &entities::Options::default())
            .await
            .unwrap();
        loop {
            self.supervise(&mut reached);
            let left = rest::left(database.connection()).await;
            if left.is_empty() {
                break;
            }
            assert!(Instant::now() < end, "it never comes to rest: {left:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if self.point.starts_with("shutdown.") {
            self.node.signal("TERM");
            while !reached {
                self.supervise(&mut reached);
                assert!(Instant::now() < end, "it does not stop");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        assert!(reached, "{} was never reached", self.point);
        self.look(&database).await;
    }

    /// Starts the process again after its crash; it may end for no other reason.
    fn supervise(&mut self, reached: &mut bool) {
        match self.node.ended() {
            None => {}
            Some(Ended::AtPoint(point)) => {
                assert_eq!(point, self.point);
                assert!(!*reached, "it ended there twice");
                *reached = true;
                self.node.start(None);
            }
            Some(Ended::Otherwise(status)) => panic!("{} ended: {status}", self.node.name),
        }
    }

    async fn look(&mut self, database: &entities::Database) {
        let shown = self.channels.ledger().await;
        let rows = books::read(database).await;
        let believed = Believed {
            taken: self.receiver.taken(),
            refused: self.receiver.refused(),
            ..Believed::default()
        };
        let verdict = books::compare(&rows, &shown, &believed, till_chaos::clock::now());
        let panics = setting::panics(self.folder.path());
        assert!(
            verdict.is_good() && panics.is_empty(),
            "{verdict:?} {panics:?}"
        );
        assert_eq!(self.receiver.unsigned(), 0);
        as_without_a_crash(&rows.orders, &read_ledger(&shown));
        self.sandbox.kill();
        self.receiver.stop().await;
    }
}

/// What all this comes to, whether there was a crash or not.
fn as_without_a_crash(orders: &[OrderState], ledger: &Ledger) {
    let seen: Vec<_> = orders
        .iter()
        .map(|state| {
            let flows = state
                .flows
                .iter()
                .map(|flow| (flow.way().name(), flow.status));
            let refunds = state.refunds.iter().map(|r| (r.amount().fen(), r.status));
            (
                state.order.merchant_order_no.as_str(),
                state.order.status,
                flows.collect::<Vec<_>>(),
                refunds.collect::<Vec<_>>(),
            )
        })
        .collect();
    let wanted = vec![
        (
            "CHANGE",
            OrderStatus::Paid,
            vec![
                ("WX_NATIVE", FlowStatus::Closed),
                ("ALI_QR", FlowStatus::Paid),
            ],
            vec![(300, RefundStatus::Succeeded)],
        ),
        (
            "SILENCE",
            OrderStatus::Paid,
            vec![("WX_NATIVE", FlowStatus::Paid)],
            vec![(100, RefundStatus::Succeeded)],
        ),
        (
            "CLOSE",
            OrderStatus::Closed,
            vec![("WX_NATIVE", FlowStatus::Closed)],
            vec![],
        ),
        (
            "COUNTER",
            OrderStatus::Closed,
            vec![("ALI_BAR", FlowStatus::Closed)],
            vec![],
        ),
    ];
    assert_eq!(seen, wanted);
    let trades: Vec<TradeState> = ledger.trades.values().map(|trade| trade.state).collect();
    let paid = trades.iter().filter(|state| **state == TradeState::Paid);
    assert_eq!((paid.count(), trades.len()), (2, 5), "{trades:?}");
    let back = trades.iter().filter(|s| **s == TradeState::Reversed);
    assert_eq!(back.count(), 1, "{trades:?}");
    assert_eq!(ledger.refunds.len(), 2, "{ledger:?}");
}

async fn scenes(merchant: Merchant, channels: Channels) {
    let mut scene = Scene {
        merchant,
        channels,
        dice: Dice::new(1),
    };
    scene.change_of_way().await;
    scene.silence().await;
    scene.close().await;
    scene.counter().await;
}

struct Scene {
    merchant: Merchant,
    channels: Channels,
    dice: Dice,
}

impl Scene {
    /// A flow at WeChat Pay is closed for one at Alipay, which is paid; a notice
    /// tells; some of it goes back.
    async fn change_of_way(&mut self) {
        let order = self.order("CHANGE").await;
        let action = self.flow(&order, "WX_NATIVE").await;
        self.channels.open(&action).await.unwrap();
        let action = self.flow(&order, "ALI_QR").await;
        let number = self.channels.open(&action).await.unwrap();
        assert!(self.channels.pay(&number).await);
        self.until_paid(&order).await;
        self.refund(&order, "BACK-1", 300).await;
    }

    /// No notice tells of a payment, nor of a refund: the merchant wants to close,
    /// and the channel's answers tell.
    async fn silence(&mut self) {
        let order = self.order("SILENCE").await;
        let action = self.flow(&order, "WX_NATIVE").await;
        let number = self.channels.open(&action).await.unwrap();
        let silence = json!({ "method": "notice.*", "fault": "drop", "out_trade_no": number });
        self.channels.break_it(&silence).await;
        assert!(self.channels.pay(&number).await);
        let mut no = self.post(&order, "/close", &json!({})).await;
        // After a crash the close is under way until its lease has lapsed.
        while no.status == 202 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            no = self.post(&order, "/close", &json!({})).await;
        }
        assert_eq!((no.status, no.code()), (409, "order_paid"), "{}", no.json);
        self.refund(&order, "BACK-2", 100).await;
    }

    /// Nobody pays, and the merchant closes.
    async fn close(&mut self) {
        let order = self.order("CLOSE").await;
        self.flow(&order, "WX_NATIVE").await;
        let yes = self.post(&order, "/close", &json!({})).await;
        assert!(yes.is_yes(), "{}", yes.json);
    }

    /// A payer enters the password for a code, and nobody tells of it: the merchant
    /// closes, and the payment is taken back.
    async fn counter(&mut self) {
        let order = self.order("COUNTER").await;
        let code = self.channels.barcode("alipay", "ask_password").await;
        let wish = json!({ "way": "AUTO_BAR", "auth_code": code });
        let asked = self.post(&order, "/flows", &wish).await;
        assert_eq!(asked.status, 202, "{}", asked.json);
        let number = asked.json["flow"]["flow_no"].as_str().unwrap().to_owned();
        for (method, fault) in [("notice.*", "drop"), ("alipay.trade.query", "http_500")] {
            let silence = json!({ "method": method, "fault": fault, "out_trade_no": number });
            self.channels.break_it(&silence).await;
        }
        assert!(self.channels.pay(&number).await);
        let yes = self.post(&order, "/close", &json!({})).await;
        assert!(yes.is_yes(), "{}", yes.json);
    }

    async fn order(&mut self, number: &str) -> Value {
        let body = json!({ "merchant_order_no": number, "amount": 8800, "subject": "tea" });
        let answer = self
            .merchant
            .post(&mut self.dice, "/v1/orders", &body)
            .await;
        let answer = answer.unwrap();
        assert!(answer.is_yes(), "{}", answer.json);
        answer.json
    }

    async fn flow(&mut self, order: &Value, way: &str) -> Value {
        let made = self.post(order, "/flows", &json!({ "way": way })).await;
        assert!(made.is_yes(), "{}", made.json);
        made.json["action"].clone()
    }

    async fn refund(&mut self, order: &Value, number: &str, amount: i64) {
        let body = json!({ "merchant_refund_no": number, "amount": amount });
        let made = self.post(order, "/refunds", &body).await;
        assert!(made.is_yes(), "{}", made.json);
    }

    async fn post(&mut self, order: &Value, rest: &str, body: &Value) -> Answer {
        let path = format!("/v1/orders/{}{rest}", order["id"].as_str().unwrap());
        let answer = self.merchant.post(&mut self.dice, &path, body).await;
        answer.unwrap()
    }

    async fn until_paid(&mut self, order: &Value) {
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.merchant.get(&mut self.dice, &path).await.unwrap();
            if seen.json["status"] == "paid" {
                return;
            }
            assert!(Instant::now() < end, "it is never paid: {}", seen.json);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
