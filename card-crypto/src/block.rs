//! Single blocks and CBC with IV 0, as readers and cards use them.

use aes::Aes128;
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit,
};
use des::{Des, TdesEde2};
use zeroize::Zeroizing;

use crate::{CryptoError, SecretKey};

/// The block cipher of a DUKPT scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// Double-length TDES, blocks of 8 bytes.
    Tdes,
    /// AES-128, blocks of 16 bytes.
    Aes,
}

impl Cipher {
    /// Block length in bytes.
    pub const fn block_len(self) -> usize {
        match self {
            Self::Tdes => 8,
            Self::Aes => 16,
        }
    }
}

pub(crate) fn tdes_block(key: &SecretKey, block: [u8; 8]) -> [u8; 8] {
    let mut block = block.into();
    TdesEde2::new(key.expose().into()).encrypt_block(&mut block);
    block.into()
}

pub(crate) fn des_block(key: [u8; 8], block: [u8; 8]) -> [u8; 8] {
    let mut block = block.into();
    Des::new(&key.into()).encrypt_block(&mut block);
    block.into()
}

pub(crate) fn des_block_decrypt(key: [u8; 8], block: [u8; 8]) -> [u8; 8] {
    let mut block = block.into();
    Des::new(&key.into()).decrypt_block(&mut block);
    block.into()
}

pub(crate) fn aes_block(key: &SecretKey, block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    Aes128::new(key.expose().into()).encrypt_block(&mut block);
    block.into()
}

/// Encrypts in CBC mode with IV 0 after padding with zero bytes to whole blocks.
pub fn cbc_encrypt(cipher: Cipher, key: &SecretKey, plaintext: &[u8]) -> Vec<u8> {
    let mut out = plaintext.to_vec();
    out.resize(plaintext.len().next_multiple_of(cipher.block_len()), 0);
    match cipher {
        Cipher::Tdes => {
            let mut mode = cbc::Encryptor::<TdesEde2>::new(key.expose().into(), &[0; 8].into());
            out.as_chunks_mut::<8>().0.iter_mut().for_each(|block| mode.encrypt_block(block.into()));
        }
        Cipher::Aes => {
            let mut mode = cbc::Encryptor::<Aes128>::new(key.expose().into(), &[0; 16].into());
            out.as_chunks_mut::<16>().0.iter_mut().for_each(|block| mode.encrypt_block(block.into()));
        }
    }
    out
}

/// Decrypts CBC with IV 0. The zero padding stays: only what is inside knows its own length.
pub fn cbc_decrypt(
    cipher: Cipher,
    key: &SecretKey,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(cipher.block_len()) {
        return Err(CryptoError::BlockLength);
    }
    let mut out = Zeroizing::new(ciphertext.to_vec());
    match cipher {
        Cipher::Tdes => {
            let mut mode = cbc::Decryptor::<TdesEde2>::new(key.expose().into(), &[0; 8].into());
            out.as_chunks_mut::<8>().0.iter_mut().for_each(|block| mode.decrypt_block(block.into()));
        }
        Cipher::Aes => {
            let mut mode = cbc::Decryptor::<Aes128>::new(key.expose().into(), &[0; 16].into());
            out.as_chunks_mut::<16>().0.iter_mut().for_each(|block| mode.decrypt_block(block.into()));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cbc_round_trips(aes: bool, key: [u8; 16], text in proptest::collection::vec(any::<u8>(), 1..80)) {
            let cipher = if aes { Cipher::Aes } else { Cipher::Tdes };
            let key = SecretKey::new(key);
            let out = cbc_decrypt(cipher, &key, &cbc_encrypt(cipher, &key, &text)).unwrap();
            prop_assert_eq!(&out[..text.len()], &text[..]);
            prop_assert!(out[text.len()..].iter().all(|b| *b == 0));
        }
    }

    #[test]
    fn a_broken_block_is_refused() {
        let key = SecretKey::new([1; 16]);
        assert_eq!(cbc_decrypt(Cipher::Tdes, &key, &[0; 7]), Err(CryptoError::BlockLength));
        assert_eq!(cbc_decrypt(Cipher::Aes, &key, &[0; 8]), Err(CryptoError::BlockLength));
        assert_eq!(cbc_decrypt(Cipher::Aes, &key, &[]), Err(CryptoError::BlockLength));
    }
}
