//! What an account's server, and a device after the sale, do with payments: list, capture, cancel.

use tillandsia_core::wire::{Charge, PaymentIntent};

use super::objects::{self, ServerPayment};
use super::{
    Ledger, LedgerStore, ListQuery, Name, Payment, PaymentKey, PaymentState, Refusal, digest, validate,
};
use crate::acquirer::{Account, Acquirer, AcquirerError, CaptureRequest, VoidRequest};

/// One page of a listing, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// Whether there are older ones.
    pub has_more: bool,
}

impl<S: LedgerStore, A: Acquirer> Ledger<S, A> {
    /// Makes a PaymentIntent for an account's own server. The same `idempotency_key` gives the same PaymentIntent
    /// for ever; with other terms it is an error.
    pub async fn create_from_server(
        &self,
        now: u64,
        account: &Account,
        idempotency_key: Option<&str>,
        request: &ServerPayment,
    ) -> Result<PaymentIntent, Refusal> {
        validate::amount(request.amount, "amount")?;
        validate::currency(&request.currency)?;
        validate::capture_method(&request.capture_method)?;
        validate::metadata(&request.metadata)?;
        let key = PaymentKey::Server(match idempotency_key {
            Some(key) => format!("srv_key_{}", hex::encode(digest::of(&key))),
            None => self.ids.name("srv"),
        });
        self.create_once(Payment::create_from_server(account, now, self.names(), key, request)).await
    }

    /// Writes a new payment, or finds the one that its key names already.
    pub(super) async fn create_once(&self, new: Payment) -> Result<PaymentIntent, Refusal> {
        let _hold = self.in_flight.hold(&new.account, &new.key).ok_or_else(Refusal::in_flight)?;
        let payment = match self.load_one(&new.account, &new.key).await? {
            None => {
                self.store.save(std::slice::from_ref(&new)).await?;
                new
            }
            Some(stored) => match stored.terms() {
                None => return Err(Refusal::canceled()),
                terms if terms != new.terms() => return Err(Refusal::other_content()),
                _ => stored,
            },
        };
        payment.intent().cloned().ok_or_else(Refusal::canceled)
    }

    /// Captures an authorised payment, all of it or `amount`. Asking for the same again gives the same.
    pub async fn capture(
        &self,
        account: &Account,
        payment_intent: &str,
        amount: Option<u64>,
    ) -> Result<PaymentIntent, Refusal> {
        let (_hold, payment) = self.take(account, payment_intent).await?;
        let PaymentState::Final { terms, mut intent, content, mut charge, answer } = payment.state else {
            return Err(objects::unexpected_state(
                "this payment is not authorised: confirm it before capturing",
            ));
        };
        match intent.status.as_str() {
            "requires_capture" => {}
            "succeeded"
                if intent.capture_method == "manual"
                    && amount.is_none_or(|a| a == intent.amount_received) =>
            {
                return Ok(intent);
            }
            _ => return Err(objects::unexpected_state("this payment has nothing to capture")),
        }
        let amount = amount.unwrap_or(intent.amount_capturable);
        validate::amount(amount, "amount_to_capture")?;
        if amount > intent.amount_capturable {
            let message = "`amount_to_capture` is more than was authorised";
            return Err(Refusal::invalid("amount_too_large", message, Some("amount_to_capture")));
        }
        let request =
            CaptureRequest { account: account.id.clone(), idempotency_key: payment.key.to_string(), amount };
        let captured = self.acquirer.capture(request).await.map_err(acquirer_failed)?;
        objects::capture(&mut intent, &mut charge, captured.amount);
        let state = PaymentState::Final { terms, intent: intent.clone(), content, charge, answer };
        self.store.save(&[Payment { state, ..payment }]).await?;
        Ok(intent)
    }

