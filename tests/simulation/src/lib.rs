//! A world on virtual time: a device with tabs and a worker, a bad network, the gateway's real ledger, an acquirer.
//!
//! The device's code is the product's own (`Terminal`, `Forwarder`, `Journal`), and so is the ledger; only the ports
//! are simulated. Every call through a port waits at least once, and at every wait a process may end. One seed
//! decides everything: the same seed gives the same run.
//!
//! Test code: it panics on what must not happen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_arithmetic
)]

pub mod acquirer;
pub mod check;
pub mod device;
pub mod executor;
pub mod faults;
pub mod network;
pub mod world;

pub use check::Report;
pub use faults::Faults;

/// Runs one world to its end and checks it. `Err` holds what went wrong and the world's history.
pub fn run(seed: u64) -> Result<Report, String> {
    let world = world::World::new(seed, Faults::of(seed));
    world.live();
    check::check(&world).map_err(|problem| {
        let history = world.sim.history();
        format!("seed {seed}: {problem}\n\n{}\n\nseed {seed}: {problem}", history.join("\n"))
    })
}
