//! What a failure of IndexedDB means to a store.

use indexed_db_futures::error::{DomException, Error, OpenDbError};
use indexed_db_futures::internals::SystemRepr as _;
use wasm_bindgen::JsValue;

use super::super::js::text_of;
use crate::ports::StoreError;

/// A failure, in the store's words. `ConstraintError` comes from adding a log entry whose number is taken: another
/// tab wrote it first.
pub(in crate::browser) fn store_error(error: Error) -> StoreError {
    match error {
        Error::DomException(exception) => {
            let sys = exception.as_sys();
            by_name(&sys.name(), || text_of(sys.as_ref()))
        }
        Error::Unknown(error) => {
            let error: JsValue = error.into();
            StoreError::Unavailable(text_of(&error))
        }
        Error::MissingData(missing) => StoreError::Unavailable(missing.to_string()),
        // Never printed as it is: a value of it may be a float, and printing those is code for nothing.
        Error::Serialisation(_) => StoreError::Unavailable("it gave a value of another kind".to_owned()),
    }
}

/// What ended a transaction, by its own `error`; an abort of ours has none.
pub(in crate::browser) fn aborted(error: Option<web_sys::DomException>) -> StoreError {
    match error {
        Some(exception) => by_name(&exception.name(), || text_of(exception.as_ref())),
        None => StoreError::Unavailable("the transaction was aborted".to_owned()),
    }
}

fn by_name(name: &str, text: impl Fn() -> String) -> StoreError {
    match name {
        "QuotaExceededError" => StoreError::Full,
        "ConstraintError" => StoreError::Conflict,
        _ => StoreError::Unavailable(text()),
    }
}

/// Whether the connection itself is of no use any more: closed by the browser, or by a newer version.
pub(in crate::browser) fn is_lost(error: &Error) -> bool {
    matches!(error, Error::DomException(DomException::InvalidStateError(_)))
}

/// Whether the database on disk has a newer version than was asked for.
pub(super) fn is_newer(error: &OpenDbError) -> bool {
    match error {
        OpenDbError::Base(Error::DomException(exception)) => exception.as_sys().name() == "VersionError",
        _ => false,
    }
}

/// Why a database did not open.
pub(super) fn open_error(error: OpenDbError) -> StoreError {
    match error {
        OpenDbError::Base(error) => match store_error(error) {
            StoreError::Conflict => StoreError::Unavailable("the database could not be set up".to_owned()),
            other => other,
        },
        _ => StoreError::Unavailable("this browser has none, or does not give it out".to_owned()),
    }
}
