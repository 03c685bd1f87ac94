//! May this reader be connected without a connection: the three rules of the Terminal SDKs, each with its remedy.

use crate::card::ReaderInfo;
use crate::error::{ErrorCode, TerminalError};
use crate::time::TimestampMs;

/// How long a connection made online counts, milliseconds: 30 days.
pub const ONLINE_CONNECTION_COUNTS_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// How many connections are remembered; the oldest is forgotten first.
pub const PAIRINGS_MAX: usize = 20;

/// A reader that was connected online.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The product, as in [`ReaderInfo::device_type`].
    pub device_type: String,
    /// Which one.
    pub serial_number: String,
    /// The software it then had.
    pub software_version: String,
    /// Where it was connected (`tml_…`).
    pub location: String,
    /// When it was last connected online; its software was then in order.
    pub connected_at: TimestampMs,
}

/// Notes that `reader` was connected online at `location`.
pub fn note_pairing(pairings: &mut Vec<Pairing>, reader: &ReaderInfo, location: &str, now: TimestampMs) {
    pairings.retain(|known| known.serial_number != reader.serial_number || known.location != location);
    pairings.push(Pairing {
        device_type: reader.device_type.clone(),
        serial_number: reader.serial_number.clone(),
        software_version: reader.software_version.clone(),
        location: location.to_owned(),
        connected_at: now,
    });
    let surplus = pairings.len().saturating_sub(PAIRINGS_MAX);
    pairings.drain(..surplus);
}

/// What is known of the place: the location's id and whether its settings allow offline payments; `None` when this
/// device has never been online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownLocation<'a> {
    /// `tml_…`
    pub id: &'a str,
    /// Whether offline mode is on in the settings kept from the last time online.
    pub offline_enabled: bool,
}

/// Until when `reader` may be connected without a connection.
///
/// # Errors
/// `not_connected_to_internet` when offline mode is off here, or was never fetched; `reader_not_paired_online_at_location`
/// when no reader of its type was connected online here within 30 days; `reader_software_update_required` when its
/// software was not seen in order within 30 days.
pub fn may_connect_offline(
    location: Option<KnownLocation<'_>>,
    pairings: &[Pairing],
    reader: &ReaderInfo,
    now: TimestampMs,
) -> Result<TimestampMs, TerminalError> {
    let Some(location) = location.filter(|location| location.offline_enabled) else {
        return Err(TerminalError::new(
            ErrorCode::NotConnectedToInternet,
            "offline payments are not enabled at this location: connect to the internet, or enable offline mode in \
             its configuration and connect once online",
        ));
    };
    let Some(here) = paired_until(location.id, pairings, reader, now) else {
        return Err(TerminalError::new(
            ErrorCode::ReaderNotPairedOnlineAtLocation,
            "no reader of this type was connected online at this location within 30 days: connect to the internet \
             and connect the reader once",
        ));
    };
    match software_until(pairings, reader, now) {
        Some(software) => Ok(here.min(software)),
        None => Err(TerminalError::new(
            ErrorCode::ReaderSoftwareUpdateRequired,
            "the reader's software was not found up to date within 30 days: connect to the internet and connect the \
             reader once, which updates it where needed",
        )),
    }
}

/// Until when a connection online at the location counts for readers of this type; `None` when none does.
pub fn paired_until(
    location: &str,
    pairings: &[Pairing],
    reader: &ReaderInfo,
    now: TimestampMs,
) -> Option<TimestampMs> {
    let of_type = pairings.iter().filter(|pairing| pairing.device_type == reader.device_type);
    latest_until(of_type.filter(|pairing| pairing.location == location), now)
}

/// Until when the reader's software counts as up to date; `None` when it was not seen so.
pub fn software_until(pairings: &[Pairing], reader: &ReaderInfo, now: TimestampMs) -> Option<TimestampMs> {
    let of_type = pairings.iter().filter(|pairing| pairing.device_type == reader.device_type);
    latest_until(of_type.filter(|pairing| pairing.software_version == reader.software_version), now)
}

