//! A clock that is set by hand, randomness from a seed, and the in-memory ports together.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use super::{MemoryGateway, MemoryStore, MemoryVault, Sleepers};
use crate::ports::{Clock, Entropy, Platform};
use crate::time::TimestampMs;
use crate::wire;

/// The in-memory ports.
#[derive(Debug)]
pub struct MemoryPlatform;

impl Platform for MemoryPlatform {
    type Store = MemoryStore;
    type Vault = MemoryVault;
    type Gateway = MemoryGateway;
    type Clock = ManualClock;
    type Entropy = SeededEntropy;
}

/// A clock that stands still until it is moved. Sleeping moves it, to the end of whoever of those that sleep wakes first:
/// each of them has to be polled.
#[derive(Debug, Clone)]
pub struct ManualClock(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    now_ms: Cell<u64>,
    sleepers: Sleepers,
}

impl ManualClock {
    /// A clock that shows `now_ms`.
    pub fn at(now_ms: u64) -> Self {
        let clock = ManualClock(Rc::default());
        clock.advance_ms(now_ms);
        clock
    }

    /// Moves it on.
    pub fn advance_ms(&self, ms: u64) {
        self.0.now_ms.set(self.0.now_ms.get() + ms);
    }

    fn move_to(&self, at_ms: u64) {
        self.0.now_ms.set(at_ms.max(self.0.now_ms.get()));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.now_ms.get())
    }

    async fn sleep_ms(&self, ms: u64) {
        let sleeper = self.0.sleepers.lie_down(self.0.now_ms.get() + ms);
        let mut asked_at_ms = None;
        poll_fn(|context| {
            // Whoever runs beside it, or was woken by time that passed, lies down to sleep before more of it passes.
            if asked_at_ms == Some(self.0.now_ms.get()) && sleeper.is_first() {
                self.move_to(sleeper.wakes_ms());
            }
            if self.0.now_ms.get() >= sleeper.wakes_ms() {
                return Poll::Ready(());
            }
            asked_at_ms = Some(self.0.now_ms.get());
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Bytes from a seed (SplitMix64): the same seed, the same bytes.
#[derive(Debug, Clone)]
pub struct SeededEntropy(Rc<Cell<u64>>);

impl SeededEntropy {
    /// Starts at a seed.
    pub fn new(seed: u64) -> Self {
        SeededEntropy(Rc::new(Cell::new(seed)))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
    }
}

/// How many payments the configuration of [`session`] lets a device store.
pub const STORED_COUNT_MAX: u64 = 100;

/// A session of a demo shop with offline mode on: 500.00 USD a payment, 2,000.00 USD and [`STORED_COUNT_MAX`] payments in all.
pub fn session() -> wire::Session {
    wire::Session {
        object: "terminal.session".into(),
        secret: "tss_test".into(),
        expires_at: u64::MAX / 1000,
        account: "acct_test".into(),
        livemode: false,
        location: wire::Location {
            id: "tml_test".into(),
            object: "terminal.location".into(),
            display_name: "Test stall".into(),
            address: BTreeMap::new(),
            configuration_overrides: None,
            livemode: false,
            metadata: BTreeMap::new(),
        },
        configuration: wire::Configuration {
            id: "tmc_test".into(),
            object: "terminal.configuration".into(),
            is_account_default: true,
            livemode: false,
            name: None,
            offline: wire::OfflineConfiguration {
                enabled: true,
                payment_amount_max: BTreeMap::from([("usd".into(), 50_000)]),
                stored_amount_max: BTreeMap::from([("usd".into(), 200_000)]),
                stored_count_max: Some(STORED_COUNT_MAX),
                stored_age_max_s: None,
                forward_within_s: None,
                retain_for_s: None,
            },
        },
    }
}
