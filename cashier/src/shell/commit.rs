//! Load, decide, commit; and again from fresh state when somebody was faster.

use super::Cashier;
use crate::decide::{Context, Decision, Input, Reply, decide};
use crate::id::OrderId;
use crate::state::OrderState;
use crate::store::{Commit, NoticeRecord, StoreError};
use crate::time::Span;

/// How many times a decision is made again after conflicts. Each conflict means
/// that somebody else went ahead, so this many is reached by no real order.
const MOST_CONFLICTS: u32 = 100;

/// A committed decision, and the order as it is after it.
pub(super) struct Committed {
    pub(super) decision: Decision,
    pub(super) state: OrderState,
}

impl Committed {
    /// Nothing was to be written.
    fn nothing(state: OrderState) -> Committed {
        let decision = Decision {
            rows: Vec::new(),
            run: Vec::new(),
            reply: Reply::Noted,
        };
        Committed { decision, state }
    }
}

impl Cashier {
    /// Decides about one input and commits it. `None`: there is no such order. A
    /// notice that somebody else has just recorded is left alone.
    pub(super) async fn drive(
        &self,
        order: &OrderId,
        input: &Input,
        notice: Option<&NoticeRecord>,
    ) -> Result<Option<Committed>, StoreError> {
        let mut conflicts = 0;
        loop {
            let Some(state) = self.store.load(order).await? else {
                return Ok(None);
            };
            let decision = self.decide(&state, input);
            match self.commit(state, decision, notice).await {
                Err(StoreError::Conflict(why)) if conflicts >= MOST_CONFLICTS => {
                    return Err(StoreError::Unavailable(why));
                }
                Err(StoreError::Conflict(_)) => {
                    if let Some(known) = notice
                        && self.store.knows_notice(&known.account, &known.key).await?
                    {
                        return Ok(self.store.load(order).await?.map(Committed::nothing));
                    }
                    conflicts += 1;
                    self.clock.sleep(Span::millis(conflicts.min(20))).await;
                }
                other => return other.map(Some),
            }
        }
    }

    pub(super) fn decide(&self, state: &OrderState, input: &Input) -> Decision {
        decide(
            state,
            input,
            &Context {
                now: self.clock.now(),
                timing: &self.timing,
            },
        )
    }

    /// Writes one decision. What changes nothing is not written.
    pub(super) async fn commit(
        &self,
        mut state: OrderState,
        decision: Decision,
        notice: Option<&NoticeRecord>,
    ) -> Result<Committed, StoreError> {
        if decision.rows.is_empty() {
            return Ok(Committed { decision, state });
        }
        let commit = Commit {
            order: state.order.id.clone(),
            revision: state.order.revision,
            rows: decision.rows.clone(),
            leases: decision.run.clone(),
            leased_until: self.clock.now().plus(self.timing.lease),
            notice: notice.cloned(),
        };
        let answer = self.store.commit(vec![commit]).await.pop();
        answer.unwrap_or_else(|| Err(StoreError::Unavailable("no answer".to_owned())))?;
        for row in &decision.rows {
            state.apply(row);
        }
        Ok(Committed { decision, state })
    }
}
