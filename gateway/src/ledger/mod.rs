//! The ledger: a payment is authorised once, however often and by whomever it is sent.
//!
//! Keyed for ever by (account, offline id). Decisions are transitions of [`Payment`]; this layer carries them out against a
//! [`LedgerStore`] and an [`Acquirer`], in this order: write `Processing`, ask the acquirer with the payment's key,
//! write the answer, give the answer. It may stop at any await and lose nothing: the acquirer is asked again with
//! the same key.

mod digest;
mod in_flight;
mod inspect;
mod manage;
pub mod memory;
mod objects;
mod payment;
mod refusal;
pub mod sqlite;
mod store;
mod validate;

pub use digest::Digest;
pub use manage::Page;
pub use objects::ServerPayment;
pub use payment::{Decision, Names, Payment, PaymentKey, PaymentState, parse_offline_id};
pub use refusal::Refusal;
pub use store::{LedgerStore, ListQuery, Name, StoreError};
pub use validate::{amount as validate_amount, metadata as validate_metadata};

use in_flight::{Hold, InFlight};
use tillandsia_core::wire::{CreatePayment, ForwardResult, PaymentIntent, PaymentSubmission, Question};

use crate::acquirer::{Account, Acquirer, AcquirerError, AuthoriseRequest};
use crate::ids::Ids;

/// Left-over payments that one [`Ledger::recover`] takes up.
const RECOVER_MAX: usize = 10_000;
/// Payments driven together.
const GROUP_MAX: usize = tillandsia_core::wire::FORWARD_BATCH_MAX;

/// The ledger over a store and an acquirer. One per database: the set of payments in flight is in this value.
pub struct Ledger<S, A> {
    store: S,
    acquirer: A,
    ids: Box<dyn Ids>,
    in_flight: InFlight,
}

/// A payment in state `Processing` that this request holds, and where its answer goes.
struct Work {
    index: usize,
    payment: Payment,
    _hold: Hold,
}

impl<S: LedgerStore, A: Acquirer> Ledger<S, A> {
    /// A ledger with nothing in flight.
    pub fn new(store: S, acquirer: A, ids: impl Ids + 'static) -> Self {
        Ledger { store, acquirer, ids: Box::new(ids), in_flight: InFlight::default() }
    }

    /// The acquirer behind it.
    pub fn acquirer(&self) -> &A {
        &self.acquirer
    }

    /// The store behind it.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Makes the PaymentIntent of an offline id. The same request again gives the PaymentIntent as it stands;
    /// other terms 422, a canceled payment 410. `now` in unix seconds, here as everywhere.
    pub async fn create(
        &self,
        now: u64,
        account: &Account,
        request: &CreatePayment,
    ) -> Result<PaymentIntent, Refusal> {
        validate::terms(request)?;
        let payment = Payment::create(account, now, self.names(), request)?;
        self.create_once(payment).await
    }

    /// Authorises one payment. See [`Ledger::forward`].
    pub async fn confirm(
        &self,
        now: u64,
        account: &Account,
        submission: &PaymentSubmission,
    ) -> ForwardResult {
        let offline_id = &submission.payment.offline_id;
        let mut results = self.forward(now, account, std::slice::from_ref(submission)).await;
        results.pop().unwrap_or_else(|| lost(offline_id))
    }

