//! The rows in memory, and what guards them: revisions and unique keys, as the
//! real store's.

use crate::decide::delivery;
use crate::event::Event;
use crate::exception::{Entry, EntryKind, Exception};
use crate::id::{AccountId, AppId, EventId, ExceptionId, OrderId};
use crate::journal::Line;
use crate::state::{OrderState, Row};
use crate::store::{Commit, DeliveryNext, DeliveryTry, NoticeRecord, StoreError};
use crate::task::{Next, Subject};
use crate::time::Timestamp;
use crate::timeline::{EventSeen, Evidence, NoticeSeen};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) orders: BTreeMap<OrderId, OrderState>,
    pub(super) events: Vec<Event>,
    pub(super) deliveries: BTreeMap<EventId, Delivery>,
    pub(super) tries: Vec<DeliveryTry>,
    pub(super) journal: Vec<Line>,
    pub(super) notices: BTreeMap<(AccountId, String), NoticeRecord>,
    pub(super) strays: Vec<Exception>,
    /// The latest moment that is written anywhere.
    pub(super) latest: Timestamp,
    /// What was added to exceptions, oldest first.
    pub(super) entries: Vec<Entry>,
    /// By target and exception.
    pub(super) alerts: BTreeMap<(String, ExceptionId), Alert>,
    /// Who is alerted of an exception.
    pub(super) targets: Vec<String>,
    /// Applications without an address for events.
    pub(super) silent: BTreeSet<AppId>,
}

#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) status: &'static str,
    pub(super) attempt: u32,
    pub(super) due: Timestamp,
    pub(super) leased_until: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct Alert {
    pub(super) status: &'static str,
    pub(super) attempt: u32,
    pub(super) due: Timestamp,
    pub(super) leased_until: Timestamp,
}

impl Rows {
    /// Writes one commit, whole or not at all: everything that can be refused is
    /// looked at before anything is written.
    pub(super) fn write(&mut self, commit: &Commit) -> Result<(), StoreError> {
        let mut state = self.guarded(commit)?;
        let mut opened = Vec::new();
        for (index, row) in commit.rows.iter().enumerate() {
            let before = commit.rows.get(..index).unwrap_or(&[]);
            self.check_unique(&state, before, row)?;
            match row {
                Row::Exception(known) if self.knows_exception(known) => continue,
                Row::Exception(new) => opened.push(new),
                _ => {}
            }
            state.apply(&leased(row, commit));
        }
        let notice = commit
            .notice
            .as_ref()
            .map(|notice| ((notice.account.clone(), notice.key.clone()), notice.clone()));
        if notice
            .as_ref()
            .is_some_and(|(key, _)| self.notices.contains_key(key))
        {
            return Err(conflict("notices (account, key)"));
        }
        for row in &commit.rows {
            if let Row::Line(line) = row {
                self.latest = self.latest.max(line.at);
            }
            self.add(&state, row);
        }
        opened.into_iter().for_each(|new| self.alert(new));
        self.notices.extend(notice);
        self.orders.insert(commit.order.clone(), state);
        Ok(())
    }

    fn guarded(&self, commit: &Commit) -> Result<OrderState, StoreError> {
        let new_order = commit.rows.iter().find_map(|row| match row {
            Row::Order(order) => Some(&**order),
            _ => None,
        });
        match (self.orders.get(&commit.order), new_order) {
            (Some(state), _) if state.order.revision == commit.revision && commit.revision > 0 => {
                Ok(state.clone())
            }
            (None, Some(order)) if commit.revision == 0 => Ok(OrderState::new(order.clone())),
            _ => Err(conflict("orders (revision)")),
        }
    }

