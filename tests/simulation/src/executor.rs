//! Tasks on virtual time, one at a time, in an order that the seed decides.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use tillandsia_core::testing::SeededEntropy;

/// What can end as a whole: a tab, a worker, the gateway; `ENVIRONMENT` never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Process(pub u32);

/// The part of the world that ends with nobody.
pub const ENVIRONMENT: Process = Process(0);
/// The gateway.
pub const GATEWAY: Process = Process(1);

/// The clock and its sleepers. `Send`, because the ledger's ports are.
#[derive(Debug, Clone, Default)]
pub struct Time(Arc<Mutex<Sleepers>>);

#[derive(Debug, Default)]
struct Sleepers {
    now_ms: u64,
    waiting: Vec<(u64, Waker)>,
}

impl Time {
    /// Virtual unix milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.0.lock().unwrap().now_ms
    }

    /// Waits; at least once even for 0 ms.
    pub async fn sleep_ms(&self, ms: u64) {
        let until = self.now_ms() + ms;
        let mut waited = false;
        std::future::poll_fn(|context| {
            let mut sleepers = self.0.lock().unwrap();
            if waited && sleepers.now_ms >= until {
                return Poll::Ready(());
            }
            waited = true;
            sleepers.waiting.push((until, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Moves on to the next sleeper's end. False when nobody sleeps.
    fn advance(&self) -> bool {
        let mut sleepers = self.0.lock().unwrap();
        let Some(next) = sleepers.waiting.iter().map(|(until, _)| *until).min() else { return false };
        sleepers.now_ms = sleepers.now_ms.max(next);
        let now = sleepers.now_ms;
        let (due, waiting) =
            std::mem::take(&mut sleepers.waiting).into_iter().partition(|(until, _)| *until <= now);
        sleepers.waiting = waiting;
        drop(sleepers);
        let due: Vec<(u64, Waker)> = due;
        due.into_iter().for_each(|(_, waker)| waker.wake());
        true
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    process: Process,
    future: Pin<Box<dyn Future<Output = ()>>>,
    ready: Arc<Flag>,
}

struct Inner {
    time: Time,
    rng: SeededEntropy,
    tasks: RefCell<Vec<Task>>,
    spawned: RefCell<Vec<Task>>,
    doomed: RefCell<Vec<Process>>,
    history: RefCell<Vec<String>>,
    polls: Cell<u64>,
}

/// The executor. Clones are the same one.
#[derive(Clone)]
pub struct Sim(Rc<Inner>);

impl Sim {
    /// A world that has not begun, at noon of a day in November 2026.
    pub fn new(seed: u64) -> Self {
        let time = Time::default();
        time.0.lock().unwrap().now_ms = 1_795_348_800_000;
        Sim(Rc::new(Inner {
            time,
            rng: SeededEntropy::new(seed.wrapping_mul(0x2545_F491_4F6C_DD1D)),
            tasks: RefCell::default(),
            spawned: RefCell::default(),
            doomed: RefCell::default(),
            history: RefCell::default(),
            polls: Cell::new(0),
        }))
    }

    /// The clock.
    pub fn time(&self) -> &Time {
        &self.0.time
    }

    /// Randomness of the run.
    pub fn rng(&self) -> &SeededEntropy {
        &self.0.rng
    }

    /// A number from `0..bound`.
    pub fn pick(&self, bound: u64) -> u64 {
        self.0.rng.next() % bound.max(1)
    }

    /// True in `per_10_000` of ten thousand cases.
    pub fn chance(&self, per_10_000: u64) -> bool {
        self.pick(10_000) < per_10_000
    }

    /// Waits for a random time up to `ms_max`.
    pub async fn pause(&self, ms_max: u64) {
        let ms = self.pick(ms_max + 1);
        self.0.time.sleep_ms(ms).await;
    }

    /// Starts a task of a process.
    pub fn spawn(&self, process: Process, future: impl Future<Output = ()> + 'static) {
        let ready = Arc::new(Flag(AtomicBool::new(true)));
        self.0.spawned.borrow_mut().push(Task { process, future: Box::pin(future), ready });
    }

    /// Ends a process where it stands, before anything else runs.
    pub fn kill(&self, process: Process) {
        self.0.doomed.borrow_mut().push(process);
    }

    /// Writes a line of history.
    pub fn note(&self, line: impl Into<String>) {
        let at = self.0.time.now_ms() - 1_795_348_800_000;
        self.0.history.borrow_mut().push(format!("{:>9}.{:03} s  {}", at / 1000, at % 1000, line.into()));
    }

    /// The history so far.
    pub fn history(&self) -> Vec<String> {
        self.0.history.borrow().clone()
    }

    /// How many steps were made.
    pub fn polls(&self) -> u64 {
        self.0.polls.get()
    }

    /// Runs until `done`, or until nothing is left to happen, or `until_ms`. `before_step` hears which process is
    /// about to make a step, and may end it.
    pub fn run(&self, until_ms: u64, done: impl Fn() -> bool, before_step: impl Fn(Process)) {
        while !done() && self.0.time.now_ms() < until_ms {
            self.bury();
            self.0.tasks.borrow_mut().append(&mut self.0.spawned.borrow_mut());
            let ready: Vec<usize> = {
                let tasks = self.0.tasks.borrow();
                (0..tasks.len()).filter(|index| tasks[*index].ready.0.load(Ordering::Relaxed)).collect()
            };
            if ready.is_empty() {
                if !self.0.time.advance() {
                    return;
                }
                continue;
            }
            let index = ready[self.pick(ready.len() as u64) as usize];
            let process = self.0.tasks.borrow()[index].process;
            before_step(process);
            if self.0.doomed.borrow().is_empty() {
                self.step(index);
            }
        }
    }

    fn step(&self, index: usize) {
        self.0.polls.set(self.0.polls.get() + 1);
        // The task is taken out while it runs: it may spawn others.
        let mut task = self.0.tasks.borrow_mut().swap_remove(index);
        task.ready.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(task.ready.clone());
        if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.0.tasks.borrow_mut().push(task);
        }
    }

    fn bury(&self) {
        let doomed = std::mem::take(&mut *self.0.doomed.borrow_mut());
        if doomed.is_empty() {
            return;
        }
        for tasks in [&self.0.tasks, &self.0.spawned] {
            let (dead, alive) = std::mem::take(&mut *tasks.borrow_mut())
                .into_iter()
                .partition(|task| doomed.contains(&task.process));
            *tasks.borrow_mut() = alive;
            let dead: Vec<Task> = dead;
            drop(dead);
        }
    }
}
