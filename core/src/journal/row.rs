//! What the store holds: sealed payments with the few fields it must see, the log, and the log's head.

use crate::ids::OfflineId;
use crate::money::{Currency, Money};
use crate::time::TimestampMs;

/// A SHA-256 value.
pub type Digest = [u8; 32];

/// AES-GCM output: a nonce of 12 bytes and the ciphertext with its tag.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sealed {
    /// The nonce, never used twice with a key.
    pub iv: [u8; 12],
    /// Ciphertext and tag.
    pub ciphertext: Vec<u8>,
}

/// Where a payment stands in the queue: oldest deadline first, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueuePosition {
    /// When the payment must have been forwarded.
    pub deadline: TimestampMs,
    /// The payment.
    pub id: OfflineId,
}

/// A payment as the store holds it.
///
/// A store that meets a row it cannot parse hands it out with an empty `sealed`: it then fails to open, is set
/// aside with that error, and the rest works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// The payment.
    pub id: OfflineId,
    /// Counts the writes of this row, from 1.
    pub revision: u32,
    /// The log's head that this write was built on.
    pub base: Digest,
    /// Set while a forwarder has something to do with the payment.
    pub queue: Option<QueuePosition>,
    /// Its deadline, while it waits for a person: set aside, or declined after the goods were handed over.
    pub attention: Option<TimestampMs>,
    /// When a forwarder may next touch it: the next attempt, or the end of a lease.
    pub due: TimestampMs,
    /// Whether a forwarder holds a lease on it.
    pub leased: bool,
    /// Whether the app has yet to acknowledge its event.
    pub unacknowledged: bool,
    /// Everything else.
    pub sealed: Sealed,
}

/// What an entry of the log records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogKind {
    /// An online confirmation is about to be sent.
    Confirming,
    /// It was answered: charged.
    Confirmed,
    /// Stored offline.
    Stored,
    /// Leased by a forwarder; the attempt is counted before it is made.
    Claimed,
    /// The attempt failed and may be repeated.
    Released,
    /// The gateway accepted it: authorised or captured.
    Forwarded,
    /// The issuer declined.
    Declined,
    /// Set aside for a person.
    Wedged,
    /// A person sends a wedged one again.
    Retried,
    /// It will never be charged.
    Canceled,
    /// The app acknowledged the event.
    Acknowledged,
    /// An authorised payment was captured.
    Captured,
    /// A person has dealt with what needed attention.
    Settled,
    /// A person took it back before it was forwarded.
    Voided,
    /// Finished long ago: its row is gone, its entries stay.
    Removed,
}

impl LogKind {
    /// Every kind, in the order of its number.
    pub const ALL: [LogKind; 15] = [
        LogKind::Confirming,
        LogKind::Confirmed,
        LogKind::Stored,
        LogKind::Claimed,
        LogKind::Released,
        LogKind::Forwarded,
        LogKind::Declined,
        LogKind::Wedged,
        LogKind::Retried,
        LogKind::Canceled,
        LogKind::Acknowledged,
        LogKind::Captured,
        LogKind::Settled,
        LogKind::Voided,
        LogKind::Removed,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            LogKind::Confirming => "confirming",
            LogKind::Confirmed => "confirmed",
            LogKind::Stored => "stored",
            LogKind::Claimed => "claimed",
            LogKind::Released => "released",
            LogKind::Forwarded => "forwarded",
            LogKind::Declined => "declined",
            LogKind::Wedged => "wedged",
            LogKind::Retried => "retried",
            LogKind::Canceled => "canceled",
            LogKind::Acknowledged => "acknowledged",
            LogKind::Captured => "captured",
            LogKind::Settled => "settled",
            LogKind::Voided => "voided",
            LogKind::Removed => "removed",
        }
    }

    /// The number in hashes and in the database; never changes.
    pub const fn number(self) -> u8 {
        match self {
            LogKind::Confirming => 1,
            LogKind::Confirmed => 2,
            LogKind::Stored => 3,
            LogKind::Claimed => 4,
            LogKind::Released => 5,
            LogKind::Forwarded => 6,
            LogKind::Declined => 7,
            LogKind::Wedged => 8,
            LogKind::Retried => 9,
            LogKind::Canceled => 10,
            LogKind::Acknowledged => 11,
            LogKind::Captured => 12,
            LogKind::Settled => 13,
            LogKind::Voided => 14,
            LogKind::Removed => 15,
        }
    }

    /// The kind of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// One entry of the append-only log, chained to the one before it by a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// 1, 2, 3 … without a gap.
    pub seq: u64,
    /// When, by the device's clock.
    pub at: TimestampMs,
    /// What happened.
    pub kind: LogKind,
    /// To which payment.
    pub id: OfflineId,
    /// Which revision of its row this entry vouches for.
    pub revision: u32,
    /// Whether the payment counts as stored from here on.
    pub stored: bool,
    /// Its amount.
    pub amount: Money,
    /// The digest of the row as written; zero when it was removed.
    pub row: Digest,
    /// The hash of the entry before; zero for the first.
    pub previous: Digest,
    /// The hash of this entry.
    pub hash: Digest,
}