    /// The unique keys across orders, and inside of one.
    fn check_unique(
        &self,
        state: &OrderState,
        before: &[Row],
        row: &Row,
    ) -> Result<(), StoreError> {
        let others = || {
            self.orders
                .values()
                .filter(|other| other.order.id != state.order.id)
        };
        let taken = match row {
            Row::Order(order) => others().any(|other| {
                (other.order.app == order.app
                    && other.order.merchant_order_no == order.merchant_order_no)
                    || other.order.token == order.token
            }),
            Row::Flow(flow) => others().any(|other| other.flow(&flow.no).is_some()),
            Row::Capture(new) => others().chain([state]).any(|any| {
                any.captures.iter().any(|known| {
                    known.id == new.id
                        || (known.account == new.account && known.trade_no == new.trade_no)
                })
            }),
            Row::Refund(new) => others().any(|other| {
                let same_merchant = other.order.merchant == state.order.merchant;
                other.refunds.iter().any(|known| {
                    let number = known.merchant_refund_no.as_ref();
                    known.no == new.no
                        || (same_merchant
                            && number.is_some()
                            && number == new.merchant_refund_no.as_ref())
                })
            }),
            Row::Event(event) => {
                let earlier = before.iter().filter_map(|row| match row {
                    Row::Event(event) => Some(event),
                    _ => None,
                });
                self.events.iter().chain(earlier).any(|known| {
                    known.id == event.id
                        || (known.order == event.order && known.version == event.version)
                })
            }
            Row::Resolution(entry) => state.is_resolved(&entry.exception),
            Row::Exception(_) | Row::Line(_) => false,
        };
        if taken {
            Err(conflict("a unique key"))
        } else {
            Ok(())
        }
    }

    /// Rows that do not live inside of an order.
    fn add(&mut self, state: &OrderState, row: &Row) {
        match row {
            Row::Event(event) => {
                let silent = state.order.notify_url.is_none() && self.silent.contains(&event.app);
                self.deliveries.insert(
                    event.id.clone(),
                    Delivery {
                        status: if silent { "none" } else { "pending" },
                        attempt: 0,
                        due: event.created_at,
                        leased_until: Timestamp::from_millis(0),
                    },
                );
                self.events.push(event.clone());
            }
            Row::Line(line) => self.journal.push(line.clone()),
            Row::Resolution(entry) => self.entries.push(entry.clone()),
            _ => {}
        }
    }

    /// An alert of this exception for each target, due at once.
    fn alert(&mut self, exception: &Exception) {
        for target in self.targets.clone() {
            let alert = Alert {
                status: "pending",
                attempt: 0,
                due: exception.opened_at,
                leased_until: Timestamp::from_millis(0),
            };
            self.alerts.insert((target, exception.id.clone()), alert);
        }
    }

    /// Every exception there is.
    pub(super) fn all_exceptions(&self) -> impl Iterator<Item = &Exception> {
        let of_orders = self.orders.values().flat_map(|state| &state.exceptions);
        of_orders.chain(&self.strays)
    }

    /// The resolution of an exception.
    pub(super) fn resolution(&self, id: &ExceptionId) -> Option<&Entry> {
        let resolves = |entry: &&Entry| entry.kind == EntryKind::Resolved;
        self.entries
            .iter()
            .filter(resolves)
            .find(|entry| entry.exception == *id)
    }

    /// Opens an exception that no decision reports, unless it is open (`false`).
    pub(super) fn open(&mut self, seen: Exception) -> bool {
        let is_resolved = |id: &ExceptionId| self.resolution(id).is_some();
        let Some(new) = seen.opened_beside(self.all_exceptions(), is_resolved) else {
            return false;
        };
        self.alert(&new);
        match new.order.as_ref().and_then(|id| self.orders.get_mut(id)) {
            Some(state) => state.exceptions.push(new),
            None => self.strays.push(new),
        }
        true
    }

    /// Adds an entry, which is allowed.
    pub(super) fn add_entry(&mut self, entry: Entry) {
        let of_exception = |state: &&mut OrderState| {
            state
                .exceptions
                .iter()
                .any(|known| known.id == entry.exception)
        };
        if entry.kind == EntryKind::Resolved
            && let Some(state) = self.orders.values_mut().find(of_exception)
        {
            state.resolutions.push(entry.clone());
            state.order.revision = state.order.revision.saturating_add(1);
        }
        self.entries.push(entry);
    }

    /// What a try to deliver means to a person.
    pub(super) fn judge(&mut self, tried: &DeliveryTry, status: &str, tries: u32) {
        let Some(event) = self.events.iter().find(|event| event.id == tried.event) else {
            return;
        };
        let seen = delivery::exhausted(event, tries, tried.error.as_deref(), tried.at);
        match tried.then {
            DeliveryNext::Exhausted if status == "exhausted" => {
                self.open(seen);
            }
            DeliveryNext::Delivered => {
                let known = self.all_exceptions().find(|known| {
                    known.kind == seen.kind
                        && known.about() == seen.subject
                        && self.resolution(&known.id).is_none()
                });
                if let Some(id) = known.map(|known| known.id.clone()) {
                    self.add_entry(delivery::delivered(&id, tried.at));
                }
            }
            DeliveryNext::Exhausted | DeliveryNext::Retry(_) => {}
        }
    }

