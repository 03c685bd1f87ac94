//! One payment's entries of the log.

use super::row::LogEntry;
use super::transact::Journal;
use crate::error::TerminalError;
use crate::ids::OfflineId;
use crate::ports::{Store, Vault};
use crate::time::TimestampMs;

/// How many entries are read in one go.
const PAGE: usize = 500;
/// How many entries a story is looked for in: a busy day has a few thousand.
const LOOKED_AT_MAX: usize = 20_000;
/// How far a clock may have been set back within a story, milliseconds.
const SLACK_MS: u64 = 60 * 60 * 1000;

impl<S: Store, V: Vault> Journal<S, V> {
    /// What the log says of a payment that was created at `since`, oldest first. Looks through a bounded part of the log; a
    /// payment that waited behind more entries than that has its first ones.
    ///
    /// # Errors
    /// `storage_unavailable` when the log cannot be read.
    pub async fn story(&self, id: OfflineId, since: TimestampMs) -> Result<Vec<LogEntry>, TerminalError> {
        let mut from = self.first_since(TimestampMs(since.0.saturating_sub(SLACK_MS))).await?;
        let mut story = Vec::new();
        for _ in 0..LOOKED_AT_MAX / PAGE {
            let entries = self.store().log(from, PAGE).await?;
            let Some(last) = entries.last() else { break };
            from = last.seq.saturating_add(1);
            story.extend(entries.into_iter().filter(|entry| entry.id == id));
        }
        Ok(story)
    }

    /// The number of the first entry written at or after `since`: by halves, as entries are in the order of time.
    async fn first_since(&self, since: TimestampMs) -> Result<u64, TerminalError> {
        let (mut low, mut high) = (1, self.head().await?.seq.saturating_add(1));
        while low < high {
            let middle = low + (high - low) / 2;
            match self.store().log(middle, 1).await?.first() {
                Some(entry) if entry.at < since => low = middle.saturating_add(1),
                _ => high = middle,
            }
        }
        Ok(low)
    }
}
