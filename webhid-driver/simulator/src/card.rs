//! What a card and the reader's encryption make of one transaction: the data of the answer to an activation.

use tillandsia_card_crypto::{
    Cipher, CryptoError, CryptogramData, Ksn, SecretKey, cbc_encrypt, emv::card_key::card_key, test_keys,
};

use crate::{
    CardProfile,
    profile::{Face, Presented},
    tlv::{Writer, find},
};

/// Attribution byte: encryption on (E0), and the interface.
const CONTACT: u8 = 0xE0;
const CONTACTLESS: u8 = 0xE1;
const SWIPE: u8 = 0xE8;
const CRYPTOGRAM_REFUSAL: u8 = 0x00;
const CRYPTOGRAM_REQUEST: u8 = 0x80;
/// Terminal verification results, second byte: the application has expired.
const RESULTS_EXPIRED: [u8; 5] = [0, 0x40, 0, 0, 0];
/// The same, third byte: an online PIN was entered.
const RESULTS_ONLINE_PIN: [u8; 5] = [0, 0, 0x04, 0, 0];
/// No cardholder verification, successfully; and a PIN enciphered for the issuer, whose result is not known.
const VERIFIED_BY_NOTHING: [u8; 3] = [0x1F, 0x03, 0x02];
const VERIFIED_ONLINE: [u8; 3] = [0x02, 0x00, 0x00];
const COUNTER: u32 = 0x9F36;
const COUNTRY: [u8; 2] = [0x08, 0x40];

/// All that an answer depends on.
pub(crate) struct Transaction<'a> {
    pub(crate) profile: CardProfile,
    /// The host's parameters, TLVs.
    pub(crate) parameters: &'a [u8],
    pub(crate) now_ms: u64,
    pub(crate) unpredictable: [u8; 4],
    pub(crate) ksn: Ksn,
    pub(crate) sequence: u8,
    pub(crate) counter: u16,
    pub(crate) serial_number: &'a str,
    /// Whether the answer lacks the transaction counter.
    pub(crate) incomplete: bool,
}

impl Transaction<'_> {
    /// Data of the answer to 02-40.
    pub(crate) fn answer(&self) -> Result<Vec<u8>, CryptoError> {
        let face = self.profile.face();
        let data_key = test_keys::base_keys().data_key(&self.ksn)?;
        match face.presented {
            Presented::Swiped => Ok(self.swiped(&face, &data_key)),
            Presented::Tapped => self.chip(&face, &data_key, CONTACTLESS, None),
            Presented::Inserted => {
                let result = if self.declines() { [0, 0x01] } else { [0, 0x04] };
                self.chip(&face, &data_key, CONTACT, Some(result))
            }
        }
    }

    fn declines(&self) -> bool {
        self.profile == CardProfile::Declined
    }

    fn parameter<const N: usize>(&self, tag: u32) -> [u8; N] {
        find(self.parameters, tag).and_then(|value| value.try_into().ok()).unwrap_or([0; N])
    }

    fn chip(
        &self,
        face: &Face,
        data_key: &SecretKey,
        attribution: u8,
        result: Option<[u8; 2]>,
    ) -> Result<Vec<u8>, CryptoError> {
        let signed = self.signed_fields(face);
        let lookup = |tag: u16| signed.iter().find(|(t, _)| *t == u32::from(tag)).map(|(_, v)| v.as_slice());
        let key = card_key(&test_keys::issuer_master_key(), face.pan, self.sequence)?;
        let cryptogram = CryptogramData::from_tags(lookup)?.cryptogram(&key)?;

        let mut out = Writer(vec![attribution]);
        out.clear(0xDF_EE12, self.ksn.bytes());
        if let Some(result) = result {
            out.clear(0xDF_EE25, &result);
        }
        out.clear(0x50, face.label.as_bytes());
        out.clear(0x4F, face.aid);
        self.put_number(&mut out, face, data_key);
        out.clear(0x5F34, &packed(&format!("{:02}", self.sequence)));
        out.clear(0x5F24, &packed(&format!("{}31", face.expiry_yymm)));
        if let Some(name) = face.name {
            out.clear(0x5F20, name.as_bytes());
        }
        out.clear(0x84, face.aid);
        for (tag, value) in signed.iter().filter(|(tag, _)| !(self.incomplete && *tag == COUNTER)) {
            out.clear(*tag, value);
        }
        out.clear(0x9B, &[0xE8, 0x00]);
        out.clear(0x9F26, &cryptogram);
        out.clear(0x9F27, &[if self.declines() { CRYPTOGRAM_REFUSAL } else { CRYPTOGRAM_REQUEST }]);
        out.clear(0x9F33, &[0x60, 0x28, 0xC8]);
        let verified = match self.profile {
            CardProfile::OnlinePin => VERIFIED_ONLINE,
            _ => VERIFIED_BY_NOTHING,
        };
        out.clear(0x9F34, &verified);
        out.clear(0x9F39, &[if attribution == CONTACT { 0x05 } else { 0x07 }]);
        out.clear(0xFF_EE01, &[0xDF, 0xEE, 0x30, 0x01, u8::from(attribution == CONTACT)]);
        out.clear(0xDF_EE26, &[attribution, 0x00]);
        Ok(out.0)
    }

    /// What the cryptogram is computed over, and in which order the answer has it.
    fn signed_fields(&self, face: &Face) -> Vec<(u32, Vec<u8>)> {
        let results = match self.profile {
            CardProfile::Expired => RESULTS_EXPIRED,
            CardProfile::OnlinePin => RESULTS_ONLINE_PIN,
            _ => [0; 5],
        };
        vec![
            (0x82, face.interchange_profile.to_vec()),
            (0x95, results.to_vec()),
            (0x9A, date(self.now_ms).to_vec()),
            (0x9C, self.parameter::<1>(0x9C).to_vec()),
            (0x5F2A, self.parameter::<2>(0x5F2A).to_vec()),
            (0x9F02, self.parameter::<6>(0x9F02).to_vec()),
            (0x9F03, self.parameter::<6>(0x9F03).to_vec()),
            (0x9F10, face.issuer_data.to_vec()),
            (0x9F1A, COUNTRY.to_vec()),
            (COUNTER, self.counter.to_be_bytes().to_vec()),
            (0x9F37, self.unpredictable.to_vec()),
        ]
    }

    /// Track 2 equivalent and card number, each masked and encrypted. What is encrypted is the whole TLV.
    fn put_number(&self, out: &mut Writer, face: &Face, data_key: &SecretKey) {
        let hidden = hide(face.pan, 'C');
        let track = packed(&format!("{}D{}2010000{:05}0000F", face.pan, face.expiry_yymm, 12345));
        let masked = packed(&format!("{hidden}D{}{}", face.expiry_yymm, "C".repeat(17)));
        let number = packed(face.pan);
        for (tag, clear, masked) in [(0x57, &track, &masked), (0x5A, &number, &packed(&hidden))] {
            let mut whole = Writer::default();
            whole.clear(tag, clear);
            out.masked(tag, masked);
            out.encrypted(tag, &cbc_encrypt(Cipher::Tdes, data_key, &whole.0));
        }
    }

    fn swiped(&self, face: &Face, data_key: &SecretKey) -> Vec<u8> {
        let name = face.name.unwrap_or_default();
        let track1 =
            with_lrc(format!("%B{}^{name}^{}20100000000000?", face.pan, face.expiry_yymm), 0x3F, 0x20);
        let track2 = with_lrc(format!(";{}={}20112345600000?", face.pan, face.expiry_yymm), 0x0F, 0x30);
        let hidden = hide(face.pan, '*');
        let masked1 = format!("%*{hidden}^{name}^{}{}?*", face.expiry_yymm, "*".repeat(14));
        let masked2 = format!(";{hidden}={}{}?*", face.expiry_yymm, "*".repeat(14));

        let mut data = vec![0x80, 0x1F, short_len(&track1), short_len(&track2), 0, 0xA3, 0x9B];
        data.extend(masked1.as_bytes());
        data.extend(masked2.as_bytes());
        data.extend(cbc_encrypt(Cipher::Tdes, data_key, track1.as_bytes()));
        data.extend(cbc_encrypt(Cipher::Tdes, data_key, track2.as_bytes()));
        data.extend([0; 40]);
        data.extend(self.serial_number.bytes().rev().take(10).collect::<Vec<_>>().iter().rev());
        data.extend(self.ksn.bytes());
        let mut envelope = vec![0x02];
        envelope.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_le_bytes());
        envelope.extend(&data);
        envelope.push(data.iter().fold(0, |a, b| a ^ b));
        envelope.push(data.iter().fold(0u8, |a, b| a.wrapping_add(*b)));
        envelope.push(0x03);

        let mut out = Writer(vec![SWIPE]);
        out.clear(0xDF_EE25, &[0x00, 0x11]);
        out.clear(0xDF_EE23, &envelope);
        out.clear(0x9F39, &[0x90]);
        out.clear(0xFF_EE01, &[0xDF, 0xEE, 0x30, 0x01, 0x0C]);
        out.clear(0xDF_EE26, &[SWIPE, 0x00]);
        out.clear(0x9F02, &self.parameter::<6>(0x9F02));
        out.clear(0x9F03, &self.parameter::<6>(0x9F03));
        out.clear(0x9A, &date(self.now_ms));
        out.0
    }
}

