//! The sale that waits for an outcome: the journal is read until it has one, then the sale is closed or free again.

use std::rc::Rc;

use leptos::prelude::{Set, Update, WithUntracked};
use tillandsia_core::ids::OfflineId;

use super::Shell;
use crate::view_models::cart::Cart;
use crate::view_models::checkout::Checkout;
use crate::view_models::held_sale::{HeldSale, Outcome, Settled, settled_text};
use crate::view_models::payment_row::Tone;
use crate::view_models::price::price;

/// The toast of the sale that waits, so that the outcome takes the place of what was said before.
const HELD_TOAST: u64 = u64::MAX;

impl Shell {
    /// Empties the cart; a sale that waits for its outcome is given up here and stays in the list of payments.
    pub(super) fn clear_cart(&self) {
        self.state.cart.update(Cart::clear);
        self.state.email.set(String::new());
        self.release_sale();
    }

    /// The cart's sale waits for this payment's outcome.
    pub(super) fn hold_sale(&self, payment: OfflineId) {
        self.state.held.update(|held| held.hold(payment));
    }

    /// The cart's sale waits for nothing.
    pub(super) fn release_sale(&self) {
        if self.state.held.with_untracked(HeldSale::is_held) {
            self.state.held.update(HeldSale::release);
            self.dismiss_toast(HELD_TOAST);
        }
    }

    /// Whether the cart may not be changed now; says so.
    pub(super) fn cart_is_held(&self) -> bool {
        let held = self.state.held.with_untracked(HeldSale::is_held);
        if held {
            let text = "This sale waits for its outcome. Clear it to start the next one.";
            self.toast_as(HELD_TOAST, text.to_owned(), Tone::Moving);
        }
        held
    }

    /// Whether an event of this payment is told by the sale in the cart, and needs no message of its own.
    pub(super) fn sale_tells(&self, payment: OfflineId) -> bool {
        self.settled_last.get() == Some(payment)
            || self.state.held.with_untracked(|held| held.waits_for(payment))
    }

    /// Looks what became of the payments that the sale waits for.
    pub(super) async fn settle_sale(self: &Rc<Self>) {
        let Some(page) = self.page() else { return };
        let waiting = self.state.held.with_untracked(|held| held.payments().to_vec());
        for payment in waiting {
            let Ok(record) = page.terminal().record(payment).await else { continue };
            let outcome = Outcome::of(&record);
            let running = self
                .state
                .checkout
                .with_untracked(|sale| sale.as_ref().is_some_and(|sale| !sale.is_finished()));
            if running {
                // Charged again on purpose, and the first one counts after all. Looked at again when that has ended.
                if outcome == Outcome::Charged {
                    self.cancel_sale();
                }
                continue;
            }
            let mut settled = None;
            self.state.held.update(|held| settled = held.settle(payment, &outcome));
            if outcome != Outcome::Open {
                self.settled_last.set(Some(payment));
                self.tell_settled(payment, &outcome, settled, &price(record.amount));
            }
        }
    }

    fn tell_settled(&self, payment: OfflineId, outcome: &Outcome, settled: Option<Settled>, amount: &str) {
        if settled == Some(Settled::Paid) {
            self.state.cart.update(Cart::clear);
            self.state.email.set(String::new());
        }
        let mut sale = self.state.checkout.with_untracked(Clone::clone);
        if sale.as_mut().is_some_and(|sale: &mut Checkout| sale.settle(payment, outcome)) {
            self.state.checkout.set(sale);
            self.dismiss_toast(HELD_TOAST);
            return;
        }
        let tone = if *outcome == Outcome::Charged { Tone::Good } else { Tone::Neutral };
        // Stays until it is dismissed: the goods may be handed over only now, or must be charged again.
        self.state.toast(HELD_TOAST, settled_text(amount, outcome), tone);
    }
}
