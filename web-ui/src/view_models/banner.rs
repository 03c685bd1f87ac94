//! The banner: whether the gateway can be reached, what is stored, how long the oldest may still wait.

use tillandsia_core::money::Money;
use tillandsia_core::offline::{NetworkStatus, OfflineStatus};
use tillandsia_core::time::TimestampMs;

use super::price::price;
use super::time_left::{TimeLeft, time_left};

/// What the banner is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The connection and the totals.
    pub status: OfflineStatus,
    /// When the oldest stored payment must have been forwarded.
    pub oldest_deadline: Option<TimestampMs>,
    /// Whether payments may be stored at this location.
    pub offline_enabled: bool,
    /// Whether the till has ever had a session with the gateway.
    pub has_session: bool,
}

/// One currency's sum of what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAmount {
    /// The sum.
    pub amount_minor: u64,
    /// The currency's code.
    pub currency: String,
    /// The sum for a person.
    pub text: String,
}

impl Standing {
    /// Whether the gateway can be reached.
    pub const fn network(&self) -> NetworkStatus {
        self.status.sdk.network_status
    }

    /// The short word beside the connection's sign.
    pub const fn network_label(&self) -> &'static str {
        match self.network() {
            NetworkStatus::Online => "Online",
            NetworkStatus::Offline if self.offline_enabled => "Offline, storing",
            NetworkStatus::Offline => "Offline",
            NetworkStatus::Unknown => "Connecting…",
        }
    }

    /// What stands in the way of the next sale; nothing to say when a card can be taken.
    pub const fn network_hint(&self) -> Option<&'static str> {
        match (self.network(), self.has_session, self.offline_enabled) {
            (NetworkStatus::Online, ..)
            | (NetworkStatus::Unknown, true, _)
            | (NetworkStatus::Offline, true, true) => None,
            (NetworkStatus::Unknown, false, _) => Some("Asking the gateway for this till's settings."),
            (NetworkStatus::Offline, true, false) => {
                Some("No connection, and offline payments are off at this location: cards cannot be taken.")
            }
            (NetworkStatus::Offline, false, _) => Some(
                "No connection, and this till was never online: connect it once before cards can be taken offline.",
            ),
        }
    }

    /// How many payments are stored.
    pub const fn stored_count(&self) -> u64 {
        self.status.sdk.stored.count
    }

    /// `3 stored`, `Nothing stored`.
    pub fn stored_label(&self) -> String {
        match self.stored_count() {
            0 => "Nothing stored".to_owned(),
            count => format!("{count} stored"),
        }
    }

    /// The sums, by currency.
    pub fn stored_amounts(&self) -> Vec<StoredAmount> {
        let amounts = self.status.sdk.stored.amounts.iter();
        amounts
            .map(|(currency, amount_minor)| StoredAmount {
                amount_minor: *amount_minor,
                currency: currency.code().to_owned(),
                text: price(Money::new(*amount_minor, *currency)),
            })
            .collect()
    }

    /// How long the oldest may still wait.
    pub fn oldest_time_left(&self, now: TimestampMs) -> Option<TimeLeft> {
        self.oldest_deadline.map(|deadline| time_left(now, deadline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_are_shown_by_currency() {
        let mut standing = Standing::default();
        assert_eq!(
            (standing.stored_label().as_str(), standing.stored_amounts().len()),
            ("Nothing stored", 0)
        );
        for (minor, code) in [(1099, "usd"), (200, "eur"), (1, "usd")] {
            standing.status.sdk.stored.add(Money::new(minor, code.parse().unwrap()));
        }
        assert_eq!(standing.stored_label(), "3 stored");
        let texts: Vec<_> = standing.stored_amounts().into_iter().map(|amount| amount.text).collect();
        assert_eq!(texts, ["€2.00", "$11.00"]);
    }

    #[test]
    fn being_offline_says_what_the_next_sale_meets() {
        let mut standing = Standing { has_session: true, offline_enabled: true, ..Standing::default() };
        standing.status.sdk.network_status = NetworkStatus::Online;
        assert_eq!(standing.network_hint(), None);
        standing.status.sdk.network_status = NetworkStatus::Offline;
        assert_eq!((standing.network_hint(), standing.network_label()), (None, "Offline, storing"));
        standing.offline_enabled = false;
        assert!(standing.network_hint().unwrap().contains("cannot be taken"));
        standing.has_session = false;
        assert!(standing.network_hint().unwrap().contains("never online"));
    }

    #[test]
    fn the_oldest_one_s_time_is_told() {
        let standing = Standing { oldest_deadline: Some(TimestampMs(7_200_000)), ..Standing::default() };
        assert_eq!(standing.oldest_time_left(TimestampMs(0)).unwrap().text, "2 h left");
        assert!(standing.oldest_time_left(TimestampMs(7_000_000)).unwrap().urgent);
    }
}
