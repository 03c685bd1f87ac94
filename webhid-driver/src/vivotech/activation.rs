//! The answer to an activation: a card, a reason to try again, or an error.

use tillandsia_core::{
    card::{CardRead, Cipher, EncryptedCard, ReadMethod, Tag},
    ports::{CollectRequest, ReaderError, ReaderPrompt},
};

use super::{
    command::{amount_bcd, currency_bcd},
    shown,
    status::{CardError, ContactResult, Status},
    swipe::Swipe,
    tag,
};
use crate::{
    framing::Answer,
    guard,
    tlv::{self, Form, Tlv},
};

/// Tags without which a chip's payment cannot be authorised.
const REQUIRED_TAGS: [u32; 13] =
    [0x82, 0x95, 0x9A, 0x9C, 0x5F2A, 0x9F02, 0x9F03, 0x9F10, 0x9F1A, 0x9F26, 0x9F27, 0x9F36, 0x9F37];
const MASKED_TAGS: [u32; 3] = [0x57, 0x9F6B, 0x5A];
const ENTRY_MODE: u32 = 0x9F39;
const ENTRY_MODE_FALLBACK: u8 = 0x80;
/// Cryptogram information data: the card's own decision is in the two high bits.
const CRYPTOGRAM_INFORMATION: u32 = 0x9F27;

/// What an answer to an activation means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activation {
    /// A card was read.
    Card(Box<CardRead>),
    /// Nothing was read; the customer may try again.
    Again(ReaderPrompt),
    /// Nothing was read, and trying again is no use.
    Failed(ReaderError),
    /// The answer is still to come.
    Interim(Option<ReaderPrompt>),
}

/// How a card was read and encrypted: first byte of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Attribution(u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interface {
    Contact,
    Contactless,
    ContactlessMagstripe,
    Swipe,
}

impl Attribution {
    /// Bits 4, 3 and 0.
    const fn interface(self) -> Option<Interface> {
        match self.0 & 0b0001_1001 {
            0b0000_0000 => Some(Interface::Contact),
            0b0000_0001 => Some(Interface::Contactless),
            0b0001_0001 => Some(Interface::ContactlessMagstripe),
            0b0000_1000 | 0b0000_1001 => Some(Interface::Swipe),
            _ => None,
        }
    }

    /// Bits 2 and 1; `None` leaves it to the length of the key serial number.
    const fn cipher(self) -> Option<Cipher> {
        match self.0 & 0b0000_0110 {
            0b0000_0000 => Some(Cipher::Tdes),
            0b0000_0010 => Some(Cipher::Aes),
            _ => None,
        }
    }
}

/// Reads the answer to an activation for `request`. Anything with card data in clear is refused.
pub fn read(answer: &Answer, request: &CollectRequest) -> Activation {
    match Status::from(answer.status) {
        Status::Accepted => Activation::Interim(None),
        Status::UiEvent => Activation::Interim(Some(ReaderPrompt::DoNotRemove)),
        Status::Ok | Status::RequestOnline => match read_card(&answer.data, request) {
            Ok(activation) => activation,
            Err(error) => Activation::Failed(error),
        },
        status => read_failure(status, &answer.data, request),
    }
}

/// The result of a contact transaction in an answer to a 60-xx command. Some readers put an attribution in front.
pub fn contact_result(data: &[u8]) -> Result<ContactResult, ReaderError> {
    let tlvs = parse_guarded(data).or_else(|error| match error {
        ReaderError::ClearCardData => Err(error),
        _ => parse_guarded(data.get(1..).unwrap_or_default()),
    })?;
    result_tag(&tlvs).ok_or_else(|| ReaderError::MissingEmvData("DFEE25".to_owned()))
}

fn read_failure(status: Status, data: &[u8], request: &CollectRequest) -> Activation {
    let tlvs = match parse_guarded(data).or_else(|_| parse_guarded(data.get(1..).unwrap_or_default())) {
        Ok(tlvs) => tlvs,
        Err(ReaderError::ClearCardData) => return Activation::Failed(ReaderError::ClearCardData),
        Err(_) => Vec::new(),
    };
    let error = tlvs.iter().find(|t| t.tag == tag::ERROR).and_then(|t| t.value.first());
    match (error, result_tag(&tlvs)) {
        (Some(error), _) => after_card_error(CardError::from(*error), request),
        (None, Some(result)) => after_result(result, request),
        (None, None) => Activation::Failed(status.to_error()),
    }
}