/// The number with all but the first and last four digits hidden.
fn hide(pan: &str, with: char) -> String {
    let last = pan.len().saturating_sub(4);
    pan.chars().enumerate().map(|(i, digit)| if (4..last).contains(&i) { with } else { digit }).collect()
}

/// A track with its check character: the characters' low bits, all xored.
fn with_lrc(mut track: String, mask: u8, base: u8) -> String {
    let lrc = track.bytes().fold(0, |lrc, byte| lrc ^ (byte.wrapping_sub(base) & mask));
    track.push(char::from(base + lrc));
    track
}

fn short_len(track: &str) -> u8 {
    u8::try_from(track.len()).unwrap_or(u8::MAX)
}

/// Hexadecimal digits, two to a byte.
fn packed(digits: &str) -> Vec<u8> {
    let nibble =
        |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok()).unwrap_or(0x0F);
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => nibble(*high) << 4 | nibble(*low),
            [high] => nibble(*high) << 4 | 0x0F,
            _ => 0xFF,
        })
        .collect()
}

/// `YYMMDD` in packed digits of a unix time, universal time.
fn date(now_ms: u64) -> [u8; 3] {
    // Howard Hinnant's days-to-civil, for dates from 1970 on.
    let days = now_ms / 86_400_000 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    [year % 100, month, day].map(|n| u8::try_from(((n / 10) << 4) | (n % 10)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date(0), [0x70, 0x01, 0x01]);
        assert_eq!(date(951_782_400_000), [0x00, 0x02, 0x29]);
        assert_eq!(date(1_794_787_200_000), [0x26, 0x11, 0x16]);
        assert_eq!(date(1_735_689_599_999), [0x24, 0x12, 0x31]);
    }

    #[test]
    fn hidden_numbers_and_check_characters() {
        assert_eq!(hide("4761739001010010", 'C'), "4761CCCCCCCC0010");
        // The published swipe: its second track ends in this check character.
        assert!(with_lrc(";4761731000000043=24122011303130600000?".to_owned(), 0x0F, 0x30).ends_with("?<"));
    }
}
