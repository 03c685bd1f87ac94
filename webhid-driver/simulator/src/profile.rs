use serde::{Deserialize, Serialize};

/// A test card. The numbers are well-known test numbers; they exist nowhere outside this crate and the acquirer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardProfile {
    /// Tapped Visa, cryptogram version 10.
    ContactlessVisa,
    /// Inserted Mastercard, cryptogram version 18; waits for the host.
    ContactMastercard,
    /// Inserted card that declines by itself.
    Declined,
    /// Swiped Visa.
    Swipe,
    /// Tapped Visa that expired in December 2020.
    Expired,
}

/// How a card is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented {
    Tapped,
    Inserted,
    Swiped,
}

/// What is on a card, in the clear. Not `Debug`: it must not get into a log.
pub(crate) struct Face {
    pub(crate) presented: Presented,
    pub(crate) pan: &'static str,
    pub(crate) expiry_yymm: &'static str,
    pub(crate) label: &'static str,
    pub(crate) name: Option<&'static str>,
    pub(crate) aid: [u8; 7],
    pub(crate) interchange_profile: [u8; 2],
    pub(crate) issuer_data: &'static [u8],
}

const VISA: [u8; 7] = [0xA0, 0, 0, 0, 0x03, 0x10, 0x10];
const MASTERCARD: [u8; 7] = [0xA0, 0, 0, 0, 0x04, 0x10, 0x10];
/// Length, key index, version 0A, card verification results.
const ISSUER_DATA_10: &[u8] = &[0x06, 0x01, 0x0A, 0x03, 0xA0, 0x00, 0x00];
/// Key index, length, version 12, card verification results and counters.
const ISSUER_DATA_18: &[u8] =
    &[0x01, 0x10, 0x12, 0xA0, 0x40, 0x00, 0x2A, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0xFF];

impl CardProfile {
    /// Every profile.
    pub const ALL: [Self; 5] =
        [Self::ContactlessVisa, Self::ContactMastercard, Self::Declined, Self::Swipe, Self::Expired];

    /// The stable name, `contactless_visa`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContactlessVisa => "contactless_visa",
            Self::ContactMastercard => "contact_mastercard",
            Self::Declined => "declined",
            Self::Swipe => "swipe",
            Self::Expired => "expired",
        }
    }

    /// The profile of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == name)
    }

    /// The number on it, for the tests that make sure that it is found nowhere else.
    pub const fn test_number(self) -> &'static str {
        self.face().pan
    }

    pub(crate) const fn face(self) -> Face {
        match self {
            Self::ContactlessVisa => Face {
                presented: Presented::Tapped,
                pan: "4761739001010010",
                expiry_yymm: "3112",
                label: "VISA CREDIT",
                name: None,
                aid: VISA,
                interchange_profile: [0x20, 0x00],
                issuer_data: ISSUER_DATA_10,
            },
            Self::ContactMastercard => Face {
                presented: Presented::Inserted,
                pan: "5413330089010434",
                expiry_yymm: "3012",
                label: "MASTERCARD",
                name: Some("TEST/CARD 1"),
                aid: MASTERCARD,
                interchange_profile: [0x39, 0x00],
                issuer_data: ISSUER_DATA_18,
            },
            Self::Declined => Face {
                presented: Presented::Inserted,
                pan: "5413330089600119",
                expiry_yymm: "3012",
                label: "MASTERCARD",
                name: Some("TEST/DECLINED"),
                aid: MASTERCARD,
                interchange_profile: [0x39, 0x00],
                issuer_data: ISSUER_DATA_18,
            },
            Self::Swipe => Face {
                presented: Presented::Swiped,
                pan: "4761731000000043",
                expiry_yymm: "3112",
                label: "",
                name: Some("TEST/SWIPE"),
                aid: VISA,
                interchange_profile: [0, 0],
                issuer_data: &[],
            },
            Self::Expired => Face {
                presented: Presented::Tapped,
                pan: "4012888888881881",
                expiry_yymm: "2012",
                label: "VISA CREDIT",
                name: None,
                aid: VISA,
                interchange_profile: [0x20, 0x00],
                issuer_data: ISSUER_DATA_10,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for profile in CardProfile::ALL {
            assert_eq!(CardProfile::from_name(profile.as_str()), Some(profile));
        }
        assert_eq!(CardProfile::from_name("gold"), None);
    }

    #[test]
    fn the_numbers_have_a_valid_check_digit() {
        for profile in CardProfile::ALL {
            let sum: u32 = (profile.face().pan.bytes().rev().enumerate())
                .map(|(i, digit)| {
                    let digit = u32::from(digit - b'0') * (1 + u32::from(i % 2 == 1));
                    digit / 10 + digit % 10
                })
                .sum();
            assert_eq!(sum % 10, 0);
        }
    }
}
