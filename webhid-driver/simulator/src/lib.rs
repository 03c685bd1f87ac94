//! A simulated card reader. It speaks a VP3300's bytes at the same seam as a real one, HID reports, with real DUKPT keys
//! and cryptograms under the published test keys. It shares no code with the driver: one mistake must not be on both
//! sides.
//!
//! In a browser it runs in a Worker of its own, so that the till's memory never holds a test card number or a key. It is
//! never part of a production build.

mod card;
mod fault;
mod profile;
mod reader;
mod state;
mod tlv;
mod wire;
#[cfg(target_arch = "wasm32")]
mod worker;

pub use fault::Fault;
pub use profile::CardProfile;
pub use reader::{Output, SimulatedReader};
pub use state::ReaderState;
pub use wire::Report;
