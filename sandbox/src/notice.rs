//! Delivery of notices, as insistent as the channels are.
//!
//! A channel hands over a [`Letter`]; it is posted at once and then on the channel's schedule of
//! sandbox time until the channel takes an answer for a receipt or the schedule ends. Every
//! attempt is written (and signed) anew, as the channels do. Each delivery is kept in a log, so
//! that a test can replay or tamper with exactly what was sent.

mod log;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

pub use log::{Delivery, DeliveryLog};

use crate::faults::{Fault, Hit};
use crate::key::KeyError;
use crate::ledger::{Channel, Trade, TradeKey, Turn};
use crate::server::Sandbox;
use crate::{alipay, wechat, wechat_v2};

/// How long a reordered notice waits for another one to pass it, if `delay_ms` does not say.
const REORDER_WAIT: Duration = Duration::from_secs(2);

/// The longest answer that is kept, in bytes.
const ANSWER_LIMIT: usize = 4096;

/// Alipay's waits between deliveries (open platform, document 105902): 8 deliveries in all.
pub const ALIPAY_SCHEDULE: [Duration; 7] = minutes([4, 10, 10, 60, 120, 360, 900]);

/// WeChat Pay's waits between deliveries, the first after 15 s, 24 h 4 min in all.
pub const WECHAT_SCHEDULE: [Duration; 15] = seconds([
    15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
]);

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Alipay: the trade exists and waits for its payer (`WAIT_BUYER_PAY`).
    Waiting,
    /// The trade was paid.
    Paid,
    /// Alipay: no refund is possible any more (`TRADE_FINISHED`).
    Finished,
    /// The trade's newest refund.
    Refund,
    /// Alipay: the trade was closed unpaid (`TRADE_CLOSED`).
    Closed,
    /// WeChat Pay: a probe with a wrong signature (`WECHATPAY/SIGNTEST/`).
    Signtest,
}

impl NoticeKind {
    /// The word for it in the delivery log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Paid => "paid",
            Self::Finished => "finished",
            Self::Refund => "refund",
            Self::Closed => "closed",
            Self::Signtest => "signtest",
        }
    }
}

impl From<Turn> for NoticeKind {
    fn from(turn: Turn) -> Self {
        match turn {
            Turn::Opened => Self::Waiting,
            Turn::Closed => Self::Closed,
            Turn::Finished => Self::Finished,
        }
    }
}

/// Why a notice that was asked for cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefused {
    /// The order named no `notify_url`.
    #[error("the order has no notify_url, so the channel tells nobody")]
    NoUrl,
    /// The account was never registered here.
    #[error("the account {0} is not registered")]
    NoAccount(String),
    /// The channel has no such notice, or there is nothing to tell.
    #[error("{0}")]
    Nothing(&'static str),
}

/// Sends a notice of something that just happened, if the channel tells it and the order wants
/// notices.
pub(crate) fn announce(sandbox: &Sandbox, trade: &Trade, kind: NoticeKind) {
    let told = match trade.order.key.channel {
        Channel::Alipay => sandbox.read_world(|world| world.alipay.rules.notices.includes(kind)),
        Channel::Wechat => true,
    };
    if !told {
        return;
    }
    match send_now(sandbox, trade, kind, BTreeMap::new()) {
        Ok(()) | Err(NoticeRefused::NoUrl) => {}
        Err(error) => tracing::warn!(
            %error,
            out_trade_no = %trade.order.key.out_trade_no,
            "a notice was not sent"
        ),
    }
}

/// Sends one more notice, with `overrides` in place of the channel's own parameters.
pub(crate) fn send_now(
    sandbox: &Sandbox,
    trade: &Trade,
    kind: NoticeKind,
    overrides: BTreeMap<String, String>,
) -> Result<(), NoticeRefused> {
    match trade.order.key.channel {
        Channel::Alipay => alipay::send_notice(sandbox, trade, kind, overrides),
        Channel::Wechat if wechat_v2::tells(sandbox, trade, kind) => {
            wechat_v2::send_notice(sandbox, trade, kind, overrides)
        }
        Channel::Wechat => wechat::send_notice(sandbox, trade, kind, overrides),
    }
}

/// A notice that a channel wants to deliver.
pub trait Letter: Send + Sync + 'static {
    /// The trade that it is about.
    fn trade(&self) -> &TradeKey;
    /// What it says: `paid`, `refund`, …
    fn kind(&self) -> &str;
    /// Where it goes.
    fn url(&self) -> &str;
    /// Writes and signs it for one attempt.
    fn write(&self, attempt: Attempt) -> Result<Written, KeyError>;
    /// Whether the channel takes this answer for a receipt.
    fn is_receipt(&self, status: u16, body: &[u8]) -> bool;
}

/// One attempt to deliver a letter.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// Sandbox time.
    pub now: DateTime<Utc>,
    /// Real time, for freshness headers.
    pub wall: DateTime<Utc>,
    /// A fault that changes what is written.
    pub fault: Option<Fault>,
}

/// What goes on the wire.
#[derive(Debug, Clone)]
pub struct Written {
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, UTF-8.
    pub body: String,
}

/// Delivers `letter` in the background until it is received or the channel gives up.
pub fn send(sandbox: &Sandbox, letter: impl Letter) {
    let task = deliver(sandbox.clone(), Arc::new(letter));
    sandbox.spawn(task);
}