    pub(super) fn knows_exception(&self, exception: &Exception) -> bool {
        let same =
            |known: &Exception| known.kind == exception.kind && known.subject == exception.subject;
        self.strays.iter().any(same)
            || self
                .orders
                .values()
                .any(|state| state.exceptions.iter().any(same))
    }

    /// What a timeline of the order is made of.
    pub(super) fn evidence(&self, order: &OrderId) -> Evidence {
        let flows: Vec<_> = self
            .orders
            .get(order)
            .map(|state| state.flows.iter().map(|flow| (&flow.no, &flow.account)))
            .into_iter()
            .flatten()
            .collect();
        let notices = self.notices.values().filter_map(|notice| {
            let flow = notice.flow_no.clone()?;
            flows
                .contains(&(&flow, &notice.account))
                .then(|| NoticeSeen {
                    account: notice.account.clone(),
                    flow,
                    received_at: notice.received_at,
                })
        });
        let mut notices: Vec<NoticeSeen> = notices.collect();
        notices.sort_by_key(|notice| notice.received_at);
        let events: Vec<&Event> = self.events.iter().filter(|e| e.order == *order).collect();
        let told = |tried: &&DeliveryTry| events.iter().any(|event| event.id == tried.event);
        Evidence {
            lines: self
                .journal
                .iter()
                .filter(|line| line.order == *order)
                .cloned()
                .collect(),
            notices,
            tries: self.tries.iter().filter(told).cloned().collect(),
            events: events.iter().map(|event| self.seen(event)).collect(),
        }
    }

    fn seen(&self, event: &Event) -> EventSeen {
        let delivery = self.deliveries.get(&event.id);
        EventSeen {
            id: event.id.clone(),
            kind: event.kind,
            version: event.version,
            created_at: event.created_at,
            delivery: delivery.map_or("none", |d| d.status).to_owned(),
        }
    }

    pub(super) fn find(&self, matches: impl Fn(&OrderState) -> bool) -> Option<OrderId> {
        self.orders
            .values()
            .find(|state| matches(state))
            .map(|state| state.order.id.clone())
    }
}

/// The row as it is stored: a task that the committer does itself is leased,
/// every other is free.
fn leased(row: &Row, commit: &Commit) -> Row {
    let free = Timestamp::from_millis(0);
    let set = |next: Option<Next>, subject: Subject| {
        let mine = commit.leases.contains(&subject);
        next.map(|next| Next {
            leased_until: if mine { commit.leased_until } else { free },
            ..next
        })
    };
    let mut row = row.clone();
    match &mut row {
        Row::Order(order) => order.next = set(order.next, Subject::Order(order.id.clone())),
        Row::Flow(flow) => flow.next = set(flow.next, Subject::Flow(flow.no.clone())),
        Row::Refund(refund) => refund.next = set(refund.next, Subject::Refund(refund.no.clone())),
        _ => {}
    }
    row
}

fn conflict(what: &str) -> StoreError {
    StoreError::Conflict(what.to_owned())
}

/// Every task of an order, to be read or leased.
pub(super) fn tasks(state: &mut OrderState) -> impl Iterator<Item = (Subject, &mut Next)> {
    let OrderState {
        order,
        flows,
        refunds,
        ..
    } = state;
    let id = Subject::Order(order.id.clone());
    let of_order = order.next.as_mut().map(|next| (id, next)).into_iter();
    let of_flows = flows.iter_mut().filter_map(|flow| {
        let subject = Subject::Flow(flow.no.clone());
        flow.next.as_mut().map(|next| (subject, next))
    });
    let of_refunds = refunds.iter_mut().filter_map(|refund| {
        let subject = Subject::Refund(refund.no.clone());
        refund.next.as_mut().map(|next| (subject, next))
    });
    of_order.chain(of_flows).chain(of_refunds)
}