/// What is stored and not yet accepted by the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many payments.
    pub count: u64,
    /// Their sums by currency; a currency whose sum is zero is absent.
    pub amounts: Sums,
}

/// Sums by currency, in the order of the codes. A list and no map: a shop has one currency or two, and a map of its own
/// kind would be a fiftieth of the service worker's module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums(Vec<(Currency, u64)>);

impl Sums {
    /// The sum in a currency; zero when it is absent.
    pub fn get(&self, currency: Currency) -> u64 {
        self.iter().find(|(each, _)| **each == currency).map_or(0, |(_, sum)| *sum)
    }

    /// Sets the sum in a currency, minor units.
    pub fn set(&mut self, currency: Currency, sum: u64) {
        let place = self.0.iter().position(|(each, _)| *each >= currency).unwrap_or(self.0.len());
        match self.0.get_mut(place) {
            Some((each, old)) if *each == currency => *old = sum,
            _ => self.0.insert(place, (currency, sum)),
        }
    }

    /// Each currency with its sum.
    pub fn iter(&self) -> impl Iterator<Item = (&Currency, &u64)> {
        self.0.iter().map(|(currency, sum)| (currency, sum))
    }
}

impl Totals {
    /// The sum in a currency.
    pub fn amount(&self, currency: Currency) -> u64 {
        self.amounts.get(currency)
    }

    /// Adds a payment.
    pub fn add(&mut self, money: Money) {
        self.count = self.count.saturating_add(1);
        let sum = self.amount(money.currency).saturating_add(money.amount_minor);
        self.amounts.set(money.currency, sum);
    }

    /// Takes a payment out.
    pub fn remove(&mut self, money: Money) {
        self.count = self.count.saturating_sub(1);
        match self.amount(money.currency).saturating_sub(money.amount_minor) {
            0 => self.amounts.0.retain(|(each, _)| *each != money.currency),
            sum => self.amounts.set(money.currency, sum),
        }
    }
}

/// The log's head and the totals, written in the same transaction as what they count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The last entry's sequence number; 0 when the log is empty.
    pub seq: u64,
    /// The last entry's hash; zero when the log is empty.
    pub hash: Digest,
    /// What is stored.
    pub totals: Totals,
}

/// One transaction: written whole and durably, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The head this was decided on; another head in the store is a conflict.
    pub expected: Digest,
    /// The head afterwards.
    pub head: Head,
    /// The entries to append.
    pub entries: Vec<LogEntry>,
    /// The rows to write.
    pub rows: Vec<PaymentRow>,
    /// The payments whose rows go.
    pub removed: Vec<OfflineId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_by_currency_in_the_order_of_codes_and_without_zeros() {
        let money = |amount, code: &str| Money::new(amount, code.parse().unwrap());
        let mut totals = Totals::default();
        for added in [money(5, "usd"), money(7, "eur"), money(1, "usd"), money(9, "gbp")] {
            totals.add(added);
        }
        totals.remove(money(7, "eur"));
        totals.remove(money(1, "jpy"));
        totals.remove(money(2, "usd"));
        let shown: Vec<_> = totals.amounts.iter().map(|(code, sum)| (code.code(), *sum)).collect();
        assert_eq!((totals.count, shown), (1, vec![("gbp", 9), ("usd", 4)]));
        assert_eq!(
            [totals.amount(money(0, "usd").currency), totals.amount(money(0, "eur").currency)],
            [4, 0]
        );
    }
}
