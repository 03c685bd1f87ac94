//! How the readers that were connected online are kept among the settings.

use serde::{Deserialize, Serialize};

use crate::offline::{PAIRINGS_MAX, Pairing};
use crate::time::TimestampMs;
use crate::versioned;

/// The version that is written.
const VERSION: u16 = 1;

#[derive(Serialize, Deserialize)]
struct PairingV1 {
    device_type: String,
    serial_number: String,
    software_version: String,
    location: String,
    connected_at_ms: u64,
}

/// The pairings' bytes.
pub(super) fn to_bytes(pairings: &[Pairing]) -> Vec<u8> {
    let form = |pairing: &Pairing| PairingV1 {
        device_type: pairing.device_type.clone(),
        serial_number: pairing.serial_number.clone(),
        software_version: pairing.software_version.clone(),
        location: pairing.location.clone(),
        connected_at_ms: pairing.connected_at.0,
    };
    versioned::write(VERSION, &pairings.iter().map(form).collect::<Vec<_>>())
}

/// The pairings of bytes of a known version; none when they cannot be read, as on a new device.
pub(super) fn from_bytes(bytes: &[u8]) -> Vec<Pairing> {
    let of = |form: PairingV1| Pairing {
        device_type: form.device_type,
        serial_number: form.serial_number,
        software_version: form.software_version,
        location: form.location,
        connected_at: TimestampMs(form.connected_at_ms),
    };
    match versioned::version(bytes) {
        Some((VERSION, body)) => versioned::read::<Vec<PairingV1>>(body)
            .map(|forms| forms.into_iter().take(PAIRINGS_MAX).map(of).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes stand for every till that keeps pairings in this version: they never change.
    #[test]
    fn version_1_stays_readable_and_is_what_is_written() {
        let pairing = Pairing {
            device_type: "d".into(),
            serial_number: "s".into(),
            software_version: "v".into(),
            location: "l".into(),
            connected_at: TimestampMs(300),
        };
        let golden = b"\x00\x01\x01\x01d\x01s\x01v\x01l\xac\x02";
        assert_eq!(to_bytes(std::slice::from_ref(&pairing)), golden);
        assert_eq!(from_bytes(golden), [pairing]);
        for bytes in [&b""[..], b"\x00\x02\x00", b"\x00\x01\x01", b"\x00\x01\x00\x00"] {
            assert_eq!(from_bytes(bytes), [], "{bytes:?}");
        }
    }
}
