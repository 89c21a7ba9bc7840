//! A world: channels, a database, nodes of Till, and everybody who uses them.

use crate::bank::{Bank, account};
use crate::exec::{Exec, Group, Slot, TaskId};
use crate::node::{Life, Running, start};
use crate::plan::Plan;
use crate::post;
use crate::sight::{Met, Sight};
use cashier::audit::{self, Formula, Receipt};
use cashier::capture::{Capture, CaptureKind};
use cashier::channel::{RefundRequest, Refunded};
use cashier::delivery::NotTaken;
use cashier::event::Event;
use cashier::exception::ExceptionKind;
use cashier::flow::{Flow, FlowStatus};
use cashier::id::{EventId, FlowNo, OrderId, RefundNo};
use cashier::memory::MemoryStore;
use cashier::order::OrderStatus;
use cashier::refund::Refund;
use cashier::shell::Cashier;
use cashier::state::OrderState;
use cashier::time::{Span, Timestamp};
use cashier::way::ChannelKind;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long a client waits for an answer of Till.
const PATIENCE: Span = Span::seconds(20);

/// A world.
pub struct World {
    /// Time and turns.
    pub exec: Exec,
    /// What was seen.
    pub sight: Sight,
    /// What is written.
    pub memory: MemoryStore,
    /// What the channels believe.
    pub bank: Bank,
    plan: Mutex<Arc<Plan>>,
    sound: Arc<Plan>,
    /// Whether leases are forgotten at some time in it.
    pub leases_lie: bool,
    nodes: Mutex<Vec<Node>>,
    workers: Mutex<BTreeSet<TaskId>>,
    lines: Mutex<BTreeMap<String, u32>>,
    /// What the merchant received.
    pub received: Mutex<BTreeMap<EventId, Vec<Receipt>>>,
    /// Until when the merchant's server is down.
    pub merchant_back: Mutex<Timestamp>,
    /// Who waits for an event of an order.
    pub heard: Mutex<BTreeMap<OrderId, Vec<Event>>>,
    keys: Mutex<Keys>,
    /// How each captured flow was found: whether by the bill.
    pub found: Mutex<BTreeMap<FlowNo, Found>>,
}

/// How a capture came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Only the bill told of it.
    pub by_bill: bool,
    /// When (UTC).
    pub at: Timestamp,
}

struct Node {
    life: u32,
    skew: i64,
    running: Option<Running>,
}