fn after_card_error(error: CardError, request: &CollectRequest) -> Activation {
    match error {
        CardError::Collision => Activation::Again(ReaderPrompt::OneCardOnly),
        CardError::Communication | CardError::NoResponse => Activation::Again(ReaderPrompt::TryAgain),
        CardError::OverLimit if request.interfaces.contact => Activation::Again(ReaderPrompt::UseChip),
        other => Activation::Failed(other.to_error()),
    }
}

fn after_result(result: ContactResult, request: &CollectRequest) -> Activation {
    match result {
        ContactResult::TwoCards => Activation::Again(ReaderPrompt::OneCardOnly),
        ContactResult::Fallback if request.interfaces.swipe => Activation::Again(ReaderPrompt::TryAgain),
        other => Activation::Failed(other.to_error()),
    }
}

fn result_tag(tlvs: &[Tlv<'_>]) -> Option<ContactResult> {
    let value = tlvs.iter().find(|t| t.tag == tag::RESULT)?.value;
    value.try_into().ok().map(|bytes| ContactResult::from(u16::from_be_bytes(bytes)))
}

fn parse_guarded(data: &[u8]) -> Result<Vec<Tlv<'_>>, ReaderError> {
    guard::check_text(data).map_err(|_| ReaderError::ClearCardData)?;
    let tlvs = tlv::parse_answer(data).map_err(|error| ReaderError::Protocol(error.to_string()))?;
    guard::check(data, &tlvs).map_err(|_| ReaderError::ClearCardData)?;
    Ok(tlvs)
}

fn read_card(data: &[u8], request: &CollectRequest) -> Result<Activation, ReaderError> {
    let (attribution, rest) = data.split_first().ok_or_else(|| missing("attribution"))?;
    let tlvs = parse_guarded(rest)?;
    let attribution = Attribution(*attribution);
    let interface = attribution.interface().ok_or_else(|| ReaderError::Protocol("attribution".to_owned()))?;
    let emv = clear_emv(&tlvs);
    let card = match interface {
        Interface::Swipe => return swiped(attribution, &tlvs, emv, request),
        Interface::Contact => match result_tag(&tlvs) {
            None | Some(ContactResult::AskHost) => {
                chip(attribution, &tlvs, emv, ReadMethod::ContactEmv, true)?
            }
            Some(ContactResult::Approved) => chip(attribution, &tlvs, emv, ReadMethod::ContactEmv, false)?,
            Some(other) => return Ok(after_result(other, request)),
        },
        Interface::Contactless => {
            if let Some(result @ ContactResult::Declined) = result_tag(&tlvs) {
                return Ok(after_result(result, request));
            }
            chip(attribution, &tlvs, emv, ReadMethod::ContactlessEmv, false)?
        }
        Interface::ContactlessMagstripe => {
            let secret = secret(attribution, ksn_tag(&tlvs), encrypted(&tlvs))?;
            let shown = shown::of_chip(&emv, masked(&tlvs));
            let read_method = ReadMethod::ContactlessMagstripeMode;
            return Ok(Activation::Card(Box::new(CardRead {
                read_method,
                secret,
                emv,
                shown,
                awaits_host: false,
            })));
        }
    };
    // AAC, the card's refusal, has both high bits clear.
    if card.emv_value(CRYPTOGRAM_INFORMATION).and_then(|v| v.first()).is_some_and(|cid| cid & 0xC0 == 0) {
        return Ok(Activation::Failed(ReaderError::CardDeclined));
    }
    check_amount(&card, request)?;
    Ok(Activation::Card(Box::new(card)))
}

