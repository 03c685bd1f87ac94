//! What the sandbox remembers, for ever.

use std::future::Future;

use crate::acquirer::{Decline, Outcome};

/// The sandbox's memory. Small on purpose; every implementation uses [`settle`] to decide.
pub trait SandboxStore: Send + Sync {
    /// For each attempt, in order: the outcome stored under its key, or what [`settle`] decides, stored. All in
    /// one transaction, durable when it returns.
    fn settle(
        &self,
        attempts: Vec<Attempt>,
    ) -> impl Future<Output = Result<Vec<Outcome>, SandboxStoreError>> + Send;

    /// Captures an approved, not voided authorisation of at least `amount` that was not captured before.
    /// Gives how it stands then; `None` where there is none.
    fn capture(
        &self,
        account: &str,
        key: &str,
        amount: u64,
    ) -> impl Future<Output = Result<Option<Settled>, SandboxStoreError>> + Send;

    /// Voids an approved authorisation that was not captured. Gives how it stands then.
    fn void(
        &self,
        account: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<Settled>, SandboxStoreError>> + Send;
}

/// One request, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Whose authorisation it is.
    pub account: String,
    /// Its idempotency key.
    pub key: String,
    /// The reader's key serial number, which is used once; none where it is not to be remembered.
    pub ksn: Option<String>,
    /// A token of the card that tells nothing, and its transaction counter, which is used once.
    pub counter: Option<(String, u16)>,
    /// Minor units.
    pub amount: u64,
    /// Whether it is captured at once.
    pub capture: bool,
    /// What becomes of it unless it was seen before.
    pub outcome: Outcome,
}

/// How an authorisation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Minor units that were captured.
    pub captured: Option<u64>,
    /// Whether it was voided.
    pub voided: bool,
}

/// The sandbox's memory failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox's database failed: {0}")]
pub struct SandboxStoreError(pub String);

/// What is stored for an attempt whose key is not known: a refusal when its serial number or counter was seen under
/// another key. A refused one is remembered by its key only.
#[must_use]
pub fn settle(attempt: Attempt, ksn_seen: bool, counter_seen: bool) -> Attempt {
    let message = match (ksn_seen, counter_seen) {
        (false, false) => return attempt,
        (true, _) => "The reader's key serial number was used by another payment: refused as a replay.",
        (false, true) => "The card's transaction counter was used by another payment: refused as a replay.",
    };
    let card = match &attempt.outcome {
        Outcome::Approved(authorisation) => authorisation.card.clone(),
        Outcome::Declined(decline) => decline.card.clone(),
    };
    let outcome = Outcome::Declined(Decline {
        card,
        decline_code: "duplicate_transaction".to_owned(),
        message: message.to_owned(),
        response_code: "94".to_owned(),
    });
    Attempt { ksn: None, counter: None, capture: false, outcome, ..attempt }
}
