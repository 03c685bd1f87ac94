//! New versions of the till: told, and let in only while no payment is open in any tab.

use std::rc::Rc;

use gloo_timers::callback::Interval;
use wasm_bindgen_futures::spawn_local;

use super::{Page, Shared};
use crate::browser::locks::{Acquired, LockMode, PAYMENT_LOCK, acquire, scoped};
use crate::ports::Reader;

/// How often the browser is asked to look for a new version, milliseconds: a till stays open for days.
const LOOK_EVERY_MS: u32 = 60 * 60 * 1000;

impl<R: Reader + 'static> Page<R> {
    /// Says whether a payment is open, from its creation until the person closes it. While one is, in any tab, no new
    /// version takes over.
    pub fn set_payment_open(&self, open: bool) {
        let shared = &self.shared;
        if shared.payment_open.replace(open) == open {
            return;
        }
        if open {
            let shared = Rc::clone(shared);
            spawn_local(async move { shared.hold_payment_lock().await });
            return;
        }
        shared.payment_lock.take();
        if shared.reload_wanted.get() {
            reload();
        } else if shared.take_over_wanted.get() {
            self.worker.take_over();
        }
    }

    /// Adds a listener for a new version that waits.
    pub fn on_update_ready(&self, listener: Rc<dyn Fn()>) {
        self.shared.update_listeners.borrow_mut().push(Rc::clone(&listener));
        if self.worker.update_waits() {
            listener();
        }
    }

    /// Lets the new version take over and reloads; with a payment open, as soon as it is closed. Does nothing when
    /// another tab has one open.
    pub fn apply_update(&self) {
        self.shared.take_over_wanted.set(true);
        if !self.shared.payment_open.get() {
            self.worker.take_over();
        }
    }

    pub(super) fn look_for_updates(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        let timer = Interval::new(LOOK_EVERY_MS, move || {
            if let Some(this) = this.upgrade() {
                this.worker.look_for_update();
            }
        });
        self.update_timer.replace(Some(timer));
    }
}

impl Shared {
    async fn hold_payment_lock(&self) {
        if let Acquired::Held(guard) = acquire(&scoped(PAYMENT_LOCK, &self.database), LockMode::Shared).await
            && self.payment_open.get()
        {
            self.payment_lock.replace(Some(guard));
        }
    }

    /// A new version has taken over: this page's files are of the old one.
    pub(super) fn reload_when_free(&self) {
        match self.payment_open.get() {
            true => self.reload_wanted.set(true),
            false => reload(),
        }
    }
}

fn reload() {
    if let Some(window) = web_sys::window() {
        window.location().reload().ok();
    }
}
