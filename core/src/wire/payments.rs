//! A payment on its way from a device to the gateway.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::resources::{Charge, ErrorBody, PaymentIntent};
use crate::card::{CardRead, ReaderInfo, Tag};

/// `POST /v1/terminal/payments`: make the PaymentIntent of an offline id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatePayment {
    /// The device's name for the payment; the idempotency key.
    pub offline_id: String,
    /// Minor units.
    pub amount: u64,
    /// Lowercase ISO 4217.
    pub currency: String,
    /// `automatic` or `manual`.
    pub capture_method: String,
    /// The app's own data.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where a receipt is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_email: Option<String>,
    /// When the device created it, unix seconds.
    pub created_at: u64,
}

/// A payment with its card: `POST /v1/terminal/payments/{offline_id}/confirm`, and each item of a batch.
///
/// Its content, the payment and the card, is what the ledger compares: the same offline id with
/// other content is refused with 422.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentSubmission {
    /// The payment as it would be created, so that one request is enough.
    #[serde(flatten)]
    pub payment: CreatePayment,
    /// The gateway's name, where it was created online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_intent: Option<String>,
    /// Whose payment it is (`acct_…`), as of the session in force when the card was read. Another account's gateway
    /// refuses it with 403.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Whether it moves money, as of that session. A gateway of the other mode refuses it with 403.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub livemode: Option<bool>,
    /// When the device stored it, unix seconds; absent when it is confirmed online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_at: Option<u64>,
    /// The card.
    pub card: CardOnWire,
}

/// Where a payment belongs. A [`PaymentSubmission`] says the same in fields of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Whose payment it is (`acct_…`), as of the session in force when the card was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Whether it moves money, as of that session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub livemode: Option<bool>,
}

/// `POST /v1/terminal/payments/{offline_id}/resolve`: what became of this payment. The id alone is not the payment: what
/// is known under it with other content is neither told nor canceled, but refused with 422.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Where it belongs.
    #[serde(flatten)]
    pub origin: Origin,
    /// [`CreatePayment::digest`], hexadecimal.
    pub terms: String,
    /// [`PaymentSubmission::digest`], hexadecimal.
    pub content: String,
}

impl Question {
    /// The question about a payment that was, or may have been, sent like this.
    pub fn about(submission: &PaymentSubmission) -> Self {
        Question {
            origin: Origin { account: submission.account.clone(), livemode: submission.livemode },
            terms: hex::encode(submission.payment.digest()),
            content: hex::encode(submission.digest()),
        }
    }
}

/// A card as a reader gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardOnWire {
    /// `contactless_emv` …
    pub read_method: String,
    /// Key serial number, hexadecimal.
    pub ksn: String,
    /// `tdes` or `aes`.
    pub cipher: String,
    /// Ciphertexts by tag.
    pub encrypted: Vec<TagOnWire>,
    /// EMV tags in clear.
    pub emv: Vec<TagOnWire>,
    /// The reader.
    pub reader: ReaderOnWire,
}

/// A tag and its bytes, both hexadecimal uppercase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagOnWire {
    /// `9F26`.
    pub tag: String,
    /// The value.
    pub value: String,
}

/// The reader of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderOnWire {
    /// `idtech_vp3300` …
    pub device_type: String,
    /// As the reader reports it.
    pub serial_number: String,
    /// As the reader reports it.
    pub software_version: String,
}

impl CardOnWire {
    /// The wire form of a card and its reader.
    pub fn of(card: &CardRead, reader: &ReaderInfo) -> Self {
        let tags = |tags: &[Tag]| {
            tags.iter()
                .map(|tag| TagOnWire { tag: format!("{:X}", tag.tag), value: hex::encode_upper(&tag.value) })
                .collect()
        };
        CardOnWire {
            read_method: card.read_method.as_str().to_owned(),
            ksn: hex::encode_upper(&card.secret.ksn),
            cipher: card.secret.cipher.as_str().to_owned(),
            encrypted: tags(&card.secret.encrypted),
            emv: tags(&card.emv),
            reader: ReaderOnWire {
                device_type: reader.device_type.clone(),
                serial_number: reader.serial_number.clone(),
                software_version: reader.software_version.clone(),
            },
        }
    }
}

/// `POST /v1/terminal/payments/forward`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardBatch {
    /// At most [`super::FORWARD_BATCH_MAX`] payments, oldest deadline first.
    pub payments: Vec<PaymentSubmission>,
}

/// The answer to a batch: a result for each payment, in the batch's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardResults {
    /// One for each payment sent.
    pub results: Vec<ForwardResult>,
}

/// What became of one payment.
///
/// `status` is the HTTP status it would have had alone: 200 authorised (see the PaymentIntent's status),
/// 402 declined, 409 the same payment is being processed right now, 410 canceled, 400 malformed, 403 of another
/// account or mode, 422 the offline id is known with other content, 5xx the gateway failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardResult {
    /// The payment.
    pub offline_id: String,
    /// As above.
    pub status: u16,
    /// The gateway's PaymentIntent, with 200, 402 and 410.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_intent: Option<PaymentIntent>,
    /// Its charge, with 200 and 402.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Charge>,
    /// Why not, with every other status than 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}
