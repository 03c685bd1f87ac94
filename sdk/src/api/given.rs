//! An object that an app gave, read property by property, so that a mistake is answered with the name of what is wrong.
//! Derived readers would be as much code as all that the API does.

use std::collections::BTreeMap;

use tillandsia_core::error::TerminalError;

use super::{Whole, invalid};

/// The object, whatever holds it.
pub trait Given {
    /// A property.
    fn get(&self, name: &str) -> Gave;
    /// A property that is an object of texts; `None` when it is not.
    fn texts(&self, name: &str) -> Option<BTreeMap<String, String>>;
}

/// A property as it was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Gave {
    /// Missing or null.
    Nothing,
    /// `true` or `false`
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Anything else.
    Other,
}

/// What is said of options that are no object.
pub const NO_OBJECT: &str = "options: give an object";

/// What can be read from an object.
pub trait FromGiven: Sized {
    /// Reads it; properties that it does not know are left alone.
    ///
    /// # Errors
    /// `invalid_request`, with the name of the property that does not fit.
    fn from_given(given: &dyn Given) -> Result<Self, TerminalError>;
}

pub(super) fn needed<T>(read: Option<T>, name: &str, kind: &str) -> Result<T, TerminalError> {
    read.ok_or_else(|| unfit(name, kind))
}

pub(super) const A_TEXT: &str = "a text";
pub(super) const A_WHOLE: &str = "a whole number, zero or more (amounts are in the currency's minor unit)";

pub(super) fn text(given: &dyn Given, name: &str) -> Result<Option<String>, TerminalError> {
    match given.get(name) {
        Gave::Nothing => Ok(None),
        Gave::Text(text) => Ok(Some(text)),
        _ => Err(unfit(name, A_TEXT)),
    }
}

pub(super) fn flag(given: &dyn Given, name: &str) -> Result<Option<bool>, TerminalError> {
    match given.get(name) {
        Gave::Nothing => Ok(None),
        Gave::Flag(flag) => Ok(Some(flag)),
        _ => Err(unfit(name, "true or false")),
    }
}

pub(super) fn whole(given: &dyn Given, name: &str) -> Result<Option<Whole>, TerminalError> {
    match given.get(name) {
        Gave::Nothing => Ok(None),
        Gave::Number(number) => needed(Whole::exactly(number), name, A_WHOLE).map(Some),
        _ => Err(unfit(name, A_WHOLE)),
    }
}

pub(super) fn texts(
    given: &dyn Given,
    name: &str,
) -> Result<Option<BTreeMap<String, String>>, TerminalError> {
    match given.get(name) {
        Gave::Nothing => Ok(None),
        _ => needed(given.texts(name), name, "an object of texts").map(Some),
    }
}

fn unfit(name: &str, kind: &str) -> TerminalError {
    invalid([name, ": give ", kind].concat())
}
