//! Every database of schema version 1 stays readable.

use js_sys::{Array, Object, Reflect, Uint8Array};
use tillandsia_core::browser::WebCryptoVault;
use tillandsia_core::journal::{Change, Decision, Found, LogKind, PaymentState, Select, codec};
use tillandsia_core::ports::{Store as _, Vault as _};
use tillandsia_core::time::TimestampMs;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{console_log, wasm_bindgen_test};

use crate::fixture_v1::{self, Dump, HeadDump, LogDump, PaymentDump, SETTING};
use crate::raw;
use crate::till::{connect, fresh_name, journal, journal_over};

fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties.iter().filter(|(_, value)| !value.is_undefined()) {
        Reflect::set(&object, &JsValue::from_str(name), value).unwrap();
    }
    object.into()
}

fn bytes(hexadecimal: &str) -> JsValue {
    Uint8Array::from(hex::decode(hexadecimal).unwrap().as_slice()).into()
}

fn number(value: u64) -> JsValue {
    JsValue::from_f64(value as f64)
}

/// Writes the dump into a fresh database of the schema's own version, with the test's key as its key.
async fn restore(name: &str, dump: &Dump) {
    connect(name).await.close();
    let key = raw::import_key(&fixture_v1::KEY).await.unwrap();
    raw::put(name, "keys", key, "vault-1".into()).await.unwrap();
    for row in &dump.payments {
        let row = object(&[
            ("id", row.id.as_str().into()),
            ("revision", row.revision.into()),
            ("deadline", row.deadline.map_or(JsValue::UNDEFINED, number)),
            ("attention", row.attention.map_or(JsValue::UNDEFINED, number)),
            ("due", number(row.due)),
            ("leased", row.leased.into()),
            ("pending", row.pending.map_or(JsValue::UNDEFINED, JsValue::from)),
            ("bytes", bytes(&row.bytes)),
        ]);
        raw::put(name, "payments", row, JsValue::UNDEFINED).await.unwrap();
    }
    for entry in &dump.log {
        let entry = object(&[
            ("seq", number(entry.seq)),
            ("at", number(entry.at)),
            ("kind", entry.kind.into()),
            ("id", entry.id.as_str().into()),
            ("revision", entry.revision.into()),
            ("stored", entry.stored.into()),
            ("amount", number(entry.amount)),
            ("currency", entry.currency.as_str().into()),
            ("bytes", bytes(&entry.bytes)),
        ]);
        raw::put(name, "log", entry, JsValue::UNDEFINED).await.unwrap();
    }
    let amounts = Array::new();
    for (currency, sum) in &dump.head.amounts {
        amounts.push(&currency.as_str().into());
        amounts.push(&number(*sum));
    }
    let head = object(&[
        ("seq", number(dump.head.seq)),
        ("hash", bytes(&dump.head.hash)),
        ("count", number(dump.head.count)),
        ("amounts", amounts.into()),
    ]);
    raw::put(name, "meta", head, "head".into()).await.unwrap();
    for (setting, value) in &dump.settings {
        raw::put(name, "settings", bytes(value), setting.as_str().into()).await.unwrap();
    }
}

#[wasm_bindgen_test]
async fn the_golden_database_of_version_1_reads_back() {
    let dump: Dump = serde_json::from_str(fixture_v1::JSON).unwrap();
    let name = fresh_name();
    restore(&name, &dump).await;
    let till = journal(&name).await;
    assert_eq!(till.verify().await.unwrap(), dump.head.seq);
    let expected = fixture_v1::records();
    let mut listed: Vec<Found> = till.newest(None, 100).await.unwrap();
    listed.reverse();
    let listed: Vec<_> = listed.iter().map(|found| found.record().expect("readable").clone()).collect();
    assert_eq!(listed, expected);
    let ids = |found: Vec<Found>| {
        found.iter().map(|found| found.record().expect("readable").offline_id).collect::<Vec<_>>()
    };
    let queue = till.find(Select::Queue { after: None, limit: 100 }).await.unwrap();
    assert_eq!(ids(queue), [2, 1, 0].map(|at: usize| expected[at].offline_id));
    let unacknowledged = till.find(Select::Unacknowledged { after: None, limit: 100 }).await.unwrap();
    assert_eq!(ids(unacknowledged), [3, 4].map(|at: usize| expected[at].offline_id));
    let totals = till.head().await.unwrap().totals;
    assert_eq!(totals.count, 3);
    assert_eq!(totals.amount("usd".parse().unwrap()), 2_550 + 305);
    assert_eq!(totals.amount("jpy".parse().unwrap()), 700);
    assert_eq!(till.setting(SETTING.0).await.unwrap().as_deref(), Some(SETTING.1));
    // And it goes on from there.
    let ids = [expected[1].offline_id];
    let canceled = till.transact(TimestampMs(fixture_v1::T0 + 700), Select::Ids(&ids), |_, found| {
        let mut record = found[0].record().unwrap().clone();
        record.cancel(TimestampMs(fixture_v1::T0 + 700))?;
        Ok(Decision { changes: vec![Change { record, kind: LogKind::Canceled }], result: () })
    });
    canceled.await.unwrap();
    assert_eq!(till.verify().await.unwrap(), dump.head.seq + 1);
    assert_eq!(till.head().await.unwrap().totals.count, 2);
}

