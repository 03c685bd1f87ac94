//! How the settings in force are kept, for the time offline and for the next start.

use serde::{Deserialize, Serialize};

use crate::offline::InForce;
use crate::time::TimestampMs;
use crate::versioned;
use crate::wire::{Configuration, Location};

/// The version that is written. A change to [`Location`] or [`Configuration`] changes the form: it needs a new version, and
/// copies of the structs as they were to read the old one.
const VERSION: u16 = 1;

#[derive(Serialize, Deserialize)]
struct InForceV1 {
    location: Location,
    configuration: Configuration,
    fetched_at_ms: u64,
}

/// The settings' bytes.
pub(super) fn to_bytes(in_force: &InForce) -> Vec<u8> {
    let form = InForceV1 {
        location: in_force.location.clone(),
        configuration: in_force.configuration.clone(),
        fetched_at_ms: in_force.fetched_at.0,
    };
    versioned::write(VERSION, &form)
}

/// The settings of bytes of a known version; `None` when they cannot be read: the till then stores nothing until a
/// reader was connected online again.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<InForce> {
    match versioned::version(bytes)? {
        (VERSION, body) => versioned::read::<InForceV1>(body).map(|form| InForce {
            location: form.location,
            configuration: form.configuration,
            fetched_at: TimestampMs(form.fetched_at_ms),
        }),
        _ => None,
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing::session;

    #[test]
    fn what_is_kept_reads_back_and_what_is_none_does_not() {
        let in_force = InForce::of(&session(), TimestampMs(300));
        let bytes = to_bytes(&in_force);
        assert_eq!(from_bytes(&bytes), Some(in_force));
        let newer = [b"\x00\x02", &bytes[2..]].concat();
        for other in [&b""[..], b"\x00\x01", &bytes[..bytes.len() - 1], &newer] {
            assert_eq!(from_bytes(other), None);
        }
    }

    /// The bytes stand for every till that keeps settings in this version: they never change.
    #[test]
    fn version_1_begins_as_it_always_did() {
        let bytes = to_bytes(&InForce::of(&session(), TimestampMs(300)));
        assert!(bytes.starts_with(b"\x00\x01\x08tml_test\x11terminal.location\x0aTest stall"));
        assert!(bytes.ends_with(b"\xac\x02"), "the time comes last");
    }
}
