//! The banner: whether the gateway can be reached, what is stored, how long the oldest may still wait.

use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::{PaymentRecord, PaymentState};
use tillandsia_core::money::Money;
use tillandsia_core::offline::{NetworkStatus, OfflineStatus};
use tillandsia_core::terminal::CONFIRMING_LEASE_MS;
use tillandsia_core::time::TimestampMs;

use super::price::price;
use super::time_left::{TimeLeft, time_left};

/// A confirmation that has no answer after this long is shown as being asked, milliseconds.
pub const ASKED_AFTER_MS: u64 = 5_000;
/// A till that is online and has no session after this long says so, milliseconds.
pub const NO_SESSION_AFTER_MS: u64 = 4_000;

/// A payment whose online confirmation has no outcome yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOutcome {
    /// The payment.
    pub id: OfflineId,
    /// From when on it is shown as being asked.
    pub asked_from: TimestampMs,
}

impl OpenOutcome {
    /// The open outcome of a record, if it has one. One that was given up is being asked at once.
    pub fn of(record: &PaymentRecord) -> Option<Self> {
        let PaymentState::Confirming { lease_until } = record.state else { return None };
        // A confirmation that is under way has its whole lease; one that was given up has none left.
        let early = CONFIRMING_LEASE_MS.saturating_sub(ASKED_AFTER_MS);
        let asked_from = TimestampMs(lease_until.0.saturating_sub(early));
        Some(OpenOutcome { id: record.offline_id, asked_from })
    }
}

/// What the banner is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether the journal was read: before, nothing is said of what is stored.
    pub known: bool,
    /// The connection and the totals.
    pub status: OfflineStatus,
    /// When the oldest stored payment must have been forwarded.
    pub oldest_deadline: Option<TimestampMs>,
    /// Whether payments may be stored at this location.
    pub offline_enabled: bool,
    /// Whether the till has ever had a session with the gateway.
    pub has_session: bool,
    /// Since when the gateway answers and the till has no session all the same.
    pub no_session_since: Option<TimestampMs>,
    /// The payments whose outcome is not known.
    pub open: Vec<OpenOutcome>,
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
    pub fn network_hint(&self, now: TimestampMs) -> Option<&'static str> {
        let long_without =
            self.no_session_since.is_some_and(|since| since.ms_until(now) >= NO_SESSION_AFTER_MS);
        match (self.network(), self.has_session, self.offline_enabled) {
            (NetworkStatus::Online, false, _) if long_without => Some(
                "Online, but the gateway has not let this till in: cards cannot be taken. Reconnect the reader in \
                 Settings, or pair the till again.",
            ),
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

    /// `3 stored`, `Nothing stored`; with an outcome open, what is asked.
    pub fn stored_label(&self, asked: usize) -> String {
        let asking = match asked {
            0 => None,
            1 => Some("1 outcome being asked".to_owned()),
            count => Some(format!("{count} outcomes being asked")),
        };
        match (self.stored_count(), asking) {
            (0, None) => "Nothing stored".to_owned(),
            (0, Some(asking)) => asking,
            (count, None) => format!("{count} stored"),
            (count, Some(asking)) => format!("{count} stored, {asking}"),
        }
    }

    /// How many outcomes are being asked. The one that the open dialog waits for itself is not counted.
    pub fn asked_count(&self, now: TimestampMs, in_dialog: Option<OfflineId>) -> usize {
        let is_asked = |open: &&OpenOutcome| open.asked_from <= now && Some(open.id) != in_dialog;
        self.open.iter().filter(is_asked).count()
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
    use super::super::tests::record;
    use super::*;

    #[test]
    fn the_totals_are_shown_by_currency() {
        let mut standing = Standing::default();
        assert_eq!(
            (standing.stored_label(0).as_str(), standing.stored_amounts().len()),
            ("Nothing stored", 0)
        );
        for (minor, code) in [(1099, "usd"), (200, "eur"), (1, "usd")] {
            standing.status.sdk.stored.add(Money::new(minor, code.parse().unwrap()));
        }
        assert_eq!(standing.stored_label(0), "3 stored");
        assert_eq!(standing.stored_label(2), "3 stored, 2 outcomes being asked");
        let texts: Vec<_> = standing.stored_amounts().into_iter().map(|amount| amount.text).collect();
        assert_eq!(texts, ["€2.00", "$11.00"]);
    }

    #[test]
    fn being_offline_says_what_the_next_sale_meets() {
        let mut standing = Standing { has_session: true, offline_enabled: true, ..Standing::default() };
        standing.status.sdk.network_status = NetworkStatus::Online;
        assert_eq!(standing.network_hint(TimestampMs(0)), None);
        standing.status.sdk.network_status = NetworkStatus::Offline;
        assert_eq!(
            (standing.network_hint(TimestampMs(0)), standing.network_label()),
            (None, "Offline, storing")
        );
        standing.offline_enabled = false;
        assert!(standing.network_hint(TimestampMs(0)).unwrap().contains("cannot be taken"));
        standing.has_session = false;
        assert!(standing.network_hint(TimestampMs(0)).unwrap().contains("never online"));
    }

    #[test]
    fn online_without_a_session_is_said_after_a_moment() {
        let mut standing = Standing { no_session_since: Some(TimestampMs(1_000)), ..Standing::default() };
        standing.status.sdk.network_status = NetworkStatus::Online;
        assert_eq!(standing.network_hint(TimestampMs(1_000)), None, "it is being fetched");
        let late = TimestampMs(1_000 + NO_SESSION_AFTER_MS);
        assert!(standing.network_hint(late).unwrap().contains("cannot be taken"));
    }

    #[test]
    fn an_open_outcome_is_asked_once_it_is_given_up_or_takes_long() {
        let now = TimestampMs(1_000_000);
        let fresh = record(PaymentState::Confirming { lease_until: now.plus_ms(CONFIRMING_LEASE_MS) });
        let given_up = record(PaymentState::Confirming { lease_until: now });
        assert_eq!(OpenOutcome::of(&record(PaymentState::Wedged)), None);
        let mut standing = Standing { open: vec![OpenOutcome::of(&fresh).unwrap()], ..Standing::default() };
        assert_eq!(standing.asked_count(now, None), 0);
        assert_eq!(standing.asked_count(now.plus_ms(ASKED_AFTER_MS), None), 1);
        standing.open = vec![OpenOutcome::of(&given_up).unwrap()];
        assert_eq!(standing.asked_count(now, None), 1);
        assert_eq!(standing.stored_label(1), "1 outcome being asked");
        assert_eq!(standing.asked_count(now, Some(given_up.offline_id)), 0, "the dialog says it");
    }

    #[test]
    fn the_oldest_one_s_time_is_told() {
        let standing = Standing { oldest_deadline: Some(TimestampMs(7_200_000)), ..Standing::default() };
        assert_eq!(standing.oldest_time_left(TimestampMs(0)).unwrap().text, "2 h left");
        assert!(standing.oldest_time_left(TimestampMs(7_000_000)).unwrap().urgent);
    }
}
