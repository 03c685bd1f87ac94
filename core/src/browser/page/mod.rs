//! The page: a terminal with everything a browser tab adds to it.

mod events;
mod network;
mod others;
mod passes;
mod updates;
mod upkeep;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::callback::{Interval, Timeout};
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::ServiceWorkerRegistration;

use super::channel::{Channel, Message};
use super::device::{Endpoints, device_id, kept_session};
use super::js::{get, object, whole, within};
use super::listener::Listener;
use super::locks::{LockGuard, scoped};
use super::pass::Passes;
use super::store::{DATABASE, migrations::STEPS};
use super::worker_client::{CONFIGURE, WorkerClient};
use super::{
    Browser, BrowserClock, BrowserEntropy, Connection, FetchGateway, IndexedDbStore, WebCryptoVault,
};
use crate::error::TerminalError;
use crate::journal::Journal;
use crate::network::{Reaction, Signal};
use crate::offline::NetworkStatus;
use crate::ports::{Reader, StoreError};
use crate::terminal::{Context, Terminal};
use crate::time::TimestampMs;

/// What the browser says of its storage is not waited for longer, milliseconds.
const STORAGE_MS_MAX: u64 = 1_000;

/// Where the page finds its servers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageConfig {
    /// The gateway's base URL without a slash at its end; empty for the page's own origin.
    pub gateway_url: String,
    /// Where the app gives out connection tokens (POST), such as `/demo/connection_token`.
    pub connection_token_url: String,
    /// A function of the app in place of that address; see `FetchGateway::with_token_provider`.
    pub token_provider: Option<Function>,
    /// The till's own service worker, `./sw.js`: the page registers it, looks for new versions of it, and reloads when
    /// one has taken over. `None` to do without one, or with the app's: see [`Page::adopt_worker`].
    pub worker_url: Option<String>,
    /// The name of a database of its own; `None` for the origin's usual one. The worker knows only that one: payments in
    /// another are forwarded by pages alone.
    pub database: Option<String>,
}

/// What the browser says about the storage it gives the till.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StorageHealth {
    /// Whether the browser promised not to evict it; `None` when it does not say.
    pub persisted: Option<bool>,
    /// Bytes used.
    pub usage: Option<u64>,
    /// Bytes that may be used.
    pub quota: Option<u64>,
}

/// A tab with a till in it: probes the gateway, forwards (in the worker where there is one), delivers events, and
/// keeps new versions waiting while a payment is open.
pub struct Page<R> {
    terminal: Rc<Terminal<Browser, R>>,
    config: PageConfig,
    connection: Rc<Connection>,
    shared: Rc<Shared>,
    worker: Rc<WorkerClient>,
    passes: Passes,
    pass_timer: RefCell<Option<Timeout>>,
    probe_timer: RefCell<Option<Timeout>>,
    /// When this page looks after what others stored.
    look_planned: RefCell<Option<(TimestampMs, Timeout)>>,
    probes_started: Cell<u64>,
    delivers: Cell<bool>,
    steal_planned: Cell<bool>,
    /// Held while this page is the one that delivers events.
    deliverer: RefCell<Option<LockGuard>>,
    listeners: RefCell<Vec<Listener>>,
    update_timer: RefCell<Option<Interval>>,
    stopped: Cell<bool>,
}

/// What the page's parts tell each other without holding the page.
#[derive(Default)]
struct Shared {
    database: String,
    channel: RefCell<Option<Channel>>,
    listeners: RefCell<Vec<Rc<dyn Fn()>>>,
    update_listeners: RefCell<Vec<Rc<dyn Fn()>>>,
    /// Starts a refresh of what the page shows; set by `Page::start`.
    refresh: RefCell<Option<Rc<dyn Fn()>>>,
    refresh_wanted: Cell<bool>,
    refreshing: Cell<bool>,
    /// Another context changed something that is still to be followed.
    others_changed: Cell<bool>,
    delivery_wanted: Cell<bool>,
    delivering: Cell<bool>,
    payment_open: Cell<bool>,
    payment_lock: RefCell<Option<LockGuard>>,
    take_over_wanted: Cell<bool>,
    reload_wanted: Cell<bool>,
}

impl Shared {
    /// A commit of this page is durable.
    fn committed(&self) {
        if let Some(channel) = self.channel.borrow().as_ref() {
            channel.send(&Message::Changed);
        }
        self.refresh();
    }

    /// Another context did, or may have.
    fn others_changed(&self) {
        self.others_changed.set(true);
        self.refresh();
    }

