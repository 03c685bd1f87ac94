//! The journal's store in IndexedDB.

mod connection;
mod errors;
pub mod migrations;
mod rows;

use std::rc::Rc;

use indexed_db_futures::error::Error;
use indexed_db_futures::index::Index;
use indexed_db_futures::cursor::CursorDirection;
use indexed_db_futures::object_store::ObjectStore;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::Transaction;
use indexed_db_futures::KeyRange;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

pub use connection::{Connection, DATABASE};
use rows::{
    entry_from_js, entry_to_js, head_from_js, head_to_js, payment_from_js, payment_to_js, sealed_from_js,
    sealed_to_js,
};

use super::entropy::BrowserEntropy;
use super::js::number;
use crate::ids::OfflineId;
use crate::journal::{Commit, Head, LogEntry, PaymentRow, QueuePosition, Sealed};
use crate::ports::{Entropy as _, Store, StoreError};

pub(in crate::browser) use errors::store_error;

pub(in crate::browser) const PAYMENTS: &str = "payments";
pub(in crate::browser) const LOG: &str = "log";
const META: &str = "meta";
pub(in crate::browser) const SETTINGS: &str = "settings";
pub(in crate::browser) const KEYS: &str = "keys";
const SPARE: &str = "spare";
const HEAD: &str = "head";

/// Payments, log and head in IndexedDB. Every write is one transaction of `strict` durability.
pub struct IndexedDbStore {
    connection: Rc<Connection>,
    on_commit: Rc<dyn Fn()>,
}

impl IndexedDbStore {
    /// The store over a connection. `on_commit` is called after each commit is durable.
    pub fn new(connection: Rc<Connection>, on_commit: Rc<dyn Fn()>) -> Self {
        IndexedDbStore { connection, on_commit }
    }

    /// The connection below.
    pub const fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    async fn index_page(&self, index: &str, range: Option<KeyRange<JsValue>>, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        let page = self
            .connection
            .read(&[PAYMENTS], async |transaction| {
                let store = transaction.object_store(PAYMENTS)?;
                let index = store.index(index)?;
                all_in_index(&index, range, limit).await
            })
            .await?;
        Ok(page.into_iter().filter_map(payment_from_js).collect())
    }
}

impl std::fmt::Debug for IndexedDbStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IndexedDbStore").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl Store for IndexedDbStore {
    async fn head(&self) -> Result<Head, StoreError> {
        let head = self.connection.read(&[META], async |transaction| read_head(transaction).await).await?;
        head_from_js(head)
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        // All is made ready before the transaction begins: inside it there are only requests.
        let rows: Vec<JsValue> = commit.rows.iter().map(payment_to_js).collect();
        let entries: Vec<JsValue> = commit.entries.iter().map(entry_to_js).collect();
        let head = head_to_js(&commit.head);
        self.connection
            .write(&[PAYMENTS, LOG, META], async |transaction| {
                let found = head_from_js(read_head(transaction).await.map_err(store_error)?)?;
                if found.hash != commit.expected {
                    return Err(StoreError::Conflict);
                }
                put_all(transaction, rows, entries, head).map_err(store_error)
            })
            .await?;
        (self.on_commit)();
        Ok(())
    }

    async fn payment(&self, id: OfflineId) -> Result<Option<PaymentRow>, StoreError> {
        let key = JsValue::from_str(&id.to_string());
        let row = self
            .connection
            .read(&[PAYMENTS], async |transaction| {
                let store = transaction.object_store(PAYMENTS)?;
                store.get::<JsValue, JsValue, _>(key).primitive()?.await
            })
            .await?;
        Ok(row.and_then(payment_from_js))
    }

    async fn queue(&self, after: Option<QueuePosition>, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        let range = after.map(|position| {
            let id = JsValue::from_str(&position.id.to_string());
            KeyRange::LowerBound(Array::of2(&number(position.deadline.0), &id).into(), true)
        });
        self.index_page("queue", range, limit).await
    }

    async fn unacknowledged(&self, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        self.index_page("unacknowledged", None, limit).await
    }

    async fn newest(&self, before: Option<OfflineId>, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        let Some(steps) = limit.checked_sub(1) else { return Ok(Vec::new()) };
        let before = before.map(|id| JsValue::from_str(&id.to_string()));
        let page = self
            .connection
            .read(&[PAYMENTS], async |transaction| {
                let store = transaction.object_store(PAYMENTS)?;
                let oldest = oldest_of_newest(&store, before.clone(), steps).await?;
                let range = match (oldest, before) {
                    (Some(oldest), Some(before)) => Some(KeyRange::Bound(oldest, false, before, true)),
                    (Some(oldest), None) => Some(KeyRange::LowerBound(oldest, false)),
                    (None, Some(before)) => Some(KeyRange::UpperBound(before, true)),
                    (None, None) => None,
                };
                all_in_store(&store, range, limit).await
            })
            .await?;
        Ok(page.into_iter().rev().filter_map(payment_from_js).collect())
    }

    async fn log(&self, from: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        let page = self
            .connection
            .read(&[LOG], async |transaction| {
                let store = transaction.object_store(LOG)?;
                all_in_store(&store, Some(KeyRange::LowerBound(number(from), false)), limit).await
            })
            .await?;
        page.into_iter().map(entry_from_js).collect()
    }

    async fn put_setting(&self, name: &str, sealed: Sealed) -> Result<(), StoreError> {
        self.put_value(SETTINGS, JsValue::from_str(name), sealed_to_js(&sealed)).await
    }

    async fn setting(&self, name: &str) -> Result<Option<Sealed>, StoreError> {
        let key = JsValue::from_str(name);
        let value = self
            .connection
            .read(&[SETTINGS], async |transaction| {
                let store = transaction.object_store(SETTINGS)?;
                store.get::<JsValue, JsValue, _>(key).primitive()?.await
            })
            .await?;
        Ok(value.map(sealed_from_js))
    }

    async fn reserve(&self, bytes: usize) -> Result<(), StoreError> {
        // Random: what compresses to nothing proves nothing.
        let mut spare = vec![0; bytes];
        BrowserEntropy.fill(&mut spare);
        self.put_value(SPARE, JsValue::from_f64(0.0), Uint8Array::from(spare.as_slice()).into()).await
    }
}

