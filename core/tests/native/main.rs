//! The core on in-memory ports: what a till does, step by step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(not(target_arch = "wasm32"))]
#![allow(missing_docs)]

mod connecting;
mod forwarding;
mod journal;
mod sale;
mod steps;
mod transitions;
mod upkeep;
mod voiding;
mod waiting;
mod world;
