//! Before the outage: would offline work, and until when.

use super::Terminal;
use super::collect::RESERVE_BYTES;
use crate::error::TerminalError;
use crate::offline::{Readiness, ReadinessFacts, StorageFacts};
use crate::ports::{Clock, Platform, Reader};

impl<P: Platform, R: Reader> Terminal<P, R> {
    /// Whether a payment could be taken offline now, until when that stays so without a connection, and each reason why
    /// not. `storage` is what the browser says of its storage. Writes and replaces a spare row, to be sure.
    ///
    /// # Errors
    /// `storage_unavailable` when the journal cannot be read at all.
    pub async fn readiness(&self, storage: StorageFacts) -> Result<Readiness, TerminalError> {
        let written = self.journal.check_writable(RESERVE_BYTES).await;
        let oldest = self.oldest_stored().await?;
        let stored = self.journal.head().await?.totals;
        let pairings = self.pairings().await;
        let facts = ReadinessFacts {
            in_force: self.in_force(),
            reader: self.reader_info(),
            pairings,
            listens: self.delegate.borrow().is_some(),
            written,
            storage,
            stored,
            oldest: oldest.and_then(|record| record.stored_at),
            now: self.clock.now(),
        };
        Ok(facts.judge())
    }
}