impl IndexedDbStore {
    async fn put_value(&self, store: &str, key: JsValue, value: JsValue) -> Result<(), StoreError> {
        self.connection
            .write(&[store], async |transaction| {
                let store = transaction.object_store(store).map_err(store_error)?;
                store.put(value).with_key(key).without_key_type().primitive().map_err(store_error)?;
                Ok(())
            })
            .await
    }
}

async fn read_head(transaction: &Transaction<'_>) -> Result<Option<JsValue>, Error> {
    let store = transaction.object_store(META)?;
    store.get::<JsValue, JsValue, _>(JsValue::from_str(HEAD)).primitive()?.await
}

/// One burst of requests; the transaction's end tells how they went.
fn put_all(
    transaction: &Transaction<'_>,
    rows: Vec<JsValue>,
    entries: Vec<JsValue>,
    head: JsValue,
) -> Result<(), Error> {
    let payments = transaction.object_store(PAYMENTS)?;
    for row in rows {
        payments.put(row).without_key_type().primitive()?;
    }
    let log = transaction.object_store(LOG)?;
    for entry in entries {
        // `add`: an entry is never written over.
        log.add(entry).without_key_type().primitive()?;
    }
    let meta = transaction.object_store(META)?;
    meta.put(head).with_key(JsValue::from_str(HEAD)).without_key_type().primitive()?;
    Ok(())
}

/// The key `steps` before the newest one; `None` when there are not that many.
async fn oldest_of_newest(
    store: &ObjectStore<'_>,
    before: Option<JsValue>,
    steps: usize,
) -> Result<Option<JsValue>, Error> {
    let builder = store.open_key_cursor().with_direction(CursorDirection::Prev);
    let cursor = match before {
        Some(before) => builder.with_query::<JsValue, _>(KeyRange::UpperBound(before, true)).await?,
        None => builder.await?,
    };
    let Some(mut cursor) = cursor else { return Ok(None) };
    cursor.advance_by(limit_of(steps)).await?;
    cursor.primary_key::<JsValue>()
}

async fn all_in_store(
    store: &ObjectStore<'_>,
    range: Option<KeyRange<JsValue>>,
    limit: usize,
) -> Result<Vec<JsValue>, Error> {
    match range {
        Some(range) => store.get_all::<JsValue>().with_query::<JsValue, _>(range).with_limit(limit_of(limit)).primitive()?.await?.collect(),
        None => store.get_all::<JsValue>().with_limit(limit_of(limit)).primitive()?.await?.collect(),
    }
}

async fn all_in_index(
    index: &Index<'_>,
    range: Option<KeyRange<JsValue>>,
    limit: usize,
) -> Result<Vec<JsValue>, Error> {
    match range {
        Some(range) => index.get_all::<JsValue>().with_query::<JsValue, _>(range).with_limit(limit_of(limit)).primitive()?.await?.collect(),
        None => index.get_all::<JsValue>().with_limit(limit_of(limit)).primitive()?.await?.collect(),
    }
}

fn limit_of(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}
