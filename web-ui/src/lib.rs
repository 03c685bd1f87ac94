//! The till: a Leptos interface over the core.
//!
//! [`view_models`] are pure and say what is shown. `screens` and `components` draw them; they get data and callbacks,
//! never ports. `shell` is the only place that talks to the page around the terminal and to the reader: it carries out
//! `action`s and writes what came of them to `state`.

pub mod view_models;

#[cfg(target_arch = "wasm32")]
mod action;
#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod screens;
#[cfg(target_arch = "wasm32")]
mod shell;
#[cfg(target_arch = "wasm32")]
mod state;

/// Starts the till in the page's element `app`; called by the module when it is loaded.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    shell::panics::report();
    app::mount();
}
