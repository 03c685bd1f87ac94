//! The suite that every ledger store passes.

use tillandsia_gateway::ids::OsIds;
use tillandsia_gateway::ledger::memory::MemoryStore;
use tillandsia_gateway::ledger::sqlite::SqliteLedger;
use tillandsia_gateway::ledger::{
    Decision, Ledger, LedgerStore, ListQuery, Name, Names, Payment, PaymentKey, StoreError,
};
use tillandsia_gateway::sqlite::Database;

use super::acquirer::Counting;
use super::card::{NOW, offline_id, sale};
use super::ledger::account;

fn created(number: u32) -> Payment {
    let names = Names { payment_intent: format!("pi_{number}"), secret: "s".to_owned() };
    Payment::create(&account(), NOW, names, &sale(number, 1000).create()).unwrap()
}

fn processing(payment: Payment, number: u32) -> Payment {
    match payment.offer(&sale(number, 1000).submission()) {
        Decision::Begin(payment) => payment,
        other => panic!("{other:?}"),
    }
}

fn key(number: u32) -> PaymentKey {
    PaymentKey::Device(offline_id(number))
}

async fn load<S: LedgerStore>(store: &S, number: u32) -> Option<Payment> {
    store.load("acct_1", &[key(number)]).await.unwrap().pop().flatten()
}

async fn reads_back_every_state<S: LedgerStore>(store: S) {
    let payment = created(1);
    assert_eq!(payment.terms(), Some(&sale(1, 1000).create().digest()));
    store.save(std::slice::from_ref(&payment)).await.unwrap();
    let payment = payment.written();
    assert_eq!(load(&store, 1).await.as_ref(), Some(&payment));
    let payment = processing(payment, 1);
    store.save(std::slice::from_ref(&payment)).await.unwrap();
    let payment = payment.written();
    assert_eq!(load(&store, 1).await.as_ref(), Some(&payment));
    assert_eq!(store.unfinished(10).await.unwrap().as_slice(), std::slice::from_ref(&payment));
    let released = payment.release();
    store.save(std::slice::from_ref(&released)).await.unwrap();
    let canceled = released.written().cancel(NOW, Some("abandoned")).unwrap();
    store.save(std::slice::from_ref(&canceled)).await.unwrap();
    assert_eq!(load(&store, 1).await, Some(canceled.written()));
    let tombstone = Payment::tombstone(&account(), offline_id(2));
    store.save(std::slice::from_ref(&tombstone)).await.unwrap();
    assert_eq!(load(&store, 2).await, Some(tombstone.written()));
    assert_eq!(store.unfinished(10).await.unwrap(), []);
    assert_eq!(store.find(Name::PaymentIntent("pi_1")).await.unwrap(), load(&store, 1).await);
    assert_eq!(store.find(Name::PaymentIntent("pi_2")).await.unwrap(), None);
    assert_eq!(store.find(Name::Charge("ch_1")).await.unwrap(), None);
}

async fn a_write_in_between_is_a_conflict<S: LedgerStore>(store: S) {
    store.save(&[created(1)]).await.unwrap();
    let stored = created(1).written();
    assert_eq!(store.save(&[created(1)]).await, Err(StoreError::Conflict));
    store.save(&[processing(stored.clone(), 1)]).await.unwrap();
    assert_eq!(store.save(&[processing(stored, 1)]).await, Err(StoreError::Conflict));
    // An update of what is not there.
    assert_eq!(store.save(&[created(2).written()]).await, Err(StoreError::Conflict));
    assert_eq!(load(&store, 2).await, None);
}

async fn all_or_nothing<S: LedgerStore>(store: S) {
    store.save(&[created(2)]).await.unwrap();
    assert_eq!(store.save(&[created(1), created(2), created(3)]).await, Err(StoreError::Conflict));
    let found = store.load("acct_1", &[key(3), key(2), key(1)]).await.unwrap();
    assert_eq!(found, [None, Some(created(2).written()), None]);
    store.save(&[]).await.unwrap();
    assert_eq!(store.load("acct_2", &[key(2)]).await.unwrap(), [None]);
    assert_eq!(store.load("acct_1", &[]).await.unwrap(), []);
}

async fn a_dropped_write_leaves_all_or_nothing<S: LedgerStore>(store: S) {
    let payments = [created(1), created(2)];
    for _ in 0..3 {
        let mut save = Box::pin(store.save(&payments));
        let _ = futures::poll!(save.as_mut());
        drop(save);
    }
    let found = store.load("acct_1", &[key(1), key(2)]).await.unwrap();
    assert_eq!(found[0].is_some(), found[1].is_some());
    // Whatever was left undone does not stand in the way.
    store.save(&[created(3)]).await.unwrap();
}

async fn lists_the_newest_first<S: LedgerStore>(store: S) {
    let acquirer = Counting::default();
    let ledger = Ledger::new(store, acquirer, OsIds);
    for number in 1..=3 {
        assert_eq!(ledger.confirm(NOW, &account(), &sale(number, 1000).submission()).await.status, 200);
    }
    ledger.create(NOW, &account(), &sale(4, 1000).create()).await.unwrap();
    let query = |charges, limit, after: Option<String>, intent: Option<String>| ListQuery {
        charges,
        payment_intent: intent,
        starting_after: after,
        limit,
    };
    let all = ledger.store().list("acct_1", &query(false, 10, None, None)).await.unwrap();
    let keys: Vec<_> = all.iter().map(|payment| payment.key.clone()).collect();
    assert_eq!(keys, [key(4), key(3), key(2), key(1)]);
    let charged = ledger.store().list("acct_1", &query(true, 2, None, None)).await.unwrap();
    let keys: Vec<_> = charged.iter().map(|payment| payment.key.clone()).collect();
    assert_eq!(keys, [key(3), key(2)]);
    let after = charged[1].charge().map(|charge| charge.id.clone());
    let rest = ledger.store().list("acct_1", &query(true, 10, after.clone(), None)).await.unwrap();
    assert_eq!(rest.iter().map(|payment| payment.key.clone()).collect::<Vec<_>>(), [key(1)]);
    assert_eq!(ledger.store().find(Name::Charge(&after.unwrap())).await.unwrap().unwrap().key, key(2));
    let of = all[2].intent().map(|intent| intent.id.clone());
    let one = ledger.store().list("acct_1", &query(true, 10, None, of)).await.unwrap();
    assert_eq!(one.iter().map(|payment| payment.key.clone()).collect::<Vec<_>>(), [key(2)]);
    assert_eq!(ledger.store().list("acct_2", &query(false, 10, None, None)).await.unwrap(), []);
}

macro_rules! suite {
    ($($test:ident),* $(,)?) => {
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $test() {
                super::$test(MemoryStore::new()).await;
            })*
        }

        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $test() {
                let directory = tempfile::tempdir().unwrap();
                let database = Database::open(directory.path()).await.unwrap();
                super::$test(SqliteLedger::new(database)).await;
            })*
        }
    };
}

suite!(
    reads_back_every_state,
    a_write_in_between_is_a_conflict,
    all_or_nothing,
    a_dropped_write_leaves_all_or_nothing,
    lists_the_newest_first,
);
