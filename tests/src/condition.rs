//! Waiting for a condition: the only pause in a test.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until `look` gives `Ok`, and returns it.
///
/// # Panics
/// After half a minute, saying what was waited for and what was seen last.
pub async fn until<T, W, L>(what: &str, mut look: impl FnMut() -> L) -> T
where
    W: Debug,
    L: Future<Output = Result<T, W>>,
{
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) if tokio::time::Instant::now() > end => {
                panic!("waited in vain until {what}; last seen: {seen:#?}");
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
