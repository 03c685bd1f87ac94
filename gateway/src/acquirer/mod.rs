//! The port to whoever moves the money.
//!
//! A real acquirer needs: the reader's base derivation keys in an HSM of its own, a host that takes EMV data,
//! deferred authorisations marked as such, and idempotency by the key given here. The gateway itself never sees
//! a card number; what comes back is what may be shown.

pub mod sandbox;

use std::future::Future;

use tillandsia_core::money::Currency;
use tillandsia_core::wire::CardOnWire;

/// Whose money it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account {
    /// `acct_…`
    pub id: String,
    /// Whether money moves.
    pub livemode: bool,
}

/// Authorises, captures and voids. Every call is idempotent by (account, idempotency key), for ever: the gateway
/// may stop at any point and asks again with the same key.
pub trait Acquirer: Send + Sync {
    /// Asks for the money.
    fn authorise(
        &self,
        request: AuthoriseRequest,
    ) -> impl Future<Output = Result<Outcome, AcquirerError>> + Send;

    /// Asks for several, at most as many as a batch has; an outcome for each, in order. Eight at a time unless
    /// the implementation knows better.
    fn authorise_all(
        &self,
        requests: Vec<AuthoriseRequest>,
    ) -> impl Future<Output = Vec<Result<Outcome, AcquirerError>>> + Send {
        async move {
            let mut outcomes = Vec::with_capacity(requests.len());
            let mut rest = requests.into_iter();
            loop {
                let group: Vec<_> = rest.by_ref().take(8).map(|request| self.authorise(request)).collect();
                if group.is_empty() {
                    return outcomes;
                }
                outcomes.extend(futures::future::join_all(group).await);
            }
        }
    }

    /// What may be known of a card before it is charged. Uses nothing up: the same card is authorised with afterwards.
    fn inspect(
        &self,
        request: AuthoriseRequest,
    ) -> impl Future<Output = Result<CardFacts, AcquirerError>> + Send;

    /// Takes an authorised amount, or part of it. When it was captured before, says what was taken then.
    fn capture(
        &self,
        request: CaptureRequest,
    ) -> impl Future<Output = Result<Captured, AcquirerError>> + Send;

    /// Gives an authorised, not captured amount back.
    fn void(&self, request: VoidRequest) -> impl Future<Output = Result<(), AcquirerError>> + Send;
}

/// A request for money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthoriseRequest {
    /// Whose money it will be.
    pub account: String,
    /// Unique within the account: the payment's key.
    pub idempotency_key: String,
    /// Minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
    /// Whether to capture at once.
    pub capture: bool,
    /// Now, unix seconds.
    pub now: u64,
    /// When the device stored it, unix seconds, where it was collected offline: a deferred authorisation.
    pub stored_at: Option<u64>,
    /// The card as the reader encrypted it.
    pub card: CardOnWire,
}

/// What became of a request for money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The issuer approved.
    Approved(Authorisation),
    /// The issuer or the acquirer declined. Final.
    Declined(Decline),
}

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorisation {
    /// The card.
    pub card: CardFacts,
    /// The issuer's code, six digits or letters.
    pub authorization_code: String,
    /// EMV response code (tag 8A) as ASCII, `00`.
    pub response_code: String,
}

/// A decline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decline {
    /// The card.
    pub card: CardFacts,
    /// Why, in Stripe's words: `generic_decline` …
    pub decline_code: String,
    /// For a person. Never holds card data.
    pub message: String,
    /// EMV response code (tag 8A) as ASCII, `05`.
    pub response_code: String,
}

/// What may be known of a card outside the acquirer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFacts {
    /// `visa` …
    pub brand: String,
    /// The last four digits.
    pub last4: String,
    /// 1 to 12.
    pub exp_month: u8,
    /// Four digits.
    pub exp_year: u16,
    /// `credit`, `debit`, `prepaid` or `unknown`.
    pub funding: String,
    /// Where it was issued, ISO 3166 two letters, where that is known.
    pub country: Option<String>,
    /// The network that routed it.
    pub network: String,
}

/// A request to take an authorised amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureRequest {
    /// Whose money it will be.
    pub account: String,
    /// The authorisation's key.
    pub idempotency_key: String,
    /// Minor units, at most the authorised amount.
    pub amount: u64,
}

/// What was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured {
    /// Minor units.
    pub amount: u64,
}

/// A request to give an authorised amount back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidRequest {
    /// Whose authorisation it is.
    pub account: String,
    /// The authorisation's key.
    pub idempotency_key: String,
}

/// Why there is no outcome. Texts never hold card data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcquirerError {
    /// No answer: whether money moved is unknown until the same request is made again.
    #[error("the acquirer did not answer: {0}")]
    Unavailable(String),
    /// The acquirer cannot read the request and took nothing; a person has to look.
    #[error("the acquirer cannot read the request: {0}")]
    Unreadable(String),
    /// The authorisation does not allow it (no such authorisation, voided, captured): nothing was changed.
    #[error("the acquirer refused: {0}")]
    Refused(String),
}
