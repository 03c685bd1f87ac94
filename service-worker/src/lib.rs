//! The service worker's WebAssembly module: forwards stored payments, with or without a page. `sdk/js/service-worker.js`
//! is its JavaScript half.
//!
//! It holds the store, the vault, the gateway and the forwarder, nothing of the terminal, the reader or the screen:
//! it is loaded each time the browser starts the worker. What it does is in `tillandsia_core::browser::worker`.
#![cfg(target_arch = "wasm32")]

use js_sys::Function;
use tillandsia_core::browser::{Endpoints, worker};
use tillandsia_core::error::TerminalError;
use wasm_bindgen::prelude::*;

/// Makes one pass over the stored payments: all of them with `"all"`, else those whose next attempt is due. Resolves
/// to `{ran, nextPassMs?, offline}`: whether this context was the one to forward, when the next pass is due, and
/// whether the gateway could not be reached.
///
/// # Errors
/// A text, when the journal cannot be used, or no page has said where the gateway is or who gives connection tokens: a
/// page then has to make the pass.
#[wasm_bindgen]
pub async fn drain(mode: String) -> Result<JsValue, JsValue> {
    worker::drain(mode).await.map_err(thrown)
}

/// Registers the app's function that gives connection tokens; it is asked before the address that a page kept.
#[wasm_bindgen]
pub fn provide(fetch_connection_token: Function) {
    worker::provide(fetch_connection_token);
}

/// Keeps where a page found its servers, for passes without one.
///
/// # Errors
/// A text, when the setting cannot be kept.
#[wasm_bindgen]
pub async fn configure(gateway_url: String, connection_token_url: String) -> Result<(), JsValue> {
    worker::configure(Endpoints { gateway_url, connection_token_url }).await.map_err(thrown)
}

fn thrown(error: TerminalError) -> JsValue {
    JsValue::from_str(&error.to_string())
}
