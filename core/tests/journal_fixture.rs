//! The golden database of schema version 1, read without a browser: its records decode, its log is whole, and the log
//! vouches for its rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(not(target_arch = "wasm32"))]
#![allow(missing_docs)]

mod fixture_v1;

use fixture_v1::{Dump, LogDump, PaymentDump};
use tillandsia_core::journal::chain::{ChainCheck, row_digest};
use tillandsia_core::journal::{LogEntry, LogKind, PaymentRow, QueuePosition, Sealed, codec};
use tillandsia_core::money::Money;
use tillandsia_core::time::TimestampMs;

fn dump() -> Dump {
    serde_json::from_str(fixture_v1::JSON).unwrap()
}

fn row(dump: &PaymentDump) -> PaymentRow {
    let bytes = hex::decode(&dump.bytes).unwrap();
    let id = dump.id.parse().unwrap();
    PaymentRow {
        id,
        revision: dump.revision,
        base: bytes[..32].try_into().unwrap(),
        queue: dump.deadline.map(|deadline| QueuePosition { deadline: TimestampMs(deadline), id }),
        attention: dump.attention.map(TimestampMs),
        due: TimestampMs(dump.due),
        leased: dump.leased,
        unacknowledged: dump.pending.is_some(),
        sealed: Sealed { iv: bytes[32..44].try_into().unwrap(), ciphertext: bytes[44..].to_vec() },
    }
}

fn entry(dump: &LogDump) -> LogEntry {
    let bytes = hex::decode(&dump.bytes).unwrap();
    LogEntry {
        seq: dump.seq,
        at: TimestampMs(dump.at),
        kind: LogKind::from_number(dump.kind).unwrap(),
        id: dump.id.parse().unwrap(),
        revision: dump.revision,
        stored: dump.stored,
        amount: Money::new(dump.amount, dump.currency.parse().unwrap()),
        row: bytes[..32].try_into().unwrap(),
        previous: bytes[32..64].try_into().unwrap(),
        hash: bytes[64..].try_into().unwrap(),
    }
}

#[test]
fn its_records_decode_to_what_was_written() {
    let decoded: Vec<_> =
        dump().payments.iter().map(|row| codec::decode(&hex::decode(&row.plain).unwrap()).unwrap()).collect();
    assert_eq!(decoded, fixture_v1::records());
}

#[test]
fn its_log_is_whole_and_vouches_for_every_row() {
    let dump = dump();
    let mut check = ChainCheck::default();
    for recorded in &dump.log {
        let recorded = entry(recorded);
        check.push(&recorded).unwrap();
        let of = dump.payments.iter().find(|row| row.id == recorded.id.to_string()).unwrap();
        assert_eq!(row_digest(&row(of)), recorded.row, "{}", recorded.id);
    }
    let head: [u8; 32] = hex::decode(&dump.head.hash).unwrap().try_into().unwrap();
    check.finish(dump.head.seq, &head).unwrap();
}

#[test]
fn what_is_still_written_has_the_same_form() {
    for (written, row) in fixture_v1::records().iter().map(codec::encode).zip(dump().payments) {
        assert_eq!(hex::encode(written), row.plain);
    }
}
