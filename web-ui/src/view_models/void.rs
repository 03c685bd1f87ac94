//! Taking a stored payment back: what will happen is said before, what came of it afterwards.

use tillandsia_core::ids::OfflineId;
use tillandsia_core::payment_intent::{PaymentIntent, PaymentIntentStatus};

use super::payment_row::{PaymentRow, Tone};
use super::price::price;

/// The question before a payment is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidQuestion {
    /// The payment.
    pub id: OfflineId,
    /// What it took.
    pub amount: String,
    /// The card, so that it is not mistaken for another payment of the same amount.
    pub card: String,
    /// When it was made.
    pub created: String,
    /// Whether it was ever sent.
    pub sent: bool,
}

impl VoidQuestion {
    /// The question about a row; `None` for a payment that cannot be taken back.
    pub fn of(row: &PaymentRow) -> Option<Self> {
        row.can_void.then(|| VoidQuestion {
            id: row.id,
            amount: row.amount.clone(),
            card: row.card.clone(),
            created: row.created.clone(),
            sent: row.attempts > 0,
        })
    }

    /// What will happen.
    pub const fn consequence(&self) -> &'static str {
        match self.sent {
            false => "It was never sent. It is canceled at once, and the card is not charged.",
            true => {
                "It was sent before, and no outcome came back. The gateway is asked: what it has not charged it cancels \
                 for good; what it has charged stays charged, and is paid back from there."
            }
        }
    }
}

/// What is said once a payment was taken back.
pub fn voided(intent: &PaymentIntent) -> (String, Tone) {
    let amount = price(intent.amount);
    match intent.status() {
        PaymentIntentStatus::Canceled => (format!("Taken back: {amount} is not charged."), Tone::Neutral),
        _ => (format!("Asking the gateway whether {amount} was charged."), Tone::Moving),
    }
}

#[cfg(test)]
mod tests {
    use tillandsia_core::journal::{Found, PaymentRecord, PaymentState};
    use tillandsia_core::terminal::intent_of;

    use super::super::tests::{NOW, record};
    use super::*;

    fn question(record: PaymentRecord) -> Option<VoidQuestion> {
        VoidQuestion::of(&PaymentRow::of(&Found::Record(Box::new(record)), &|_| String::new()))
    }

    #[test]
    fn what_was_never_sent_is_canceled_and_what_was_sent_is_asked_about() {
        let mut stored = record(PaymentState::Stored { next_attempt: NOW });
        assert!(question(stored.clone()).unwrap().consequence().contains("canceled at once"));
        stored.attempts = 1;
        assert!(question(stored.clone()).unwrap().consequence().contains("is asked"));
        stored.state = PaymentState::Wedged;
        assert!(question(stored).is_some());
        assert_eq!(question(record(PaymentState::Canceled { at: NOW })), None);
        let lease_until = NOW;
        assert_eq!(question(record(PaymentState::Confirming { lease_until })), None);
    }

    #[test]
    fn the_result_says_what_came_of_it() {
        let canceled = intent_of(&record(PaymentState::Canceled { at: NOW }));
        assert_eq!(voided(&canceled), ("Taken back: $12.05 is not charged.".into(), Tone::Neutral));
        let asked = intent_of(&record(PaymentState::Confirming { lease_until: NOW }));
        assert_eq!(voided(&asked).1, Tone::Moving);
    }
}
