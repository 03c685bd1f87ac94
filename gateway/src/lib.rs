//! The server that stored payments are forwarded to.
//!
//! A payment's way through it: [`routes`] reads the request, [`ledger`] makes sure that the payment is authorised
//! once however often it is sent, [`acquirer`] authorises it. [`directory`] knows whose device is asking.

pub mod acquirer;
pub mod directory;
pub mod ids;
pub mod ledger;
pub mod routes;
pub mod server;
pub mod sqlite;
