//! The service worker's WebAssembly module: forwards stored payments, with or without a page. `sdk/js/service-worker.js`
//! is its JavaScript half.
//!
//! It holds the store, the vault, the gateway and the forwarder, nothing of the terminal, the reader or the screen:
//! it is loaded each time the browser starts the worker.
#![cfg(target_arch = "wasm32")]

mod forwarding;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use forwarding::worker;

/// Makes one pass over the stored payments: all of them with `"all"`, else those whose next attempt is due. Resolves
/// to `{ran, nextPassMs?, offline}`: whether this context was the one to forward, when the next pass is due, and
/// whether the gateway could not be reached.
///
/// # Errors
/// A text, when the journal cannot be used.
#[wasm_bindgen]
pub async fn drain(mode: String) -> Result<JsValue, JsValue> {
    let worker = worker().await.map_err(thrown)?;
    worker.drain(&mode).await.map_err(thrown)
}

/// Registers the app's function that gives connection tokens; it is asked before the address that a page kept.
#[wasm_bindgen]
pub fn provide(fetch_connection_token: Function) {
    forwarding::provide(fetch_connection_token);
}

/// Keeps where a page found its servers, for passes without one.
///
/// # Errors
/// A text, when the setting cannot be kept.
#[wasm_bindgen]
pub async fn configure(gateway_url: String, connection_token_url: String) -> Result<(), JsValue> {
    let worker = worker().await.map_err(thrown)?;
    worker.configure(gateway_url, connection_token_url).await.map_err(thrown)
}

fn thrown(error: tillandsia_core::error::TerminalError) -> JsValue {
    JsValue::from_str(&error.to_string())
}
