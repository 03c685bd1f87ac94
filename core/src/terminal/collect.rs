//! Step 5: collect a payment method.

use super::{Route, Terminal, reader_failed};
use crate::error::{ErrorCode, TerminalError};
use crate::journal::{Found, PaymentRecord, QueuePosition, Select};
use crate::payment_intent::PaymentIntent;
use crate::ports::{Clock, CollectRequest, HostDecision, Interfaces, Platform, Reader, ReaderPrompt};
use crate::time::TimestampMs;

/// How long a reader waits for a card, seconds.
pub const CARD_TIMEOUT_S: u8 = 60;
/// How many stored payments are looked at in one go.
const LOOK: usize = 8;
/// What is proven to be writable before a card is taken offline, bytes: several times the largest payment.
const RESERVE_BYTES: usize = 64 * 1024;

impl<P: Platform, R: Reader> Terminal<P, R> {
    /// Waits for a card. Offline, everything that could refuse the payment afterwards is checked before the
    /// customer is asked for it: the limits, the key, and that the device can still write.
    pub async fn collect_payment_method(
        &self,
        intent: PaymentIntent,
        prompt: &dyn Fn(ReaderPrompt),
    ) -> Result<PaymentIntent, TerminalError> {
        let (reader, _) = self.connected_reader()?;
        let offline = self.route(intent.offline_behavior) == Route::Store;
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
        let card =
            reader.collect(request, prompt).await.map_err(|error| reader_failed(error).about(&intent))?;
        if card.awaits_host {
            // The chip is released at once and its second answer does not count, as in EMVCo's and the schemes'
            // faster flows (Quick Chip, M/Chip Fast): what is authorised is its first cryptogram.
            prompt(ReaderPrompt::RemoveCard);
            reader.complete(HostDecision::NoHost).await.ok();
        }
        if offline {
            self.offline_policy()
                .allows_card(&card, self.clock.now())
                .map_err(|error| error.about(&intent))?;
        }
        intent.collected(card, offline)
    }

    /// Ends a running collection; it then fails with `canceled`.
    pub async fn cancel_collect(&self) {
        if let Ok((reader, _)) = self.connected_reader() {
            reader.cancel().await;
        }
    }

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
        let queued = self.first_stored(|after| Select::Queue { after, limit: LOOK }).await?;
        let wedged = self.first_stored(|after| Select::Attention { after, limit: LOOK }).await?;
        Ok(queued.into_iter().chain(wedged).min_by_key(|record| (record.deadline, record.offline_id)))
    }

    async fn first_stored(
        &self,
        select: impl Fn(Option<QueuePosition>) -> Select<'static>,
    ) -> Result<Option<PaymentRecord>, TerminalError> {
        let mut after = None;
        loop {
            let found = self.journal.find(select(after)).await?;
            let last = found.last().and_then(Found::position);
            let mut records = found.into_iter().filter_map(Found::into_record);
            if let Some(record) = records.find(PaymentRecord::counts_as_stored) {
                return Ok(Some(record));
            }
            match last {
                Some(position) if after < Some(position) => after = Some(position),
                _ => return Ok(None),
            }
        }
    }

    /// When the oldest stored payment must have been forwarded.
    pub async fn oldest_deadline(&self) -> Result<Option<TimestampMs>, TerminalError> {
        Ok(self.oldest_stored().await?.map(|record| record.deadline))
    }
}
