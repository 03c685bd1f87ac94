//! Probes: one at once when something happened, the next when the monitor says; and what the browser says itself.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use web_sys::EventTarget;

use super::Page;
use crate::browser::BrowserEntropy;
use crate::browser::clock::timeout_ms;
use crate::browser::js::text;
use crate::browser::listener::Listener;
use crate::forwarder::Mode;
use crate::network::{Reaction, Signal, answers};
use crate::offline::NetworkStatus;
use crate::ports::Reader;

impl<R: Reader + 'static> Page<R> {
    /// The monitor reacted: plans its next probe, tells the app, and forwards when the connection came back.
    pub(super) fn react(self: &Rc<Self>, reaction: Reaction, status: NetworkStatus) {
        if self.stopped.get() {
            return;
        }
        let this = Rc::downgrade(self);
        let timer = Timeout::new(timeout_ms(reaction.probe_in_ms), move || {
            if let Some(this) = this.upgrade() {
                this.probe_now();
            }
        });
        self.probe_timer.replace(Some(timer));
        // Also without a change: an event whose delivery failed is tried again here.
        self.shared.refresh();
        if reaction.changed && status == NetworkStatus::Online {
            self.request_pass(Mode::All);
        }
    }

    /// Probes. Only the failure of the newest probe counts: one that was sent before the connection came back may
    /// fail after a later one succeeded.
    pub(super) fn probe_now(self: &Rc<Self>) {
        let number = self.probes_started.get().wrapping_add(1);
        self.probes_started.set(number);
        let this = Rc::clone(self);
        spawn_local(async move {
            if answers(this.terminal.gateway(), &BrowserEntropy).await {
                this.terminal.signal(Signal::ProbeAnswered);
            } else if this.probes_started.get() == number {
                this.terminal.signal(Signal::ProbeFailed);
            }
        });
    }

    /// The window's and the document's own hints.
    pub(super) fn listen_to_browser(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        self.on(&window, "online", |page| page.terminal.signal(Signal::BrowserOnline));
        self.on(&window, "offline", |page| page.terminal.signal(Signal::BrowserOffline));
        self.on(&window, "pageshow", Self::woken);
        if let Some(document) = window.document() {
            self.on(&document, "visibilitychange", |page| {
                let state = web_sys::window().and_then(|window| window.document());
                let state = state.and_then(|document| text(&document, "visibilityState"));
                if state.as_deref() == Some("visible") {
                    page.woken();
                }
            });
        }
    }

    /// Visible again, or back from sleep: what was known of the network is old, and so is what is shown.
    fn woken(self: &Rc<Self>) {
        self.terminal.signal(Signal::Woken);
        self.shared.others_changed();
        if self.terminal.network_status() == NetworkStatus::Online {
            self.request_pass(Mode::Due);
        }
    }

    fn on(self: &Rc<Self>, target: &EventTarget, event: &'static str, heard: fn(&Rc<Self>)) {
        let this = Rc::downgrade(self);
        let listener = Listener::new(target, event, move || {
            if let Some(this) = this.upgrade() {
                heard(&this);
            }
        });
        self.listeners.borrow_mut().push(listener);
    }
}
