//! The store's promises: whole commits, strict durability, schema versions, lost connections.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::join_all;
use tillandsia_core::browser::store::migrations::{STEPS, Step};
use tillandsia_core::browser::{BrowserClock, Connection};
use tillandsia_core::error::ErrorCode;
use tillandsia_core::journal::{Head, LogKind};
use tillandsia_core::ports::{Clock as _, Store as _, StoreError};
use tillandsia_core::testing::store_conformance::{self, commit_of, row};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::raw::{self, Undo};
use crate::till::{connect, fresh_name, journal, journal_over, new_record, store_one, store_over, write};

#[wasm_bindgen_test]
async fn it_conforms() {
    store_conformance::run(async || store_over(&connect(&fresh_name()).await)).await;
}

#[wasm_bindgen_test]
async fn two_tabs_that_race_for_the_last_places_get_them_once() {
    let name = fresh_name();
    let (one, other) = (journal(&name).await, journal(&name).await);
    let records: Vec<_> = (0..24).map(|_| new_record()).collect();
    let sales = records.iter().enumerate().map(|(number, record)| {
        let tab = if number % 2 == 0 { &one } else { &other };
        write(tab, record, LogKind::Stored, 7)
    });
    let outcomes = join_all(sales).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 7);
    let refusals = outcomes.into_iter().filter_map(Result::err);
    assert!(refusals.into_iter().all(|error| error.code == ErrorCode::OfflinePaymentsStoreFull));
    let head = one.head().await.unwrap();
    assert_eq!(head.totals.count, 7);
    assert_eq!(other.verify().await.unwrap(), 7);
    assert_eq!(other.newest(None, 100).await.unwrap().len(), 7);
}

#[wasm_bindgen_test]
async fn a_commit_whose_requests_fail_throws_nothing_into_the_page() {
    let thrown = Rc::new(RefCell::new(Vec::new()));
    let listener = {
        let thrown = Rc::clone(&thrown);
        Closure::<dyn FnMut(web_sys::ErrorEvent)>::new(move |event: web_sys::ErrorEvent| {
            thrown.borrow_mut().push(event.message());
        })
    };
    let window = web_sys::window().unwrap();
    window.add_event_listener_with_callback("error", listener.as_ref().unchecked_ref()).unwrap();
    let store = store_over(&connect(&fresh_name()).await);
    let stale = commit_of(&store.head().await.unwrap(), vec![row(3, 1), row(4, 1)]);
    for number in 1..=3 {
        let next = commit_of(&store.head().await.unwrap(), vec![row(number + 10, 50)]);
        store.commit(next).await.unwrap();
    }
    assert_eq!(store.commit(stale).await, Err(StoreError::Conflict));
    BrowserClock.sleep_ms(50).await;
    assert_eq!(*thrown.borrow(), [""; 0]);
    window.remove_event_listener_with_callback("error", listener.as_ref().unchecked_ref()).unwrap();
}

#[wasm_bindgen_test]
async fn what_was_committed_is_there_after_reopening() {
    let name = fresh_name();
    let till = journal(&name).await;
    let record = store_one(&till).await;
    let head = till.head().await.unwrap();
    till.store().connection().close();
    let again = journal(&name).await;
    assert_eq!(again.head().await.unwrap(), head);
    let found = again.payment(record.offline_id).await.unwrap().unwrap();
    assert_eq!(found.record(), Some(&record));
}

#[wasm_bindgen_test]
async fn every_write_asks_for_strict_durability() {
    let name = fresh_name();
    let connection = connect(&name).await;
    let till = journal_over(&connection);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let spy = {
        let seen = Rc::clone(&seen);
        Closure::<dyn FnMut(String, String)>::new(move |mode, durability| {
            seen.borrow_mut().push((mode, durability));
        })
    };
    let undo = Undo(raw::spy_on_transactions(&spy));
    store_one(&till).await;
    till.put_setting("a", b"b").await.unwrap();
    till.store().reserve(1000).await.unwrap();
    drop(undo);
    let writes: Vec<_> = seen.borrow().iter().filter(|(mode, _)| mode == "readwrite").cloned().collect();
    assert_eq!(writes.len(), 4, "key, payment, setting, spare: {writes:?}");
    assert!(writes.iter().all(|(_, durability)| durability == "strict"), "{writes:?}");
}

#[wasm_bindgen_test]
async fn each_commit_is_announced_once_it_is_there() {
    let connection = connect(&fresh_name()).await;
    let announced = Rc::new(Cell::new(0));
    let counter = Rc::clone(&announced);
    let on_commit = Rc::new(move || counter.set(counter.get() + 1));
    let store = tillandsia_core::browser::IndexedDbStore::new(connection, on_commit);
    let commit = commit_of(&Head::default(), vec![row(1, 1), row(2, 2)]);
    store.commit(commit.clone()).await.unwrap();
    assert_eq!(announced.get(), 1);
    assert_eq!(store.commit(commit).await, Err(StoreError::Conflict));
    assert_eq!(announced.get(), 1);
}