const fn kind_of(state: &PaymentState) -> LogKind {
    match state {
        PaymentState::Confirming { .. } => LogKind::Confirming,
        PaymentState::Stored { .. } => LogKind::Stored,
        PaymentState::Forwarding { .. } => LogKind::Claimed,
        PaymentState::Wedged => LogKind::Wedged,
        PaymentState::Accepted(_) => LogKind::Forwarded,
        PaymentState::Declined { .. } => LogKind::Declined,
        PaymentState::Canceled { .. } => LogKind::Canceled,
    }
}

/// Prints (`--nocapture`) what a fixture of the schema as it now is would look like. For the next version's file: the one of a
/// released version is never made again.
#[wasm_bindgen_test]
async fn prints_a_dump_that_has_the_fixtures_form() {
    let name = fresh_name();
    let connection = connect(&name).await;
    let key = raw::import_key(&fixture_v1::KEY).await.unwrap();
    raw::put(&name, "keys", key, "vault-1".into()).await.unwrap();
    let till = journal_over(&connection);
    for (number, record) in fixture_v1::records().into_iter().enumerate() {
        let changes = || vec![Change { record: record.clone(), kind: kind_of(&record.state) }];
        let ids = [record.offline_id];
        let write =
            till.transact(TimestampMs(fixture_v1::T0 + 1_000 + number as u64), Select::Ids(&ids), |_, _| {
                Ok(Decision { changes: changes(), result: () })
            });
        write.await.unwrap();
    }
    till.put_setting(SETTING.0, SETTING.1).await.unwrap();
    let vault = WebCryptoVault::new(connection);
    let store = till.store();
    let mut payments = Vec::new();
    for row in store.newest(None, 100).await.unwrap().into_iter().rev() {
        let plain =
            vault.open(&row.sealed, &tillandsia_core::journal::chain::associated(&row)).await.unwrap();
        assert!(codec::decode(&plain).is_ok());
        payments.push(PaymentDump {
            id: row.id.to_string(),
            revision: row.revision,
            deadline: row.queue.map(|position| position.deadline.0),
            attention: row.attention.map(|deadline| deadline.0),
            due: row.due.0,
            leased: row.leased,
            pending: row.unacknowledged.then_some(1),
            bytes: hex::encode([&row.base[..], &row.sealed.iv, &row.sealed.ciphertext].concat()),
            plain: hex::encode(plain),
        });
    }
    let log = store.log(1, 100).await.unwrap().into_iter().map(|entry| LogDump {
        seq: entry.seq,
        at: entry.at.0,
        kind: entry.kind.number(),
        id: entry.id.to_string(),
        revision: entry.revision,
        stored: entry.stored,
        amount: entry.amount.amount_minor,
        currency: entry.amount.currency.code().to_owned(),
        bytes: hex::encode([entry.row, entry.previous, entry.hash].concat()),
    });
    let head = store.head().await.unwrap();
    let setting = store.setting(SETTING.0).await.unwrap().unwrap();
    let dump = Dump {
        version: 1,
        payments,
        log: log.collect(),
        head: HeadDump {
            seq: head.seq,
            hash: hex::encode(head.hash),
            count: head.totals.count,
            amounts: head.totals.amounts.iter().map(|(code, sum)| (code.code().to_owned(), *sum)).collect(),
        },
        settings: [(SETTING.0.to_owned(), hex::encode([&setting.iv[..], &setting.ciphertext].concat()))]
            .into(),
    };
    assert_eq!(dump.payments.len(), 7);
    console_log!("FIXTURE {}", serde_json::to_string(&dump).unwrap());
}
