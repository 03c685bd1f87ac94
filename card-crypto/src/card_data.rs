use core::fmt;

use zeroize::Zeroizing;

use crate::CryptoError;

const TRACK_2_EQUIVALENT: u8 = 0x57;
const CARD_NUMBER: u8 = 0x5A;

/// A card number and what else its encrypted field told, in the clear. Wiped on drop; `Debug` shows no digit.
#[derive(Clone, PartialEq, Eq)]
pub struct CardData {
    pan: Zeroizing<String>,
    expiry: Option<Zeroizing<String>>,
}

impl CardData {
    /// Reads one decrypted field: a whole TLV with tag 57 (track 2 equivalent) or 5A (card number), or the ASCII
    /// tracks of a swipe; then zero padding. Errors: [`CryptoError::Plaintext`], as a wrong key gives.
    pub fn parse(plaintext: &[u8]) -> Result<Self, CryptoError> {
        let (pan, expiry) = match plaintext {
            [TRACK_2_EQUIVALENT, len, rest @ ..] => {
                let digits = packed(rest.get(..usize::from(*len)).ok_or(CryptoError::Plaintext)?);
                split_track(&digits, 'D')?
            }
            [CARD_NUMBER, len, rest @ ..] => {
                let digits = packed(rest.get(..usize::from(*len)).ok_or(CryptoError::Plaintext)?);
                (Zeroizing::new(digits.trim_end_matches('F').to_owned()), None)
            }
            _ => Self::split_swipe(plaintext)?,
        };
        if !(13..=19).contains(&pan.len()) || !pan.bytes().all(|b| b.is_ascii_digit()) || !luhn(&pan) {
            return Err(CryptoError::Plaintext);
        }
        Ok(Self { pan, expiry })
    }

    /// The card number, 13 to 19 digits with a valid check digit. Never log or store it.
    pub fn pan(&self) -> &str {
        &self.pan
    }

    /// Expiry as on the track, `YYMM`; absent where only the number was encrypted.
    pub fn expiry_yymm(&self) -> Option<&str> {
        self.expiry.as_ref().map(|e| e.as_str())
    }

    fn split_swipe(plaintext: &[u8]) -> Result<TrackParts, CryptoError> {
        let text = core::str::from_utf8(plaintext).map_err(|_| CryptoError::Plaintext)?;
        // Track 2 is preferred: its form is simpler. Track 1 is "%B" number "^" name "^" expiry.
        if let Some((_, track)) = text.split_once(';') {
            return split_track(track, '=');
        }
        let track = text.strip_prefix("%B").ok_or(CryptoError::Plaintext)?;
        let mut parts = track.split('^');
        let pan = parts.next().ok_or(CryptoError::Plaintext)?;
        let expiry = parts.nth(1).and_then(|rest| rest.get(..4)).filter(|e| all_digits(e));
        Ok((
            Zeroizing::new(pan.to_owned()),
            Some(Zeroizing::new(expiry.ok_or(CryptoError::Plaintext)?.to_owned())),
        ))
    }
}

impl fmt::Debug for CardData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardData(redacted)")
    }
}

type TrackParts = (Zeroizing<String>, Option<Zeroizing<String>>);

/// Track 2: the number up to `separator`, then four digits of expiry.
fn split_track(track: &str, separator: char) -> Result<TrackParts, CryptoError> {
    let (pan, rest) = track.split_once(separator).ok_or(CryptoError::Plaintext)?;
    let expiry = rest.get(..4).filter(|e| all_digits(e)).ok_or(CryptoError::Plaintext)?;
    Ok((Zeroizing::new(pan.to_owned()), Some(Zeroizing::new(expiry.to_owned()))))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn packed(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(hex::encode_upper(bytes))
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, digit)| {
            let digit = u32::from(digit & 0x0F);
            let doubled = if i % 2 == 1 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(hex: &str) -> Result<CardData, CryptoError> {
        CardData::parse(&hex::decode(hex).unwrap())
    }

    #[test]
    fn reads_the_encrypted_tags_of_a_reader() {
        let track = parse("57134761739001010010D20121200012339900031F000000").unwrap();
        assert_eq!((track.pan(), track.expiry_yymm()), ("4761739001010010", Some("2012")));
        let number = parse("5A08476173900101001000000000000000").unwrap();
        assert_eq!((number.pan(), number.expiry_yymm()), ("4761739001010010", None));
    }

    #[test]
    fn reads_a_swipe() {
        let track = CardData::parse(b";4761731000000043=24122011303130600000?<\0\0").unwrap();
        assert_eq!((track.pan(), track.expiry_yymm()), ("4761731000000043", Some("2412")));
        let track = CardData::parse(b"%B4761731000000043^UAT USA/TEST CARD^24122011?").unwrap();
        assert_eq!((track.pan(), track.expiry_yymm()), ("4761731000000043", Some("2412")));
    }

    #[test]
    fn a_wrong_key_gives_an_error_without_digits() {
        for bytes in ["", "57", "5713", "57FF4761", "0011223344556677", "5A084761739001010011", "57024761"] {
            assert_eq!(parse(bytes), Err(CryptoError::Plaintext));
        }
        let card = parse("5A084761739001010010").unwrap();
        assert_eq!(format!("{card:?}"), "CardData(redacted)");
    }
}
