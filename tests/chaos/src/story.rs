//! One order, from its making to its end: what merchant and payer do, drawn from a
//! seed. Nobody here looks whether Till does right; the books tell afterwards.

use crate::channels::Channels;
use crate::counts::Counts;
use crate::dice::Dice;
use crate::merchant::{Answer, Merchant};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// Every way.
const WAYS: [&str; 8] = [
    "ALI_QR",
    "ALI_PC",
    "ALI_WAP",
    "ALI_APP",
    "WX_NATIVE",
    "WX_H5",
    "WX_JSAPI",
    "WX_APP",
];
/// Ways whose flows can be closed at any time, opened by the payer or not.
const CLOSABLE: [&str; 4] = ["WX_NATIVE", "WX_H5", "WX_JSAPI", "WX_APP"];

/// What happens, in how many of a hundred stories.
const KINDS: [(Kind, u64); 10] = [
    (Kind::OneWay, 24),
    (Kind::Counter, 12),
    (Kind::ChangeOfWay, 16),
    (Kind::TwoTabs, 12),
    (Kind::OldPage, 8),
    (Kind::NeverPays, 8),
    (Kind::MerchantCloses, 10),
    (Kind::PartialRefund, 8),
    (Kind::GreedyRefunds, 7),
    (Kind::SameRefundTwice, 7),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One way, and pays.
    OneWay,
    /// Shows a code at a counter.
    Counter,
    /// Chooses, looks perhaps, chooses another, pays that.
    ChangeOfWay,
    /// Two tabs with two ways, paid both.
    TwoTabs,
    /// Chooses another way and pays the old page after all, perhaps the new one too.
    OldPage,
    /// Chooses and goes away.
    NeverPays,
    /// The merchant closes, perhaps while the payer pays.
    MerchantCloses,
    /// Pays, and gets a part back.
    PartialRefund,
    /// Pays; two refunds at once ask for more than there is.
    GreedyRefunds,
    /// Pays; the same refund is asked for twice at once.
    SameRefundTwice,
}

/// Everybody in a story.
#[derive(Clone)]
pub struct Cast {
    /// Who sells.
    pub merchant: Merchant,
    /// Where the payer pays.
    pub channels: Channels,
    /// What is counted.
    pub counts: Arc<Counts>,
    /// What the merchant was told is made.
    pub made: Arc<Made>,
}

/// What the merchant was told is made.
#[derive(Debug, Default)]
pub struct Made {
    orders: Mutex<BTreeSet<String>>,
    refunds: Mutex<BTreeSet<String>>,
}

impl Made {
    /// The orders' names.
    ///
    /// # Panics
    /// When a holder of the lock has panicked.
    pub fn orders(&self) -> BTreeSet<String> {
        self.orders.lock().unwrap().clone()
    }

    /// The merchant's numbers of the refunds.
    ///
    /// # Panics
    /// When a holder of the lock has panicked.
    pub fn refunds(&self) -> BTreeSet<String> {
        self.refunds.lock().unwrap().clone()
    }
}

/// A story as it is drawn.
pub struct Story {
    cast: Cast,
    dice: Dice,
    number: u64,
    /// Whether it must end without anything that has to be waited for.
    quick: bool,
    ways: Vec<&'static str>,
}

impl Story {
    /// The story of that number.
    pub fn new(cast: Cast, seed: u64, number: u64, quick: bool) -> Story {
        let mut dice = Dice::of(seed, number);
        let all: &[&str] = if quick { &CLOSABLE } else { &WAYS };
        let first = *dice.one_of(all);
        let others: Vec<&str> = all.iter().copied().filter(|way| *way != first).collect();
        let second = *dice.one_of(&others);
        Story {
            cast,
            dice,
            number,
            quick,
            ways: vec![first, second],
        }
    }

    /// Plays it.
    pub async fn play(mut self) {
        let kind = self.draw();
        let Some(order) = self.order(kind).await else {
            self.cast.counts.add("orders without an answer");
            return;
        };
        self.cast.counts.add("orders");
        let id = order["id"].as_str().unwrap().to_owned();
        self.cast.made.orders.lock().unwrap().insert(id);
        let mut pays = true;
        match kind {
            Kind::OneWay | Kind::PartialRefund | Kind::GreedyRefunds | Kind::SameRefundTwice => {
                self.one_way(&order).await;
            }
            // A code that never arrived is watched to its end, and a minute more.
            Kind::Counter if self.quick => self.one_way(&order).await,
            Kind::Counter => self.counter(&order).await,
            Kind::ChangeOfWay => self.change_of_way(&order).await,
            Kind::TwoTabs => self.two_tabs(&order).await,
            Kind::OldPage => self.old_page(&order).await,
            Kind::NeverPays => pays = false,
            Kind::MerchantCloses => self.merchant_closes(&order).await,
        }
        if !pays {
            self.flow(&order, 0).await;
        }
        match kind {
            Kind::PartialRefund => self.partial_refund(&order).await,
            Kind::GreedyRefunds => self.greedy_refunds(&order).await,
            Kind::SameRefundTwice => self.same_refund_twice(&order).await,
            _ => {}
        }
        if self.quick {
            // What is not paid now will not be; nobody has to wait for the order's end.
            self.close(&order).await;
        }
    }

