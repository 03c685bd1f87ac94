//! A vault for tests: it hides nothing, but it notices every alteration and every wrong associated byte.

use std::cell::Cell;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use crate::journal::Sealed;
use crate::ports::{Vault, VaultError};

/// The vault. Clones count their nonces together.
#[derive(Debug, Clone, Default)]
pub struct MemoryVault {
    sealed: Rc<Cell<u64>>,
    unavailable: Rc<Cell<bool>>,
}

impl MemoryVault {
    /// Takes the key away, or gives it back.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.unavailable.set(unavailable);
    }

    fn tag(iv: &[u8], associated: &[u8], plain: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(iv);
        hash.update((associated.len() as u64).to_be_bytes());
        hash.update(associated);
        hash.update(plain);
        hash.finalize().into()
    }

    fn key(&self) -> Result<(), VaultError> {
        match self.unavailable.get() {
            true => Err(VaultError::KeyUnavailable("taken away by the test".into())),
            false => Ok(()),
        }
    }
}

impl Vault for MemoryVault {
    async fn seal(&self, plaintext: &[u8], associated: &[u8]) -> Result<Sealed, VaultError> {
        self.key()?;
        self.sealed.set(self.sealed.get() + 1);
        let mut iv = [0; 12];
        iv[4..].copy_from_slice(&self.sealed.get().to_be_bytes());
        let mut ciphertext = plaintext.to_vec();
        ciphertext.extend_from_slice(&Self::tag(&iv, associated, plaintext));
        Ok(Sealed { iv, ciphertext })
    }

    async fn open(&self, sealed: &Sealed, associated: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.key()?;
        let length = sealed.ciphertext.len().checked_sub(32).ok_or(VaultError::DoesNotOpen)?;
        let (plain, tag) = sealed.ciphertext.split_at(length);
        match Self::tag(&sealed.iv, associated, plain) == tag {
            true => Ok(plain.to_vec()),
            false => Err(VaultError::DoesNotOpen),
        }
    }
}
