//! Background work: what a request began and a crash left behind, what is due by
//! the clock, what the merchants have not heard yet. Several processes may work
//! side by side: each takes its work from the database under a lease.
//!
//! Every loop survives errors, says once that something is wrong and once that it
//! is well again, and stops when asked to: what it has begun is finished or left
//! to its lease.

mod agree;
mod alerts;
pub mod audit;
pub mod bills;
mod deliveries;
mod health;
mod open;
mod prune;
mod reload;
mod tasks;

use crate::alert::Alerter;
use crate::config::Config;
use crate::shared::Shared;
use crate::webhook::Deliverer;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The loops that run.
#[derive(Debug)]
pub struct Workers {
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
}

/// Tells a loop to stop.
#[derive(Clone, Debug)]
struct Stop(watch::Receiver<bool>);

impl Workers {
    /// Starts every loop.
    pub fn start(
        shared: &Arc<Shared>,
        deliverer: Arc<Deliverer>,
        alerter: &Arc<Alerter>,
        config: &Config,
    ) -> Workers {
        let (stop, receiver) = watch::channel(false);
        let stopped = || Stop(receiver.clone());
        let mut loops = JoinSet::new();
        loops.spawn(tasks::run(
            shared.cashier.clone(),
            config.workers.clone(),
            stopped(),
        ));
        loops.spawn(deliveries::run(
            shared.clone(),
            deliverer,
            config.webhook.clone(),
            stopped(),
        ));
        for target in &config.alerts.targets {
            loops.spawn(alerts::run(alerter.clone(), target.clone(), stopped()));
        }
        loops.spawn(open::run(shared.desk.clone(), stopped()));
        loops.spawn(audit::run(shared.clone(), config.audit.clone(), stopped()));
        loops.spawn(bills::run(shared.clone(), config.bills.clone(), stopped()));
        loops.spawn(prune::run(shared.clone(), stopped()));
        loops.spawn(reload::run(shared.registry.clone(), stopped()));
        agree(shared, &mut loops, stopped());
        Workers { stop, loops }
    }

    /// Only keeps the time, and looks whether somebody has imported accounts: for a
    /// process that serves and leaves the work to others.
    pub fn start_reload(shared: &Arc<Shared>) -> Workers {
        let (stop, receiver) = watch::channel(false);
        let mut loops = JoinSet::new();
        loops.spawn(reload::run(shared.registry.clone(), Stop(receiver.clone())));
        agree(shared, &mut loops, Stop(receiver));
        Workers { stop, loops }
    }

    /// Stops: nothing new is begun, and what runs may finish within `patience`.
    pub async fn stop(mut self, patience: Duration) {
        // An error says that every loop has ended already.
        let _ = self.stop.send(true);
        let ended = async { while self.loops.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!("background work did not finish in time and is left to its leases");
            self.loops.abort_all();
        }
    }
}

/// Keeps the time, where it is not given.
fn agree(shared: &Arc<Shared>, loops: &mut JoinSet<()>, stop: Stop) {
    if let Some(clock) = shared.agreed.clone() {
        loops.spawn(agree::run(clock, shared.store.clone(), stop));
    }
}

impl Stop {
    /// Whether it is time.
    fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is time.
    async fn asked(&mut self) {
        // An error says that nobody is left who could ask.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Waits so long, or until it is time to stop. `false`: it is.
    async fn pause(&mut self, span: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(span) => !self.is_asked(),
            () = self.asked() => false,
        }
    }
}
