//! One payment in the ledger: its states and the transitions between them. Pure.

use std::fmt;

use tillandsia_core::ids::OfflineId;
use tillandsia_core::wire::{
    Charge, CreatePayment, ForwardResult, PaymentIntent, PaymentSubmission, Question,
};

use super::digest::{self, Digest};
use super::objects::{self, ServerPayment};
use super::refusal::Refusal;
use crate::acquirer::{Account, Outcome};

/// What a payment is known by within its account, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaymentKey {
    /// The name the device minted.
    Device(OfflineId),
    /// Made for a PaymentIntent that an account's own server created: `srv_…`.
    Server(String),
}

/// Text that is neither an offline id nor a `srv_…` name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a payment key")]
pub struct InvalidPaymentKey;

impl fmt::Display for PaymentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PaymentKey::Device(id) => id.fmt(f),
            PaymentKey::Server(name) => f.write_str(name),
        }
    }
}

impl std::str::FromStr for PaymentKey {
    type Err = InvalidPaymentKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("srv_") {
            return Ok(PaymentKey::Server(text.to_owned()));
        }
        text.parse().map(PaymentKey::Device).map_err(|_| InvalidPaymentKey)
    }
}

/// A payment as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Whose it is.
    pub account: String,
    /// Its name.
    pub key: PaymentKey,
    /// How often it was written; 0 before the first time.
    pub revision: u64,
    /// How far it is.
    pub state: PaymentState,
}

/// How far a payment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// It has a PaymentIntent, and nobody has been asked for money.
    Created {
        /// Digest of what it was created with.
        terms: Digest,
        /// As it stands.
        intent: PaymentIntent,
    },
    /// The acquirer is being asked, or was when the gateway stopped. Asking again with the same key is safe.
    Processing {
        /// Digest of what it was created with.
        terms: Digest,
        /// As it stands.
        intent: PaymentIntent,
        /// Digest of the submission.
        content: Digest,
        /// What the acquirer is asked with. Its ciphertext is gone from the ledger once there is an outcome.
        submission: Box<PaymentSubmission>,
    },
    /// The acquirer has answered. The answer never changes.
    Final {
        /// Digest of what it was created with.
        terms: Digest,
        /// As it stands; captures and voids change it.
        intent: PaymentIntent,
        /// Digest of the submission.
        content: Digest,
        /// As it stands; captures change it.
        charge: Box<Charge>,
        /// What every further request of the same content is told.
        answer: Box<ForwardResult>,
    },
    /// It will never be charged.
    Canceled {
        /// As it stands; absent when the gateway had never heard of the payment.
        intent: Option<PaymentIntent>,
        /// What every further request is told.
        answer: Box<ForwardResult>,
    },
}

/// What to do with a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: this is the answer.
    Answer(Box<ForwardResult>),
    /// Write this payment, then ask the acquirer.
    Begin(Payment),
    /// Ask the acquirer again: an earlier attempt left no outcome.
    Resume(Payment),
}

impl Payment {
    /// Nothing -> `Created`.
    pub fn create(
        account: &Account,
        now: u64,
        names: Names,
        request: &CreatePayment,
    ) -> Result<Self, Refusal> {
        let id = parse_offline_id(&request.offline_id)?;
        Ok(Payment {
            account: account.id.clone(),
            key: PaymentKey::Device(id),
            revision: 0,
            state: PaymentState::Created {
                terms: request.digest(),
                intent: objects::new_intent(account, now, names, request),
            },
        })
    }

    /// Nothing -> `Created`, for an account's own server.
    pub fn create_from_server(
        account: &Account,
        now: u64,
        names: Names,
        key: PaymentKey,
        request: &ServerPayment,
    ) -> Self {
        let as_device = CreatePayment {
            offline_id: key.to_string(),
            amount: request.amount,
            currency: request.currency.clone(),
            capture_method: request.capture_method.clone(),
            metadata: request.metadata.clone(),
            description: request.description.clone(),
            receipt_email: request.receipt_email.clone(),
            created_at: now,
        };
        let intent = objects::new_intent(account, now, names, &as_device);
        let state = PaymentState::Created { terms: digest::of(request), intent };
        Payment { account: account.id.clone(), key, revision: 0, state }
    }

    /// Nothing -> `Canceled`, for a payment the gateway has never heard of: a late request cannot charge it.
    pub fn tombstone(account: &Account, id: OfflineId) -> Self {
        let key = PaymentKey::Device(id);
        let answer = Box::new(Refusal::canceled().for_payment(&key.to_string()));
        let state = PaymentState::Canceled { intent: None, answer };
        Payment { account: account.id.clone(), key, revision: 0, state }
    }

    /// `Created` -> `Canceled`. In any other state an error that says why not.
    pub fn cancel(self, now: u64, reason: Option<&str>) -> Result<Self, Refusal> {
        let PaymentState::Created { mut intent, .. } = self.state else {
            return Err(objects::unexpected_state("only a payment that was not confirmed can be canceled"));
        };
        objects::cancel_intent(&mut intent, now, reason);
        let answer = ForwardResult {
            payment_intent: Some(intent.clone()),
            ..Refusal::canceled().for_payment(&self.key.to_string())
        };
        let state = PaymentState::Canceled { intent: Some(intent), answer: Box::new(answer) };
        Ok(Payment { state, ..self })
    }

