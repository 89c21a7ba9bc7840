//! The scheduler: virtual time, and tasks that take their turns as the seed says.
//!
//! Every task waits for exactly one thing, so the next step is always the earliest
//! entry of one queue; entries of the same moment are drawn. A node's tasks vanish
//! together when it crashes, and stand still together when it is paused. Nothing
//! here knows a real clock, and nothing runs at the same time as anything else.

use cashier::time::{Span, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Which tasks live and die together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The world outside: channels, payers, merchants, the network.
    World,
    /// The processes of a node of Till, in one of its lives.
    Node {
        /// Which node.
        node: usize,
        /// Which life of it.
        life: u32,
    },
}

/// A task's number.
pub type TaskId = u64;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Inner {
    now: i64,
    rng: fastrand::Rng,
    queue: BinaryHeap<Reverse<(i64, u32, u64, TaskId)>>,
    entries: u64,
    tasks: BTreeMap<TaskId, (Group, Option<Job>)>,
    made: TaskId,
    current: TaskId,
    dying: Vec<usize>,
    paused: BTreeMap<usize, i64>,
    steps: u64,
}

/// The scheduler of one world.
#[derive(Clone)]
pub struct Exec(Arc<Mutex<Inner>>);

impl Exec {
    /// An empty world at a moment, with the seed's randomness.
    pub fn new(start: Timestamp, seed: u64) -> Exec {
        Exec(Arc::new(Mutex::new(Inner {
            now: start.millis(),
            rng: fastrand::Rng::with_seed(seed),
            queue: BinaryHeap::new(),
            entries: 0,
            tasks: BTreeMap::new(),
            made: 0,
            current: 0,
            dying: Vec::new(),
            paused: BTreeMap::new(),
            steps: 0,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present moment of the world.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.lock().now)
    }

    /// How many steps were made.
    pub fn steps(&self) -> u64 {
        self.lock().steps
    }

    /// A whole number below `end` (1 at least).
    pub fn below(&self, end: u32) -> u32 {
        self.lock().rng.u32(0..end.max(1))
    }

    /// Whether a thing of so many thousandths happens.
    pub fn chance(&self, thousandths: u32) -> bool {
        thousandths > 0 && self.below(1000) < thousandths
    }

    /// Sixteen random bytes.
    pub fn bytes(&self) -> [u8; 16] {
        let mut inner = self.lock();
        inner.rng.u128(..).to_be_bytes()
    }

    /// A length of time, drawn evenly.
    pub fn span(&self, shortest: Span, longest: Span) -> Span {
        let (short, long) = (shortest.as_millis(), longest.as_millis());
        let drawn = self.lock().rng.i64(short..=long.max(short));
        Span::millis(u32::try_from(drawn).unwrap_or(u32::MAX))
    }

    /// Begins a task.
    pub fn spawn(&self, group: Group, job: impl Future<Output = ()> + Send + 'static) -> TaskId {
        let mut inner = self.lock();
        inner.made += 1;
        let id = inner.made;
        inner.tasks.insert(id, (group, Some(Box::pin(job))));
        let now = inner.now;
        inner.enter(now, id);
        id
    }

    /// Gives a task a turn now.
    pub fn wake(&self, task: TaskId) {
        let mut inner = self.lock();
        let now = inner.now;
        inner.enter(now, task);
    }

    /// The task whose turn it is.
    pub fn current(&self) -> TaskId {
        self.lock().current
    }

    /// Returns when so much time has passed.
    pub fn sleep(&self, span: Span) -> Sleep {
        let until = self.now().plus(span);
        self.sleep_until(until)
    }

    /// Returns at that moment.
    pub fn sleep_until(&self, until: Timestamp) -> Sleep {
        Sleep {
            exec: self.clone(),
            until: until.millis(),
            entered: false,
        }
    }

    /// Every task of the node vanishes, the one whose turn it is included.
    pub fn kill(&self, node: usize) {
        self.lock().dying.push(node);
    }

    /// The node's tasks stand still until then.
    pub fn pause(&self, node: usize, until: Timestamp) {
        self.lock().paused.insert(node, until.millis());
    }

    /// Lets go of every task: they hold the world, which holds them.
    pub fn end(&self) {
        let mut inner = self.lock();
        let tasks = std::mem::take(&mut inner.tasks);
        inner.queue.clear();
        // What a task drops may look at the time.
        drop(inner);
        drop(tasks);
    }

    /// Makes steps until nothing is left to happen before `end`, or until `most`
    /// steps were made. Whether it came to rest.
    pub fn run(&self, end: Timestamp, most: u64) -> bool {
        loop {
            let mut inner = self.lock();
            match inner.queue.peek() {
                None => return true,
                Some(Reverse((at, ..))) if *at > end.millis() => return false,
                Some(_) if inner.steps >= most => return false,
                Some(_) => {}
            }
            let Some((id, job)) = inner.next() else {
                continue;
            };
            drop(inner);
            let left = step(job);
            let mut inner = self.lock();
            inner.after(id, left);
        }
    }
}

impl Inner {
    fn enter(&mut self, at: i64, task: TaskId) {
        self.entries += 1;
        let (tie, entry) = (self.rng.u32(..), self.entries);
        self.queue.push(Reverse((at, tie, entry, task)));
    }

    /// The task whose turn is next. `None`: it has gone, or stands still.
    fn next(&mut self) -> Option<(TaskId, Job)> {
        let Reverse((at, _, _, id)) = self.queue.pop()?;
        let group = self.tasks.get(&id)?.0;
        if let Group::Node { node, .. } = group
            && let Some(until) = self.paused.get(&node).copied()
        {
            if until > at {
                self.enter(until, id);
                return None;
            }
            self.paused.remove(&node);
        }
        self.now = self.now.max(at);
        self.steps += 1;
        self.current = id;
        let job = self.tasks.get_mut(&id)?.1.take()?;
        Some((id, job))
    }

    fn after(&mut self, id: TaskId, left: Option<Job>) {
        match (left, self.tasks.get_mut(&id)) {
            (Some(job), Some(task)) => task.1 = Some(job),
            _ => drop(self.tasks.remove(&id)),
        }
        for dead in std::mem::take(&mut self.dying) {
            self.tasks.retain(
                |_, (group, _)| !matches!(group, Group::Node { node, .. } if *node == dead),
            );
            self.paused.remove(&dead);
        }
    }
}

/// One turn. `None`: the task has ended.
fn step(mut job: Job) -> Option<Job> {
    let mut context = Context::from_waker(Waker::noop());
    match job.as_mut().poll(&mut context) {
        Poll::Ready(()) => None,
        Poll::Pending => Some(job),
    }
}

/// Waits for a moment.
pub struct Sleep {
    exec: Exec,
    until: i64,
    entered: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let exec = self.exec.clone();
        let mut inner = exec.lock();
        if inner.now >= self.until {
            return Poll::Ready(());
        }
        if !self.entered {
            self.entered = true;
            let task = inner.current;
            inner.enter(self.until, task);
        }
        Poll::Pending
    }
}

/// A place for one answer, which somebody waits for.
pub struct Slot<T>(Arc<Mutex<Content<T>>>);

struct Content<T> {
    answer: Option<T>,
    waiting: Option<TaskId>,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Slot(self.0.clone())
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Slot(Arc::new(Mutex::new(Content {
            answer: None,
            waiting: None,
        })))
    }
}

impl<T> Slot<T> {
    /// Gives the answer.
    pub fn fill(&self, exec: &Exec, answer: T) {
        let mut content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        content.answer = Some(answer);
        if let Some(task) = content.waiting {
            exec.wake(task);
        }
    }

    /// Waits for the answer, but no longer than until `deadline`.
    pub fn wait(&self, exec: &Exec, deadline: Timestamp) -> Wait<T> {
        Wait {
            slot: self.clone(),
            exec: exec.clone(),
            timer: exec.sleep_until(deadline),
        }
    }
}

/// Waits for an answer.
pub struct Wait<T> {
    slot: Slot<T>,
    exec: Exec,
    timer: Sleep,
}

impl<T> Future for Wait<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        {
            let mut content = self.slot.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(answer) = content.answer.take() {
                return Poll::Ready(Some(answer));
            }
            content.waiting = Some(self.exec.current());
        }
        Pin::new(&mut self.timer).poll(context).map(|()| None)
    }
}
