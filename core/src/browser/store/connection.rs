//! The connection to the database: opened once, opened again when the browser loses it, closed when a newer version
//! of the till wants to change the schema.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::LocalBoxFuture;
use futures::lock::Mutex;
use indexed_db_futures::OpenDbResult;
use indexed_db_futures::database::Database;
use indexed_db_futures::error::Error;
use indexed_db_futures::internals::SystemRepr as _;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::{Transaction, TransactionMode};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, IdbDatabase};

use super::super::js::within;
use super::errors::{is_lost, is_newer, open_error, store_error};
use super::migrations::{self, STEPS, Step};
use super::open::{as_found, versioned};
use super::requests::Query;
use super::writing::{self, Work};
use crate::ports::StoreError;

/// The database's name.
pub const DATABASE: &str = "tillandsia";
/// An open that takes longer is given up: the browser's database hangs, or another tab does not let go.
const OPEN_MS_MAX: u64 = 10_000;

/// A connection that store and vault share.
pub struct Connection {
    name: String,
    steps: &'static [Step],
    opening: Mutex<()>,
    current: RefCell<Option<(Database, Watch)>>,
    /// Counts openings.
    opened: Cell<u32>,
    newer: Cell<Option<u32>>,
    on_version_change: RefCell<Option<Rc<dyn Fn()>>>,
}

impl Connection {
    /// Opens this origin's database, creating or migrating it where needed.
    ///
    /// # Errors
    /// `StoreError::Unavailable` when it does not open within 10 s, or not at all.
    pub async fn open() -> Result<Rc<Self>, StoreError> {
        Self::open_as(DATABASE, STEPS).await
    }

    /// Opens a database of another name and schema, for tests.
    pub async fn open_as(name: &str, steps: &'static [Step]) -> Result<Rc<Self>, StoreError> {
        let connection = Rc::new(Connection {
            name: name.to_owned(),
            steps,
            opening: Mutex::new(()),
            current: RefCell::new(None),
            opened: Cell::new(0),
            newer: Cell::new(None),
            on_version_change: RefCell::new(None),
        });
        connection.database().await?;
        Ok(connection)
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The schema version of a database that a newer till wrote; it is open for reading only.
    pub const fn newer_version(&self) -> Option<u32> {
        self.newer.get()
    }

    /// Which opening of the database this is; another number may be another database.
    pub(in crate::browser) const fn opening(&self) -> u32 {
        self.opened.get()
    }

    /// Who is told that a newer version of the till wants to change the schema: reload soon.
    pub fn on_version_change(&self, listener: Rc<dyn Fn()>) {
        self.on_version_change.replace(Some(listener));
    }

    /// Closes the connection once its transactions are done. The next use opens it again.
    pub fn close(&self) {
        if let Some((db, _watch)) = self.current.take() {
            db.close();
        }
    }

    /// Runs a reading transaction.
    pub(in crate::browser) fn read(
        self: &Rc<Self>,
        query: Query,
    ) -> LocalBoxFuture<'_, Result<Vec<JsValue>, StoreError>> {
        Box::pin(self.reading(query))
    }

    async fn reading(self: &Rc<Self>, query: Query) -> Result<Vec<JsValue>, StoreError> {
        let stores = [query.store()];
        let first = self.database().await?;
        let again;
        let transaction = match begin_read(&first, &stores) {
            Err(error) if is_lost(&error) => {
                self.close();
                again = self.database().await?;
                begin_read(&again, &stores)
            }
            begun => begun,
        };
        let transaction = transaction.map_err(store_error)?;
        let result = query.run(&transaction).await.map_err(store_error);
        self.note(&result);
        result
    }

