//! A module's instance that traps while it writes: of its transaction all is there, or nothing.
//!
//! A trap in the tests' own instance would end the tests. It is shown by what it comes to for the database: from one
//! call on, nothing that the instance asks of the browser is done any more, and nobody polls its futures again.

use std::pin::Pin;
use std::task::{Context, Waker};

use js_sys::Function;
use tillandsia_core::browser::IndexedDbStore;
use tillandsia_core::journal::{Commit, Head};
use tillandsia_core::ports::{Store as _, StoreError};
use tillandsia_core::testing::store_conformance::{commit_of, row};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::raw::{self, Undo};
use crate::till::{connect, fresh_name, store_over};

#[wasm_bindgen(inline_js = r#"
const writes = ["put", "add", "delete", "clear"].map((name) => [IDBObjectStore.prototype, name]);
// What the module's JavaScript calls on its way through a write.
const asked = [
  [IDBTransaction.prototype, "objectStore"], [IDBTransaction.prototype, "abort"], [IDBTransaction.prototype, "commit"],
  [IDBObjectStore.prototype, "get"], [TextDecoder.prototype, "decode"],
  [Function.prototype, "bind"], [Array.prototype, "push"],
];
const set = [
  ...["oncomplete", "onabort", "onerror"].map((name) => [IDBTransaction.prototype, name]),
  ...["onsuccess", "onerror"].map((name) => [IDBRequest.prototype, name]),
];
let begun = false;
let left = 0;
const undo = [];
const redefine = (object, name, make) => {
  const original = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { ...original, ...make(original) });
  undo.push(() => Object.defineProperty(object, name, original));
};
const lives = () => !begun || left-- > 0;
const mortal = (original) => function (...args) {
  if (!lives()) throw new WebAssembly.RuntimeError("unreachable");
  return Reflect.apply(original, this, args);
};
// From the `nth` call of a transaction on nothing of what the module asks for is done. Writes are done: it is not the
// instance that is in the way of those that the browser has been given.
export const dieAtCall = (nth) => {
  begun = false;
  left = nth;
  redefine(IDBDatabase.prototype, "transaction", ({ value }) => ({ value(...args) {
    const transaction = Reflect.apply(value, this, args);
    begun = true;
    return transaction;
  } }));
  for (const [object, name] of writes) {
    redefine(object, name, ({ value }) => ({ value(...args) { lives(); return Reflect.apply(value, this, args); } }));
  }
  for (const [object, name] of asked) redefine(object, name, ({ value }) => ({ value: mortal(value) }));
  for (const [object, name] of set) redefine(object, name, ({ set }) => ({ set: mortal(set) }));
  return () => { while (undo.length > 0) undo.pop()(); };
};
export const hasDied = () => begun && left < 0;
// Lets a trap end the call and nothing else.
export const survive = (work) => {
  try { work(); } catch (error) { if (!(error instanceof WebAssembly.RuntimeError)) throw error; }
};
// The `nth` write is refused as it is asked for.
export const refuseWrite = (nth, name) => {
  let count = 0;
  for (const [object, method] of writes) {
    redefine(object, method, ({ value }) => ({ value(...args) {
      if (count++ === nth) throw new DOMException("refused", name);
      return Reflect.apply(value, this, args);
    } }));
  }
  return () => { while (undo.length > 0) undo.pop()(); };
};
"#)]
extern "C" {
    #[wasm_bindgen(js_name = dieAtCall)]
    fn die_at_call(nth: u32) -> Function;
    #[wasm_bindgen(js_name = hasDied)]
    fn has_died() -> bool;
    #[wasm_bindgen]
    fn survive(work: &Closure<dyn FnMut()>);
    #[wasm_bindgen(js_name = refuseWrite)]
    fn refuse_write(nth: u32, name: &str) -> Function;
}

/// Begins to commit and is then heard of no more, as an instance that traps.
fn begin(store: IndexedDbStore, commit: Commit) {
    let mut committing: Pin<Box<dyn Future<Output = _>>> =
        Box::pin(async move { store.commit(commit).await });
    let polled = Closure::<dyn FnMut()>::new(move || {
        drop(committing.as_mut().poll(&mut Context::from_waker(Waker::noop())));
    });
    survive(&polled);
    // A trap runs no destructor.
    polled.forget();
}

/// How many payments and entries there are, and whether there is a head. Waits for the transactions before it.
async fn written(name: &str) -> (u32, u32, bool) {
    let count = |rows: JsValue| rows.unchecked_into::<js_sys::Array>().length();
    let head = raw::get(name, "meta", "head".into()).await.unwrap();
    let entries = count(raw::all(name, "log").await.unwrap());
    (count(raw::all(name, "payments").await.unwrap()), entries, !head.is_undefined())
}

async fn check_that_it_writes(name: &str, number: u64) {
    let store = store_over(&connect(name).await);
    let commit = commit_of(&store.head().await.unwrap(), vec![row(number, 1)]);
    store.commit(commit.clone()).await.unwrap();
    assert_eq!(store.head().await.unwrap(), commit.head);
}

#[wasm_bindgen_test]
async fn an_instance_that_traps_on_the_way_has_written_all_or_nothing() {
    let mut seen = Vec::new();
    for nth in 0.. {
        let name = fresh_name();
        let store = store_over(&connect(&name).await);
        let head = store.head().await.unwrap();
        let undo = Undo(die_at_call(nth));
        begin(store, commit_of(&head, vec![row(1, 1), row(2, 2)]));
        let died = has_died();
        drop(undo);
        let found = written(&name).await;
        assert!([(0, 0, false), (2, 2, true)].contains(&found), "at call {nth}: {found:?}");
        check_that_it_writes(&name, 3).await;
        seen.push(found.2);
        if !died {
            break;
        }
    }
    assert!(seen.len() > 8 && seen.contains(&false), "it died at none of them: {seen:?}");
    assert_eq!(seen.last(), Some(&true), "what nothing happens to is written");
}

#[wasm_bindgen_test]
async fn an_instance_that_traps_while_it_waits_has_written_on_no_head_but_the_one_expected() {
    let name = fresh_name();
    let first = commit_of(&Head::default(), vec![row(1, 1)]);
    store_over(&connect(&name).await).commit(first.clone()).await.unwrap();
    // As of a database that was there before this one: the next number is free, the head is another.
    let stale = Head { hash: [1; 32], ..first.head.clone() };
    let store = store_over(&connect(&name).await);
    begin(store, commit_of(&stale, vec![row(2, 2)]));
    assert_eq!(written(&name).await, (1, 1, true));
    assert_eq!(store_over(&connect(&name).await).head().await.unwrap(), first.head);
    check_that_it_writes(&name, 3).await;
}

#[wasm_bindgen_test]
async fn a_write_that_the_browser_refuses_takes_those_before_it_with_it() {
    let name = fresh_name();
    let store = store_over(&connect(&name).await);
    let commit = commit_of(&store.head().await.unwrap(), vec![row(1, 1), row(2, 2)]);
    let reasons = [
        ("QuotaExceededError", StoreError::Full),
        ("DataError", StoreError::Unavailable("DataError: refused".to_owned())),
    ];
    for (reason, error) in reasons {
        // Two payments, two entries, the head.
        for nth in 0..5 {
            let undo = Undo(refuse_write(nth, reason));
            let refused = store.commit(commit.clone()).await;
            drop(undo);
            assert_eq!(refused, Err(error.clone()), "write {nth}");
            assert_eq!(written(&name).await, (0, 0, false), "{reason} at write {nth}");
        }
    }
    store.commit(commit).await.unwrap();
    assert_eq!(written(&name).await, (2, 2, true));
}