    fn draw(&mut self) -> Kind {
        let mut drawn = self.dice.below(KINDS.iter().map(|(_, share)| share).sum());
        for (kind, share) in KINDS {
            match drawn.checked_sub(share) {
                Some(left) => drawn = left,
                None => return kind,
            }
        }
        Kind::OneWay
    }

    /// Makes the order; sometimes the first flow in the same request.
    async fn order(&mut self, kind: Kind) -> Option<Value> {
        let mut body = json!({
            "merchant_order_no": format!("CHAOS-{}", self.number),
            "amount": 100 + self.dice.below(99_900),
            "subject": format!("chaos {kind:?}"),
            "client_ip": "203.0.113.7",
            "expires_in": 120,
        });
        if self.dice.percent(25) {
            body["way"] = json!(self.ways[0]);
            body["openid"] = json!("oChaos0000000000000000000001");
        }
        let answer = self.post("/v1/orders", &body).await?;
        if !answer.is_yes() {
            self.refused("order", &answer);
        }
        match answer.is_yes() {
            true => Some(answer.json),
            // The order may have been made, and its flow refused: look.
            false => self.find().await,
        }
    }

    async fn find(&mut self) -> Option<Value> {
        let path = format!("/v1/orders?merchant_order_no=CHAOS-{}", self.number);
        let answer = self.cast.merchant.get(&mut self.dice, &path).await?;
        answer.is_yes().then_some(answer.json)
    }

    /// Makes the order payable; what the payer's side gets.
    async fn flow(&mut self, order: &Value, way: usize) -> Option<Value> {
        let body = json!({ "way": self.ways[way], "openid": "oChaos0000000000000000000001" });
        let answer = self.post(&path(order, "/flows"), &body).await?;
        if !answer.is_yes() {
            self.refused("flow", &answer);
            return None;
        }
        self.cast.counts.add("flows");
        Some(answer.json["action"].clone())
    }

    async fn one_way(&mut self, order: &Value) {
        if let Some(action) = self.flow(order, 0).await {
            self.think().await;
            self.pay(&action).await;
        }
    }

    /// Where the wallet asks for a password, the payer enters it or goes away, and the
    /// merchant waits or takes it back, perhaps at the same time.
    async fn counter(&mut self, order: &Value) {
        let channel = *self.dice.one_of(&["alipay", "wechat"]);
        let behaviour = match self.dice.below(100) {
            0..40 => "pay",
            40..80 => "ask_password",
            80..90 => "refuse",
            _ => "silent",
        };
        let code = self.cast.channels.barcode(channel, behaviour).await;
        let body = json!({ "way": "AUTO_BAR", "auth_code": code });
        let Some(answer) = self.post(&path(order, "/flows"), &body).await else {
            return;
        };
        self.cast.counts.add("codes scanned");
        if !answer.is_yes() {
            return self.refused("code", &answer);
        }
        if answer.json["flow"]["status"] == "paid" {
            return self.cast.counts.add("payments");
        }
        let number = answer.json["flow"]["flow_no"].as_str().unwrap().to_owned();
        let (pays, closes) = (self.dice.percent(60), self.dice.percent(50));
        self.think().await;
        let (channels, counts) = (self.cast.channels.clone(), self.cast.counts.clone());
        let paying = async {
            if pays {
                pay_opened(&channels, &counts, &number).await;
            }
        };
        let closing = async {
            if closes {
                self.close(order).await;
            }
        };
        futures_util::future::join(paying, closing).await;
    }

    async fn change_of_way(&mut self, order: &Value) {
        if let Some(action) = self.flow(order, 0).await
            && self.dice.percent(50)
        {
            self.think().await;
            self.cast.channels.open(&action).await;
        }
        self.think().await;
        if let Some(action) = self.flow(order, 1).await {
            self.think().await;
            self.pay(&action).await;
        }
    }

    async fn two_tabs(&mut self, order: &Value) {
        let first = self.flow(order, 0).await;
        let opened = match &first {
            Some(action) if self.dice.percent(50) => self.cast.channels.open(action).await,
            _ => None,
        };
        let second = self.flow(order, 1).await;
        let (channels, counts) = (self.cast.channels.clone(), self.cast.counts.clone());
        let pay_first = async {
            match (opened, &first) {
                (Some(number), _) => pay_opened(&channels, &counts, &number).await,
                (None, Some(action)) => pay(&channels, &counts, action).await,
                (None, None) => {}
            }
        };
        let pay_second = async {
            if let Some(action) = &second {
                pay(&channels, &counts, action).await;
            }
        };
        futures_util::future::join(pay_first, pay_second).await;
    }

