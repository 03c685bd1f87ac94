//! What the product promises, a row a statement. A row is written once, in the JavaScript API's words, and runs in every
//! [`Rig`](rig::Rig): in this process, and in a page of three browser engines.

#![allow(clippy::indexing_slicing, reason = "a row that panics has failed, and says so")]

pub mod browser;
pub mod native;
pub mod rig;
mod rows;
pub mod run;
mod world;

pub use rows::{Row, all, unreached_codes};
pub use world::World;
