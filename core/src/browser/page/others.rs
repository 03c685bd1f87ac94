//! What other contexts of the same database do: an outage that one of them began, payments that one of them stored.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;

use super::Page;
use crate::browser::BrowserClock;
use crate::browser::clock::timeout_ms;
use crate::forwarder::{LEFT_TO_OTHERS_MS, Mode, Watch, watch};
use crate::offline::NetworkStatus;
use crate::ports::{Clock as _, Reader};
use crate::time::TimestampMs;

impl<R: Reader + 'static> Page<R> {
    /// Another context changed something.
    pub(super) async fn follow_others(self: &Rc<Self>) {
        self.follow_outage().await;
        // It forwards what it stored, as long as it is there.
        self.look_at(BrowserClock.now().plus_ms(LEFT_TO_OTHERS_MS));
    }

    /// An outage that another tab began or ended is this one's too, and its status follows at once.
    pub(super) async fn follow_outage(self: &Rc<Self>) {
        // A setting that cannot be read now is read again with the next change, or before the next pass.
        if matches!(self.terminal.follow_simulated_offline_mode().await, Ok(true)) {
            self.probe_now();
        }
    }

    /// Plans a look at the queue, unless an earlier one is planned.
    fn look_at(self: &Rc<Self>, at: TimestampMs) {
        let planned = self.look_planned.borrow().as_ref().map(|(at, _)| *at);
        if self.stopped.get() || planned.is_some_and(|planned| planned <= at) {
            return;
        }
        let this = Rc::downgrade(self);
        let timer = Timeout::new(timeout_ms(BrowserClock.now().ms_until(at)), move || {
            let Some(this) = this.upgrade() else { return };
            spawn_local(async move {
                this.look_planned.take();
                this.look().await;
            });
        });
        self.look_planned.replace(Some((at, timer)));
    }

    /// Without a connection nothing is asked for: its return starts a pass over all that waits.
    async fn look(self: &Rc<Self>) {
        // A queue that cannot be read now is looked at again with the next change.
        match watch(self.terminal.journal(), BrowserClock.now()).await {
            Ok(Watch::Forward) if self.terminal.network_status() != NetworkStatus::Offline => {
                self.request_pass(Mode::Due);
            }
            Ok(Watch::LookAgain(at)) => self.look_at(at),
            _ => {}
        }
    }
}
