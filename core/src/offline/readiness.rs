//! Would offline work now, and until when: asked before the outage, answered with each reason.

use std::collections::BTreeMap;

use super::eligibility::{KnownLocation, Pairing, may_connect_offline, paired_until, software_until};
use super::{InForce, OfflinePolicy};
use crate::card::ReaderInfo;
use crate::error::{ErrorCode, TerminalError};
use crate::journal::Totals;
use crate::money::{Currency, Money};
use crate::time::TimestampMs;

/// Settings older than this may no longer be what the Location has: a warning.
const CONFIGURATION_AGE_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;
/// Less free storage than this is a warning, bytes: ten thousand payments are about 30 MB.
const FREE_BYTES_MIN: u64 = 50 * 1024 * 1024;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReadinessCheck {
    /// Offline mode is on in the settings of the Location, and they were fetched.
    Configuration,
    /// A reader is connected.
    Reader,
    /// A reader of its type was connected online at this Location within 30 days.
    Pairing,
    /// The reader's software was up to date within 30 days.
    ReaderSoftware,
    /// The app listens to offline events.
    Listeners,
    /// The key that protects stored payments can be used.
    StorageKey,
    /// The device can write durably.
    Storage,
    /// The browser promised not to evict what is stored, and has room.
    StoragePersistence,
    /// The limits leave room for another payment.
    Limits,
}

impl ReadinessCheck {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReadinessCheck::Configuration => "configuration",
            ReadinessCheck::Reader => "reader",
            ReadinessCheck::Pairing => "pairing",
            ReadinessCheck::ReaderSoftware => "reader_software",
            ReadinessCheck::Listeners => "listeners",
            ReadinessCheck::StorageKey => "storage_key",
            ReadinessCheck::Storage => "storage",
            ReadinessCheck::StoragePersistence => "storage_persistence",
            ReadinessCheck::Limits => "limits",
        }
    }
}

/// What came of looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Fine.
    Good,
    /// Offline works, and this should be seen to.
    Warning(String),
    /// Offline does not work until this is done.
    Failed(TerminalError),
}

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// What was looked at.
    pub check: ReadinessCheck,
    /// What came of it.
    pub finding: Finding,
    /// Until when it stays so, where that is known.
    pub until: Option<TimestampMs>,
}

/// How much more may be stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Room {
    /// How many payments; `None` without such a limit.
    pub payments: Option<u64>,
    /// The most that the next payment may have, by currency, minor units. A currency that is absent is refused.
    pub amounts: BTreeMap<Currency, u64>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Every check, in the order in which to see to them.
    pub checks: Vec<CheckResult>,
    /// How much more may be stored.
    pub room: Room,
}

impl Readiness {
    /// Whether a payment could be taken offline now.
    pub fn is_ready(&self) -> bool {
        !self.checks.iter().any(|check| matches!(check.finding, Finding::Failed(_)))
    }

    /// Until when it stays so without a connection; `None` when it is not so now.
    pub fn until(&self) -> Option<TimestampMs> {
        self.checks.iter().filter_map(|check| check.until).min().filter(|_| self.is_ready())
    }

    /// What came of one check.
    pub fn finding(&self, check: ReadinessCheck) -> Option<&Finding> {
        self.checks.iter().find(|result| result.check == check).map(|result| &result.finding)
    }
}

/// What the browser says of its storage; `None` where it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StorageFacts {
    /// Whether it promised not to evict.
    pub persisted: Option<bool>,
    /// How much room there is, bytes.
    pub free_bytes: Option<u64>,
}

/// Everything the answer follows from.
#[derive(Debug, Clone)]
pub struct ReadinessFacts {
    /// The settings in force.
    pub in_force: Option<InForce>,
    /// The connected reader.
    pub reader: Option<ReaderInfo>,
    /// Which readers were connected online, and where.
    pub pairings: Result<Vec<Pairing>, TerminalError>,
    /// Whether the app listens.
    pub listens: bool,
    /// Whether something could be encrypted and written durably just now.
    pub written: Result<(), TerminalError>,
    /// What the browser says.
    pub storage: StorageFacts,
    /// What is stored.
    pub stored: Totals,
    /// When the oldest of it was stored.
    pub oldest: Option<TimestampMs>,
    /// By the device's clock.
    pub now: TimestampMs,
}

impl ReadinessFacts {
    /// The answer.
    pub fn judge(&self) -> Readiness {
        let policy = self.in_force.as_ref().map_or_else(OfflinePolicy::default, InForce::policy);
        let room = room(&policy, &self.stored);
        let checks = vec![
            self.configuration(),
            self.reader(),
            self.pairing(),
            self.software(),
            self.listeners(),
            self.written(ReadinessCheck::StorageKey),
            self.written(ReadinessCheck::Storage),
            self.persistence(),
            self.limits(&policy, &room),
        ];
        Readiness { checks, room }
    }

    fn configuration(&self) -> CheckResult {
        let finding = match &self.in_force {
            Some(in_force) if in_force.configuration.offline.enabled => {
                match in_force.fetched_at.ms_until(self.now) > CONFIGURATION_AGE_MS_MAX {
                    true => Finding::Warning(
                        "The settings are more than 30 days old: connect a reader once while online."
                            .to_owned(),
                    ),
                    false => Finding::Good,
                }
            }
            _ => match may_connect_offline(self.known_location(), &[], &nobody(), self.now) {
                Err(error) => Finding::Failed(error),
                Ok(_) => Finding::Good,
            },
        };
        CheckResult { check: ReadinessCheck::Configuration, finding, until: None }
    }

