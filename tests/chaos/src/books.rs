//! The books of three parties side by side: the channels', Till's, the merchant's.

use crate::channels::read_ledger;
use crate::receiver::Received;
use cashier::audit::{self, Books, Breach, Delivery, Ledger, Standing};
use cashier::capture::CaptureKind;
use cashier::event::{Event, EventKind};
use cashier::exception::{Exception, ExceptionKind};
use cashier::id::{AppId, EventId, OrderId};
use cashier::money::Money;
use cashier::order::OrderStatus;
use cashier::state::OrderState;
use cashier::store::Store as _;
use cashier::time::Timestamp;
use entities::{Database, SeaStore};
use futures_util::StreamExt as _;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many orders are read at a time.
const AT_ONCE: usize = 8;
/// The wire carries whole seconds: a channel's end of a trade is ours without its
/// milliseconds.
const WIRE: i64 = 1000;

/// Everything that Till says.
pub struct Rows {
    /// The orders.
    pub orders: Vec<OrderState>,
    events: HashMap<OrderId, Vec<Event>>,
    deliveries: HashMap<EventId, Delivery>,
    /// Exceptions that belong to no order, as kind and subject.
    strays: Vec<(String, String)>,
}

/// What the merchant believes.
#[derive(Clone, Debug, Default)]
pub struct Believed {
    /// What it received, and answered yes.
    pub taken: Received,
    /// What it received, and answered no.
    pub refused: Received,
    /// The orders that it was told are made.
    pub orders: BTreeSet<String>,
    /// Its numbers of the refunds that it was told are under way.
    pub refunds: BTreeSet<String>,
}

/// What comes out.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What does not hold.
    pub breaches: Vec<Breach>,
    /// What a person is told that nothing explains.
    pub unexplained: Vec<String>,
    /// Exceptions by kind.
    pub exceptions: BTreeMap<&'static str, u64>,
    /// Orders by status.
    pub orders: BTreeMap<&'static str, u64>,
    /// Refunds by status.
    pub refunds: BTreeMap<&'static str, u64>,
    /// What the channels took, in fen.
    pub taken: i64,
    /// What they gave back, in fen.
    pub given_back: i64,
    /// What they should hold by what the orders say, in fen.
    pub owed: i64,
    /// Captures that were too much, and went back.
    pub surplus: u64,
}

impl Verdict {
    /// Whether everything holds.
    pub fn is_good(&self) -> bool {
        self.breaches.is_empty() && self.unexplained.is_empty() && self.difference() == 0
    }

    /// What the channels hold more than they should, in fen.
    pub fn difference(&self) -> i64 {
        self.taken - self.given_back - self.owed
    }
}

