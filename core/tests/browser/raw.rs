//! The database as JavaScript sees it, past the store: to look at it, and to damage it.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = r#"
const wait = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const open = (name) => wait(indexedDB.open(name));
const inStore = async (name, store, mode, work) => {
  const db = await open(name);
  try {
    const transaction = db.transaction(store, mode);
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const result = await work(transaction.objectStore(store));
    await done;
    return result;
  } finally {
    db.close();
  }
};
export const all = (name, store) => inStore(name, store, "readonly", (it) => wait(it.getAll()));
export const get = (name, store, key) => inStore(name, store, "readonly", (it) => wait(it.get(key)));
export const put = (name, store, value, key) => inStore(name, store, "readwrite", (it) => wait(it.put(value, key)));
export const remove = (name, store, key) => inStore(name, store, "readwrite", (it) => wait(it.delete(key)));
export const describe = async (name) => {
  const db = await open(name);
  const description = db.version + ":" + [...db.objectStoreNames].join(",");
  db.close();
  return description;
};
// Everything in the database as one text: strings as they are, bytes as latin 1 and as hexadecimal.
export const flatten = async (name) => {
  const db = await open(name);
  const stores = [...db.objectStoreNames];
  db.close();
  const parts = [];
  const walk = (value) => {
    if (value instanceof Uint8Array) {
      parts.push(String.fromCharCode(...value));
      parts.push([...value].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
    } else if (Array.isArray(value)) {
      value.forEach(walk);
    } else if (value !== null && typeof value === "object") {
      Object.entries(value).forEach(([name, value]) => { parts.push(name); walk(value); });
    } else {
      parts.push(String(value));
    }
  };
  for (const store of stores.filter((store) => store !== "spare")) walk(await all(name, store));
  return parts.join("\n");
};
// Holds a connection that never lets go, not even for a newer version.
export const holdOpen = async (name) => {
  const db = await open(name);
  return () => db.close();
};
// A newer till: asks for a higher version, adds a store.
export const upgrade = (name, version) => new Promise((resolve, reject) => {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => request.result.createObjectStore("from_the_future");
  request.onsuccess = () => { request.result.close(); resolve(); };
  request.onerror = () => reject(request.error);
});
export const importKey = (bytes) =>
  crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
// Replaces a function of an object until the returned one is called.
export const replace = (object, name, make) => {
  const original = object[name];
  object[name] = make(original);
  return () => { object[name] = original; };
};
export const spyOnTransactions = (seen) => replace(IDBDatabase.prototype, "transaction", (original) =>
  function (...args) { seen(args[1] ?? "readonly", args[2]?.durability ?? "none"); return original.apply(this, args); });
export const breakNextTransaction = () => {
  let broken = false;
  return replace(IDBDatabase.prototype, "transaction", (original) => function (...args) {
    if (!broken) { broken = true; throw new DOMException("the connection is closing", "InvalidStateError"); }
    return original.apply(this, args);
  });
};
const replaceWrites = (make) => {
  const undo = ["put", "add"].map((method) => replace(IDBObjectStore.prototype, method, make));
  return () => undo.forEach((each) => each());
};
export const abortNextWrite = (after) => {
  let broken = false;
  return replaceWrites((original) => function (...args) {
    const request = original.apply(this, args);
    if (!broken && this.name === after) {
      broken = true;
      const transaction = this.transaction;
      transaction.abort();
    }
    return request;
  });
};
export const fullDisk = () => replaceWrites(() => function () {
  throw new DOMException("no more space", "QuotaExceededError");
});
export const fakeFetch = (answer) => replace(globalThis, "fetch", () => async (request) => {
  const body = request.method === "POST" ? await request.text() : "";
  const answered = await Promise.race([
    answer(request.method, request.url, request.headers.get("authorization") ?? "", body),
    new Promise((_, reject) => request.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")))),
  ]);
  if (answered === undefined) throw new TypeError("Failed to fetch");
  const [status, text, headers] = answered;
  return new Response(text, { status, headers: headers ?? {} });
});
export const spyOnAborts = (seen) => replace(AbortController.prototype, "abort", (original) =>
  function (...args) { seen(); return original.apply(this, args); });
export const never = () => new Promise(() => {});
export const holdLock = (name) => new Promise((resolve) => {
  navigator.locks.request(name, () => new Promise((release) => resolve(release)));
});
"#)]
extern "C" {
    #[wasm_bindgen(catch)]
    pub(crate) async fn all(name: &str, store: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub(crate) async fn get(name: &str, store: &str, key: JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub(crate) async fn put(
        name: &str,
        store: &str,
        value: JsValue,
        key: JsValue,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub(crate) async fn remove(name: &str, store: &str, key: JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub(crate) async fn describe(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub(crate) async fn flatten(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = holdOpen)]
    pub(crate) async fn hold_open(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub(crate) async fn upgrade(name: &str, version: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = importKey)]
    pub(crate) async fn import_key(bytes: &[u8]) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = spyOnTransactions)]
    pub(crate) fn spy_on_transactions(seen: &Closure<dyn FnMut(String, String)>) -> js_sys::Function;
    #[wasm_bindgen(js_name = breakNextTransaction)]
    pub(crate) fn break_next_transaction() -> js_sys::Function;
    #[wasm_bindgen(js_name = abortNextWrite)]
    pub(crate) fn abort_next_write(store: &str) -> js_sys::Function;
    #[wasm_bindgen(js_name = fullDisk)]
    pub(crate) fn full_disk() -> js_sys::Function;
    #[wasm_bindgen(js_name = fakeFetch)]
    pub(crate) fn fake_fetch(
        answer: &Closure<dyn FnMut(String, String, String, String) -> js_sys::Promise>,
    ) -> js_sys::Function;
    #[wasm_bindgen(js_name = spyOnAborts)]
    pub(crate) fn spy_on_aborts(seen: &Closure<dyn FnMut()>) -> js_sys::Function;
    #[wasm_bindgen]
    pub(crate) fn never() -> js_sys::Promise;
    #[wasm_bindgen(catch, js_name = holdLock)]
    pub(crate) async fn hold_lock(name: &str) -> Result<JsValue, JsValue>;
}

/// Undoes a replacement when dropped, also when the test fails.
pub(crate) struct Undo(pub(crate) js_sys::Function);

impl Drop for Undo {
    fn drop(&mut self) {
        self.0.call0(&JsValue::UNDEFINED).unwrap();
    }
}