/// The channels' keys: the one that they sign with, and the one that Till knows.
#[derive(Clone, Copy, Default)]
struct Keys {
    used: u32,
    known: u32,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// A world that begins at a time of day of its own.
    pub fn new(seed: u64, plan: Plan, keep: bool) -> Arc<World> {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x0dd0_11ee);
        let start = Timestamp::from_millis(1_795_600_000_000 + rng.i64(0..86_400_000));
        let sound = Arc::new(plan.sound());
        let leases_lie = plan.lease_lie > 0;
        Arc::new(World {
            exec: Exec::new(start, seed),
            sight: Sight::new(keep),
            memory: MemoryStore::new(),
            bank: Bank::default(),
            plan: Mutex::new(Arc::new(plan)),
            sound,
            leases_lie,
            nodes: Mutex::default(),
            workers: Mutex::default(),
            lines: Mutex::default(),
            received: Mutex::default(),
            merchant_back: Mutex::new(start),
            heard: Mutex::default(),
            keys: Mutex::default(),
            found: Mutex::default(),
        })
    }

    /// The faults as they are now.
    pub fn plan(&self) -> Arc<Plan> {
        locked(&self.plan).clone()
    }

    /// What the channels' clocks say.
    pub fn channel_time(&self) -> Timestamp {
        self.exec.now().minus(Span::millis(self.plan().behind))
    }

    /// From now on nothing goes wrong any more.
    pub fn calm(self: &Arc<Self>) {
        *locked(&self.plan) = self.sound.clone();
        let mut keys = locked(&self.keys);
        keys.known = keys.used;
        drop(keys);
        for node in 0..self.plan().nodes {
            self.bring_up(node);
        }
    }

    /// Lets go of nodes and tasks, which hold the world that holds them.
    pub fn end(&self) {
        locked(&self.nodes).clear();
        self.exec.end();
    }

    /// Lets the nodes begin.
    pub fn begin(self: &Arc<Self>) {
        let plan = self.plan();
        for _ in 0..plan.nodes {
            let skew = i64::from(self.exec.below(plan.skew.saturating_mul(2)));
            let skew = skew - i64::from(plan.skew);
            locked(&self.nodes).push(Node {
                life: 0,
                skew,
                running: None,
            });
        }
        (0..plan.nodes).for_each(|node| self.bring_up(node));
    }

    fn bring_up(self: &Arc<Self>, node: usize) {
        let mut nodes = locked(&self.nodes);
        let Some(found) = nodes.get_mut(node).filter(|node| node.running.is_none()) else {
            return;
        };
        found.life += 1;
        let life = Life {
            node,
            life: found.life,
        };
        found.running = Some(start(self, life, found.skew));
    }

    /// A node dies, and is started again after a while.
    pub fn crash(self: &Arc<Self>, life: Life) {
        let mut nodes = locked(&self.nodes);
        let Some(node) = nodes
            .get_mut(life.node)
            .filter(|node| node.life == life.life)
        else {
            return;
        };
        node.running = None;
        drop(nodes);
        self.exec.kill(life.node);
        let world = self.clone();
        self.exec.spawn(Group::World, async move {
            let down = world.exec.span(Span::millis(500), Span::minutes(2));
            world.exec.sleep(down).await;
            world.bring_up(life.node);
        });
    }

    /// The tasks that wait for work.
    pub fn workers(&self) -> MutexGuard<'_, BTreeSet<TaskId>> {
        locked(&self.workers)
    }

    /// Something was written: it may be work.
    pub fn wake_workers(&self) {
        for task in self.workers().iter() {
            self.exec.wake(*task);
        }
    }

    /// A node that runs, drawn.
    fn any_node(&self) -> Option<Running> {
        let nodes = locked(&self.nodes);
        let drawn = self.exec.below(u32::try_from(nodes.len()).unwrap_or(1));
        let index = usize::try_from(drawn).unwrap_or(0);
        let node = nodes.get(index)?.running.clone();
        node.filter(|node| node.serves.load(Ordering::Relaxed))
    }

    /// Asks a node something, as a client would. `None`: no answer.
    pub async fn ask<T, F>(
        &self,
        asking: impl FnOnce(Arc<Cashier>) -> F + Send + 'static,
    ) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let exec = &self.exec;
        exec.sleep(exec.span(Span::millis(5), Span::millis(200)))
            .await;
        let deadline = exec.now().plus(PATIENCE);
        let slot: Slot<T> = Slot::default();
        let lost = exec.chance(self.plan().client_lost);
        let unheard = exec.chance(self.plan().client_lost);
        if let Some(node) = self.any_node().filter(|_| !lost) {
            let (answer, within) = (slot.clone(), exec.clone());
            exec.spawn(node.life.group(), async move {
                let said = asking(node.cashier).await;
                if !unheard {
                    answer.fill(&within, said);
                }
            });
        } else if !lost {
            // Nobody listens: the connection is refused at once.
            return None;
        }
        slot.wait(exec, deadline).await
    }

    /// A flow, as it is committed.
    pub fn flow(&self, no: &FlowNo) -> Option<Flow> {
        let order = self.bank.books().order_of(no)?;
        self.memory
            .audit(&order, |books| books.state.flow(no).cloned())
            .flatten()
    }

    /// A refund, as it is committed.
    pub fn refund(&self, no: &RefundNo) -> Option<Refund> {
        let id = no.as_str().strip_prefix("rfd_")?;
        let order = OrderId::new(format!("ord_{}", id.get(..26)?));
        self.memory
            .audit(&order, |books| books.state.refund(no).cloned())
            .flatten()
    }

    /// The newest key of the channels that a node knows.
    pub fn key_known(&self, _node: usize) -> u32 {
        locked(&self.keys).known
    }

    /// The key that the channels sign with.
    pub fn key_used(&self) -> u32 {
        locked(&self.keys).used
    }

    /// The channels change their key; Till learns it later.
    pub fn change_key(&self) {
        locked(&self.keys).used += 1;
    }

    /// Till learns the key.
    pub fn learn_key(&self) {
        let mut keys = locked(&self.keys);
        keys.known = keys.used;
    }

    /// A call about something begins; two at once are two holders of one lease.
    pub fn line_taken(&self, about: &str) {
        let mut lines = locked(&self.lines);
        let count = lines.entry(about.to_owned()).or_default();
        *count += 1;
        if *count > 1 {
            self.sight.met(Met::DoubleHolder);
        }
    }

    /// A call about something ends.
    pub fn line_free(&self, about: &str) {
        if let Some(count) = locked(&self.lines).get_mut(about) {
            *count = count.saturating_sub(1);
        }
    }

    /// The channel has taken a refund: it comes to its end, and says so.
    pub fn refund_taken(self: &Arc<Self>, kind: ChannelKind, request: &RefundRequest) {
        let (world, request) = (self.clone(), request.clone());
        self.exec.spawn(Group::World, async move {
            if kind == ChannelKind::Wechat {
                let exec = &world.exec;
                exec.sleep(exec.span(Span::millis(300), Span::minutes(5)))
                    .await;
                let end = if exec.chance(world.plan().abnormal) {
                    Refunded::Abnormal
                } else if exec.chance(world.plan().refund_closed) {
                    Refunded::Closed
                } else {
                    Refunded::Succeeded
                };
                world.bank.books().settle_refund(&request.refund_no, end);
            }
            post::refunded(&world, kind, &request.flow_no, &request.refund_no);
        });
    }

    /// Till has committed a capture.
    pub fn captured(&self, before: Option<&OrderState>, capture: &Capture, by_bill: bool) {
        let at = self.exec.now();
        if let Some(breach) = before.and_then(|before| audit::step::captured(before, capture)) {
            self.sight.breach(at, breach);
        }
        let found = Found { by_bill, at };
        locked(&self.found).insert(capture.flow_no.clone(), found);
        let books = self.bank.books();
        if books.unknown.contains(&capture.flow_no) {
            self.sight.met(Met::NotFoundThenPaid);
        }
        if books.unsigned.contains(&format!("pay {}", capture.flow_no)) {
            self.sight.met(Met::UnsignedThenPaid);
        }
        if books.kept.contains(&capture.flow_no) {
            self.sight.met(Met::ReversalRefused);
        }
        if books.contradicted.contains(&capture.flow_no) {
            let situation = before.and_then(|before| denied_and_paid(before, capture));
            self.sight.met(situation.unwrap_or(Met::LateAfterClosed));
        } else if capture.kind == CaptureKind::Late {
            // An order is closed only when nothing of it can be paid any more.
            let row = format!("captures {}", capture.id);
            let detail = "it goes back as late although the channel had not contradicted itself";
            self.sight.broken(at, Formula::A16, row, detail);
        }
        if by_bill {
            self.sight.met(Met::FoundByBill);
        }
        let day = |at: Timestamp| at.plus(Span::minutes(480)).seconds().div_euclid(86_400);
        if day(capture.paid_at) != day(at) {
            self.sight.met(Met::MidnightSplit);
        }
    }

    /// A payer is told at the counter that their code has paid nothing.
    pub fn told_no(&self, code: &str) {
        self.sight.met(Met::CodeRefused);
        self.bank.books().told_no.insert(code.to_owned());
        self.nobody_is_cheated();
    }

    /// A16: whoever was told that nothing is paid has not paid, and cannot any more.
    pub fn nobody_is_cheated(&self) {
        let books = self.bank.books();
        let cheated = books.told_no.iter().find_map(|code| books.holds_for(code));
        drop(books);
        if let Some(flow) = cheated {
            let (now, row) = (self.exec.now(), format!("flows {flow}"));
            let detail = "its payer was told that nothing is paid, and the channel holds or awaits their money";
            self.sight.broken(now, Formula::A16, row, detail);
        }
    }

    /// The merchant's server gets an event, or is down.
    pub async fn merchant_hears(&self, event: &Event) -> Result<u16, NotTaken> {
        let exec = &self.exec;
        exec.sleep(exec.span(Span::millis(10), Span::millis(700)))
            .await;
        if exec.now() < *locked(&self.merchant_back) {
            return Err((None, "no connection".to_owned()));
        }
        let receipt = Receipt {
            event: event.id.clone(),
            body: event.body.clone(),
        };
        locked(&self.received)
            .entry(event.id.clone())
            .or_default()
            .push(receipt);
        let mut heard = locked(&self.heard);
        let events = heard.entry(event.order.clone()).or_default();
        if !events.iter().any(|known| known.id == event.id) {
            events.push(event.clone());
        }
        drop(heard);
        if exec.chance(self.plan().receipt_lost) {
            return Err((None, "no answer".to_owned()));
        }
        Ok(200)
    }

    /// Checks an order that was just written.
    pub fn check_order(&self, order: &OrderId) {
        self.nobody_is_cheated();
        let now = self.exec.now();
        let breaches = self.memory.audit(order, |books| {
            let mut breaches = audit::rows::check(books);
            let bank = self.bank.books();
            let theirs = self.channel_time();
            breaches.extend(audit::ledger::check(books, &bank.ledger, theirs));
            for flow in &books.state.flows {
                let failed = flow.status == cashier::flow::FlowStatus::Failed;
                if failed && !bank.refused.contains(&flow.no) {
                    breaches.push(audit::Breach {
                        formula: Formula::A8,
                        row: format!("flows {}", flow.no),
                        detail: "it counts as failed and the channel has not refused it".to_owned(),
                    });
                }
            }
            let mismatch = |kind| kind == ExceptionKind::AmountMismatch;
            if books
                .state
                .exceptions
                .iter()
                .any(|exception| mismatch(exception.kind))
            {
                self.sight.met(Met::AmountMismatch);
            }
            breaches
        });
        for breach in breaches.unwrap_or_default() {
            self.sight.breach(now, breach);
        }
    }
}

/// What it is when a code is paid whose payer was told no, while its order is open.
fn denied_and_paid(before: &OrderState, capture: &Capture) -> Option<Met> {
    let flow = before.flow(&capture.flow_no)?;
    if !flow.way().is_barcode() || before.order.status != OrderStatus::Open {
        return None;
    }
    match (capture.kind, flow.status) {
        (CaptureKind::Winner, _) => Some(Met::DeniedCodeAccepted),
        (CaptureKind::Late, FlowStatus::Failed) => Some(Met::RefusedCodePaid),
        (CaptureKind::Late, FlowStatus::Expired) => Some(Met::ExpiredCodePaid),
        _ => None,
    }
}

/// The channel of an account's name.
pub fn kind_of(name: &str) -> ChannelKind {
    match name {
        "alipay" => ChannelKind::Alipay,
        _ => ChannelKind::Wechat,
    }
}

/// Both accounts.
pub fn accounts() -> [cashier::id::AccountId; 2] {
    [account(ChannelKind::Alipay), account(ChannelKind::Wechat)]
}
