use core::fmt;

use tillandsia_core::card::Cipher;

const START: u8 = 0x02;
const END: u8 = 0x03;
const HEAD_LEN: usize = 7;
const HASH_LEN: usize = 20;
const SERIAL_LEN: usize = 10;

/// A swipe as tag DFEE23 has it. `Debug` shows no data.
#[derive(Clone, PartialEq, Eq)]
pub struct Swipe<'a> {
    /// Tracks 1 to 3 with the middle digits hidden; empty where there is none.
    pub masked: [&'a [u8]; 3],
    /// Ciphertext of each encrypted track, in order.
    pub encrypted: Vec<&'a [u8]>,
    /// Key serial number, where anything is encrypted.
    pub ksn: Option<&'a [u8]>,
}

/// Why a swipe cannot be read. Holds no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SwipeError {
    /// The envelope of the card data is broken.
    #[error("swipe envelope")]
    Envelope,
    /// One of its two checksums is wrong.
    #[error("swipe checksum")]
    Checksum,
    /// The fields do not fill the card data exactly.
    #[error("swipe fields")]
    Fields,
}

impl<'a> Swipe<'a> {
    /// Reads the value of DFEE23. The cipher, which sets the padding, is in the attribution.
    pub fn parse(value: &'a [u8], cipher: Cipher) -> Result<Self, SwipeError> {
        let data = open_envelope(value)?;
        let (head, mut rest) = data.split_first_chunk::<HEAD_LEN>().ok_or(SwipeError::Fields)?;
        let [_encoding, _track_status, len1, len2, len3, mask_flags, encryption_flags] = *head;
        let lens = [len1, len2, len3].map(usize::from);
        let block = match cipher {
            Cipher::Tdes => 8,
            Cipher::Aes => 16,
        };
        let mut masked: [&[u8]; 3] = [&[]; 3];
        for (i, (track, len)) in masked.iter_mut().zip(lens).enumerate() {
            if mask_flags & (1 << i) != 0 {
                *track = take(&mut rest, len)?;
            }
        }
        let mut encrypted = Vec::new();
        for (i, len) in lens.into_iter().enumerate() {
            if encryption_flags & (1 << i) != 0 && len > 0 {
                encrypted.push(take(&mut rest, len.next_multiple_of(block))?);
            }
        }
        for i in 3..6 {
            if encryption_flags & (1 << i) != 0 {
                take(&mut rest, HASH_LEN)?;
            }
        }
        if mask_flags & 0x80 != 0 {
            take(&mut rest, SERIAL_LEN)?;
        }
        let ksn = match (encryption_flags & 0x80 != 0, rest.len()) {
            (true, 10 | 12) => Some(rest),
            (false, 0) => None,
            _ => return Err(SwipeError::Fields),
        };
        Ok(Self { masked, encrypted, ksn })
    }
}

impl fmt::Debug for Swipe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Swipe({} encrypted tracks)", self.encrypted.len())
    }
}

/// `02 | length, low byte first | data | xor | sum | 03`.
fn open_envelope(value: &[u8]) -> Result<&[u8], SwipeError> {
    let (len, rest) = match value {
        [START, low, high, rest @ ..] => (usize::from(u16::from_le_bytes([*low, *high])), rest),
        _ => return Err(SwipeError::Envelope),
    };
    match rest.split_at_checked(len) {
        Some((data, [xor, sum, END])) => {
            let right = data.iter().fold(0, |a: u8, b| a ^ b) == *xor
                && data.iter().fold(0, |a: u8, b| a.wrapping_add(*b)) == *sum;
            if right { Ok(data) } else { Err(SwipeError::Checksum) }
        }
        _ => Err(SwipeError::Envelope),
    }
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], SwipeError> {
    let (taken, after) = rest.split_at_checked(len).ok_or(SwipeError::Fields)?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{tlv, vectors};

    fn vector() -> Vec<u8> {
        let frame = vectors::swipe();
        let data = &frame[15..frame.len() - 2];
        tlv::parse_answer(data).unwrap().iter().find(|t| t.tag == 0xDF_EE23).unwrap().value.to_vec()
    }

    #[test]
    fn the_real_swipe() {
        let value = vector();
        let swipe = Swipe::parse(&value, Cipher::Tdes).unwrap();
        assert_eq!(hex::encode_upper(swipe.ksn.unwrap()), "FFFFFF0200110940000F");
        assert_eq!(swipe.masked.map(<[u8]>::len), [79, 40, 0]);
        assert!(swipe.masked[0].starts_with(b"%*4761********0043^UAT USA/TEST CARD 02"));
        assert_eq!(swipe.masked[1], b";4761********0043=2412****************?*");
        assert_eq!(swipe.encrypted.iter().map(|t| t.len()).collect::<Vec<_>>(), [80, 40]);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let value = vector();
        for i in 0..value.len() {
            let mut bad = value.clone();
            bad[i] ^= 0x10;
            assert!(Swipe::parse(&bad, Cipher::Tdes).is_err(), "{i}");
        }
        assert_eq!(Swipe::parse(&value, Cipher::Aes), Err(SwipeError::Fields));
        assert_eq!(Swipe::parse(&value[..40], Cipher::Tdes), Err(SwipeError::Envelope));
    }

    proptest! {
        #[test]
        fn arbitrary_card_data_never_panics(data in proptest::collection::vec(any::<u8>(), 0..120), aes: bool) {
            let mut value = vec![START];
            value.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
            value.extend(&data);
            value.push(data.iter().fold(0, |a, b| a ^ b));
            value.push(data.iter().fold(0, |a: u8, b| a.wrapping_add(*b)));
            value.push(END);
            let _ = Swipe::parse(&value, if aes { Cipher::Aes } else { Cipher::Tdes });
        }
    }
}
