//! One sale from "charge" to its result: the dialog's stages as a machine.
//!
//! ```text
//! creating -> present <-> reading -> confirming -> approved | stored | declined | error
//!                ^                       |
//!                └── collect again ──────┘   (the connection was lost in between)
//! ```
//! `stored` and `approved` are entered only with what `confirm_payment_intent` returned, hence only when it is durable.

use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::money::Money;
use tillandsia_core::payment_intent::PaymentIntent;
use tillandsia_core::ports::{Interfaces, ReaderPrompt};

use super::held_sale::Outcome;
use super::reasons::{can_be_repeated, decline_reason, failure_message};
use super::time_left::span;

/// What a reader offers before it has said so itself.
const ALL_WAYS: Interfaces = Interfaces { contact: true, contactless: true, swipe: false };

/// Where a sale stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The payment is being created.
    Creating,
    /// The customer is asked for the card.
    Present {
        /// In which ways.
        offered: Interfaces,
        /// What went wrong with the last try.
        hint: Option<&'static str>,
    },
    /// The card is being read.
    Reading,
    /// The card is read; the gateway or the journal has the payment now.
    Confirming,
    /// Authorised by the gateway.
    Approved,
    /// Stored durably, not yet authorised.
    Stored {
        /// Within what time it must be forwarded, milliseconds.
        forward_within_ms: u64,
    },
    /// The issuer or the card declined.
    Declined {
        /// In words.
        reason: String,
    },
    /// Something else went wrong.
    Failed(Failure),
}

/// What went wrong, and what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stable code, for support.
    pub code: ErrorCode,
    /// What to do about it.
    pub message: String,
    /// Whether the gateway may have charged: the sale must then not be repeated before the list shows its result.
    pub outcome_unknown: bool,
}

/// A sale under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// What is charged.
    pub amount: Money,
    /// Where it stands.
    pub stage: Stage,
    /// The payment, once created.
    pub payment: Option<OfflineId>,
    /// Whether cancel was pressed and the reader has not answered yet.
    pub canceling: bool,
    /// Whether the card is still in the reader and should be taken out.
    pub take_card_out: bool,
    /// Whether the card was asked for again because the connection was lost.
    pub asked_again: bool,
}

impl Checkout {
    /// A new sale.
    pub const fn new(amount: Money) -> Self {
        Checkout {
            amount,
            stage: Stage::Creating,
            payment: None,
            canceling: false,
            take_card_out: false,
            asked_again: false,
        }
    }

    /// `creating | confirming -> creating`: a card may be asked for. That is shown once the reader does: before it does,
    /// limits and storage are looked at, and may refuse the sale.
    pub fn collecting(&mut self, payment: OfflineId) {
        self.asked_again = self.stage == Stage::Confirming;
        self.payment = Some(payment);
        self.take_card_out = false;
        self.stage = Stage::Creating;
    }

    /// `creating | present | reading -> present | reading`: what the reader says meanwhile.
    pub fn prompt(&mut self, prompt: ReaderPrompt) {
        if !matches!(self.stage, Stage::Creating | Stage::Present { .. } | Stage::Reading) {
            return;
        }
        let again = match prompt {
            ReaderPrompt::Present(offered) => {
                self.stage = Stage::Present { offered, hint: None };
                return;
            }
            ReaderPrompt::DoNotRemove => {
                self.stage = Stage::Reading;
                return;
            }
            ReaderPrompt::RemoveCard => {
                self.take_card_out = true;
                self.stage = Stage::Reading;
                return;
            }
            ReaderPrompt::OneCardOnly => "More than one card: hold out one only",
            ReaderPrompt::TryAgain => "The card was not read: try again",
            ReaderPrompt::UseChip => "Please insert the card instead",
        };
        let offered = match self.stage {
            Stage::Present { offered, .. } => offered,
            _ => ALL_WAYS,
        };
        self.stage = Stage::Present { offered, hint: Some(again) };
    }

    /// `present | reading -> confirming`: the card is read.
    pub fn confirming(&mut self) {
        self.canceling = false;
        self.stage = Stage::Confirming;
    }

