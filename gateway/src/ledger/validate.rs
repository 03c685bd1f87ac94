//! Whether a request can be a payment at all. Nothing here looks at what is stored.

use std::collections::BTreeMap;

use tillandsia_core::card::ReadMethod;
use tillandsia_core::money::{Currency, Money};
use tillandsia_core::wire::{CardOnWire, CreatePayment, PaymentSubmission, TagOnWire};

use super::refusal::Refusal;

const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_VALUE_CHARS_MAX: usize = 500;
const DESCRIPTION_CHARS_MAX: usize = 1000;
const EMAIL_CHARS_MAX: usize = 512;
const TAGS_MAX: usize = 100;
const TAG_VALUE_DIGITS_MAX: usize = 2048;
const READER_TEXT_BYTES_MAX: usize = 200;

/// Checks what a payment is created with.
pub(super) fn terms(payment: &CreatePayment) -> Result<Currency, Refusal> {
    amount(payment.amount, "amount")?;
    capture_method(&payment.capture_method)?;
    metadata(&payment.metadata)?;
    text(payment.description.as_deref(), DESCRIPTION_CHARS_MAX, "description")?;
    text(payment.receipt_email.as_deref(), EMAIL_CHARS_MAX, "receipt_email")?;
    currency(&payment.currency)
}

fn text(text: Option<&str>, chars_max: usize, param: &str) -> Result<(), Refusal> {
    if text.is_none_or(|text| text.chars().count() <= chars_max) {
        return Ok(());
    }
    let message = format!("`{param}` may have at most {chars_max} characters");
    Err(Refusal::invalid("parameter_invalid", message, Some(param)))
}

/// Checks a payment with its card.
pub(super) fn submission(submission: &PaymentSubmission) -> Result<Currency, Refusal> {
    let currency = terms(&submission.payment)?;
    card(&submission.card)?;
    Ok(currency)
}

/// An amount that 9F02 can carry, and not nothing.
pub fn amount(amount: u64, param: &str) -> Result<(), Refusal> {
    if (1..=Money::AMOUNT_MINOR_MAX).contains(&amount) {
        return Ok(());
    }
    let code = if amount == 0 { "amount_too_small" } else { "amount_too_large" };
    let message = format!("`{param}` must be from 1 to {} in the minor unit", Money::AMOUNT_MINOR_MAX);
    Err(Refusal::invalid(code, message, Some(param)))
}

/// A lowercase currency code.
pub(super) fn currency(code: &str) -> Result<Currency, Refusal> {
    match code.parse::<Currency>() {
        Ok(currency) if currency.code() == code => Ok(currency),
        _ => Err(Refusal::invalid(
            "invalid_currency",
            "`currency` must be a lowercase ISO 4217 code such as `usd`",
            Some("currency"),
        )),
    }
}

/// `automatic` or `manual`.
pub(super) fn capture_method(method: &str) -> Result<(), Refusal> {
    match method {
        "automatic" | "manual" => Ok(()),
        _ => Err(Refusal::invalid(
            "parameter_invalid",
            "`capture_method` must be `automatic` or `manual`",
            Some("capture_method"),
        )),
    }
}

/// Stripe's limits on metadata.
pub fn metadata(metadata: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let fits = metadata.len() <= METADATA_KEYS_MAX
        && metadata.iter().all(|(key, value)| {
            !key.is_empty()
                && key.chars().count() <= METADATA_KEY_CHARS_MAX
                && value.chars().count() <= METADATA_VALUE_CHARS_MAX
        });
    if fits {
        return Ok(());
    }
    let message = format!(
        "`metadata` may have {METADATA_KEYS_MAX} keys of 1 to {METADATA_KEY_CHARS_MAX} characters, \
         with values of up to {METADATA_VALUE_CHARS_MAX}"
    );
    Err(Refusal::invalid("metadata_invalid", message, Some("metadata")))
}

