//! ANSI X9.24-1:2009, TDES DUKPT.

use crate::{CryptoError, SecretKey, TdesKsn, block};

/// Both halves xor this: the companion key of the derivation.
const DERIVE_MASK: u128 = 0xC0C0_C0C0_0000_0000_C0C0_C0C0_0000_0000;
const PIN_MASK: u128 = 0x0000_0000_0000_00FF_0000_0000_0000_00FF;
const MAC_MASK: u128 = 0x0000_0000_0000_FF00_0000_0000_0000_FF00;
const DATA_REQUEST_MASK: u128 = 0x0000_0000_00FF_0000_0000_0000_00FF_0000;
const DATA_RESPONSE_MASK: u128 = 0x0000_00FF_0000_0000_0000_00FF_0000_0000;

/// The key a reader is loaded with, derived from the BDK and the serial number's device part.
pub fn initial_key(bdk: &SecretKey, ksn: &TdesKsn) -> SecretKey {
    let at_zero = ksn.with_counter(0);
    let head = at_zero.bytes().first_chunk::<8>().copied().unwrap_or_default();
    SecretKey::from_halves(block::tdes_block(bdk, head), block::tdes_block(&bdk.xor(DERIVE_MASK), head))
}

/// The key of one transaction. Never used directly: only its variants encrypt anything.
#[derive(Debug, Clone)]
pub struct TransactionKey(SecretKey);

impl TransactionKey {
    /// From the BDK, as an acquirer does it. Errors: [`CryptoError::KsnCounter`] where no key belongs to `ksn`.
    pub fn derive(bdk: &SecretKey, ksn: &TdesKsn) -> Result<Self, CryptoError> {
        Self::from_initial_key(&initial_key(bdk, ksn), ksn)
    }

    /// From the reader's initial key, one step for each one-bit of the counter, highest first.
    pub fn from_initial_key(initial_key: &SecretKey, ksn: &TdesKsn) -> Result<Self, CryptoError> {
        ksn.check_counter()?;
        let counter = ksn.counter();
        let mut key = initial_key.clone();
        for bit in (0..21).rev().map(|n| 1u32 << n).filter(|bit| counter & bit != 0) {
            // The register holds the bits seen so far: those not below this one.
            let register = ksn.with_counter(counter & !(bit - 1));
            key = generate_key(&key, register.bytes().last_chunk::<8>().copied().unwrap_or_default());
        }
        Ok(Self(key))
    }

    /// The derived key itself, for comparison with published vectors.
    pub const fn key(&self) -> &SecretKey {
        &self.0
    }

    /// Encrypts PIN blocks.
    pub fn pin_key(&self) -> SecretKey {
        self.0.xor(PIN_MASK)
    }

    /// Authenticates requests.
    pub fn mac_key(&self) -> SecretKey {
        self.0.xor(MAC_MASK)
    }

    /// Encrypts card data from the reader to the acquirer.
    pub fn data_request_key(&self) -> SecretKey {
        data_key(&self.0.xor(DATA_REQUEST_MASK))
    }

    /// Encrypts data from the acquirer to the reader.
    pub fn data_response_key(&self) -> SecretKey {
        data_key(&self.0.xor(DATA_RESPONSE_MASK))
    }
}

/// A data key is one-way: each half of the variant encrypted under the variant itself.
fn data_key(variant: &SecretKey) -> SecretKey {
    let (left, right) = variant.halves();
    SecretKey::from_halves(block::tdes_block(variant, left), block::tdes_block(variant, right))
}

/// X9.24-1 A.2, "non-reversible key generation".
fn generate_key(key: &SecretKey, register: [u8; 8]) -> SecretKey {
    let right = half(key, register);
    let left = half(&key.xor(DERIVE_MASK), register);
    SecretKey::from_halves(left, right)
}

fn half(key: &SecretKey, register: [u8; 8]) -> [u8; 8] {
    let (left, right) = key.halves();
    xor(block::des_block(left, xor(register, right)), right)
}

fn xor(a: [u8; 8], b: [u8; 8]) -> [u8; 8] {
    (u64::from_be_bytes(a) ^ u64::from_be_bytes(b)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cipher, cbc_decrypt, cbc_encrypt, dukpt::test_vectors::*};

    fn ksn(counter: u32) -> TdesKsn {
        TdesKsn::new([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 0]).with_counter(counter)
    }

    #[test]
    fn initial_key_vector() {
        assert_eq!(initial_key(&tdes_bdk(), &ksn(0)), key("6AC292FAA1315B4D858AB3A3D7D5933A"));
        assert_eq!(initial_key(&tdes_bdk(), &ksn(77)), initial_key(&tdes_bdk(), &ksn(0)));
    }

    #[test]
    fn transaction_key_vectors() {
        for (counter, expected) in [
            (1, "042666B49184CFA368DE9628D0397BC9"),
            (2, "C46551CEF9FD24B0AA9AD834130D3BC7"),
            (3, "0DF3D9422ACA56E547676D07AD6BADFA"),
            (8, "27F66D5244FF62E1AA6F6120EDEB4280"),
        ] {
            assert_eq!(TransactionKey::derive(&tdes_bdk(), &ksn(counter)).unwrap().key(), &key(expected));
        }
    }

    #[test]
    fn working_key_vectors() {
        let transaction = TransactionKey::derive(&tdes_bdk(), &ksn(1)).unwrap();
        assert_eq!(transaction.pin_key(), key("042666B49184CF5C68DE9628D0397B36"));
        assert_eq!(transaction.mac_key(), key("042666B4918430A368DE9628D03984C9"));
        assert_eq!(transaction.data_request_key(), key("448D3F076D8304036A55A3D7E0055A78"));
        assert_eq!(transaction.data_response_key(), key("AD7BFC8B06AD3A08A560B4105CF8D9E5"));
    }

    #[test]
    fn data_vector() {
        let data_key = TransactionKey::derive(&tdes_bdk(), &ksn(1)).unwrap().data_request_key();
        let ciphertext = cbc_encrypt(Cipher::Tdes, &data_key, TEXT);
        assert_eq!(hex::encode_upper(&ciphertext), "FC0D53B7EA1FDA9EE68AAF2E70D9B9506229BE2AA993F04F");
        let plaintext = cbc_decrypt(Cipher::Tdes, &data_key, &ciphertext).unwrap();
        assert!(plaintext.starts_with(TEXT));
    }

    #[test]
    fn a_published_readers_key() {
        let ksn = TdesKsn::new([0xFF, 0xFF, 0xFF, 0x02, 0x00, 0x11, 0x09, 0x40, 0x00, 0x0F]);
        let data_key = TransactionKey::derive(&tdes_bdk(), &ksn).unwrap().data_request_key();
        assert_eq!(data_key, key("9E115EA5D67E81FE070A06E5D693179A"));
    }

    #[test]
    fn no_key_for_an_impossible_counter() {
        for counter in [0, 0x7FF, 0x1F_FFFF] {
            let error = TransactionKey::derive(&tdes_bdk(), &ksn(counter)).unwrap_err();
            assert_eq!(error, CryptoError::KsnCounter);
        }
    }
}
