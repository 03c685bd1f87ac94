//! Tag-length-value data: BER-TLV as EMV uses it, and the readers' dialect for sensitive tags.

use core::fmt;

/// Constructed values are looked into this deep.
const DEPTH_MAX: u8 = 8;
/// The readers' markers in place of a BER length: masked or encrypted, with one or two length bytes. BER allows at
/// most four length bytes here, so the markers cannot be meant as lengths.
const MASKED_SHORT: u8 = 0xA1;
const MASKED_LONG: u8 = 0xA2;
const ENCRYPTED_SHORT: u8 = 0xC1;
const ENCRYPTED_LONG: u8 = 0xC2;

/// Why bytes are not TLV data. Holds no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// A tag has no end or is longer than four bytes.
    #[error("malformed tag")]
    Tag,
    /// A length has no end, is indefinite or longer than four bytes.
    #[error("malformed length")]
    Length,
    /// The value is shorter than its length says.
    #[error("value cut short")]
    Value,
    /// Constructed values are nested too deep.
    #[error("nested too deep")]
    Depth,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Clear,
    /// Digits hidden, `C` nibbles or `*`.
    Masked,
    /// Ciphertext of the whole TLV.
    Encrypted,
}

/// One tag with its value. `Debug` shows the length only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The tag's bytes as a number, `0x9F26`.
    pub tag: u32,
    /// What the value is. Always clear in plain BER.
    pub form: Form,
    /// The value.
    pub value: &'a [u8],
}

impl Tlv<'_> {
    /// Whether the tag says that the value is TLV data itself.
    pub fn is_constructed(&self) -> bool {
        let first = self.tag.to_be_bytes().into_iter().find(|byte| *byte != 0);
        first.is_some_and(|byte| byte & 0x20 != 0)
    }
}

impl fmt::Debug for Tlv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}({:?}, {} bytes)", self.tag, self.form, self.value.len())
    }
}

/// Reads strict BER-TLV, constructed values included.
pub fn parse_ber(bytes: &[u8]) -> Result<Vec<Tlv<'_>>, TlvError> {
    let tlvs = parse_all(bytes, Dialect::Ber)?;
    check_nested(&tlvs, DEPTH_MAX)?;
    Ok(tlvs)
}

/// Reads a reader's answer: BER, and the dialect for sensitive tags. Order and duplicates are kept; values of
/// constructed tags are not looked into, because some readers put other things there.
pub fn parse_answer(bytes: &[u8]) -> Result<Vec<Tlv<'_>>, TlvError> {
    parse_all(bytes, Dialect::Reader)
}

/// The bytes of a clear TLV with a value of at most 127 bytes; longer values are cut off.
pub fn put(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    let value = value.get(..0x7F).unwrap_or(value);
    out.extend(tag.to_be_bytes().into_iter().skip_while(|byte| *byte == 0));
    out.push(u8::try_from(value.len()).unwrap_or(0x7F));
    out.extend_from_slice(value);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Ber,
    Reader,
}

fn parse_all(bytes: &[u8], dialect: Dialect) -> Result<Vec<Tlv<'_>>, TlvError> {
    let (mut rest, mut tlvs) = (bytes, Vec::new());
    while !rest.is_empty() {
        let (tlv, next) = take(rest, dialect)?;
        tlvs.push(tlv);
        rest = next;
    }
    Ok(tlvs)
}

