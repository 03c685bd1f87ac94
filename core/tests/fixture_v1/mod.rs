//! The golden database of schema version 1: what it holds, and how its file is read. The file never changes: it stands
//! for every till that was ever installed with this version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tillandsia_core::card::{CardRead, Cipher, EncryptedCard, ReadMethod, ReaderInfo, ShownCard, Tag};
use tillandsia_core::ids::{HolderId, OfflineId};
use tillandsia_core::journal::{Acceptance, CardShown, Failure, PaymentRecord, PaymentState};
use tillandsia_core::money::Money;
use tillandsia_core::payment_intent::CaptureMethod;
use tillandsia_core::time::TimestampMs;

/// The file.
pub(crate) const JSON: &str = include_str!("../../../tests/fixtures/journal-v1.json");

/// The test's own AES key: a real one is never outside its browser.
#[cfg(target_arch = "wasm32")]
pub(crate) const KEY: [u8; 32] = *b"tillandsia golden fixture key 01";

/// A setting that was sealed with it.
#[cfg(target_arch = "wasm32")]
pub(crate) const SETTING: (&str, &[u8]) = ("device", b"6b1fd0c4-6a1c-4d8e-9c39-0d5f1c9b2a11");

/// A database, dumped. Bytes are hexadecimal.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Dump {
    pub(crate) version: u32,
    pub(crate) payments: Vec<PaymentDump>,
    pub(crate) log: Vec<LogDump>,
    pub(crate) head: HeadDump,
    pub(crate) settings: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PaymentDump {
    pub(crate) id: String,
    pub(crate) revision: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deadline: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attention: Option<u64>,
    pub(crate) due: u64,
    pub(crate) leased: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<u32>,
    pub(crate) bytes: String,
    /// What the row's ciphertext opens to; not in the database.
    pub(crate) plain: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LogDump {
    pub(crate) seq: u64,
    pub(crate) at: u64,
    pub(crate) kind: u8,
    pub(crate) id: String,
    pub(crate) revision: u32,
    pub(crate) stored: bool,
    pub(crate) amount: u64,
    pub(crate) currency: String,
    pub(crate) bytes: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HeadDump {
    pub(crate) seq: u64,
    pub(crate) hash: String,
    pub(crate) count: u64,
    pub(crate) amounts: Vec<(String, u64)>,
}

/// When the fixture's day starts.
pub(crate) const T0: u64 = 1_795_000_000_000;

fn id(number: u8) -> OfflineId {
    OfflineId::mint(TimestampMs(T0 + u64::from(number)), [number; 10])
}

fn card(number: u8) -> CardRead {
    CardRead {
        read_method: ReadMethod::ContactlessEmv,
        secret: EncryptedCard {
            ksn: vec![0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, number],
            cipher: Cipher::Tdes,
            encrypted: vec![Tag::new(0x57, [number; 24]), Tag::new(0x5A, [number ^ 0xFF; 16])],
        },
        emv: vec![
            Tag::new(0x84, *b"\xA0\0\0\0\x03\x10\x10"),
            Tag::new(0x9F26, [number; 8]),
            Tag::new(0x9F36, [0, number]),
            Tag::new(0x9F37, [1, 2, 3, number]),
            Tag::new(0x95, [0; 5]),
            Tag::new(0x9A, [0x26, 0x11, 0x18]),
            Tag::new(0x82, [0x20, 0x00]),
        ],
        shown: ShownCard {
            brand: Some("visa".into()),
            last4: Some("4242".into()),
            exp_month: 8,
            exp_year: 2030,
            cardholder_name: Some("A. Nobody".into()),
        },
        awaits_host: number % 2 == 1,
    }
}

fn record(number: u8, amount: Money, state: PaymentState) -> PaymentRecord {
    let card = card(number);
    let mut record = PaymentRecord {
        offline_id: id(number),
        payment_intent: None,
        amount,
        capture_method: if number == 6 { CaptureMethod::Manual } else { CaptureMethod::Automatic },
        metadata: BTreeMap::from([("order".into(), format!("№ {number}"))]),
        description: (number == 2).then(|| "Two coffees".into()),
        receipt_email: (number == 3).then(|| "nobody@example.com".into()),
        created_at: TimestampMs(T0 + u64::from(number)),
        stored_at: Some(TimestampMs(T0 + 100 + u64::from(number))),
        deadline: TimestampMs(T0 + 86_400_000 - u64::from(number)),
        account: Some("acct_golden".into()),
        livemode: false,
        card: CardShown::of(&card),
        secret: Some(Box::new(card)),
        reader: ReaderInfo {
            device_type: "idtech_vp3300".into(),
            serial_number: "836T012345".into(),
            software_version: "VP3300 USB NEO v1.01.151".into(),
        },
        attempts: 0,
        failures: Vec::new(),
        state,
        unacknowledged: false,
        settled: false,
    };
    if record.is_final() {
        record.secret = None;
        record.payment_intent = Some(format!("pi_golden{number}"));
    }
    record
}

/// What the fixture holds: a payment in each state, in the order in which they were written.
pub(crate) fn records() -> Vec<PaymentRecord> {
    let usd = |amount| Money::new(amount, "usd".parse().expect("a currency"));
    let jpy = |amount| Money::new(amount, "jpy".parse().expect("a currency"));
    let at = |ms| TimestampMs(T0 + ms);
    let mut confirming = record(1, usd(1_099), PaymentState::Confirming { lease_until: at(60_000) });
    confirming.stored_at = None;
    let stored = record(2, usd(2_550), PaymentState::Stored { next_attempt: at(200) });
    let holder = HolderId("00112233445566778899aabbccddeeff".into());
    let mut forwarding = record(3, jpy(700), PaymentState::Forwarding { holder, lease_until: at(90_000) });
    forwarding.attempts = 2;
    let failure =
        |code: &str, message: &str| Failure { at: at(300), code: code.into(), message: message.into() };
    forwarding.failures = vec![failure("request_timed_out", "the gateway did not answer in time")];
    let mut wedged = record(4, usd(305), PaymentState::Wedged);
    wedged.attempts = 1;
    wedged.unacknowledged = true;
    wedged.failures = vec![failure("idempotency_conflict", "the offline id is known with other content")];
    let declined = PaymentState::Declined {
        at: at(400),
        decline_code: Some("generic_decline".into()),
        message: "declined".into(),
    };
    let mut declined = record(5, usd(1_005), declined);
    declined.unacknowledged = true;
    let accepted = record(
        6,
        usd(999_999_999_999),
        PaymentState::Accepted(Acceptance {
            at: at(500),
            charge: Some("ch_golden6".into()),
            captured: false,
            authorization_code: Some("123456".into()),
        }),
    );
    let canceled = record(7, usd(1), PaymentState::Canceled { at: at(600) });
    vec![confirming, stored, forwarding, wedged, declined, accepted, canceled]
}
