//! Keyboard shortcuts. Function keys and Alt only: letters belong to whoever types.

use std::rc::Rc;

use leptos::ev::KeyboardEvent;
use leptos::prelude::{
    GetUntracked, WithUntracked, document, request_animation_frame, window_event_listener,
};
use wasm_bindgen::JsCast;

use super::Shell;
use crate::action::Action;
use crate::state::Screen;

impl Shell {
    /// Listens for shortcuts: F2 search, F4 custom amount, F9 charge, Alt+1 to 3 screens.
    pub(super) fn listen_to_keys(self: &Rc<Self>) {
        let shell = Rc::clone(self);
        std::mem::forget(window_event_listener(leptos::ev::keydown, move |event| shell.key(&event)));
    }

    fn key(self: &Rc<Self>, event: &KeyboardEvent) {
        let state = self.state;
        let in_dialog = state.checkout.with_untracked(Option::is_some)
            || state.receipt.with_untracked(Option::is_some)
            || state.void.with_untracked(Option::is_some);
        if in_dialog {
            return;
        }
        let screen = match (event.alt_key(), event.code().as_str()) {
            (true, "Digit1") => Some(Screen::Till),
            (true, "Digit2") => Some(Screen::Payments),
            (true, "Digit3") => Some(Screen::Settings),
            _ => None,
        };
        match (screen, event.key().as_str()) {
            (Some(screen), _) => self.go(screen),
            (None, "F2") => self.focus("search"),
            (None, "F4") => self.focus("custom-amount"),
            (None, "F9") if state.can_charge().get_untracked() => self.dispatch(Action::Charge),
            _ => return,
        }
        event.prevent_default();
    }

    /// Focuses a field of the till's screen, once the screen is there.
    fn focus(&self, id: &'static str) {
        self.go(Screen::Till);
        let focus = move || {
            let field = document().get_element_by_id(id);
            if let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok()) {
                field.focus().ok();
                field.select();
            }
        };
        // The address changes in a task of its own, the screen is drawn in the frame after it.
        request_animation_frame(move || request_animation_frame(focus));
    }
}