    /// Authorises a batch; a result for each, in order. One payment's failure does not touch the others.
    ///
    /// Statuses are those of [`ForwardResult`]. After 409 and 5xx the same payment is to be sent again; every
    /// other answer is final.
    pub async fn forward(
        &self,
        now: u64,
        account: &Account,
        batch: &[PaymentSubmission],
    ) -> Vec<ForwardResult> {
        let mut results: Vec<Option<ForwardResult>> = vec![None; batch.len()];
        let mut answer = |index: usize, result: ForwardResult| {
            if let Some(slot) = results.get_mut(index) {
                *slot = Some(result);
            }
        };
        let mut held: Vec<(usize, &PaymentSubmission, PaymentKey, Hold)> = Vec::new();
        for (index, submission) in batch.iter().enumerate() {
            match self.admit(account, submission) {
                Ok((key, hold)) => held.push((index, submission, key, hold)),
                Err(refusal) => answer(index, refusal.for_payment(&submission.payment.offline_id)),
            }
        }
        let keys: Vec<_> = held.iter().map(|(_, _, key, _)| key.clone()).collect();
        let stored = self.load_each(account, &keys).await;
        let (mut begun, mut work) = (Vec::new(), Vec::new());
        for ((index, submission, _, hold), stored) in held.into_iter().zip(stored) {
            let stored = match stored {
                Ok(stored) => stored,
                Err(error) => {
                    answer(index, Refusal::from(error).for_payment(&submission.payment.offline_id));
                    continue;
                }
            };
            match self.decide(now, account, stored, submission).await {
                Decision::Answer(result) => answer(index, *result),
                Decision::Begin(payment) => begun.push(Work { index, payment, _hold: hold }),
                Decision::Resume(payment) => work.push(Work { index, payment, _hold: hold }),
            }
        }
        match self.begin(begun).await {
            Ok(begun) => work.extend(begun),
            Err((begun, refusal)) => {
                for item in begun {
                    answer(item.index, refusal.clone().for_payment(&item.payment.key.to_string()));
                }
            }
        }
        for (index, result) in self.drive(now, work).await {
            answer(index, result);
        }
        complete(batch, results)
    }

    /// What became of a payment. One that the gateway has never heard of, or that nobody confirmed, is canceled
    /// for ever: a late request cannot charge it any more. One that is known with other content is left as it is: 422.
    pub async fn resolve(
        &self,
        now: u64,
        account: &Account,
        offline_id: &str,
        question: &Question,
    ) -> ForwardResult {
        match self.try_resolve(now, account, offline_id, question).await {
            Ok(result) => result,
            Err(refusal) => refusal.for_payment(offline_id),
        }
    }

    async fn try_resolve(
        &self,
        now: u64,
        account: &Account,
        offline_id: &str,
        question: &Question,
    ) -> Result<ForwardResult, Refusal> {
        let id = parse_offline_id(offline_id)?;
        let key = PaymentKey::Device(id);
        let hold = self.in_flight.hold(&account.id, &key).ok_or_else(Refusal::in_flight)?;
        let known = self.load_one(&account.id, &key).await?;
        if let Some(payment) = &known {
            payment.answers(question)?;
        }
        let payment = match known {
            None => Payment::tombstone(account, id),
            Some(payment) => match &payment.state {
                PaymentState::Created { .. } => payment.cancel(now, Some("abandoned"))?,
                PaymentState::Processing { .. } => {
                    let work = vec![Work { index: 0, payment, _hold: hold }];
                    let driven = self.drive(now, work).await.pop();
                    return Ok(driven.map_or_else(|| lost(offline_id), |(_, result)| result));
                }
                PaymentState::Final { answer, .. } | PaymentState::Canceled { answer, .. } => {
                    return Ok((**answer).clone());
                }
            },
        };
        self.store.save(std::slice::from_ref(&payment)).await?;
        match payment.state {
            PaymentState::Canceled { answer, .. } => Ok(*answer),
            _ => Ok(lost(offline_id)),
        }
    }

