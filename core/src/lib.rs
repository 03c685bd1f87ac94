//! What a till must do to take card payments without a connection.
//!
//! Decisions are pure: a function of state, input and time. Effects are ports ([`ports`]), carried out by a thin
//! async layer ([`terminal`], [`forwarder`]) that is the same code in the page, in the service worker and in the
//! simulator. Nothing outside `browser` knows the web, a clock or a source of randomness.

pub mod card;
pub mod error;
pub mod forwarder;
pub mod ids;
pub mod journal;
pub mod money;
pub mod network;
pub mod offline;
pub mod payment_intent;
pub mod ports;
pub mod terminal;
pub mod time;
pub mod wire;

#[cfg(target_arch = "wasm32")]
pub mod browser;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
