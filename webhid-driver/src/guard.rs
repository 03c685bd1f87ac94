//! The last line before card data: an answer that holds a card number in clear is thrown away whole.
//!
//! Three rules.
//! 1. Tags that carry a card number or track (57, 5A, 56, 9F6B and the readers' own track tags) may only be masked or
//!    encrypted.
//! 2. No value may hold 13 to 19 packed digits with a valid check digit. Exempt are ciphertext and values that are
//!    binary by definition (`BINARY_TAGS`), because one in a few thousand random values would look like a card number,
//!    and values that are text by definition (`TEXT_TAGS`).
//! 3. The whole answer is searched once more for digits in text, whatever tags it claims to have.

use core::fmt;

use crate::tlv::{self, Form, Tlv};

/// Card data in clear was found. It says nothing more, so that the digits cannot get into a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClearCardData;

impl fmt::Display for ClearCardData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("card data in clear")
    }
}

impl core::error::Error for ClearCardData {}

/// Tags that are a card number or a track.
const CARD_TAGS: [u32; 8] = [
    0x56, 0x57, 0x5A, 0x9F6B, // track 1 and 2, card number, track 2 of magstripe mode
    0xDF_EE33, 0xDF_EE34, // the readers' own: track 1 and 2
    0xFF_EE13, 0xFF_EE14, // the same, older
];

/// Tags with values of seven bytes and more that are binary by definition: cryptograms, random numbers, identifiers,
/// key serial numbers, card verification lists, issuer data, signatures.
const BINARY_TAGS: [u32; 22] = [
    0x4F, 0x84, 0x9F06, // application identifiers
    0x8E, 0x91, 0x90, 0x92, 0x93, 0x9F2E, 0x9F46, 0x9F48,
    0x9F4B, // verification list, issuer answer, certificates
    0x9F10, 0x9F26, 0x9F4C, 0x9F6E, 0x9F7C,
    0x9F5B, // issuer data, cryptogram, dynamic number, form factor
    0xDF_EE12, 0xFF_EE12, // key serial number
    0x71, 0x72, // issuer scripts
];

/// Tags that are text by definition: letters read as packed digits would give false alarms ("VISA CREDIT" does).
/// Rule 3 searches them.
const TEXT_TAGS: [u32; 9] = [0x50, 0x5F20, 0x5F2D, 0x9F0B, 0x9F12, 0x9F16, 0x9F1C, 0x9F1E, 0x9F4E];

const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;
const DEPTH_MAX: u8 = 8;

/// Searches a parsed answer and its raw bytes.
pub fn check(raw: &[u8], tlvs: &[Tlv<'_>]) -> Result<(), ClearCardData> {
    check_text(raw)?;
    check_tlvs(tlvs, DEPTH_MAX)
}

fn check_tlvs(tlvs: &[Tlv<'_>], depth: u8) -> Result<(), ClearCardData> {
    tlvs.iter().try_for_each(|tlv| check_tlv(tlv, depth))
}

fn check_tlv(tlv: &Tlv<'_>, depth: u8) -> Result<(), ClearCardData> {
    match tlv.form {
        Form::Encrypted => Ok(()),
        Form::Clear if CARD_TAGS.contains(&tlv.tag) && !tlv.value.is_empty() => Err(ClearCardData),
        Form::Clear if BINARY_TAGS.contains(&tlv.tag) || TEXT_TAGS.contains(&tlv.tag) => Ok(()),
        Form::Clear if tlv.is_constructed() && depth > 0 => match tlv::parse_answer(tlv.value) {
            Ok(inner) => check_tlvs(&inner, depth - 1),
            Err(_) => check_packed(tlv.value),
        },
        // A swipe's own fields are checked by `check_text`; most of the rest is ciphertext and hashes.
        Form::Clear if matches!(tlv.tag, 0xDF_EE23) => Ok(()),
        Form::Clear | Form::Masked => check_packed(tlv.value),
    }
}

/// Digits as ASCII: every stretch of 13 to 19 within a run counts, whatever is around it.
pub fn check_text(bytes: &[u8]) -> Result<(), ClearCardData> {
    let digits: Vec<Option<u8>> = bytes.iter().map(|b| b.is_ascii_digit().then_some(b & 0x0F)).collect();
    runs(&digits).try_for_each(|run| check_windows(&run))
}

/// Digits as nibbles: a run of 13 to 19 counts as a whole, leading zeros aside; a longer one by each stretch.
pub fn check_packed(bytes: &[u8]) -> Result<(), ClearCardData> {
    let nibbles: Vec<Option<u8>> = bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0F])
        .map(|nibble| (nibble < 10).then_some(nibble))
        .collect();
    runs(&nibbles).try_for_each(|run| {
        let trimmed: Vec<u8> = run.into_iter().skip_while(|digit| *digit == 0).collect();
        match trimmed.len() {
            DIGITS_MIN..=DIGITS_MAX if luhn(&trimmed) => Err(ClearCardData),
            0..=DIGITS_MAX => Ok(()),
            _ => check_windows(&trimmed),
        }
    })
}

