//! Keys of one card (EMV Book 2, A1.4.1) and of one of its transactions (A1.3.1).

use zeroize::Zeroizing;

use crate::{CryptoError, SecretKey, block};

/// The card's own key, option A: from the issuer's master key, the card number as ASCII digits and the two-digit
/// sequence number (tag 5F34; 0 where the card has none).
pub fn card_key(issuer_master_key: &SecretKey, pan: &str, sequence: u8) -> Result<SecretKey, CryptoError> {
    if !(13..=19).contains(&pan.len()) || !pan.bytes().all(|b| b.is_ascii_digit()) || sequence > 99 {
        return Err(CryptoError::CardNumber);
    }
    let digits = Zeroizing::new(format!("{pan}{sequence:02}"));
    // The last sixteen digits as packed decimals, zeros in front.
    let y = digits.bytes().fold(0u64, |packed, digit| (packed << 4) | u64::from(digit & 0x0F));
    Ok(SecretKey::from_halves(
        block::tdes_block(issuer_master_key, y.to_be_bytes()),
        block::tdes_block(issuer_master_key, (!y).to_be_bytes()),
    )
    .with_odd_parity())
}

/// The key of one transaction, "common session key": `r` is the transaction counter and six zero bytes, or what
/// the scheme takes instead.
pub fn session_key(card_key: &SecretKey, r: [u8; 8]) -> SecretKey {
    const THIRD_BYTE: u64 = 0x0000_FF00_0000_0000;
    let r = u64::from_be_bytes(r) & !THIRD_BYTE;
    SecretKey::from_halves(
        block::tdes_block(card_key, (r | 0x0000_F000_0000_0000).to_be_bytes()),
        block::tdes_block(card_key, (r | 0x0000_0F00_0000_0000).to_be_bytes()),
    )
    .with_odd_parity()
}

impl SecretKey {
    /// DES ignores the low bit of each byte; it is set for odd parity so that keys compare byte for byte.
    fn with_odd_parity(&self) -> Self {
        Self::new(self.expose().map(|b| if b.count_ones().is_multiple_of(2) { b ^ 1 } else { b }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hex: &str) -> SecretKey {
        SecretKey::from_hex(hex).unwrap()
    }

    #[test]
    fn card_and_session_key_vectors() {
        let card = card_key(&key("0123456789ABCDEFFEDCBA9876543210"), "9901234567890123", 45).unwrap();
        assert_eq!(card, key("F84315C7B95BD3B0C74694922C3808B0"));
        let session = session_key(&card, [0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56]);
        assert_eq!(session, key("3E736BF8D37664348A04E3ABE00DEFC1"));
    }

    #[test]
    fn malformed_numbers_are_refused() {
        let imk = key("0123456789ABCDEFFEDCBA9876543210");
        for (pan, sequence) in [("123456789012", 0), ("12345678901234567890", 0), ("99012345678901x3", 0)] {
            assert_eq!(card_key(&imk, pan, sequence), Err(CryptoError::CardNumber));
        }
        assert_eq!(card_key(&imk, "9901234567890123", 100), Err(CryptoError::CardNumber));
    }
}
