//! The Desk in memory.

use super::MemoryStore;
use super::rows::Rows;
use crate::desk::{Added, AlertNext, ClaimedAlert, Desk, Place, Search, Standing};
use crate::exception::{Entry, EntryKind, Exception, ExceptionKind};
use crate::id::ExceptionId;
use crate::store::StoreError;
use crate::time::Timestamp;
use async_trait::async_trait;
use std::cmp::Reverse;
use std::collections::BTreeMap;

#[async_trait]
impl Desk for MemoryStore {
    async fn exceptions(
        &self,
        search: &Search,
        after: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        let rows = self.lock();
        let mut found: Vec<&Exception> = rows
            .all_exceptions()
            .filter(|exception| rows.matches(search, exception))
            .filter(|exception| {
                after.is_none_or(|place| {
                    (exception.opened_at, &exception.id) < (place.opened_at, &place.id)
                })
            })
            .collect();
        found.sort_by_key(|exception| Reverse((exception.opened_at, &exception.id)));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found
            .into_iter()
            .map(|found| rows.standing(found))
            .collect())
    }

    async fn exception(
        &self,
        id: &ExceptionId,
    ) -> Result<Option<(Standing, Vec<Entry>)>, StoreError> {
        let rows = self.lock();
        let found = rows.all_exceptions().find(|exception| exception.id == *id);
        let entries = rows.entries.iter().filter(|entry| entry.exception == *id);
        Ok(found.map(|found| (rows.standing(found), entries.cloned().collect())))
    }

    async fn add_entry(&self, entry: Entry) -> Result<Added, StoreError> {
        let mut rows = self.lock();
        let is_known = rows
            .all_exceptions()
            .any(|known| known.id == entry.exception);
        if !is_known {
            return Ok(Added::NoSuchException);
        }
        if entry.kind == EntryKind::Resolved && rows.resolution(&entry.exception).is_some() {
            return Ok(Added::ResolvedBefore);
        }
        rows.add_entry(entry);
        Ok(Added::Written)
    }

    async fn count_open(&self) -> Result<Vec<(ExceptionKind, u64)>, StoreError> {
        let rows = self.lock();
        let mut counts: BTreeMap<ExceptionKind, u64> = BTreeMap::new();
        for exception in rows.all_exceptions() {
            if rows.resolution(&exception.id).is_none() {
                let count = counts.entry(exception.kind).or_default();
                *count = count.saturating_add(1);
            }
        }
        Ok(counts.into_iter().collect())
    }

    async fn claim_alerts(
        &self,
        target: &str,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedAlert>, StoreError> {
        let mut rows = self.lock();
        let mut due: Vec<(Timestamp, ExceptionId)> = rows
            .alerts
            .iter()
            .filter(|((whose, _), _)| whose == target)
            .filter(|(_, a)| a.status == "pending" && a.due <= now && a.leased_until <= now)
            .map(|((_, id), alert)| (alert.due, id.clone()))
            .collect();
        due.sort();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut claimed = Vec::new();
        for (_, id) in due {
            let found = rows.all_exceptions().find(|exception| exception.id == id);
            let Some(standing) = found.map(|found| rows.standing(found)) else {
                continue;
            };
            if let Some(alert) = rows.alerts.get_mut(&(target.to_owned(), id)) {
                alert.leased_until = leased_until;
                claimed.push(ClaimedAlert {
                    standing,
                    attempt: alert.attempt,
                });
            }
        }
        Ok(claimed)
    }

    async fn record_alerts(
        &self,
        target: &str,
        exceptions: &[ExceptionId],
        then: AlertNext,
    ) -> Result<(), StoreError> {
        let mut rows = self.lock();
        for id in exceptions {
            let Some(alert) = rows.alerts.get_mut(&(target.to_owned(), id.clone())) else {
                continue;
            };
            alert.attempt = alert.attempt.saturating_add(1);
            alert.leased_until = Timestamp::from_millis(0);
            match then {
                AlertNext::Sent => alert.status = "sent",
                AlertNext::GivenUp if alert.status != "sent" => alert.status = "given_up",
                AlertNext::GivenUp => {}
                AlertNext::Retry(at) => alert.due = at,
            }
        }
        Ok(())
    }
}

impl Rows {
    fn matches(&self, search: &Search, exception: &Exception) -> bool {
        let order = exception.order.as_ref();
        let is_open = self.resolution(&exception.id).is_none();
        let owned = search.owner.as_ref().is_none_or(|owner| match order {
            Some(order) => self
                .orders
                .get(order)
                .is_some_and(|state| state.order.merchant == owner.merchant),
            None => exception
                .account
                .as_ref()
                .is_some_and(|account| owner.accounts.contains(account)),
        });
        owned
            && search.open.is_none_or(|open| open == is_open)
            && search.kind.is_none_or(|kind| kind == exception.kind)
            && (search.order.is_none() || search.order.as_ref() == order)
            && (search.account.is_none() || search.account == exception.account)
    }

    fn standing(&self, exception: &Exception) -> Standing {
        let state = exception.order.as_ref().and_then(|id| self.orders.get(id));
        // As elsewhere outside of an order, what is next about a refund is left out.
        let refunds = state.map(|state| state.refunds.clone()).unwrap_or_default();
        let refunds: Vec<_> = refunds
            .into_iter()
            .map(|refund| crate::refund::Refund {
                next: None,
                ..refund
            })
            .collect();
        Standing::of(
            exception.clone(),
            state.map(|state| state.order.merchant.clone()),
            &refunds,
            self.resolution(&exception.id).cloned(),
        )
    }
}
