//! The names of things: payments, devices, the holders of a lease.

use std::fmt;
use std::str::FromStr;

use crate::time::TimestampMs;

/// The name a payment has from its creation on the device, for ever: a UUIDv7 (RFC 9562).
///
/// It is the idempotency key of every request about the payment. Minting a second one for the same payment
/// would charge the customer twice; there is one place that mints, `Terminal::create_payment_intent`.
///
/// ```
/// use tillandsia_core::ids::OfflineId;
/// use tillandsia_core::time::TimestampMs;
/// let first = OfflineId::mint(TimestampMs(1_795_348_800_000), [7; 10]);
/// let later = OfflineId::mint(TimestampMs(1_795_348_800_001), [0; 10]);
/// assert!(first < later && first.to_string() < later.to_string(), "ids sort by the time of their creation");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OfflineId(uuid::Uuid);

/// Text that is not an offline id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an offline id: a UUID of version 7 is needed, such as 01937b2e-1c00-7a00-8000-000000000001")]
pub struct InvalidOfflineId;

impl OfflineId {
    /// The id for a payment created at `now`, made unique by 80 random bits.
    pub fn mint(now: TimestampMs, random: [u8; 10]) -> Self {
        OfflineId(uuid::Builder::from_unix_timestamp_millis(now.0, &random).into_uuid())
    }

    /// When it was minted, by the clock of its device: its first 48 bits (RFC 9562, 5.7).
    pub fn minted_at(&self) -> TimestampMs {
        let bytes = self.as_bytes().iter().take(6);
        TimestampMs(bytes.fold(0, |ms, byte| ms << 8 | u64::from(*byte)))
    }

    /// The sixteen bytes, as they go into hashes and associated data.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl FromStr for OfflineId {
    type Err = InvalidOfflineId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = uuid::Uuid::try_parse(text).map_err(|_| InvalidOfflineId)?;
        match id.get_version_num() {
            7 if text.len() == 36 => Ok(OfflineId(id)),
            _ => Err(InvalidOfflineId),
        }
    }
}

impl fmt::Display for OfflineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for OfflineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who holds a lease: one run of one tab or worker. Two runs never share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HolderId(pub String);

impl HolderId {
    /// A holder named by 16 random bytes.
    pub fn mint(random: [u8; 16]) -> Self {
        HolderId(hex::encode(random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_minted() {
        let early = OfflineId::mint(TimestampMs(1_700_000_000_000), [0xff; 10]);
        let late = OfflineId::mint(TimestampMs(1_700_000_000_001), [0; 10]);
        assert!(early < late);
        assert_eq!(early.to_string().parse::<OfflineId>(), Ok(early));
    }

    #[test]
    fn other_uuids_and_spellings_are_refused() {
        let ok = OfflineId::mint(TimestampMs(1), [1; 10]).to_string();
        for text in ["", "x", &ok.replace('-', ""), "6ba7b810-9dad-11d1-80b4-00c04fd430c8"] {
            assert_eq!(text.parse::<OfflineId>(), Err(InvalidOfflineId), "{text}");
        }
    }
}