    /// `confirming -> approved | stored`.
    pub fn confirmed(&mut self, intent: &PaymentIntent, forward_within_ms: u64) {
        self.stage = match intent.offline_details() {
            Some(_) => Stage::Stored { forward_within_ms },
            None => Stage::Approved,
        };
    }

    /// `any -> declined | error`. `outcome_unknown` says that the payment is in the journal without an outcome,
    /// `has_session` that the till has its location's settings.
    pub fn failed(&mut self, error: &TerminalError, outcome_unknown: bool, has_session: bool) {
        self.canceling = false;
        self.stage = match error.code {
            ErrorCode::CardDeclined => {
                let reason = decline_reason(error.decline_code.as_deref());
                Stage::Declined { reason: format!("{} {}", reason.why, reason.advice) }
            }
            ErrorCode::OfflineTransactionDeclined => {
                Stage::Declined { reason: "The card itself declined. Ask for another card.".to_owned() }
            }
            code => {
                Stage::Failed(Failure { code, message: failure_message(error, has_session), outcome_unknown })
            }
        };
    }

    /// `error, outcome unknown -> approved | declined | error`: the outcome has come while the dialog is open. Whether
    /// it says it, so that nothing else need.
    pub fn settle(&mut self, payment: OfflineId, outcome: &Outcome) -> bool {
        if self.payment != Some(payment) || !self.is_outcome_unknown() {
            return false;
        }
        self.stage = match outcome {
            Outcome::Open => return false,
            Outcome::Charged => Stage::Approved,
            Outcome::Declined { why } => Stage::Declined { reason: format!("{why} Ask for another card.") },
            Outcome::NotCharged => Stage::Failed(Failure {
                code: ErrorCode::Canceled,
                message: "The gateway never had this payment.".to_owned(),
                outcome_unknown: false,
            }),
        };
        true
    }

    /// Whether the gateway may have charged.
    pub const fn is_outcome_unknown(&self) -> bool {
        matches!(&self.stage, Stage::Failed(failure) if failure.outcome_unknown)
    }