    /// Takes up what is in state `Processing` and in nobody's hands, as a crash or a silent acquirer leaves it: asks
    /// the acquirer again with the same keys. Returns how many payments got their outcome. To be called after a
    /// start, and now and then.
    pub async fn recover(&self, now: u64) -> Result<usize, StoreError> {
        let mut recovered = 0;
        let left = self.store.unfinished(RECOVER_MAX).await?;
        for group in left.chunks(GROUP_MAX) {
            let mut work = Vec::new();
            for (index, payment) in group.iter().enumerate() {
                let Some(hold) = self.in_flight.hold(&payment.account, &payment.key) else { continue };
                // Read again: until it was held, another request may have finished it.
                match self.load_one(&payment.account, &payment.key).await? {
                    Some(payment) if matches!(payment.state, PaymentState::Processing { .. }) => {
                        work.push(Work { index, payment, _hold: hold });
                    }
                    _ => {}
                }
            }
            let results = self.drive(now, work).await;
            recovered += results.iter().filter(|(_, result)| matches!(result.status, 200 | 402)).count();
        }
        Ok(recovered)
    }

    fn admit(
        &self,
        account: &Account,
        submission: &PaymentSubmission,
    ) -> Result<(PaymentKey, Hold), Refusal> {
        let key = PaymentKey::Device(parse_offline_id(&submission.payment.offline_id)?);
        validate::submission(submission)?;
        let hold = self.in_flight.hold(&account.id, &key).ok_or_else(Refusal::in_flight)?;
        Ok((key, hold))
    }

    async fn decide(
        &self,
        now: u64,
        account: &Account,
        stored: Option<Payment>,
        submission: &PaymentSubmission,
    ) -> Decision {
        let payment = match stored {
            Some(payment) => Ok(payment),
            None => match self.check_owner(account, submission.payment_intent.as_deref()).await {
                Ok(()) => Payment::create(account, now, self.names(), &submission.payment),
                Err(refusal) => Err(refusal),
            },
        };
        match payment {
            Ok(payment) => payment.offer(submission),
            Err(refusal) => Decision::Answer(Box::new(refusal.for_payment(&submission.payment.offline_id))),
        }
    }

    /// A payment that names a PaymentIntent belongs to the account that has it.
    async fn check_owner(&self, account: &Account, payment_intent: Option<&str>) -> Result<(), Refusal> {
        let Some(id) = payment_intent else { return Ok(()) };
        match self.store.find(Name::PaymentIntent(id)).await? {
            Some(payment) if payment.account != account.id => Err(Refusal::forbidden(
                "account_id_mismatch_while_forwarding",
                "this payment was created in another account: connect the device to that account again",
            )),
            _ => Ok(()),
        }
    }

    /// Writes payments that are about to be authorised, all in one transaction.
    async fn begin(&self, work: Vec<Work>) -> Result<Vec<Work>, (Vec<Work>, Refusal)> {
        if work.is_empty() {
            return Ok(work);
        }
        let payments: Vec<_> = work.iter().map(|item| item.payment.clone()).collect();
        match self.store.save(&payments).await {
            Ok(()) => Ok(work.into_iter().map(|w| Work { payment: w.payment.written(), ..w }).collect()),
            Err(error) => Err((work, error.into())),
        }
    }

    /// Asks the acquirer, writes the outcomes in one transaction, and only then gives them.
    async fn drive(&self, now: u64, work: Vec<Work>) -> Vec<(usize, ForwardResult)> {
        let mut results = Vec::with_capacity(work.len());
        let (mut asked, mut requests) = (Vec::new(), Vec::new());
        for item in work {
            match authorise_request(&item.payment, now) {
                Some(request) => {
                    requests.push(request);
                    asked.push(item);
                }
                None => results.push((item.index, lost(&item.payment.key.to_string()))),
            }
        }
        if requests.is_empty() {
            return results;
        }
        let outcomes = self.acquirer.authorise_all(requests).await;
        let mut concluded: Vec<(usize, ForwardResult)> = Vec::new();
        let mut changed = Vec::new();
        let mut outcomes = outcomes.into_iter();
        for Work { index, payment, _hold } in &asked {
            let outcome =
                outcomes.next().unwrap_or_else(|| Err(AcquirerError::Unavailable("no answer".to_owned())));
            let (payment, result) = self.conclude(now, payment.clone(), outcome);
            match payment {
                Some(payment) => {
                    changed.push(payment);
                    concluded.push((*index, result));
                }
                None => results.push((*index, result)),
            }
        }
        if let Err(error) = self.store.save(&changed).await {
            // The acquirer knows the outcomes; the same request again will find them there.
            let refusal = Refusal::from(error);
            for (_, result) in &mut concluded {
                *result = refusal.clone().for_payment(&result.offline_id);
            }
        }
        results.extend(concluded);
        results
        // `asked` and its holds end here: nobody else may take the payments up before they are written.
    }

