//! Values across the boundary.

use std::future::Future;
use std::pin::Pin;

use js_sys::{Array, Promise};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use tillandsia_core::error::ErrorCode;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::api::{Answer, ErrorJson};

/// As JSON has it: maps are objects, what is absent is null.
pub(super) fn value(value: &impl Serialize) -> JsValue {
    // Plain structs of texts, numbers and maps by text: there is nothing in them that could fail.
    value.serialize(&Serializer::json_compatible()).unwrap_or(JsValue::NULL)
}

pub(super) fn values(texts: &[&'static str]) -> JsValue {
    texts.iter().map(|text| JsValue::from_str(text)).collect::<Array>().into()
}

/// What the app gave.
pub(super) fn given<T: DeserializeOwned>(js: JsValue) -> Answer<T> {
    serde_wasm_bindgen::from_value(js)
        .map_err(|error| ErrorJson::new(ErrorCode::InvalidRequest, error.to_string()))
}

/// What the app gave, or left out.
pub(super) fn given_or_default<T: DeserializeOwned + Default>(js: JsValue) -> Answer<T> {
    if js.is_undefined() || js.is_null() { Ok(T::default()) } else { given(js) }
}

/// A promise of what `work` comes to.
pub(super) fn answer<T: Serialize>(work: impl Future<Output = Answer<T>> + 'static) -> Promise {
    erased(Box::pin(async move {
        match work.await {
            Ok(done) => Ok(value(&done)),
            Err(error) => Err(value(&error)),
        }
    }))
}

/// One instance for all: each kind of future would have its own.
fn erased(work: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>) -> Promise {
    future_to_promise(work)
}

/// Completes when the promise is fulfilled.
pub(super) async fn until(promise: Promise) {
    JsFuture::from(promise).await.ok();
}
