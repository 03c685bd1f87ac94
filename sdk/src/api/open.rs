//! PaymentIntents between their creation and the end of their confirmation. They may hold a card's ciphertext, which is
//! why JavaScript has a copy of their visible half only.

use std::cell::RefCell;

use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::payment_intent::PaymentIntent;

/// How many are kept; the oldest that no call uses goes first.
pub const OPEN_MAX: usize = 64;

/// The open ones, oldest first.
#[derive(Default)]
pub(super) struct OpenIntents(RefCell<Vec<Slot>>);

struct Slot {
    intent: PaymentIntent,
    in_use: bool,
}

impl OpenIntents {
    /// Keeps a new one.
    pub(super) fn add(&self, intent: PaymentIntent) {
        let mut slots = self.0.borrow_mut();
        if slots.len() >= OPEN_MAX
            && let Some(oldest) = slots.iter().position(|slot| !slot.in_use)
        {
            slots.remove(oldest);
        }
        slots.push(Slot { intent, in_use: false });
    }

    /// One as it stands.
    pub(super) fn get(&self, id: OfflineId) -> Option<PaymentIntent> {
        self.0.borrow().iter().find(|slot| slot.intent.offline_id == id).map(|slot| slot.intent.clone())
    }

    /// Takes one for a call; `None` when there is no such one.
    ///
    /// # Errors
    /// `unexpected_status` while another call has it: a second confirmation must not start beside the first.
    pub(super) fn claim(&self, id: OfflineId) -> Result<Option<Claim<'_>>, TerminalError> {
        let mut slots = self.0.borrow_mut();
        let Some(slot) = slots.iter_mut().find(|slot| slot.intent.offline_id == id) else { return Ok(None) };
        if slot.in_use {
            let busy = "another call about this PaymentIntent is under way: wait for it";
            return Err(TerminalError::new(ErrorCode::UnexpectedStatus, busy).about(&slot.intent));
        }
        slot.in_use = true;
        Ok(Some(Claim { open: self, intent: slot.intent.clone() }))
    }

    fn with(&self, id: OfflineId, change: impl FnOnce(&mut Vec<Slot>, usize)) {
        let mut slots = self.0.borrow_mut();
        if let Some(place) = slots.iter().position(|slot| slot.intent.offline_id == id) {
            change(&mut slots, place);
        }
    }
}

/// An open PaymentIntent in a call's hands.
pub(super) struct Claim<'a> {
    open: &'a OpenIntents,
    intent: PaymentIntent,
}

impl Claim<'_> {
    pub(super) fn intent(&self) -> PaymentIntent {
        self.intent.clone()
    }

    /// It stands there now.
    pub(super) fn put(&self, intent: &PaymentIntent) {
        self.open.with(self.intent.offline_id, |slots, place| {
            if let Some(slot) = slots.get_mut(place) {
                slot.intent = intent.clone();
            }
        });
    }

    /// It is finished: the journal has it, or nobody.
    pub(super) fn close(&self) {
        self.open.with(self.intent.offline_id, |slots, place| {
            slots.remove(place);
        });
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.open.with(self.intent.offline_id, |slots, place| {
            if let Some(slot) = slots.get_mut(place) {
                slot.in_use = false;
            }
        });
    }
}