fn runs(digits: &[Option<u8>]) -> impl Iterator<Item = Vec<u8>> {
    digits.split(Option::is_none).map(|run| run.iter().copied().flatten().collect())
}

/// No card number begins with 0, so a stretch that does is passed over: all zeros are a common filler.
fn check_windows(run: &[u8]) -> Result<(), ClearCardData> {
    let found = (DIGITS_MIN..=DIGITS_MAX)
        .flat_map(|len| run.windows(len))
        .any(|window| window.first() != Some(&0) && luhn(window));
    if found { Err(ClearCardData) } else { Ok(()) }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| {
            let value = u32::from(*digit) * if i % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    fn check_hex(hex: &str) -> Result<(), ClearCardData> {
        let bytes = hex::decode(hex.replace(' ', "")).unwrap();
        check(&bytes, &tlv::parse_answer(&bytes).unwrap())
    }

    #[test]
    fn card_tags_in_clear_are_refused_even_when_the_check_digit_is_wrong() {
        for hex in [
            "57 13 4761739001010010D20121200012339900031F",
            "5A 08 4761739001010010",
            "5A 08 4761739001010011",
            "5A 8108 4761739001010011",
            "9F6B 13 4761739001010010D20121200012339900031F",
            "56 05 4234373631",
            "E0 0A 5A 08 4761739001010010",
        ] {
            assert_eq!(check_hex(hex), Err(ClearCardData), "{hex}");
        }
    }

    #[test]
    fn numbers_in_other_fields_are_refused() {
        for hex in [
            "57 A1 13 4761739001010010D20121200012339900031F", // says masked, is not
            "9F1F 10 34373631373339303031303130303130",        // ASCII
            "DF5B 0A 00004761739001010010",                    // packed, zeros in front
            "DF5B 09 F4761739001010010F",                      // packed, odd nibble
            "DF5B 0C 476173900101001020121201",                // packed, more digits behind
            "5F20 13 412034373631373339303031303130303130 20",
        ] {
            assert_eq!(check_hex(hex), Err(ClearCardData), "{hex}");
        }
    }

    #[test]
    fn what_a_sale_needs_passes() {
        for frame in [vectors::contactless(), vectors::swipe()] {
            let data = &frame[15..frame.len() - 2];
            assert_eq!(check(data, &tlv::parse_answer(data).unwrap()), Ok(()));
        }
        for hex in [
            "57 A1 13 4761CCCCCCCC0010D2012CCCCCCCCCCCCCCCCC",
            "57 C1 10 4761739001010010 4761739001010010", // ciphertext may look like anything
            "9F26 08 4761739001010010",
            "84 07 A0000000031010",
            "DFEE12 0A FFFF9876543210E00001",
            "9F02 06 000000002500",
            "9F7C 14 0000000000000000000000000000000000000000",
            "DF01 14 0000000000000000000000000000000000000000",
            "9F21 03 202609",
        ] {
            assert_eq!(check_hex(hex), Ok(()), "{hex}");
        }
    }

    #[test]
    fn the_error_repeats_no_digit() {
        assert!(!format!("{ClearCardData} {ClearCardData:?}").contains(|c: char| c.is_ascii_digit()));
    }

    proptest! {
        #[test]
        fn a_valid_number_in_text_is_always_found(prefix in "[^0-9]{0,5}", body in "[1-9][0-9]{11,17}", suffix in "[^0-9]{0,5}") {
            let mut digits: Vec<u8> = body.bytes().map(|b| b - b'0').collect();
            digits.push(0);
            let check_digit = (0..10).find(|d| { *digits.last_mut().unwrap() = *d; luhn(&digits) }).unwrap();
            let text = format!("{prefix}{body}{check_digit}{suffix}");
            prop_assert_eq!(check_text(text.as_bytes()), Err(ClearCardData));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let tlvs = tlv::parse_answer(&bytes).unwrap_or_default();
            let _ = check(&bytes, &tlvs);
        }
    }
}
