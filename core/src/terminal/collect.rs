//! Step 5: collect a payment method.

use std::cell::Cell;

use super::{Route, Terminal, gateway_failed, reader_failed};
use crate::card::{CardRead, ShownCard};
use crate::error::{ErrorCode, TerminalError};
use crate::forwarder::submission;
use crate::journal::{Listing, PaymentRecord};
use crate::payment_intent::{Collected, PaymentIntent, PaymentMethod};
use crate::ports::{
    Clock, CollectRequest, Gateway, HostDecision, Interfaces, Platform, Reader, ReaderError, ReaderPrompt,
};
use crate::time::TimestampMs;
use crate::wire;

/// How long a reader waits for a card, seconds.
pub const CARD_TIMEOUT_S: u8 = 60;
/// What is proven to be writable before a card is taken offline, bytes: several times the largest payment.
pub(super) const RESERVE_BYTES: usize = 64 * 1024;

/// What a card is collected with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CollectParameters {
    /// Has the gateway look at the card, so that `payment_method` tells what it is before it is charged. Online only.
    pub update_payment_intent: bool,
}

impl<P: Platform, R: Reader> Terminal<P, R> {
    /// Waits for a card. Offline, everything that could refuse the payment afterwards is checked before the
    /// customer is asked for it: the limits, the key, and that the device can still write.
    ///
    /// # Errors
    /// `no_established_connection_to_reader`, and what the reader says; `unexpected_status` for a payment that takes no
    /// card; with `require_online` and no gateway `not_connected_to_internet_and_require_online_set`. Offline:
    /// `update_payment_intent_unavailable_while_offline`, the refusals of the policy, of the storage and of the card;
    /// `invalid_request` when nobody listens to offline events.
    pub async fn collect_payment_method(
        &self,
        intent: PaymentIntent,
        parameters: CollectParameters,
        prompt: &dyn Fn(ReaderPrompt),
    ) -> Result<PaymentIntent, TerminalError> {
        let (reader, info) = self.connected_reader()?;
        intent.check_takes_card()?;
        let route =
            self.checked_route(intent.offline_behavior).await.map_err(|error| error.about(&intent))?;
        let offline = route == Route::Store;
        if offline && parameters.update_payment_intent {
            return Err(update_unavailable(&intent));
        }
        if offline {
            self.check_before_offline_collect(&intent).await.map_err(|error| error.about(&intent))?;
        }
        let request = CollectRequest {
            amount: intent.amount,
            interfaces: Interfaces {
                contact: true,
                contactless: !(offline && self.offline_policy().sca),
                swipe: !offline,
            },
            timeout_s: CARD_TIMEOUT_S,
        };
        let collecting = Collecting::begin(&self.collecting).map_err(|error| error.about(&intent))?;
        let card = match reader.collect(request, prompt).await {
            Ok(card) => card,
            Err(error) => {
                if error == ReaderError::NotConnected {
                    self.forget_reader(&reader);
                }
                return Err(reader_failed(error).about(&intent));
            }
        };
        if card.awaits_host {
            // The chip is released at once and its second answer does not count, as in EMVCo's and the schemes'
            // faster flows (Quick Chip, M/Chip Fast): what is authorised is its first cryptogram.
            prompt(ReaderPrompt::RemoveCard);
            reader.complete(HostDecision::NoHost).await.ok();
        }
        drop(collecting);
        if offline {
            self.offline_policy()
                .allows_card(&card, self.clock.now())
                .map_err(|error| error.about(&intent))?;
        }
        let collected = Collected { card, reader: info, offline };
        let mut intent = intent;
        intent.payment_method = match parameters.update_payment_intent {
            true => Some(Box::new(self.look_at_card(&intent, &collected).await?)),
            false => None,
        };
        intent.collected(collected)
    }

    /// Has the gateway look at a card that was just read.
    async fn look_at_card(
        &self,
        intent: &PaymentIntent,
        collected: &Collected,
    ) -> Result<PaymentMethod, TerminalError> {
        let record = self.new_record(intent, collected.clone());
        let Some(request) = submission(&record) else {
            return Err(
                TerminalError::new(ErrorCode::Internal, "a new payment without its card").about(intent)
            );
        };
        let answer = self.gateway.update_payment_method(&request).await;
        self.heard(&answer);
        match answer {
            Ok(method) => Ok(payment_method(method, &collected.card)),
            Err(error) if error.is_offline() => Err(update_unavailable(intent)),
            Err(error) => Err(gateway_failed(&error).about(intent)),
        }
    }

    /// Ends a running collection; it then fails with `canceled`.
    pub async fn cancel_collect(&self) {
        if let Ok((reader, _)) = self.connected_reader() {
            reader.cancel().await;
        }
    }

    /// What would refuse a payment that is collected offline, whatever its card.
    async fn check_before_offline_collect(&self, intent: &PaymentIntent) -> Result<(), TerminalError> {
        if self.delegate.borrow().is_none() {
            return Err(TerminalError::new(
                ErrorCode::InvalidRequest,
                "offline payments need an offline delegate: set one before collecting",
            ));
        }
        let policy = self.offline_policy();
        let stored = self.journal.head().await?.totals;
        let oldest = self.oldest_stored().await?.and_then(|record| record.stored_at);
        policy.allows(intent.amount, &stored, oldest, self.clock.now())?;
        self.journal.check_writable(RESERVE_BYTES).await
    }

    /// The stored payment whose deadline comes first, whether it waits for a forwarder or for a person.
    pub async fn oldest_stored(&self) -> Result<Option<PaymentRecord>, TerminalError> {
        let queued = self.journal.first(Listing::Queue, 1, &PaymentRecord::counts_as_stored).await?;
        let wedged = self.journal.first(Listing::Attention, 1, &PaymentRecord::counts_as_stored).await?;
        Ok(queued.into_iter().chain(wedged).min_by_key(|record| (record.deadline, record.offline_id)))
    }

    /// When the oldest stored payment must have been forwarded.
    pub async fn oldest_deadline(&self) -> Result<Option<TimestampMs>, TerminalError> {
        Ok(self.oldest_stored().await?.map(|record| record.deadline))
    }
}

fn update_unavailable(intent: &PaymentIntent) -> TerminalError {
    TerminalError::new(
        ErrorCode::UpdatePaymentIntentUnavailableWhileOffline,
        "without a connection nobody can look at the card before it is charged: collect without \
         `update_payment_intent`",
    )
    .about(intent)
}

fn payment_method(method: wire::PaymentMethod, card: &CardRead) -> PaymentMethod {
    let known = method.card_present;
    PaymentMethod {
        id: method.id,
        read_method: card.read_method,
        card: ShownCard {
            brand: known.brand,
            last4: known.last4,
            exp_month: known.exp_month,
            exp_year: known.exp_year,
            cardholder_name: known.cardholder_name,
        },
        funding: known.funding,
        country: known.country,
        network: known.network,
    }
}

/// While it lives a card is being collected.
struct Collecting<'a>(&'a Cell<bool>);

impl<'a> Collecting<'a> {
    fn begin(flag: &'a Cell<bool>) -> Result<Self, TerminalError> {
        match flag.replace(true) {
            true => Err(reader_failed(ReaderError::Busy)),
            false => Ok(Collecting(flag)),
        }
    }
}

impl Drop for Collecting<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
