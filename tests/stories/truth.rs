//! What is true of an order: what the merchant sees, what the channels' books say,
//! what the merchant was told and what a person has to see. The books are the
//! sandbox's, so that the gateway is never asked about itself.

use cashier::id::OrderId;
use cashier::time::Clock as _;
use serde_json::{Value, json};
use till_tests::{App, until};

/// How far the clock goes between two looks, in seconds.
const STEP: u32 = 15;

/// An order from all sides.
#[derive(Debug)]
pub struct Truth {
    /// As the merchant sees it, with its timeline.
    pub order: Value,
    /// The channels' trades of the order that money was taken for, and not taken back.
    pub paid: Vec<Value>,
    /// The channels' trades of the order that were paid and taken back by a reversal.
    pub taken_back: Vec<Value>,
    /// The channels' refunds of those trades.
    pub refunds: Vec<Value>,
    /// The types of the order's events, in the order in which they happened.
    pub events: Vec<String>,
    /// The kinds of the order's exceptions, oldest first.
    pub exceptions: Vec<&'static str>,
    /// How many of them are open.
    pub open: usize,
}

/// The channels' books and the merchant's events, read once for many orders.
pub struct Records {
    ledger: Value,
    /// Order and type, in the order in which they happened.
    events: Vec<(Value, String)>,
}

impl Records {
    /// Reads them.
    pub async fn read(app: &App) -> Records {
        let (mut events, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let path = format!("/v1/events?limit=100&after={after}");
            let page = app.merchant.get(&path).await.expect(200);
            let told = items(&page["data"]);
            events.extend(told.map(|event| {
                (
                    event["order_id"].clone(),
                    event["type"].as_str().unwrap().to_owned(),
                )
            }));
            if page["has_more"] == false {
                break;
            }
            after = page["next"].as_str().unwrap().to_owned();
        }
        Records {
            ledger: app.payer.ledger().await,
            events,
        }
    }

    /// Whether a reversal has given all of a trade back, under a number that is not ours:
    /// WeChat Pay's is made from the trade's, Alipay's is the flow's.
    fn is_taken_back(&self, trade: &Value) -> bool {
        let number = format!("reverse_{}", trade["trade_no"].as_str().unwrap());
        items(&self.ledger["refunds"]).any(|refund| {
            (refund["out_refund_no"] == *number || refund["out_refund_no"] == trade["out_trade_no"])
                && refund["trade_no"] == trade["trade_no"]
                && refund["amount"] == trade["amount"]
        })
    }

    /// Everything about one order.
    pub async fn about(&self, app: &App, order: &Value) -> Truth {
        let order = app.merchant.explained(order).await;
        let flows: Vec<&Value> = items(&order["flows"])
            .map(|flow| &flow["flow_no"])
            .collect();
        let paid = items(&self.ledger["trades"])
            .filter(|trade| flows.contains(&&trade["out_trade_no"]) && !trade["paid_at"].is_null());
        let (taken_back, paid): (Vec<Value>, Vec<Value>) =
            paid.cloned().partition(|trade| self.is_taken_back(trade));
        let refunds = items(&self.ledger["refunds"]).filter(|refund| {
            paid.iter()
                .any(|trade| trade["trade_no"] == refund["trade_no"])
        });
        let refunds = refunds.cloned().collect();
        let events = self
            .events
            .iter()
            .filter(|(about, _)| *about == order["id"]);
        let events = events.map(|(_, kind)| kind.clone()).collect();
        let (exceptions, open) = exceptions(app, &order).await;
        Truth {
            order,
            paid,
            taken_back,
            refunds,
            events,
            exceptions,
            open,
        }
    }
}

impl Truth {
    /// Looks at everything.
    pub async fn of(app: &App, order: &Value) -> Truth {
        Records::read(app).await.about(app, order).await
    }

    /// How many events of that type there were.
    pub fn told(&self, kind: &str) -> usize {
        self.events.iter().filter(|event| *event == kind).count()
    }

    /// How many captures of that kind the order has.
    pub fn captures(&self, kind: &str) -> usize {
        items(&self.order["captures"])
            .filter(|capture| capture["kind"] == kind)
            .count()
    }

    /// How many lines of the timeline hold these words.
    pub fn lines(&self, words: &str) -> usize {
        let texts = items(&self.order["timeline"]).filter_map(|line| line["text"].as_str());
        texts.filter(|text| text.contains(words)).count()
    }

    /// Checks that the timeline tells of it.
    pub fn tells(&self, words: &str) {
        assert!(
            self.lines(words) > 0,
            "the timeline does not say {words:?}: {self:#?}"
        );
    }

    /// The flow of that number, as the merchant sees it.
    pub fn flow(&self, number: &str) -> &Value {
        flow(&self.order, number)
    }

    /// Nothing was believed that would pay the order or end it: it is open, without
    /// money, and its merchant was told of nothing.
    pub fn is_undecided(&self) {
        assert_eq!(self.order["status"], "open", "{self:#?}");
        assert_eq!(self.order["captures"], json!([]), "{self:#?}");
        assert!(self.events.is_empty(), "{self:#?}");
    }

