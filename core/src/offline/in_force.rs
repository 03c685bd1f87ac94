//! The settings in force at a till: those its Location had when a reader was last connected online.

use super::policy::OfflinePolicy;
use crate::time::TimestampMs;
use crate::wire::{Configuration, Location, Session};

/// A Location and its Configuration as of one connection of a reader. A change on the gateway takes effect with the next
/// one, so that a sale is never judged by two sets of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// Where the till sells.
    pub location: Location,
    /// What it may do there.
    pub configuration: Configuration,
    /// When this was fetched, by the device's clock.
    pub fetched_at: TimestampMs,
}

impl InForce {
    /// What a session says, fetched at `now`.
    pub fn of(session: &Session, now: TimestampMs) -> Self {
        InForce {
            location: session.location.clone(),
            configuration: session.configuration.clone(),
            fetched_at: now,
        }
    }

    /// What may be stored.
    pub fn policy(&self) -> OfflinePolicy {
        OfflinePolicy::at(&self.location, &self.configuration)
    }
}
