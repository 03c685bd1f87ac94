//! What is printed for the customer, and what a person sees when a payment is opened.

use tillandsia_core::journal::{PaymentRecord, PaymentState};
use tillandsia_core::money::Money;

use super::cart::lines_of;
use super::limits::Fact;
use super::payment_row::{LocalTime, PaymentRow, card_name, read_method};
use super::price::price;
use super::reasons::decline_reason;
use super::shop::Shop;
use super::story::Step;

/// What a stored payment's receipt must say.
pub const STORED_NOTICE: &str = "STORED OFFLINE — NOT YET AUTHORISED";

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The shop's name.
    pub shop: String,
    /// Its address.
    pub address: Vec<String>,
    /// When, local time.
    pub created: String,
    /// What was bought: quantity and name, and what it cost.
    pub lines: Vec<Fact>,
    /// What was charged.
    pub total: String,
    /// The payment's state by its stable name.
    pub state: &'static str,
    /// The outcome in capitals.
    pub outcome: String,
    /// What the outcome means, where it needs saying.
    pub outcome_note: Option<String>,
    /// `Visa ···· 0119`.
    pub card: String,
    /// Card, chip and reference facts, in order.
    pub facts: Vec<Fact>,
    /// Whether no money moves.
    pub test_mode: bool,
    /// The same payment as a row, with attempts and deadline, for the person at the till; not printed.
    pub row: PaymentRow,
    /// What happened to it, oldest first; empty until the log was read. Not printed.
    pub story: Vec<Step>,
    /// When it must have been forwarded, local time, while it waits; not printed.
    pub deadline: Option<String>,
}

impl Receipt {
    /// The receipt of a payment as it stands.
    pub fn of(record: &PaymentRecord, shop: &Shop, local: LocalTime<'_>) -> Self {
        let (outcome, outcome_note) = outcome(record);
        Receipt {
            shop: shop.name.clone(),
            address: shop.address.clone(),
            created: local(record.created_at),
            lines: lines(record),
            total: price(record.amount),
            state: record.state.name(),
            outcome,
            outcome_note,
            card: card_name(&record.card.shown),
            facts: facts(record, local),
            test_mode: !record.livemode,
            row: PaymentRow::of(&tillandsia_core::journal::Found::Record(Box::new(record.clone())), local),
            story: Vec::new(),
            deadline: record.counts_as_stored().then(|| local(record.deadline)),
        }
    }
}

fn lines(record: &PaymentRecord) -> Vec<Fact> {
    let currency = record.amount.currency;
    lines_of(&record.metadata)
        .into_iter()
        .map(|line| {
            let label = match line.quantity {
                1 => line.name.clone(),
                quantity => {
                    format!("{quantity} × {} at {}", line.name, price(Money::new(line.unit_minor, currency)))
                }
            };
            Fact::new(label, price(Money::new(line.total_minor(), currency)))
        })
        .collect()
}

fn outcome(record: &PaymentRecord) -> (String, Option<String>) {
    let offline = record.stored_at.is_some();
    match &record.state {
        PaymentState::Confirming { .. } => {
            ("OUTCOME NOT KNOWN YET".to_owned(), Some("The gateway is being asked.".to_owned()))
        }
        PaymentState::Wedged => (
            STORED_NOTICE.to_owned(),
            Some("It could not be sent to the card's bank: the shop has to look at it.".to_owned()),
        ),
        PaymentState::Stored { .. } | PaymentState::Forwarding { .. } => (
            STORED_NOTICE.to_owned(),
            Some(
                "It is sent to the card's bank when the connection is back; the bank may decline it."
                    .to_owned(),
            ),
        ),
        PaymentState::Accepted(acceptance) => {
            let code = acceptance.authorization_code.as_deref();
            let text = code.map_or("APPROVED".to_owned(), |code| format!("APPROVED — AUTHORISATION {code}"));
            (text, offline.then(|| "Taken offline, authorised later.".to_owned()))
        }
        PaymentState::Declined { decline_code, .. } => {
            let reason = decline_reason(decline_code.as_deref()).why;
            ("DECLINED — NOTHING CHARGED".to_owned(), Some(reason.to_owned()))
        }
        PaymentState::Canceled { .. } => ("NOT CHARGED".to_owned(), None),
    }
}

