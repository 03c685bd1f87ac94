//! Reads a card: decrypts, checks that number and cryptogram belong together, and lets only harmless facts out.

use sha2::{Digest, Sha256};
use tillandsia_card_crypto::emv::card_key::card_key;
use tillandsia_card_crypto::{BaseKeys, CardData, Cipher, CryptoError, CryptogramData, Ksn, SecretKey};
use tillandsia_core::card::ReadMethod;
use tillandsia_core::wire::{CardOnWire, TagOnWire};

use crate::acquirer::{AuthoriseRequest, CardFacts};

/// A card that was read and, where it has a chip, is genuine.
pub(super) struct ReadCard {
    /// What may be known.
    pub(super) facts: CardFacts,
    /// The reader's key serial number, uppercase.
    pub(super) ksn: String,
    /// A token of the card and its transaction counter, where it has a chip.
    pub(super) counter: Option<(String, u16)>,
    /// Whether the chip made a decline cryptogram.
    pub(super) declined_by_chip: bool,
}

/// Why a card cannot be used. Texts never hold card data.
pub(super) enum Unusable {
    /// It cannot be decrypted or lacks data.
    Unreadable(String),
    /// It was altered on the way.
    Tampered {
        /// What may be known of the card it claims to be.
        facts: Box<CardFacts>,
        /// What does not fit.
        reason: String,
    },
}

impl From<CryptoError> for Unusable {
    fn from(error: CryptoError) -> Self {
        Unusable::Unreadable(error.to_string())
    }
}

/// Decrypts a request's card and checks it.
pub(super) fn read(
    request: &AuthoriseRequest,
    base_keys: &BaseKeys,
    issuer_key: &SecretKey,
) -> Result<ReadCard, Unusable> {
    let card = &request.card;
    let emv = EmvTags::of(&card.emv)?;
    let method = ReadMethod::from_name(&card.read_method)
        .ok_or_else(|| Unusable::Unreadable("unknown read method".to_owned()))?;
    let ksn = Ksn::from_hex(&card.ksn)?;
    let named = match card.cipher.as_str() {
        "aes" => Cipher::Aes,
        _ => Cipher::Tdes,
    };
    if ksn.cipher() != named {
        return Err(CryptoError::KsnLength.into());
    }
    let data = decrypt(card, method, &ksn, base_keys)?;
    let (exp_year, exp_month) = expiry(&data, &emv)?;
    let facts = facts(data.pan(), exp_year, exp_month, &emv);
    let counter = match method {
        ReadMethod::ContactEmv | ReadMethod::ContactlessEmv => {
            let tampered = |reason: String| Unusable::Tampered { facts: Box::new(facts.clone()), reason };
            Some(verify(request, &emv, &data, issuer_key).map_err(tampered)?)
        }
        _ => None,
    };
    Ok(ReadCard {
        ksn: ksn.to_string(),
        counter,
        declined_by_chip: emv.get(0x9F27).and_then(|info| info.first()).is_some_and(|info| info & 0xC0 == 0),
        facts,
    })
}

fn decrypt(
    card: &CardOnWire,
    method: ReadMethod,
    ksn: &Ksn,
    base_keys: &BaseKeys,
) -> Result<CardData, Unusable> {
    let wanted: &[&str] = if method.is_swipe() { &["DFEE23"] } else { &["57", "5A"] };
    let found = wanted.iter().find_map(|tag| card.encrypted.iter().find(|entry| entry.tag == *tag));
    let entry = found
        .ok_or_else(|| Unusable::Unreadable(format!("there is no encrypted tag {}", wanted.join(" or "))))?;
    let ciphertext = hex::decode(&entry.value).map_err(|_| CryptoError::BlockLength)?;
    Ok(CardData::parse(&base_keys.decrypt_card_data(ksn, &ciphertext)?)?)
}

/// Four-digit year and month: the track's, else tag 5F24.
fn expiry(data: &CardData, emv: &EmvTags) -> Result<(u16, u8), Unusable> {
    let from_tag = || emv.get(0x5F24).and_then(|value| value.get(..2)).map(hex::encode);
    let digits = data.expiry_yymm().map(str::to_owned).or_else(from_tag);
    let parse = |digits: String| -> Option<(u16, u8)> {
        let year: u16 = digits.get(..2)?.parse().ok()?;
        let month: u8 = digits.get(2..4)?.parse().ok()?;
        (1..=12).contains(&month).then_some((2000 + year, month))
    };
    digits.and_then(parse).ok_or_else(|| Unusable::Unreadable("the card has no expiry date".to_owned()))
}

