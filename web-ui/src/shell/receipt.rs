//! The receipt that is open. It follows its payment: once it is forwarded, the receipt says so.

use std::rc::Rc;

use leptos::prelude::{GetUntracked, Set, WithUntracked, window};
use leptos::task::spawn_local;
use tillandsia_core::ids::OfflineId;

use super::Shell;
use super::local_time::{local_time_with_seconds, local_time_with_year};
use crate::view_models::payment_row::Tone;
use crate::view_models::reasons::sentence;
use crate::view_models::receipt::Receipt;
use crate::view_models::story::steps;

impl Shell {
    /// Shows a payment and its receipt.
    pub(super) fn open_receipt(self: &Rc<Self>, id: OfflineId) {
        self.opened.set(Some(id));
        let shell = Rc::clone(self);
        spawn_local(async move { shell.read_receipt(id).await });
    }

    /// Leaves the receipt.
    pub(super) fn close_receipt(&self) {
        self.opened.set(None);
        self.state.receipt.set(None);
    }

    /// Prints the receipt that is shown; the styles leave everything else out.
    pub(super) fn print(&self) {
        window().print().ok();
    }

    /// Reads the open receipt's payment again.
    pub(super) async fn reload_receipt(&self) {
        if let Some(id) = self.opened.get() {
            self.read_receipt(id).await;
        }
    }

    async fn read_receipt(&self, id: OfflineId) {
        let Some(page) = self.page() else { return };
        // The story first: the record is then as new as its last step, or newer.
        let story = page.terminal().story(id).await.unwrap_or_default();
        let record = page.terminal().record(id).await;
        if self.opened.get() != Some(id) {
            return;
        }
        match record {
            Ok(record) => {
                let mut receipt =
                    Receipt::of(&record, &self.state.shop.get_untracked(), &local_time_with_year);
                receipt.story = steps(&story, &record, &local_time_with_seconds);
                let receipt = Some(receipt);
                if self.state.receipt.with_untracked(|current| *current != receipt) {
                    self.state.receipt.set(receipt);
                }
            }
            Err(error) => {
                self.close_receipt();
                self.toast(sentence(&error.message), Tone::Bad);
            }
        }
    }
}
