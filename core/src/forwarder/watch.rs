//! What a tab does about payments that another context stored: nothing while that one sends them, all once it is gone.

use crate::error::TerminalError;
use crate::journal::{Journal, Listing};
use crate::ports::{Store, Vault};
use crate::time::TimestampMs;
use crate::wire::FORWARD_BATCH_MAX;

/// A payment whose time has come is left to the context that planned it for so long, milliseconds: were all to try at
/// once, one would send and the others ask in vain.
pub const LEFT_TO_OTHERS_MS: u64 = 5_000;

/// What a look at the queue says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Nothing waits.
    Nothing,
    /// Whoever planned the next attempt lets its time pass: make it here.
    Forward,
    /// To be looked at again then.
    LookAgain(TimestampMs),
}

/// Looks after what others stored; `now` is the device's time. Rows that cannot be read wait for nobody.
///
/// # Errors
/// When the queue cannot be read.
pub async fn watch<S: Store, V: Vault>(
    journal: &Journal<S, V>,
    now: TimestampMs,
) -> Result<Watch, TerminalError> {
    let waiting = journal.first(Listing::Queue, FORWARD_BATCH_MAX, &|_| true).await?;
    let due = waiting.iter().map(|record| record.due()).min();
    Ok(match due.map(|due| due.plus_ms(LEFT_TO_OTHERS_MS)) {
        None => Watch::Nothing,
        Some(left_until) if left_until <= now => Watch::Forward,
        Some(left_until) => Watch::LookAgain(left_until),
    })
}
