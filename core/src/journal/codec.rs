//! How a payment record is written inside its sealed row. Versioned: every version ever released stays readable.
//! The form is that of `versioned`: what is released of the structs here is never moved, added to or taken away.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::card::{CardRead, Cipher, EncryptedCard, ReadMethod, ReaderInfo, ShownCard, Tag};
use crate::ids::HolderId;
use crate::money::{Currency, Money};
use crate::payment_intent::{CaptureMethod, ReceiptDetails};
use crate::time::TimestampMs;
use crate::versioned;

use super::record::{Acceptance, CardShown, Failure, PaymentRecord, PaymentState};

/// The version that is written.
pub const RECORD_VERSION: u16 = 1;

/// Bytes that are no payment record of a known version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Written by a newer till.
    #[error("the record has version {0}, which this till does not know: update the till")]
    UnknownVersion(u16),
    /// Not a record.
    #[error("the record does not decode: {0}")]
    Malformed(String),
}

#[derive(Serialize, Deserialize)]
struct RecordV1 {
    id: String,
    pi: Option<String>,
    amount: u64,
    currency: String,
    manual: bool,
    metadata: BTreeMap<String, String>,
    description: Option<String>,
    email: Option<String>,
    created: u64,
    stored: Option<u64>,
    deadline: u64,
    account: Option<String>,
    live: bool,
    method: String,
    shown: ShownV1,
    receipt: Option<[String; 6]>,
    secret: Option<SecretV1>,
    reader: [String; 3],
    attempts: u32,
    failures: Vec<(u64, String, String)>,
    state: StateV1,
    unacknowledged: bool,
    settled: bool,
}

