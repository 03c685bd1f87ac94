//! Events, handed to the JavaScript half.

use std::cell::Cell;

use js_sys::{Function, Promise};
use tillandsia_core::terminal::Acknowledgement;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::values::value;
use crate::api::{ErrorJson, ForwardedJson, Listener, OfflineStatusJson};

/// Calls JavaScript's `emit(type, detail)`.
pub(super) struct Events {
    emit: Function,
    silent: Cell<bool>,
}

impl Events {
    pub(super) fn new(emit: Function) -> Self {
        Events { emit, silent: Cell::new(false) }
    }

    /// No more events.
    pub(super) fn silence(&self) {
        self.silent.set(true);
    }

    /// What a listener throws is reported by the JavaScript half, which catches it.
    pub(super) fn emit(&self, name: &str, detail: &JsValue) {
        self.told(name, detail);
    }

    fn told(&self, name: &str, detail: &JsValue) -> Option<JsValue> {
        if self.silent.get() {
            return None;
        }
        self.emit.call2(&JsValue::UNDEFINED, &name.into(), detail).ok()
    }
}

impl Listener for Events {
    fn offline_status_change(&self, status: OfflineStatusJson) {
        self.emit("offlinestatuschange", &value(&status));
    }

    fn forward_payment_intent(&self, forwarded: ForwardedJson) -> Acknowledgement {
        let taken = self.told("forwardpaymentintent", &value(&forwarded));
        Box::pin(async move {
            let Some(Ok(taken)) = taken.map(JsCast::dyn_into::<Promise>) else { return false };
            JsFuture::from(taken).await.is_ok_and(|taken| taken.is_truthy())
        })
    }

    fn forwarding_error(&self, error: ErrorJson) {
        self.emit("forwardingerror", &value(&error));
    }
}
