//! The stored payments: listing them, forwarding them, sending a wedged one again, taking one back, settling a decline,
//! removing what was finished long ago.

use super::{Terminal, intent_of};
use crate::error::TerminalError;
use crate::forwarder::{Drained, Forwarder, Mode};
use crate::ids::OfflineId;
use crate::journal::{Change, Decision, Found, Listing, LogEntry, LogKind, PaymentRecord, Select};
use crate::network::Signal;
use crate::payment_intent::PaymentIntent;
use crate::ports::{Clock, Platform, Reader};
use crate::time::TimestampMs;

/// How many payments are removed in one transaction.
const REMOVED_AT_ONCE: usize = 100;

impl<P: Platform, R: Reader> Terminal<P, R> {
    /// The device's payments older than `before` (all when `None`), newest first, at most `limit`.
    pub async fn payments(
        &self,
        before: Option<OfflineId>,
        limit: usize,
    ) -> Result<Vec<Found>, TerminalError> {
        self.journal.newest(before, limit).await
    }

    /// What waits for a person, oldest deadline first, at most `limit`: payments set aside, and declines of goods that
    /// were handed over, until they are settled. What cannot be read is passed by.
    pub async fn attention(&self, limit: usize) -> Result<Vec<PaymentRecord>, TerminalError> {
        self.journal.first(Listing::Attention, limit, &|_| true).await
    }

    /// What happened to a payment of this device, oldest first; also of one that was removed since.
    ///
    /// # Errors
    /// `storage_unavailable` when the log cannot be read.
    pub async fn story(&self, id: OfflineId) -> Result<Vec<LogEntry>, TerminalError> {
        self.journal.story(id, id.minted_at()).await
    }

    /// Says that a stored payment's decline is dealt with: paid another way, or written off.
    pub async fn settle(&self, id: OfflineId) -> Result<(), TerminalError> {
        self.change(id, LogKind::Settled, PaymentRecord::settle).await
    }

    /// Takes a stored payment back before it is forwarded. One that was never sent, or whose offline id the gateway holds with
    /// another content (`idempotency_conflict`), is `canceled` at once. Of any other that was sent before it is not known
    /// whether it was charged: it is `processing` until the gateway has said so, or has canceled it; the offline delegate hears
    /// which. It stays in the list and in the log.
    ///
    /// # Errors
    /// `unexpected_status` when it is being sent right now, or is finished.
    pub async fn void_payment_intent(&self, id: OfflineId) -> Result<PaymentIntent, TerminalError> {
        let now = self.clock.now();
        self.change(id, LogKind::Voided, |record| record.void(now)).await?;
        self.forward_soon();
        Ok(intent_of(&self.record(id).await?))
    }

    /// Sends a wedged payment again, under the same offline id.
    pub async fn retry(&self, id: OfflineId) -> Result<(), TerminalError> {
        let now = self.clock.now();
        self.change(id, LogKind::Retried, |record| record.retry(now)).await?;
        self.forward_soon();
        Ok(())
    }

    /// Removes payments that were finished longer ago than the configuration keeps them, once the app has acknowledged them
    /// and no person has anything left to do with them. The log keeps what happened. Returns how many were removed.
    ///
    /// # Errors
    /// When the journal cannot be used; what was removed before stays removed.
    pub async fn remove_finished(&self) -> Result<usize, TerminalError> {
        let now = self.clock.now();
        let then = TimestampMs(now.0.saturating_sub(self.offline_policy().retain_for_ms));
        let mut removed: usize = 0;
        // What was created later is not finished before.
        let mut before = OfflineId::mint(then.plus_ms(1), [0; 10]);
        loop {
            let found = self.journal.newest(Some(before), REMOVED_AT_ONCE).await?;
            let Some(last) = found.last() else { return Ok(removed) };
            before = last.id();
            let old = |record: &&PaymentRecord| record.may_be_removed(then);
            let ids: Vec<OfflineId> =
                found.iter().filter_map(Found::record).filter(old).map(|record| record.offline_id).collect();
            if ids.is_empty() {
                continue;
            }
            let count = self
                .journal
                .transact(now, Select::Ids(&ids), |_, found| {
                    let old = found.iter().filter_map(Found::record).filter(old);
                    let changes: Vec<Change> =
                        old.map(|record| Change { record: record.clone(), kind: LogKind::Removed }).collect();
                    Ok(Decision { result: changes.len(), changes })
                })
                .await?;
            removed = removed.saturating_add(count);
        }
    }

    /// Forwards in this context: one pass over the queue. `holds_lock` says whether this context holds the
    /// browser's forwarding lock; see [`Forwarder::holds_lock`]. Errors that belong to no payment are told to the
    /// delegate.
    pub async fn forward(&self, mode: Mode, holds_lock: bool) -> Result<Drained, TerminalError> {
        let forwarder: Forwarder<'_, P, _> = Forwarder {
            journal: &self.journal,
            gateway: &self.gateway,
            clock: &self.clock,
            entropy: &self.entropy,
            holder: self.holder.clone(),
            holds_lock,
            failures_in_a_row: self.passes_failed.get(),
        };
        let drained = forwarder.drain(mode).await?;
        self.passes_failed.set(match drained.stopped {
            Some(_) => self.passes_failed.get().saturating_add(1),
            None => 0,
        });
        match &drained.stopped {
            Some(error) if error.is_offline() => self.signal(Signal::RequestFailed),
            Some(error) => {
                self.announce_forwarding_error(&TerminalError::new(
                    error.code_while_forwarding(),
                    error.to_string(),
                ));
            }
            None => {}
        }
        self.keep_session().await?;
        Ok(drained)
    }
}