/// A connection that is in the future, because the clock was set back, makes nothing last longer.
fn latest_until<'a>(pairings: impl Iterator<Item = &'a Pairing>, now: TimestampMs) -> Option<TimestampMs> {
    let until = |pairing: &Pairing| pairing.connected_at.plus_ms(ONLINE_CONNECTION_COUNTS_MS);
    pairings.filter(|pairing| pairing.connected_at <= now && now < until(pairing)).map(until).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    const NOW: TimestampMs = TimestampMs(1_795_348_800_000);
    const HERE: Option<KnownLocation<'static>> = Some(KnownLocation { id: "tml_1", offline_enabled: true });

    fn reader(serial: &str, software: &str) -> ReaderInfo {
        ReaderInfo {
            device_type: "idtech_vp3300".into(),
            serial_number: serial.into(),
            software_version: software.into(),
        }
    }

    fn paired(days_ago: u64, serial: &str, software: &str, location: &str) -> Vec<Pairing> {
        let mut pairings = Vec::new();
        note_pairing(
            &mut pairings,
            &reader(serial, software),
            location,
            TimestampMs(NOW.0 - days_ago * DAY_MS),
        );
        pairings
    }

    fn refused(location: Option<KnownLocation<'_>>, pairings: &[Pairing], reader: &ReaderInfo) -> ErrorCode {
        may_connect_offline(location, pairings, reader, NOW).unwrap_err().code
    }

    #[test]
    fn each_rule_has_its_own_refusal() {
        let this = reader("1", "v1");
        let fresh = paired(1, "1", "v1", "tml_1");
        assert!(may_connect_offline(HERE, &fresh, &this, NOW).is_ok());
        assert_eq!(refused(None, &fresh, &this), ErrorCode::NotConnectedToInternet);
        let disabled = Some(KnownLocation { id: "tml_1", offline_enabled: false });
        assert_eq!(refused(disabled, &fresh, &this), ErrorCode::NotConnectedToInternet);
        for pairings in [Vec::new(), paired(30, "1", "v1", "tml_1"), paired(1, "1", "v1", "tml_2")] {
            assert_eq!(refused(HERE, &pairings, &this), ErrorCode::ReaderNotPairedOnlineAtLocation);
        }
        let other = ReaderInfo { device_type: "magtek_dynaflex".into(), ..this.clone() };
        assert_eq!(refused(HERE, &fresh, &other), ErrorCode::ReaderNotPairedOnlineAtLocation);
        assert_eq!(refused(HERE, &fresh, &reader("1", "v0")), ErrorCode::ReaderSoftwareUpdateRequired);
    }

    #[test]
    fn another_reader_of_the_type_with_the_same_software_may_stand_in() {
        assert!(may_connect_offline(HERE, &paired(1, "1", "v1", "tml_1"), &reader("2", "v1"), NOW).is_ok());
    }

    #[test]
    fn it_ends_thirty_days_after_the_last_connection_online() {
        let pairings = paired(29, "1", "v1", "tml_1");
        let until = may_connect_offline(HERE, &pairings, &reader("1", "v1"), NOW).unwrap();
        assert_eq!(until, NOW.plus_ms(DAY_MS));
        assert!(may_connect_offline(HERE, &pairings, &reader("1", "v1"), until).is_err());
    }

    #[test]
    fn a_connection_from_the_future_does_not_count() {
        let mut pairings = Vec::new();
        note_pairing(&mut pairings, &reader("1", "v1"), "tml_1", NOW.plus_ms(1));
        assert!(may_connect_offline(HERE, &pairings, &reader("1", "v1"), NOW).is_err());
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_the_latest() {
        let mut pairings = Vec::new();
        for number in 0..2 * PAIRINGS_MAX {
            note_pairing(&mut pairings, &reader(&number.to_string(), "v1"), "tml_1", NOW);
        }
        note_pairing(&mut pairings, &reader("39", "v2"), "tml_1", NOW);
        assert_eq!(pairings.len(), PAIRINGS_MAX);
        assert_eq!(pairings.last().map(|known| known.software_version.as_str()), Some("v2"));
    }
}
