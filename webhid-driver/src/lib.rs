//! Card readers behind the core's `Reader` port. Bytes in, bytes out.
//!
//! From the wire up: [`link`] carries packets, [`framing`] makes frames of them, [`tlv`] reads their data, [`guard`]
//! throws away what holds card data in clear, [`vivotech`] knows what commands and answers mean, [`session`] decides what
//! comes next, and [`ViVotechReader`] carries it out. All but the links in the browser is pure and runs natively.

pub mod framing;
pub mod guard;
pub mod link;
mod reader;
pub mod session;
pub mod tlv;
#[cfg(test)]
mod vectors;
pub mod vivotech;

pub use reader::ViVotechReader;
