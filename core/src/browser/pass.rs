//! When a forwarding pass may run, in the page as in the worker: one at a time in a context, one context at a time.

use std::cell::Cell;

use futures::lock::Mutex;

use super::BrowserJournal;
use super::clock::BrowserClock;
use super::locks::{Acquired, FORWARDER_LOCK, LockGuard, LockMode, acquire, scoped};
use crate::error::TerminalError;
use crate::forwarder::{Mode, is_overdue};
use crate::ports::Clock as _;

/// Leave to run one pass, for as long as it is kept.
#[derive(Debug)]
pub struct Leave(Option<LockGuard>);

impl Leave {
    /// Whether it comes with the forwarding lock: leases of others are then of contexts that ended.
    pub const fn holds_lock(&self) -> bool {
        self.0.is_some()
    }
}

/// Asks for leave; `None` while another context forwards. A holder that is frozen keeps its lock but not its pace: once
/// work is overdue in the store a pass runs without the lock, and the leases alone keep the two apart.
pub async fn leave_to_forward(journal: &BrowserJournal) -> Result<Option<Leave>, TerminalError> {
    let lock = scoped(FORWARDER_LOCK, journal.store().connection().name());
    match acquire(&lock, LockMode::IfAvailable).await {
        Acquired::Held(guard) => Ok(Some(Leave(Some(guard)))),
        Acquired::Unsupported => Ok(Some(Leave(None))),
        Acquired::Taken => Ok(is_overdue(journal, BrowserClock.now()).await?.then_some(Leave(None))),
    }
}

/// Keeps passes of one context apart: those asked for while one runs become a single one after it.
#[derive(Debug, Default)]
pub struct Passes {
    wanted: Cell<Option<Mode>>,
    running: Mutex<()>,
}

impl Passes {
    /// Completes when none runs.
    pub async fn idle(&self) {
        drop(self.running.lock().await);
    }

    /// Runs `pass` once it is this one's turn; `None` when a pass that began after the call did the work.
    pub async fn run<T>(&self, mode: Mode, pass: impl AsyncFnOnce(Mode) -> T) -> Option<T> {
        let wanted = match (self.wanted.get(), mode) {
            (None | Some(Mode::Due), mode) => mode,
            (Some(Mode::All), _) => Mode::All,
        };
        self.wanted.set(Some(wanted));
        let _one_at_a_time = self.running.lock().await;
        match self.wanted.take() {
            Some(mode) => Some(pass(mode).await),
            None => None,
        }
    }
}
