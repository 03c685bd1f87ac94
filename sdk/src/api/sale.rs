//! A sale's steps: create, collect, confirm, cancel, capture.

use std::future::Future;
use std::pin::{Pin, pin};

use futures::future::{Either, select};
use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::payment_intent::{PaymentIntent, PaymentIntentStatus};
use tillandsia_core::ports::{Clock, Platform, Reader, ReaderPrompt};

use super::open::Claim;
use super::{
    Answer, Api, CaptureOptions, CollectOptions, ConfirmOptions, CreateOptions, PaymentIntentJson,
    PromptJson, canceled_by_app, offline_id,
};

/// How often a cancel is repeated while the reader is on its way to waiting for a card.
const CANCEL_TRIES_MAX: u32 = 50;
/// Between them, milliseconds.
const CANCEL_EVERY_MS: u64 = 100;

impl<P: Platform, R: Reader> Api<P, R> {
    /// `createPaymentIntent(options)`.
    ///
    /// # Errors
    /// As the terminal's.
    pub async fn create_payment_intent(&self, options: CreateOptions) -> Answer<PaymentIntentJson> {
        let intent = self.terminal.create_payment_intent(options.parameters()?).await?;
        self.open.add(intent.clone());
        Ok(PaymentIntentJson::from(&intent))
    }

    /// `collectPaymentMethod(paymentIntent, options)`. `prompt` hears what to tell the customer; once `canceled` completes
    /// the reader stops waiting.
    ///
    /// # Errors
    /// As the terminal's; `canceled`, after which the payment stands where it stood.
    pub async fn collect_payment_method(
        &self,
        payment: &str,
        options: CollectOptions,
        prompt: &dyn Fn(PromptJson),
        canceled: impl Future<Output = ()>,
    ) -> Answer<PaymentIntentJson> {
        let claim = self.claim(payment).await?;
        let prompted = |what: ReaderPrompt| prompt(PromptJson::from(what));
        let collecting =
            pin!(self.terminal.collect_payment_method(claim.intent(), options.parameters(), &prompted));
        let collected = match select(collecting, pin!(canceled)).await {
            Either::Left((collected, _)) => collected,
            Either::Right(((), collecting)) => {
                self.end_collecting(collecting).await;
                Err(canceled_by_app("canceled: no card was charged").about(&claim.intent()))
            }
        };
        settle(&claim, collected)
    }

    /// The reader may still be on its way to waiting, where a cancel meets nothing to cancel.
    async fn end_collecting<T>(&self, mut collecting: Pin<&mut impl Future<Output = T>>) {
        for _ in 0..CANCEL_TRIES_MAX {
            self.terminal.cancel_collect().await;
            let pause = pin!(self.terminal.clock().sleep_ms(CANCEL_EVERY_MS));
            if let Either::Left(_) = select(collecting.as_mut(), pause).await {
                return;
            }
        }
    }

    /// `confirmPaymentIntent(paymentIntent, options)`.
    ///
    /// # Errors
    /// As the terminal's.
    pub async fn confirm_payment_intent(
        &self,
        payment: &str,
        options: ConfirmOptions,
    ) -> Answer<PaymentIntentJson> {
        let parameters = options.parameters()?;
        let claim = self.claim(payment).await?;
        settle(&claim, self.terminal.confirm_payment_intent(claim.intent(), parameters).await)
    }

    /// `cancelPaymentIntent(paymentIntent)`: before it is confirmed.
    ///
    /// # Errors
    /// `unexpected_status` once it is confirmed.
    pub async fn cancel_payment_intent(&self, payment: &str) -> Answer<PaymentIntentJson> {
        let claim = self.claim(payment).await?;
        settle(&claim, self.terminal.cancel_payment_intent(claim.intent()))
    }

    /// `capturePaymentIntent(paymentIntent, options)`: one that was confirmed with manual capture, once it is forwarded.
    ///
    /// # Errors
    /// As the terminal's.
    pub async fn capture_payment_intent(
        &self,
        payment: &str,
        options: CaptureOptions,
    ) -> Answer<PaymentIntentJson> {
        let amount_minor = options.amount_to_capture.map(|amount| amount.0);
        let captured = self.terminal.capture_payment_intent(offline_id(payment)?, amount_minor).await?;
        Ok(PaymentIntentJson::from(&captured))
    }

    /// An open payment; of one that is not, says what became of it.
    async fn claim(&self, payment: &str) -> Result<Claim<'_>, TerminalError> {
        let id = offline_id(payment)?;
        if let Some(claim) = self.open.claim(id)? {
            return Ok(claim);
        }
        let (code, message) = match self.terminal.record(id).await {
            Ok(record) => {
                let confirmed = "this PaymentIntent was confirmed before: see the list of payments for what became of \
                                 it, and create a new one";
                let intent = tillandsia_core::terminal::intent_of(&record);
                return Err(TerminalError::new(ErrorCode::UnexpectedStatus, confirmed).about(&intent));
            }
            Err(error) if error.code == ErrorCode::PaymentIntentNotFoundOffline => (
                ErrorCode::PaymentIntentNotFoundOffline,
                "this page has no such PaymentIntent: one that is not confirmed ends with the page, when it is canceled, \
                 or when many newer ones were created. Create a new one",
            ),
            Err(error) => return Err(error),
        };
        Err(TerminalError::new(code, message))
    }
}

/// Keeps what a call made of an open payment, as long as something can still be done with it here.
fn settle(claim: &Claim<'_>, result: Result<PaymentIntent, TerminalError>) -> Answer<PaymentIntentJson> {
    let now = match &result {
        Ok(intent) => Some(intent),
        Err(error) => error.payment_intent.as_deref(),
    };
    if let Some(intent) = now {
        match intent.status() {
            PaymentIntentStatus::RequiresPaymentMethod | PaymentIntentStatus::RequiresConfirmation => {
                claim.put(intent);
            }
            _ => claim.close(),
        }
    }
    Ok(PaymentIntentJson::from(&result?))
}