fn card(card: &CardOnWire) -> Result<(), Refusal> {
    let malformed = |message: &str, param: &str| {
        Err(Refusal::invalid("card_data_malformed", message.to_owned(), Some(&format!("card[{param}]"))))
    };
    if ReadMethod::from_name(&card.read_method).is_none() {
        return malformed("`read_method` is not one of the five", "read_method");
    }
    let ksn_digits = match card.cipher.as_str() {
        "tdes" => 20,
        "aes" => 24,
        _ => return malformed("`cipher` must be `tdes` or `aes`", "cipher"),
    };
    if card.ksn.len() != ksn_digits || !is_upper_hex(&card.ksn) {
        return malformed("`ksn` must be 20 (tdes) or 24 (aes) hexadecimal digits", "ksn");
    }
    if card.encrypted.is_empty() || !card.encrypted.iter().all(is_tag) || card.encrypted.len() > TAGS_MAX {
        return malformed("`encrypted` must hold ciphertexts by tag, in hexadecimal", "encrypted");
    }
    if !card.emv.iter().all(is_tag) || card.emv.len() > TAGS_MAX {
        return malformed("`emv` must hold values by tag, in hexadecimal", "emv");
    }
    let reader = &card.reader;
    if [&reader.device_type, &reader.serial_number, &reader.software_version]
        .iter()
        .any(|text| text.len() > READER_TEXT_BYTES_MAX)
    {
        return malformed("`reader` is too long", "reader");
    }
    if card.emv.iter().any(is_clear_card_number) {
        let message =
            "the request holds card data in clear and was thrown away: have the reader's encryption enabled";
        return Err(Refusal::invalid("card_data_in_clear", message, Some("card[emv]")));
    }
    Ok(())
}

fn is_upper_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

fn is_tag(tag: &TagOnWire) -> bool {
    (2..=8).contains(&tag.tag.len())
        && is_upper_hex(&tag.tag)
        && tag.value.len().is_multiple_of(2)
        && tag.value.len() <= TAG_VALUE_DIGITS_MAX
        && is_upper_hex(&tag.value)
}

/// Whether a tag that names a card number or a track holds one that is not masked.
fn is_clear_card_number(tag: &TagOnWire) -> bool {
    let digits = || tag.value.bytes().take_while(u8::is_ascii_digit).count();
    match tag.tag.as_str() {
        "57" | "5A" | "9F6B" | "9F20" => digits() >= 12,
        // ASCII tracks: a digit is a byte 3x; the format code `B` may come first.
        "56" | "DFEE23" => {
            let bytes = tag.value.as_bytes().as_chunks::<2>().0;
            bytes.iter().skip(1).take_while(|[high, low]| *high == b'3' && low.is_ascii_digit()).count() >= 12
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(tag: &str, value: &str) -> TagOnWire {
        TagOnWire { tag: tag.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_clear_card_number_is_seen_and_a_masked_one_passes() {
        assert!(is_clear_card_number(&tag("57", "4761739001010010D20121200012339900031F")));
        assert!(is_clear_card_number(&tag("5A", "4761739001010010")));
        assert!(is_clear_card_number(&tag("56", "4234373631373339303031303130303130")));
        assert!(!is_clear_card_number(&tag("57", "4761CCCCCCCC0010D2012CCCCCCCCCCCCCCCCC")));
        assert!(!is_clear_card_number(&tag("5A", "4761CCCCCCCC0010")));
        assert!(!is_clear_card_number(&tag("9F02", "000000002500")));
    }

    #[test]
    fn amounts_and_currencies() {
        assert!(amount(0, "amount").is_err());
        assert!(amount(1, "amount").is_ok());
        assert!(amount(999_999_999_999, "amount").is_ok());
        assert!(amount(1_000_000_000_000, "amount").is_err());
        assert!(currency("usd").is_ok());
        assert!(currency("USD").is_err());
        assert!(currency("zzz").is_err());
    }

    #[test]
    fn metadata_has_stripes_limits() {
        let of = |count: usize, key: usize, value: usize| {
            let map = (0..count).map(|n| (format!("{n:0key$}"), "é".repeat(value))).collect();
            metadata(&map)
        };
        assert!(of(50, 40, 500).is_ok());
        assert!(of(51, 40, 500).is_err());
        assert!(of(1, 41, 500).is_err());
        assert!(of(1, 40, 501).is_err());
    }
}
