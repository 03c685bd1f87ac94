//! The core on in-memory ports: what a till does, step by step.
#![cfg(not(target_arch = "wasm32"))]
#![allow(missing_docs)]

mod forwarding;
mod journal;
mod sale;
mod world;