#[derive(Serialize, Deserialize)]
struct ShownV1 {
    brand: Option<String>,
    last4: Option<String>,
    month: u8,
    year: u16,
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct SecretV1 {
    ksn: Vec<u8>,
    aes: bool,
    encrypted: Vec<(u32, Vec<u8>)>,
    emv: Vec<(u32, Vec<u8>)>,
    awaits_host: bool,
}

#[derive(Serialize, Deserialize)]
enum StateV1 {
    Confirming { until: u64 },
    Stored { next: u64 },
    Forwarding { holder: String, until: u64 },
    Wedged,
    Accepted { at: u64, charge: Option<String>, captured: bool, code: Option<String> },
    Declined { at: u64, code: Option<String>, message: String },
    Canceled { at: u64 },
}

/// A record's bytes, in the version that is written.
pub fn encode(record: &PaymentRecord) -> Vec<u8> {
    versioned::write(RECORD_VERSION, &to_v1(record))
}

/// The record of bytes of any known version. Bytes behind the record are not part of one, and are refused.
pub fn decode(bytes: &[u8]) -> Result<PaymentRecord, CodecError> {
    let malformed = |what: &str| CodecError::Malformed(what.to_owned());
    match versioned::version(bytes).ok_or_else(|| malformed("no version"))? {
        (1, body) => from_v1(versioned::read(body).ok_or_else(|| malformed("not in the form of version 1"))?),
        (other, _) => Err(CodecError::UnknownVersion(other)),
    }
}

fn to_v1(record: &PaymentRecord) -> RecordV1 {
    let ReaderInfo { device_type, serial_number, software_version } = record.reader.clone();
    RecordV1 {
        id: record.offline_id.to_string(),
        pi: record.payment_intent.clone(),
        amount: record.amount.amount_minor,
        currency: record.amount.currency.code().to_owned(),
        manual: record.capture_method == CaptureMethod::Manual,
        metadata: record.metadata.clone(),
        description: record.description.clone(),
        email: record.receipt_email.clone(),
        created: record.created_at.0,
        stored: record.stored_at.map(|at| at.0),
        deadline: record.deadline.0,
        account: record.account.clone(),
        live: record.livemode,
        method: record.card.read_method.as_str().to_owned(),
        shown: shown_to_v1(&record.card.shown),
        receipt: record.card.receipt.clone().map(receipt_to_v1),
        secret: record.secret.as_deref().map(secret_to_v1),
        reader: [device_type, serial_number, software_version],
        attempts: record.attempts,
        failures: record.failures.iter().map(|f| (f.at.0, f.code.clone(), f.message.clone())).collect(),
        state: state_to_v1(&record.state),
        unacknowledged: record.unacknowledged,
        settled: record.settled,
    }
}

fn from_v1(v1: RecordV1) -> Result<PaymentRecord, CodecError> {
    let bad = |what: &str| CodecError::Malformed(what.to_owned());
    let read_method = ReadMethod::from_name(&v1.method).ok_or_else(|| bad("read method"))?;
    let shown = shown_from_v1(v1.shown);
    let secret = v1.secret.map(|secret| Box::new(secret_from_v1(secret, read_method, &shown)));
    let [device_type, serial_number, software_version] = v1.reader;
    Ok(PaymentRecord {
        offline_id: v1.id.parse().map_err(|_| bad("offline id"))?,
        payment_intent: v1.pi,
        amount: Money::new(v1.amount, Currency::written(&v1.currency).ok_or_else(|| bad("currency"))?),
        capture_method: if v1.manual { CaptureMethod::Manual } else { CaptureMethod::Automatic },
        metadata: v1.metadata,
        description: v1.description,
        receipt_email: v1.email,
        created_at: TimestampMs(v1.created),
        stored_at: v1.stored.map(TimestampMs),
        deadline: TimestampMs(v1.deadline),
        account: v1.account,
        livemode: v1.live,
        card: CardShown { read_method, shown, receipt: v1.receipt.map(receipt_from_v1) },
        secret,
        reader: ReaderInfo { device_type, serial_number, software_version },
        attempts: v1.attempts,
        failures: v1
            .failures
            .into_iter()
            .map(|(at, code, message)| Failure { at: TimestampMs(at), code, message })
            .collect(),
        state: state_from_v1(v1.state),
        unacknowledged: v1.unacknowledged,
        settled: v1.settled,
    })
}

fn shown_to_v1(shown: &ShownCard) -> ShownV1 {
    ShownV1 {
        brand: shown.brand.clone(),
        last4: shown.last4.clone(),
        month: shown.exp_month,
        year: shown.exp_year,
        name: shown.cardholder_name.clone(),
    }
}

fn shown_from_v1(v1: ShownV1) -> ShownCard {
    ShownCard {
        brand: v1.brand,
        last4: v1.last4,
        exp_month: v1.month,
        exp_year: v1.year,
        cardholder_name: v1.name,
    }
}

fn receipt_to_v1(receipt: ReceiptDetails) -> [String; 6] {
    [
        receipt.application_preferred_name,
        receipt.dedicated_file_name,
        receipt.application_cryptogram,
        receipt.terminal_verification_results,
        receipt.transaction_status_information,
        receipt.cardholder_verification_method,
    ]
}

fn receipt_from_v1(v1: [String; 6]) -> ReceiptDetails {
    let [name, aid, cryptogram, tvr, tsi, cvm] = v1;
    ReceiptDetails {
        application_preferred_name: name,
        dedicated_file_name: aid,
        application_cryptogram: cryptogram,
        terminal_verification_results: tvr,
        transaction_status_information: tsi,
        cardholder_verification_method: cvm,
    }
}

fn secret_to_v1(card: &CardRead) -> SecretV1 {
    let tags = |tags: &[Tag]| tags.iter().map(|tag| (tag.tag, tag.value.clone())).collect();
    SecretV1 {
        ksn: card.secret.ksn.clone(),
        aes: card.secret.cipher == Cipher::Aes,
        encrypted: tags(&card.secret.encrypted),
        emv: tags(&card.emv),
        awaits_host: card.awaits_host,
    }
}

fn secret_from_v1(v1: SecretV1, read_method: ReadMethod, shown: &ShownCard) -> CardRead {
    let tags = |tags: Vec<(u32, Vec<u8>)>| tags.into_iter().map(|(tag, value)| Tag { tag, value }).collect();
    CardRead {
        read_method,
        secret: EncryptedCard {
            ksn: v1.ksn,
            cipher: if v1.aes { Cipher::Aes } else { Cipher::Tdes },
            encrypted: tags(v1.encrypted),
        },
        emv: tags(v1.emv),
        shown: shown.clone(),
        awaits_host: v1.awaits_host,
    }
}

fn state_to_v1(state: &PaymentState) -> StateV1 {
    match state.clone() {
        PaymentState::Confirming { lease_until } => StateV1::Confirming { until: lease_until.0 },
        PaymentState::Stored { next_attempt } => StateV1::Stored { next: next_attempt.0 },
        PaymentState::Forwarding { holder, lease_until } => {
            StateV1::Forwarding { holder: holder.0, until: lease_until.0 }
        }
        PaymentState::Wedged => StateV1::Wedged,
        PaymentState::Accepted(Acceptance { at, charge, captured, authorization_code }) => {
            StateV1::Accepted { at: at.0, charge, captured, code: authorization_code }
        }
        PaymentState::Declined { at, decline_code, message } => {
            StateV1::Declined { at: at.0, code: decline_code, message }
        }
        PaymentState::Canceled { at } => StateV1::Canceled { at: at.0 },
    }
}

fn state_from_v1(v1: StateV1) -> PaymentState {
    match v1 {
        StateV1::Confirming { until } => PaymentState::Confirming { lease_until: TimestampMs(until) },
        StateV1::Stored { next } => PaymentState::Stored { next_attempt: TimestampMs(next) },
        StateV1::Forwarding { holder, until } => {
            PaymentState::Forwarding { holder: HolderId(holder), lease_until: TimestampMs(until) }
        }
        StateV1::Wedged => PaymentState::Wedged,
        StateV1::Accepted { at, charge, captured, code } => PaymentState::Accepted(Acceptance {
            at: TimestampMs(at),
            charge,
            captured,
            authorization_code: code,
        }),
        StateV1::Declined { at, code, message } => {
            PaymentState::Declined { at: TimestampMs(at), decline_code: code, message }
        }
        StateV1::Canceled { at } => PaymentState::Canceled { at: TimestampMs(at) },
    }
}
