//! A tab in this process: the API over a terminal, and what a page does by itself around it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use serde_json::{Value, json};
use tillandsia_core::forwarder::{LEFT_TO_OTHERS_MS, Mode, Watch, is_overdue, watch};
use tillandsia_core::journal::Journal;
use tillandsia_core::network::{Reaction, Signal};
use tillandsia_core::offline::{NetworkStatus, StorageFacts};
use tillandsia_core::ports::{Clock, Platform};
use tillandsia_core::terminal::{Acknowledgement, Context, SESSION_SETTING, Terminal, session_from_bytes};
use tillandsia_core::testing::{MemoryStore, MemoryVault, SeededEntropy};
use tillandsia_sdk::api::{Api, ErrorJson, ForwardedJson, Listener, OfflineStatusJson, to_json};

use super::clock::VirtualClock;
use super::gateway::{Remote, Server};
use super::reader::{NativeReader, Wire};

/// While another context forwards or the journal fails, so long until the next try, milliseconds.
const RETRY_MS: u64 = 5_000;
/// What was finished long ago is first removed so long after the start, and each hour from then on, milliseconds.
const FIRST_REMOVAL_MS: u64 = 60 * 1000;
const REMOVE_EVERY_MS: u64 = 60 * 60 * 1000;

/// The ports of a tab in this process.
pub(crate) struct Native;

impl Platform for Native {
    type Store = MemoryStore;
    type Vault = MemoryVault;
    type Gateway = Remote;
    type Clock = VirtualClock;
    type Entropy = SeededEntropy;
}

/// What tabs share.
pub(super) struct World {
    pub(super) server: Rc<Server>,
    pub(super) store: MemoryStore,
    pub(super) vault: MemoryVault,
    pub(super) clock: VirtualClock,
    pub(super) entropy: SeededEntropy,
    pub(super) app_takes: Rc<Cell<bool>>,
    /// Whether a frozen tab holds the forwarding lock.
    pub(super) frozen: Cell<bool>,
    /// What the browser says of its storage.
    pub(super) storage: Cell<StorageFacts>,
    pub(super) channel: Channel,
}

/// What tabs tell each other by: that the database changed.
#[derive(Default)]
pub(super) struct Channel {
    ears: RefCell<Vec<Weak<Cell<bool>>>>,
    /// How many writes all have been told of.
    told: Cell<u64>,
}

/// The app's listeners.
pub(super) struct Heard {
    events: RefCell<Vec<Value>>,
    takes: Rc<Cell<bool>>,
}

impl Heard {
    pub(super) fn note(&self, kind: &str, detail: Value) {
        self.events.borrow_mut().push(json!({ "type": kind, "detail": detail }));
    }

    pub(super) fn so_far(&self) -> Vec<Value> {
        self.events.borrow().clone()
    }
}

impl Listener for Heard {
    fn offline_status_change(&self, status: OfflineStatusJson) {
        self.note("offlinestatuschange", to_json(&status));
    }

    fn forward_payment_intent(&self, forwarded: ForwardedJson) -> Acknowledgement {
        self.note("forwardpaymentintent", to_json(&forwarded));
        Box::pin(std::future::ready(self.takes.get()))
    }

    fn forwarding_error(&self, error: ErrorJson) {
        self.note("forwardingerror", to_json(&error));
    }
}

/// What the terminal asks of its tab.
#[derive(Default)]
struct Wishes {
    pass: Cell<Option<Mode>>,
    probe_in_ms: Cell<Option<u64>>,
    offline: Cell<bool>,
}

impl Context for Wishes {
    fn forward_soon(&self) {
        if !self.offline.get() && self.pass.get().is_none() {
            self.pass.set(Some(Mode::Due));
        }
    }

    fn network_reaction(&self, reaction: Reaction, status: NetworkStatus) {
        self.offline.set(status == NetworkStatus::Offline);
        self.probe_in_ms.set(Some(reaction.probe_in_ms));
        if reaction.changed && status == NetworkStatus::Online {
            self.pass.set(Some(Mode::All));
        }
    }
}

pub(super) struct Tab {
    pub(super) api: Api<Native, NativeReader>,
    pub(super) heard: Rc<Heard>,
    pub(super) wire: Rc<Wire>,
    wishes: Rc<Wishes>,
    pass_due_ms: Cell<Option<u64>>,
    probe_due_ms: Cell<u64>,
    removal_due_ms: Cell<u64>,
    look_due_ms: Cell<Option<u64>>,
    others_changed: Rc<Cell<bool>>,
    world: Rc<World>,
    delivers: bool,
}

