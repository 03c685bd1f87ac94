//! The page's side of the service worker: registration, messages, new versions.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use futures::StreamExt as _;
use futures::channel::mpsc;
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    EventTarget, MessageChannel, MessageEvent, ServiceWorker, ServiceWorkerContainer,
    ServiceWorkerRegistration, ServiceWorkerState,
};

use super::js::{get, object, text, whole, within};
use super::listener::Listener;
use crate::forwarder::Mode;

/// The tag of the Background Sync that forwards.
pub(super) const SYNC_TAG: &str = "tillandsia-forward";
/// The message that tells the worker where the servers are.
pub(super) const CONFIGURE: &str = "tillandsia-configure";
/// When to ask again after a pass that did not run or failed, milliseconds.
const AGAIN_MS: u64 = 5_000;
/// A worker that has not started a pass after this long (its module loads first) is taken for one that will not.
const STARTED_MS_MAX: u64 = 1_000;
/// A worker lives minutes at most: after this long its answer is no longer waited for.
const DONE_MS_MAX: u64 = 300_000;

/// What became of asking the worker for a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    /// It runs there; the answer comes to the listener.
    Started,
    /// There is no worker, or it does not answer: run it here.
    NoWorker,
}

/// How a pass in the worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// In order; when the next is due, milliseconds from now.
    NextPass(Option<u64>),
    /// It could not be made there.
    Failed,
}

/// The service worker, as far as this browser has one.
pub(super) struct WorkerClient {
    container: Option<ServiceWorkerContainer>,
    registration: RefCell<Option<ServiceWorkerRegistration>>,
    /// Whether the page was under a worker's control before: the next change of controller is then a new version.
    controlled: Cell<bool>,
    listeners: RefCell<Vec<Listener>>,
    on_update_ready: Rc<dyn Fn()>,
    on_taken_over: Rc<dyn Fn()>,
}

impl WorkerClient {
    /// Nothing happens until `register`. `on_update_ready`: a new version waits. `on_taken_over`: it has taken over
    /// and the page has to reload.
    pub(super) fn new(on_update_ready: Rc<dyn Fn()>, on_taken_over: Rc<dyn Fn()>) -> Rc<Self> {
        let container = get(&get(&js_sys::global(), "navigator"), "serviceWorker").dyn_into().ok();
        Rc::new(WorkerClient {
            container,
            registration: RefCell::new(None),
            controlled: Cell::new(false),
            listeners: RefCell::default(),
            on_update_ready,
            on_taken_over,
        })
    }

    /// Registers the script and watches for new versions. `endpoints` is told to whatever worker there is.
    pub(super) async fn register(self: &Rc<Self>, url: &str, endpoints: JsValue) {
        let Some(container) = self.container.clone() else { return };
        self.controlled.set(container.controller().is_some());
        self.watch_controller(&container);
        let options = object(&[("type", "module".into()), ("updateViaCache", "none".into())]);
        let Some(promise) = call(&container, "register", &[url.into(), options]) else { return };
        let Ok(registration) = JsFuture::from(Promise::from(promise)).await else { return };
        let registration: ServiceWorkerRegistration = registration.unchecked_into();
        self.adopt(registration.clone(), &endpoints);
        self.watch_updates(&registration);
    }

    /// Uses a worker that is registered, and tells it `endpoints`.
    pub(super) fn adopt(&self, registration: ServiceWorkerRegistration, endpoints: &JsValue) {
        if let Some(active) = registration.active() {
            active.post_message(endpoints).ok();
        }
        self.registration.replace(Some(registration));
    }

    /// Forgets the worker and watches nothing any more; the worker itself stays.
    pub(super) fn leave(&self) {
        self.listeners.take();
        self.registration.take();
    }

    /// Asks the browser to look for a new version.
    pub(super) fn look_for_update(&self) {
        if let Some(registration) = self.registration.borrow().as_ref() {
            ignore(call(registration, "update", &[]));
        }
    }

    /// Whether a new version waits to take over.
    pub(super) fn update_waits(&self) -> bool {
        self.waiting().is_some()
    }

    /// Lets the waiting version take over; it does so only while no tab has a payment open and nobody forwards.
    pub(super) fn take_over(&self) {
        if let Some(waiting) = self.waiting() {
            waiting.post_message(&object(&[("type", "skip-waiting".into())])).ok();
        }
    }

