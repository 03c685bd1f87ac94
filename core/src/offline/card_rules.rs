//! Which cards may not be used offline, by what the chip says of itself.

use crate::card::CardRead;
use crate::error::{ErrorCode, TerminalError};

/// Where Strong Customer Authentication applies (PSD2 in the EEA, its counterpart in the United Kingdom), ISO 3166-1
/// alpha-2. Contactless limits count taps at the issuer, which nobody asks offline.
const SCA_COUNTRIES: [&str; 31] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The registered part of Interac's application identifiers.
const INTERAC: [u8; 5] = [0xA0, 0x00, 0x00, 0x02, 0x77];
/// Application identifiers (or their beginnings) of networks that authorise online only.
const ONLINE_ONLY: [(&[u8], &str); 6] = [
    (&[0xA0, 0x00, 0x00, 0x03, 0x59], "girocard"),
    (&[0xA0, 0x00, 0x00, 0x00, 0x98, 0x08, 0x40], "US debit"),
    (&[0xA0, 0x00, 0x00, 0x00, 0x04, 0x22, 0x03], "US debit"),
    (&[0xA0, 0x00, 0x00, 0x01, 0x52, 0x40, 0x10], "US debit"),
    (&[0xA0, 0x00, 0x00, 0x03, 0x33, 0x01, 0x01, 0x08], "US debit"),
    (&[0xA0, 0x00, 0x00, 0x06, 0x20, 0x06, 0x20], "US debit"),
];

/// Dedicated file name: which application of the chip was used.
const DF_NAME: u32 = 0x84;
const AID: u32 = 0x4F;
const CVM_RESULTS: u32 = 0x9F34;
const TVR: u32 = 0x95;

/// Whether Strong Customer Authentication applies in a country (ISO 3166-1 alpha-2, either case): taps are then not
/// offered offline.
pub fn sca_applies(country: &str) -> bool {
    SCA_COUNTRIES.iter().any(|known| known.eq_ignore_ascii_case(country))
}

/// Refuses what a card's chip says cannot be settled without asking its issuer.
pub(super) fn allows_chip(card: &CardRead) -> Result<(), TerminalError> {
    let refused = |code, message: String| Err(TerminalError::new(code, message));
    let aid = card.emv_value(DF_NAME).or_else(|| card.emv_value(AID)).unwrap_or_default();
    if aid.starts_with(&INTERAC) {
        let message = "Interac cards are not accepted offline: ask for another card";
        return refused(ErrorCode::InteracNotSupportedOffline, message.to_owned());
    }
    if let Some((_, network)) = ONLINE_ONLY.iter().find(|(known, _)| aid.starts_with(known)) {
        let message = format!("{network} cards are not accepted offline: ask for another card");
        return refused(ErrorCode::CardNetworkNotSupportedOffline, message);
    }
    if asked_for_online_pin(card) {
        let message = "this card's PIN must be checked online: ask for another card";
        return refused(ErrorCode::OnlinePinNotSupportedOffline, message.to_owned());
    }
    Ok(())
}

/// EMV Book 4, annex A4, and Book 3, annexes C3 and C5: a PIN enciphered for the issuer was entered.
fn asked_for_online_pin(card: &CardRead) -> bool {
    let performed = card.emv_value(CVM_RESULTS).and_then(|value| value.first());
    let entered = card.emv_value(TVR).and_then(|value| value.get(2));
    performed.is_some_and(|rule| rule & 0x3F == 0x02) || entered.is_some_and(|flags| flags & 0x04 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Tag;
    use crate::testing::card;

    fn with(tag: u32, value: &[u8]) -> Result<(), ErrorCode> {
        let mut card = card(1);
        card.emv.retain(|entry| entry.tag != tag);
        card.emv.push(Tag::new(tag, value));
        allows_chip(&card).map_err(|error| error.code)
    }

    #[test]
    fn networks_that_authorise_online_only_are_refused() {
        assert_eq!(allows_chip(&card(1)), Ok(()));
        assert_eq!(with(DF_NAME, b"\xA0\0\0\x02\x77\x10\x10"), Err(ErrorCode::InteracNotSupportedOffline));
        for aid in [
            &b"\xA0\0\0\x03\x59\x10\x10\x02\x80\x01"[..],
            b"\xA0\0\0\0\x98\x08\x40",
            b"\xA0\0\0\0\x04\x22\x03",
            b"\xA0\0\0\x01\x52\x40\x10",
            b"\xA0\0\0\x03\x33\x01\x01\x08",
            b"\xA0\0\0\x06\x20\x06\x20",
        ] {
            assert_eq!(with(DF_NAME, aid), Err(ErrorCode::CardNetworkNotSupportedOffline), "{aid:X?}");
        }
        for aid in
            [&b"\xA0\0\0\0\x03\x10\x10"[..], b"\xA0\0\0\0\x04\x10\x10", b"\xA0\0\0\x03\x33\x01\x01\x02"]
        {
            assert_eq!(with(DF_NAME, aid), Ok(()), "{aid:X?}");
        }
    }

    #[test]
    fn a_pin_for_the_issuer_is_refused() {
        assert_eq!(with(CVM_RESULTS, &[0x42, 0x03, 0x00]), Err(ErrorCode::OnlinePinNotSupportedOffline));
        assert_eq!(with(TVR, &[0, 0, 0x04, 0, 0]), Err(ErrorCode::OnlinePinNotSupportedOffline));
        for fine in [&[0x1E, 0x03, 0x00][..], &[0x41, 0x03, 0x02], &[0x1F, 0x00, 0x00], &[]] {
            assert_eq!(with(CVM_RESULTS, fine), Ok(()), "{fine:X?}");
        }
    }

    #[test]
    fn taps_are_not_offered_where_sca_applies() {
        assert!(sca_applies("DE") && sca_applies("gb"));
        assert!(!sca_applies("US") && !sca_applies("") && !sca_applies("CH"));
    }
}