fn facts(record: &PaymentRecord, local: LocalTime<'_>) -> Vec<Fact> {
    let shown = &record.card.shown;
    let mut facts = vec![Fact::new("Card", card_name(shown))];
    let mut push = |label: &str, value: &str| {
        if !value.is_empty() {
            facts.push(Fact::new(label, value));
        }
    };
    push("Cardholder", shown.cardholder_name.as_deref().unwrap_or_default());
    push("Read", read_method(record.card.read_method));
    if let Some(receipt) = &record.card.receipt {
        push("Application", &receipt.application_preferred_name);
        push("AID", &receipt.dedicated_file_name);
        push("TVR", &receipt.terminal_verification_results);
        push("TSI", &receipt.transaction_status_information);
        push("CVM", &receipt.cardholder_verification_method);
        push("Cryptogram", &receipt.application_cryptogram);
    }
    if let Some(stored_at) = record.stored_at {
        push("Stored offline", &local(stored_at));
    }
    push("Reader", &format!("{} {}", record.reader.device_type, record.reader.serial_number));
    push("Payment", record.payment_intent.as_deref().unwrap_or_default());
    push("Offline id", &record.offline_id.to_string());
    facts
}

#[cfg(test)]
mod tests {
    use tillandsia_core::journal::Acceptance;

    use super::super::tests::{NOW, record, session};
    use super::*;

    fn receipt(state: PaymentState) -> Receipt {
        Receipt::of(&record(state), &Shop::of(Some(&session())), &|at| at.0.to_string())
    }

    #[test]
    fn a_stored_payment_says_that_it_is_not_authorised() {
        let receipt = receipt(PaymentState::Stored { next_attempt: NOW });
        assert_eq!(receipt.outcome, STORED_NOTICE);
        assert_eq!((receipt.shop.as_str(), receipt.test_mode), ("Air & Leaf", true));
        assert_eq!(receipt.lines, [Fact::new("2 × Flat white at $3.80", "$7.60")]);
        for (label, value) in
            [("AID", "A0000000031010"), ("Cryptogram", "B04E99086D0F49BD"), ("Read", "tapped")]
        {
            assert!(receipt.facts.contains(&Fact::new(label, value)), "{label}");
        }
        assert!(receipt.facts.iter().all(|fact| fact.label != "TSI"), "absent facts are left out");
    }

    #[test]
    fn a_wedged_payment_does_not_promise_to_be_sent() {
        let mut wedged = record(PaymentState::Wedged);
        wedged.failures.push(tillandsia_core::journal::Failure {
            at: NOW,
            code: "idempotency_conflict".into(),
            message: "known with other content".into(),
        });
        let receipt = Receipt::of(&wedged, &Shop::of(None), &|at| at.0.to_string());
        assert_eq!(receipt.outcome, STORED_NOTICE);
        let note = receipt.outcome_note.unwrap();
        assert!(
            note.contains("the shop has to look at it") && !note.contains("when the connection"),
            "{note}"
        );
        assert_eq!(receipt.deadline, Some(wedged.deadline.0.to_string()), "it still waits");
    }

    #[test]
    fn once_forwarded_it_has_its_authorisation_or_the_decline() {
        let accepted = PaymentState::Accepted(Acceptance {
            at: NOW,
            charge: None,
            captured: true,
            authorization_code: Some("831000".into()),
        });
        let approved = receipt(accepted);
        assert_eq!(approved.outcome, "APPROVED — AUTHORISATION 831000");
        assert_eq!(approved.outcome_note.as_deref(), Some("Taken offline, authorised later."));
        let declined = receipt(PaymentState::Declined {
            at: NOW,
            decline_code: Some("call_issuer".into()),
            message: String::new(),
        });
        assert_eq!(declined.outcome, "DECLINED — NOTHING CHARGED");
        assert_eq!(declined.outcome_note.as_deref(), Some("The card's bank asks to be called."));
    }
}