    /// Has the worker called when the connection comes back, even when this page is gone by then; Chromium only.
    pub(super) fn register_sync(&self) {
        if let Some(registration) = self.registration.borrow().as_ref() {
            let sync = get(registration, "sync");
            if !sync.is_undefined() {
                ignore(call(&sync, "register", &[SYNC_TAG.into()]));
            }
        }
    }

    /// Asks the worker for a pass. `on_done` hears how it ended, if the worker lives to say so.
    pub(super) async fn drain(&self, mode: Mode, on_done: impl Fn(Done) + 'static) -> Handed {
        let Some(active) = self.active() else { return Handed::NoWorker };
        let Ok(channel) = MessageChannel::new() else { return Handed::NoWorker };
        let (sender, mut answers) = mpsc::unbounded();
        let port = channel.port1();
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            sender.unbounded_send(event.data()).ok();
        });
        port.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let mode = match mode {
            Mode::All => "all",
            Mode::Due => "due",
        };
        let message = object(&[("type", "tillandsia-drain".into()), ("mode", mode.into())]);
        let ports = Array::of1(&channel.port2());
        if active.post_message_with_transferable(&message, &ports).is_err() {
            return Handed::NoWorker;
        }
        let started = within(STARTED_MS_MAX, answers.next()).await.flatten();
        if started.and_then(|answer| text(&answer, "type")).as_deref() != Some("drain-started") {
            port.set_onmessage(None);
            port.close();
            return Handed::NoWorker;
        }
        spawn_local(async move {
            if let Some(done) = within(DONE_MS_MAX, answers.next()).await.flatten() {
                on_done(match text(&done, "type").as_deref() {
                    Some("drain-done") if get(&done, "ran").as_bool() == Some(true) => {
                        Done::NextPass(whole(&done, "nextPassMs"))
                    }
                    // Another context forwards: when the next pass is due is not known. Soon, then.
                    Some("drain-done") => Done::NextPass(Some(AGAIN_MS)),
                    _ => Done::Failed,
                });
            }
            port.set_onmessage(None);
            port.close();
            drop(heard);
        });
        Handed::Started
    }

    fn active(&self) -> Option<ServiceWorker> {
        let active = self.registration.borrow().as_ref()?.active()?;
        (active.state() == ServiceWorkerState::Activated).then_some(active)
    }

    fn waiting(&self) -> Option<ServiceWorker> {
        self.registration.borrow().as_ref()?.waiting()
    }

    fn watch_controller(self: &Rc<Self>, container: &ServiceWorkerContainer) {
        let this = Rc::downgrade(self);
        self.listen(container, "controllerchange", move || {
            let Some(this) = Weak::upgrade(&this) else { return };
            // The first worker ever takes the page under its control; that is no new version.
            if this.controlled.replace(true) {
                (this.on_taken_over)();
            }
        });
    }

    fn watch_updates(self: &Rc<Self>, registration: &ServiceWorkerRegistration) {
        if registration.waiting().is_some() && registration.active().is_some() {
            (self.on_update_ready)();
        }
        let this = Rc::downgrade(self);
        self.listen(registration, "updatefound", move || {
            let Some(this) = Weak::upgrade(&this) else { return };
            let installing = this.registration.borrow().as_ref().and_then(|it| it.installing());
            if let Some(installing) = installing {
                this.watch_installing(&installing);
            }
        });
    }

    fn watch_installing(self: &Rc<Self>, installing: &ServiceWorker) {
        let this = Rc::downgrade(self);
        let worker = installing.clone();
        self.listen(installing, "statechange", move || {
            let Some(this) = Weak::upgrade(&this) else { return };
            let is_update = this.registration.borrow().as_ref().is_some_and(|it| it.active().is_some());
            if worker.state() == ServiceWorkerState::Installed && is_update {
                (this.on_update_ready)();
            }
        });
    }

    fn listen(&self, target: &EventTarget, event: &'static str, heard: impl FnMut() + 'static) {
        self.listeners.borrow_mut().push(Listener::new(target, event, heard));
    }
}

impl std::fmt::Debug for WorkerClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerClient").field("registration", &self.registration).finish_non_exhaustive()
    }
}

/// Calls a method that web-sys does not have in this form; `None` when it is missing or throws.
fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let function: Function = get(object, method).dyn_into().ok()?;
    let arguments: Array = arguments.iter().collect();
    Reflect::apply(&function, object, &arguments).ok()
}

/// Waits for a promise whose outcome changes nothing, so that a refusal is no unhandled error.
fn ignore(promise: Option<JsValue>) {
    if let Some(promise) = promise {
        spawn_local(async move {
            JsFuture::from(Promise::from(promise)).await.ok();
        });
    }
}