    /// The order was paid once; whatever else came was given back in full by itself,
    /// and a person sees each such payment.
    pub fn is_paid_once(&self) {
        let surplus = self
            .paid
            .len()
            .checked_sub(1)
            .unwrap_or_else(|| panic!("unpaid: {self:#?}"));
        assert_eq!(self.order["status"], "paid", "{self:#?}");
        assert_eq!(
            (self.captures("winner"), self.captures("surplus")),
            (1, surplus),
            "{self:#?}"
        );
        assert_eq!(
            self.order["captures"].as_array().unwrap().len(),
            surplus + 1,
            "{self:#?}"
        );
        assert_eq!(self.events[0], "order.paid", "{self:#?}");
        assert_eq!(self.told("order.paid"), 1, "{self:#?}");
        assert_eq!(self.told("order.surplus_refunded"), surplus, "{self:#?}");
        assert_eq!(self.events.len(), surplus + 1, "{self:#?}");
        assert_eq!(
            self.exceptions,
            vec!["duplicate_payment"; surplus],
            "{self:#?}"
        );
        assert_eq!(
            self.lines("more were paid for an order that is paid"),
            surplus,
            "{self:#?}"
        );
        self.gave_back(surplus);
    }

    /// The order was closed, and whatever came after that was given back in full by
    /// itself; a person sees each such payment.
    pub fn is_closed(&self, reason: &str) {
        let late = self.paid.len();
        assert_eq!(self.order["status"], "closed", "{self:#?}");
        assert_eq!(self.order["close_reason"], reason, "{self:#?}");
        assert_eq!(self.captures("late"), late, "{self:#?}");
        assert_eq!(
            self.order["captures"].as_array().unwrap().len(),
            late,
            "{self:#?}"
        );
        assert_eq!(self.events[0], "order.closed", "{self:#?}");
        assert_eq!(self.told("order.late_payment"), late, "{self:#?}");
        assert_eq!(self.told("order.surplus_refunded"), late, "{self:#?}");
        assert_eq!(self.events.len(), 1 + 2 * late, "{self:#?}");
        assert_eq!(self.exceptions, vec!["late_payment"; late], "{self:#?}");
        self.tells(&format!("the order is closed ({reason})"));
        assert_eq!(
            self.lines("were paid for an order that is closed"),
            late,
            "{self:#?}"
        );
        self.gave_back(late);
    }

    /// So many of the channels' trades were given back, each in full and once.
    fn gave_back(&self, count: usize) {
        assert_eq!(self.refunds.len(), count, "{self:#?}");
        for refund in &self.refunds {
            let of = |trade: &&Value| trade["trade_no"] == refund["trade_no"];
            let trade = self.paid.iter().find(of).unwrap();
            assert_eq!(refund["amount"], trade["amount"], "{self:#?}");
            let twice = self
                .refunds
                .iter()
                .filter(|r| r["trade_no"] == refund["trade_no"])
                .count();
            assert_eq!(twice, 1, "{self:#?}");
        }
        assert_eq!(self.lines("are back with the payer"), count, "{self:#?}");
        // Nothing is left to a person.
        assert_eq!(self.open, 0, "{self:#?}");
    }
}

/// The flow of that number in an order.
pub fn flow<'a>(order: &'a Value, number: &str) -> &'a Value {
    let found = items(&order["flows"]).find(|flow| flow["flow_no"] == number);
    found.unwrap_or_else(|| panic!("no flow {number} in {order:#}"))
}

/// Waits until the workers have done what has fallen due for an order.
pub async fn until_idle(app: &App, order: &Value) {
    let id = OrderId::new(order["id"].as_str().unwrap());
    until("nothing is due", async || {
        let state = app.gateway.shared.store.load(&id).await.unwrap().unwrap();
        let now = app.clock.now();
        let flows = state.flows.iter().filter_map(|flow| flow.next);
        let refunds = state.refunds.iter().filter_map(|refund| refund.next);
        match flows
            .chain(refunds)
            .any(|next| next.due <= now || next.is_leased(now))
        {
            true => Err(state),
            false => Ok(()),
        }
    })
    .await;
}

/// Lets time pass until nothing more will happen to the orders: each is paid or
/// closed, and nothing about it is under way.
pub async fn come_to_rest(app: &App, orders: &[&Value]) {
    for order in orders {
        until("the order has come to rest", async || {
            let now = app.merchant.look(order).await;
            if is_at_rest(&now) {
                return Ok(());
            }
            app.advance(STEP).await;
            Err(now)
        })
        .await;
    }
}

fn is_at_rest(order: &Value) -> bool {
    let ended = ["paid", "closed", "expired", "failed", "succeeded"];
    let mut things = items(&order["flows"]).chain(items(&order["refunds"]));
    order["status"] != "open" && things.all(|thing| ended.iter().any(|end| thing["status"] == *end))
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().unwrap().iter()
}

async fn exceptions(app: &App, order: &Value) -> (Vec<&'static str>, usize) {
    let id = OrderId::new(order["id"].as_str().unwrap());
    let state = app.gateway.shared.store.load(&id).await.unwrap().unwrap();
    let exceptions = state.exceptions.iter();
    let open = exceptions.clone().filter(|one| !state.is_resolved(&one.id));
    let open = open.count();
    (exceptions.map(|one| one.kind.name()).collect(), open)
}
