//! Small helpers around JavaScript values and promises.

use std::future::Future;

use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use super::clock::timeout_ms;

/// `future`'s output, or `None` when it takes longer than `ms` milliseconds; it is then dropped.
pub(super) async fn within<F: Future>(ms: u64, future: F) -> Option<F::Output> {
    let timeout = TimeoutFuture::new(timeout_ms(ms));
    match select(Box::pin(future), timeout).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

/// What a thrown value says, for a person: `QuotaExceededError: …`.
pub(super) fn text_of(thrown: &JsValue) -> String {
    match (text(thrown, "name"), text(thrown, "message")) {
        (Some(name), Some(message)) if !message.is_empty() => format!("{name}: {message}"),
        (Some(name), _) => name,
        _ => thrown.as_string().unwrap_or_else(|| "unknown error".to_owned()),
    }
}

/// A property, `undefined` when there is none.
pub(super) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// A property that is a text.
pub(super) fn text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).as_string()
}

/// An object with these properties.
pub(super) fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in properties {
        // Setting a property of a plain object cannot fail.
        Reflect::set(&object, &JsValue::from_str(name), value).ok();
    }
    object.into()
}

/// A property that is a whole number from 0 to 2^53, the range in which JavaScript's numbers are exact.
pub(super) fn whole(object: &JsValue, name: &str) -> Option<u64> {
    whole_number(&get(object, name))
}

/// The value as a whole number from 0 to 2^53.
pub(super) fn whole_number(value: &JsValue) -> Option<u64> {
    let number = value.as_f64()?;
    let exact = (0.0..=js_sys::Number::MAX_SAFE_INTEGER).contains(&number) && number.fract() == 0.0;
    exact.then_some(number as u64)
}

/// A whole number as JavaScript has it; beyond 2^53 (no time, count or amount gets there) the nearest one.
pub(super) fn number(value: u64) -> JsValue {
    JsValue::from_f64(value as f64)
}
