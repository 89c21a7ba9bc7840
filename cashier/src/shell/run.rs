//! Running effects: calls to channels, each under the number that it always had.

use super::commit::Committed;
use super::{Cashier, Channels};
use crate::channel::{Cause, CauseKind, Channel, Outcome};
use crate::decide::{Answer, Input};
use crate::flow::Flow;
use crate::id::AccountId;
use crate::state::OrderState;
use crate::store::StoreError;
use crate::task::{Call, Claimed, Subject};
use std::sync::Arc;

/// How many follow-ups of one effect are run at once; the rest is left to the
/// workers. A close that leads to a query that leads to a close is three.
const MOST_FOLLOW_UPS: usize = 4;

impl Cashier {
    /// Takes due tasks under a lease and runs them. Returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`] when the tasks could not be taken. What becomes of a task
    /// that was taken is not an error: its lease lapses, and it is taken again.
    pub async fn run_due_tasks(&self, limit: u32) -> Result<usize, StoreError> {
        let claimed = self.claim_due_tasks(limit).await?;
        let count = claimed.len();
        for task in claimed {
            self.run_task(task).await?;
        }
        Ok(count)
    }

    /// Takes due tasks under a lease, for a caller that runs several at a time.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn claim_due_tasks(&self, limit: u32) -> Result<Vec<Claimed>, StoreError> {
        let now = self.clock.now();
        self.store
            .claim_tasks(now, now.plus(self.timing.lease), limit)
            .await
    }

    /// Runs one task that was taken.
    ///
    /// # Errors
    /// [`StoreError`] when its outcome could not be committed; its lease lapses.
    pub async fn run_task(&self, task: Claimed) -> Result<(), StoreError> {
        if let Subject::Order(id) = &task.subject {
            self.drive(id, &Input::Due, None).await?;
            return Ok(());
        }
        let Some(state) = self.store.load(&task.order).await? else {
            return Ok(());
        };
        self.run(state, vec![task.subject]).await
    }

    /// Runs effects of a committed decision, and what follows from their outcomes.
    pub(super) async fn run(
        &self,
        mut state: OrderState,
        mut subjects: Vec<Subject>,
    ) -> Result<(), StoreError> {
        let mut left = MOST_FOLLOW_UPS.saturating_add(subjects.len());
        while let Some(subject) = subjects.pop() {
            let asked = self.clock.now();
            let Some(answer) = self.call(&state, &subject).await else {
                continue;
            };
            let input = Input::Answered(subject, answer, asked);
            let id = state.order.id.clone();
            let Some(Committed {
                decision,
                state: after,
            }) = self.drive(&id, &input, None).await?
            else {
                return Ok(());
            };
            left = left.saturating_sub(1);
            if left > 0 {
                subjects.extend(decision.run);
            }
            state = after;
        }
        Ok(())
    }

    /// What is to be called about a flow now. A payment code is sent once, by whoever
    /// made the flow; whoever finds it later asks.
    fn call_now(&self, flow: &Flow) -> Option<Call> {
        let call = flow.next?.call;
        let is_first = self.clock.now() < flow.created_at.plus(self.timing.lease);
        match call == Call::Pay && flow.way().is_barcode() && !is_first {
            true => Some(Call::Query),
            false => Some(call),
        }
    }

    /// Makes the call that is to be made next about a subject. `None`: nothing
    /// is to be done any more.
    async fn call(&self, state: &OrderState, subject: &Subject) -> Option<Answer> {
        match subject {
            Subject::Flow(no) => {
                let flow = state.flow(no)?;
                let channel = adapter(&*self.channels, &flow.account);
                Some(match self.call_now(flow)? {
                    Call::Pay => Answer::Pay(match channel {
                        Ok(channel) => channel.pay(&flow.request).await,
                        Err(cause) => Outcome::NotSent(cause),
                    }),
                    Call::Close => Answer::Close(match channel {
                        Ok(channel) => channel.close(no).await,
                        Err(cause) => Outcome::NotSent(cause),
                    }),
                    Call::Reverse => Answer::Reverse(match channel {
                        Ok(channel) => channel.reverse(no).await,
                        Err(cause) => Outcome::NotSent(cause),
                    }),
                    _ => Answer::Query(match channel {
                        Ok(channel) => channel.query(no).await,
                        Err(cause) => Outcome::NotSent(cause),
                    }),
                })
            }
            Subject::Refund(no) => {
                let refund = state.refund(no)?;
                let channel = adapter(&*self.channels, &refund.account);
                Some(match (refund.next?.call, channel) {
                    (Call::Refund, Ok(channel)) => {
                        Answer::Refund(channel.refund(&refund.request).await)
                    }
                    (Call::Refund, Err(cause)) => Answer::Refund(Outcome::NotSent(cause)),
                    (_, Ok(channel)) => {
                        Answer::QueryRefund(channel.query_refund(&refund.request).await)
                    }
                    (_, Err(cause)) => Answer::QueryRefund(Outcome::NotSent(cause)),
                })
            }
            Subject::Order(_) => None,
        }
    }
}

fn adapter(channels: &dyn Channels, account: &AccountId) -> Result<Arc<dyn Channel>, Cause> {
    channels.channel(account).ok_or_else(|| Cause {
        kind: CauseKind::Unreachable,
        detail: format!("the channel account {account} is not configured"),
    })
}
