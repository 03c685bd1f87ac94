//! In-memory ports, and the conformance suite that every implementation of [`crate::ports::Store`] passes.
//!
//! Test code: it panics on what must not happen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod gateway;
mod platform;
mod reader;
mod sleepers;
mod store;
pub mod store_conformance;
mod vault;

pub use gateway::{MemoryGateway, NextAnswer};
pub use platform::{ManualClock, MemoryPlatform, STORED_COUNT_MAX, SeededEntropy, session};
pub use reader::{MemoryReader, card};
pub use sleepers::{Sleeper, Sleepers};
pub use store::MemoryStore;
pub use vault::MemoryVault;
