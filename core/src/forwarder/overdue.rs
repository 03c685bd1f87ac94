//! Whether whoever should be forwarding is at work.

use super::drain::LEASE_MS;
use crate::error::TerminalError;
use crate::journal::{Journal, Listing};
use crate::ports::{Store, Vault};
use crate::time::TimestampMs;
use crate::wire::FORWARD_BATCH_MAX;

/// Whether a lease has run out, or a payment has waited for a whole lease beyond its time: then the context that holds
/// the forwarding lock is frozen. Rows that cannot be read wait for nobody.
///
/// # Errors
/// When the queue cannot be read.
pub async fn is_overdue<S: Store, V: Vault>(
    journal: &Journal<S, V>,
    now: TimestampMs,
) -> Result<bool, TerminalError> {
    // The first ones answer for the rest: what is due is tried oldest deadline first.
    let waiting = journal.first(Listing::Queue, FORWARD_BATCH_MAX, &|_| true).await?;
    Ok(waiting.iter().any(|record| match record.is_leased() {
        true => record.due() <= now,
        false => record.due().plus_ms(LEASE_MS) <= now,
    }))
}
