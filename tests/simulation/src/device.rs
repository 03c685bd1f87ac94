//! A device: its store, and what its tabs and its worker do.

use std::cell::Cell;
use std::rc::Rc;

use tillandsia_core::card::CardRead;
use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::forwarder::Mode;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::{Commit, Head, Journal, LogEntry, PaymentRow, QueuePosition, Sealed};
use tillandsia_core::money::Money;
use tillandsia_core::network::Reaction;
use tillandsia_core::offline::{NetworkStatus, OfflineStatus};
use tillandsia_core::payment_intent::{OfflineBehavior, PaymentIntent, PaymentIntentStatus};
use tillandsia_core::ports::{Clock, Platform, Reader, ReaderPrompt, Store, StoreError, Vault, VaultError};
use tillandsia_core::terminal::{
    Acknowledgement, CollectParameters, ConfirmParameters, Context, CreateParameters, OfflineDelegate,
    Terminal, acknowledged,
};
use tillandsia_core::testing::{MemoryReader, MemoryStore, MemoryVault, SeededEntropy, card};
use tillandsia_core::time::TimestampMs;

use crate::executor::{Process, Sim, Time};
use crate::network::Remote;
use crate::world::World;

/// The simulated ports of one context.
pub struct SimPlatform;

impl Platform for SimPlatform {
    type Store = SimStore;
    type Vault = SimVault;
    type Gateway = Remote;
    type Clock = SimClock;
    type Entropy = SeededEntropy;
}

/// The virtual clock.
#[derive(Clone)]
pub struct SimClock(pub Time);

impl Clock for SimClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.now_ms())
    }

    async fn sleep_ms(&self, ms: u64) {
        self.0.sleep_ms(ms).await;
    }
}

/// A vault that takes its time.
pub struct SimVault(pub MemoryVault, pub Sim);

impl Vault for SimVault {
    async fn seal(&self, plaintext: &[u8], associated: &[u8]) -> Result<Sealed, VaultError> {
        self.1.pause(1).await;
        self.0.seal(plaintext, associated).await
    }

    async fn open(&self, sealed: &Sealed, associated: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.1.pause(1).await;
        self.0.open(sealed, associated).await
    }
}

/// A store that takes its time before and after, so that a context may end in between: nothing was written, or all
/// was and nobody heard.
pub struct SimStore(pub MemoryStore, pub Sim, pub Rc<crate::check::Watch>);

macro_rules! slow {
    ($self:ident, $call:expr) => {{
        $self.1.pause(2).await;
        let answer = $call.await;
        $self.1.pause(2).await;
        answer
    }};
}

impl Store for SimStore {
    async fn head(&self) -> Result<Head, StoreError> {
        slow!(self, self.0.head())
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let entries = commit.entries.clone();
        self.1.pause(2).await;
        let answer = self.0.commit(commit).await;
        if answer.is_ok() {
            self.2.committed(&self.1, &entries, &self.0.head().await?);
        }
        self.1.pause(2).await;
        answer
    }

    async fn payment(&self, id: OfflineId) -> Result<Option<PaymentRow>, StoreError> {
        slow!(self, self.0.payment(id))
    }

    async fn queue(&self, after: Option<QueuePosition>, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        slow!(self, self.0.queue(after, limit))
    }

    async fn attention(
        &self,
        after: Option<QueuePosition>,
        limit: usize,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        slow!(self, self.0.attention(after, limit))
    }

    async fn unacknowledged(
        &self,
        after: Option<OfflineId>,
        limit: usize,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        slow!(self, self.0.unacknowledged(after, limit))
    }

    async fn newest(&self, before: Option<OfflineId>, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        slow!(self, self.0.newest(before, limit))
    }

    async fn log(&self, from: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        slow!(self, self.0.log(from, limit))
    }

    async fn put_setting(&self, name: &str, sealed: Sealed) -> Result<(), StoreError> {
        slow!(self, self.0.put_setting(name, sealed))
    }

    async fn setting(&self, name: &str) -> Result<Option<Sealed>, StoreError> {
        slow!(self, self.0.setting(name))
    }

    async fn reserve(&self, bytes: usize) -> Result<(), StoreError> {
        slow!(self, self.0.reserve(bytes))
    }
}