fn check_nested(tlvs: &[Tlv<'_>], depth: u8) -> Result<(), TlvError> {
    let depth = depth.checked_sub(1).ok_or(TlvError::Depth)?;
    tlvs.iter()
        .filter(|tlv| tlv.is_constructed())
        .try_for_each(|tlv| check_nested(&parse_all(tlv.value, Dialect::Ber)?, depth))
}

fn take(bytes: &[u8], dialect: Dialect) -> Result<(Tlv<'_>, &[u8]), TlvError> {
    let (tag, rest) = take_tag(bytes)?;
    let (form, len, rest) = take_len(rest, dialect)?;
    let (value, rest) = rest.split_at_checked(len).ok_or(TlvError::Value)?;
    Ok((Tlv { tag, form, value }, rest))
}

fn take_tag(bytes: &[u8]) -> Result<(u32, &[u8]), TlvError> {
    let (first, mut rest) = bytes.split_first().ok_or(TlvError::Tag)?;
    let mut tag = u32::from(*first);
    if first & 0x1F != 0x1F {
        return Ok((tag, rest));
    }
    for _ in 0..3 {
        let (next, after) = rest.split_first().ok_or(TlvError::Tag)?;
        tag = (tag << 8) | u32::from(*next);
        rest = after;
        if next & 0x80 == 0 {
            return Ok((tag, rest));
        }
    }
    Err(TlvError::Tag)
}

fn take_len(bytes: &[u8], dialect: Dialect) -> Result<(Form, usize, &[u8]), TlvError> {
    let (first, rest) = bytes.split_first().ok_or(TlvError::Length)?;
    let (form, count) = match (dialect, *first) {
        (_, len @ 0..=0x7F) => return Ok((Form::Clear, usize::from(len), rest)),
        (_, count @ 0x81..=0x84) => (Form::Clear, usize::from(count & 0x0F)),
        (Dialect::Reader, MASKED_SHORT) => (Form::Masked, 1),
        (Dialect::Reader, MASKED_LONG) => (Form::Masked, 2),
        (Dialect::Reader, ENCRYPTED_SHORT) => (Form::Encrypted, 1),
        (Dialect::Reader, ENCRYPTED_LONG) => (Form::Encrypted, 2),
        _ => return Err(TlvError::Length),
    };
    let (len, rest) = rest.split_at_checked(count).ok_or(TlvError::Length)?;
    let len = len.iter().fold(0u32, |len, byte| (len << 8) | u32::from(*byte));
    Ok((form, usize::try_from(len).map_err(|_| TlvError::Length)?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ber(hex: &str) -> Result<Vec<(u32, String)>, TlvError> {
        let bytes = hex::decode(hex).unwrap();
        let tlvs = parse_ber(&bytes)?;
        Ok(tlvs.iter().map(|tlv| (tlv.tag, hex::encode_upper(tlv.value))).collect())
    }

    #[test]
    fn valid_vectors() {
        for (hex, tag, value) in [
            ("9C8101FF", 0x9C, "FF"),
            ("9C8400000001FF", 0x9C, "FF"),
            ("9F820101FF", 0x9F_8201, "FF"),
            ("E0049F0001FF", 0xE0, "9F0001FF"),
        ] {
            assert_eq!(ber(hex), Ok(vec![(tag, value.to_owned())]), "{hex}");
        }
    }

    #[test]
    fn vectors_that_must_fail() {
        for hex in ["9F", "9FF0", "9C81", "9C0200", "E0019C01FF", "9C80"] {
            assert!(ber(hex).is_err(), "{hex}");
        }
        // The readers' markers are no BER lengths.
        assert_eq!(ber("57A10147"), Err(TlvError::Length));
        assert_eq!(ber(&"E0".repeat(200)), Err(TlvError::Length));
    }

    #[test]
    fn nesting_is_bounded() {
        let mut bytes = vec![0x9C, 0];
        for _ in 0..20 {
            let len = u8::try_from(bytes.len()).unwrap();
            bytes.splice(0..0, [0xE0, len]);
        }
        assert_eq!(parse_ber(&bytes), Err(TlvError::Depth));
    }

    #[test]
    fn sensitive_tags_keep_order_and_duplicates() {
        let bytes =
            hex::decode("5003414243 57A1024761 57C1080011223344556677 57C20001AA 9C0100".replace(' ', ""))
                .unwrap();
        let tlvs = parse_answer(&bytes).unwrap();
        let forms: Vec<_> = tlvs.iter().map(|tlv| (tlv.tag, tlv.form, tlv.value.len())).collect();
        assert_eq!(
            forms,
            [
                (0x50, Form::Clear, 3),
                (0x57, Form::Masked, 2),
                (0x57, Form::Encrypted, 8),
                (0x57, Form::Encrypted, 1),
                (0x9C, Form::Clear, 1),
            ]
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_ber(&bytes);
            let _ = parse_answer(&bytes);
        }

        #[test]
        fn what_is_put_is_read(values in proptest::collection::vec((0usize..4, proptest::collection::vec(any::<u8>(), 0..60)), 0..10)) {
            let tags = [0x9Cu32, 0x9F26, 0xDF_EE12, 0x57];
            let mut bytes = Vec::new();
            for (tag, value) in &values {
                put(&mut bytes, tags[*tag], value);
            }
            let read: Vec<_> = parse_answer(&bytes).unwrap().iter().map(|t| (t.tag, t.value.to_vec())).collect();
            let written: Vec<_> = values.iter().map(|(tag, value)| (tags[*tag], value.clone())).collect();
            prop_assert_eq!(read, written);
        }
    }
}
