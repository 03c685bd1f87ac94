//! Who sleeps by a clock of the tests, and until when.

use std::cell::RefCell;

/// When each of those that sleep wakes, milliseconds on their clock.
#[derive(Debug, Default)]
pub struct Sleepers(RefCell<Vec<u64>>);

/// One that sleeps, until it is dropped.
#[derive(Debug)]
pub struct Sleeper<'a> {
    among: &'a Sleepers,
    wakes_ms: u64,
}

impl Sleepers {
    /// One more, that wakes then.
    pub fn lie_down(&self, wakes_ms: u64) -> Sleeper<'_> {
        self.0.borrow_mut().push(wakes_ms);
        Sleeper { among: self, wakes_ms }
    }

    /// When each of them wakes.
    pub fn wakes_ms(&self) -> Vec<u64> {
        self.0.borrow().clone()
    }
}

impl Sleeper<'_> {
    /// When it wakes.
    pub const fn wakes_ms(&self) -> u64 {
        self.wakes_ms
    }

    /// Whether nobody wakes before it.
    pub fn is_first(&self) -> bool {
        self.among.0.borrow().iter().all(|other| *other >= self.wakes_ms)
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        let mut all = self.among.0.borrow_mut();
        if let Some(at) = all.iter().position(|wakes_ms| *wakes_ms == self.wakes_ms) {
            all.swap_remove(at);
        }
    }
}