async fn deliver(sandbox: Sandbox, letter: Arc<dyn Letter>) {
    let schedule = sandbox.notice_schedule(letter.trade().channel).to_vec();
    let notice = sandbox.deliveries().new_notice();
    let mut due = sandbox.clock().now();
    let mut waits = schedule.into_iter();
    for number in 1.. {
        sandbox.clock().reached(due).await;
        if attempt(&sandbox, letter.as_ref(), notice, number).await {
            return;
        }
        let Some(wait) = waits.next() else { return };
        due = sandbox.clock().now() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
    }
}

/// Makes one delivery through the faults; tells whether it was received.
async fn attempt(sandbox: &Sandbox, letter: &dyn Letter, notice: u64, number: u32) -> bool {
    let trade = letter.trade();
    let method = match trade.channel {
        Channel::Alipay => "notice.alipay",
        Channel::Wechat => "notice.wechat",
    };
    let hit = sandbox.faults().fire(method, &trade.out_trade_no);
    hold_back(sandbox, hit).await;
    let fault = hit.map(|hit| hit.fault);
    let clock = sandbox.clock();
    let attempt = Attempt {
        number,
        now: clock.now(),
        wall: clock.wall(),
        fault,
    };
    let written = match letter.write(attempt) {
        Ok(written) => written,
        Err(error) => {
            tracing::error!(%error, out_trade_no = %trade.out_trade_no, "cannot sign a notice");
            return false;
        }
    };
    let mut delivery = Delivery::new(notice, letter, &attempt, &written);
    if fault == Some(Fault::Drop) {
        sandbox.deliveries().record(delivery);
        return false;
    }
    let copies = if fault == Some(Fault::Duplicate) {
        2
    } else {
        1
    };
    let mut received = false;
    for _ in 0..copies {
        match post(sandbox, letter, &written).await {
            Ok((status, answer)) => {
                delivery.status = Some(status);
                delivery.received = letter.is_receipt(status, &answer);
                delivery.answer = Some(String::from_utf8_lossy(&answer).into_owned());
                received |= delivery.received;
            }
            Err(error) => delivery.error = Some(error),
        }
        sandbox.deliveries().record(delivery.clone());
    }
    received
}

/// `delay` waits for its time, `reorder` until some other notice has been delivered.
async fn hold_back(sandbox: &Sandbox, hit: Option<Hit>) {
    match hit {
        Some(Hit {
            fault: Fault::Delay,
            delay,
            ..
        }) => {
            tokio::time::sleep(delay.unwrap_or(Duration::from_secs(1))).await;
        }
        Some(Hit {
            fault: Fault::Reorder,
            delay,
            ..
        }) => {
            let passed = sandbox.deliveries().next_recorded();
            let wait = delay.unwrap_or(REORDER_WAIT);
            if tokio::time::timeout(wait, passed).await.is_err() {
                tracing::debug!("no other notice came by; the reordered one goes now");
            }
        }
        _ => {}
    }
}

/// Posts once, without redirects, within the channel's deadline.
async fn post(
    sandbox: &Sandbox,
    letter: &dyn Letter,
    written: &Written,
) -> Result<(u16, Vec<u8>), String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &written.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        headers.insert(
            name,
            HeaderValue::from_str(value).map_err(|error| error.to_string())?,
        );
    }
    let deadline = match letter.trade().channel {
        Channel::Alipay => Duration::from_secs(15),
        Channel::Wechat => Duration::from_secs(5),
    };
    let mut answer = sandbox
        .http()
        .post(letter.url())
        .headers(headers)
        .timeout(deadline)
        .body(written.body.clone())
        .send()
        .await
        .map_err(|error| describe(&error))?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| describe(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_LIMIT {
            body.truncate(ANSWER_LIMIT);
            break;
        }
    }
    Ok((status, body))
}

/// The error with its causes, on one line.
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The client that notices leave by: roots inside the binary, no redirects, no proxy.
pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|der| reqwest::Certificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()?;
    reqwest::Client::builder()
        .tls_certs_only(roots)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .build()
}

const fn seconds<const N: usize>(list: [u64; N]) -> [Duration; N] {
    let mut waits = [Duration::ZERO; N];
    let mut rest: &[u64] = &list;
    let mut at = 0;
    while let [first, tail @ ..] = rest {
        let (_, slot) = waits.split_at_mut(at);
        if let [slot, ..] = slot {
            *slot = Duration::from_secs(*first);
        }
        rest = tail;
        at += 1;
    }
    waits
}

const fn minutes<const N: usize>(list: [u64; N]) -> [Duration; N] {
    let mut waits = seconds(list);
    let mut rest: &mut [Duration] = &mut waits;
    while let [first, tail @ ..] = rest {
        *first = Duration::from_secs(first.as_secs() * 60);
        rest = tail;
    }
    waits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedules_add_up_to_the_published_totals() {
        let alipay: Duration = ALIPAY_SCHEDULE.iter().sum();
        assert_eq!(alipay, Duration::from_secs((24 * 60 + 24) * 60));
        let wechat: Duration = WECHAT_SCHEDULE.iter().sum();
        assert_eq!(wechat, Duration::from_secs((24 * 60 + 4) * 60));
    }
}
