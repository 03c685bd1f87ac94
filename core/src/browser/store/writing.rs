//! A writing transaction: begun, its writes given to the browser in one piece, waited for until it is durable.
//!
//! IndexedDB commits by itself whatever it was given, as soon as nothing more is asked for. It would commit half of the
//! writes of an instance that traps between two of them. Therefore they are made ready first and sent by the browser's
//! own code, in one call: between the first and the last of them none of ours runs.

use futures::channel::oneshot;
use futures::future::LocalBoxFuture;
use indexed_db_futures::database::Database;
use indexed_db_futures::error::Error;
use indexed_db_futures::internals::SystemRepr as _;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::{
    Transaction, TransactionDurability, TransactionMode, TransactionOptions,
};
use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;
use web_sys::{Event, IdbObjectStore, IdbTransaction};

use super::errors::{aborted, store_error};
use crate::ports::StoreError;

/// What is done inside a writing transaction.
pub(in crate::browser) trait Work {
    /// What to write; nothing is, when it fails. What was read is judged here, before the first write, and nothing is
    /// written here. Must not await anything but requests of this transaction, or it would end meanwhile.
    fn puts<'a>(
        &'a self,
        transaction: &'a Transaction<'_>,
    ) -> LocalBoxFuture<'a, Result<Vec<Put>, StoreError>>;
}

/// What is written.
#[derive(Clone)]
pub(in crate::browser) enum Put {
    /// Under the key that is part of the value, replacing what is there.
    Value(&'static str, JsValue),
    /// Under the key that is part of the value; there must be none yet.
    New(&'static str, JsValue),
    /// Under a key (the first of both), replacing what is there.
    At(&'static str, JsValue, JsValue),
    /// Takes away what is under a key.
    Gone(&'static str, JsValue),
    /// Takes away everything.
    Cleared(&'static str),
}

#[wasm_bindgen]
extern "C" {
    /// An object store, whose methods are taken and not called.
    #[wasm_bindgen(extends = IdbObjectStore)]
    type Methods;
    #[wasm_bindgen(method, getter)]
    fn put(this: &Methods) -> Method;
    #[wasm_bindgen(method, getter)]
    fn add(this: &Methods) -> Method;
    #[wasm_bindgen(method, getter)]
    fn delete(this: &Methods) -> Method;
    #[wasm_bindgen(method, getter)]
    fn clear(this: &Methods) -> Method;

    type Method;
    #[wasm_bindgen(method)]
    fn bind(this: &Method, store: &Methods, first: &JsValue, second: &JsValue) -> JsValue;

    #[wasm_bindgen(extends = Array)]
    type Calls;
    #[wasm_bindgen(method, catch, js_name = forEach)]
    fn for_each(this: &Calls, each: &Function) -> Result<(), JsValue>;

    /// Calls each function of a list for which it is called: `apply(function, place, list)`.
    #[wasm_bindgen(thread_local_v2, js_namespace = Reflect, js_name = apply)]
    static APPLY: Function;
}

impl Put {
    /// The write as a function of the browser's, ready to be called: what it takes is bound, and more it does not look at.
    fn call(&self, transaction: &IdbTransaction) -> Result<JsValue, JsValue> {
        let none = JsValue::UNDEFINED;
        let (store, method, first, second): (_, fn(&Methods) -> Method, _, _) = match self {
            Put::Value(store, value) => (store, Methods::put, value, &none),
            Put::New(store, value) => (store, Methods::add, value, &none),
            Put::At(store, key, value) => (store, Methods::put, value, key),
            Put::Gone(store, key) => (store, Methods::delete, key, &none),
            Put::Cleared(store) => (store, Methods::clear, &none, &none),
        };
        let store: Methods = transaction.object_store(store)?.unchecked_into();
        Ok(method(&store).bind(&store, first, second))
    }
}

/// Begins a transaction of `strict` durability.
pub(super) fn begin<'a>(db: &'a Database, stores: &[&str]) -> Result<Transaction<'a>, Error> {
    let mut options = TransactionOptions::new();
    options.set_durability(TransactionDurability::Strict);
    db.transaction(stores).with_mode(TransactionMode::Readwrite).with_options(options).build()
}

/// Writes, and waits for the end of the transaction: `complete`, or `abort`.
pub(super) async fn finish(transaction: Transaction<'_>, work: &dyn Work) -> Result<(), StoreError> {
    let raw: IdbTransaction = transaction.as_sys().clone().unchecked_into();
    let (ended, end) = oneshot::channel();
    let mut ended = Some(ended);
    let hear = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        if let Some(ended) = ended.take() {
            ended.send(event.type_() == "complete").ok();
        }
    });
    // In place of the library's listeners, and taken off by it when the transaction is dropped. Its own to failed requests
    // can be called once only, and throws when a second one fails; that to the end it has only together with a commit,
    // with which Firefox lets a failure pass unless it is the very last request's.
    raw.set_onerror(None);
    raw.set_oncomplete(Some(hear.as_ref().unchecked_ref()));
    raw.set_onabort(Some(hear.as_ref().unchecked_ref()));
    let sent = match work.puts(&transaction).await {
        Ok(puts) => send(&raw, &puts),
        Err(error) => {
            // It throws where the browser was first.
            raw.abort().ok();
            Err(error)
        }
    };
    match (sent, end.await) {
        (Ok(()), Ok(true)) => Ok(()),
        // A request may only say that the transaction was aborted; the transaction says why.
        (sent, _) => Err(match (raw.error(), sent) {
            (None, Err(error)) => error,
            (exception, _) => aborted(exception),
        }),
    }
}

/// Sends all of it, or aborts. Nobody listens to the requests: a failure aborts the transaction, and a listener for each
/// would be a good part of the time that a commit takes.
fn send(transaction: &IdbTransaction, puts: &[Put]) -> Result<(), StoreError> {
    let calls: Calls = Array::new().unchecked_into();
    let sent = puts
        .iter()
        .try_for_each(|put| {
            calls.push(&put.call(transaction)?);
            Ok(())
        })
        .and_then(|()| APPLY.with(|apply| calls.for_each(apply)));
    sent.map_err(|thrown| {
        // First of all: what was sent before must not stay alone.
        transaction.abort().ok();
        store_error(thrown.into())
    })
}
