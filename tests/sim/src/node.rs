//! A node of Till: one process with its own clock, its workers and its lives.

use crate::exec::{Exec, Group};
use crate::line::Channeled;
use crate::sight::{CrashPoint, Met};
use crate::store::Connection;
use crate::world::World;
use async_trait::async_trait;
use cashier::agreed_clock::{AGREE_EVERY, AgreedClock};
use cashier::channel::Channel;
use cashier::delivery::after_try;
use cashier::id::AccountId;
use cashier::shell::{Cashier, Channels};
use cashier::store::{ClaimedDelivery, Store};
use cashier::time::{Clock, Entropy, Span, Timestamp};
use cashier::timing::Timing;
use cashier::way::ChannelKind;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// The pause between two looks for work.
const POLL: Span = Span::millis(500);
/// How long a delivery is leased.
const DELIVERY_LEASE: Span = Span::minutes(2);
/// How many tasks or deliveries are taken at once.
const BATCH: u32 = 16;

/// One life of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Which node.
    pub node: usize,
    /// Which life of it.
    pub life: u32,
}

impl Life {
    /// Its tasks.
    pub fn group(self) -> Group {
        Group::Node {
            node: self.node,
            life: self.life,
        }
    }
}

/// A node's own clock: never quite right.
pub struct NodeClock {
    exec: Exec,
    /// How far it is off, in milliseconds.
    skew: i64,
}

#[async_trait]
impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.exec.now().millis() + self.skew)
    }

    async fn sleep(&self, span: Span) {
        self.exec.sleep(span).await;
    }
}

/// The world's randomness.
pub struct Dice(pub Exec);

impl Entropy for Dice {
    fn bytes(&self) -> [u8; 16] {
        self.0.bytes()
    }
}

struct Lines {
    alipay: Arc<Channeled>,
    wechat: Arc<Channeled>,
}

impl Channels for Lines {
    fn channel(&self, account: &AccountId) -> Option<Arc<dyn Channel>> {
        match account.as_str() {
            "alipay" => Some(self.alipay.clone()),
            "wechat" => Some(self.wechat.clone()),
            _ => None,
        }
    }
}

/// A node that runs.
#[derive(Clone)]
pub struct Running {
    /// Which life.
    pub life: Life,
    /// Its cashier.
    pub cashier: Arc<Cashier>,
    /// Its connection.
    pub store: Arc<Connection>,
    /// Its clock.
    pub clock: Arc<AgreedClock>,
    /// Whether it has seen the database's clock, and takes requests.
    pub serves: Arc<AtomicBool>,
}

/// Starts a node: its cashier, and its workers.
pub fn start(world: &Arc<World>, life: Life, skew: i64) -> Running {
    let store = Arc::new(Connection {
        world: world.clone(),
        life,
    });
    let line = |kind| {
        Arc::new(Channeled {
            world: world.clone(),
            life,
            kind,
        })
    };
    let lines = Lines {
        alipay: line(ChannelKind::Alipay),
        wechat: line(ChannelKind::Wechat),
    };
    let clock: Arc<dyn Clock> = Arc::new(NodeClock {
        exec: world.exec.clone(),
        skew,
    });
    let clock = Arc::new(AgreedClock::new(clock));
    let cashier = Arc::new(Cashier::new(
        store.clone(),
        Arc::new(lines),
        clock.clone(),
        Arc::new(Dice(world.exec.clone())),
        Timing::default(),
    ));
    let running = Running {
        life,
        cashier,
        store,
        clock,
        serves: Arc::new(AtomicBool::new(false)),
    };
    world
        .exec
        .spawn(life.group(), agree(world.clone(), running.clone()));
    let tasks = world
        .exec
        .spawn(life.group(), work(world.clone(), running.clone()));
    let telling = world
        .exec
        .spawn(life.group(), tell(world.clone(), running.clone()));
    world.workers().extend([tasks, telling]);
    running
}

