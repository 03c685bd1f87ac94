//! The gateway's tests, in one program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod acquirer;
mod card;
mod crash;
mod http;
mod http_server;
mod http_support;
mod ledger;
mod log;
mod property;
mod sandbox;
mod site;
mod store;
mod throughput;
