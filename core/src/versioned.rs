//! The form of what is kept sealed: two bytes of version, most significant first, then a struct in postcard's form.
//!
//! That form names no field: the order of fields and variants *is* the format. Nothing of a released version is moved,
//! added or taken away. A form that describes itself, such as JSON, needs a reader that made up a sixth of the service
//! worker's module.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value's bytes.
pub(crate) fn write(version: u16, value: &impl Serialize) -> Vec<u8> {
    // Serialising plain structs to memory cannot fail; were it to, the empty bytes would not read.
    postcard::to_extend(value, version.to_be_bytes().to_vec()).unwrap_or_default()
}

/// The version of some bytes, and what comes behind it.
pub(crate) fn version(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (version, body) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*version), body))
}

/// The value behind the version; `None` when the bytes are not in its form, or go on behind it.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}
