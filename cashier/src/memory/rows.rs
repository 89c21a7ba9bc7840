//! The rows in memory, and what guards them: revisions and unique keys, as the
//! real store's.

use crate::event::Event;
use crate::exception::Exception;
use crate::id::{AccountId, AppId, EventId, OrderId};
use crate::journal::Line;
use crate::state::{OrderState, Row};
use crate::store::{Commit, DeliveryTry, NoticeRecord, StoreError};
use crate::task::{Next, Subject};
use crate::time::Timestamp;
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

impl Rows {
    /// Writes one commit, whole or not at all: everything that can be refused is
    /// looked at before anything is written.
    pub(super) fn write(&mut self, commit: &Commit) -> Result<(), StoreError> {
        let mut state = self.guarded(commit)?;
        for (index, row) in commit.rows.iter().enumerate() {
            let before = commit.rows.get(..index).unwrap_or(&[]);
            self.check_unique(&state, before, row)?;
            if !matches!(row, Row::Exception(known) if self.knows_exception(known)) {
                state.apply(&leased(row, commit));
            }
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
            _ => {}
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
