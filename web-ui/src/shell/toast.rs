//! Short messages that go by themselves, unless they are about something bad.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::Update;
use leptos::task::spawn_local;

use super::Shell;
use crate::view_models::payment_row::Tone;

/// How long a toast stays, milliseconds.
const TOAST_MS: u32 = 5_000;

impl Shell {
    /// Shows a message for a few seconds.
    pub(super) fn toast(&self, text: String, tone: Tone) {
        self.toast_as(self.toast_number(), text, tone);
    }

    /// Shows a message in place of an earlier one of the same number, for a few seconds.
    pub(super) fn toast_as(&self, number: u64, text: String, tone: Tone) {
        let state = self.state;
        state.toast(number, text.clone(), tone);
        spawn_local(async move {
            TimeoutFuture::new(TOAST_MS).await;
            // One that was replaced meanwhile has its own time.
            state.toasts.update(|toasts| toasts.retain(|toast| toast.number != number || toast.text != text));
        });
    }

    /// Takes a message away.
    pub(super) fn dismiss_toast(&self, number: u64) {
        self.state.toasts.update(|toasts| toasts.retain(|toast| toast.number != number));
    }

    pub(super) fn toast_number(&self) -> u64 {
        let number = self.toasts_shown.get().saturating_add(1);
        self.toasts_shown.set(number);
        number
    }
}
