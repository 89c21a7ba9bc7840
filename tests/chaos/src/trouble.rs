//! What goes wrong, and when: processes killed at any moment and at named points,
//! stopped for a while, cut off from their database; the database restarted, stalled,
//! taking no writes; the merchant's server down. All processes are kept alive
//! meanwhile, as a supervisor does.

use crate::counts::Counts;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::node::{Ended, Node};
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::receiver::Receiver;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long before the faults' end the last process is killed. What a process has in
/// hand of deliveries is leased for two minutes.
const LAST_KILL: Duration = Duration::from_secs(15);
/// How long a process may take to its crash point before it is killed like another.
const TIME_TO_POINT: Duration = Duration::from_secs(12);
/// The pause before a process that ended by itself is started again.
const BREATH: Duration = Duration::from_millis(300);

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// `kill -9`.
    Kill,
    /// The connections of one process to its database are cut.
    Cut,
    /// The merchant's server answers 503.
    MerchantDown,
    /// The database takes no write: read-only, or the disk is full.
    NoWrites,
    /// The database is restarted without waiting for anybody.
    Restart,
    /// A process is stopped and goes on later.
    Stop,
    /// Nothing goes through between one process and its database.
    Stall,
}

/// What goes wrong when for the first time, in hundredths of the first two minutes,
/// and how many seconds lie between two times.
const SCHEDULE: [(Fault, u32, u64); 7] = [
    (Fault::Kill, 4, 5),
    (Fault::Cut, 8, 13),
    (Fault::MerchantDown, 14, 41),
    (Fault::NoWrites, 22, 47),
    (Fault::Restart, 32, 61),
    (Fault::Stop, 42, 67),
    (Fault::Stall, 52, 73),
];

/// What ends by itself after a while.
enum Mend {
    Merchant,
    Writes,
    Continue(usize),
    Line(usize),
}

/// Everything that can be broken, and what breaks it.
pub struct Trouble {
    /// The processes.
    pub nodes: Vec<Node>,
    /// Their lines to the database, in the same order; none for a file.
    pub proxies: Vec<Proxy>,
    /// The server, if there is one.
    pub postgres: Option<Postgres>,
    /// The disk of the file, if it is one of its own.
    pub disk: Option<Disk>,
    /// The merchant's server.
    pub receiver: Arc<Receiver>,
    /// What is counted.
    pub counts: Arc<Counts>,
    /// Every crash point.
    pub points: Vec<String>,
    /// What all this is drawn from.
    pub dice: Dice,
    /// Whether things go wrong at present.
    is_on: bool,
    restarts: Vec<(usize, Instant)>,
    mends: Vec<(Mend, Instant)>,
}

impl Trouble {
    /// Nothing is broken yet.
    pub fn new(
        nodes: Vec<Node>,
        proxies: Vec<Proxy>,
        receiver: Arc<Receiver>,
        counts: Arc<Counts>,
        seed: u64,
    ) -> Trouble {
        Trouble {
            nodes,
            proxies,
            postgres: None,
            disk: None,
            receiver,
            counts,
            points: Vec::new(),
            dice: Dice::of(seed, u64::MAX),
            is_on: false,
            restarts: Vec::new(),
            mends: Vec::new(),
        }
    }

    /// Breaks things until `end`, then mends all of them.
    pub async fn run(&mut self, span: Duration, end: Instant) {
        let begun = end - span;
        let first_times = span.min(Duration::from_secs(120)) / 100;
        let mut due: Vec<(Fault, Instant, Duration)> = SCHEDULE
            .iter()
            .map(|(fault, first, every)| {
                let every = Duration::from_secs(*every);
                (*fault, begun + first_times * *first, every)
            })
            .collect();
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        self.is_on = true;
        while Instant::now() < end {
            tick.tick().await;
            self.supervise();
            self.mend_due().await;
            for (fault, at, every) in &mut due {
                if *at <= Instant::now() {
                    *at += *every;
                    self.strike(*fault, end).await;
                }
            }
        }
        self.is_on = false;
        self.mend_all().await;
    }

    /// Keeps all processes alive; returns those that ended since the last look and
    /// should not have.
    pub fn supervise(&mut self) -> Vec<String> {
        let mut unexpected = Vec::new();
        let now = Instant::now();
        for (place, node) in self.nodes.iter_mut().enumerate() {
            match node.ended() {
                None => continue,
                Some(Ended::AtPoint(point)) => {
                    self.counts.add(&format!("point {point}"));
                    self.counts.add("crashes at points");
                    self.restarts.push((place, now));
                }
                Some(Ended::Otherwise(status)) => {
                    unexpected.push(format!("{} ended: {status}", node.name));
                    self.counts.add("ends for lack of a database");
                    self.restarts.push((place, now + BREATH));
                }
            }
        }
        let (due, later) = std::mem::take(&mut self.restarts)
            .into_iter()
            .partition(|(_, at)| *at <= now);
        self.restarts = later;
        for (place, _) in due {
            self.start(place);
        }
        unexpected
    }

