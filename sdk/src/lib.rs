//! The JavaScript API of the till, the npm package `tillandsia`: [`api`] says what goes in and comes out and is pure,
//! `wasm` binds it to the browser, and `sdk/js/` is the half that is written in JavaScript.

pub mod api;
#[cfg(target_arch = "wasm32")]
mod wasm;
