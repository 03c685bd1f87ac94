//! Reading how things stand, whenever something changed; many changes at once are read once.

use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::{GetUntracked, Set, WithUntracked};
use leptos::task::spawn_local;
use tillandsia_core::journal::{Found, PaymentRecord, Select};
use tillandsia_core::offline::NetworkStatus;
use tillandsia_core::ports::Clock;

use super::Shell;
use crate::state::Screen;
use crate::view_models::banner::{OpenOutcome, Standing};
use crate::view_models::reasons::sentence;
use crate::view_models::shop::Shop;

/// Between two readings while changes come without end, milliseconds.
const REFRESH_PAUSE_MS: u32 = 100;
/// How much of the queue is looked at for the oldest stored payment and for open outcomes, which have early deadlines.
const QUEUE_LOOK_MAX: usize = 16;

impl Shell {
    /// Reads how things stand, soon. While a reading runs, at most one more is remembered.
    pub(super) fn refresh(self: &Rc<Self>) {
        if self.refreshing.replace(true) {
            self.refresh_again.set(true);
            return;
        }
        let shell = Rc::clone(self);
        spawn_local(async move {
            loop {
                shell.refresh_again.set(false);
                shell.follow_outage();
                shell.read_standing().await;
                shell.settle_sale().await;
                if shell.state.screen.get_untracked() == Screen::Payments {
                    shell.reload_payments().await;
                }
                shell.reload_receipt().await;
                shell.watch_readiness();
                TimeoutFuture::new(REFRESH_PAUSE_MS).await;
                if !shell.refresh_again.get() {
                    break;
                }
            }
            shell.refreshing.set(false);
        });
    }

    async fn read_standing(self: &Rc<Self>) {
        let Some(page) = self.page() else { return };
        let terminal = page.terminal();
        let session = terminal.session();
        let policy = terminal.offline_policy();
        let before = self.state.standing.get_untracked();
        let mut standing =
            Standing { offline_enabled: policy.enabled, has_session: session.is_some(), ..before.clone() };
        match terminal.offline_status().await {
            Ok(status) => (standing.status, standing.known) = (status, true),
            Err(error) => self.state.forwarding_error.set(Some(sentence(&error.message))),
        }
        let queue = Select::Queue { after: None, limit: QUEUE_LOOK_MAX };
        if let Ok(found) = terminal.journal().find(queue).await {
            let records = || found.iter().filter_map(Found::record);
            let stored = records().find(|record| PaymentRecord::counts_as_stored(record));
            standing.oldest_deadline = stored.map(|record| record.deadline);
            standing.open = records().filter_map(OpenOutcome::of).collect();
        }
        standing.no_session_since = match (standing.network(), standing.has_session) {
            (NetworkStatus::Online, false) => before.no_session_since.or(Some(terminal.clock().now())),
            _ => None,
        };
        if standing.known && standing.stored_count() == 0 && standing.open.is_empty() {
            // Nothing waits: an error of forwarding is over.
            set_changed(self.state.forwarding_error, None);
        }
        set_changed(self.state.shop, Shop::of(session.as_ref()));
        set_changed(self.state.policy, policy);
        set_changed(self.state.read_only, page.read_only());
        let came_online =
            standing.network() == NetworkStatus::Online && before.network() != NetworkStatus::Online;
        set_changed(self.state.standing, standing);
        self.watch_reader(came_online);
    }
}

/// Sets a signal only when the value is another one, so that nothing is drawn twice.
fn set_changed<T: PartialEq + Send + Sync + 'static>(signal: leptos::prelude::RwSignal<T>, value: T) {
    if signal.with_untracked(|current| *current != value) {
        signal.set(value);
    }
}
