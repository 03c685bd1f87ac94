//! The card's side of a payment: the cryptogram a card makes with a key its issuer can derive again.

pub mod arqc;
pub mod card_key;
pub mod mac;
