//! A bug that stops the module is told to the JavaScript half, which fails every call from then on. What is stored stays
//! stored: a transaction is written whole or not at all.

use std::cell::RefCell;

use js_sys::Function;
use wasm_bindgen::JsValue;

thread_local! {
    static HEARD: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// `heard` is called with the panic's text, before the module traps.
pub(super) fn report_to(heard: Function) {
    HEARD.set(Some(heard));
    std::panic::set_hook(Box::new(|info| {
        let heard = HEARD.try_with(|heard| heard.try_borrow().ok().and_then(|heard| heard.clone()));
        if let Ok(Some(heard)) = heard {
            heard.call1(&JsValue::UNDEFINED, &info.to_string().into()).ok();
        }
    }));
}
