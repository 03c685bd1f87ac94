//! The PaymentIntent, the charge and the answer as they follow from what happened. Pure.

use std::collections::BTreeMap;

use tillandsia_core::wire::{
    AmountDetails, CardPresent, Charge, CreatePayment, ErrorBody, ForwardResult, OfflineOnWire,
    PaymentIntent, PaymentMethodDetails, PaymentSubmission, Receipt,
};

use super::payment::Names;
use super::refusal::Refusal;
use crate::acquirer::{Account, CardFacts, Outcome};

/// A call that does not fit the payment's status.
pub(crate) fn unexpected_state(message: &str) -> Refusal {
    Refusal::invalid("payment_intent_unexpected_state", message, None)
}

/// The PaymentIntent of a new payment.
pub(crate) fn new_intent(
    account: &Account,
    now: u64,
    names: Names,
    request: &CreatePayment,
) -> PaymentIntent {
    PaymentIntent {
        client_secret: format!("{}_secret_{}", names.payment_intent, names.secret),
        id: names.payment_intent,
        object: "payment_intent".to_owned(),
        amount: request.amount,
        amount_capturable: 0,
        amount_received: 0,
        amount_details: AmountDetails::default(),
        canceled_at: None,
        cancellation_reason: None,
        capture_method: request.capture_method.clone(),
        created: now,
        currency: request.currency.clone(),
        customer: None,
        description: request.description.clone(),
        last_payment_error: None,
        latest_charge: None,
        livemode: account.livemode,
        metadata: request.metadata.clone(),
        payment_method: None,
        payment_method_types: vec!["card_present".to_owned()],
        receipt_email: request.receipt_email.clone(),
        status: "requires_payment_method".to_owned(),
    }
}

/// What an account's own server creates a PaymentIntent with (`POST /v1/payment_intents`).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ServerPayment {
    /// Minor units.
    pub amount: u64,
    /// Lowercase ISO 4217.
    pub currency: String,
    /// `automatic` or `manual`.
    pub capture_method: String,
    /// The server's own data.
    pub metadata: BTreeMap<String, String>,
    /// For the dashboard.
    pub description: Option<String>,
    /// Where a receipt is to go.
    pub receipt_email: Option<String>,
}

/// Marks a PaymentIntent as canceled.
pub(crate) fn cancel_intent(intent: &mut PaymentIntent, now: u64, reason: Option<&str>) {
    "canceled".clone_into(&mut intent.status);
    intent.canceled_at = Some(now);
    intent.cancellation_reason = reason.map(str::to_owned);
    intent.amount_capturable = 0;
}

/// Marks an authorised payment as captured. `amount` is what the acquirer took.
pub(crate) fn capture(intent: &mut PaymentIntent, charge: &mut Charge, amount: u64) {
    "succeeded".clone_into(&mut intent.status);
    intent.amount_capturable = 0;
    intent.amount_received = amount;
    charge.captured = true;
    charge.amount_captured = amount;
}

/// What follows from the acquirer's outcome: the PaymentIntent, the charge and the answer.
pub(crate) fn conclude(
    mut intent: PaymentIntent,
    offline_id: &str,
    submission: &PaymentSubmission,
    now: u64,
    charge_id: String,
    outcome: &Outcome,
) -> (PaymentIntent, Charge, ForwardResult) {
    let mut charge = new_charge(&intent, submission, now, charge_id, outcome);
    intent.latest_charge = Some(charge.id.clone());
    let (status, error) = match outcome {
        Outcome::Approved(_) if intent.capture_method == "manual" => {
            "requires_capture".clone_into(&mut intent.status);
            intent.amount_capturable = intent.amount;
            (200, None)
        }
        Outcome::Approved(_) => {
            let amount = intent.amount;
            capture(&mut intent, &mut charge, amount);
            (200, None)
        }
        Outcome::Declined(decline) => {
            let error = ErrorBody {
                kind: "card_error".to_owned(),
                code: Some("card_declined".to_owned()),
                decline_code: Some(decline.decline_code.clone()),
                message: decline.message.clone(),
                param: None,
            };
            "requires_payment_method".clone_into(&mut intent.status);
            intent.last_payment_error = Some(error.clone());
            (402, Some(error))
        }
    };
    let answer = ForwardResult {
        offline_id: offline_id.to_owned(),
        status,
        payment_intent: Some(intent.clone()),
        charge: Some(charge.clone()),
        error,
    };
    (intent, charge, answer)
}

