//! How many pages are listening, and the end of all of them.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The most pages that listen at once. The others ask from time to time.
const MOST: usize = 4096;

/// The pages that are listening; one for the whole process.
pub struct Streams {
    places: Arc<Semaphore>,
    running: watch::Sender<bool>,
}

/// A page that is listening.
pub(super) struct Listening {
    _place: OwnedSemaphorePermit,
    running: watch::Receiver<bool>,
}

impl Streams {
    /// Nobody listens yet.
    pub fn new() -> Streams {
        Streams {
            places: Arc::new(Semaphore::new(MOST)),
            running: watch::Sender::new(true),
        }
    }

    /// Ends every stream, so that a server that stops need not wait for them.
    /// Pages that are open ask from time to time then.
    pub fn end(&self) {
        self.running.send_replace(false);
    }

    /// Lets one more page listen, unless too many do.
    pub(super) fn enter(&self) -> Option<Listening> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some(Listening {
            _place: place,
            running: self.running.subscribe(),
        })
    }
}

impl Default for Streams {
    fn default() -> Streams {
        Streams::new()
    }
}

impl Listening {
    /// Returns when the streams are to end.
    pub(super) async fn ended(&mut self) {
        // An error only says that the process has let go of everything.
        let _ = self.running.wait_for(|running| !running).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn streams_are_limited_and_end_together() {
        let streams = Streams::new();
        let mut open: Vec<Listening> = std::iter::from_fn(|| streams.enter()).collect();
        assert_eq!(open.len(), MOST);
        drop(open.pop());
        let mut last = streams.enter().unwrap();
        assert!(streams.enter().is_none());
        streams.end();
        last.ended().await;
    }
}
