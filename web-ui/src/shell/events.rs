//! What the terminal tells the till: finished payments, changes of status, errors of forwarding.

use std::rc::{Rc, Weak};

use leptos::prelude::{GetUntracked, Set, Update, WithUntracked};
use leptos::task::spawn_local;
use tillandsia_core::error::TerminalError;
use tillandsia_core::offline::OfflineStatus;
use tillandsia_core::payment_intent::PaymentIntent;
use tillandsia_core::ports::Clock;
use tillandsia_core::terminal::{Acknowledgement, OfflineDelegate, acknowledged};

use super::Shell;
use super::local_time::local_time;
use crate::state::Screen;
use crate::view_models::payment_row::{Activity, Tone};
use crate::view_models::reasons::sentence;

/// How many delivered events are shown; the list of payments has them all.
const ACTIVITY_MAX: usize = 1000;
/// The toast of what is being forwarded: it counts, so that a long queue is one message.
pub(super) const FORWARDED_TOAST: u64 = 0;

/// The till's ear for offline events.
pub(super) struct Ear(pub(super) Weak<Shell>);

impl OfflineDelegate for Ear {
    fn on_offline_status_change(&self, _status: &OfflineStatus) {
        if let Some(shell) = self.0.upgrade() {
            shell.refresh();
        }
    }

    fn on_forward_payment_intent(
        &self,
        intent: &PaymentIntent,
        error: Option<&TerminalError>,
    ) -> Acknowledgement {
        if let Some(shell) = self.0.upgrade() {
            shell.forwarded(intent, error);
        }
        acknowledged()
    }

    fn on_forwarding_error(&self, error: &TerminalError) {
        if let Some(shell) = self.0.upgrade() {
            shell.state.forwarding_error.set(Some(sentence(&error.message)));
        }
    }
}

impl Shell {
    /// Shows what became of a stored payment.
    fn forwarded(self: &Rc<Self>, intent: &PaymentIntent, error: Option<&TerminalError>) {
        let shell = Rc::clone(self);
        let state = shell.state;
        let number = shell.events_heard.get().saturating_add(1);
        shell.events_heard.set(number);
        let at = shell.page().map(|page| local_time(page.terminal().clock().now())).unwrap_or_default();
        let event = Activity::of(number, intent, error, at);
        if event.kind == "forwarded" {
            state.forwarding_error.set(None);
        }
        if shell.sale_tells(event.id) {
            // The sale in the cart says it.
        } else if event.kind == "forwarded" {
            let before = state
                .toasts
                .with_untracked(|toasts| toasts.iter().any(|toast| toast.number == FORWARDED_TOAST));
            let count = if before { shell.forwarded_toasted.get().saturating_add(1) } else { 1 };
            shell.forwarded_toasted.set(count);
            let text = match count {
                1 => event.text.clone(),
                count => format!("{count} payments forwarded and approved"),
            };
            shell.toast_as(FORWARDED_TOAST, text, Tone::Good);
        } else {
            if state.screen.get_untracked() == Screen::Payments {
                shell.toast(event.text.clone(), event.tone);
            } else {
                // Stays until it is dismissed, or the list is opened.
                state.toast(shell.toast_number(), event.text.clone(), event.tone);
            }
            // The navigation counts what needs a person, whatever screen is shown.
            let listing = Rc::clone(&shell);
            spawn_local(async move { listing.reload_payments().await });
        }
        state.activity.update(|events| {
            events.insert(0, event);
            events.truncate(ACTIVITY_MAX);
        });
        shell.refresh();
    }
}