/// Agrees with the database about the time: before anything else, and again and
/// again. Between two looks at nothing to do, time does not matter, so the world may
/// come to rest.
async fn agree(world: Arc<World>, node: Running) {
    loop {
        match node.clock.agree(&*node.store).await {
            Ok(_) => {
                node.serves.store(true, Ordering::Relaxed);
                Idle::new(&world, AGREE_EVERY).await;
            }
            Err(_) => world.exec.sleep(Span::millis(500)).await,
        }
    }
}

async fn until_serving(world: &World, node: &Running) {
    while !node.serves.load(Ordering::Relaxed) {
        world.exec.sleep(Span::millis(100)).await;
    }
}

/// The worker of tasks.
async fn work(world: Arc<World>, node: Running) {
    until_serving(&world, &node).await;
    loop {
        let claimed = node
            .cashier
            .claim_due_tasks(BATCH)
            .await
            .unwrap_or_default();
        for task in claimed {
            let cashier = node.cashier.clone();
            world.exec.spawn(node.life.group(), async move {
                // What could not be committed is taken again when its lease lapses.
                let _ = cashier.run_task(task).await;
            });
        }
        Idle::new(&world, POLL).await;
    }
}

/// The worker of deliveries.
async fn tell(world: Arc<World>, node: Running) {
    until_serving(&world, &node).await;
    loop {
        let now = node.clock.now();
        let until = now.plus(DELIVERY_LEASE);
        let claimed = node.store.claim_deliveries(now, until, BATCH).await;
        for delivery in claimed.unwrap_or_default() {
            let (world, node) = (world.clone(), node.clone());
            world
                .exec
                .clone()
                .spawn(node.life.group(), deliver(world, node, delivery));
        }
        Idle::new(&world, POLL).await;
    }
}

async fn deliver(world: Arc<World>, node: Running, delivery: ClaimedDelivery) {
    let outcome = world.merchant_hears(&delivery.event).await;
    die_here(&world, node.life, CrashPoint::AfterDelivery).await;
    let dice = Dice(world.exec.clone());
    let tried = after_try(&delivery, outcome, node.clock.now(), &dice);
    // Not recorded: the event is delivered again, under the same id.
    let _ = node.store.record_delivery(tried).await;
}

/// Waits for the next look: a poll later at the earliest, and not before something
/// is due. A commit wakes whoever waits, because it may bring work.
struct Idle {
    world: Arc<World>,
    earliest: Timestamp,
    entered: Option<Timestamp>,
}

impl Idle {
    fn new(world: &Arc<World>, poll: Span) -> Idle {
        Idle {
            world: world.clone(),
            earliest: world.exec.now().plus(poll),
            entered: None,
        }
    }
}

impl Future for Idle {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.world.memory.next_due() else {
            return Poll::Pending;
        };
        let until = due.max(self.earliest);
        if self.world.exec.now() >= until {
            return Poll::Ready(());
        }
        if self.entered != Some(until) {
            self.entered = Some(until);
            return Pin::new(&mut self.world.exec.sleep_until(until)).poll(context);
        }
        Poll::Pending
    }
}

/// The node may die here, and everything that it was about to do with it.
pub async fn die_here(world: &Arc<World>, life: Life, point: CrashPoint) {
    let plan = world.plan();
    let drowsy = match point {
        CrashPoint::AfterCall => plan.drowsy,
        _ => 0,
    };
    if world.exec.chance(plan.pause + drowsy) {
        let stall = world.exec.span(Span::seconds(5), Span::minutes(8));
        let now = world.exec.now();
        world.sight.trace(
            now,
            format_args!(
                "n{} stands still for {} s",
                life.node,
                stall.as_millis() / 1000
            ),
        );
        world.exec.pause(life.node, now.plus(stall));
        world.exec.sleep(Span::millis(1)).await;
    }
    if world.exec.chance(world.plan().crash) {
        let now = world.exec.now();
        world.sight.met(Met::Crash(point));
        world
            .sight
            .trace(now, format_args!("n{} dies {point:?}", life.node));
        world.crash(life);
        std::future::pending::<()>().await;
    }
}
