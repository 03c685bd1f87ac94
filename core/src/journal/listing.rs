//! Paging through what the store lists, past rows that cannot be read.

use super::record::PaymentRecord;
use super::row::QueuePosition;
use super::transact::{Found, Journal, Select};
use crate::error::TerminalError;
use crate::ports::{Store, Vault};
use crate::time::TimestampMs;

/// The fewest rows that are looked at in one go.
const LOOK_MIN: usize = 8;

/// What the store lists of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listing {
    /// What a forwarder has something to do with, oldest deadline first.
    Queue,
    /// What waits for a person, oldest deadline first.
    Attention,
    /// What the app has not acknowledged, oldest first.
    Unacknowledged,
}

impl Listing {
    const fn select(self, after: Option<QueuePosition>, limit: usize) -> Select<'static> {
        match self {
            Listing::Queue => Select::Queue { after, limit },
            Listing::Attention => Select::Attention { after, limit },
            Listing::Unacknowledged => {
                let after = match after {
                    Some(position) => Some(position.id),
                    None => None,
                };
                Select::Unacknowledged { after, limit }
            }
        }
    }

    fn position(self, found: &Found) -> Option<QueuePosition> {
        match self {
            Listing::Unacknowledged => Some(QueuePosition { deadline: TimestampMs(0), id: found.id() }),
            _ => found.position(),
        }
    }
}

impl<S: Store, V: Vault> Journal<S, V> {
    /// The first `at_most` payments of a listing that `fits` takes. Rows that cannot be read are passed by: none of them
    /// hides what stands behind it.
    ///
    /// # Errors
    /// `storage_unavailable` when the store cannot be read.
    pub async fn first(
        &self,
        listing: Listing,
        at_most: usize,
        fits: &dyn Fn(&PaymentRecord) -> bool,
    ) -> Result<Vec<PaymentRecord>, TerminalError> {
        let mut records = Vec::new();
        let mut after = None;
        while records.len() < at_most {
            let found = self.find(listing.select(after, at_most.max(LOOK_MIN))).await?;
            let last = found.last().and_then(|found| listing.position(found));
            records.extend(found.into_iter().filter_map(Found::into_record).filter(|record| fits(record)));
            match last {
                Some(position) if after < Some(position) => after = Some(position),
                _ => break,
            }
        }
        records.truncate(at_most);
        Ok(records)
    }
}
