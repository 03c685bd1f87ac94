//! The card of a payment, before it is confirmed.

use tillandsia_core::wire::{PaymentMethod, PaymentSubmission};

use super::{Ledger, LedgerStore, Payment, PaymentState, Refusal, objects, unreadable_card};
use crate::acquirer::{Account, Acquirer, AcquirerError, AuthoriseRequest};

impl<S: LedgerStore, A: Acquirer> Ledger<S, A> {
    /// Says what may be known of a submission's card, and notes it on the PaymentIntent; makes that where it is not there
    /// yet. Nothing is charged, and the card's ciphertext is not kept.
    ///
    /// # Errors
    /// What [`Ledger::create`] refuses; 400 for a payment that was confirmed before, or a card that cannot be read.
    pub async fn inspect(
        &self,
        now: u64,
        account: &Account,
        submission: &PaymentSubmission,
    ) -> Result<PaymentMethod, Refusal> {
        let (key, _hold) = self.admit(account, submission)?;
        let stored = self.load_one(&account.id, &key).await?;
        self.check_owner(account, submission.payment_intent.as_deref()).await?;
        let new = Payment::create(account, now, self.names(), &submission.payment)?;
        let payment = match stored {
            None => new,
            Some(stored) if stored.terms().is_none() => return Err(Refusal::canceled()),
            Some(stored) if stored.terms() != new.terms() => return Err(Refusal::other_content()),
            Some(stored) => stored,
        };
        let payment = payment.inspected(&self.ids.name("pm"))?;
        let request = inspection(&payment, now, submission)?;
        let facts = self.acquirer.inspect(request).await.map_err(|error| match error {
            AcquirerError::Unavailable(_) => Refusal::unavailable(
                "acquirer_unavailable",
                "the acquirer did not answer: collect the card again later",
            ),
            AcquirerError::Unreadable(reason) | AcquirerError::Refused(reason) => unreadable_card(&reason),
        })?;
        self.store.save(std::slice::from_ref(&payment)).await?;
        let PaymentState::Created { intent, .. } = payment.state else { return Err(Refusal::canceled()) };
        Ok(PaymentMethod {
            id: intent.payment_method.unwrap_or_default(),
            object: "payment_method".to_owned(),
            kind: "card_present".to_owned(),
            created: now,
            livemode: account.livemode,
            card_present: objects::inspected_card(&facts, submission),
        })
    }
}

fn inspection(
    payment: &Payment,
    now: u64,
    submission: &PaymentSubmission,
) -> Result<AuthoriseRequest, Refusal> {
    Ok(AuthoriseRequest {
        account: payment.account.clone(),
        idempotency_key: payment.key.to_string(),
        amount: submission.payment.amount,
        currency: super::validate::currency(&submission.payment.currency)?,
        capture: false,
        now,
        stored_at: None,
        card: submission.card.clone(),
    })
}
