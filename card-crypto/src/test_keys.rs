//! The published test keys of the sandbox. Everyone knows them; a reader loaded with them protects nothing.

use crate::{SecretKey, dukpt::BaseKeys};

/// Base derivation key of TDES DUKPT.
pub const TDES_BDK: [u8; 16] = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210_u128.to_be_bytes();
/// Base derivation key of AES DUKPT.
pub const AES_BDK: [u8; 16] = 0xFEDC_BA98_7654_3210_F1F1_F1F1_F1F1_F1F1_u128.to_be_bytes();
/// Issuer master key for cryptograms.
pub const ISSUER_MASTER_KEY: [u8; 16] = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210_u128.to_be_bytes();

/// Both base derivation keys of the sandbox.
pub const fn base_keys() -> BaseKeys {
    BaseKeys { tdes: SecretKey::new(TDES_BDK), aes: SecretKey::new(AES_BDK) }
}

/// The sandbox issuer's master key.
pub const fn issuer_master_key() -> SecretKey {
    SecretKey::new(ISSUER_MASTER_KEY)
}
