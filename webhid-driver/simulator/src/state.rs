use serde::{Deserialize, Serialize};
use tillandsia_card_crypto::{CryptoError, Ksn, TdesKsn};

use crate::CardProfile;

/// Bits of a key serial number that name the device: 80 less 24 of a fixed start and 21 of the counter.
const DEVICE_BITS: u32 = 35;
const COUNTER_BITS: u32 = 21;
const KSN_START: u128 = 0xFFFF98;

/// What a reader and its cards remember when the power goes: without it a key serial number or a transaction counter
/// would be used twice, and the acquirer would refuse the payment as a replay. Save it durably *before* the answer
/// that used it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderState {
    device_id: u64,
    ksn_counter: u32,
    cards: Vec<CardState>,
}

/// What a card remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct CardState {
    profile: CardProfile,
    sequence: u8,
    counter: u16,
}

impl ReaderState {
    /// A new reader. Its device id, 35 bits of `entropy`, is in its serial number and in its key serial numbers, so
    /// that two readers never use the same one. The test card numbers are the same everywhere; sequence number and
    /// first transaction counter come from the entropy, so that two installations do not use the same pair.
    pub fn new(entropy: u64) -> Self {
        let mixed = mix(entropy);
        let cards = CardProfile::ALL
            .iter()
            .map(|profile| CardState {
                profile: *profile,
                sequence: u8::try_from(mixed % 100).unwrap_or_default(),
                counter: u16::try_from((mixed >> 16) & 0x7FFF).unwrap_or_default(),
            })
            .collect();
        Self { device_id: entropy & ((1 << DEVICE_BITS) - 1), ksn_counter: 0, cards }
    }

    /// The serial number on the back, `SIM` and nine hexadecimal digits.
    pub fn serial_number(&self) -> String {
        format!("SIM{:09X}", self.device_id)
    }

    /// How many keys are used.
    pub const fn ksn_counter(&self) -> u32 {
        self.ksn_counter
    }

    pub(crate) fn next_ksn(&mut self) -> Result<Ksn, CryptoError> {
        let bits = (((KSN_START << DEVICE_BITS) | u128::from(self.device_id)) << COUNTER_BITS)
            | u128::from(self.ksn_counter);
        let bytes = bits.to_be_bytes().last_chunk::<10>().copied().unwrap_or_default();
        let next = TdesKsn::new(bytes).next()?;
        self.ksn_counter = next.counter();
        Ok(Ksn::Tdes(next))
    }

    /// Sets the next `transactions` keys and counters aside for whoever holds a copy of the state as it was: a Worker
    /// saves what this leaves behind *before* it uses the copy, and neither a reload nor a second tab can meet any of
    /// them again. What is not used is lost, as it is when a reader is switched off.
    pub fn set_aside(&mut self, transactions: u16) {
        for _ in 0..transactions {
            // Used-up keys are noticed by the transaction that needs one.
            let _ = self.next_ksn();
            for profile in CardProfile::ALL {
                self.next_transaction(profile);
            }
        }
    }

    pub(crate) fn use_up_keys(&mut self) {
        self.ksn_counter = 0x1F_F800;
    }

    /// Sequence number and next transaction counter of a card. A card whose counter is used up is replaced by one with
    /// the next sequence number.
    pub(crate) fn next_transaction(&mut self, profile: CardProfile) -> (u8, u16) {
        let known = self.cards.iter().position(|card| card.profile == profile);
        let index = known.unwrap_or_else(|| {
            self.cards.push(CardState { profile, sequence: 0, counter: 0 });
            self.cards.len() - 1
        });
        let Some(card) = self.cards.get_mut(index) else { return (0, 1) };
        if card.counter == u16::MAX {
            card.sequence = (card.sequence + 1) % 100;
            card.counter = 0;
        }
        card.counter += 1;
        (card.sequence, card.counter)
    }
}

/// The finaliser of SplitMix64: spreads a seed over all bits.
pub(crate) const fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_serial_numbers_count_and_name_the_device() {
        let mut state = ReaderState::new(0x7_6543_2107);
        assert_eq!(state.next_ksn().unwrap().to_string(), "FFFF98ECA86420E00001");
        assert_eq!(state.next_ksn().unwrap().to_string(), "FFFF98ECA86420E00002");
        assert_eq!(state.serial_number(), "SIM765432107");
        state.use_up_keys();
        assert_eq!(state.next_ksn(), Err(CryptoError::KsnExhausted));
    }

    #[test]
    fn two_readers_never_share_a_serial_number() {
        let ksn = |device| ReaderState::new(device).next_ksn().unwrap();
        assert_ne!(ksn(1), ksn(2));
    }

    #[test]
    fn what_is_set_aside_is_not_met_again() {
        let mut saved = ReaderState::new(1);
        let mut working = saved.clone();
        saved.set_aside(8);
        let used: Vec<_> = (0..8)
            .map(|_| (working.next_ksn().unwrap(), working.next_transaction(CardProfile::Expired)))
            .collect();
        let next = (saved.next_ksn().unwrap(), saved.next_transaction(CardProfile::Expired));
        assert!(used.iter().all(|(ksn, card)| *ksn != next.0 && *card != next.1));
        assert_eq!(working.next_ksn().unwrap(), next.0);
    }

    #[test]
    fn transaction_counters_never_repeat() {
        let mut state = ReaderState::new(5);
        let mut seen = std::collections::HashSet::new();
        assert!((0..70_000).all(|_| seen.insert(state.next_transaction(CardProfile::ContactlessVisa))));
    }
}
