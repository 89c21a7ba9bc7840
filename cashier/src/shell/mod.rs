//! The shell: the only impure part, and small. Load, decide, one transaction,
//! commit; then reply and run the effects, whose outcomes come back as inputs.
//! No channel is called inside a transaction, and nobody is told anything before
//! the commit.

mod bill;
mod commit;
mod notice;
mod run;
mod wishes;

use crate::channel::Channel;
use crate::command::Refusal;
use crate::id::{AccountId, AppId, CheckoutToken, OrderId, RefundNo};
use crate::state::OrderState;
use crate::store::{Store, StoreError};
use crate::time::{Clock, Entropy};
use crate::timing::Timing;
use std::sync::Arc;

pub use notice::TakenNotice;

/// Who speaks with which channel account.
pub trait Channels: Send + Sync {
    /// The adapter of that account; `None` if it is not configured.
    fn channel(&self, account: &AccountId) -> Option<Arc<dyn Channel>>;
}

/// The cashier: everything that can be done with an order.
pub struct Cashier {
    store: Arc<dyn Store>,
    channels: Arc<dyn Channels>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    timing: Timing,
}

impl Cashier {
    /// A cashier over these ports.
    pub fn new(
        store: Arc<dyn Store>,
        channels: Arc<dyn Channels>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        timing: Timing,
    ) -> Cashier {
        Cashier {
            store,
            channels,
            clock,
            entropy,
            timing,
        }
    }

    /// The application's order.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] also for another application's order.
    pub async fn order(&self, app: &AppId, id: &OrderId) -> Result<OrderState, Refusal> {
        self.load(id).await.and_then(|state| belongs_to(app, state))
    }

    /// The application's order of that merchant's number.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::StoreUnavailable`].
    pub async fn order_by_merchant_no(&self, app: &AppId, no: &str) -> Result<OrderState, Refusal> {
        let id = self
            .store
            .find_by_merchant_no(app, no)
            .await
            .map_err(unavailable)?;
        self.order(app, &id.ok_or(Refusal::NotFound)?).await
    }

    /// The order of a checkout page.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::StoreUnavailable`].
    pub async fn order_by_token(&self, token: &CheckoutToken) -> Result<OrderState, Refusal> {
        let id = self.store.find_by_token(token).await.map_err(unavailable)?;
        self.load(&id.ok_or(Refusal::NotFound)?).await
    }

    /// The application's order to which that refund belongs.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::StoreUnavailable`].
    pub async fn refund_by_no(&self, app: &AppId, no: &RefundNo) -> Result<OrderState, Refusal> {
        let id = self.store.find_by_refund(no).await.map_err(unavailable)?;
        self.order(app, &id.ok_or(Refusal::NotFound)?).await
    }

    async fn load(&self, id: &OrderId) -> Result<OrderState, Refusal> {
        self.store
            .load(id)
            .await
            .map_err(unavailable)?
            .ok_or(Refusal::NotFound)
    }
}

fn belongs_to(app: &AppId, state: OrderState) -> Result<OrderState, Refusal> {
    if state.order.app == *app {
        Ok(state)
    } else {
        Err(Refusal::NotFound)
    }
}

/// Whatever the database's trouble is, asking again is safe.
fn unavailable(_: StoreError) -> Refusal {
    Refusal::StoreUnavailable
}