    /// The stage's stable name, for the tests and the styles.
    pub const fn stage_name(&self) -> &'static str {
        match self.stage {
            Stage::Creating => "creating",
            Stage::Present { .. } => "present",
            Stage::Reading => "reading",
            Stage::Confirming => "confirming",
            Stage::Approved => "approved",
            Stage::Stored { .. } => "stored",
            Stage::Declined { .. } => "declined",
            Stage::Failed(_) => "error",
        }
    }

    /// The one thing to read from two metres away.
    pub const fn title(&self) -> &'static str {
        match &self.stage {
            Stage::Creating => "One moment",
            Stage::Present { offered: Interfaces { swipe: true, .. }, .. } => "Insert, tap or swipe",
            Stage::Present { offered: Interfaces { contactless: false, .. }, .. } => "Insert the card",
            Stage::Present { offered: Interfaces { contact: false, .. }, .. } => "Tap the card",
            Stage::Present { .. } => "Insert or tap",
            Stage::Reading if self.take_card_out => "Take the card out",
            Stage::Reading => "Reading the card",
            Stage::Confirming => "Confirming",
            Stage::Approved => "Approved",
            Stage::Stored { .. } => "Stored, not yet authorised",
            Stage::Declined { .. } => "Declined",
            Stage::Failed(failure) if failure.outcome_unknown => "Outcome not known yet",
            Stage::Failed(_) => "Not taken",
        }
    }

    /// What it means and what to do.
    pub fn message(&self) -> String {
        match &self.stage {
            Stage::Creating => "Preparing the payment.".to_owned(),
            Stage::Present { hint: Some(hint), .. } => (*hint).to_owned(),
            Stage::Present { .. } if self.asked_again => {
                "The connection was lost in between. Nothing was charged: please present the card again."
                    .to_owned()
            }
            Stage::Present { .. } => "The reader is waiting for the customer's card.".to_owned(),
            Stage::Reading if self.take_card_out => "The card is read.".to_owned(),
            Stage::Reading => "Leave the card where it is.".to_owned(),
            Stage::Confirming if self.take_card_out => "You can give the card back.".to_owned(),
            Stage::Confirming => "The card is read.".to_owned(),
            Stage::Approved => "The card's bank has authorised the payment.".to_owned(),
            Stage::Stored { forward_within_ms } => format!(
                "It is safe on this till and is forwarded by itself, within {}. The card's bank may still decline it then.",
                span(*forward_within_ms)
            ),
            Stage::Declined { reason } => format!("{reason} Nothing was charged."),
            // The core's own words say it all.
            Stage::Failed(Failure { code: ErrorCode::OutcomeUnknown, message, .. }) => message.clone(),
            Stage::Failed(failure) if failure.outcome_unknown => {
                format!(
                    "{} It may have been charged. Do not charge the customer again before the list shows the result.",
                    failure.message
                )
            }
            Stage::Failed(failure) => format!("{} Nothing was charged.", failure.message),
        }
    }

    /// Whether cancel still works.
    pub const fn can_cancel(&self) -> bool {
        matches!(self.stage, Stage::Creating | Stage::Present { .. } | Stage::Reading)
    }

    /// Whether the sale has its result.
    pub const fn is_finished(&self) -> bool {
        matches!(
            self.stage,
            Stage::Approved | Stage::Stored { .. } | Stage::Declined { .. } | Stage::Failed(_)
        )
    }

    /// Whether the goods can be handed over: the sale is done with.
    pub const fn is_paid(&self) -> bool {
        matches!(self.stage, Stage::Approved | Stage::Stored { .. })
    }

    /// Whether another try makes sense.
    pub const fn can_try_again(&self) -> bool {
        match &self.stage {
            Stage::Declined { .. } => true,
            Stage::Failed(failure) => !failure.outcome_unknown && can_be_repeated(failure.code),
            _ => false,
        }
    }

    /// Whether the simulated reader waits for a card.
    pub const fn waits_for_card(&self) -> bool {
        matches!(self.stage, Stage::Present { .. })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tillandsia_core::card::{ReadMethod, ShownCard};
    use tillandsia_core::payment_intent::{
        CaptureMethod, OfflineBehavior, OfflineDetails, Stage as IntentStage,
    };

    use super::super::tests::NOW;
    use super::*;

    fn started() -> Checkout {
        let mut checkout = Checkout::new(Money::new(1205, "usd".parse().unwrap()));
        checkout.collecting(OfflineId::mint(NOW, [1; 10]));
        assert_eq!(checkout.stage_name(), "creating", "no card is asked for before the reader waits for one");
        checkout.prompt(ReaderPrompt::Present(ALL_WAYS));
        checkout
    }

    fn intent(details: Option<OfflineDetails>) -> PaymentIntent {
        PaymentIntent {
            offline_id: OfflineId::mint(NOW, [1; 10]),
            id: None,
            amount: Money::new(1205, "usd".parse().unwrap()),
            capture_method: CaptureMethod::Automatic,
            offline_behavior: OfflineBehavior::PreferOnline,
            metadata: BTreeMap::new(),
            description: None,
            receipt_email: None,
            payment_method: None,
            created_at_ms: NOW,
            stage: IntentStage::Succeeded(details.map(Box::new)),
        }
    }

    #[test]
    fn a_sale_goes_through_its_stages_and_stored_is_not_approved() {
        let checkout = Checkout::new(Money::new(1, "usd".parse().unwrap()));
        assert_eq!((checkout.stage_name(), checkout.can_cancel()), ("creating", true));
        let mut checkout = started();
        assert_eq!((checkout.stage_name(), checkout.title()), ("present", "Insert or tap"));
        checkout.prompt(ReaderPrompt::DoNotRemove);
        assert_eq!(checkout.stage_name(), "reading");
        checkout.prompt(ReaderPrompt::RemoveCard);
        assert_eq!(checkout.title(), "Take the card out");
        checkout.confirming();
        assert!(!checkout.can_cancel());
        let mut online = checkout.clone();
        online.confirmed(&intent(None), 1);
        assert_eq!((online.stage_name(), online.is_paid()), ("approved", true));
        let details = OfflineDetails {
            stored_at_ms: NOW,
            requires_upload: true,
            read_method: ReadMethod::ContactEmv,
            card: ShownCard::default(),
            receipt: None,
            authorization_code: None,
        };
        checkout.confirmed(&intent(Some(details)), 86_400_000);
        assert_eq!((checkout.stage_name(), checkout.title()), ("stored", "Stored, not yet authorised"));
        assert!(checkout.message().contains("within 24 h"));
    }

    #[test]
    fn prompts_lead_back_to_the_card_and_do_nothing_afterwards() {
        let mut checkout = started();
        checkout.prompt(ReaderPrompt::DoNotRemove);
        checkout.prompt(ReaderPrompt::TryAgain);
        assert_eq!(checkout.stage_name(), "present");
        assert!(checkout.message().contains("try again"));
        checkout.prompt(ReaderPrompt::Present(Interfaces { contact: true, contactless: true, swipe: true }));
        assert_eq!(checkout.title(), "Insert, tap or swipe");
        checkout.confirming();
        checkout.prompt(ReaderPrompt::TryAgain);
        assert_eq!(checkout.stage_name(), "confirming");
    }

    #[test]
    fn collecting_again_says_why() {
        let mut checkout = started();
        checkout.confirming();
        checkout.collecting(OfflineId::mint(NOW, [1; 10]));
        checkout.prompt(ReaderPrompt::Present(ALL_WAYS));
        assert!(checkout.message().contains("Nothing was charged"));
    }

    #[test]
    fn declines_errors_and_unknown_outcomes_are_told_apart() {
        let mut declined = started();
        let error = TerminalError::new(ErrorCode::CardDeclined, "declined")
            .with_decline_code(Some("call_issuer".into()));
        declined.failed(&error, false, true);
        assert_eq!((declined.stage_name(), declined.can_try_again()), ("declined", true));
        assert!(declined.message().contains("asks to be called"));

        let mut failed = started();
        failed.failed(&TerminalError::new(ErrorCode::ReaderBusy, "the reader is busy"), false, true);
        assert_eq!((failed.stage_name(), failed.can_try_again()), ("error", true));
        assert_eq!(failed.message(), "The reader is busy. Nothing was charged.");

        let mut unknown = started();
        unknown.failed(&TerminalError::new(ErrorCode::RequestTimedOut, "no answer"), true, true);
        assert!(!unknown.can_try_again());
        assert!(!unknown.message().contains("Nothing was charged"));
    }

    #[test]
    fn an_unknown_outcome_is_settled_in_the_open_dialog() {
        let id = OfflineId::mint(NOW, [1; 10]);
        let mut unknown = started();
        let error = TerminalError::new(ErrorCode::OutcomeUnknown, "no answer came. Do not charge again");
        unknown.failed(&error, true, true);
        assert_eq!((unknown.title(), unknown.can_try_again()), ("Outcome not known yet", false));
        assert_eq!(unknown.message(), "No answer came. Do not charge again.");
        assert!(!unknown.settle(id, &Outcome::Open));
        assert!(!unknown.settle(OfflineId::mint(NOW, [2; 10]), &Outcome::Charged), "another payment");
        let mut charged = unknown.clone();
        assert!(charged.settle(id, &Outcome::Charged));
        assert_eq!((charged.stage_name(), charged.is_paid()), ("approved", true));
        assert!(unknown.settle(id, &Outcome::NotCharged));
        assert_eq!(unknown.message(), "The gateway never had this payment. Nothing was charged.");
        assert!(unknown.can_try_again());
        assert!(!unknown.settle(id, &Outcome::Charged), "once");
    }

    #[test]
    fn what_meets_the_same_limit_again_is_not_tried_again() {
        let mut refused = started();
        let error = TerminalError::new(ErrorCode::AmountExceedsMaxOfflineAmount, "500.00 USD at most");
        refused.failed(&error, false, true);
        assert!(!refused.can_try_again());
        assert_eq!(refused.message(), "$500.00 at most. Nothing was charged.");
    }
}
