//! The log of deliveries: what was sent, byte for byte, and what was answered.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

use super::{Attempt, Letter, Written};
use crate::faults::Fault;
use crate::ledger::Channel;

/// How many deliveries are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 5_000;

/// One delivery, as `GET /sandbox/notices` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// The same for all attempts of one notice.
    pub notice: u64,
    /// `alipay` or `wechat`.
    pub channel: Channel,
    /// `app_id` or `mchid`.
    pub account: String,
    /// The trade's number.
    pub out_trade_no: String,
    /// `paid`, `refund`, …
    pub kind: String,
    /// 1 for the first.
    pub attempt: u32,
    /// Sandbox time, RFC 3339.
    pub at: String,
    /// Where it went.
    pub url: String,
    /// Headers sent.
    pub headers: Vec<(&'static str, String)>,
    /// Body sent.
    pub body: String,
    /// The fault that struck it.
    pub fault: Option<Fault>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// The answer's body (its beginning).
    pub answer: Option<String>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// Whether the channel took the answer for a receipt.
    pub received: bool,
}

impl Delivery {
    pub(super) fn new(
        notice: u64,
        letter: &dyn Letter,
        attempt: &Attempt,
        written: &Written,
    ) -> Self {
        let trade = letter.trade();
        Self {
            notice,
            channel: trade.channel,
            account: trade.account.clone(),
            out_trade_no: trade.out_trade_no.clone(),
            kind: letter.kind().to_owned(),
            attempt: attempt.number,
            at: attempt.now.to_rfc3339(),
            url: letter.url().to_owned(),
            headers: written.headers.clone(),
            body: written.body.clone(),
            fault: attempt.fault,
            status: None,
            answer: None,
            error: None,
            received: false,
        }
    }
}

/// The latest deliveries.
#[derive(Debug, Default)]
pub struct DeliveryLog {
    deliveries: Mutex<VecDeque<Delivery>>,
    notices: AtomicU64,
    recorded: Notify,
}

impl DeliveryLog {
    /// A number for a new notice.
    pub(super) fn new_notice(&self) -> u64 {
        self.notices.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn record(&self, delivery: Delivery) {
        let mut deliveries = self
            .deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        deliveries.push_back(delivery);
        if deliveries.len() > REMEMBERED {
            deliveries.pop_front();
        }
        drop(deliveries);
        self.recorded.notify_waiters();
    }

    /// Ends when the next delivery is recorded.
    pub(super) async fn next_recorded(&self) {
        self.recorded.notified().await;
    }

    /// The deliveries, oldest first; of one order number, if given.
    pub fn deliveries(&self, out_trade_no: Option<&str>) -> Vec<Delivery> {
        let deliveries = self
            .deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        deliveries
            .iter()
            .filter(|delivery| out_trade_no.is_none_or(|number| delivery.out_trade_no == number))
            .cloned()
            .collect()
    }
}
