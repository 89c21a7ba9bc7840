//! Orders at a set rate.

use crate::story::{Cast, Story};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long before the faults' end the last order of which something must be waited
/// for is made: an order lives two minutes, and what cannot be closed is watched for
/// one minute more, so that the last of it ends eighty seconds after the faults do.
const SLOW_UNTIL: Duration = Duration::from_secs(100);
/// How long before the faults' end the last order is made.
const LAST: Duration = Duration::from_secs(10);

/// What the load is.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Orders a second.
    pub rate: u64,
    /// What all dice start from.
    pub seed: u64,
    /// Whether all stories are quick.
    pub quick: bool,
    /// When the faults end.
    pub end: Instant,
}

impl Load {
    /// Makes orders until shortly before the faults' end, and returns when all
    /// stories have been played.
    pub async fn run(self, cast: Cast) {
        let mut stories = JoinSet::new();
        let mut tick = tokio::time::interval(Duration::from_micros(1_000_000 / self.rate.max(1)));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        // Merchants that wait for an answer do not send the next order.
        let most = usize::try_from(self.rate * 20).unwrap_or(usize::MAX);
        for number in 0.. {
            tick.tick().await;
            let left = self.end.saturating_duration_since(Instant::now());
            if left < LAST {
                break;
            }
            while stories.try_join_next().is_some() {}
            if stories.len() >= most {
                cast.counts.add("orders held back");
                continue;
            }
            let quick = self.quick || left < SLOW_UNTIL;
            stories.spawn(Story::new(cast.clone(), self.seed, number, quick).play());
        }
        while stories.join_next().await.is_some() {}
    }
}
