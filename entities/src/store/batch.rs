//! The rows of some commits, sorted by table, so that each table takes one
//! statement however many rows and commits there are.

use crate::{
    alerts, captures, deliveries, events, exception_entries, exceptions, flows, journal, notices,
    orders, refunds, tasks,
};
use cashier::id::AppId;
use cashier::order::Order;
use cashier::state::Row;
use cashier::store::{Commit, StoreError};
use cashier::task::{Next, Subject};
use cashier::time::Timestamp;
use sea_orm::ActiveModelTrait;
use std::collections::{BTreeMap, HashSet};

/// Who is told: the applications that have a webhook of their own, and the targets
/// of alerts.
pub(super) struct Hearers<'a> {
    pub(super) webhooks: HashSet<AppId>,
    pub(super) targets: &'a [String],
}

/// An order's new content, and the revision that it replaces.
pub(super) struct Change {
    pub(super) from: u32,
    pub(super) order: orders::Model,
}

/// What is to be written. The maps hold one row a name, the last one, sorted:
/// transactions that meet lock rows in the same order.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) new_orders: Vec<orders::Model>,
    pub(super) changes: Vec<Change>,
    pub(super) flows: BTreeMap<String, flows::Model>,
    pub(super) captures: Vec<captures::Model>,
    pub(super) refunds: BTreeMap<String, refunds::Model>,
    pub(super) exceptions: Vec<exceptions::Model>,
    pub(super) alerts: Vec<alerts::Model>,
    pub(super) resolutions: Vec<exception_entries::ActiveModel>,
    pub(super) events: Vec<events::ActiveModel>,
    pub(super) deliveries: Vec<deliveries::Model>,
    pub(super) lines: Vec<journal::ActiveModel>,
    /// What is to be done next, or that nothing is.
    pub(super) tasks: BTreeMap<String, Option<tasks::Model>>,
    pub(super) notices: Vec<notices::Model>,
}

impl Batch {
    /// The rows of these commits.
    pub(super) fn of(commits: &[&Commit], hearers: &Hearers<'_>) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        for commit in commits {
            batch.add(commit, hearers)?;
        }
        Ok(batch)
    }

    fn add(&mut self, commit: &Commit, hearers: &Hearers<'_>) -> Result<(), StoreError> {
        let order = order_of(commit)?;
        let content = orders::Model::try_from(order)?;
        match commit.revision {
            0 => self.new_orders.push(content),
            from => self.changes.push(Change {
                from,
                order: content,
            }),
        }
        for row in &commit.rows {
            self.add_row(commit, order, row, hearers)?;
        }
        self.notices
            .extend(commit.notice.iter().map(notices::Model::from));
        Ok(())
    }

    fn add_row(
        &mut self,
        commit: &Commit,
        order: &Order,
        row: &Row,
        hearers: &Hearers<'_>,
    ) -> Result<(), StoreError> {
        match row {
            Row::Order(order) => {
                self.add_task(
                    commit,
                    Subject::Order(order.id.clone()),
                    order.next.as_ref(),
                );
            }
            Row::Flow(flow) => {
                let content = flows::Model::of(&commit.order, flow)?;
                self.flows.insert(content.flow_no.clone(), content);
                self.add_task(commit, Subject::Flow(flow.no.clone()), flow.next.as_ref());
            }
            Row::Refund(refund) => {
                let content = refunds::Model::of(order, refund)?;
                self.refunds.insert(content.refund_no.clone(), content);
                self.add_task(
                    commit,
                    Subject::Refund(refund.no.clone()),
                    refund.next.as_ref(),
                );
            }
            Row::Capture(capture) => {
                self.captures
                    .push(captures::Model::of(&commit.order, capture));
            }
            Row::Exception(exception) => {
                self.exceptions.push(exception.into());
                let targets = hearers.targets.iter();
                self.alerts
                    .extend(targets.map(|target| alerts::Model::of(target, exception)));
            }
            Row::Resolution(entry) => self.resolutions.push(entry.into()),
            Row::Event(event) => {
                let has_address =
                    order.notify_url.is_some() || hearers.webhooks.contains(&event.app);
                self.events.push(event.into());
                self.deliveries
                    .push(deliveries::Model::of(event, has_address));
            }
            Row::Line(line) => self.lines.push(line.into()),
        }
        Ok(())
    }

    fn add_task(&mut self, commit: &Commit, subject: Subject, next: Option<&Next>) {
        let leased_until = match commit.leases.contains(&subject) {
            true => commit.leased_until,
            false => Timestamp::default(),
        };
        let task = next.map(|next| tasks::Model::of(&commit.order, &subject, next, leased_until));
        self.tasks.insert(subject.key().to_owned(), task);
    }
}

/// The order among the rows of a commit; without it nothing guards the others.
fn order_of(commit: &Commit) -> Result<&Order, StoreError> {
    let last = commit.rows.iter().rev().find_map(|row| match row {
        Row::Order(order) => Some(order.as_ref()),
        _ => None,
    });
    match last {
        Some(order)
            if order.id == commit.order
                && commit.revision.checked_add(1) == Some(order.revision) =>
        {
            Ok(order)
        }
        _ => Err(StoreError::Corrupt(format!(
            "a commit of {} at revision {} without the order of the next revision",
            commit.order, commit.revision
        ))),
    }
}

impl Change {
    /// All columns, to be set.
    pub(super) fn content(&self) -> orders::ActiveModel {
        orders::ActiveModel::from(self.order.clone()).reset_all()
    }
}
