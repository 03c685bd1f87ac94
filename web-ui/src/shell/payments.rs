//! The list of payments and what a person can do with it.

use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::{Set, Update, WithUntracked};
use leptos::task::spawn_local;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::{Found, PaymentRecord, Select};
use tillandsia_core::offline::NetworkStatus;

use super::Shell;
use super::events::FORWARDED_TOAST;
use super::local_time::local_time;
use crate::view_models::banner::Standing;
use crate::view_models::forwarding;
use crate::view_models::payment_list::PaymentList;
use crate::view_models::payment_row::{PaymentRow, Tone};
use crate::view_models::reasons::sentence;

/// How many payments are loaded at a time.
const PAGE: usize = 50;
/// How many are read again when something changed; whoever has loaded more loads the rest again.
const RELOAD_MAX: usize = 500;
/// How many of those that need a person are shown before the others.
const ATTENTION_MAX: usize = 100;
/// How many of those that wait are shown, however old; the till is rarely offline for so many.
const WAITING_MAX: usize = 200;
/// Between two looks at what a forwarding that was asked for has done, milliseconds.
const LOOK_MS: u32 = 300;

impl Shell {
    /// Reads the list again, as far as it was loaded.
    pub(super) async fn reload_payments(&self) {
        let loaded = self.state.payments.with_untracked(PaymentList::newest_read);
        let limit = loaded.next_multiple_of(PAGE).clamp(PAGE, RELOAD_MAX);
        self.read_payments(None, limit).await;
    }

    /// Reads the next page of older payments.
    pub(super) fn load_more(self: &Rc<Self>) {
        let last = self.state.payments.with_untracked(PaymentList::oldest_read);
        let shell = Rc::clone(self);
        spawn_local(async move { shell.read_payments(last, PAGE).await });
    }

    /// Forwards everything now, and says what came of it.
    pub(super) fn forward_now(self: &Rc<Self>) {
        let Some(page) = self.page() else { return };
        page.forward_now();
        let standing = self.state.standing;
        let before = standing.with_untracked(Standing::stored_count);
        if standing.with_untracked(Standing::network) == NetworkStatus::Offline {
            return self.toast_as(FORWARDED_TOAST, forwarding::OFFLINE.to_owned(), Tone::Waiting);
        }
        self.forwarded_toasted.set(0);
        let text = "Forwarding the stored payments…".to_owned();
        self.state.toast(FORWARDED_TOAST, text, Tone::Moving);
        let shell = Rc::clone(self);
        spawn_local(async move {
            let mut elapsed_ms: u64 = 0;
            loop {
                TimeoutFuture::new(LOOK_MS).await;
                elapsed_ms = elapsed_ms.saturating_add(u64::from(LOOK_MS));
                let wedged = shell.state.payments.with_untracked(PaymentList::wedged);
                let result =
                    standing.with_untracked(|now| forwarding::result(before, now, wedged, elapsed_ms));
                if let Some((text, tone)) = result {
                    return shell.toast_as(FORWARDED_TOAST, text, tone);
                }
            }
        });
    }

    /// Sends a wedged payment again.
    pub(super) fn retry(self: &Rc<Self>, id: OfflineId) {
        let Some(page) = self.page() else { return };
        let shell = Rc::clone(self);
        spawn_local(async move {
            match page.terminal().retry(id).await {
                Ok(()) => shell.toast("The payment is sent again.".to_owned(), Tone::Moving),
                Err(error) => shell.toast(sentence(&error.message), Tone::Bad),
            }
            shell.refresh();
        });
    }

    /// Takes a decline that was dealt with from what needs a person.
    pub(super) fn settle(self: &Rc<Self>, id: OfflineId) {
        let Some(page) = self.page() else { return };
        let shell = Rc::clone(self);
        spawn_local(async move {
            if let Err(error) = page.terminal().settle(id).await {
                shell.toast(sentence(&error.message), Tone::Bad);
            }
            shell.refresh();
        });
    }

    async fn read_payments(&self, before: Option<OfflineId>, limit: usize) {
        let Some(page) = self.page() else { return };
        // One more than is shown tells whether there are more.
        let found = page.terminal().payments(before, limit.saturating_add(1)).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                return self.state.payments.update(|list| list.error = Some(sentence(&error.message)));
            }
        };
        let more = found.len() > limit;
        let row = |found: &Found| PaymentRow::of(found, &local_time);
        let newest: Vec<PaymentRow> = found.iter().take(limit).map(row).collect();
        if before.is_some() {
            return self.state.payments.update(|list| {
                // Unless the list was read anew meanwhile and ends elsewhere now.
                if list.oldest_read() == before {
                    list.add_older(newest, more);
                }
            });
        }
        // A list that cannot be read says so below; without these the rest is shown.
        let attention = page.terminal().attention(ATTENTION_MAX).await.unwrap_or_default();
        let of = |record: PaymentRecord| row(&Found::Record(Box::new(record)));
        let attention = attention.into_iter().map(of).collect();
        let queue = Select::Queue { after: None, limit: WAITING_MAX };
        let waiting = page.terminal().journal().find(queue).await.unwrap_or_default();
        let list = PaymentList::new(attention, waiting.iter().map(row).collect(), newest, more);
        if self.state.payments.with_untracked(|current| *current != list) {
            self.state.payments.set(list);
        }
    }
}
