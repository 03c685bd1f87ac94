/// Why a key could not be derived, a blob not decrypted or a cryptogram not accepted. No variant carries card or
/// key data, so an error may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// A key is not 16 bytes or not hexadecimal.
    #[error("a key must be 16 bytes")]
    KeyLength,
    /// A key serial number is neither 10 (TDES) nor 12 bytes (AES), or is used with the other cipher.
    #[error("the key serial number does not fit the cipher")]
    KsnLength,
    /// The counter of a key serial number has more one-bits than the scheme allows, so no key belongs to it.
    #[error("the counter of the key serial number is not a valid one")]
    KsnCounter,
    /// Every transaction key of the initial key is used up: the reader needs a new key.
    #[error("the reader has used up its keys")]
    KsnExhausted,
    /// Ciphertext is empty or not a whole number of blocks.
    #[error("the ciphertext is not a whole number of blocks")]
    BlockLength,
    /// A card number or sequence number that is not 13 to 19 digits, or not two digits.
    #[error("the card number or sequence number is malformed")]
    CardNumber,
    /// A tag the cryptogram is computed over is absent.
    #[error("tag {0:04X} is missing")]
    MissingTag(u16),
    /// A tag the cryptogram is computed over has the wrong length.
    #[error("tag {0:04X} has the wrong length")]
    TagLength(u16),
    /// The cryptogram version in 9F10 is not one this library can check.
    #[error("cryptogram version {0:02X} is not supported")]
    CryptogramVersion(u8),
    /// The cryptogram is not the one the issuer's key gives for this data: altered, or not from this card.
    #[error("the cryptogram does not verify")]
    CryptogramMismatch,
    /// Decrypted card data does not have the form that was expected: a wrong key or altered ciphertext.
    #[error("the decrypted card data is malformed")]
    Plaintext,
}