fn new_charge(
    intent: &PaymentIntent,
    submission: &PaymentSubmission,
    now: u64,
    id: String,
    outcome: &Outcome,
) -> Charge {
    let (card, approved, response_code, authorization_code) = match outcome {
        Outcome::Approved(ok) => (&ok.card, true, &ok.response_code, Some(ok.authorization_code.clone())),
        Outcome::Declined(decline) => (&decline.card, false, &decline.response_code, None),
    };
    let (failure_code, failure_message) = match outcome {
        Outcome::Approved(_) => (None, None),
        Outcome::Declined(decline) => (Some("card_declined".to_owned()), Some(decline.message.clone())),
    };
    let mut card_present = card_present(intent.amount, card, submission);
    if let Some(receipt) = &mut card_present.receipt {
        receipt.authorization_code = authorization_code;
        receipt.authorization_response_code = Some(hex::encode_upper(response_code));
    }
    if !approved {
        card_present.amount_authorized = None;
    }
    Charge {
        id,
        object: "charge".to_owned(),
        amount: intent.amount,
        amount_captured: 0,
        captured: false,
        created: now,
        currency: intent.currency.clone(),
        failure_code,
        failure_message,
        livemode: intent.livemode,
        metadata: intent.metadata.clone(),
        paid: approved,
        payment_intent: intent.id.clone(),
        payment_method_details: PaymentMethodDetails { kind: "card_present".to_owned(), card_present },
        status: if approved { "succeeded" } else { "failed" }.to_owned(),
    }
}

fn card_present(amount: u64, card: &CardFacts, submission: &PaymentSubmission) -> CardPresent {
    let emv: BTreeMap<&str, &str> =
        submission.card.emv.iter().map(|entry| (entry.tag.as_str(), entry.value.as_str())).collect();
    let value = |tag: &str| emv.get(tag).map(|value| (*value).to_owned());
    let text = |tag: &str| emv.get(tag).and_then(|value| ascii(value));
    CardPresent {
        amount_authorized: Some(amount),
        brand: Some(card.brand.clone()),
        cardholder_name: text("5F20"),
        country: card.country.clone(),
        emv_auth_data: None,
        exp_month: card.exp_month,
        exp_year: card.exp_year,
        funding: Some(card.funding.clone()),
        last4: Some(card.last4.clone()),
        network: Some(card.network.clone()),
        offline: submission
            .stored_at
            .map(|stored_at| OfflineOnWire { stored_at, kind: "deferred".to_owned() }),
        read_method: Some(submission.card.read_method.clone()),
        receipt: Some(Receipt {
            account_type: Some(card.funding.clone()),
            application_cryptogram: value("9F26"),
            application_preferred_name: text("9F12").or_else(|| text("50")),
            authorization_code: None,
            authorization_response_code: None,
            cardholder_verification_method: Some(verification(emv.get("9F34").copied()).to_owned()),
            dedicated_file_name: value("84").or_else(|| value("4F")),
            terminal_verification_results: value("95"),
            transaction_status_information: value("9B"),
        }),
    }
}

/// A card that was presented and not charged.
pub(crate) fn inspected_card(card: &CardFacts, submission: &PaymentSubmission) -> CardPresent {
    CardPresent { amount_authorized: None, ..card_present(0, card, submission) }
}

/// Printable ASCII of a hexadecimal value, without blanks around it; none when nothing is left.
fn ascii(value: &str) -> Option<String> {
    let bytes = hex::decode(value).ok()?;
    let text: String = bytes.iter().copied().filter(|b| (0x20..0x7f).contains(b)).map(char::from).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Stripe's name of the verification method in 9F34 (EMV Book 4, annex A4; Book 3, annex C3).
fn verification(results: Option<&str>) -> &'static str {
    let method =
        results.and_then(|value| value.get(..2)).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match method.map(|method| method & 0x3F) {
        Some(0x01 | 0x04) => "offline_pin",
        Some(0x03 | 0x05) => "offline_pin_and_signature",
        Some(0x02) => "online_pin",
        Some(0x1E) => "signature",
        Some(0x00) => "failure",
        _ => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_name_the_verification_method() {
        for (results, name) in [
            (None, "none"),
            (Some("1F0002"), "none"),
            (Some("5E0300"), "signature"),
            (Some("420300"), "online_pin"),
            (Some("x"), "none"),
        ] {
            assert_eq!(verification(results), name);
        }
    }

    #[test]
    fn names_on_cards_are_cleaned() {
        assert_eq!(ascii("202F20"), Some("/".to_owned()));
        assert_eq!(ascii("5649534120"), Some("VISA".to_owned()));
        assert_eq!(ascii("2020"), None);
        assert_eq!(ascii("zz"), None);
    }
}
