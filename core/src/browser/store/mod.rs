//! The journal's store in IndexedDB.

mod connection;
mod errors;
pub mod migrations;
mod open;
mod requests;
mod rows;
mod writing;

use std::cell::Cell;
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::Transaction;
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
use crate::journal::{Commit, Digest, Head, LogEntry, PaymentRow, QueuePosition, Sealed};
use crate::ports::{Entropy as _, Store, StoreError};

pub(in crate::browser) use errors::store_error;
pub(in crate::browser) use requests::Query;
pub(in crate::browser) use writing::{Put, Work};

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
    /// The hash of the log's head as last read or written, and on which opening of the connection.
    known: Cell<Option<(u32, Digest)>>,
}

impl IndexedDbStore {
    /// The store over a connection. `on_commit` is called after each commit, and each
    /// setting, is durable.
    pub fn new(connection: Rc<Connection>, on_commit: Rc<dyn Fn()>) -> Self {
        IndexedDbStore { connection, on_commit, known: Cell::new(None) }
    }

    /// The connection below.
    pub const fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    async fn one(&self, store: &'static str, key: &str) -> Result<Option<JsValue>, StoreError> {
        Ok(self.connection.read(Query::One(store, JsValue::from_str(key))).await?.pop())
    }

    async fn payments(&self, query: Query) -> Result<Vec<PaymentRow>, StoreError> {
        let page = self.connection.read(query).await?;
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
        // Asked for first: should the reading open the connection anew, nothing counts as known of that opening.
        let opening = self.connection.opening();
        let head = head_from_js(self.one(META, HEAD).await?)?;
        self.known.set(Some((opening, head.hash)));
        Ok(head)
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        // All is made ready before the transaction begins: inside it there are only requests.
        let mut puts =
            Vec::with_capacity(commit.rows.len() + commit.removed.len() + commit.entries.len() + 1);
        puts.extend(commit.rows.iter().map(|row| match row.revision {
            1 => Put::New(PAYMENTS, payment_to_js(row)),
            _ => Put::Value(PAYMENTS, payment_to_js(row)),
        }));
        puts.extend(commit.removed.iter().map(|id| Put::Gone(PAYMENTS, JsValue::from_str(&id.to_string()))));
        // An entry is never written over.
        puts.extend(commit.entries.iter().map(|entry| Put::New(LOG, entry_to_js(entry))));
        puts.push(Put::At(META, HEAD.into(), head_to_js(&commit.head)));
        let committing = Committing {
            store: self,
            puts: Cell::new(puts),
            expected: commit.expected,
            opening: Cell::new(0),
        };
        self.connection.write(&[PAYMENTS, LOG, META], &committing).await?;
        self.known.set(Some((committing.opening.get(), commit.head.hash)));
        (self.on_commit)();
        Ok(())
    }

    async fn payment(&self, id: OfflineId) -> Result<Option<PaymentRow>, StoreError> {
        Ok(self.one(PAYMENTS, &id.to_string()).await?.and_then(payment_from_js))
    }

    async fn queue(&self, after: Option<QueuePosition>, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        self.payments(Query::Index(PAYMENTS, "queue", after.map(position_to_js), limit)).await
    }

    async fn attention(
        &self,
        after: Option<QueuePosition>,
        limit: usize,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        self.payments(Query::Index(PAYMENTS, "attention", after.map(position_to_js), limit)).await
    }

    async fn unacknowledged(
        &self,
        after: Option<OfflineId>,
        limit: usize,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        let after = after.map(|id| Array::of2(&number(1), &JsValue::from_str(&id.to_string())).into());
        self.payments(Query::Index(PAYMENTS, "unacknowledged", after, limit)).await
    }

    async fn newest(&self, before: Option<OfflineId>, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        let before = before.map(|id| JsValue::from_str(&id.to_string()));
        let mut rows = self.payments(Query::Last(PAYMENTS, before, limit)).await?;
        rows.reverse();
        Ok(rows)
    }

    async fn log(&self, from: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        let page = self.connection.read(Query::From(LOG, number(from), limit)).await?;
        page.into_iter().map(entry_from_js).collect()
    }

    async fn put_setting(&self, name: &str, sealed: Sealed) -> Result<(), StoreError> {
        self.put(SETTINGS, JsValue::from_str(name), sealed_to_js(&sealed)).await?;
        (self.on_commit)();
        Ok(())
    }

    async fn setting(&self, name: &str) -> Result<Option<Sealed>, StoreError> {
        Ok(self.one(SETTINGS, name).await?.map(sealed_from_js))
    }

    async fn reserve(&self, bytes: usize) -> Result<(), StoreError> {
        // Random: what compresses to nothing proves nothing.
        let mut spare = vec![0; bytes];
        BrowserEntropy.fill(&mut spare);
        self.put(SPARE, JsValue::from_f64(0.0), Uint8Array::from(spare.as_slice()).into()).await
    }
}

impl IndexedDbStore {
    /// One put in a transaction of its own.
    async fn put(&self, store: &'static str, key: JsValue, value: JsValue) -> Result<(), StoreError> {
        self.connection.write(&[store], &Putting(Put::At(store, key, value))).await
    }
}

/// A commit inside its transaction.
struct Committing<'a> {
    store: &'a IndexedDbStore,
    puts: Cell<Vec<Put>>,
    expected: Digest,
    /// On which opening of the connection it ran.
    opening: Cell<u32>,
}

impl Work for Committing<'_> {
    fn puts<'a>(
        &'a self,
        transaction: &'a Transaction<'_>,
    ) -> LocalBoxFuture<'a, Result<Vec<Put>, StoreError>> {
        Box::pin(async move {
            let opening = self.store.connection.opening();
            self.opening.set(opening);
            // Entries are numbered without a gap and never written over: where the next number is free, the head is
            // still the one known. Only a database in which it was not seen on this connection may be another one.
            if self.store.known.get() != Some((opening, self.expected)) {
                let meta = transaction.object_store(META).map_err(store_error)?;
                let head = meta
                    .get::<JsValue, JsValue, _>(JsValue::from_str(HEAD))
                    .primitive()
                    .map_err(store_error)?;
                if head_from_js(head.await.map_err(store_error)?)?.hash != self.expected {
                    return Err(StoreError::Conflict);
                }
            }
            Ok(self.puts.take())
        })
    }
}

/// One put inside its transaction.
struct Putting(Put);

impl Work for Putting {
    fn puts<'a>(&'a self, _: &'a Transaction<'_>) -> LocalBoxFuture<'a, Result<Vec<Put>, StoreError>> {
        Box::pin(std::future::ready(Ok(vec![self.0.clone()])))
    }
}

fn position_to_js(position: QueuePosition) -> JsValue {
    Array::of2(&number(position.deadline.0), &JsValue::from_str(&position.id.to_string())).into()
}
