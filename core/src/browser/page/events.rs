//! What the app is told: the status after each change, and each finished payment once, by one tab.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use super::{Page, call_all};
use crate::browser::BrowserClock;
use crate::browser::locks::{Acquired, EVENTS_LOCK, LockGuard, LockMode, acquire};
use crate::ports::{Clock as _, Reader};

/// Between two refreshes, milliseconds: a pass commits many times in a second.
const REFRESH_EVERY_MS: u64 = 50;
/// A tab that holds the lock and has not delivered an event for so long is taken for frozen, or for one that is gone and
/// whose lock the browser still keeps. An app that takes longer to acknowledge may be told by another tab too.
const DELIVERED_WITHIN_MS: u64 = 10_000;

impl<R: Reader + 'static> Page<R> {
    /// From here on `Shared::refresh` works.
    pub(super) fn start_refreshing(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        self.shared.refresh.replace(Some(Rc::new(move || {
            let Some(this) = this.upgrade() else { return };
            this.shared.refresh_wanted.set(true);
            if !this.shared.refreshing.replace(true) {
                spawn_local(async move { this.refresh_until_quiet().await });
            }
        })));
    }

    /// One refresh at a time.
    async fn refresh_until_quiet(self: &Rc<Self>) {
        while self.shared.refresh_wanted.replace(false) {
            if self.shared.others_changed.replace(false) {
                self.follow_others().await;
            }
            // Each of these fails when the database does; the till then shows what it last knew, and the next change
            // or probe refreshes again.
            self.terminal.announce_status().await.ok();
            if self.connection.newer_version().is_none() {
                if self.delivers.get() {
                    self.deliver();
                } else {
                    self.terminal.acknowledge_returned().await.ok();
                    self.watch_deliverer();
                }
            }
            call_all(&self.shared.listeners);
            BrowserClock.sleep_ms(REFRESH_EVERY_MS).await;
        }
        self.shared.refreshing.set(false);
    }

    /// Delivers beside the refreshing, which an app that takes its time with an event must not hold up. One delivery at a
    /// time: an event is never delivered by two at once.
    fn deliver(self: &Rc<Self>) {
        self.shared.delivery_wanted.set(true);
        if self.shared.delivering.replace(true) {
            return;
        }
        let this = Rc::clone(self);
        spawn_local(async move {
            while this.shared.delivery_wanted.replace(false) && !this.stopped.get() {
                // Fails when the database does; the next change or probe tries again.
                this.terminal.deliver_events().await.ok();
            }
            this.shared.delivering.set(false);
        });
    }

    /// Waits its turn to be the tab that delivers, and again whenever it lost it.
    pub(super) fn start_delivering(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        let lock = self.lock(EVENTS_LOCK);
        spawn_local(async move {
            loop {
                let acquired = acquire(&lock, LockMode::Wait).await;
                let Some(page) = this.upgrade() else { return };
                match acquired {
                    Acquired::Held(guard) => page.deliver_while(guard).await,
                    // Without locks every tab delivers: each event at least once.
                    Acquired::Taken | Acquired::Unsupported => return page.set_delivers(true),
                }
                if page.stopped.get() {
                    return;
                }
            }
        });
    }

    /// Delivers until the lock is lost: stolen, or let go of when the page stops.
    async fn deliver_while(&self, guard: LockGuard) {
        if self.stopped.get() {
            return;
        }
        let lost = guard.lost();
        self.deliverer.replace(Some(guard));
        self.set_delivers(true);
        lost.await;
        self.set_delivers(false);
    }

    fn set_delivers(&self, delivers: bool) {
        self.delivers.set(delivers);
        self.shared.refresh();
    }

    /// When events stay undelivered for long, the tab that should deliver them is frozen: this one takes its place.
    fn watch_deliverer(self: &Rc<Self>) {
        if self.steal_planned.replace(true) {
            return;
        }
        let this = Rc::clone(self);
        spawn_local(async move {
            if matches!(this.terminal.has_undelivered().await, Ok(true)) {
                BrowserClock.sleep_ms(DELIVERED_WITHIN_MS).await;
                if !this.stopped.get()
                    && !this.delivers.get()
                    && matches!(this.terminal.has_undelivered().await, Ok(true))
                {
                    this.deliver_instead().await;
                }
            }
            this.steal_planned.set(false);
        });
    }

    async fn deliver_instead(self: &Rc<Self>) {
        if let Acquired::Held(guard) = acquire(&self.lock(EVENTS_LOCK), LockMode::Steal).await {
            let this = Rc::clone(self);
            spawn_local(async move { this.deliver_while(guard).await });
        }
    }
}