/// Reads everything.
///
/// # Panics
/// When the database does not answer or makes no sense.
pub async fn read(database: &Database) -> Rows {
    let store = SeaStore::new(database.clone());
    let ids: Vec<String> = column(database, "SELECT id FROM orders ORDER BY id").await;
    let orders = futures_util::stream::iter(ids)
        .map(|id| {
            let store = store.clone();
            async move { store.load(&OrderId::new(id)).await.unwrap().unwrap() }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    Rows {
        orders,
        events: events(database).await,
        deliveries: deliveries(database).await,
        strays: strays(database).await,
    }
}

async fn rows(database: &Database, question: &str) -> Vec<sea_orm::QueryResult> {
    let db = database.connection();
    let question = Statement::from_string(db.get_database_backend(), question);
    db.query_all_raw(question).await.unwrap()
}

async fn column(database: &Database, question: &str) -> Vec<String> {
    let rows = rows(database, question).await;
    rows.iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}

async fn events(database: &Database) -> HashMap<OrderId, Vec<Event>> {
    let question = "SELECT id, order_id, app_id, version, kind, body, created_at FROM events \
         ORDER BY order_id, version";
    let mut events: HashMap<OrderId, Vec<Event>> = HashMap::new();
    for row in rows(database, question).await {
        let text = |name: &str| row.try_get::<String>("", name).unwrap();
        let number = |name: &str| row.try_get::<i64>("", name).unwrap();
        let order = OrderId::new(text("order_id"));
        let kind = text("kind");
        let event = Event {
            id: EventId::new(text("id")),
            order: order.clone(),
            app: AppId::new(text("app_id")),
            version: u32::try_from(number("version")).unwrap(),
            kind: EventKind::ALL
                .into_iter()
                .find(|known| known.name() == kind)
                .unwrap(),
            body: text("body"),
            created_at: Timestamp::from_millis(number("created_at")),
        };
        events.entry(order).or_default().push(event);
    }
    events
}

async fn deliveries(database: &Database) -> HashMap<EventId, Delivery> {
    let question = "SELECT event_id, status FROM deliveries";
    let read = |row: sea_orm::QueryResult| {
        let event = EventId::new(row.try_get::<String>("", "event_id").unwrap());
        let status: String = row.try_get("", "status").unwrap();
        let standing = match status.as_str() {
            "pending" => Standing::Pending,
            "delivered" => Standing::Delivered,
            "exhausted" => Standing::Exhausted,
            "none" => Standing::Unaddressed,
            other => panic!("a delivery that is {other}"),
        };
        (event.clone(), Delivery { event, standing })
    };
    rows(database, question)
        .await
        .into_iter()
        .map(read)
        .collect()
}

async fn strays(database: &Database) -> Vec<(String, String)> {
    let question = "SELECT kind, subject FROM exceptions WHERE order_id IS NULL";
    rows(database, question)
        .await
        .iter()
        .map(|row| {
            let text = |name: &str| row.try_get::<String>("", name).unwrap();
            (text("kind"), text("subject"))
        })
        .collect()
}

/// Compares all books, once everything has come to rest. `now` is the channels' time.
///
/// # Panics
/// When the ledger makes no sense.
pub fn compare(rows: &Rows, shown: &Value, believed: &Believed, now: Timestamp) -> Verdict {
    let ledger = aligned(read_ledger(shown), &rows.orders);
    let mut verdict = Verdict::default();
    for state in &rows.orders {
        let events = rows
            .events
            .get(&state.order.id)
            .map_or(&[][..], Vec::as_slice);
        let deliveries: Vec<Delivery> = events
            .iter()
            .map(|event| rows.deliveries[&event.id].clone())
            .collect();
        let books = Books {
            state,
            events,
            deliveries: &deliveries,
        };
        let found = &mut verdict.breaches;
        found.extend(audit::rows::check(&books));
        found.extend(audit::rest::check(&books));
        found.extend(audit::rest::check_ledger(&books, &ledger));
        found.extend(audit::ledger::check(&books, &ledger, now));
        found.extend(audit::receipts::check(&books, &believed.taken, true));
        found.extend(same_bytes(events, &believed.refused));
        count(&mut verdict, state);
        for exception in &state.exceptions {
            if !is_explained(exception, state, &ledger) {
                let text = format!("{}: {}", exception.id, exception.kind.name());
                verdict.unexplained.push(text);
            }
        }
    }
    let known: Vec<&EventId> = rows
        .events
        .values()
        .flatten()
        .map(|event| &event.id)
        .collect();
    let found = &mut verdict.breaches;
    found.extend(audit::ledger::check_all(&rows.orders, &ledger, true));
    found.extend(audit::receipts::check_unknown(
        known.clone(),
        &believed.taken,
    ));
    found.extend(audit::receipts::check_unknown(known, &believed.refused));
    found.extend(promised(rows, believed));
    let strays = rows.strays.iter();
    verdict
        .unexplained
        .extend(strays.map(|(kind, subject)| format!("without an order: {kind} {subject}")));
    add_up(&mut verdict, &ledger);
    verdict
}

/// The ledger with the milliseconds that the wire does not carry, and with our end of a
/// payment by code, of which the channels are not told.
fn aligned(mut ledger: Ledger, orders: &[OrderState]) -> Ledger {
    for flow in orders.iter().flat_map(|state| &state.flows) {
        if let Some(trade) = ledger.trades.get_mut(&flow.no) {
            let lost = flow.expires_at().millis() - trade.expires_at.millis();
            if (0..WIRE).contains(&lost) || flow.way().is_barcode() {
                trade.expires_at = flow.expires_at();
            }
        }
    }
    ledger
}

/// A15 for what the merchant got and refused.
fn same_bytes(events: &[Event], received: &Received) -> Vec<Breach> {
    let mut found = Vec::new();
    for event in events {
        let others = received.get(&event.id).into_iter().flatten();
        if others.clone().any(|receipt| receipt.body != event.body) {
            found.push(Breach {
                formula: audit::Formula::A15,
                row: format!("events {}", event.id),
                detail: "the merchant received other bytes, and refused them".to_owned(),
            });
        }
    }
    found
}

/// A4: what the merchant was told is made is there.
fn promised(rows: &Rows, believed: &Believed) -> Vec<Breach> {
    let orders: BTreeSet<&str> = rows.orders.iter().map(|s| s.order.id.as_str()).collect();
    let refunds: BTreeSet<&str> = rows
        .orders
        .iter()
        .flat_map(|state| &state.refunds)
        .filter_map(|refund| refund.merchant_refund_no.as_deref())
        .collect();
    let lost = |what: &str, name: &str| Breach {
        formula: audit::Formula::A4,
        row: format!("{what} {name}"),
        detail: "the merchant was told that it is made, and it is not there".to_owned(),
    };
    let orders = believed
        .orders
        .iter()
        .filter(|id| !orders.contains(id.as_str()));
    let refunds_lost = believed
        .refunds
        .iter()
        .filter(|no| !refunds.contains(no.as_str()));
    orders
        .map(|id| lost("orders", id))
        .chain(refunds_lost.map(|no| lost("refunds", no)))
        .collect()
}

/// Whether the channels' own books say why a person is told. Nothing was armed that
/// would explain another kind.
fn is_explained(exception: &Exception, state: &OrderState, ledger: &Ledger) -> bool {
    let kind = match exception.kind {
        ExceptionKind::DuplicatePayment => CaptureKind::Surplus,
        ExceptionKind::LatePayment => CaptureKind::Late,
        _ => return false,
    };
    let paid = |capture: &&cashier::capture::Capture| {
        ledger
            .trades
            .get(&capture.flow_no)
            .is_some_and(|t| t.is_paid())
    };
    let about = state
        .captures
        .iter()
        .find(|capture| capture.id.as_str() == exception.subject && capture.kind == kind);
    let paid_before = state.captures.iter().filter(paid).count();
    match kind {
        CaptureKind::Surplus => about.as_ref().is_some_and(paid) && paid_before >= 2,
        _ => about.as_ref().is_some_and(paid) && state.order.closed.is_some(),
    }
}

fn count(verdict: &mut Verdict, state: &OrderState) {
    *verdict.orders.entry(state.order.status.name()).or_default() += 1;
    for refund in &state.refunds {
        *verdict.refunds.entry(refund.status.name()).or_default() += 1;
    }
    for exception in &state.exceptions {
        *verdict.exceptions.entry(exception.kind.name()).or_default() += 1;
    }
    let too_much = |kind| matches!(kind, CaptureKind::Surplus | CaptureKind::Late);
    let surplus = state.captures.iter().filter(|c| too_much(c.kind)).count();
    verdict.surplus += surplus as u64;
    let wanted = |refund: &&cashier::refund::Refund| {
        !refund.is_automatic() && refund.status == cashier::refund::RefundStatus::Succeeded
    };
    if state.order.status == OrderStatus::Paid {
        let back = state
            .refunds
            .iter()
            .filter(wanted)
            .map(|r| r.amount().fen());
        verdict.owed += state.order.amount.fen() - back.sum::<i64>();
    }
}

fn add_up(verdict: &mut Verdict, ledger: &Ledger) {
    let paid = ledger.trades.values().filter(|trade| trade.is_paid());
    verdict.taken = paid.map(|trade| trade.amount).map(Money::fen).sum();
    let given = ledger.refunds.values().filter(|refund| refund.succeeded);
    verdict.given_back = given.map(|refund| refund.amount).map(Money::fen).sum();
}

#[cfg(test)]
mod tests {
    use super::*;
    use cashier::audit::{Formula, Receipt};
    use serde_json::json;

    fn nothing() -> Rows {
        Rows {
            orders: Vec::new(),
            events: HashMap::new(),
            deliveries: HashMap::new(),
            strays: Vec::new(),
        }
    }

    fn formulas(verdict: &Verdict) -> Vec<Formula> {
        verdict.breaches.iter().map(|found| found.formula).collect()
    }

    #[test]
    fn money_that_till_knows_nothing_of_is_found() {
        let shown = json!({
            "trades": [{
                "account": "1900000001", "out_trade_no": "F1", "trade_no": "T1", "amount": 88,
                "state": "SUCCESS", "paid_at": "2026-11-25T00:00:00.000Z", "closed_at": null,
                "expires_at": "2026-11-25T00:02:00.000Z",
            }],
            "refunds": [],
        });
        let verdict = compare(
            &nothing(),
            &shown,
            &Believed::default(),
            crate::clock::now(),
        );
        assert_eq!(formulas(&verdict), [Formula::A5]);
        assert_eq!((verdict.difference(), verdict.is_good()), (88, false));
    }

    #[test]
    fn a_promise_and_an_event_that_are_not_in_the_rows_are_found() {
        let event = EventId::new("evt_1");
        let receipt = Receipt {
            event: event.clone(),
            body: "{}".to_owned(),
        };
        let believed = Believed {
            taken: Received::from([(event, vec![receipt])]),
            orders: BTreeSet::from(["ord_1".to_owned()]),
            refunds: BTreeSet::from(["BACK-1".to_owned()]),
            ..Believed::default()
        };
        let shown = json!({ "trades": [], "refunds": [] });
        let verdict = compare(&nothing(), &shown, &believed, crate::clock::now());
        assert_eq!(formulas(&verdict), [Formula::A16, Formula::A4, Formula::A4]);
    }

    #[test]
    fn an_exception_without_an_order_is_never_explained() {
        let mut rows = nothing();
        rows.strays = vec![("unknown_trade".to_owned(), "a/1".to_owned())];
        let shown = json!({ "trades": [], "refunds": [] });
        let verdict = compare(&rows, &shown, &Believed::default(), crate::clock::now());
        assert!(!verdict.is_good(), "{verdict:?}");
    }
}