fn chip(
    attribution: Attribution,
    tlvs: &[Tlv<'_>],
    emv: Vec<Tag>,
    read_method: ReadMethod,
    awaits_host: bool,
) -> Result<CardRead, ReaderError> {
    let lacking: Vec<String> = REQUIRED_TAGS
        .iter()
        .filter(|tag| !emv.iter().any(|entry| entry.tag == **tag))
        .map(|tag| format!("{tag:X}"))
        .collect();
    if !lacking.is_empty() {
        return Err(missing(&lacking.join(", ")));
    }
    let secret = secret(attribution, ksn_tag(tlvs), encrypted(tlvs))?;
    let shown = shown::of_chip(&emv, masked(tlvs));
    Ok(CardRead { read_method, secret, emv, shown, awaits_host })
}

fn swiped(
    attribution: Attribution,
    tlvs: &[Tlv<'_>],
    emv: Vec<Tag>,
    request: &CollectRequest,
) -> Result<Activation, ReaderError> {
    if !request.interfaces.swipe {
        return Ok(Activation::Failed(ReaderError::SwipeNotAllowed));
    }
    let value = tlvs.iter().find(|t| t.tag == tag::SWIPE).ok_or_else(|| missing("DFEE23"))?.value;
    let parse = |cipher| Swipe::parse(value, cipher);
    let swipe = match attribution.cipher() {
        Some(cipher) => parse(cipher),
        None => parse(Cipher::Tdes).or_else(|_| parse(Cipher::Aes)),
    };
    let swipe = swipe.map_err(|error| ReaderError::Protocol(error.to_string()))?;
    let tracks = swipe.encrypted.iter().map(|track| Tag::new(tag::SWIPE, *track)).collect();
    let secret = secret(attribution, swipe.ksn, tracks)?;
    let fallback = emv.iter().any(|entry| entry.tag == ENTRY_MODE && entry.value == [ENTRY_MODE_FALLBACK]);
    let read_method =
        if fallback { ReadMethod::MagneticStripeFallback } else { ReadMethod::MagneticStripeTrack2 };
    let shown = shown::of_swipe(swipe.masked);
    Ok(Activation::Card(Box::new(CardRead { read_method, secret, emv, shown, awaits_host: false })))
}

fn secret(
    attribution: Attribution,
    ksn: Option<&[u8]>,
    encrypted: Vec<Tag>,
) -> Result<EncryptedCard, ReaderError> {
    let ksn = ksn.ok_or_else(|| missing("key serial number"))?;
    let by_length = match ksn.len() {
        10 => Cipher::Tdes,
        12 => Cipher::Aes,
        _ => return Err(ReaderError::Protocol("key serial number".to_owned())),
    };
    let cipher = attribution.cipher().unwrap_or(by_length);
    if cipher != by_length {
        return Err(ReaderError::Protocol("key serial number and cipher differ".to_owned()));
    }
    if encrypted.is_empty() {
        return Err(missing("encrypted card number"));
    }
    let block = match cipher {
        Cipher::Tdes => 8,
        Cipher::Aes => 16,
    };
    if encrypted.iter().any(|tag| tag.value.is_empty() || !tag.value.len().is_multiple_of(block)) {
        return Err(ReaderError::Protocol("ciphertext length".to_owned()));
    }
    Ok(EncryptedCard { ksn: ksn.to_vec(), cipher, encrypted })
}

/// The chip signed amount and currency: they must be the ones asked for, or an older answer came late.
fn check_amount(card: &CardRead, request: &CollectRequest) -> Result<(), ReaderError> {
    let amount = amount_bcd(request.amount.amount_minor);
    let currency = currency_bcd(request.amount.currency.numeric());
    let same = card.emv_value(0x9F02) == amount.as_ref().map(|a| a.as_slice())
        && card.emv_value(0x5F2A) == Some(currency.as_slice());
    if same { Ok(()) } else { Err(ReaderError::Protocol("the card was read for another amount".to_owned())) }
}

fn clear_emv(tlvs: &[Tlv<'_>]) -> Vec<Tag> {
    let own = |tag: u32| matches!(tag.to_be_bytes(), [0, 0xDF | 0xFF, ..] | [0, 0, 0xDF | 0xFF, _]);
    tlvs.iter().filter(|t| t.form == Form::Clear && !own(t.tag)).map(|t| Tag::new(t.tag, t.value)).collect()
}

fn encrypted(tlvs: &[Tlv<'_>]) -> Vec<Tag> {
    tlvs.iter().filter(|t| t.form == Form::Encrypted).map(|t| Tag::new(t.tag, t.value)).collect()
}

fn masked<'a>(tlvs: &[Tlv<'a>]) -> Option<&'a [u8]> {
    let find = |tag: u32| tlvs.iter().find(|t| t.tag == tag && t.form == Form::Masked).map(|t| t.value);
    MASKED_TAGS.into_iter().find_map(find)
}

fn ksn_tag<'a>(tlvs: &[Tlv<'a>]) -> Option<&'a [u8]> {
    tlvs.iter().find(|t| tag::KSN.contains(&t.tag)).map(|t| t.value)
}

fn missing(what: &str) -> ReaderError {
    ReaderError::MissingEmvData(what.to_owned())
}
