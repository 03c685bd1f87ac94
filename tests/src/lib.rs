//! What the end-to-end tests and the benches are made of: a gateway that can be killed, a network that can fail, and
//! browsers that can be driven and killed.

pub mod cards;
pub mod cdp;
pub mod engine;
pub mod files;
pub mod gateway;
pub mod http;
pub mod needles;
pub mod package;
pub mod poll;
pub mod processes;
pub mod proxy;
pub mod site;
pub mod till;
