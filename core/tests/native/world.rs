//! A till over in-memory ports.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use tillandsia_core::error::TerminalError;
use tillandsia_core::forwarder::{Drained, Mode};
use tillandsia_core::journal::Journal;
use tillandsia_core::money::Money;
use tillandsia_core::offline::OfflineStatus;
use tillandsia_core::payment_intent::{OfflineBehavior, PaymentIntent};
use tillandsia_core::ports::Clock;
use tillandsia_core::terminal::{
    Acknowledgement, CollectParameters, ConfirmParameters, CreateParameters, OfflineDelegate, Terminal,
};
use tillandsia_core::testing::{
    ManualClock, MemoryGateway, MemoryPlatform, MemoryReader, MemoryStore, MemoryVault, SeededEntropy, card,
};

pub(crate) type Till = Terminal<MemoryPlatform, MemoryReader>;

/// 2026-11-22T12:00:00Z.
pub(crate) const NOON_MS: u64 = 1_795_348_800_000;

#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) forwarded: RefCell<Vec<(PaymentIntent, Option<TerminalError>)>>,
    pub(crate) errors: RefCell<Vec<TerminalError>>,
    pub(crate) statuses: RefCell<Vec<OfflineStatus>>,
    /// Whether the app fails at what it is told.
    pub(crate) refuses: Cell<bool>,
}

impl OfflineDelegate for Heard {
    fn on_offline_status_change(&self, status: &OfflineStatus) {
        self.statuses.borrow_mut().push(status.clone());
    }

    fn on_forward_payment_intent(
        &self,
        intent: &PaymentIntent,
        error: Option<&TerminalError>,
    ) -> Acknowledgement {
        self.forwarded.borrow_mut().push((intent.clone(), error.cloned()));
        let taken = !self.refuses.get();
        Box::pin(std::future::ready(taken))
    }

    fn on_forwarding_error(&self, error: &TerminalError) {
        self.errors.borrow_mut().push(error.clone());
    }
}

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) vault: MemoryVault,
    pub(crate) gateway: MemoryGateway,
    pub(crate) clock: ManualClock,
    pub(crate) entropy: SeededEntropy,
    pub(crate) reader: MemoryReader,
    pub(crate) heard: Rc<Heard>,
}

impl World {
    pub(crate) fn new() -> Self {
        World {
            store: MemoryStore::default(),
            vault: MemoryVault::default(),
            gateway: MemoryGateway::default(),
            clock: ManualClock::at(NOON_MS),
            entropy: SeededEntropy::new(1),
            reader: MemoryReader::default(),
            heard: Rc::new(Heard::default()),
        }
    }

    /// Opens a till on this world's store, as a page load does.
    pub(crate) async fn till(&self) -> Till {
        let till = self.open().await;
        till.set_offline_delegate(self.heard.clone());
        till.connect_reader(self.reader.clone()).await.unwrap();
        till
    }

    /// Opens a till without a reader.
    pub(crate) async fn open(&self) -> Till {
        let journal = Journal::new(self.store.clone(), self.vault.clone());
        Terminal::open(journal, self.gateway.clone(), self.clock.clone(), self.entropy.clone()).await.unwrap()
    }

    /// Now, unix milliseconds.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now().0
    }

    /// Opens a till that listens and has no reader.
    pub(crate) async fn till_without_reader(&self) -> Till {
        let till = self.open().await;
        till.set_offline_delegate(self.heard.clone());
        till
    }

    /// One till, online, that then loses its gateway.
    pub(crate) async fn till_gone_offline(&self) -> Till {
        let till = self.till().await;
        self.go_offline(&till).await;
        till
    }

    pub(crate) async fn go_offline(&self, till: &Till) {
        self.gateway.set_down(true);
        till.probe().await;
    }

    pub(crate) async fn go_online(&self, till: &Till) {
        self.gateway.set_down(false);
        till.probe().await;
    }

    pub(crate) async fn sell(&self, till: &Till, cents: u64) -> Result<PaymentIntent, TerminalError> {
        self.sell_with(till, CreateParameters::of(usd(cents))).await
    }

    pub(crate) async fn sell_forced(&self, till: &Till, cents: u64) -> Result<PaymentIntent, TerminalError> {
        let parameters = CreateParameters {
            offline_behavior: OfflineBehavior::ForceOffline,
            ..CreateParameters::of(usd(cents))
        };
        self.sell_with(till, parameters).await
    }

    pub(crate) async fn sell_with(
        &self,
        till: &Till,
        parameters: CreateParameters,
    ) -> Result<PaymentIntent, TerminalError> {
        self.reader.present(Ok(card(self.entropy.next() as u32)));
        let intent = till.create_payment_intent(parameters).await?;
        let intent = till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await?;
        till.confirm_payment_intent(intent, ConfirmParameters::default()).await
    }

    pub(crate) async fn stored_count(&self, till: &Till) -> u64 {
        till.offline_status().await.unwrap().sdk.stored.count
    }

    pub(crate) fn charged_sum(&self) -> u64 {
        self.gateway.charges().iter().map(|(_, amount)| amount).sum()
    }
}

pub(crate) async fn drain(till: &Till) -> Drained {
    till.forward(Mode::All, true).await.unwrap()
}

pub(crate) fn usd(cents: u64) -> Money {
    Money::new(cents, "usd".parse().unwrap())
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// Runs a future until it waits for something, and ends it there, as the end of a page does.
pub(crate) fn cut_off<T>(future: impl Future<Output = T>) {
    futures::pin_mut!(future);
    let mut context = std::task::Context::from_waker(futures::task::noop_waker_ref());
    assert!(future.as_mut().poll(&mut context).is_pending(), "it was to wait");
}
