//! What every store must do, whatever it is made of. `fresh` gives an empty store each time it is called.

use crate::ids::OfflineId;
use crate::journal::chain::entry_hash;
use crate::journal::{Commit, Head, LogEntry, LogKind, PaymentRow, QueuePosition, Sealed};
use crate::money::Money;
use crate::ports::{Store, StoreError};
use crate::time::TimestampMs;

/// Runs the whole suite.
pub async fn run<S: Store, F: AsyncFn() -> S>(fresh: F) {
    starts_empty(&fresh().await).await;
    commits_whole(&fresh().await).await;
    refuses_a_stale_head_and_writes_nothing(&fresh().await).await;
    adds_a_payment_only_once(&fresh().await).await;
    removes_what_is_finished_long_ago(&fresh().await).await;
    orders_the_queue_by_deadline_then_id(&fresh().await).await;
    drops_a_final_payment_from_the_queue(&fresh().await).await;
    lists_what_waits_for_a_person(&fresh().await).await;
    lists_unacknowledged_and_newest(&fresh().await).await;
    pages_the_log(&fresh().await).await;
    keeps_settings(&fresh().await).await;
    reserves(&fresh().await).await;
}

/// An id that sorts by `number`.
pub fn id(number: u64) -> OfflineId {
    OfflineId::mint(TimestampMs(1_800_000_000_000 + number), [7; 10])
}

/// A row in the queue with this deadline.
pub fn row(number: u64, deadline_ms: u64) -> PaymentRow {
    let id = id(number);
    PaymentRow {
        id,
        revision: 1,
        base: [3; 32],
        queue: Some(QueuePosition { deadline: TimestampMs(deadline_ms), id }),
        attention: None,
        due: TimestampMs(17),
        leased: number.is_multiple_of(2),
        unacknowledged: false,
        sealed: Sealed { iv: [number as u8; 12], ciphertext: vec![number as u8; 100] },
    }
}

/// The commit that writes these rows on a head, an entry for each.
pub fn commit_of(head: &Head, rows: Vec<PaymentRow>) -> Commit {
    let mut next = head.clone();
    let mut entries = Vec::new();
    for row in &rows {
        let mut entry = LogEntry {
            seq: next.seq + 1,
            at: TimestampMs(5),
            kind: LogKind::Stored,
            id: row.id,
            revision: row.revision,
            stored: true,
            amount: Money::new(150, "eur".parse().unwrap()),
            row: [9; 32],
            previous: next.hash,
            hash: [0; 32],
        };
        entry.hash = entry_hash(&entry);
        next.seq = entry.seq;
        next.hash = entry.hash;
        next.totals.add(entry.amount);
        entries.push(entry);
    }
    Commit { expected: head.hash, head: next, entries, rows, removed: Vec::new() }
}

async fn write(store: &impl Store, rows: Vec<PaymentRow>) -> Commit {
    let commit = commit_of(&store.head().await.unwrap(), rows);
    store.commit(commit.clone()).await.unwrap();
    commit
}

async fn starts_empty(store: &impl Store) {
    assert_eq!(store.head().await.unwrap(), Head::default());
    assert_eq!(store.queue(None, 10).await.unwrap(), Vec::new());
    assert_eq!(store.newest(None, 10).await.unwrap(), Vec::new());
    assert_eq!(store.unacknowledged(None, 10).await.unwrap(), Vec::new());
    assert_eq!(store.log(0, 10).await.unwrap(), Vec::new());
    assert_eq!(store.payment(id(1)).await.unwrap(), None);
}

async fn commits_whole(store: &impl Store) {
    let first = write(store, vec![row(1, 50), row(2, 40)]).await;
    assert_eq!(store.head().await.unwrap(), first.head);
    assert_eq!(store.payment(id(1)).await.unwrap(), Some(row(1, 50)));
    assert_eq!(store.payment(id(2)).await.unwrap(), Some(row(2, 40)));
    assert_eq!(store.log(1, 10).await.unwrap(), first.entries);
    let mut changed = row(1, 50);
    changed.revision = 2;
    changed.sealed.ciphertext = vec![0; 3000];
    let second = write(store, vec![changed.clone()]).await;
    assert_eq!(store.payment(id(1)).await.unwrap(), Some(changed));
    assert_eq!(store.head().await.unwrap(), second.head);
}

async fn refuses_a_stale_head_and_writes_nothing(store: &impl Store) {
    // Longer than what was written meanwhile: its last entry's number is still free.
    let stale = commit_of(&store.head().await.unwrap(), vec![row(3, 1), row(4, 1)]);
    let first = write(store, vec![row(1, 50)]).await;
    assert_eq!(store.commit(stale).await, Err(StoreError::Conflict));
    assert_eq!(store.payment(id(3)).await.unwrap(), None);
    assert_eq!(store.payment(id(4)).await.unwrap(), None);
    assert_eq!(store.log(1, 10).await.unwrap(), first.entries);
    assert_eq!(store.head().await.unwrap(), first.head);
}