/// Checks the cryptogram and that it is about this amount. Gives the card's token and transaction counter.
fn verify(
    request: &AuthoriseRequest,
    emv: &EmvTags,
    data: &CardData,
    issuer_key: &SecretKey,
) -> Result<(String, u16), String> {
    let signed = CryptogramData::from_tags(|tag| emv.get(tag)).map_err(|error| error.to_string())?;
    let cryptogram = emv.get(0x9F26).ok_or_else(|| CryptoError::MissingTag(0x9F26).to_string())?;
    let sequence = match emv.get(0x5F34).map(hex::encode) {
        Some(digits) => digits.parse().map_err(|_| CryptoError::CardNumber.to_string())?,
        None => 0,
    };
    signed.verify(issuer_key, data.pan(), sequence, cryptogram).map_err(|error| error.to_string())?;
    if emv.get(0x9F02) != packed_decimal::<6>(request.amount).as_ref().map(<[u8; 6]>::as_slice) {
        return Err("the card confirmed another amount".to_owned());
    }
    let currency = packed_decimal::<2>(u64::from(request.currency.numeric()));
    if emv.get(0x5F2A) != currency.as_ref().map(<[u8; 2]>::as_slice) {
        return Err("the card confirmed another currency".to_owned());
    }
    let key = card_key(issuer_key, data.pan(), sequence).map_err(|error| error.to_string())?;
    // Whoever does not hold the issuer's key cannot find the number from this.
    let token = Sha256::new().chain_update(b"tillandsia sandbox card").chain_update(key.expose()).finalize();
    Ok((hex::encode(token), signed.transaction_counter()))
}

/// A number as packed decimal digits, if it fits.
fn packed_decimal<const N: usize>(number: u64) -> Option<[u8; N]> {
    let digits = format!("{number:0width$}", width = 2 * N);
    hex::decode(digits).ok()?.try_into().ok()
}

fn facts(pan: &str, exp_year: u16, exp_month: u8, emv: &EmvTags) -> CardFacts {
    let brand = brand(pan);
    let last4 = pan.get(pan.len().saturating_sub(4)..).unwrap_or_default();
    let label = emv.get(0x50).map(|label| label.to_ascii_lowercase()).unwrap_or_default();
    let is_debit = label.windows(5).any(|word| word == b"debit") || brand == "interac";
    CardFacts {
        brand: brand.to_owned(),
        last4: last4.to_owned(),
        exp_month,
        exp_year,
        funding: if is_debit { "debit" } else { "credit" }.to_owned(),
        country: emv.get(0x5F28).and_then(country).map(str::to_owned),
        network: brand.to_owned(),
    }
}

/// The brand by the first digits (ISO/IEC 7812).
fn brand(pan: &str) -> &'static str {
    let prefix = |digits: usize| pan.get(..digits).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    match (prefix(1), prefix(2), prefix(3), prefix(4)) {
        (4, ..) => "visa",
        (_, 51..=55, ..) | (.., 2221..=2720) => "mastercard",
        (_, 34 | 37, ..) => "amex",
        (_, 65, ..) | (_, _, 644..=649, _) | (.., 6011) => "discover",
        (_, 36 | 38, ..) | (_, _, 300..=305, _) => "diners",
        (.., 3528..=3589) => "jcb",
        (_, 62, ..) => "unionpay",
        _ => "unknown",
    }
}

/// ISO 3166 letters of tag 5F28, for the countries that test cards come from.
fn country(numeric: &[u8]) -> Option<&'static str> {
    const NAMES: &[(&str, &str)] = &[
        ("0036", "AU"),
        ("0040", "AT"),
        ("0056", "BE"),
        ("0124", "CA"),
        ("0203", "CZ"),
        ("0208", "DK"),
        ("0246", "FI"),
        ("0250", "FR"),
        ("0276", "DE"),
        ("0372", "IE"),
        ("0380", "IT"),
        ("0392", "JP"),
        ("0442", "LU"),
        ("0528", "NL"),
        ("0554", "NZ"),
        ("0578", "NO"),
        ("0616", "PL"),
        ("0620", "PT"),
        ("0702", "SG"),
        ("0724", "ES"),
        ("0752", "SE"),
        ("0756", "CH"),
        ("0826", "GB"),
        ("0840", "US"),
    ];
    let digits = hex::encode(numeric);
    NAMES.iter().find(|(number, _)| *number == digits).map(|(_, name)| *name)
}

/// EMV tags in clear, by number.
struct EmvTags(Vec<(u32, Vec<u8>)>);

impl EmvTags {
    fn of(tags: &[TagOnWire]) -> Result<Self, Unusable> {
        let malformed = || Unusable::Unreadable("an EMV tag is not hexadecimal".to_owned());
        let parse = |entry: &TagOnWire| {
            let tag = u32::from_str_radix(&entry.tag, 16).map_err(|_| malformed())?;
            Ok((tag, hex::decode(&entry.value).map_err(|_| malformed())?))
        };
        tags.iter().map(parse).collect::<Result<_, _>>().map(EmvTags)
    }

    fn get(&self, tag: u16) -> Option<&[u8]> {
        self.0.iter().find(|(number, _)| *number == u32::from(tag)).map(|(_, value)| value.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_by_prefix() {
        for (pan, name) in [
            ("4761739001010010", "visa"),
            ("5413330089020011", "mastercard"),
            ("2223000010309703", "mastercard"),
            ("374245455400001", "amex"),
            ("6011000990139424", "discover"),
            ("36259600000004", "diners"),
            ("3566002020360505", "jcb"),
            ("6200000000000005", "unionpay"),
            ("9901234567890123", "unknown"),
        ] {
            assert_eq!(brand(pan), name);
        }
    }

    #[test]
    fn amounts_as_the_card_has_them() {
        assert_eq!(packed_decimal::<6>(1099), Some([0, 0, 0, 0, 0x10, 0x99]));
        assert_eq!(packed_decimal::<6>(1_000_000_000_000), None);
        assert_eq!(packed_decimal::<2>(840), Some([0x08, 0x40]));
    }
}
