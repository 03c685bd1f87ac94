//! Event listeners that end with whoever listens.

use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// Hears an event of a target until it is dropped.
pub(super) struct Listener {
    target: EventTarget,
    event: &'static str,
    heard: Closure<dyn FnMut()>,
}

impl Listener {
    /// Beside whatever else listens there: handlers that the app set as properties stay as they are.
    pub(super) fn new(target: &EventTarget, event: &'static str, heard: impl FnMut() + 'static) -> Self {
        let heard = Closure::<dyn FnMut()>::new(heard);
        // Adding a listener fails for no event of ours.
        target.add_event_listener_with_callback(event, heard.as_ref().unchecked_ref()).ok();
        Listener { target: target.clone(), event, heard }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let heard = self.heard.as_ref().unchecked_ref();
        self.target.remove_event_listener_with_callback(self.event, heard).ok();
    }
}