    /// `Created` -> `Created`, with the card that the customer presented. In any other state an error.
    pub fn inspected(self, payment_method: &str) -> Result<Self, Refusal> {
        let PaymentState::Created { terms, mut intent } = self.state else {
            return Err(objects::unexpected_state(
                "only a payment that was not confirmed takes another card",
            ));
        };
        intent.payment_method = Some(payment_method.to_owned());
        Ok(Payment { state: PaymentState::Created { terms, intent }, ..self })
    }

    /// What to do with a submission for this payment. Takes a `Created` payment -> `Processing`.
    pub fn offer(self, submission: &PaymentSubmission) -> Decision {
        let refuse = |refusal: Refusal| {
            Decision::Answer(Box::new(refusal.for_payment(&submission.payment.offline_id)))
        };
        let offered = submission.digest();
        match self.state {
            PaymentState::Created { terms, mut intent } => {
                if terms != submission.payment.digest() {
                    return refuse(Refusal::other_content());
                }
                "processing".clone_into(&mut intent.status);
                let submission = Box::new(submission.clone());
                let state = PaymentState::Processing { terms, intent, content: offered, submission };
                Decision::Begin(Payment { state, ..self })
            }
            PaymentState::Processing { content, .. } if content == offered => Decision::Resume(self),
            PaymentState::Final { content, answer, .. } if content == offered => Decision::Answer(answer),
            PaymentState::Processing { .. } | PaymentState::Final { .. } => refuse(Refusal::other_content()),
            PaymentState::Canceled { answer, .. } => Decision::Answer(answer),
        }
    }

    /// Whether this is the payment that is asked about. What is known under its id with other content is another one, of
    /// which nothing is told and with which nothing is done. A canceled one is not charged, whatever its content was.
    pub fn answers(&self, question: &Question) -> Result<(), Refusal> {
        let is_same = match &self.state {
            PaymentState::Created { terms, .. } => hex::encode(terms) == question.terms,
            PaymentState::Processing { content, .. } | PaymentState::Final { content, .. } => {
                hex::encode(content) == question.content
            }
            PaymentState::Canceled { .. } => true,
        };
        if is_same { Ok(()) } else { Err(Refusal::other_content()) }
    }

    /// `Processing` -> `Final`, with the acquirer's outcome. Any other state stays.
    pub fn finish(self, now: u64, charge_id: String, outcome: &Outcome) -> Self {
        let PaymentState::Processing { terms, intent, content, submission } = self.state else {
            return self;
        };
        let (intent, charge, answer) =
            objects::conclude(intent, &self.key.to_string(), &submission, now, charge_id, outcome);
        let state = PaymentState::Final {
            terms,
            intent,
            content,
            charge: Box::new(charge),
            answer: Box::new(answer),
        };
        Payment { state, ..self }
    }

    /// `Processing` -> `Created`, when the acquirer could not read the request at all and so took nothing.
    pub fn release(self) -> Self {
        let PaymentState::Processing { terms, mut intent, .. } = self.state else {
            return self;
        };
        "requires_payment_method".clone_into(&mut intent.status);
        Payment { state: PaymentState::Created { terms, intent }, ..self }
    }

    /// The PaymentIntent as it stands.
    pub fn intent(&self) -> Option<&PaymentIntent> {
        match &self.state {
            PaymentState::Created { intent, .. }
            | PaymentState::Processing { intent, .. }
            | PaymentState::Final { intent, .. } => Some(intent),
            PaymentState::Canceled { intent, .. } => intent.as_ref(),
        }
    }

    /// The charge as it stands.
    pub fn charge(&self) -> Option<&Charge> {
        match &self.state {
            PaymentState::Final { charge, .. } => Some(charge),
            _ => None,
        }
    }

    /// Digest of what it was created with; absent after a cancellation.
    pub fn terms(&self) -> Option<&Digest> {
        match &self.state {
            PaymentState::Created { terms, .. }
            | PaymentState::Processing { terms, .. }
            | PaymentState::Final { terms, .. } => Some(terms),
            PaymentState::Canceled { .. } => None,
        }
    }

    /// The same payment once it is written.
    #[must_use]
    pub fn written(mut self) -> Self {
        self.revision = self.revision.saturating_add(1);
        self
    }
}

/// The names of a new PaymentIntent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// `pi_…`
    pub payment_intent: String,
    /// What follows `pi_…_secret_`.
    pub secret: String,
}

/// An offline id, or what is wrong with it.
pub fn parse_offline_id(text: &str) -> Result<OfflineId, Refusal> {
    text.parse().map_err(|error: tillandsia_core::ids::InvalidOfflineId| {
        Refusal::invalid("parameter_invalid", error.to_string(), Some("offline_id"))
    })
}
