use core::fmt;

use zeroize::Zeroize;

use crate::CryptoError;

/// A 16-byte secret key (double-length TDES or AES-128). Wiped on drop; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 16]);

impl SecretKey {
    /// Wraps raw key bytes. The caller's own copy is the caller's to wipe.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, CryptoError> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| CryptoError::KeyLength)?;
        Ok(Self(bytes))
    }

    /// The raw bytes; do not log or store them.
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn from_halves(left: [u8; 8], right: [u8; 8]) -> Self {
        Self(
            (u128::from(u64::from_be_bytes(left)) << 64 | u128::from(u64::from_be_bytes(right)))
                .to_be_bytes(),
        )
    }

    pub(crate) fn halves(&self) -> ([u8; 8], [u8; 8]) {
        let both = u128::from_be_bytes(self.0);
        let left = u64::try_from(both >> 64).unwrap_or_default();
        let right = u64::try_from(both & u128::from(u64::MAX)).unwrap_or_default();
        (left.to_be_bytes(), right.to_be_bytes())
    }

    pub(crate) fn xor(&self, mask: u128) -> Self {
        Self((u128::from_be_bytes(self.0) ^ mask).to_be_bytes())
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_key() {
        let key = SecretKey::from_hex("0123456789ABCDEFFEDCBA9876543210").unwrap();
        assert_eq!(format!("{key:?}"), "SecretKey(redacted)");
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        assert_eq!(SecretKey::from_hex("0123"), Err(CryptoError::KeyLength));
        assert_eq!(SecretKey::from_hex("zz23456789ABCDEFFEDCBA9876543210"), Err(CryptoError::KeyLength));
    }

    #[test]
    fn halves_join_again() {
        let key = SecretKey::from_hex("0123456789ABCDEFFEDCBA9876543210").unwrap();
        let (left, right) = key.halves();
        assert_eq!(left, [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF]);
        assert_eq!(SecretKey::from_halves(left, right), key);
    }
}
