//! Values across the boundary.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use js_sys::{Array, Object, Promise, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use tillandsia_core::error::{ErrorCode, TerminalError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::api::{Answer, FromGiven, Gave, Given, NO_OBJECT, Plain, ToPlain};

/// As JSON has it: maps are objects, what is absent is null.
pub(super) fn value(value: &impl ToPlain) -> JsValue {
    written(&value.plain())
}

fn written(plain: &Plain<'_>) -> JsValue {
    match plain {
        Plain::Absent => JsValue::UNDEFINED,
        Plain::Null => JsValue::NULL,
        Plain::Flag(flag) => JsValue::from_bool(*flag),
        Plain::Number(number) => JsValue::from_f64(*number as f64),
        Plain::Text(text) => JsValue::from_str(text),
        Plain::Texts(texts) => map(texts),
        Plain::Numbers(numbers) => map(numbers),
        Plain::List(items) => items.iter().map(written).collect::<Array>().into(),
        Plain::Object(fields) => {
            let object = Object::new();
            fields.fields(&mut |name, value| {
                if !matches!(value, Plain::Absent) {
                    // Setting a property of a plain object cannot fail.
                    Reflect::set(&object, &JsValue::from_str(name), &written(&value)).ok();
                }
            });
            object.into()
        }
    }
}

fn map(map: &impl Serialize) -> JsValue {
    // Texts and numbers by text: there is nothing in them that could fail.
    map.serialize(&Serializer::json_compatible()).unwrap_or(JsValue::NULL)
}

pub(super) fn values(texts: &[&'static str]) -> JsValue {
    texts.iter().map(|text| JsValue::from_str(text)).collect::<Array>().into()
}

/// An object of the app.
struct GivenObject(JsValue);

impl Given for GivenObject {
    fn get(&self, name: &str) -> Gave {
        let Ok(value) = Reflect::get(&self.0, &JsValue::from_str(name)) else { return Gave::Other };
        if value.is_undefined() || value.is_null() {
            return Gave::Nothing;
        }
        if let Some(text) = value.as_string() {
            return Gave::Text(text);
        }
        if let Some(number) = value.as_f64() {
            return Gave::Number(number);
        }
        value.as_bool().map_or(Gave::Other, Gave::Flag)
    }

    fn texts(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let value = Reflect::get(&self.0, &JsValue::from_str(name)).ok()?;
        let object = match value.dyn_ref::<js_sys::Map>() {
            Some(map) => Object::from_entries(map).ok()?,
            None => value.is_object().then(|| value.unchecked_into())?,
        };
        let mut texts = BTreeMap::new();
        for key in Object::keys(&object).iter() {
            let text = Reflect::get(&object, &key).ok()?.as_string()?;
            texts.insert(key.as_string()?, text);
        }
        Some(texts)
    }
}

/// What the app gave.
pub(super) fn given<T: FromGiven>(js: JsValue) -> Answer<T> {
    if !js.is_object() {
        return Err(TerminalError::new(ErrorCode::InvalidRequest, NO_OBJECT).into());
    }
    Ok(T::from_given(&GivenObject(js))?)
}

/// What the app gave, or left out.
pub(super) fn given_or_default<T: FromGiven + Default>(js: JsValue) -> Answer<T> {
    if js.is_undefined() || js.is_null() { Ok(T::default()) } else { given(js) }
}

/// A promise of what `work` comes to.
pub(super) fn answer<T: ToPlain + 'static>(work: impl Future<Output = Answer<T>> + 'static) -> Promise {
    answered(Box::pin(work))
}

/// Boxed, so that the module has this once for each kind of result and not for each method.
fn answered<T: ToPlain + 'static>(work: Pin<Box<dyn Future<Output = Answer<T>>>>) -> Promise {
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