    /// Runs a writing transaction of `strict` durability. Returns only on its `complete` event; an error means that
    /// nothing was written, except `Unavailable`, after which that is not known.
    ///
    /// Neither generic nor `async` (see [`super::super::worker`]), so that a module holds this machine once.
    pub(in crate::browser) fn write<'a>(
        self: &'a Rc<Self>,
        stores: &'a [&str],
        work: &'a dyn Work,
    ) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.writing(stores, work))
    }

    async fn writing(self: &Rc<Self>, stores: &[&str], work: &dyn Work) -> Result<(), StoreError> {
        let first = self.database().await?;
        if let Some(found) = self.newer.get() {
            return Err(StoreError::NewerVersion { found });
        }
        let again;
        let transaction = match writing::begin(&first, stores) {
            Ok(transaction) => transaction,
            // Nothing was sent yet, so beginning anew on a fresh connection repeats nothing.
            Err(error) if is_lost(&error) => {
                self.close();
                again = self.database().await?;
                if let Some(found) = self.newer.get() {
                    return Err(StoreError::NewerVersion { found });
                }
                writing::begin(&again, stores).map_err(store_error)?
            }
            Err(error) => return Err(store_error(error)),
        };
        let result = writing::finish(transaction, work).await;
        self.note(&result);
        result
    }

    /// After a failure that may be the connection's, the next use starts with a fresh one.
    fn note<T>(&self, result: &Result<T, StoreError>) {
        if matches!(result, Err(StoreError::Unavailable(_))) {
            self.close();
        }
    }

    async fn database(self: &Rc<Self>) -> Result<Database, StoreError> {
        if let Some((db, _)) = self.current.borrow().as_ref() {
            return Ok(db.clone());
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some((db, _)) = self.current.borrow().as_ref() {
            return Ok(db.clone());
        }
        let db = self.open_now().await?;
        self.opened.set(self.opened.get().wrapping_add(1));
        self.current.replace(Some((db.clone(), self.watch(&db))));
        Ok(db)
    }

    async fn open_now(&self) -> Result<Database, StoreError> {
        let blocked = Rc::new(Cell::new(false));
        let target = migrations::target(self.steps);
        match self.in_time(versioned(&self.name, self.steps, Rc::clone(&blocked)), &blocked).await? {
            Ok(db) => {
                self.newer.set(None);
                Ok(db)
            }
            Err(error) if is_newer(&error) => {
                let db = self
                    .in_time(as_found(&self.name, Rc::clone(&blocked)), &blocked)
                    .await?
                    .map_err(open_error)?;
                let found = db.version() as u32;
                self.newer.set((found > target).then_some(found));
                Ok(db)
            }
            Err(error) => Err(open_error(error)),
        }
    }

    /// Waits for an open, in a task of its own: one that succeeds too late is closed again and blocks nobody.
    async fn in_time(
        &self,
        open: LocalBoxFuture<'static, OpenDbResult<Database>>,
        blocked: &Cell<bool>,
    ) -> Result<OpenDbResult<Database>, StoreError> {
        let (sender, receiver) = oneshot::channel();
        spawn_local(async move {
            if let Err(Ok(late)) = sender.send(open.await) {
                late.close();
            }
        });
        match within(OPEN_MS_MAX, receiver).await {
            Some(Ok(result)) => Ok(result),
            _ if blocked.get() => Err(StoreError::Unavailable(
                "another tab with an older version of the till keeps it open: close that tab".to_owned(),
            )),
            _ => Err(StoreError::Unavailable(
                "it did not open within 10 s: close other tabs of the till, or restart the browser"
                    .to_owned(),
            )),
        }
    }

    /// Closes for a newer version, and forgets a connection that the browser closed.
    fn watch(self: &Rc<Self>, db: &Database) -> Watch {
        let this = Rc::downgrade(self);
        let heard = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            let Some(this) = this.upgrade() else { return };
            // Closing lets transactions under way finish first.
            this.close();
            let listener = this.on_version_change.borrow().clone();
            if let (true, Some(listener)) = (event.type_() == "versionchange", listener) {
                listener();
            }
        });
        let db: IdbDatabase = db.as_sys().clone().unchecked_into();
        db.set_onversionchange(Some(heard.as_ref().unchecked_ref()));
        db.set_onclose(Some(heard.as_ref().unchecked_ref()));
        Watch { db, _heard: heard }
    }
}

/// Hears what happens to a connection, until it is dropped.
struct Watch {
    db: IdbDatabase,
    _heard: Closure<dyn FnMut(Event)>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.db.set_onversionchange(None);
        self.db.set_onclose(None);
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("name", &self.name)
            .field("newer", &self.newer)
            .finish_non_exhaustive()
    }
}

fn begin_read<'a>(db: &'a Database, stores: &[&str]) -> Result<Transaction<'a>, Error> {
    db.transaction(stores).with_mode(TransactionMode::Readonly).build()
}