#[wasm_bindgen_test]
async fn a_transaction_that_is_aborted_has_written_nothing() {
    let connection = connect(&fresh_name()).await;
    let store = store_over(&connection);
    let commit = commit_of(&Head::default(), vec![row(1, 1), row(2, 2)]);
    for part in ["payments", "meta"] {
        let undo = Undo(raw::abort_next_write(part));
        let failed = store.commit(commit.clone()).await;
        drop(undo);
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{part}: {failed:?}");
        assert_eq!(store.head().await.unwrap(), Head::default());
        assert_eq!(store.newest(None, 9).await.unwrap(), Vec::new());
        assert_eq!(store.log(0, 9).await.unwrap(), Vec::new());
    }
    store.commit(commit).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_full_disk_is_said_to_be_full_and_loses_nothing() {
    let name = fresh_name();
    let till = journal(&name).await;
    let kept = store_one(&till).await;
    let undo = Undo(raw::full_disk());
    assert_eq!(till.store().reserve(64 * 1024).await, Err(StoreError::Full));
    let refused = write(&till, &new_record(), LogKind::Stored, u64::MAX).await.unwrap_err();
    drop(undo);
    assert_eq!(refused.code, ErrorCode::OfflinePaymentsStoreFull);
    assert_eq!(till.head().await.unwrap().totals.count, 1);
    assert!(till.payment(kept.offline_id).await.unwrap().unwrap().record().is_some());
    store_one(&till).await;
    assert_eq!(till.verify().await.unwrap(), 2);
}

#[wasm_bindgen_test]
async fn a_lost_connection_is_opened_again() {
    let name = fresh_name();
    let till = journal(&name).await;
    store_one(&till).await;
    for write in [false, true] {
        let undo = Undo(raw::break_next_transaction());
        if write {
            store_one(&till).await;
        } else {
            assert_eq!(till.head().await.unwrap().totals.count, 1);
        }
        drop(undo);
    }
    assert_eq!(till.verify().await.unwrap(), 2);
}

#[wasm_bindgen_test]
async fn a_newer_version_may_take_the_database_and_this_one_then_only_reads() {
    let name = fresh_name();
    let connection = connect(&name).await;
    let till = journal_over(&connection);
    let record = store_one(&till).await;
    let told = Rc::new(Cell::new(false));
    let hears = Rc::clone(&told);
    connection.on_version_change(Rc::new(move || hears.set(true)));
    raw::upgrade(&name, 2).await.unwrap();
    assert!(told.get(), "the page is told to reload");
    let found = till.payment(record.offline_id).await.unwrap().unwrap();
    assert_eq!(found.record(), Some(&record), "reading works");
    assert_eq!(connection.newer_version(), Some(2));
    let refused = write(&till, &new_record(), LogKind::Stored, u64::MAX).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::StorageUnavailable);
    assert!(refused.message.contains("newer version"), "{refused}");
    assert_eq!(till.store().reserve(1).await, Err(StoreError::NewerVersion { found: 2 }));
    // Opened anew it is the same.
    let again = journal(&name).await;
    assert_eq!(again.store().connection().newer_version(), Some(2));
    assert_eq!(again.verify().await.unwrap(), 1);
    assert_eq!(again.store().reserve(1).await, Err(StoreError::NewerVersion { found: 2 }));
}

const TO_TWO: Step = Step { version: 2, add: |schema| schema.add_store("second", None, &[]) };
const FAILING: Step = Step {
    version: 3,
    add: |schema| {
        schema.add_store("half_done", None, &[])?;
        schema.add_store("second", None, &[])
    },
};

#[wasm_bindgen_test]
async fn a_migration_adds_and_one_that_fails_changes_nothing() {
    let name = fresh_name();
    let till = journal(&name).await;
    let record = store_one(&till).await;
    till.store().connection().close();
    let two: &'static [Step] = vec![STEPS[0], TO_TWO].leak();
    let three: &'static [Step] = vec![STEPS[0], TO_TWO, FAILING].leak();
    Connection::open_as(&name, two).await.unwrap().close();
    let failed = Connection::open_as(&name, three).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    let described = raw::describe(&name).await.unwrap().as_string().unwrap();
    assert_eq!(described, "2:keys,log,meta,payments,second,settings,spare");
    let connection = Connection::open_as(&name, two).await.unwrap();
    let found = journal_over(&connection).payment(record.offline_id).await.unwrap().unwrap();
    assert_eq!(found.record(), Some(&record));
}

#[wasm_bindgen_test]
async fn an_open_that_another_tab_blocks_ends_with_an_error_that_says_so() {
    let name = fresh_name();
    connect(&name).await.close();
    let release: js_sys::Function = raw::hold_open(&name).await.unwrap().unchecked_into();
    let two: &'static [Step] = vec![STEPS[0], TO_TWO].leak();
    let Err(StoreError::Unavailable(why)) = Connection::open_as(&name, two).await else {
        panic!("it must not open");
    };
    assert!(why.contains("another tab"), "{why}");
    release.call0(&JsValue::UNDEFINED).unwrap();
    Connection::open_as(&name, two).await.unwrap();
}
