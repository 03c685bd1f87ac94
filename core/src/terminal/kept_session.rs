//! How the last session is kept among the settings, for the time offline.

use crate::versioned;
use crate::wire::Session;

/// The version that is written. A change to [`Session`] changes the form: it needs a new version, and a copy of the
/// struct as it was to read the old one, or a till that is updated while offline sells nothing until it is online.
const VERSION: u16 = 1;

/// A session's bytes.
pub fn session_to_bytes(session: &Session) -> Vec<u8> {
    versioned::write(VERSION, session)
}

/// The session of bytes of a known version.
pub fn session_from_bytes(bytes: &[u8]) -> Option<Session> {
    match versioned::version(bytes)? {
        (VERSION, body) => versioned::read(body),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::wire::{Configuration, Location, OfflineConfiguration};

    fn session() -> Session {
        Session {
            object: "o".into(),
            secret: "s".into(),
            expires_at: 300,
            account: "a".into(),
            livemode: true,
            location: Location {
                id: "l".into(),
                object: "o".into(),
                display_name: "d".into(),
                address: BTreeMap::from([("c".into(), "x".into())]),
                configuration_overrides: None,
                livemode: true,
                metadata: BTreeMap::new(),
            },
            configuration: Configuration {
                id: "c".into(),
                object: "o".into(),
                is_account_default: true,
                livemode: true,
                name: Some("n".into()),
                offline: OfflineConfiguration {
                    enabled: true,
                    payment_amount_max: BTreeMap::from([("usd".into(), 7)]),
                    stored_amount_max: BTreeMap::new(),
                    stored_count_max: Some(5),
                    stored_age_max_s: None,
                    forward_within_s: Some(6),
                    retain_for_s: None,
                },
            },
        }
    }

    /// The bytes stand for every till that keeps a session in this version: they never change.
    #[test]
    fn version_1_stays_readable_and_is_what_is_written() {
        let golden = b"\x00\x01\x01o\x01s\xac\x02\x01a\x01\
            \x01l\x01o\x01d\x01\x01c\x01x\x00\x01\x00\
            \x01c\x01o\x01\x01\x01\x01n\x01\x01\x03usd\x07\x00\x01\x05\x00\x01\x06\x00";
        assert_eq!(session_from_bytes(golden), Some(session()));
        assert_eq!(session_to_bytes(&session()), golden);
    }

    #[test]
    fn what_is_no_session_is_none() {
        let good = session_to_bytes(&session());
        let longer = [&good[..], b"\0"].concat();
        let newer = [b"\x00\x02", &good[2..]].concat();
        for bytes in [&b""[..], b"{}", b"\x00\x01", &good[..good.len() - 1], &longer, &newer] {
            assert_eq!(session_from_bytes(bytes), None, "{bytes:?}");
        }
    }
}
