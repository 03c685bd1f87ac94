//! A sale whose outcome is being asked. Its goods stay in the cart, and it is not charged again by accident.

use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::{PaymentRecord, PaymentState};

use super::reasons::decline_reason;

/// What a second charge asks first.
pub const CHARGE_ANYWAY_QUESTION: &str =
    "It may have been charged already. Charge the customer a second time?";

/// What became of a payment whose confirmation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Still being asked.
    Open,
    /// The customer has paid, or will by what is stored.
    Charged,
    /// The card's bank declined.
    Declined {
        /// In words.
        why: &'static str,
    },
    /// The gateway never had it, and never will.
    NotCharged,
}

impl Outcome {
    /// What a payment's record says of it.
    pub fn of(record: &PaymentRecord) -> Self {
        match &record.state {
            PaymentState::Confirming { .. } => Outcome::Open,
            PaymentState::Accepted(_)
            | PaymentState::Stored { .. }
            | PaymentState::Forwarding { .. }
            | PaymentState::Wedged => Outcome::Charged,
            PaymentState::Declined { decline_code, .. } => {
                Outcome::Declined { why: decline_reason(decline_code.as_deref()).why }
            }
            PaymentState::Canceled { .. } => Outcome::NotCharged,
        }
    }
}

/// What an outcome does to the sale that waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is paid: the cart is to be emptied.
    Paid,
    /// Nothing was charged: the cart can be charged again.
    Free,
}

/// The payments of the sale in the cart whose outcome is open. More than one when it was charged again on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeldSale {
    payments: Vec<OfflineId>,
}

impl HeldSale {
    /// Whether the sale waits for an outcome.
    pub const fn is_held(&self) -> bool {
        !self.payments.is_empty()
    }

    /// Whether it waits for this payment's.
    pub fn waits_for(&self, payment: OfflineId) -> bool {
        self.payments.contains(&payment)
    }

    /// What it waits for.
    pub fn payments(&self) -> &[OfflineId] {
        &self.payments
    }

    /// The sale waits for this payment's outcome too.
    pub fn hold(&mut self, payment: OfflineId) {
        if !self.waits_for(payment) {
            self.payments.push(payment);
        }
    }

    /// The sale waits no longer: it is paid otherwise, or a person gave it up.
    pub fn release(&mut self) {
        self.payments.clear();
    }

    /// An outcome has come. `None` while the sale still waits, or when it did not wait for this one.
    pub fn settle(&mut self, payment: OfflineId, outcome: &Outcome) -> Option<Settled> {
        if *outcome == Outcome::Open || !self.waits_for(payment) {
            return None;
        }
        if *outcome == Outcome::Charged {
            self.release();
            return Some(Settled::Paid);
        }
        self.payments.retain(|waiting| *waiting != payment);
        (!self.is_held()).then_some(Settled::Free)
    }
}

/// What is said when the outcome has come and its dialog is closed.
pub fn settled_text(amount: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Open => format!("The outcome of {amount} is being asked."),
        Outcome::Charged => format!("{amount} was charged: the sale is paid and closed."),
        Outcome::Declined { why } => {
            format!("{amount} was declined, nothing was charged. {why} The sale can be charged again.")
        }
        Outcome::NotCharged => format!("{amount} was not charged. The sale can be charged again."),
    }
}

#[cfg(test)]
mod tests {
    use tillandsia_core::journal::Acceptance;

    use super::super::tests::{NOW, record};
    use super::*;

    fn id(number: u8) -> OfflineId {
        OfflineId::mint(NOW, [number; 10])
    }

    #[test]
    fn a_charged_payment_pays_the_sale_and_a_canceled_one_frees_it() {
        let mut sale = HeldSale::default();
        sale.hold(id(1));
        assert!(sale.is_held());
        assert_eq!(sale.settle(id(1), &Outcome::Open), None);
        assert_eq!(sale.settle(id(2), &Outcome::Charged), None, "another sale's");
        let mut canceled = sale.clone();
        assert_eq!(canceled.settle(id(1), &Outcome::NotCharged), Some(Settled::Free));
        assert!(!canceled.is_held());
        assert_eq!(sale.settle(id(1), &Outcome::Charged), Some(Settled::Paid));
        assert!(!sale.is_held());
    }

    #[test]
    fn charged_again_on_purpose_it_waits_for_both() {
        let mut sale = HeldSale::default();
        for payment in [1, 2, 2] {
            sale.hold(id(payment));
        }
        assert_eq!(sale.payments().len(), 2);
        assert_eq!(sale.settle(id(1), &Outcome::NotCharged), None, "the second one is open still");
        let mut paid = sale.clone();
        assert_eq!(paid.settle(id(2), &Outcome::Charged), Some(Settled::Paid));
        let declined = Outcome::Declined { why: "The PIN was wrong." };
        assert_eq!(sale.settle(id(2), &declined), Some(Settled::Free));
    }

    #[test]
    fn a_record_says_what_became_of_its_payment() {
        let charged =
            Acceptance { at: NOW, charge: None, captured: true, authorization_code: Some("123456".into()) };
        for (state, outcome) in [
            (PaymentState::Confirming { lease_until: NOW }, Outcome::Open),
            (PaymentState::Stored { next_attempt: NOW }, Outcome::Charged),
            (PaymentState::Accepted(charged), Outcome::Charged),
            (PaymentState::Canceled { at: NOW }, Outcome::NotCharged),
        ] {
            assert_eq!(Outcome::of(&record(state)), outcome);
        }
        let declined = PaymentState::Declined {
            at: NOW,
            decline_code: Some("incorrect_pin".into()),
            message: String::new(),
        };
        let outcome = Outcome::of(&record(declined));
        assert!(settled_text("$31.00", &outcome).contains("The PIN was wrong."));
    }
}
