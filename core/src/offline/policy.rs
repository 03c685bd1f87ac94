//! The risk policy: what may be stored beside what is stored already.
//!
//! It is evaluated inside the transaction that stores the payment, on the head that the transaction replaces, so
//! that two tabs cannot both use the last free place.

use std::collections::BTreeMap;

use super::card_rules::{allows_chip, sca_applies};
use super::ceiling::ceiling;
use crate::card::{CardRead, ReadMethod};
use crate::error::{ErrorCode, TerminalError};
use crate::journal::Totals;
use crate::money::{Currency, Money};
use crate::time::TimestampMs;
use crate::wire::{Configuration, Location, OfflineConfiguration};

/// Card schemes expect a deferred authorisation within a day.
pub const FORWARD_WITHIN_MS_DEFAULT: u64 = 24 * 60 * 60 * 1000;

/// How long a finished payment stays on the device for reconciliation where nothing else is configured.
pub const RETAIN_FOR_MS_DEFAULT: u64 = 90 * 24 * 60 * 60 * 1000;

/// What a device may do without a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflinePolicy {
    /// Whether payments may be stored at all.
    pub enabled: bool,
    /// The most one payment may have, minor units. A currency that is absent is refused. See [`Self::payment_max`].
    pub payment_amount_max: BTreeMap<Currency, u64>,
    /// The most all stored payments may have together, minor units. Absent: no limit.
    pub stored_amount_max: BTreeMap<Currency, u64>,
    /// How many may be stored.
    pub stored_count_max: Option<u64>,
    /// How old the oldest stored payment may be, milliseconds.
    pub stored_age_ms_max: Option<u64>,
    /// Within how many milliseconds a stored payment must be forwarded.
    pub forward_within_ms: u64,
    /// How long a finished payment is kept on the device, milliseconds.
    pub retain_for_ms: u64,
    /// Whether Strong Customer Authentication applies where the till is: then taps are not accepted.
    pub sca: bool,
}

impl Default for OfflinePolicy {
    /// Nothing may be stored until a configuration was fetched.
    fn default() -> Self {
        OfflinePolicy::from(&OfflineConfiguration::default())
    }
}

impl From<&OfflineConfiguration> for OfflinePolicy {
    /// Currencies this build does not know are left out, hence refused.
    fn from(wire: &OfflineConfiguration) -> Self {
        let by_currency = |amounts: &BTreeMap<String, u64>| {
            // Inserted one by one: collecting into a map sorts first, and a sort is two kilobytes.
            let mut known = BTreeMap::new();
            for (code, amount) in amounts {
                if let Ok(currency) = code.parse() {
                    known.insert(currency, *amount);
                }
            }
            known
        };
        OfflinePolicy {
            enabled: wire.enabled,
            payment_amount_max: by_currency(&wire.payment_amount_max),
            stored_amount_max: by_currency(&wire.stored_amount_max),
            stored_count_max: wire.stored_count_max,
            stored_age_ms_max: wire.stored_age_max_s.map(|s| s.saturating_mul(1000)),
            forward_within_ms: wire
                .forward_within_s
                .map_or(FORWARD_WITHIN_MS_DEFAULT, |s| s.saturating_mul(1000)),
            retain_for_ms: wire.retain_for_s.map_or(RETAIN_FOR_MS_DEFAULT, |s| s.saturating_mul(1000)),
            sca: false,
        }
    }
}

impl OfflinePolicy {
    /// The policy of a configuration at a location.
    pub fn at(location: &Location, configuration: &Configuration) -> Self {
        let country = location.address.get("country").map_or("", String::as_str);
        OfflinePolicy { sca: sca_applies(country), ..OfflinePolicy::from(&configuration.offline) }
    }

    /// The most one offline payment in a currency may be: what is configured, and never more than the ceiling.
    pub fn payment_max(&self, currency: Currency) -> Option<Money> {
        let configured = *self.payment_amount_max.get(&currency)?;
        let ceiling = ceiling(currency)?;
        Some(Money::new(configured.min(ceiling.amount_minor), currency))
    }

    /// Whether `amount` may be stored beside `stored`, the oldest of which was stored at `oldest`.
    pub fn allows(
        &self,
        amount: Money,
        stored: &Totals,
        oldest: Option<TimestampMs>,
        now: TimestampMs,
    ) -> Result<(), TerminalError> {
        self.allows_amount(amount)?;
        let full = |message: String| Err(TerminalError::new(ErrorCode::OfflinePaymentsStoreFull, message));
        if self.stored_count_max.is_some_and(|max| stored.count >= max) {
            return full(format!(
                "{} payments are stored, the most allowed: forward them first",
                stored.count
            ));
        }
        if let Some(max) = self.stored_amount_max.get(&amount.currency) {
            let sum = stored.amount(amount.currency).saturating_add(amount.amount_minor);
            if sum > *max {
                let limit = Money::new(*max, amount.currency);
                return full(format!(
                    "with this payment {limit} of stored payments is exceeded: forward them first"
                ));
            }
        }
        if let (Some(max), Some(oldest)) = (self.stored_age_ms_max, oldest)
            && oldest.ms_until(now) > max
        {
            return full("the oldest stored payment is too old to take more: forward it first".to_owned());
        }
        Ok(())
    }

    /// Whether `amount` alone may be taken offline; can be asked before a card is presented.
    pub fn allows_amount(&self, amount: Money) -> Result<(), TerminalError> {
        if !self.enabled {
            return Err(TerminalError::new(
                ErrorCode::NotConnectedToInternet,
                "the gateway cannot be reached, and offline payments are not enabled at this location: \
                 reconnect, or enable offline mode in its configuration",
            ));
        }
        match self.payment_max(amount.currency) {
            None => Err(TerminalError::new(
                ErrorCode::InvalidOfflineCurrency,
                format!("offline payments in {} are not configured: take it online", amount.currency),
            )),
            Some(max) if amount.amount_minor > max.amount_minor => Err(TerminalError::new(
                ErrorCode::AmountExceedsMaxOfflineAmount,
                format!("one offline payment may be {max} at most: take it online"),
            )),
            Some(_) => Ok(()),
        }
    }

    /// Whether a card may be used offline at `now`.
    pub fn allows_card(&self, card: &CardRead, now: TimestampMs) -> Result<(), TerminalError> {
        if card.read_method.is_swipe() {
            return Err(TerminalError::new(
                ErrorCode::CardSwipeNotAvailable,
                "a magnetic stripe is not accepted offline: insert or tap the card",
            ));
        }
        if self.sca && card.read_method != ReadMethod::ContactEmv {
            return Err(TerminalError::new(
                ErrorCode::CardTapNotAvailable,
                "a tap is not accepted offline here: insert the card",
            ));
        }
        allows_chip(card)?;
        let (year, month) = now.year_and_month();
        let expiry = (card.shown.exp_year, card.shown.exp_month);
        if expiry != (0, 0) && expiry < (year, month) {
            return Err(TerminalError::new(
                ErrorCode::OfflineAndCardExpired,
                "the card has expired: ask for another card",
            ));
        }
        let needed = [0x9F26, 0x9F36, 0x9F37, 0x95, 0x9A, 0x82];
        if let Some(tag) = needed.iter().find(|tag| card.emv_value(**tag).is_none()) {
            return Err(TerminalError::new(
                ErrorCode::MissingEmvData,
                format!("the reader's answer lacks tag {tag:X}: try again"),
            ));
        }
        Ok(())
    }
}