    /// Cancels a payment that has taken no money: not confirmed, declined, or authorised and not captured (which
    /// gives the authorised amount back).
    pub async fn cancel(
        &self,
        now: u64,
        account: &Account,
        payment_intent: &str,
        reason: Option<&str>,
    ) -> Result<PaymentIntent, Refusal> {
        let (_hold, payment) = self.take(account, payment_intent).await?;
        let canceled = match payment.state {
            PaymentState::Created { .. } => payment.cancel(now, reason)?,
            PaymentState::Final { terms, mut intent, content, charge, answer } => {
                match intent.status.as_str() {
                    "requires_capture" => {
                        let idempotency_key = payment.key.to_string();
                        let request = VoidRequest { account: account.id.clone(), idempotency_key };
                        self.acquirer.void(request).await.map_err(acquirer_failed)?;
                    }
                    "requires_payment_method" => {}
                    _ => return Err(objects::unexpected_state("this payment cannot be canceled any more")),
                }
                objects::cancel_intent(&mut intent, now, reason);
                let state = PaymentState::Final { terms, intent, content, charge, answer };
                Payment { state, ..payment }
            }
            PaymentState::Processing { .. } => return Err(Refusal::in_flight()),
            PaymentState::Canceled { .. } => {
                return Err(objects::unexpected_state("this payment is canceled already"));
            }
        };
        self.store.save(std::slice::from_ref(&canceled)).await?;
        canceled.intent().cloned().ok_or_else(|| Refusal::missing("payment_intent"))
    }

    /// A PaymentIntent of an account.
    pub async fn payment_intent(&self, account: &Account, id: &str) -> Result<PaymentIntent, Refusal> {
        let found = self.store.find(Name::PaymentIntent(id)).await?;
        let found = found.filter(|payment| payment.account == account.id);
        found.and_then(|payment| payment.intent().cloned()).ok_or_else(|| Refusal::missing("payment_intent"))
    }

    /// A charge of an account.
    pub async fn charge(&self, account: &Account, id: &str) -> Result<Charge, Refusal> {
        let found = self.store.find(Name::Charge(id)).await?;
        let found = found.filter(|payment| payment.account == account.id);
        found.and_then(|payment| payment.charge().cloned()).ok_or_else(|| Refusal::missing("charge"))
    }

    /// PaymentIntents of an account.
    pub async fn payment_intents(
        &self,
        account: &Account,
        limit: usize,
        starting_after: Option<String>,
    ) -> Result<Page<PaymentIntent>, Refusal> {
        let query = ListQuery { charges: false, payment_intent: None, starting_after, limit };
        self.page(account, query, |payment| payment.intent().cloned()).await
    }

    /// Charges of an account.
    pub async fn charges(
        &self,
        account: &Account,
        limit: usize,
        starting_after: Option<String>,
        payment_intent: Option<String>,
    ) -> Result<Page<Charge>, Refusal> {
        let query = ListQuery { charges: true, payment_intent, starting_after, limit };
        self.page(account, query, |payment| payment.charge().cloned()).await
    }

    async fn page<T>(
        &self,
        account: &Account,
        query: ListQuery,
        part: impl Fn(&Payment) -> Option<T> + Send,
    ) -> Result<Page<T>, Refusal> {
        if let Some(after) = &query.starting_after {
            let name = if query.charges { Name::Charge(after) } else { Name::PaymentIntent(after) };
            if self.store.find(name).await?.is_none_or(|payment| payment.account != account.id) {
                return Err(Refusal::invalid(
                    "resource_missing",
                    "`starting_after` names nothing in this account",
                    Some("starting_after"),
                ));
            }
        }
        let limit = query.limit;
        let payments = self.store.list(&account.id, &ListQuery { limit: limit + 1, ..query }).await?;
        let has_more = payments.len() > limit;
        Ok(Page { data: payments.iter().take(limit).filter_map(part).collect(), has_more })
    }

    /// Holds the payment of a PaymentIntent and reads it as it is now.
    async fn take(&self, account: &Account, id: &str) -> Result<(super::Hold, Payment), Refusal> {
        let missing = || Refusal::missing("payment_intent");
        let found = self.store.find(Name::PaymentIntent(id)).await?;
        let found = found.filter(|payment| payment.account == account.id).ok_or_else(missing)?;
        let hold = self.in_flight.hold(&account.id, &found.key).ok_or_else(Refusal::in_flight)?;
        let payment = self.load_one(&account.id, &found.key).await?.ok_or_else(missing)?;
        Ok((hold, payment))
    }
}

fn acquirer_failed(error: AcquirerError) -> Refusal {
    match error {
        AcquirerError::Unavailable(_) => {
            Refusal::unavailable("acquirer_unavailable", "the acquirer did not answer: try again later")
        }
        AcquirerError::Unreadable(reason) | AcquirerError::Refused(reason) => {
            objects::unexpected_state(&format!("the acquirer refused: {reason}"))
        }
    }
}
