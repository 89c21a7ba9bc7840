//! Orders and what belongs to them, as the tests write them.

use cashier::capture::{Capture, CaptureKind};
use cashier::channel::{Action, PayRequest, RefundRequest};
use cashier::event::{Event, EventKind};
use cashier::exception::{Exception, ExceptionKind};
use cashier::flow::{Flow, FlowStatus};
use cashier::id::{AccountId, AppId, CheckoutToken, ExceptionId, MerchantId, OrderId};
use cashier::journal::{Line, Source};
use cashier::money::Money;
use cashier::order::{Order, OrderStatus};
use cashier::policy::Policy;
use cashier::refund::{Refund, RefundStatus};
use cashier::state::Row;
use cashier::store::{Commit, NoticeRecord, Store};
use cashier::time::{Span, Timestamp};
use cashier::way::Way;
use std::collections::BTreeMap;

/// Who is alerted of exceptions.
pub const TARGETS: [&str; 2] = ["boss", "duty"];

/// When the samples happen, and so many seconds after that.
pub fn at(seconds: u32) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_123).plus(Span::seconds(seconds))
}

/// Nobody's lease.
pub fn epoch() -> Timestamp {
    Timestamp::from_millis(0)
}

/// So many fen.
pub fn fen(fen: i64) -> Money {
    Money::from_fen(fen).unwrap()
}

/// The samples' merchant.
pub fn merchant() -> MerchantId {
    MerchantId::new("mch_contract")
}

/// The samples' application.
pub fn app() -> AppId {
    AppId::new("app_contract")
}

/// Another application of the same merchant.
pub fn other_app() -> AppId {
    AppId::new("app_other")
}

/// The samples' channel account.
pub fn account() -> AccountId {
    AccountId::new("acc_contract")
}

/// The `nth` order: new, with nothing but what it must have.
pub fn order(nth: u16) -> Order {
    let mut random = [0; 16];
    random[14..].copy_from_slice(&nth.to_be_bytes());
    Order {
        id: OrderId::generate(at(0), random),
        merchant: merchant(),
        app: app(),
        merchant_order_no: format!("M{nth}"),
        amount: fen(8_800),
        subject: "一杯茶".to_owned(),
        body: None,
        client_ip: None,
        ways: Vec::new(),
        notify_url: None,
        return_url: None,
        metadata: BTreeMap::new(),
        policy: Policy::default(),
        token: CheckoutToken::generate(random),
        created_at: at(0),
        expires_at: at(7_200),
        status: OrderStatus::Open,
        close_requested_at: None,
        closed: None,
        paid_by: None,
        paid_at: None,
        revision: 1,
        version: 0,
        next: None,
    }
}

/// The order's `nth` flow, waiting to be paid.
pub fn flow(order: &Order, nth: usize) -> Flow {
    let no = order.id.flow(nth);
    Flow {
        request: PayRequest {
            flow_no: no.clone(),
            way: Way::AliQr,
            amount: order.amount,
            subject: order.subject.clone(),
            expires_at: at(900),
            notify_url: "https://till.example/notify/acc_contract".to_owned(),
            return_url: None,
            client_ip: None,
            payer: None,
            auth_code: None,
        },
        no,
        account: account(),
        status: FlowStatus::Live,
        action: Some(Action::QrCode {
            text: "https://qr.example/1".to_owned(),
        }),
        action_until: None,
        created_at: at(1),
        superseded_at: None,
        close_refused_at: None,
        reverse_wanted_at: None,
        asked_at: None,
        reason: None,
        claimed: None,
        next: None,
    }
}

/// The `nth` capture, of the order's `nth` flow.
pub fn capture(order: &Order, nth: usize) -> Capture {
    Capture {
        id: order.id.capture(nth),
        flow_no: order.id.flow(nth),
        account: account(),
        trade_no: format!("T-{}", order.id.flow(nth)),
        amount: order.amount,
        paid_at: at(30),
        seen_at: at(31),
        payer: None,
        kind: CaptureKind::Winner,
    }
}

/// The order's `nth` refund, of its first capture.
pub fn refund(order: &Order, nth: usize) -> Refund {
    let no = order.id.refund(nth);
    Refund {
        request: RefundRequest {
            refund_no: no.clone(),
            flow_no: order.id.flow(1),
            trade_no: format!("T-{}", order.id.flow(1)),
            amount: fen(100),
            total: order.amount,
            reason: None,
            notify_url: "https://till.example/notify/acc_contract".to_owned(),
        },
        no,
        capture: order.id.capture(1),
        account: account(),
        merchant_refund_no: None,
        status: RefundStatus::Requested,
        created_at: at(60),
        settled_at: None,
        detail: None,
        next: None,
    }
}

/// An exception about `subject`, of this order or of none.
pub fn exception(order: Option<&Order>, id: &str, subject: &str) -> Exception {
    Exception {
        id: ExceptionId::new(id),
        order: order.map(|order| order.id.clone()),
        account: Some(account()),
        kind: ExceptionKind::UnknownTrade,
        subject: subject.to_owned(),
        amount: None,
        detail: "谁付的？".to_owned(),
        opened_at: at(40),
    }
}

/// The event of that version of the order.
pub fn event(order: &Order, version: u32) -> Event {
    Event {
        id: order.id.event(version),
        order: order.id.clone(),
        app: order.app.clone(),
        version,
        kind: EventKind::OrderPaid,
        body: format!(r#"{{"order":"{}","version":{version}}}"#, order.id),
        created_at: at(50),
    }
}

/// A line of the order's journal.
pub fn line(order: &Order, text: &str) -> Line {
    Line {
        order: order.id.clone(),
        at: at(2),
        source: Source::Till,
        subject: None,
        text: text.to_owned(),
    }
}

/// A verified notice.
pub fn notice(key: &str) -> NoticeRecord {
    NoticeRecord {
        account: account(),
        key: key.to_owned(),
        flow_no: None,
        body: "trade_status=TRADE_SUCCESS".to_owned(),
        received_at: at(45),
    }
}

/// The commit that makes `order` what it is, from the revision before.
pub fn commit(order: &Order, rows: Vec<Row>) -> Commit {
    let mut all = vec![Row::Order(Box::new(order.clone()))];
    all.extend(rows);
    Commit {
        order: order.id.clone(),
        revision: order.revision - 1,
        rows: all,
        leases: Vec::new(),
        leased_until: epoch(),
        notice: None,
    }
}

/// The order at its next revision.
pub fn later(order: &Order) -> Order {
    Order {
        revision: order.revision + 1,
        ..order.clone()
    }
}

/// Writes one commit, which must succeed.
pub async fn write(store: &dyn Store, commit: Commit) {
    assert_eq!(store.commit(vec![commit]).await, [Ok(())]);
}

/// An order that was paid: with its flow, and the capture of it.
pub async fn paid(store: &dyn Store, order: &Order) {
    let rows = vec![
        Row::Flow(Box::new(flow(order, 1))),
        Row::Capture(capture(order, 1)),
    ];
    write(store, commit(order, rows)).await;
}
