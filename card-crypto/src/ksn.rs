use core::fmt;

use crate::{Cipher, CryptoError};

/// Counter bits of a TDES key serial number.
const TDES_COUNTER_MASK: u32 = 0x001F_FFFF;
/// A TDES counter with more one-bits has no key (X9.24-1): it bounds the work of a derivation.
const TDES_ONES_MAX: u32 = 10;
/// The same for AES (X9.24-3).
const AES_ONES_MAX: u32 = 16;

/// Key serial number of TDES DUKPT: 59 bits name the initial key, the last 21 count transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TdesKsn([u8; 10]);

/// Key serial number of AES DUKPT: 8 bytes name the initial key, 4 count transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AesKsn([u8; 12]);

/// Either key serial number; its length tells the scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ksn {
    /// 10 bytes.
    Tdes(TdesKsn),
    /// 12 bytes.
    Aes(AesKsn),
}

/// The least number above `counter` with at most `ones_max` one-bits. Adding the lowest one-bit is the least
/// step that can reduce the number of one-bits, so at most 32 steps are made.
fn next_counter(counter: u32, ones_max: u32) -> Option<u32> {
    let mut next = counter.checked_add(1)?;
    while next.count_ones() > ones_max {
        next = next.checked_add(next & next.wrapping_neg())?;
    }
    Some(next)
}

impl TdesKsn {
    /// Wraps the ten bytes a reader reported.
    pub const fn new(bytes: [u8; 10]) -> Self {
        Self(bytes)
    }

    /// The ten bytes as they are on the wire.
    pub const fn bytes(&self) -> &[u8; 10] {
        &self.0
    }

    /// Transaction counter, 0 for the initial key.
    pub fn counter(&self) -> u32 {
        self.low_word() & TDES_COUNTER_MASK
    }

    /// Serial number of the next transaction. Counters with more than ten one-bits are skipped.
    pub fn next(&self) -> Result<Self, CryptoError> {
        let next = next_counter(self.counter(), TDES_ONES_MAX)
            .filter(|c| *c <= TDES_COUNTER_MASK)
            .ok_or(CryptoError::KsnExhausted)?;
        Ok(self.with_counter(next))
    }

    /// The same reader's serial number with another counter (21 bits; higher bits are dropped).
    pub fn with_counter(&self, counter: u32) -> Self {
        let word = (self.low_word() & !TDES_COUNTER_MASK) | (counter & TDES_COUNTER_MASK);
        let mut bytes = self.0;
        if let Some(low) = bytes.last_chunk_mut::<4>() {
            *low = word.to_be_bytes();
        }
        Self(bytes)
    }

    pub(crate) fn check_counter(&self) -> Result<(), CryptoError> {
        match self.counter().count_ones() {
            1..=TDES_ONES_MAX => Ok(()),
            _ => Err(CryptoError::KsnCounter),
        }
    }

    fn low_word(&self) -> u32 {
        self.0.last_chunk().map_or(0, |low| u32::from_be_bytes(*low))
    }
}

