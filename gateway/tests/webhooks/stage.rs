//! One committed event in a store, a deliverer over it, and a clock that is moved
//! by hand.

use async_trait::async_trait;
use cashier::delivery::GAPS;
use cashier::event::{Event, EventKind};
use cashier::id::{AppId, CheckoutToken, MerchantId, OrderId};
use cashier::memory::MemoryStore;
use cashier::money::Money;
use cashier::order::{Order, OrderStatus};
use cashier::policy::Policy;
use cashier::state::Row;
use cashier::store::{Commit, DeliveryTry, Store};
use cashier::time::{Clock, Entropy, Span, Timestamp};
use gateway::webhook::{Client, Clocks, Deliverer, Endpoint, Endpoints};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The secret of Standard Webhooks' own examples.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub fn app() -> AppId {
    AppId::new("app_webhooks")
}

pub struct Stage {
    pub store: Arc<MemoryStore>,
    pub clock: Arc<HandClock>,
    pub event: Event,
    deliverer: Deliverer,
}

impl Stage {
    pub async fn new(url: Option<String>, secrets: &[&str]) -> Stage {
        Stage::build(url, secrets, None).await
    }

    pub async fn with_order_address(url: Option<String>, secrets: &[&str], own: String) -> Stage {
        Stage::build(url, secrets, Some(own)).await
    }

    async fn build(url: Option<String>, secrets: &[&str], own: Option<String>) -> Stage {
        let clock = Arc::new(HandClock(AtomicI64::new(1_790_000_000_000)));
        let store = Arc::new(MemoryStore::new());
        let order = order(clock.timestamp(), own);
        let event = event(&order);
        let rows = vec![
            Row::Order(Box::new(order.clone())),
            Row::Event(event.clone()),
        ];
        let commit = Commit {
            order: order.id,
            revision: 0,
            rows,
            leases: Vec::new(),
            leased_until: Timestamp::from_millis(0),
            notice: None,
        };
        store.commit(vec![commit]).await.remove(0).unwrap();
        let secrets = secrets.iter().copied().map(SecretString::from).collect();
        let deliverer = Deliverer::new(
            store.clone(),
            Arc::new(Known(Endpoint { url, secrets })),
            Client::new(Duration::from_secs(5), true).unwrap(),
            Clocks {
                schedule: clock.clone(),
                wall: clock.clone(),
            },
            Arc::new(Middle),
        );
        Stage {
            store,
            clock,
            event,
            deliverer,
        }
    }

    /// Delivers what is due now. How many there were.
    pub async fn deliver_due(&self) -> usize {
        let now = self.clock.timestamp();
        let due = self
            .store
            .claim_deliveries(now, now.plus(Span::seconds(60)), 10)
            .await
            .unwrap();
        let count = due.len();
        for delivery in due {
            self.deliverer.deliver(delivery).await.unwrap();
        }
        count
    }

    pub fn tries(&self) -> Vec<DeliveryTry> {
        self.store.delivery_tries()
    }
}

struct Known(Endpoint);

impl Endpoints for Known {
    fn endpoint(&self, asked: &AppId) -> Option<Endpoint> {
        (*asked == app()).then(|| self.0.clone())
    }
}

/// A clock that is moved by hand.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms())
    }

    /// Moves past the gap that follows the `tries`th try (from 1), with its jitter.
    pub fn advance_to_next_try(&self, tries: usize) {
        let gap = GAPS[tries - 1].as_millis();
        self.0.fetch_add(gap + gap / 10, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        self.timestamp()
    }

    async fn sleep(&self, span: Span) {
        self.0.fetch_add(span.as_millis(), Ordering::SeqCst);
    }
}

/// Draws that leave a gap as it is.
struct Middle;

impl Entropy for Middle {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[1] = 100;
        bytes
    }
}

fn order(now: Timestamp, notify_url: Option<String>) -> Order {
    Order {
        id: OrderId::generate(now, [7; 16]),
        merchant: MerchantId::new("merchant_webhooks"),
        app: app(),
        merchant_order_no: "M1".to_owned(),
        amount: Money::from_fen(100).unwrap(),
        subject: "tea".to_owned(),
        body: None,
        client_ip: None,
        ways: Vec::new(),
        notify_url,
        return_url: None,
        metadata: BTreeMap::new(),
        policy: Policy::default(),
        token: CheckoutToken::generate([9; 16]),
        created_at: now,
        expires_at: now.plus(Span::minutes(120)),
        status: OrderStatus::Open,
        close_requested_at: None,
        closed: None,
        paid_by: None,
        paid_at: None,
        revision: 1,
        version: 1,
        next: None,
    }
}

fn event(order: &Order) -> Event {
    Event {
        id: order.id.event(1),
        order: order.id.clone(),
        app: app(),
        version: 1,
        kind: EventKind::OrderClosed,
        body: r#"{"type":"order.closed","data":{"subject":"一杯茶"}}"#.to_owned(),
        created_at: order.created_at,
    }
}