    fn known_location(&self) -> Option<KnownLocation<'_>> {
        self.in_force.as_ref().map(|in_force| KnownLocation {
            id: &in_force.location.id,
            offline_enabled: in_force.configuration.offline.enabled,
        })
    }

    fn reader(&self) -> CheckResult {
        let finding = match &self.reader {
            Some(_) => Finding::Good,
            None => failed(ErrorCode::NoEstablishedConnectionToReader, "no reader is connected: connect one"),
        };
        CheckResult { check: ReadinessCheck::Reader, finding, until: None }
    }

    /// Why the pairings are not known. Where nothing can be sealed or written either, that is named once, by its own check.
    fn pairings_unreadable(&self) -> Option<&TerminalError> {
        let named = self.written.as_ref().err().map(|error| error.code);
        self.pairings.as_ref().err().filter(|error| Some(error.code) != named)
    }

    fn pairing(&self) -> CheckResult {
        let known = self.reader.as_ref().zip(self.pairings.as_ref().ok());
        let until = known.zip(self.in_force.as_ref()).and_then(|((reader, pairings), in_force)| {
            paired_until(&in_force.location.id, pairings, reader, self.now)
        });
        let finding = match (self.pairings_unreadable(), known, until) {
            (Some(error), ..) => Finding::Failed(error.clone()),
            (_, None, _) | (.., Some(_)) => Finding::Good,
            _ => failed(
                ErrorCode::ReaderNotPairedOnlineAtLocation,
                "no reader of this type was connected online at this location within 30 days: connect to the \
                 internet and connect the reader once",
            ),
        };
        CheckResult { check: ReadinessCheck::Pairing, finding, until }
    }

    fn software(&self) -> CheckResult {
        let known = self.reader.as_ref().zip(self.pairings.as_ref().ok());
        let until = known.and_then(|(reader, pairings)| software_until(pairings, reader, self.now));
        let finding = match (self.pairings_unreadable(), known, until) {
            (Some(error), ..) => Finding::Failed(error.clone()),
            (_, None, _) | (.., Some(_)) => Finding::Good,
            _ => failed(
                ErrorCode::ReaderSoftwareUpdateRequired,
                "the reader's software was not found up to date within 30 days: connect to the internet and \
                 connect the reader once",
            ),
        };
        CheckResult { check: ReadinessCheck::ReaderSoftware, finding, until }
    }

    fn listeners(&self) -> CheckResult {
        let finding = match self.listens {
            true => Finding::Good,
            false => failed(
                ErrorCode::InvalidRequest,
                "the app does not listen to offline events: register its listeners before collecting offline",
            ),
        };
        CheckResult { check: ReadinessCheck::Listeners, finding, until: None }
    }

    /// One try to encrypt and write tells of both the key and the storage.
    fn written(&self, check: ReadinessCheck) -> CheckResult {
        let of_key = |error: &TerminalError| error.code == ErrorCode::StorageKeyUnavailable;
        let finding = match &self.written {
            Err(error) if of_key(error) == (check == ReadinessCheck::StorageKey) => {
                Finding::Failed(error.clone())
            }
            _ => Finding::Good,
        };
        CheckResult { check, finding, until: None }
    }

    fn persistence(&self) -> CheckResult {
        let StorageFacts { persisted, free_bytes } = self.storage;
        let finding = if free_bytes.is_some_and(|free| free < FREE_BYTES_MIN) {
            Finding::Warning("The storage is nearly full: free some space on this device.".to_owned())
        } else {
            match persisted {
                Some(true) => Finding::Good,
                Some(false) => Finding::Warning(
                    "The browser may clear stored payments when space runs short: install this page as an app."
                        .to_owned(),
                ),
                None => Finding::Warning(
                    "The browser does not say whether it keeps stored payments: install this page as an app."
                        .to_owned(),
                ),
            }
        };
        CheckResult { check: ReadinessCheck::StoragePersistence, finding, until: None }
    }

    fn limits(&self, policy: &OfflinePolicy, room: &Room) -> CheckResult {
        let until = policy.stored_age_ms_max.zip(self.oldest).map(|(age, oldest)| oldest.plus_ms(age));
        // The smallest payment there is, in the currency with the most room.
        let most = room.amounts.iter().max_by_key(|(_, amount)| **amount);
        let finding = match (policy.enabled, most) {
            (false, _) => Finding::Good,
            (true, None) => failed(
                ErrorCode::InvalidOfflineCurrency,
                "offline payments are configured for no currency: configure the most that one may have",
            ),
            (true, Some((currency, _))) => {
                match policy.allows(Money::new(1, *currency), &self.stored, self.oldest, self.now) {
                    Ok(()) => Finding::Good,
                    Err(error) => Finding::Failed(error),
                }
            }
        };
        CheckResult { check: ReadinessCheck::Limits, finding, until }
    }
}

fn failed(code: ErrorCode, message: &str) -> Finding {
    Finding::Failed(TerminalError::new(code, message))
}

/// A reader that nothing is known of: only the Location's own rule is asked about.
fn nobody() -> ReaderInfo {
    ReaderInfo { device_type: String::new(), serial_number: String::new(), software_version: String::new() }
}

fn room(policy: &OfflinePolicy, stored: &Totals) -> Room {
    let mut amounts = BTreeMap::new();
    for currency in policy.payment_amount_max.keys() {
        let total = policy.stored_amount_max.get(currency);
        let left = total.map_or(u64::MAX, |max| max.saturating_sub(stored.amount(*currency)));
        if let Some(single) = policy.payment_max(*currency) {
            amounts.insert(*currency, single.amount_minor.min(left));
        }
    }
    Room { payments: policy.stored_count_max.map(|max| max.saturating_sub(stored.count)), amounts }
}
