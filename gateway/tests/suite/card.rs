//! Payments as a device sends them, made with the published test keys.

use tillandsia_card_crypto::emv::card_key::card_key;
use tillandsia_card_crypto::{CryptogramData, Ksn, cbc_encrypt, test_keys};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::time::TimestampMs;
use tillandsia_core::wire::{CardOnWire, CreatePayment, PaymentSubmission, ReaderOnWire, TagOnWire};

/// 2026-01-01, when the test cards are still good.
pub(crate) const NOW: u64 = 1_767_225_600;
pub(crate) const PAN: &str = "4761739001010010";

/// A card and a reader about to be used.
#[derive(Clone)]
pub(crate) struct Sale {
    pub(crate) number: u32,
    pub(crate) amount: u64,
    pub(crate) currency: (&'static str, &'static str),
    pub(crate) pan: String,
    pub(crate) expiry: &'static str,
    pub(crate) is_aes: bool,
    pub(crate) issuer_data: &'static str,
    pub(crate) manual: bool,
    pub(crate) stored_at: Option<u64>,
}

/// The `number`th sale: a key serial number, transaction counter and offline id of its own.
pub(crate) fn sale(number: u32, amount: u64) -> Sale {
    Sale {
        number,
        amount,
        currency: ("usd", "0840"),
        pan: PAN.to_owned(),
        expiry: "3012",
        is_aes: false,
        issuer_data: "06010A03A00000",
        manual: false,
        stored_at: None,
    }
}

pub(crate) fn offline_id(number: u32) -> OfflineId {
    let mut random = [7; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    OfflineId::mint(TimestampMs(NOW * 1000), random)
}

pub(crate) fn tag(tag: &str, value: impl Into<String>) -> TagOnWire {
    TagOnWire { tag: tag.to_owned(), value: value.into() }
}

impl Sale {
    pub(crate) fn ksn(&self) -> Ksn {
        if self.is_aes {
            Ksn::from_hex(&format!("1234567890123456{:08X}", self.number)).unwrap()
        } else {
            Ksn::from_hex(&format!("FFFF9876543210E{:05X}", self.number)).unwrap()
        }
    }

    pub(crate) fn encrypted(&self, tag_name: &str, plaintext: &[u8]) -> TagOnWire {
        let key = test_keys::base_keys().data_key(&self.ksn()).unwrap();
        tag(tag_name, hex::encode_upper(cbc_encrypt(self.ksn().cipher(), &key, plaintext)))
    }

    fn track(&self) -> TagOnWire {
        let mut digits = format!("{}D{}201000000000", self.pan, self.expiry);
        if !digits.len().is_multiple_of(2) {
            digits.push('F');
        }
        let track = hex::decode(&digits).unwrap();
        let mut plaintext = vec![0x57, u8::try_from(track.len()).unwrap()];
        plaintext.extend(track);
        self.encrypted("57", &plaintext)
    }

    fn emv(&self) -> Vec<TagOnWire> {
        let mut tags = vec![
            tag("9F02", format!("{:012}", self.amount)),
            tag("9F03", "000000000000"),
            tag("9F1A", "0840"),
            tag("95", "0000008000"),
            tag("5F2A", self.currency.1),
            tag("9A", "260101"),
            tag("9C", "00"),
            tag("9F37", format!("{:08X}", self.number)),
            tag("82", "2000"),
            tag("9F36", format!("{:04X}", self.number)),
            tag("9F10", self.issuer_data),
            tag("9F27", "80"),
            tag("5F34", "01"),
            tag("50", hex::encode_upper("VISA CREDIT")),
            tag("84", "A0000000031010"),
            tag("5F28", "0840"),
        ];
        let values: Vec<(u16, Vec<u8>)> = tags
            .iter()
            .map(|t| (u16::from_str_radix(&t.tag, 16).unwrap(), hex::decode(&t.value).unwrap()))
            .collect();
        let lookup = |name| values.iter().find(|(tag, _)| *tag == name).map(|(_, value)| value.as_slice());
        let key = card_key(&test_keys::issuer_master_key(), &self.pan, 1).unwrap();
        let cryptogram = CryptogramData::from_tags(lookup).unwrap().cryptogram(&key).unwrap();
        tags.push(tag("9F26", hex::encode_upper(cryptogram)));
        tags
    }

    pub(crate) fn create(&self) -> CreatePayment {
        CreatePayment {
            offline_id: offline_id(self.number).to_string(),
            amount: self.amount,
            currency: self.currency.0.to_owned(),
            capture_method: if self.manual { "manual" } else { "automatic" }.to_owned(),
            metadata: [("order".to_owned(), self.number.to_string())].into(),
            description: None,
            receipt_email: None,
            created_at: NOW,
        }
    }

    /// Tapped.
    pub(crate) fn submission(&self) -> PaymentSubmission {
        PaymentSubmission {
            account: None,
            livemode: None,
            payment: self.create(),
            payment_intent: None,
            stored_at: self.stored_at,
            card: CardOnWire {
                read_method: "contactless_emv".to_owned(),
                ksn: self.ksn().to_string(),
                cipher: if self.is_aes { "aes" } else { "tdes" }.to_owned(),
                encrypted: vec![self.track()],
                emv: self.emv(),
                reader: ReaderOnWire {
                    device_type: "simulated_vp3300".to_owned(),
                    serial_number: "T1".to_owned(),
                    software_version: "1".to_owned(),
                },
            },
        }
    }

    /// Swiped: no chip data.
    pub(crate) fn swipe(&self) -> PaymentSubmission {
        let tracks =
            format!("%B{}^TEST/CARD^{}2011?;{}={}2011?", self.pan, self.expiry, self.pan, self.expiry);
        let mut submission = self.submission();
        submission.card.read_method = "magnetic_stripe_track2".to_owned();
        submission.card.encrypted = vec![self.encrypted("DFEE23", tracks.as_bytes())];
        submission.card.emv = Vec::new();
        submission
    }
}

/// Changes one EMV tag after the card has signed.
pub(crate) fn alter(submission: &mut PaymentSubmission, name: &str, value: &str) {
    let entry = submission.card.emv.iter_mut().find(|entry| entry.tag == name).unwrap();
    value.clone_into(&mut entry.value);
}
