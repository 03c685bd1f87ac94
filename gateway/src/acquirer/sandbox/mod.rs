//! The sandbox acquirer: moves no money, and is otherwise strict. It decrypts with the published test keys, checks
//! the cryptogram, refuses what it has seen before and declines by the amount's last two digits.
//!
//! A card number exists only inside `SandboxAcquirer::assess` and what it calls; none leaves.

mod card;
pub mod memory;
mod rules;
pub mod sqlite;
mod store;

pub use store::{Attempt, SandboxStore, SandboxStoreError, Settled, settle};

use card::{ReadCard, Unusable};
use tillandsia_card_crypto::{BaseKeys, SecretKey, test_keys};

use super::{
    Acquirer, AcquirerError, Authorisation, AuthoriseRequest, CaptureRequest, Captured, CardFacts, Decline,
    Outcome, VoidRequest,
};

/// An acquirer and issuer in one, for tests and demonstrations.
#[derive(Debug)]
pub struct SandboxAcquirer<S> {
    store: S,
    base_keys: BaseKeys,
    issuer_key: SecretKey,
}

/// What came of looking at a request, before it is known whether it was seen before.
type Assessed = Result<Attempt, AcquirerError>;

impl<S: SandboxStore> SandboxAcquirer<S> {
    /// A sandbox with the published test keys that remembers in `store`.
    pub fn new(store: S) -> Self {
        SandboxAcquirer {
            store,
            base_keys: test_keys::base_keys(),
            issuer_key: test_keys::issuer_master_key(),
        }
    }

    /// Decrypts and checks one request. Pure.
    fn assess(&self, request: &AuthoriseRequest) -> Assessed {
        let read = match card::read(request, &self.base_keys, &self.issuer_key) {
            Ok(read) => read,
            Err(Unusable::Unreadable(reason)) => return Err(AcquirerError::Unreadable(reason)),
            Err(Unusable::Tampered { facts, reason }) => {
                let declined = Decline {
                    card: *facts,
                    decline_code: "tampered".to_owned(),
                    message: format!("The payment was refused as tampered with: {reason}."),
                    response_code: "63".to_owned(),
                };
                // Its serial number and counter are not used up: whoever altered it must not block the real one.
                return Ok(attempt(request, None, Outcome::Declined(declined)));
            }
        };
        let outcome = match rules::decline(request, &read) {
            Some((decline_code, message, response_code)) => Outcome::Declined(Decline {
                card: read.facts.clone(),
                decline_code: decline_code.to_owned(),
                message: message.to_owned(),
                response_code: response_code.to_owned(),
            }),
            None => Outcome::Approved(Authorisation {
                card: read.facts.clone(),
                authorization_code: rules::authorization_code(request),
                response_code: "00".to_owned(),
            }),
        };
        Ok(attempt(request, Some(read), outcome))
    }
}

fn attempt(request: &AuthoriseRequest, read: Option<ReadCard>, outcome: Outcome) -> Attempt {
    let (ksn, counter) = match read {
        Some(read) => (Some(read.ksn), read.counter),
        None => (None, None),
    };
    Attempt {
        account: request.account.clone(),
        key: request.idempotency_key.clone(),
        ksn,
        counter,
        amount: request.amount,
        capture: request.capture && matches!(outcome, Outcome::Approved(_)),
        outcome,
    }
}

impl From<SandboxStoreError> for AcquirerError {
    fn from(error: SandboxStoreError) -> Self {
        AcquirerError::Unavailable(error.to_string())
    }
}

impl<S: SandboxStore> Acquirer for SandboxAcquirer<S> {
    async fn authorise(&self, request: AuthoriseRequest) -> Result<Outcome, AcquirerError> {
        let mut outcomes = self.authorise_all(vec![request]).await;
        outcomes.pop().unwrap_or_else(|| Err(AcquirerError::Unavailable("no answer".to_owned())))
    }

    /// One transaction for all of them.
    async fn authorise_all(&self, requests: Vec<AuthoriseRequest>) -> Vec<Result<Outcome, AcquirerError>> {
        let assessed: Vec<Assessed> = requests.iter().map(|request| self.assess(request)).collect();
        let attempts: Vec<Attempt> = assessed.iter().filter_map(|a| a.as_ref().ok()).cloned().collect();
        let (mut settled, failed) = match self.store.settle(attempts).await {
            Ok(settled) => (settled.into_iter(), None),
            Err(error) => (Vec::new().into_iter(), Some(AcquirerError::from(error))),
        };
        let lost = || AcquirerError::Unavailable("the sandbox has no answer".to_owned());
        let outcome = |assessed: Assessed| match assessed {
            Ok(_) => settled.next().ok_or_else(|| failed.clone().unwrap_or_else(lost)),
            Err(error) => Err(error),
        };
        assessed.into_iter().map(outcome).collect()
    }

    async fn inspect(&self, request: AuthoriseRequest) -> Result<CardFacts, AcquirerError> {
        match card::read(&request, &self.base_keys, &self.issuer_key) {
            Ok(read) => Ok(read.facts),
            // What was altered is refused when it is charged; its facts are what it claims.
            Err(Unusable::Tampered { facts, .. }) => Ok(*facts),
            Err(Unusable::Unreadable(reason)) => Err(AcquirerError::Unreadable(reason)),
        }
    }

    async fn capture(&self, request: CaptureRequest) -> Result<Captured, AcquirerError> {
        let settled = self.store.capture(&request.account, &request.idempotency_key, request.amount).await?;
        match settled {
            Some(Settled { captured: Some(amount), voided: false }) => Ok(Captured { amount }),
            _ => Err(AcquirerError::Refused("there is no open authorisation of that amount".to_owned())),
        }
    }

    async fn void(&self, request: VoidRequest) -> Result<(), AcquirerError> {
        match self.store.void(&request.account, &request.idempotency_key).await? {
            Some(Settled { captured: None, voided: true }) => Ok(()),
            _ => Err(AcquirerError::Refused("there is no open authorisation".to_owned())),
        }
    }
}