/// The browser's forwarding lock: given back when its holder ends.
#[derive(Default)]
pub struct Lock(Cell<bool>);

struct Held(Rc<Lock>);

impl Lock {
    fn take(self: &Rc<Self>) -> Option<Held> {
        (!self.0.replace(true)).then(|| Held(self.clone()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.set(false);
    }
}

/// What a tab's app hears goes to the person, who remembers.
struct App(Rc<World>, Process);

impl OfflineDelegate for App {
    fn on_offline_status_change(&self, _status: &OfflineStatus) {}

    fn on_forward_payment_intent(
        &self,
        intent: &PaymentIntent,
        error: Option<&TerminalError>,
    ) -> Acknowledgement {
        if self.0.sim.chance(self.0.faults().app_fails) {
            self.0.sim.note(format!("tab {}: its app fails at {}", self.1.0, intent.offline_id));
            return Box::pin(std::future::ready(false));
        }
        let ended = error.map_or("forwarded", |error| error.code.as_str());
        self.0.sim.note(format!("tab {}: told that {} is {ended}", self.1.0, intent.offline_id));
        self.0.watch.told(intent.offline_id, error.map(|error| error.code));
        acknowledged()
    }

    fn on_forwarding_error(&self, _error: &TerminalError) {}
}

#[derive(Default)]
struct Wish {
    forward: Cell<bool>,
    probe_in_ms: Cell<u64>,
}

impl Context for Wish {
    fn forward_soon(&self) {
        self.forward.set(true);
    }

    fn network_reaction(&self, reaction: Reaction, status: NetworkStatus) {
        if reaction.changed && status == NetworkStatus::Online {
            self.forward.set(true);
        }
        self.probe_in_ms.set(reaction.probe_in_ms);
    }
}

type Till = Terminal<SimPlatform, SimReader>;

/// A reader that takes its time; every card is a new one.
#[derive(Clone)]
pub struct SimReader(MemoryReader, Sim);

impl Reader for SimReader {
    async fn connect(
        &self,
    ) -> Result<tillandsia_core::card::ReaderInfo, tillandsia_core::ports::ReaderError> {
        self.0.connect().await
    }

    async fn collect(
        &self,
        request: tillandsia_core::ports::CollectRequest,
        prompt: &dyn Fn(ReaderPrompt),
    ) -> Result<CardRead, tillandsia_core::ports::ReaderError> {
        self.1.pause(5_000).await;
        self.0.collect(request, prompt).await
    }

    async fn complete(
        &self,
        decision: tillandsia_core::ports::HostDecision,
    ) -> Result<tillandsia_core::ports::ChipDecision, tillandsia_core::ports::ReaderError> {
        self.1.pause(1_000).await;
        self.0.complete(decision).await
    }

    async fn cancel(&self) {}
}

async fn open(world: &Rc<World>, process: Process) -> Option<Rc<Till>> {
    let store = SimStore(world.store.clone(), world.sim.clone(), world.watch.clone());
    let journal = Journal::new(store, SimVault(world.vault.clone(), world.sim.clone()));
    let till = Terminal::open(
        journal,
        Remote(world.network.clone()),
        SimClock(world.sim.time().clone()),
        world.sim.rng().clone(),
    )
    .await
    .ok()?;
    till.set_offline_delegate(Rc::new(App(world.clone(), process)));
    Some(Rc::new(till))
}

/// A tab: opens, forwards in the background, sells while there is something to sell.
pub async fn tab(world: Rc<World>, process: Process) {
    let Some(till) = open(&world, process).await else { return };
    let reader = SimReader(MemoryReader::default(), world.sim.clone());
    let wish = Rc::new(Wish::default());
    till.set_context(wish.clone());
    wish.forward.set(true);
    if till.connect_reader(reader.clone()).await.is_err() {
        // Without a session there is no policy yet: a person reloads the page until it is online once.
        world.sim.pause(60_000).await;
        world.restart(process);
        return;
    }
    world.sim.spawn(process, probe_loop(world.clone(), till.clone(), wish.clone()));
    world.sim.spawn(process, forward_loop(world.clone(), till.clone(), wish.clone(), process));
    while world.takes_a_sale() {
        sell(&world, &till, &reader, process).await;
        world.sim.pause(40_000).await;
    }
}

/// The worker: no sales, only passes.
pub async fn worker(world: Rc<World>, process: Process) {
    let Some(till) = open(&world, process).await else { return };
    loop {
        pass(&world, &till, Mode::All, process).await;
        world.sim.pause(120_000).await;
    }
}

async fn probe_loop(world: Rc<World>, till: Rc<Till>, wish: Rc<Wish>) {
    loop {
        till.probe().await;
        let ms = wish.probe_in_ms.get();
        world.sim.time().sleep_ms(ms.max(100)).await;
    }
}

async fn forward_loop(world: Rc<World>, till: Rc<Till>, wish: Rc<Wish>, process: Process) {
    let mut next_pass_ms = 0;
    loop {
        let asked = wish.forward.replace(false);
        if asked || next_pass_ms == 0 {
            let mode = if asked { Mode::All } else { Mode::Due };
            next_pass_ms = pass(&world, &till, mode, process).await.unwrap_or(60_000);
            till.deliver_events().await.ok();
        }
        let wait = next_pass_ms.min(2_000);
        world.sim.time().sleep_ms(wait.max(1)).await;
        next_pass_ms = next_pass_ms.saturating_sub(wait);
    }
}

async fn pass(world: &Rc<World>, till: &Till, mode: Mode, process: Process) -> Option<u64> {
    let lock = world.lock.take();
    if lock.is_none() && !world.sim.chance(world.faults().lock_ignored) {
        return Some(2_000);
    }
    let drained = till.forward(mode, lock.is_some()).await.ok()?;
    if drained != Default::default() {
        world.sim.note(format!("process {}: {drained:?}", process.0));
    }
    drained.next_pass_ms
}

/// A person takes a stored payment back, some time later.
async fn take_back(world: &Rc<World>, till: &Till, id: OfflineId, process: Process) {
    world.sim.pause(60_000).await;
    let outcome = till.void_payment_intent(id).await;
    match outcome {
        Ok(intent) => {
            let canceled = intent.status() == PaymentIntentStatus::Canceled;
            world.sim.note(format!("tab {}: {id} taken back, for certain: {canceled}", process.0));
            world.watch.taken_back(id, canceled);
        }
        Err(error) => world.sim.note(format!("tab {}: {id} not taken back: {error}", process.0)),
    }
}

async fn sell(world: &Rc<World>, till: &Till, reader: &SimReader, process: Process) {
    let amount = 100 + world.sim.pick(300) * 5;
    let behavior = match world.sim.pick(4) {
        0 => OfflineBehavior::ForceOffline,
        1 => OfflineBehavior::RequireOnline,
        _ => OfflineBehavior::PreferOnline,
    };
    let parameters = CreateParameters {
        offline_behavior: behavior,
        ..CreateParameters::of(Money::new(amount, "usd".parse().unwrap()))
    };
    let Ok(intent) = till.create_payment_intent(parameters).await else { return };
    let id = intent.offline_id;
    reader.0.present(Ok(card(world.sim.rng().next() as u32)));
    let Ok(mut intent) = till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await
    else {
        return;
    };
    for _ in 0..3 {
        let outcome = till.confirm_payment_intent(intent, ConfirmParameters::default()).await;
        // From here to the note there is no await: what was returned is what the person has seen.
        match outcome {
            Ok(confirmed) => {
                let stored = confirmed.offline_details().is_some();
                world.sim.note(format!("tab {}: {id} of {amount} shown, stored: {stored}", process.0));
                world.watch.shown(id, amount, stored);
                if stored && world.sim.chance(world.faults().voided) {
                    take_back(world, till, id, process).await;
                }
                return;
            }
            Err(error) if error.code == ErrorCode::OfflineCollectAndConfirmMismatch => {
                reader.0.present(Ok(card(world.sim.rng().next() as u32)));
                let Some(again) = error.payment_intent else { return };
                match till.collect_payment_method(*again, CollectParameters::default(), &|_| {}).await {
                    Ok(again) => intent = again,
                    Err(_) => return,
                }
            }
            Err(error) => {
                world.sim.note(format!("tab {}: {id} of {amount} not taken: {error}", process.0));
                world.watch.refused(id, error.code);
                return;
            }
        }
    }
}
