//! What the screens show, as plain data made by pure functions: no browser, no clock, tested natively.

pub mod banner;
pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod forwarding;
pub mod held_sale;
pub mod limits;
pub mod payment_list;
pub mod payment_row;
pub mod price;
pub mod reader_trouble;
pub mod readiness;
pub mod reasons;
pub mod receipt;
pub mod receipt_email;
pub mod shop;
pub mod story;
pub mod time_left;
pub mod void;
pub mod work;

#[cfg(test)]
mod tests;
