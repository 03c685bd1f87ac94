//! The browser's ports, in a browser.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../fixture_v1/mod.rs"]
mod fixture_v1;

mod damage;
mod fixture;
mod gateway;
mod locks;
mod page;
mod raw;
mod store;
mod till;
mod traps;
mod vault;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