async fn lists_what_waits_for_a_person(store: &impl Store) {
    let waits = |number, deadline_ms: u64| PaymentRow {
        queue: None,
        attention: Some(TimestampMs(deadline_ms)),
        ..row(number, deadline_ms)
    };
    write(store, vec![waits(1, 30), row(2, 5), waits(3, 10), waits(4, 30)]).await;
    let ids = |rows: Vec<PaymentRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(store.attention(None, 10).await.unwrap()), vec![id(3), id(1), id(4)]);
    let after = Some(QueuePosition { deadline: TimestampMs(30), id: id(1) });
    assert_eq!(store.attention(after, 10).await.unwrap(), vec![waits(4, 30)]);
    assert_eq!(ids(store.attention(None, 1).await.unwrap()), vec![id(3)]);
    assert_eq!(ids(store.queue(None, 10).await.unwrap()), vec![id(2)]);
    let done = PaymentRow { revision: 2, attention: None, ..waits(3, 10) };
    write(store, vec![done]).await;
    assert_eq!(ids(store.attention(None, 10).await.unwrap()), vec![id(1), id(4)]);
}

async fn removes_what_is_finished_long_ago(store: &impl Store) {
    let first = write(store, vec![row(1, 50), row(2, 40)]).await;
    let mut removal = commit_of(&first.head, vec![PaymentRow { revision: 2, ..row(1, 50) }]);
    removal.rows.clear();
    removal.removed = vec![id(1)];
    store.commit(removal.clone()).await.unwrap();
    assert_eq!(store.payment(id(1)).await.unwrap(), None);
    assert_eq!(store.payment(id(2)).await.unwrap(), Some(row(2, 40)));
    assert_eq!(store.newest(None, 10).await.unwrap(), vec![row(2, 40)]);
    assert_eq!(store.queue(None, 10).await.unwrap(), vec![row(2, 40)]);
    let log = store.log(1, 10).await.unwrap();
    assert_eq!(log, [first.entries, removal.entries.clone()].concat(), "what happened stays written");
    assert_eq!(store.commit(removal).await, Err(StoreError::Conflict));
}

async fn adds_a_payment_only_once(store: &impl Store) {
    let first = write(store, vec![row(1, 50)]).await;
    let again = commit_of(&first.head, vec![row(2, 70), row(1, 60)]);
    assert_eq!(store.commit(again).await, Err(StoreError::Conflict));
    assert_eq!(store.payment(id(1)).await.unwrap(), Some(row(1, 50)));
    assert_eq!(store.payment(id(2)).await.unwrap(), None);
    assert_eq!(store.head().await.unwrap(), first.head);
}

async fn orders_the_queue_by_deadline_then_id(store: &impl Store) {
    write(store, vec![row(4, 300), row(3, 100), row(2, 200), row(1, 200)]).await;
    let order = |rows: Vec<PaymentRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(order(store.queue(None, 10).await.unwrap()), vec![id(3), id(1), id(2), id(4)]);
    let first_two = store.queue(None, 2).await.unwrap();
    let after = first_two.last().unwrap().queue;
    assert_eq!(order(store.queue(after, 10).await.unwrap()), vec![id(2), id(4)]);
    assert_eq!(order(store.queue(after, 1).await.unwrap()), vec![id(2)]);
}

async fn drops_a_final_payment_from_the_queue(store: &impl Store) {
    write(store, vec![row(1, 10), row(2, 20)]).await;
    let mut done = row(1, 10);
    done.revision = 2;
    done.queue = None;
    done.leased = false;
    done.unacknowledged = true;
    write(store, vec![done.clone()]).await;
    assert_eq!(store.queue(None, 10).await.unwrap(), vec![row(2, 20)]);
    assert_eq!(store.unacknowledged(None, 10).await.unwrap(), vec![done]);
}

async fn lists_unacknowledged_and_newest(store: &impl Store) {
    let mut rows: Vec<PaymentRow> = (1..=5).map(|number| row(number, number)).collect();
    for row in rows.iter_mut().take(3) {
        row.unacknowledged = true;
    }
    write(store, rows).await;
    let ids = |rows: Vec<PaymentRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(store.unacknowledged(None, 2).await.unwrap()), vec![id(1), id(2)]);
    assert_eq!(ids(store.unacknowledged(Some(id(1)), 1).await.unwrap()), vec![id(2)]);
    assert_eq!(ids(store.newest(None, 2).await.unwrap()), vec![id(5), id(4)]);
    assert_eq!(ids(store.newest(Some(id(4)), 10).await.unwrap()), vec![id(3), id(2), id(1)]);
}

async fn pages_the_log(store: &impl Store) {
    let mut entries = Vec::new();
    for number in 1..=7 {
        entries.extend(write(store, vec![row(number, number)]).await.entries);
    }
    assert_eq!(store.log(3, 2).await.unwrap(), entries[2..4]);
    assert_eq!(store.log(1, 100).await.unwrap(), entries);
    assert_eq!(store.log(8, 100).await.unwrap(), Vec::new());
}

async fn keeps_settings(store: &impl Store) {
    assert_eq!(store.setting("a").await.unwrap(), None);
    let sealed = |byte| Sealed { iv: [byte; 12], ciphertext: vec![byte; 40] };
    store.put_setting("a", sealed(1)).await.unwrap();
    store.put_setting("b", sealed(2)).await.unwrap();
    store.put_setting("a", sealed(3)).await.unwrap();
    assert_eq!(store.setting("a").await.unwrap(), Some(sealed(3)));
    assert_eq!(store.setting("b").await.unwrap(), Some(sealed(2)));
}

async fn reserves(store: &impl Store) {
    store.reserve(64 * 1024).await.unwrap();
    store.reserve(64 * 1024).await.unwrap();
    assert_eq!(store.head().await.unwrap(), Head::default());
    assert_eq!(store.newest(None, 10).await.unwrap(), Vec::new());
}
