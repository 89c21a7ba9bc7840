//! The clock that all processes agree on: the database's.
//!
//! A process judges ends, margins and leases. Were it to judge them by its own
//! clock, one that is ten minutes fast would call a flow expired that can still be
//! paid, and close its order. So each process measures how far its own clock is
//! from the database's, again and again, and everything that it decides is decided
//! by the database's time.

use crate::store::{Store, StoreError};
use crate::time::{Clock, Span, Timestamp};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A measurement that took longer says too little: it may be off by half of that.
const LONGEST_LOOK: Span = Span::seconds(2);

/// How often a process measures.
pub const AGREE_EVERY: Span = Span::seconds(5);

/// The process's own clock, set by the database's.
pub struct AgreedClock {
    own: Arc<dyn Clock>,
    /// What is to be added to the own clock, in milliseconds.
    offset: AtomicI64,
}

impl AgreedClock {
    /// The own clock as it is. It shall not jump; a monotonic one does not.
    pub fn new(own: Arc<dyn Clock>) -> AgreedClock {
        AgreedClock {
            own,
            offset: AtomicI64::new(0),
        }
    }

    /// Looks at the database's clock. Returns how far the own clock is off, in
    /// milliseconds.
    ///
    /// # Errors
    /// [`StoreError`]: the database does not answer, or not soon enough for its
    /// answer to mean anything. What was agreed on before stays.
    pub async fn agree(&self, store: &dyn Store) -> Result<i64, StoreError> {
        let before = self.own.now();
        let theirs = store.now().await?;
        let took = self.own.now().since(before);
        if took > LONGEST_LOOK {
            let slow = format!("its clock took {} ms to read", took.as_millis());
            return Err(StoreError::Unavailable(slow));
        }
        let middle = before.plus(took.divided_by(2));
        let offset = theirs.millis().saturating_sub(middle.millis());
        self.offset.store(offset, Ordering::Relaxed);
        Ok(offset)
    }
}

#[async_trait]
impl Clock for AgreedClock {
    fn now(&self) -> Timestamp {
        let offset = self.offset.load(Ordering::Relaxed);
        Timestamp::from_millis(self.own.now().millis().saturating_add(offset))
    }

    async fn sleep(&self, span: Span) {
        self.own.sleep(span).await;
    }
}
