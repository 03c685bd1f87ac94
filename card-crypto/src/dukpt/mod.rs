//! Derived unique key per transaction: every transaction of a reader has a key of its own, which the acquirer
//! derives from its base derivation key (BDK) and the key serial number that travels with the data.

pub mod aes;
pub mod tdes;

use zeroize::Zeroizing;

use crate::{CryptoError, Ksn, SecretKey, block};

/// The keys one acquirer holds: a BDK for each scheme.
#[derive(Debug, Clone)]
pub struct BaseKeys {
    /// Base derivation key of readers with TDES DUKPT.
    pub tdes: SecretKey,
    /// Base derivation key of readers with AES DUKPT.
    pub aes: SecretKey,
}

impl BaseKeys {
    /// The key that encrypts card data in the transaction of `ksn`: TDES the data request key, AES the
    /// "data encrypt" working key.
    pub fn data_key(&self, ksn: &Ksn) -> Result<SecretKey, CryptoError> {
        match ksn {
            Ksn::Tdes(ksn) => Ok(tdes::TransactionKey::derive(&self.tdes, ksn)?.data_request_key()),
            Ksn::Aes(ksn) => {
                aes::TransactionKey::derive(&self.aes, ksn).map(|k| k.working_key(aes::Usage::DataEncrypt))
            }
        }
    }

    /// Decrypts what the reader encrypted in the transaction of `ksn`. The zero padding stays.
    pub fn decrypt_card_data(&self, ksn: &Ksn, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        block::cbc_decrypt(ksn.cipher(), &self.data_key(ksn)?, ciphertext)
    }
}

#[cfg(test)]
pub(crate) mod test_vectors {
    use crate::SecretKey;

    pub(crate) const TEXT: &[u8] = b"4012345678909D987";

    pub(crate) fn key(hex: &str) -> SecretKey {
        SecretKey::from_hex(hex).unwrap()
    }

    pub(crate) fn tdes_bdk() -> SecretKey {
        key("0123456789ABCDEFFEDCBA9876543210")
    }

    pub(crate) fn aes_bdk() -> SecretKey {
        key("FEDCBA9876543210F1F1F1F1F1F1F1F1")
    }
}

#[cfg(test)]
mod tests {
    use super::{BaseKeys, test_vectors::*};
    use crate::{CryptoError, Ksn};

    fn keys() -> BaseKeys {
        BaseKeys { tdes: tdes_bdk(), aes: aes_bdk() }
    }

    #[test]
    fn decrypts_by_the_serial_numbers_scheme() {
        for (ksn, ciphertext) in [
            ("FFFF9876543210E00001", "FC0D53B7EA1FDA9EE68AAF2E70D9B9506229BE2AA993F04F"),
            ("123456789012345600000001", "E5AFA5B408A3310E3D779C8A9A2AE29448BD5B4232582090DB703AF647205A79"),
        ] {
            let ksn = Ksn::from_hex(ksn).unwrap();
            let plaintext = keys().decrypt_card_data(&ksn, &hex::decode(ciphertext).unwrap()).unwrap();
            assert!(plaintext.starts_with(TEXT));
            assert!(plaintext[TEXT.len()..].iter().all(|b| *b == 0));
        }
    }

    #[test]
    fn a_cut_blob_is_refused() {
        let ksn = Ksn::from_hex("FFFF9876543210E00001").unwrap();
        assert_eq!(keys().decrypt_card_data(&ksn, &[0; 9]), Err(CryptoError::BlockLength));
    }

    #[test]
    fn debug_shows_no_key() {
        assert!(!format!("{:?}", keys()).contains("0123"));
    }
}
