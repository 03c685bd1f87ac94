//! The device's payments: listing them, forwarding them, and what a person can do about one.

use tillandsia_core::forwarder::Mode;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::ports::{Platform, Reader};
use tillandsia_core::terminal::intent_of;

use super::{Answer, Api, ListOptions, PaymentIntentJson, PaymentJson, offline_id};

impl<P: Platform, R: Reader> Api<P, R> {
    /// `retrievePaymentIntent(offlineId)`.
    ///
    /// # Errors
    /// `payment_intent_not_found_offline`.
    pub async fn retrieve_payment_intent(&self, payment: &str) -> Answer<PaymentIntentJson> {
        let id = offline_id(payment)?;
        match self.open.get(id) {
            Some(intent) => Ok(PaymentIntentJson::from(&intent)),
            None => self.stored(id).await,
        }
    }

    /// `listPayments(options)`: newest first.
    ///
    /// # Errors
    /// `invalid_request`, `storage_unavailable`.
    pub async fn list_payments(&self, options: ListOptions) -> Answer<Vec<PaymentJson>> {
        let found = self.terminal.payments(options.before()?, options.limit()?).await?;
        Ok(found.iter().map(PaymentJson::from).collect())
    }

    /// `listAttention(options)`: what waits for a person, oldest deadline first.
    ///
    /// # Errors
    /// `invalid_request`, `storage_unavailable`.
    pub async fn list_attention(&self, options: ListOptions) -> Answer<Vec<PaymentJson>> {
        let found = self.terminal.attention(options.limit()?).await?;
        Ok(found.iter().map(PaymentJson::from).collect())
    }

    /// `forwardNow()`, where nothing but this context forwards: one pass over everything stored, whose outcomes are told
    /// before it returns.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn forward_now(&self) -> Answer<()> {
        self.terminal.forward(Mode::All, true).await?;
        self.terminal.deliver_events().await?;
        Ok(())
    }

    /// `voidPaymentIntent(offlineId)`: takes a stored payment back.
    ///
    /// # Errors
    /// As the terminal's.
    pub async fn void_payment_intent(&self, payment: &str) -> Answer<PaymentIntentJson> {
        let intent = self.terminal.void_payment_intent(offline_id(payment)?).await?;
        Ok(PaymentIntentJson::from(&intent))
    }

    /// `retryPaymentIntent(offlineId)`: sends one that was set aside again.
    ///
    /// # Errors
    /// As the terminal's.
    pub async fn retry_payment_intent(&self, payment: &str) -> Answer<PaymentIntentJson> {
        let id = offline_id(payment)?;
        self.terminal.retry(id).await?;
        self.stored(id).await
    }

    /// `settlePaymentIntent(offlineId)`: a stored payment's decline is dealt with.
    ///
    /// # Errors
    /// As the terminal's.
    pub async fn settle_payment_intent(&self, payment: &str) -> Answer<PaymentIntentJson> {
        let id = offline_id(payment)?;
        self.terminal.settle(id).await?;
        self.stored(id).await
    }

    async fn stored(&self, id: OfflineId) -> Answer<PaymentIntentJson> {
        Ok(PaymentIntentJson::from(&intent_of(&self.terminal.record(id).await?)))
    }
}
