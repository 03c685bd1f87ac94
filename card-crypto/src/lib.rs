//! DUKPT key derivation and EMV cryptograms: what an acquirer needs to read and check a payment, and what the
//! simulated reader needs to make one. Pure functions over bytes. The till itself never links this crate: it holds
//! no key and never sees a clear card number.
//!
//! An acquirer takes three steps: [`BaseKeys::decrypt_card_data`] with the payment's [`Ksn`],
//! [`CardData::parse`] on what comes out, and [`CryptogramData::verify`] with the tags that came in clear.
//!
//! The key that a reader's counter stands for (X9.24-1, annex A):
//!
//! ```
//! use tillandsia_card_crypto::{SecretKey, TdesKsn, dukpt::tdes};
//! let bdk = SecretKey::from_hex("0123456789ABCDEFFEDCBA9876543210")?;
//! let ksn = TdesKsn::new([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, 0x01]);
//! let transaction = tdes::TransactionKey::derive(&bdk, &ksn)?;
//! assert_eq!(transaction.data_request_key(), SecretKey::from_hex("448D3F076D8304036A55A3D7E0055A78")?);
//! # Ok::<(), tillandsia_card_crypto::CryptoError>(())
//! ```

mod block;
mod card_data;
pub mod dukpt;
pub mod emv;
mod error;
mod key;
mod ksn;
#[cfg(feature = "test-keys")]
pub mod test_keys;

pub use block::{Cipher, cbc_decrypt, cbc_encrypt};
pub use card_data::CardData;
pub use dukpt::BaseKeys;
pub use emv::arqc::CryptogramData;
pub use error::CryptoError;
pub use key::SecretKey;
pub use ksn::{AesKsn, Ksn, TdesKsn};
