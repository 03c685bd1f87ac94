//! Time that passes only when nothing else can happen.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::Poll;

use tillandsia_core::ports::Clock;
use tillandsia_core::testing::Sleepers;
use tillandsia_core::time::TimestampMs;

use super::reader::Wire;

/// 2026-11-22T12:00:00Z.
const NOON_MS: u64 = 1_795_348_800_000;
/// A sleeper that was polled so often without anything else having happened may let the time pass.
const IDLE_POLLS: u32 = 32;

#[derive(Debug, Default)]
struct Inner {
    now_ms: Cell<u64>,
    /// How far the device's clock has been put forward of everybody else's.
    ahead_ms: Cell<u64>,
    readers: RefCell<Vec<Weak<Wire>>>,
    sleepers: Sleepers,
}

/// The device's clock. Clones are the same clock.
#[derive(Debug, Clone)]
pub(crate) struct VirtualClock(Rc<Inner>);

impl VirtualClock {
    pub(super) fn new() -> Self {
        let clock = VirtualClock(Rc::default());
        clock.0.now_ms.set(NOON_MS);
        clock
    }

    /// Puts the device's clock forward.
    pub(super) fn advance_ms(&self, ms: u64) {
        self.0.now_ms.set(self.0.now_ms.get() + ms);
        self.0.ahead_ms.set(self.0.ahead_ms.get() + ms);
    }

    /// Lets time pass, for everybody.
    pub(super) fn pass_ms(&self, ms: u64) {
        self.0.now_ms.set(self.0.now_ms.get() + ms);
    }

    /// The gateway's clock, unix seconds.
    pub(super) fn gateway_seconds(&self) -> u64 {
        (self.0.now_ms.get() - self.0.ahead_ms.get()) / 1000
    }

    pub(super) fn wakes(&self, reader: &Rc<Wire>) {
        self.0.readers.borrow_mut().push(Rc::downgrade(reader));
    }

    /// Lets time pass until the first of those that wait for it has waited long enough.
    fn pass_to_next(&self) {
        let readers: Vec<Rc<Wire>> = self.0.readers.borrow().iter().filter_map(Weak::upgrade).collect();
        let mut due = self.0.sleepers.wakes_ms();
        // Whoever is awake by now and was not asked yet holds nobody up.
        due.retain(|wakes_ms| *wakes_ms > self.0.now_ms.get());
        due.extend(readers.iter().filter_map(|reader| reader.deadline_ms()));
        if let Some(next_ms) = due.into_iter().min() {
            self.0.now_ms.set(next_ms.max(self.0.now_ms.get()));
        }
        for reader in readers {
            reader.wake(self.0.now_ms.get());
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.now_ms.get())
    }

    async fn sleep_ms(&self, ms: u64) {
        let sleeper = self.0.sleepers.lie_down(self.0.now_ms.get() + ms);
        let (mut polls, mut seen_ms) = (0, self.0.now_ms.get());
        poll_fn(|context| {
            let now_ms = self.0.now_ms.get();
            if now_ms >= sleeper.wakes_ms() {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            // Whoever was woken by the time that passed does what it does before more of it passes.
            polls = if now_ms == seen_ms { polls + 1 } else { 0 };
            seen_ms = now_ms;
            if polls > IDLE_POLLS {
                self.pass_to_next();
            }
            Poll::Pending
        })
        .await;
    }
}
