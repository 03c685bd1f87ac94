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
    /// Inserted Mastercard whose PIN goes to the issuer.
    OnlinePin,
    /// Inserted Interac card.
    Interac,
    /// Inserted girocard.
    Girocard,
    /// Tapped Visa Debit by its US common debit application.
    UsDebit,
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
    pub(crate) aid: &'static [u8],
    pub(crate) interchange_profile: [u8; 2],
    pub(crate) issuer_data: &'static [u8],
}

const VISA: &[u8] = &[0xA0, 0, 0, 0, 0x03, 0x10, 0x10];
const MASTERCARD: &[u8] = &[0xA0, 0, 0, 0, 0x04, 0x10, 0x10];
const INTERAC: &[u8] = &[0xA0, 0, 0, 0x02, 0x77, 0x10, 0x10];
const GIROCARD: &[u8] = &[0xA0, 0, 0, 0x03, 0x59, 0x10, 0x10, 0x02, 0x80, 0x01];
const US_DEBIT: &[u8] = &[0xA0, 0, 0, 0, 0x98, 0x08, 0x40];
/// Length, key index, version 0A, card verification results.
const ISSUER_DATA_10: &[u8] = &[0x06, 0x01, 0x0A, 0x03, 0xA0, 0x00, 0x00];
/// Key index, length, version 12, card verification results and counters.
const ISSUER_DATA_18: &[u8] =
    &[0x01, 0x10, 0x12, 0xA0, 0x40, 0x00, 0x2A, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0xFF];

impl CardProfile {
    /// Every profile.
    pub const ALL: [Self; 9] = [
        Self::ContactlessVisa,
        Self::ContactMastercard,
        Self::Declined,
        Self::Swipe,
        Self::Expired,
        Self::OnlinePin,
        Self::Interac,
        Self::Girocard,
        Self::UsDebit,
    ];

    /// The stable name, `contactless_visa`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContactlessVisa => "contactless_visa",
            Self::ContactMastercard => "contact_mastercard",
            Self::Declined => "declined",
            Self::Swipe => "swipe",
            Self::Expired => "expired",
            Self::OnlinePin => "online_pin",
            Self::Interac => "interac",
            Self::Girocard => "girocard",
            Self::UsDebit => "us_debit",
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
        use Presented::{Inserted, Swiped, Tapped};
        match self {
            Self::ContactlessVisa => Face::visa(Tapped, "4761739001010010", "3112"),
            Self::Expired => Face::visa(Tapped, "4012888888881881", "2012"),
            Self::ContactMastercard => Face::mastercard("5413330089010434", "3012", "TEST/CARD 1"),
            Self::Declined => Face::mastercard("5413330089600119", "3012", "TEST/DECLINED"),
            Self::OnlinePin => Face::mastercard("5413330089020011", "3112", "TEST/ONLINE PIN"),
            Self::Interac => Face::visa(Inserted, "4506445006931933", "3112").of("INTERAC", INTERAC),
            Self::Girocard => Face::visa(Inserted, "6725000000000001", "3112").of("GIROCARD", GIROCARD),
            Self::UsDebit => Face::visa(Tapped, "4000056655665556", "3112").of("US DEBIT", US_DEBIT),
            Self::Swipe => Face {
                presented: Swiped,
                pan: "4761731000000043",
                expiry_yymm: "3112",
                label: "",
                name: Some("TEST/SWIPE"),
                aid: VISA,
                interchange_profile: [0, 0],
                issuer_data: &[],
            },
        }
    }
}

impl Face {
    /// A chip with cryptogram version 10.
    const fn visa(presented: Presented, pan: &'static str, expiry_yymm: &'static str) -> Self {
        Face {
            presented,
            pan,
            expiry_yymm,
            label: "VISA CREDIT",
            name: None,
            aid: VISA,
            interchange_profile: [0x20, 0x00],
            issuer_data: ISSUER_DATA_10,
        }
    }

    /// An inserted chip with cryptogram version 18.
    const fn mastercard(pan: &'static str, expiry_yymm: &'static str, name: &'static str) -> Self {
        Face {
            presented: Presented::Inserted,
            pan,
            expiry_yymm,
            label: "MASTERCARD",
            name: Some(name),
            aid: MASTERCARD,
            interchange_profile: [0x39, 0x00],
            issuer_data: ISSUER_DATA_18,
        }
    }

    /// The same chip with another application.
    const fn of(self, label: &'static str, aid: &'static [u8]) -> Self {
        Face { label, aid, ..self }
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
