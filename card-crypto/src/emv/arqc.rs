//! Application cryptograms (tag 9F26) by the version in 9F10, and the issuer's answer to them.

use crate::{
    CryptoError, SecretKey,
    emv::{
        card_key::{card_key, session_key},
        mac::{Padding, retail_mac},
    },
};

/// Cryptogram version 10, the third byte of 9F10.
pub const CVN_10: u8 = 0x0A;
/// Cryptogram version 18.
pub const CVN_18: u8 = 0x12;

/// Tag and length of the ten values every version is computed over, in this order.
const COMMON_FIELDS: [(u16, usize); 10] = [
    (0x9F02, 6),
    (0x9F03, 6),
    (0x9F1A, 2),
    (0x95, 5),
    (0x5F2A, 2),
    (0x9A, 3),
    (0x9C, 1),
    (0x9F37, 4),
    (0x82, 2),
    (0x9F36, 2),
];
const ISSUER_APPLICATION_DATA: u16 = 0x9F10;
const TRANSACTION_COUNTER: u16 = 0x9F36;
/// Issuer application data is at most this long (EMV Book 3).
const ISSUER_APPLICATION_DATA_LEN_MAX: usize = 32;

/// What a cryptogram is computed over, collected from the tags of a payment and checked for length. It holds no
/// card number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CryptogramData {
    common: Vec<u8>,
    issuer_application_data: Vec<u8>,
    counter: [u8; 2],
}

