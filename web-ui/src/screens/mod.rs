//! The screens: each puts components together over the state.
// What the `component` macro makes of a `pub(crate)` function it calls `pub`.
#![allow(unreachable_pub)]

pub(crate) mod payments;
pub(crate) mod readiness;
pub(crate) mod settings;
pub(crate) mod till;
