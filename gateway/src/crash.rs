//! Crash points: places at which the program ends itself, as `kill -9` would, when
//! `TILL_CRASH_AT=name` (or `name:3`, for the third time) tells it to.
//!
//! They exist in builds with the feature `crash-points` only, which are made for
//! tests and for nothing else: other builds hold no trace of them. What a crash at
//! each of them must not break is what `tests/chaos` looks at.

use cashier::event::EventKind;
use cashier::state::Row;
use cashier::store::{Commit, StoreError};
use cashier::task::{Call, Next, Subject};
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Every crash point. What a commit is told by is what it holds, and one commit may
/// be several of them.
pub const POINTS: [&str; 49] = [
    // A decision is made, and nothing of it is durable.
    "before_commit.order",
    "before_commit.pay",
    "before_commit.close",
    "before_commit.reverse",
    "before_commit.query",
    "before_commit.refund",
    "before_commit.answer",
    "before_commit.notice",
    "before_commit.paid",
    "before_commit.closed",
    "before_commit.returned",
    // It is durable, and nobody knows.
    "after_commit.order",
    "after_commit.pay",
    "after_commit.close",
    "after_commit.reverse",
    "after_commit.query",
    "after_commit.refund",
    "after_commit.answer",
    "after_commit.notice",
    "after_commit.paid",
    "after_commit.closed",
    "after_commit.returned",
    // A channel is about to be called.
    "before_send.pay",
    "before_send.query",
    "before_send.close",
    "before_send.reverse",
    "before_send.refund",
    "before_send.query_refund",
    // A channel's answer has been read, and is not committed.
    "after_answer.pay",
    "after_answer.query",
    "after_answer.close",
    "after_answer.reverse",
    "after_answer.refund",
    "after_answer.query_refund",
    // A channel's notice: believed, committed, answered.
    "notice.verified",
    "notice.committed",
    "notice.replied",
    // A command with an idempotency key: the key is taken, the command is done, its
    // answer is kept.
    "key.taken",
    "key.done",
    "key.kept",
    // Work has been taken under a lease.
    "tasks.claimed",
    "deliveries.claimed",
    // One event on its way to a merchant.
    "delivery.before_post",
    "delivery.after_post",
    "delivery.recorded",
    // The schema: missing, and just made.
    "migration.before",
    "migration.after",
    // The program has been asked to stop: at once, and with its work done.
    "shutdown.asked",
    "shutdown.done",
];

static ARMED: OnceLock<Armed> = OnceLock::new();

/// The one point at which this process ends.
struct Armed {
    name: String,
    /// How many times it is still passed, and the one time at which it is not.
    left: AtomicU32,
}

/// The value of `TILL_CRASH_AT` makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "TILL_CRASH_AT: {given:?} is no crash point: give NAME, or NAME:N for the Nth time (from 1). \
     There are\n{}", POINTS.join("\n")
)]
pub struct UnknownPoint {
    given: String,
}

/// Arms the point that `text` names, `NAME` or `NAME:N`; the first call counts.
///
/// # Errors
/// [`UnknownPoint`], which lists every name.
pub fn arm(text: &str) -> Result<(), UnknownPoint> {
    let (name, nth) = parse(text)?;
    let armed = Armed {
        name: name.to_owned(),
        left: AtomicU32::new(nth),
    };
    // A second value would come from nowhere: the environment is read once.
    let _ = ARMED.set(armed);
    Ok(())
}

fn parse(text: &str) -> Result<(&str, u32), UnknownPoint> {
    let unknown = || UnknownPoint {
        given: text.to_owned(),
    };
    let (name, nth) = match text.split_once(':') {
        Some((name, nth)) => (name, nth.parse().map_err(|_| unknown())?),
        None => (text, 1),
    };
    if nth == 0 || !POINTS.contains(&name) {
        return Err(unknown());
    }
    Ok((name, nth))
}

/// A point is reached: the process ends here if it is the armed one and its time.
pub fn reached(name: &str) {
    let Some(armed) = ARMED.get().filter(|armed| armed.name == name) else {
        return;
    };
    // From 1 to 0 happens once; afterwards the counter wraps, far from 1.
    if armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
        // If standard error is closed, the exit status tells.
        let _ = writeln!(std::io::stderr(), "crash point {name} reached");
        std::process::abort();
    }
}

/// The same, for a point that is named in two parts.
pub fn reached_by(moment: &str, what: &str) {
    reached(&format!("{moment}.{what}"));
}

/// Reached once the answer that is being given has been written to the connection:
/// what a handler spawns on its own thread runs after that.
pub fn reached_after_reply(name: &'static str) {
    actix_web::rt::spawn(async move { reached(name) });
}

/// What some commits are, told before and after they are written.
pub struct Commits(Vec<Vec<&'static str>>);

impl Commits {
    /// Looks at what the commits hold.
    pub fn of(commits: &[Commit]) -> Commits {
        Commits(commits.iter().map(kinds).collect())
    }

    /// They are about to be written.
    pub fn before(&self) {
        for kind in self.0.iter().flatten() {
            reached_by("before_commit", kind);
        }
    }

    /// Those that were written are durable.
    pub fn after(&self, answers: &[Result<(), StoreError>]) {
        let written = self
            .0
            .iter()
            .zip(answers)
            .filter(|(_, answer)| answer.is_ok());
        for kind in written.flat_map(|(kinds, _)| kinds) {
            reached_by("after_commit", kind);
        }
    }
}

fn kinds(commit: &Commit) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    if commit.revision == 0 {
        kinds.push("order");
    }
    if commit.notice.is_some() {
        kinds.push("notice");
    }
    kinds.extend(commit.rows.iter().filter_map(|row| begun(commit, row)));
    kinds.extend(commit.rows.iter().filter_map(told));
    if kinds.is_empty() {
        kinds.push("answer");
    }
    kinds
}

/// The call that the committer is about to make about a row.
fn begun(commit: &Commit, row: &Row) -> Option<&'static str> {
    let (subject, next) = match row {
        Row::Flow(flow) => (Subject::Flow(flow.no.clone()), flow.next),
        Row::Refund(refund) => (Subject::Refund(refund.no.clone()), refund.next),
        _ => return None,
    };
    let Next { call, .. } = next.filter(|_| commit.leases.contains(&subject))?;
    (call != Call::QueryRefund).then(|| call.name())
}

/// What the merchant is told of a row.
fn told(row: &Row) -> Option<&'static str> {
    match row {
        Row::Event(event) => match event.kind {
            EventKind::OrderPaid => Some("paid"),
            EventKind::OrderClosed => Some("closed"),
            EventKind::RefundSucceeded | EventKind::SurplusRefunded => Some("returned"),
            EventKind::LatePayment | EventKind::RefundFailed => None,
        },
        _ => None,
    }
}