impl CryptogramData {
    /// Takes the values from `lookup`, which returns a tag's value (the tag as a number, e.g. `0x9F02`).
    /// Errors name the tag that is missing or has the wrong length.
    pub fn from_tags<'a>(lookup: impl Fn(u16) -> Option<&'a [u8]>) -> Result<Self, CryptoError> {
        let get = |tag| lookup(tag).ok_or(CryptoError::MissingTag(tag));
        let mut common = Vec::with_capacity(33);
        for (tag, len) in COMMON_FIELDS {
            let value = get(tag)?;
            if value.len() != len {
                return Err(CryptoError::TagLength(tag));
            }
            common.extend_from_slice(value);
        }
        let counter = get(TRANSACTION_COUNTER)?;
        let counter = counter.try_into().map_err(|_| CryptoError::TagLength(TRANSACTION_COUNTER))?;
        let issuer_application_data = get(ISSUER_APPLICATION_DATA)?.to_vec();
        // Key index, version and the four bytes of card verification results at the least.
        if !(7..=ISSUER_APPLICATION_DATA_LEN_MAX).contains(&issuer_application_data.len()) {
            return Err(CryptoError::TagLength(ISSUER_APPLICATION_DATA));
        }
        Ok(Self { common, issuer_application_data, counter })
    }

    /// The cryptogram version, third byte of 9F10.
    pub fn version(&self) -> u8 {
        self.issuer_application_data.get(2).copied().unwrap_or_default()
    }

    /// The card's transaction counter (9F36). A card never uses one twice, so an acquirer refuses one it has seen.
    pub const fn transaction_counter(&self) -> u16 {
        u16::from_be_bytes(self.counter)
    }

    /// The key that makes the cryptogram: the card's own (version 10) or the transaction's (version 18).
    fn cryptogram_key(&self, card_key: &SecretKey) -> Result<SecretKey, CryptoError> {
        match self.version() {
            CVN_10 => Ok(card_key.clone()),
            CVN_18 => {
                let r = u64::from(self.transaction_counter()) << 48;
                Ok(session_key(card_key, r.to_be_bytes()))
            }
            other => Err(CryptoError::CryptogramVersion(other)),
        }
    }

    /// The cryptogram a card with `card_key` makes over this data.
    pub fn cryptogram(&self, card_key: &SecretKey) -> Result<[u8; 8], CryptoError> {
        let key = self.cryptogram_key(card_key)?;
        let mut data = self.common.clone();
        if self.version() == CVN_10 {
            data.extend_from_slice(self.issuer_application_data.last_chunk::<4>().unwrap_or(&[0; 4]));
            Ok(retail_mac(&key, &data, Padding::Zero))
        } else {
            data.extend_from_slice(&self.issuer_application_data);
            Ok(retail_mac(&key, &data, Padding::Iso))
        }
    }

    /// Checks `cryptogram` (tag 9F26) as the issuer does, with the card number and sequence number that were
    /// decrypted. [`CryptoError::CryptogramMismatch`] means altered data or a card that is not the issuer's.
    pub fn verify(
        &self,
        issuer_master_key: &SecretKey,
        pan: &str,
        sequence: u8,
        cryptogram: &[u8],
    ) -> Result<(), CryptoError> {
        let expected = self.cryptogram(&card_key(issuer_master_key, pan, sequence)?)?;
        let given: [u8; 8] = cryptogram.try_into().map_err(|_| CryptoError::TagLength(0x9F26))?;
        // No early exit, so that the time taken says nothing about how many bytes were right.
        let difference = u64::from_be_bytes(expected) ^ u64::from_be_bytes(given);
        if difference == 0 { Ok(()) } else { Err(CryptoError::CryptogramMismatch) }
    }

    /// The issuer's answer, method 1: proves to the card that `response_code` (tag 8A, e.g. `b"00"`) comes from
    /// whoever can check `cryptogram`.
    pub fn response_cryptogram(
        &self,
        card_key: &SecretKey,
        cryptogram: [u8; 8],
        response_code: [u8; 2],
    ) -> Result<[u8; 8], CryptoError> {
        let key = self.cryptogram_key(card_key)?;
        let code = u64::from(u16::from_be_bytes(response_code)) << 48;
        Ok(crate::block::tdes_block(&key, (u64::from_be_bytes(cryptogram) ^ code).to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const PAN: &str = "1234567890123456";

    fn imk() -> SecretKey {
        SecretKey::from_hex("0123456789ABCDEFFEDCBA9876543210").unwrap()
    }

    fn tags() -> HashMap<u16, Vec<u8>> {
        [
            (0x9F02, "000000004000"),
            (0x9F03, "000000000000"),
            (0x9F1A, "0124"),
            (0x95, "8000048000"),
            (0x5F2A, "0124"),
            (0x9A, "191105"),
            (0x9C, "01"),
            (0x9F37, "52BF4585"),
            (0x82, "1800"),
            (0x9F36, "001C"),
            (0x9F10, "06010A03A06010"),
        ]
        .into_iter()
        .map(|(tag, value)| (tag, hex::decode(value).unwrap()))
        .collect()
    }

    fn data(tags: &HashMap<u16, Vec<u8>>) -> Result<CryptogramData, CryptoError> {
        CryptogramData::from_tags(|tag| tags.get(&tag).map(Vec::as_slice))
    }

    #[test]
    fn version_10_vector() {
        let data = data(&tags()).unwrap();
        assert_eq!((data.version(), data.transaction_counter()), (CVN_10, 0x1C));
        let card_key = card_key(&imk(), PAN, 0).unwrap();
        let arqc = data.cryptogram(&card_key).unwrap();
        assert_eq!(hex::encode_upper(arqc), "29CCA15AE665FA2E");
        assert_eq!(data.verify(&imk(), PAN, 0, &arqc), Ok(()));
        let arpc = data.response_cryptogram(&card_key, arqc, *b"00").unwrap();
        assert_eq!(hex::encode_upper(arpc), "28993816AFAE4AEB");
    }

    #[test]
    fn version_18_uses_the_session_key_over_the_whole_issuer_data() {
        let mut tags = tags();
        tags.insert(0x9F10, hex::decode("0110120000000000000000000000000000FF").unwrap());
        let data = data(&tags).unwrap();
        let arqc = data.cryptogram(&card_key(&imk(), PAN, 0).unwrap()).unwrap();
        let session = session_key(&card_key(&imk(), PAN, 0).unwrap(), [0, 0x1C, 0, 0, 0, 0, 0, 0]);
        let input = "00000000400000000000000001248000048000012419110501\
                     52BF45851800001C0110120000000000000000000000000000FF";
        assert_eq!(arqc, retail_mac(&session, &hex::decode(input).unwrap(), Padding::Iso));
        assert_eq!(data.verify(&imk(), PAN, 0, &arqc), Ok(()));
    }

    #[test]
    fn a_change_anywhere_is_a_mismatch() {
        let arqc = hex::decode("29CCA15AE665FA2E").unwrap();
        for tag in COMMON_FIELDS.map(|(tag, _)| tag) {
            let mut tags = tags();
            tags.get_mut(&tag).unwrap()[0] ^= 1;
            let result = data(&tags).unwrap().verify(&imk(), PAN, 0, &arqc);
            assert_eq!(result, Err(CryptoError::CryptogramMismatch), "{tag:04X}");
        }
        let data = data(&tags()).unwrap();
        assert_eq!(data.verify(&imk(), PAN, 1, &arqc), Err(CryptoError::CryptogramMismatch));
        assert_eq!(data.verify(&imk(), "1234567890123457", 0, &arqc), Err(CryptoError::CryptogramMismatch));
        assert_eq!(data.verify(&imk(), PAN, 0, &[0; 7]), Err(CryptoError::TagLength(0x9F26)));
    }

    #[test]
    fn an_unknown_version_and_missing_tags_are_refused() {
        let mut other = tags();
        other.insert(0x9F10, hex::decode("06011103A00000").unwrap());
        let result = data(&other).unwrap().verify(&imk(), PAN, 0, &[0; 8]);
        assert_eq!(result, Err(CryptoError::CryptogramVersion(0x11)));
        for tag in tags().keys() {
            let mut tags = tags();
            tags.remove(tag);
            assert_eq!(data(&tags), Err(CryptoError::MissingTag(*tag)));
            tags.insert(*tag, vec![0; 40]);
            assert_eq!(data(&tags), Err(CryptoError::TagLength(*tag)));
        }
    }
}
