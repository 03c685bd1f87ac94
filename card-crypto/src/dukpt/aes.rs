//! ANSI X9.24-3:2017, AES DUKPT with AES-128 keys throughout.

use crate::{AesKsn, CryptoError, SecretKey, block};

/// What a derived key is for (X9.24-3 6.3.2). The same transaction gives another key for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Usage {
    /// PIN encryption.
    Pin = 0x1000,
    /// Message authentication, generation only.
    MacGenerate = 0x2000,
    /// Card data, reader to acquirer.
    DataEncrypt = 0x3000,
    /// Card data, both ways.
    DataBoth = 0x3002,
    /// A step of the derivation.
    Derive = 0x8000,
    /// The initial key.
    DeriveInitial = 0x8001,
}

/// The key a reader is loaded with, derived from the BDK and its 8-byte id.
pub fn initial_key(bdk: &SecretKey, initial_key_id: [u8; 8]) -> SecretKey {
    derive(bdk, Usage::DeriveInitial, u64::from_be_bytes(initial_key_id))
}

/// The key of one transaction, from which the working keys are derived.
#[derive(Debug, Clone)]
pub struct TransactionKey {
    key: SecretKey,
    low_id_and_counter: u64,
}

impl TransactionKey {
    /// From the BDK, as an acquirer does it. Errors: [`CryptoError::KsnCounter`] where no key belongs to `ksn`.
    pub fn derive(bdk: &SecretKey, ksn: &AesKsn) -> Result<Self, CryptoError> {
        Self::from_initial_key(&initial_key(bdk, ksn.initial_key_id()), ksn)
    }

    /// From the reader's initial key, one step for each one-bit of the counter, highest first.
    pub fn from_initial_key(initial_key: &SecretKey, ksn: &AesKsn) -> Result<Self, CryptoError> {
        ksn.check_counter()?;
        let counter = ksn.counter();
        let low_id = ksn.bytes().last_chunk::<8>().map_or(0, |low| u64::from_be_bytes(*low)) >> 32 << 32;
        let mut key = initial_key.clone();
        for bit in (0..32).rev().map(|n| 1u32 << n).filter(|bit| counter & bit != 0) {
            key = derive(&key, Usage::Derive, low_id | u64::from(counter & !(bit - 1)));
        }
        Ok(Self { key, low_id_and_counter: low_id | u64::from(counter) })
    }

    /// The derived key itself, for comparison with published vectors.
    pub const fn key(&self) -> &SecretKey {
        &self.key
    }

    /// The transaction's key for `usage`.
    pub fn working_key(&self, usage: Usage) -> SecretKey {
        derive(&self.key, usage, self.low_id_and_counter)
    }
}

/// One AES-128 block of derivation data: version 1, key block 1, usage, algorithm 2 (AES-128), 128 bits, context.
fn derive(key: &SecretKey, usage: Usage, context: u64) -> SecretKey {
    let head = 0x0101_0000_0002_0080 | (u64::from(usage as u16) << 32);
    let data = (u128::from(head) << 64) | u128::from(context);
    SecretKey::new(block::aes_block(key, data.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cipher, cbc_decrypt, cbc_encrypt, dukpt::test_vectors::*};

    const ID: [u8; 8] = [0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56];

    fn transaction(counter: u32) -> Result<TransactionKey, CryptoError> {
        TransactionKey::derive(&aes_bdk(), &AesKsn::initial(ID).with_counter(counter))
    }

    #[test]
    fn initial_key_vector() {
        assert_eq!(initial_key(&aes_bdk(), ID), key("1273671EA26AC29AFA4D1084127652A1"));
    }

    #[test]
    fn transaction_key_vectors() {
        for (counter, expected) in [
            (1, "4F21B565BAD9835E112B6465635EAE44"),
            (2, "2F34D68DE10F68D38091A73B9E7C437C"),
            (0x0001_FFFE, "E21E8C8D347F8561A2BE752DAA85A111"),
            (0xFFFF_0000, "F6BA59389BD14A9855BE9727E7C52E3C"),
        ] {
            assert_eq!(transaction(counter).unwrap().key(), &key(expected), "{counter:08X}");
        }
    }

    #[test]
    fn working_key_vectors() {
        let transaction = transaction(1).unwrap();
        assert_eq!(transaction.working_key(Usage::Pin), key("AF8CB133A78F8DC2D1359F18527593FB"));
        assert_eq!(transaction.working_key(Usage::MacGenerate), key("A2DC23DE6FDE0824A2BC321E08E4B8B7"));
        assert_eq!(transaction.working_key(Usage::DataEncrypt), key("A35C412EFD41FDB98B69797C02DCD08F"));
    }

    #[test]
    fn data_vector() {
        let data_key = transaction(1).unwrap().working_key(Usage::DataEncrypt);
        let ciphertext = cbc_encrypt(Cipher::Aes, &data_key, TEXT);
        assert_eq!(
            hex::encode_upper(&ciphertext),
            "E5AFA5B408A3310E3D779C8A9A2AE29448BD5B4232582090DB703AF647205A79"
        );
        assert!(cbc_decrypt(Cipher::Aes, &data_key, &ciphertext).unwrap().starts_with(TEXT));
    }

    #[test]
    fn no_key_for_an_impossible_counter() {
        assert_eq!(transaction(0).unwrap_err(), CryptoError::KsnCounter);
        assert_eq!(transaction(0x1_FFFF).unwrap_err(), CryptoError::KsnCounter);
    }
}
