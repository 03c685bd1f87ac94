//! Forwarding passes: in the worker where one answers, else here.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;

use super::Page;
use crate::browser::clock::timeout_ms;
use crate::browser::pass::leave_to_forward;
use crate::browser::worker_client::{Done, Handed};
use crate::forwarder::Mode;
use crate::offline::NetworkStatus;
use crate::ports::Reader;
use crate::simulated_offline::SimulatedOfflineMode;

/// While another context forwards, or the journal fails, this long until the next try.
const RETRY_MS: u64 = 5_000;
/// A worker may be ended in the middle of a pass: unless it says when the next is due, this long until the next.
const WORKER_SILENT_MS: u64 = 30_000;

impl<R: Reader + 'static> Page<R> {
    /// A payment was stored. Without a connection the probe that finds it again starts the pass.
    pub(super) fn forward_soon(self: &Rc<Self>) {
        self.worker.register_sync();
        if self.terminal.network_status() != NetworkStatus::Offline {
            self.request_pass(Mode::Due);
        }
    }

    /// Starts a pass, or one more after the one that runs.
    pub(super) fn request_pass(self: &Rc<Self>, mode: Mode) {
        if self.stopped.get() || self.connection.newer_version().is_some() {
            return;
        }
        let this = Rc::clone(self);
        spawn_local(async move {
            this.passes.run(mode, async |mode| this.pass(mode).await).await;
        });
    }

    async fn pass(self: &Rc<Self>, mode: Mode) {
        self.follow_outage().await;
        if self.terminal.simulated_offline_mode() != SimulatedOfflineMode::Off {
            // The worker's requests would go through.
            return self.plan_pass(self.pass_here(mode).await);
        }
        let page = Rc::downgrade(self);
        let handed = self.worker.drain(mode, move |done| {
            let Some(page) = page.upgrade() else { return };
            match done {
                Done::NextPass(in_ms) => page.plan_pass(in_ms),
                // What the worker cannot do the page may be able to.
                Done::Failed => spawn_local(async move {
                    let pass = async |mode| page.plan_pass(page.pass_here(mode).await);
                    page.passes.run(mode, pass).await;
                }),
            }
        });
        let next_pass_ms = match handed.await {
            Handed::Started => Some(WORKER_SILENT_MS),
            Handed::NoWorker => self.pass_here(mode).await,
        };
        self.plan_pass(next_pass_ms);
    }

    async fn pass_here(&self, mode: Mode) -> Option<u64> {
        let leave = match leave_to_forward(self.terminal.journal()).await {
            Ok(Some(leave)) => leave,
            Ok(None) | Err(_) => return Some(RETRY_MS),
        };
        match self.terminal.forward(mode, leave.holds_lock()).await {
            Ok(drained) => drained.next_pass_ms,
            Err(error) => {
                self.terminal.announce_forwarding_error(&error);
                Some(RETRY_MS)
            }
        }
    }

    /// Plans the next pass in place of the one planned. Offline it is left out: the connection's return starts one.
    fn plan_pass(self: &Rc<Self>, in_ms: Option<u64>) {
        let timer = in_ms.filter(|_| !self.stopped.get()).map(|ms| {
            let this = Rc::downgrade(self);
            Timeout::new(timeout_ms(ms), move || {
                let Some(this) = this.upgrade() else { return };
                if this.terminal.network_status() != NetworkStatus::Offline {
                    this.request_pass(Mode::Due);
                }
            })
        });
        self.pass_timer.replace(timer);
    }
}
