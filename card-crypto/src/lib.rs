//! DUKPT key derivation and EMV cryptograms: what an acquirer needs to read and check a payment, and what the
//! simulated reader needs to make one. Pure functions over bytes. The till itself never links this crate: it holds
//! no key and never sees a clear card number.
//!
//! An acquirer takes three steps: [`BaseKeys::decrypt_card_data`] with the payment's [`Ksn`],
//! [`CardData::parse`] on what comes out, and [`CryptogramData::verify`] with the tags that came in clear.

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