    fn refresh(&self) {
        let refresh = self.refresh.borrow().clone();
        if let Some(refresh) = refresh {
            refresh();
        }
    }
}

/// Calls every listener; none is borrowed meanwhile, so a listener may add another.
fn call_all(listeners: &RefCell<Vec<Rc<dyn Fn()>>>) {
    let listeners = listeners.borrow().clone();
    for listener in listeners {
        listener();
    }
}

impl<R: Reader + 'static> Page<R> {
    /// Opens the database and the terminal over it, with the session kept from the last time online. Needs no
    /// network.
    ///
    /// # Errors
    /// `storage_unavailable` when the database cannot be opened or read.
    pub async fn open(config: PageConfig) -> Result<Rc<Self>, TerminalError> {
        let database = config.database.clone().unwrap_or_else(|| DATABASE.to_owned());
        let connection = Connection::open_as(&database, STEPS).await?;
        let channel = RefCell::new(Some(Channel::open(&database)));
        let shared = Rc::new(Shared { database, channel, ..Shared::default() });
        let on_commit: Rc<dyn Fn()> = {
            let shared = Rc::clone(&shared);
            // Whoever waits for the commit hears of it before all others do.
            Rc::new(move || {
                let shared = Rc::clone(&shared);
                Timeout::new(0, move || shared.committed()).forget();
            })
        };
        let store = IndexedDbStore::new(Rc::clone(&connection), on_commit);
        let journal = Journal::new(store, WebCryptoVault::new(Rc::clone(&connection)));
        let endpoints = Endpoints {
            gateway_url: config.gateway_url.clone(),
            connection_token_url: config.connection_token_url.clone(),
        };
        // A till that cannot keep these still sells; only an unusable database stops it, and that shows below.
        endpoints.keep(&journal).await.ok();
        let device_id = device_id(&journal).await.unwrap_or_default();
        let gateway = FetchGateway::new(endpoints, device_id, kept_session(&journal).await)
            .with_token_provider(config.token_provider.clone());
        let terminal = Rc::new(Terminal::open(journal, gateway, BrowserClock, BrowserEntropy).await?);
        let worker = {
            let ready = Rc::clone(&shared);
            let taken = Rc::clone(&shared);
            WorkerClient::new(
                Rc::new(move || call_all(&ready.update_listeners)),
                Rc::new(move || taken.reload_when_free()),
            )
        };
        Ok(Rc::new(Page {
            terminal,
            config,
            connection,
            shared,
            worker,
            passes: Passes::default(),
            pass_timer: RefCell::new(None),
            probe_timer: RefCell::new(None),
            look_planned: RefCell::new(None),
            probes_started: Cell::new(0),
            delivers: Cell::new(false),
            steal_planned: Cell::new(false),
            deliverer: RefCell::new(None),
            listeners: RefCell::default(),
            update_timer: RefCell::new(None),
            stopped: Cell::new(false),
        }))
    }

    /// The terminal.
    pub const fn terminal(&self) -> &Rc<Terminal<Browser, R>> {
        &self.terminal
    }

    /// Starts probes, listeners, the worker, a first pass and the delivery of events. Call it once, after
    /// `terminal().set_offline_delegate`.
    pub fn start(self: &Rc<Self>) {
        self.terminal.set_context(Rc::new(PageContext(Rc::downgrade(self))));
        self.start_refreshing();
        self.listen_to_others();
        self.listen_to_browser();
        self.start_delivering();
        self.start_worker();
        self.request_persistence();
        self.start_removing();
        self.probe_now();
        self.request_pass(crate::forwarder::Mode::All);
        self.shared.refresh();
    }

    /// Ends all that the page does by itself: probes, passes, listeners, the delivery of events. Calls of the terminal
    /// that are under way go on to their end, so that what they learn is written down.
    pub fn stop(&self) {
        self.stopped.set(true);
        self.probe_timer.take();
        self.pass_timer.take();
        self.look_planned.take();
        self.update_timer.take();
        self.listeners.take();
        self.deliverer.take();
        self.worker.leave();
        self.shared.refresh.take();
        self.shared.listeners.take();
        self.shared.update_listeners.take();
        self.shared.payment_open.set(false);
        self.shared.payment_lock.take();
    }

    /// Stops, waits for a pass that runs here, and closes the database and the channel. Call it once no call of the
    /// terminal is under way; the page is of no use afterwards.
    pub async fn close(&self) {
        self.stop();
        self.passes.idle().await;
        self.shared.channel.take();
        self.connection.close();
    }

    /// Uses a service worker that the app registered, to forward in: one that has called `forwardPayments`. Its new
    /// versions are the app's business.
    pub fn adopt_worker(&self, registration: ServiceWorkerRegistration) {
        if self.config.database.is_none() && !self.stopped.get() {
            self.worker.adopt(registration, &self.worker_endpoints());
        }
    }

    /// Reads again what is shown, tells the app how things stand and delivers what waits.
    pub fn refresh(&self) {
        self.shared.refresh();
    }

    /// A person asked to forward: everything stored, whatever it waits for.
    pub fn forward_now(self: &Rc<Self>) {
        self.request_pass(crate::forwarder::Mode::All);
    }

    /// Adds a listener for changes of the journal, made here or in another context, and of the network status.
    pub fn on_change(&self, listener: Rc<dyn Fn()>) {
        self.shared.listeners.borrow_mut().push(listener);
    }

    /// Why nothing can be written, when a newer version of the till wrote the database.
    pub fn read_only(&self) -> Option<String> {
        self.connection.newer_version().map(|found| StoreError::NewerVersion { found }.to_string())
    }

    /// What the browser says of the storage. What it does not say within a second stays `None`.
    pub async fn storage(&self) -> StorageHealth {
        let storage = get(&get(&js_sys::global(), "navigator"), "storage");
        let persisted = answer(&storage, "persisted").await.and_then(|answer| answer.as_bool());
        let estimate = answer(&storage, "estimate").await.unwrap_or(JsValue::UNDEFINED);
        StorageHealth { persisted, usage: whole(&estimate, "usage"), quota: whole(&estimate, "quota") }
    }

    /// Asks the browser not to evict the till's data. Some ask the person and take their time: not waited for.
    fn request_persistence(&self) {
        spawn_local(async {
            let storage = get(&get(&js_sys::global(), "navigator"), "storage");
            answer(&storage, "persist").await;
        });
    }

    fn listen_to_others(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        if let Some(channel) = self.shared.channel.borrow().as_ref() {
            channel.listen(move |message| {
                if let Some(this) = Weak::upgrade(&this) {
                    this.heard(message);
                }
            });
        }
        let shared = Rc::clone(&self.shared);
        self.connection.on_version_change(Rc::new(move || {
            call_all(&shared.update_listeners);
            shared.refresh();
        }));
    }

    fn heard(&self, message: Message) {
        match message {
            Message::Changed => self.shared.others_changed(),
            Message::NetworkFailed => self.terminal.signal(Signal::RequestFailed),
            Message::ForwardingError { code, message } => {
                let code = crate::error::ErrorCode::from_name(&code);
                let code = code.unwrap_or(crate::error::ErrorCode::ApiError);
                self.terminal.announce_forwarding_error(&TerminalError::new(code, message));
            }
        }
    }

    fn start_worker(self: &Rc<Self>) {
        let Some(url) = self.config.worker_url.clone() else { return };
        let worker = Rc::clone(&self.worker);
        let endpoints = self.worker_endpoints();
        spawn_local(async move { worker.register(&url, endpoints).await });
        self.look_for_updates();
    }

    fn worker_endpoints(&self) -> JsValue {
        object(&[
            ("type", CONFIGURE.into()),
            ("gatewayUrl", self.config.gateway_url.as_str().into()),
            ("connectionTokenUrl", self.config.connection_token_url.as_str().into()),
        ])
    }

    /// The lock's name for this page's database.
    fn lock(&self, name: &str) -> String {
        scoped(name, &self.shared.database)
    }
}

impl<R> Drop for Page<R> {
    /// A call that was under way when the page was closed opens the database again.
    fn drop(&mut self) {
        self.connection.close();
    }
}

/// What the terminal asks of the page.
struct PageContext<R>(Weak<Page<R>>);

impl<R: Reader + 'static> Context for PageContext<R> {
    fn forward_soon(&self) {
        let page = Weak::clone(&self.0);
        // The caller has a person waiting for "stored".
        Timeout::new(0, move || {
            if let Some(page) = page.upgrade() {
                page.forward_soon();
            }
        })
        .forget();
    }

    fn network_reaction(&self, reaction: Reaction, status: NetworkStatus) {
        if let Some(page) = self.0.upgrade() {
            page.react(reaction, status);
        }
    }
}

/// What a method of `navigator.storage` answers; `None` when there is no such method, or no answer in time.
async fn answer(storage: &JsValue, method: &str) -> Option<JsValue> {
    let function: js_sys::Function = get(storage, method).dyn_into().ok()?;
    let promise = function.call0(storage).ok()?;
    within(STORAGE_MS_MAX, JsFuture::from(Promise::from(promise))).await?.ok()
}