    async fn strike(&mut self, fault: Fault, end: Instant) {
        let now = Instant::now();
        let mut place = self.place();
        if fault == Fault::Kill {
            place = self.killable(place);
        }
        match fault {
            Fault::Kill if now + LAST_KILL > end => {}
            Fault::Kill => self.kill(place),
            Fault::Cut => {
                if let Some(proxy) = self.proxies.get(place) {
                    proxy.cut();
                    self.counts.add("fault connections cut");
                }
            }
            Fault::MerchantDown => {
                self.receiver.set_down(true);
                let until = now + self.dice.millis(6_000, 12_000);
                self.mends.push((Mend::Merchant, until));
                self.counts.add("fault merchant down");
            }
            Fault::NoWrites => self.refuse_writes(now).await,
            Fault::Restart => {
                if let Some(postgres) = &self.postgres {
                    postgres.restart().await;
                    self.counts.add("fault database restarted");
                }
            }
            Fault::Stop => {
                self.nodes[place].signal("STOP");
                let until = now + self.dice.millis(10_000, 30_000);
                self.mends.push((Mend::Continue(place), until));
                self.counts.add("fault process stopped");
            }
            Fault::Stall => {
                if let Some(proxy) = self.proxies.get(place) {
                    proxy.stall();
                    let until = now + Duration::from_secs(30);
                    self.mends.push((Mend::Line(place), until));
                    self.counts.add("fault connections stalled");
                }
            }
        }
    }

    /// That process, or the next one that is not on its way to a crash point.
    fn killable(&self, place: usize) -> usize {
        let count = self.nodes.len();
        let on_its_way = |place: &usize| {
            let armed = self.nodes[*place].armed();
            armed.is_some_and(|(point, waited)| {
                !point.starts_with("shutdown.") && waited < TIME_TO_POINT
            })
        };
        let all = (0..count).map(|step| (place + step) % count);
        all.into_iter()
            .find(|place| !on_its_way(place))
            .unwrap_or(place)
    }

    fn place(&mut self) -> usize {
        usize::try_from(self.dice.below(self.nodes.len() as u64)).unwrap()
    }

    /// Kills a process and starts it again at once, unless it is on its way to its
    /// crash point.
    fn kill(&mut self, place: usize) {
        match self.nodes[place].armed() {
            Some((point, _)) if point.starts_with("shutdown.") => {
                // It ends at its point, which the next look finds.
                self.nodes[place].signal("CONT");
                self.nodes[place].signal("TERM");
            }
            Some((_, waited)) if waited < TIME_TO_POINT => {}
            _ => {
                self.nodes[place].kill();
                self.counts.add("kills");
                self.restarts.retain(|(other, _)| *other != place);
                self.start(place);
            }
        }
    }

    /// Starts a process; every third time to end by itself, at a crash point.
    fn start(&mut self, place: usize) {
        let is_armed = self.is_on && self.dice.percent(34);
        let point = is_armed.then(|| self.point(place)).flatten();
        self.nodes[place].start(point);
    }

    /// A crash point that this process can reach; one that was never hit, if any.
    fn point(&mut self, place: usize) -> Option<String> {
        let name = self.nodes[place].name;
        let fit: Vec<&String> = self.points.iter().filter(|p| suits(name, p)).collect();
        let hit = self.counts.under("point ");
        let fresh: Vec<&String> = fit
            .iter()
            .copied()
            .filter(|p| !hit.contains_key(*p))
            .collect();
        let among = if fresh.is_empty() { fit } else { fresh };
        if among.is_empty() {
            return None;
        }
        let point = (*self.dice.one_of(&among)).clone();
        let once = point.starts_with("migration.") || point.starts_with("shutdown.");
        let nth = if once { 1 } else { 1 + self.dice.below(2) };
        Some(format!("{point}:{nth}"))
    }

    async fn refuse_writes(&mut self, now: Instant) {
        let refused = match (&self.postgres, &self.disk) {
            (Some(postgres), _) => {
                postgres.refuse_writes(true).await;
                true
            }
            (None, Some(disk)) => disk.fill(),
            (None, None) => false,
        };
        if refused {
            let until = now + self.dice.millis(4_000, 8_000);
            self.mends.push((Mend::Writes, until));
            self.counts.add("fault writes refused");
        }
    }

    async fn mend_due(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.mends)
            .into_iter()
            .partition(|(_, at)| *at <= now);
        self.mends = later;
        let due: Vec<(Mend, Instant)> = due;
        for (mend, _) in due {
            self.mend(mend).await;
        }
    }

    async fn mend(&mut self, mend: Mend) {
        match mend {
            Mend::Merchant => self.receiver.set_down(false),
            Mend::Writes => self.take_writes().await,
            Mend::Continue(place) => self.nodes[place].signal("CONT"),
            Mend::Line(place) => self.proxies[place].mend(),
        }
    }

    async fn take_writes(&self) {
        if let Some(postgres) = &self.postgres {
            postgres.refuse_writes(false).await;
        }
        if let Some(disk) = &self.disk {
            assert!(disk.empty(), "the disk did not become larger again");
        }
    }

    async fn mend_all(&mut self) {
        for (mend, _) in std::mem::take(&mut self.mends) {
            self.mend(mend).await;
        }
        for place in 0..self.nodes.len() {
            let node = &mut self.nodes[place];
            // A crash point that was never reached would be a fault after the faults' end.
            if node.armed().is_some() || node.is_wrong() {
                node.kill();
                node.become_right();
                node.start(None);
            }
        }
    }
}

/// Whether a process of that name can reach a point.
fn suits(node: &str, point: &str) -> bool {
    let needs_requests = ["notice.", "key."].iter().any(|p| point.starts_with(p))
        || [".order", ".notice", "commit.refund", "commit.pay"]
            .iter()
            .any(|p| point.ends_with(p));
    let needs_work = ["tasks.", "deliveries.", "delivery."]
        .iter()
        .any(|p| point.starts_with(p));
    match node {
        "worker" => !needs_requests,
        "gateway-1" => !needs_work,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_is_armed_for_what_it_can_reach() {
        assert!(suits("gateway-1", "notice.replied"));
        assert!(!suits("gateway-1", "tasks.claimed"));
        assert!(suits("worker", "before_send.pay"));
        assert!(!suits("worker", "after_commit.order"));
        assert!(suits("gateway-2", "delivery.recorded"));
    }
}