impl Tab {
    /// `delivers`: of several tabs one tells the app what became of payments.
    pub(super) async fn open(
        world: &Rc<World>,
        wire: Rc<Wire>,
        listens: bool,
        delivers: bool,
    ) -> anyhow::Result<Self> {
        let journal = Journal::new(world.store.clone(), world.vault.clone());
        let kept = journal.setting(SESSION_SETTING).await?.and_then(|bytes| session_from_bytes(&bytes));
        let gateway = Remote { server: Rc::clone(&world.server), session: Rc::new(RefCell::new(kept)) };
        let terminal = Terminal::open(journal, gateway, world.clock.clone(), world.entropy.clone()).await?;
        let terminal = Rc::new(terminal);
        let wishes = Rc::new(Wishes::default());
        terminal.set_context(wishes.clone());
        let heard = Rc::new(Heard { events: RefCell::default(), takes: world.app_takes.clone() });
        let api = Api::new(terminal);
        if listens {
            api.listen(heard.clone());
        }
        // As a page that was loaded: it asks whether the gateway is there, and forwards what waits.
        wishes.pass.set(Some(Mode::All));
        let now_ms = world.clock.now().0;
        let others_changed = Rc::default();
        world.channel.ears.borrow_mut().push(Rc::downgrade(&others_changed));
        let tab = Tab {
            api,
            heard,
            wire,
            wishes,
            pass_due_ms: Cell::new(None),
            probe_due_ms: Cell::new(now_ms),
            removal_due_ms: Cell::new(now_ms + FIRST_REMOVAL_MS),
            look_due_ms: Cell::new(None),
            others_changed,
            world: Rc::clone(world),
            delivers,
        };
        tab.settle().await?;
        Ok(tab)
    }

    pub(super) const fn world(&self) -> &Rc<World> {
        &self.world
    }

    /// This tab's reader, plugged in.
    pub(super) fn reader(&self) -> NativeReader {
        let heard = Rc::clone(&self.heard);
        self.wire.reader(move || heard.note("readerdisconnect", Value::Null))
    }

    /// The window's own event.
    pub(super) fn browser_says(&self, online: bool) {
        let signal = if online { Signal::BrowserOnline } else { Signal::BrowserOffline };
        self.api.terminal().signal(signal);
    }

    /// `forwardNow`, as a page does it: the pass is this tab's next.
    pub(super) fn forward_now(&self) {
        self.wishes.pass.set(Some(Mode::All));
    }

    fn now_ms(&self) -> u64 {
        self.world.clock.now().0
    }

    /// Does what a page would do by now: probes, passes, removals, events.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        let terminal = self.api.terminal();
        if self.others_changed.replace(false) {
            self.follow_outage().await;
            self.look_at(self.now_ms() + LEFT_TO_OTHERS_MS);
        }
        loop {
            if let Some(in_ms) = self.wishes.probe_in_ms.take() {
                self.probe_due_ms.set(self.now_ms() + in_ms);
            }
            if self.probe_due_ms.get() <= self.now_ms() {
                terminal.probe().await;
                continue;
            }
            if self.look_due_ms.get().is_some_and(|due| due <= self.now_ms()) {
                self.look_due_ms.set(None);
                self.look().await;
                continue;
            }
            let due = self.pass_due_ms.get().is_some_and(|due| due <= self.now_ms());
            let timed = (due && !self.wishes.offline.get()).then_some(Mode::Due);
            let Some(mode) = self.wishes.pass.take().or(timed) else { break };
            let next_ms = self.pass(mode).await;
            self.pass_due_ms.set(next_ms.map(|ms| self.now_ms() + ms));
        }
        if self.removal_due_ms.get() <= self.now_ms() {
            self.removal_due_ms.set(self.now_ms() + REMOVE_EVERY_MS);
            terminal.remove_finished().await.ok();
        }
        terminal.announce_status().await.ok();
        if self.delivers {
            terminal.deliver_events().await.ok();
        } else {
            terminal.acknowledge_returned().await.ok();
        }
        self.tell_others();
        Ok(())
    }

    /// Tells the other tabs that something was written, where it was.
    pub(super) fn tell_others(&self) {
        let (channel, writes) = (&self.world.channel, self.world.store.writes());
        if channel.told.replace(writes) == writes {
            return;
        }
        for ear in channel.ears.borrow().iter().filter_map(Weak::upgrade) {
            if !Rc::ptr_eq(&ear, &self.others_changed) {
                ear.set(true);
            }
        }
    }

    /// An outage that another tab began or ended.
    async fn follow_outage(&self) {
        if self.api.terminal().follow_simulated_offline_mode().await.unwrap_or(false) {
            self.wishes.probe_in_ms.set(Some(0));
        }
    }

    fn look_at(&self, at_ms: u64) {
        let planned = self.look_due_ms.get();
        self.look_due_ms.set(Some(planned.map_or(at_ms, |planned| planned.min(at_ms))));
    }

    /// Looks after what other tabs stored.
    async fn look(&self) {
        match watch(self.api.terminal().journal(), self.world.clock.now()).await {
            Ok(Watch::Forward) if !self.wishes.offline.get() && self.wishes.pass.get().is_none() => {
                self.wishes.pass.set(Some(Mode::Due));
            }
            Ok(Watch::LookAgain(at)) => self.look_at(at.0),
            _ => {}
        }
    }

    /// A pass, where this tab may make one; when the next is due, milliseconds from now.
    async fn pass(&self, mode: Mode) -> Option<u64> {
        self.follow_outage().await;
        let terminal = self.api.terminal();
        let holds_lock = !self.world.frozen.get();
        // What is overdue says that whoever holds the lock is frozen.
        if !holds_lock && !is_overdue(terminal.journal(), self.world.clock.now()).await.unwrap_or(false) {
            return Some(RETRY_MS);
        }
        match terminal.forward(mode, holds_lock).await {
            Ok(drained) => drained.next_pass_ms,
            Err(error) => {
                terminal.announce_forwarding_error(&error);
                Some(RETRY_MS)
            }
        }
    }
}
