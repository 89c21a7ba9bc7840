//! The timeline of an order: everything that was asked, answered, noticed, decided
//! and told about it, in one list, oldest first. It is put together from rows that
//! exist anyway, by a pure function; it holds no payer's identity, no secret and no
//! whole body.

use crate::event::EventKind;
use crate::id::{AccountId, EventId, FlowNo};
use crate::journal::{Line, Source};
use crate::snapshot::rfc3339;
use crate::state::OrderState;
use crate::store::{DeliveryNext, DeliveryTry};
use crate::time::Timestamp;

/// What is known of an order beside the order itself, each list oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Its journal.
    pub lines: Vec<Line>,
    /// The verified notices about its flows.
    pub notices: Vec<NoticeSeen>,
    /// Its events.
    pub events: Vec<EventSeen>,
    /// Every try to deliver them.
    pub tries: Vec<DeliveryTry>,
}

/// A verified notice that was kept as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeSeen {
    /// The channel account it came for.
    pub account: AccountId,
    /// The flow it names.
    pub flow: FlowNo,
    /// When it came in (UTC).
    pub received_at: Timestamp,
}

/// An event, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSeen {
    /// Its id.
    pub id: EventId,
    /// What it tells of.
    pub kind: EventKind,
    /// The order's version that it tells of.
    pub version: u32,
    /// When it happened (UTC).
    pub created_at: Timestamp,
    /// How its delivery stands: `pending`, `delivered`, `exhausted` or `none`.
    pub delivery: String,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When (UTC).
    pub at: Timestamp,
    /// Who or what brought it about.
    pub source: Source,
    /// The flow, refund, capture or event it is about.
    pub subject: Option<String>,
    /// What happened, in words.
    pub text: String,
}

/// Entries that say the same, one after the other, as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first of them.
    pub entry: Entry,
    /// When the last of them was (UTC).
    pub until: Timestamp,
    /// How many there are.
    pub count: u32,
}

/// The timeline of an order, oldest first. What has a line in the journal is not
/// told a second time.
pub fn timeline(state: &OrderState, evidence: &Evidence) -> Vec<Entry> {
    let mut entries: Vec<Entry> = evidence.notices.iter().map(of_notice).collect();
    entries.extend(evidence.lines.iter().map(of_line));
    entries.extend(exceptions(state).filter(|entry| !is_told(entry, &evidence.lines)));
    entries.extend(refunds(state).filter(|entry| !is_told(entry, &evidence.lines)));
    entries.extend(evidence.events.iter().map(of_event));
    entries.extend(evidence.tries.iter().map(of_try));
    // Of one moment, the order above is the order in which it came about.
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// Folds what is said about one subject again and again, with nothing else about it
/// in between.
pub fn fold(entries: &[Entry]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for entry in entries {
        let last = runs
            .iter_mut()
            .rev()
            .find(|run| run.entry.subject == entry.subject);
        match last {
            Some(run) if says_the_same(&run.entry, entry) => {
                run.until = entry.at;
                run.count = run.count.saturating_add(1);
            }
            _ => runs.push(Run {
                entry: entry.clone(),
                until: entry.at,
                count: 1,
            }),
        }
    }
    runs
}

fn says_the_same(one: &Entry, other: &Entry) -> bool {
    one.source == other.source && one.text == other.text
}

/// Whether the journal has a line about the same thing of the same moment.
fn is_told(entry: &Entry, lines: &[Line]) -> bool {
    lines
        .iter()
        .any(|line| line.at == entry.at && line.subject == entry.subject)
}

fn of_line(line: &Line) -> Entry {
    Entry {
        at: line.at,
        source: line.source,
        subject: line.subject.clone(),
        text: line.text.clone(),
    }
}

fn of_notice(notice: &NoticeSeen) -> Entry {
    Entry {
        at: notice.received_at,
        source: Source::Notice,
        subject: Some(notice.flow.to_string()),
        text: format!("a notice came in for {}", notice.account),
    }
}

fn of_event(event: &EventSeen) -> Entry {
    let how = match event.delivery.as_str() {
        "none" => "it can be pulled; there is no address to deliver it to",
        _ => "the merchant is to be told",
    };
    Entry {
        at: event.created_at,
        source: Source::Event,
        subject: Some(event.id.to_string()),
        text: format!("{} (version {}): {how}", event.kind.name(), event.version),
    }
}

fn of_try(tried: &DeliveryTry) -> Entry {
    let status = match tried.status {
        Some(status) => format!("HTTP {status}"),
        None => "no answer".to_owned(),
    };
    let error = tried.error.as_deref().unwrap_or("no reason given");
    let text = match tried.then {
        DeliveryNext::Delivered => format!("delivered ({status})"),
        DeliveryNext::Retry(at) => format!(
            "not delivered ({status}): {error}; tried again after {}",
            rfc3339(at)
        ),
        DeliveryNext::Exhausted => {
            format!("not delivered ({status}): {error}; not tried again by itself")
        }
    };
    Entry {
        at: tried.at,
        source: Source::Delivery,
        subject: Some(tried.event.to_string()),
        text,
    }
}

fn exceptions(state: &OrderState) -> impl Iterator<Item = Entry> {
    state.exceptions.iter().map(|exception| Entry {
        at: exception.opened_at,
        source: Source::Till,
        subject: Some(exception.subject.clone()),
        text: format!("exception {}: {}", exception.kind.name(), exception.detail),
    })
}

fn refunds(state: &OrderState) -> impl Iterator<Item = Entry> {
    state.refunds.iter().flat_map(|refund| {
        let source = match refund.is_automatic() {
            true => Source::Till,
            false => Source::Merchant,
        };
        let made = Entry {
            at: refund.created_at,
            source,
            subject: Some(refund.no.to_string()),
            text: format!("{} CNY are to be given back", refund.amount()),
        };
        let settled = refund.settled_at.map(|at| Entry {
            at,
            source: Source::Refund,
            subject: Some(refund.no.to_string()),
            text: format!("the refund {}", refund.status.name()),
        });
        [Some(made), settled].into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seconds: i64, subject: &str, text: &str) -> Entry {
        Entry {
            at: Timestamp::from_millis(seconds * 1000),
            source: Source::Query,
            subject: Some(subject.to_owned()),
            text: text.to_owned(),
        }
    }

    #[test]
    fn what_is_said_again_and_again_of_one_subject_is_one_run_also_beside_another() {
        let entries = [
            entry(1, "a", "not paid yet"),
            entry(2, "b", "not paid yet"),
            entry(3, "a", "not paid yet"),
            entry(4, "a", "closing"),
            entry(5, "a", "not paid yet"),
        ];
        let runs: Vec<(i64, i64, u32)> = fold(&entries)
            .iter()
            .map(|run| (run.entry.at.seconds(), run.until.seconds(), run.count))
            .collect();
        assert_eq!(runs, [(1, 3, 2), (2, 2, 1), (4, 4, 1), (5, 5, 1)]);
        assert_eq!(fold(&[]), []);
    }
}
