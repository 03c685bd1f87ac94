//! Whether whoever should be forwarding is at work.

use super::drain::LEASE_MS;
use crate::error::TerminalError;
use crate::journal::{Found, Journal, Select};
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
    let mut after = None;
    loop {
        let found = journal.find(Select::Queue { after, limit: FORWARD_BATCH_MAX }).await?;
        let overdue = |record: &crate::journal::PaymentRecord| match record.is_leased() {
            true => record.due() <= now,
            false => record.due().plus_ms(LEASE_MS) <= now,
        };
        if found.iter().filter_map(Found::record).any(overdue) {
            return Ok(true);
        }
        // A page with a payment that is not overdue answers for the rest: what is due is tried oldest deadline first.
        match found.last() {
            Some(Found::Unreadable { queue: Some(position), .. })
                if found.iter().all(|found| found.record().is_none()) =>
            {
                after = Some(*position);
            }
            _ => return Ok(false),
        }
    }
}
