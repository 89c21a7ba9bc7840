//! Due tasks: the durable side of what the core wants done at the channels.

use super::Stop;
use super::health::Health;
use crate::config::Workers;
use crate::telemetry::metrics::{TASKS, TASKS_RUNNING};
use cashier::shell::Cashier;
use cashier::task::Claimed;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Runs tasks side by side. A slow channel holds its own tasks up and no others,
/// as long as not every place is taken.
pub(super) async fn run(cashier: Arc<Cashier>, settings: Workers, mut stop: Stop) {
    let mut health = Health::new("tasks");
    let mut running = JoinSet::new();
    while !stop.is_asked() {
        let free = places(settings.batch.get(), &mut running);
        let mut pause = settings.poll();
        if free > 0 {
            match cashier.claim_due_tasks(free).await {
                Ok(claimed) => {
                    health.well();
                    let is_full = u32::try_from(claimed.len()).is_ok_and(|count| count == free);
                    for task in claimed {
                        running.spawn(run_one(cashier.clone(), task));
                    }
                    if is_full {
                        continue;
                    }
                }
                Err(error) => pause = health.ill(&error),
            }
        }
        metrics::gauge!(TASKS_RUNNING).set(count(&running));
        tokio::select! {
            going_on = stop.pause(pause) => if !going_on { break },
            // Every place is taken: a free one is the next thing to wait for.
            Some(_) = running.join_next(), if free == 0 => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// How many more may run. Tasks that have ended are let go.
fn places(batch: u32, running: &mut JoinSet<()>) -> u32 {
    while running.try_join_next().is_some() {}
    batch.saturating_sub(count(running))
}

fn count(running: &JoinSet<()>) -> u32 {
    u32::try_from(running.len()).unwrap_or(u32::MAX)
}

async fn run_one(cashier: Arc<Cashier>, task: Claimed) {
    let (order, call) = (task.order.clone(), task.call.name());
    let outcome = match cashier.run_task(task).await {
        Ok(()) => "done",
        Err(error) => {
            tracing::warn!(
                order.id = %order, task.call = call, %error,
                "a task's outcome could not be committed; it will be taken again"
            );
            "failed"
        }
    };
    metrics::counter!(TASKS, "call" => call, "outcome" => outcome).increment(1);
}