    async fn old_page(&mut self, order: &Value) {
        let old = self.flow(order, 0).await;
        self.think().await;
        let new = self.flow(order, 1).await;
        self.think().await;
        if let Some(action) = old {
            self.pay(&action).await;
        }
        if let Some(action) = new.filter(|_| self.dice.percent(50)) {
            self.think().await;
            self.pay(&action).await;
        }
    }

    async fn merchant_closes(&mut self, order: &Value) {
        let action = self.flow(order, 0).await;
        let pays = self.dice.percent(60);
        let opened = match &action {
            Some(action) if pays => self.cast.channels.open(action).await,
            _ => None,
        };
        self.think().await;
        let (channels, counts) = (self.cast.channels.clone(), self.cast.counts.clone());
        let paying = async {
            if let Some(number) = opened {
                pay_opened(&channels, &counts, &number).await;
            }
        };
        let closing = self.close(order);
        futures_util::future::join(paying, closing).await;
    }

    async fn close(&mut self, order: &Value) {
        if let Some(answer) = self.post(&path(order, "/close"), &json!({})).await {
            match answer.status {
                200 => self.cast.counts.add("closes done"),
                202 => self.cast.counts.add("closes under way"),
                _ => self.refused("close", &answer),
            }
        }
    }

    async fn partial_refund(&mut self, order: &Value) {
        if let Some(amount) = self.until_paid(order).await {
            let part = 1 + i64::try_from(self.dice.below(100)).unwrap_or(0) * amount / 100;
            self.refund(order, "A", part.min(amount)).await;
        }
    }

    async fn greedy_refunds(&mut self, order: &Value) {
        if let Some(amount) = self.until_paid(order).await {
            let most = amount - amount / 3;
            let mut other = self.beside();
            let second = other.refund(order, "B", most);
            futures_util::future::join(self.refund(order, "A", most), second).await;
        }
    }

    async fn same_refund_twice(&mut self, order: &Value) {
        if let Some(amount) = self.until_paid(order).await {
            let mut other = self.beside();
            let second = other.refund(order, "A", amount);
            futures_util::future::join(self.refund(order, "A", amount), second).await;
        }
    }

    async fn refund(&mut self, order: &Value, name: &str, amount: i64) {
        let number = format!("BACK-{}-{name}", self.number);
        let body = json!({ "merchant_refund_no": number, "amount": amount });
        if let Some(answer) = self.post(&path(order, "/refunds"), &body).await {
            if answer.is_yes() {
                self.cast.made.refunds.lock().unwrap().insert(number);
            }
            match answer.status {
                201 => self.cast.counts.add("refunds"),
                200 => self.cast.counts.add("refunds asked for again"),
                _ => self.refused("refund", &answer),
            }
        }
    }

    /// The same story's other hand, with dice of its own.
    fn beside(&mut self) -> Story {
        Story {
            cast: self.cast.clone(),
            dice: Dice::new(self.dice.below(u64::MAX)),
            ways: self.ways.clone(),
            ..*self
        }
    }

    /// Waits until the merchant sees that it is paid, a minute at most. The amount.
    async fn until_paid(&mut self, order: &Value) -> Option<i64> {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            let seen = self
                .cast
                .merchant
                .get(&mut self.dice, &path(order, ""))
                .await?;
            if seen.json["status"] == "paid" {
                return seen.json["amount"].as_i64();
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        None
    }

    async fn pay(&mut self, action: &Value) {
        pay(&self.cast.channels, &self.cast.counts, action).await;
    }

    async fn post(&mut self, path: &str, body: &Value) -> Option<Answer> {
        self.cast.merchant.post(&mut self.dice, path, body).await
    }

    fn refused(&self, what: &str, answer: &Answer) {
        let name = format!("refused {what} {}", answer.code());
        self.cast.counts.add(&name);
    }

    /// What a person takes to look and decide.
    async fn think(&mut self) {
        tokio::time::sleep(self.dice.millis(0, 4000)).await;
    }
}

/// Opens in the wallet and pays, if wallet and channel let it.
async fn pay(channels: &Channels, counts: &Counts, action: &Value) {
    if let Some(number) = channels.open(action).await {
        pay_opened(channels, counts, &number).await;
    }
}

async fn pay_opened(channels: &Channels, counts: &Counts, number: &str) {
    if channels.pay(number).await {
        counts.add("payments");
    }
}

fn path(order: &Value, rest: &str) -> String {
    format!("/v1/orders/{}{rest}", order["id"].as_str().unwrap())
}
