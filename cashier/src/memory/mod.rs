//! The Store in memory: for the simulator and for tests without a server. It
//! passes the same contract tests as the real one.

mod desk;
mod rows;

use crate::audit::{Books, Delivery, Standing};
use crate::channel::BillRow;
use crate::event::Event;
use crate::exception::Exception;
use crate::id::{AccountId, AppId, CheckoutToken, EventId, FlowNo, MerchantId, OrderId, RefundNo};
use crate::journal::Line;
use crate::refund::RefundStatus;
use crate::state::OrderState;
use crate::store::{
    ClaimedDelivery, Commit, DeliveryNext, DeliveryTry, EventRecord, NoticeRecord, Store,
    StoreError,
};
use crate::task::{Claimed, Subject};
use crate::time::Timestamp;
use crate::timeline::Evidence;
use async_trait::async_trait;
use rows::{Rows, tasks};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The end of a lease, of a delivery that somebody wants again: it is free, and a
/// try that is still under way does not end it.
const WANTED: Timestamp = Timestamp::from_millis(-1);

/// Orders in memory. Nothing survives the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: Mutex<Rows>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// Declares that an application has no webhook: its events are only pulled.
    pub fn without_webhook(self, app: AppId) -> MemoryStore {
        self.lock().silent.insert(app);
        self
    }

    /// Names who is alerted of exceptions.
    pub fn with_alerts(self, targets: Vec<String>) -> MemoryStore {
        self.lock().targets = targets;
        self
    }

    /// Every order, for whoever checks invariants.
    pub fn orders(&self) -> Vec<OrderState> {
        self.lock().orders.values().cloned().collect()
    }

    /// What the formulas of [`crate::audit`] are checked against: shows the books of
    /// one order, if there is such an order.
    pub fn audit<T>(&self, order: &OrderId, look: impl FnOnce(&Books<'_>) -> T) -> Option<T> {
        let rows = self.lock();
        let state = rows.orders.get(order)?;
        let of_order = rows.events.iter().filter(|event| event.order == *order);
        let events: Vec<Event> = of_order.cloned().collect();
        let deliveries: Vec<Delivery> = events
            .iter()
            .filter_map(|event| Some((event, rows.deliveries.get(&event.id)?)))
            .map(|(event, delivery)| Delivery {
                event: event.id.clone(),
                standing: match delivery.status {
                    "delivered" => Standing::Delivered,
                    "exhausted" => Standing::Exhausted,
                    "none" => Standing::Unaddressed,
                    _ => Standing::Pending,
                },
            })
            .collect();
        Some(look(&Books {
            state,
            events: &events,
            deliveries: &deliveries,
        }))
    }

    /// When the next task or delivery is due and free, so that whoever moves the
    /// time need not look in vain (UTC). `None`: nothing is left to be done.
    pub fn next_due(&self) -> Option<Timestamp> {
        let mut rows = self.lock();
        let pending = rows.deliveries.values().filter(|d| d.status == "pending");
        let deliveries = pending.map(|d| d.due.max(d.leased_until)).min();
        let of_orders = rows.orders.values_mut().flat_map(tasks);
        let due = of_orders
            .map(|(_, next)| next.due.max(next.leased_until))
            .min();
        due.into_iter().chain(deliveries).min()
    }

    /// Drops every lease, as a lock service that lies would: what is under way may
    /// be taken a second time.
    pub fn forget_leases(&self) {
        let mut rows = self.lock();
        let of_orders = rows.orders.values_mut().flat_map(tasks);
        of_orders.for_each(|(_, next)| next.leased_until = Timestamp::default());
        for delivery in rows.deliveries.values_mut() {
            delivery.leased_until = Timestamp::default();
        }
    }

    /// Every event, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// Every try to deliver an event, oldest first.
    pub fn delivery_tries(&self) -> Vec<DeliveryTry> {
        self.lock().tries.clone()
    }

    /// The exceptions that belong to no order.
    pub fn strays(&self) -> Vec<Exception> {
        self.lock().strays.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        // A panic elsewhere leaves whole commits only: the rows are good.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, order: &OrderId) -> Result<Option<OrderState>, StoreError> {
        Ok(self.lock().orders.get(order).cloned())
    }

    async fn revision(&self, order: &OrderId) -> Result<Option<u32>, StoreError> {
        Ok(self
            .lock()
            .orders
            .get(order)
            .map(|state| state.order.revision))
    }

    async fn find_by_merchant_no(
        &self,
        app: &AppId,
        merchant_order_no: &str,
    ) -> Result<Option<OrderId>, StoreError> {
        Ok(self.lock().find(|state| {
            state.order.app == *app && state.order.merchant_order_no == merchant_order_no
        }))
    }

    async fn find_by_token(&self, token: &CheckoutToken) -> Result<Option<OrderId>, StoreError> {
        Ok(self.lock().find(|state| state.order.token == *token))
    }

    async fn find_by_flow(
        &self,
        account: &AccountId,
        flow: &FlowNo,
    ) -> Result<Option<OrderId>, StoreError> {
        let of_account = |state: &OrderState| {
            state
                .flow(flow)
                .is_some_and(|flow| flow.account == *account)
        };
        Ok(self.lock().find(of_account))
    }

    async fn find_by_refund(&self, refund: &RefundNo) -> Result<Option<OrderId>, StoreError> {
        Ok(self.lock().find(|state| state.refund(refund).is_some()))
    }

    async fn find_by_merchant_refund_no(
        &self,
        merchant: &MerchantId,
        merchant_refund_no: &str,
    ) -> Result<Option<OrderId>, StoreError> {
        Ok(self.lock().find(|state| {
            state.order.merchant == *merchant
                && state
                    .refunds
                    .iter()
                    .any(|r| r.merchant_refund_no.as_deref() == Some(merchant_refund_no))
        }))
    }

    async fn commit(&self, commits: Vec<Commit>) -> Vec<Result<(), StoreError>> {
        let mut rows = self.lock();
        commits.iter().map(|commit| rows.write(commit)).collect()
    }

    async fn record_stray(
        &self,
        notice: Option<NoticeRecord>,
        exception: Exception,
    ) -> Result<bool, StoreError> {
        let mut rows = self.lock();
        if let Some(notice) = notice {
            let key = (notice.account.clone(), notice.key.clone());
            rows.notices.entry(key).or_insert(notice);
        }
        Ok(rows.open(exception))
    }

    async fn knows_notice(&self, account: &AccountId, key: &str) -> Result<bool, StoreError> {
        Ok(self
            .lock()
            .notices
            .contains_key(&(account.clone(), key.to_owned())))
    }

    async fn news_in_bill(
        &self,
        account: &AccountId,
        rows: Vec<BillRow>,
    ) -> Result<Vec<BillRow>, StoreError> {
        let books = self.lock();
        let states = || books.orders.values();
        let is_known = |row: &BillRow| match row {
            BillRow::Paid { payment, .. } => states().flat_map(|s| &s.captures).any(|capture| {
                capture.account == *account
                    && capture.trade_no == payment.trade_no
                    && capture.amount == payment.amount
            }),
            BillRow::Refunded {
                refund_no, amount, ..
            } => states().flat_map(|s| &s.refunds).any(|refund| {
                refund.no == *refund_no
                    && refund.account == *account
                    && refund.status == RefundStatus::Succeeded
                    && refund.amount() == *amount
            }),
        };
        Ok(rows.into_iter().filter(|row| !is_known(row)).collect())
    }

    async fn claim_tasks(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        let mut rows = self.lock();
        let mut due: Vec<(Timestamp, OrderId, Subject)> = Vec::new();
        for (id, state) in &mut rows.orders {
            due.extend(
                tasks(state)
                    .filter(|(_, next)| next.due <= now && !next.is_leased(now))
                    .map(|(subject, next)| (next.due, id.clone(), subject)),
            );
        }
        due.sort();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut claimed = Vec::new();
        for (_, order, subject) in due {
            let Some(state) = rows.orders.get_mut(&order) else {
                continue;
            };
            let Some((subject, next)) = tasks(state).find(|(s, _)| *s == subject) else {
                continue;
            };
            next.leased_until = leased_until;
            claimed.push(Claimed {
                order,
                subject,
                call: next.call,
            });
        }
        Ok(claimed)
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let mut rows = self.lock();
        let mut due: Vec<(Timestamp, EventId)> = rows
            .deliveries
            .iter()
            .filter(|(_, d)| d.status == "pending" && d.due <= now && d.leased_until <= now)
            .map(|(id, delivery)| (delivery.due, id.clone()))
            .collect();
        due.sort();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut claimed = Vec::new();
        for (_, id) in due {
            let Some(event) = rows.events.iter().find(|event| event.id == id).cloned() else {
                continue;
            };
            let notify_url = rows
                .orders
                .get(&event.order)
                .and_then(|state| state.order.notify_url.clone());
            let Some(delivery) = rows.deliveries.get_mut(&id) else {
                continue;
            };
            delivery.leased_until = leased_until;
            claimed.push(ClaimedDelivery {
                event,
                notify_url,
                attempt: delivery.attempt,
            });
        }
        Ok(claimed)
    }

    async fn record_delivery(&self, tried: DeliveryTry) -> Result<(), StoreError> {
        let mut rows = self.lock();
        let mut stands = ("none", 0);
        if let Some(delivery) = rows.deliveries.get_mut(&tried.event) {
            // Whoever asks for it again while it is under way gets it again.
            let is_wanted = delivery.leased_until == WANTED;
            delivery.attempt = delivery.attempt.saturating_add(1);
            delivery.leased_until = Timestamp::from_millis(0);
            match tried.then {
                DeliveryNext::Delivered if is_wanted => delivery.status = "pending",
                DeliveryNext::Delivered => delivery.status = "delivered",
                // What was delivered stays so, whatever a late worker reports.
                DeliveryNext::Exhausted if delivery.status != "delivered" => {
                    delivery.status = "exhausted";
                }
                DeliveryNext::Exhausted => {}
                DeliveryNext::Retry(at) => delivery.due = at,
            }
            stands = (delivery.status, delivery.attempt);
        }
        rows.judge(&tried, stands.0, stands.1);
        rows.tries.push(tried);
        Ok(())
    }

    async fn events_after(
        &self,
        app: &AppId,
        position: i64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let rows = self.lock();
        Ok((1_i64..)
            .zip(&rows.events)
            .filter(|(place, event)| *place > position && event.app == *app)
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|(place, event)| {
                let delivery = rows.deliveries.get(&event.id);
                EventRecord {
                    event: event.clone(),
                    position: place,
                    delivery: delivery.map_or("none", |d| d.status).to_owned(),
                    attempts: delivery.map_or(0, |d| d.attempt),
                }
            })
            .collect())
    }

    async fn redeliver(
        &self,
        app: &AppId,
        event: &EventId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut rows = self.lock();
        if !rows
            .events
            .iter()
            .any(|known| known.id == *event && known.app == *app)
        {
            return Ok(false);
        }
        if let Some(delivery) = rows.deliveries.get_mut(event) {
            delivery.status = "pending";
            delivery.due = now;
            delivery.leased_until = WANTED;
        }
        Ok(true)
    }

    async fn journal(&self, order: &OrderId) -> Result<Vec<Line>, StoreError> {
        Ok(self
            .lock()
            .journal
            .iter()
            .filter(|line| line.order == *order)
            .cloned()
            .collect())
    }

    async fn evidence(&self, order: &OrderId) -> Result<Evidence, StoreError> {
        Ok(self.lock().evidence(order))
    }

    /// Memory has no clock: it knows the latest moment that anybody has told it.
    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.lock().latest)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
