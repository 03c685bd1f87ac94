//! Taking a stored payment back, after a person was told what that means.

use std::rc::Rc;

use leptos::prelude::{Set, WithUntracked};
use leptos::task::spawn_local;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::Found;

use super::Shell;
use super::local_time::local_time;
use crate::view_models::payment_row::{PaymentRow, Tone};
use crate::view_models::reasons::sentence;
use crate::view_models::void::{VoidQuestion, voided};

impl Shell {
    /// Asks whether a payment is to be taken back, as it stands now: by what is on the screen it may have been sent since.
    pub(super) fn ask_void(self: &Rc<Self>, id: OfflineId) {
        let Some(page) = self.page() else { return };
        let shell = Rc::clone(self);
        spawn_local(async move {
            let question = match page.terminal().record(id).await {
                Ok(record) => {
                    let row = PaymentRow::of(&Found::Record(Box::new(record)), &local_time);
                    VoidQuestion::of(&row).ok_or_else(|| format!("Too late: this payment is {}.", row.state))
                }
                Err(error) => Err(sentence(&error.message)),
            };
            match question {
                Ok(question) => shell.state.void.set(Some(question)),
                Err(why) => shell.toast(why, Tone::Bad),
            }
        });
    }

    /// Takes the payment of the question back, and says what came of it.
    pub(super) fn void(self: &Rc<Self>) {
        let Some(page) = self.page() else { return };
        let Some(id) =
            self.state.void.with_untracked(|question| question.as_ref().map(|question| question.id))
        else {
            return;
        };
        self.state.void.set(None);
        let shell = Rc::clone(self);
        spawn_local(async move {
            match page.terminal().void_payment_intent(id).await {
                Ok(intent) => {
                    let (text, tone) = voided(&intent);
                    shell.toast(text, tone);
                }
                Err(error) => shell.toast(sentence(&error.message), Tone::Bad),
            }
            shell.refresh();
        });
    }
}
