//! What "the same content" means, said the same by device and gateway.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::payments::{CardOnWire, CreatePayment, PaymentSubmission, ReaderOnWire, TagOnWire};

/// SHA-256 over the canonical JSON of a payment: no white space, members sorted by name. The gateway keeps it for ever
/// beside the payment, so the canonical form must never change: a field added to the wire later has to be left out of it
/// when absent.
pub type ContentDigest = [u8; 32];

impl CreatePayment {
    /// The digest of a payment's terms: what it is created with.
    pub fn digest(&self) -> ContentDigest {
        of(&Canonical::of(self, None))
    }
}

impl PaymentSubmission {
    /// The digest of a submission: the payment and the card. The rest says for whom, how and when it was sent, not what
    /// it is. So a payment whose online answer was lost is recognised when it comes again as stored.
    pub fn digest(&self) -> ContentDigest {
        of(&Canonical::of(&self.payment, Some(CanonicalCard::of(&self.card))))
    }
}

/// Members in the order of their names, whatever the order on the wire is.
#[derive(Serialize)]
struct Canonical<'a> {
    amount: u64,
    capture_method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<CanonicalCard<'a>>,
    created_at: u64,
    currency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    metadata: &'a BTreeMap<String, String>,
    offline_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_email: Option<&'a str>,
}

#[derive(Serialize)]
struct CanonicalCard<'a> {
    cipher: &'a str,
    emv: &'a [TagOnWire],
    encrypted: &'a [TagOnWire],
    ksn: &'a str,
    read_method: &'a str,
    reader: &'a ReaderOnWire,
}

impl<'a> Canonical<'a> {
    fn of(payment: &'a CreatePayment, card: Option<CanonicalCard<'a>>) -> Self {
        Canonical {
            amount: payment.amount,
            capture_method: &payment.capture_method,
            card,
            created_at: payment.created_at,
            currency: &payment.currency,
            description: payment.description.as_deref(),
            metadata: &payment.metadata,
            offline_id: &payment.offline_id,
            receipt_email: payment.receipt_email.as_deref(),
        }
    }
}

impl<'a> CanonicalCard<'a> {
    fn of(card: &'a CardOnWire) -> Self {
        CanonicalCard {
            cipher: &card.cipher,
            emv: &card.emv,
            encrypted: &card.encrypted,
            ksn: &card.ksn,
            read_method: &card.read_method,
            reader: &card.reader,
        }
    }
}

fn of(canonical: &Canonical<'_>) -> ContentDigest {
    // Text keys and plain values only: this cannot fail to serialise.
    Sha256::digest(serde_json::to_vec(canonical).unwrap_or_default()).into()
}