impl AesKsn {
    /// Wraps the twelve bytes a reader reported.
    pub const fn new(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The serial number of `initial_key_id` before its first transaction.
    pub fn initial(initial_key_id: [u8; 8]) -> Self {
        let mut bytes = [0; 12];
        if let Some(head) = bytes.first_chunk_mut::<8>() {
            *head = initial_key_id;
        }
        Self(bytes)
    }

    /// The twelve bytes as they are on the wire.
    pub const fn bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// The part that names the initial key.
    pub fn initial_key_id(&self) -> [u8; 8] {
        self.0.first_chunk().copied().unwrap_or_default()
    }

    /// Transaction counter, 0 for the initial key.
    pub fn counter(&self) -> u32 {
        self.0.last_chunk().map_or(0, |low| u32::from_be_bytes(*low))
    }

    /// Serial number of the next transaction. Counters with more than sixteen one-bits are skipped.
    pub fn next(&self) -> Result<Self, CryptoError> {
        next_counter(self.counter(), AES_ONES_MAX)
            .map(|c| self.with_counter(c))
            .ok_or(CryptoError::KsnExhausted)
    }

    /// The same reader's serial number with another counter.
    pub fn with_counter(&self, counter: u32) -> Self {
        let mut bytes = self.0;
        if let Some(low) = bytes.last_chunk_mut::<4>() {
            *low = counter.to_be_bytes();
        }
        Self(bytes)
    }

    pub(crate) fn check_counter(&self) -> Result<(), CryptoError> {
        match self.counter().count_ones() {
            1..=AES_ONES_MAX => Ok(()),
            _ => Err(CryptoError::KsnCounter),
        }
    }
}

impl Ksn {
    /// Reads 10 or 12 raw bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, CryptoError> {
        if let Ok(tdes) = <[u8; 10]>::try_from(bytes) {
            return Ok(Self::Tdes(TdesKsn(tdes)));
        }
        <[u8; 12]>::try_from(bytes).map(|aes| Self::Aes(AesKsn(aes))).map_err(|_| CryptoError::KsnLength)
    }

    /// Reads 20 or 24 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, CryptoError> {
        Self::from_slice(&hex::decode(text).map_err(|_| CryptoError::KsnLength)?)
    }

    /// The cipher this serial number belongs to.
    pub const fn cipher(&self) -> Cipher {
        match self {
            Self::Tdes(_) => Cipher::Tdes,
            Self::Aes(_) => Cipher::Aes,
        }
    }

    /// The bytes as they are on the wire.
    pub const fn bytes(&self) -> &[u8] {
        match self {
            Self::Tdes(ksn) => ksn.bytes().as_slice(),
            Self::Aes(ksn) => ksn.bytes().as_slice(),
        }
    }
}

/// Upper-case hexadecimal.
impl fmt::Display for Ksn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_upper(self.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tdes(counter: u32) -> TdesKsn {
        TdesKsn::new([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 0]).with_counter(counter)
    }

    #[test]
    fn counts_and_keeps_the_device_part() {
        let next = tdes(0).next().unwrap();
        assert_eq!(Ksn::Tdes(next).to_string(), "FFFF9876543210E00001");
        assert_eq!(Ksn::Tdes(tdes(0x1F_FC00)).to_string(), "FFFF9876543210FFFC00");
    }

    #[test]
    fn skips_counters_with_too_many_ones() {
        assert_eq!(tdes(0x7FE).next().unwrap().counter(), 0x800);
        assert_eq!(tdes(0x3FF).next().unwrap().counter(), 0x400);
        let aes = AesKsn::initial([0; 8]).with_counter(0x1_FFFE);
        assert_eq!(aes.next().unwrap().counter(), 0x2_0000);
    }

    #[test]
    fn errors_when_used_up() {
        assert_eq!(tdes(0x1F_F800).next(), Err(CryptoError::KsnExhausted));
        let aes = AesKsn::initial([0; 8]).with_counter(0xFFFF_0000);
        assert_eq!(aes.next(), Err(CryptoError::KsnExhausted));
    }

    #[test]
    fn the_length_tells_the_scheme() {
        assert_eq!(Ksn::from_slice(&[0; 10]).unwrap().cipher(), Cipher::Tdes);
        assert_eq!(Ksn::from_slice(&[0; 12]).unwrap().cipher(), Cipher::Aes);
        assert_eq!(Ksn::from_slice(&[0; 11]), Err(CryptoError::KsnLength));
    }

    proptest! {
        #[test]
        fn next_is_the_least_valid_counter_above(counter in 0u32..0x1F_FC00) {
            let mut expected = counter + 1;
            while expected.count_ones() > 10 { expected += 1; }
            match tdes(counter).next() {
                Ok(next) => prop_assert_eq!(next.counter(), expected),
                Err(_) => prop_assert!(expected > 0x1F_FFFF),
            }
        }
    }
}