    /// What to write for an outcome, if anything, and what to answer.
    fn conclude(
        &self,
        now: u64,
        payment: Payment,
        outcome: Result<crate::acquirer::Outcome, AcquirerError>,
    ) -> (Option<Payment>, ForwardResult) {
        let key = payment.key.to_string();
        match outcome {
            Ok(outcome) => {
                let payment = payment.finish(now, self.ids.name("ch"), &outcome);
                let answer = match &payment.state {
                    PaymentState::Final { answer, .. } => (**answer).clone(),
                    _ => lost(&key),
                };
                (Some(payment), answer)
            }
            Err(AcquirerError::Unavailable(reason)) => {
                tracing::warn!(payment = %key, %reason, "the acquirer did not answer");
                let message = "the acquirer did not answer: send the same request again later";
                (None, Refusal::unavailable("acquirer_unavailable", message).for_payment(&key))
            }
            Err(AcquirerError::Unreadable(reason) | AcquirerError::Refused(reason)) => {
                tracing::warn!(payment = %key, %reason, "the acquirer cannot read a payment");
                (Some(payment.release()), unreadable_card(&reason).for_payment(&key))
            }
        }
    }

    /// What is stored under each key. A row that cannot be read fails its own payment, not the others.
    async fn load_each(
        &self,
        account: &Account,
        keys: &[PaymentKey],
    ) -> Vec<Result<Option<Payment>, StoreError>> {
        match self.store.load(&account.id, keys).await {
            Ok(stored) => return stored.into_iter().map(Ok).collect(),
            Err(StoreError::Unreadable(_)) => {}
            Err(error) => return vec![Err(error); keys.len()],
        }
        let mut each = Vec::with_capacity(keys.len());
        for key in keys {
            each.push(self.load_one(&account.id, key).await);
        }
        each
    }

    async fn load_one(&self, account: &str, key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
        Ok(self.store.load(account, std::slice::from_ref(key)).await?.pop().flatten())
    }

    fn names(&self) -> Names {
        Names { payment_intent: self.ids.name("pi"), secret: self.ids.name("s").split_off(2) }
    }
}

fn authorise_request(payment: &Payment, now: u64) -> Option<AuthoriseRequest> {
    let PaymentState::Processing { submission, .. } = &payment.state else { return None };
    Some(AuthoriseRequest {
        account: payment.account.clone(),
        idempotency_key: payment.key.to_string(),
        amount: submission.payment.amount,
        currency: submission.payment.currency.parse().ok()?,
        capture: submission.payment.capture_method == "automatic",
        now,
        stored_at: submission.stored_at,
        card: submission.card.clone(),
    })
}

fn unreadable_card(reason: &str) -> Refusal {
    let message = format!("the acquirer cannot read the card data ({reason}): nothing was charged");
    Refusal::invalid("card_data_unreadable", message, Some("card"))
}

/// The answer where a step left none, which would be a bug of ours: the payment is to be sent again.
fn lost(offline_id: &str) -> ForwardResult {
    Refusal::unavailable("internal", "the gateway lost track of the request: send it again")
        .for_payment(offline_id)
}

fn complete(batch: &[PaymentSubmission], results: Vec<Option<ForwardResult>>) -> Vec<ForwardResult> {
    let answered = batch.iter().zip(results);
    answered.map(|(sent, result)| result.unwrap_or_else(|| lost(&sent.payment.offline_id))).collect()
}
