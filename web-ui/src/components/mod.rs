//! The parts the screens are made of. They get data and callbacks, never ports.
// What the `component` macro makes of a `pub(crate)` function it calls `pub`.
#![allow(unreachable_pub)]

pub(crate) mod activity;
pub(crate) mod banner;
pub(crate) mod button;
pub(crate) mod cart;
pub(crate) mod checkout;
pub(crate) mod checkout_picture;
pub(crate) mod custom_amount;
pub(crate) mod dialog;
pub(crate) mod email_field;
pub(crate) mod facts;
pub(crate) mod icon;
pub(crate) mod nav;
pub(crate) mod payment_row;
pub(crate) mod product_grid;
pub(crate) mod receipt;
#[cfg(feature = "simulator")]
pub(crate) mod simulator;
pub(crate) mod status_line;
pub(crate) mod story;
pub(crate) mod void_dialog;
