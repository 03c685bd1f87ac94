//! A bug that stops the till is told to the person at it, instead of leaving a dead screen.

use wasm_bindgen::JsValue;

/// Reports panics to the console and on the page. What is stored stays stored.
pub(crate) fn report() {
    std::panic::set_hook(Box::new(|info| {
        leptos::logging::error!("{info}");
        let stopped = leptos::prelude::window().get("tillandsiaStopped");
        if let Some(Ok(stopped)) = stopped.map(wasm_bindgen::JsCast::dyn_into::<js_sys::Function>) {
            stopped.call0(&JsValue::NULL).ok();
        }
    }));
}
