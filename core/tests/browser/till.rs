//! A journal over the browser's store and vault, in a database of its own.

use std::cell::Cell;
use std::rc::Rc;

use tillandsia_core::browser::store::migrations::STEPS;
use tillandsia_core::browser::{BrowserEntropy, BrowserJournal, Connection, IndexedDbStore, WebCryptoVault};
use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::{Change, Decision, Journal, LogKind, PaymentRecord, Select};
use tillandsia_core::ports::Entropy as _;
use tillandsia_core::time::TimestampMs;

use crate::fixture_v1;

/// A database name nobody used before.
pub(crate) fn fresh_name() -> String {
    let mut random = [0; 8];
    BrowserEntropy.fill(&mut random);
    format!("test-{:016x}", u64::from_be_bytes(random))
}

pub(crate) async fn connect(name: &str) -> Rc<Connection> {
    Connection::open_as(name, STEPS).await.unwrap()
}

pub(crate) fn store_over(connection: &Rc<Connection>) -> IndexedDbStore {
    IndexedDbStore::new(Rc::clone(connection), Rc::new(|| {}))
}

pub(crate) fn journal_over(connection: &Rc<Connection>) -> BrowserJournal {
    Journal::new(store_over(connection), WebCryptoVault::new(Rc::clone(connection)))
}

/// A journal over a database of this name, as another tab would open it.
pub(crate) async fn journal(name: &str) -> BrowserJournal {
    journal_over(&connect(name).await)
}

thread_local! {
    static SERIAL: Cell<u64> = const { Cell::new(0) };
}

/// A stored payment that no other is equal to.
pub(crate) fn new_record() -> PaymentRecord {
    let serial = SERIAL.get() + 1;
    SERIAL.set(serial);
    let mut random = [0; 10];
    BrowserEntropy.fill(&mut random);
    let mut record = fixture_v1::records()[1].clone();
    record.offline_id = OfflineId::mint(TimestampMs(fixture_v1::T0 + 10_000 + serial), random);
    record
}

/// Writes a record down; `offline_payments_store_full` when `count_max` are stored.
pub(crate) async fn write(
    journal: &BrowserJournal,
    record: &PaymentRecord,
    kind: LogKind,
    count_max: u64,
) -> Result<(), TerminalError> {
    let ids = [record.offline_id];
    journal
        .transact(TimestampMs(fixture_v1::T0), Select::Ids(&ids), |head, _| {
            if head.totals.count >= count_max {
                return Err(TerminalError::new(ErrorCode::OfflinePaymentsStoreFull, "enough"));
            }
            let changes = vec![Change { record: record.clone(), kind }];
            Ok(Decision { changes, result: () })
        })
        .await
}

pub(crate) async fn store_one(journal: &BrowserJournal) -> PaymentRecord {
    let record = new_record();
    write(journal, &record, LogKind::Stored, u64::MAX).await.unwrap();
    record
}
