//! The page's address: which screen is shown, and where the gateway is.

use std::rc::Rc;

use leptos::prelude::{GetUntracked, Set, Update, window, window_event_listener};
use tillandsia_core::browser::PageConfig;
use web_sys::UrlSearchParams;

use super::Shell;
use crate::state::Screen;
use crate::view_models::payment_row::Tone;

/// Where a gateway other than the page's own origin is kept for the browser session.
const GATEWAY: &str = "tillandsia.gateway";

/// Where the page finds its servers: its own origin, or the one of `?gateway=`.
pub(super) fn config() -> PageConfig {
    let search = window().location().search().unwrap_or_default();
    let named = UrlSearchParams::new_with_str(&search).ok().and_then(|params| params.get("gateway"));
    let session = window().session_storage().ok().flatten();
    if let (Some(storage), Some(url)) = (&session, &named) {
        storage.set_item(GATEWAY, url).ok();
    }
    let kept = || session.as_ref().and_then(|storage| storage.get_item(GATEWAY).ok().flatten());
    let gateway_url = named.or_else(kept).unwrap_or_default().trim_end_matches('/').to_owned();
    PageConfig {
        connection_token_url: format!("{gateway_url}/demo/connection_token"),
        gateway_url,
        worker_url: Some("./sw.js".to_owned()),
    }
}

impl Shell {
    /// Follows the address, now and whenever it changes.
    pub(super) fn follow_address(self: &Rc<Self>) {
        let shell = Rc::clone(self);
        shell.show_addressed();
        std::mem::forget(window_event_listener(leptos::ev::hashchange, move |_| shell.show_addressed()));
    }

    /// Shows a screen through the address, so that "back" works.
    pub(super) fn go(&self, screen: Screen) {
        window().location().set_hash(screen.hash()).ok();
    }

    fn show_addressed(self: &Rc<Self>) {
        let hash = window().location().hash().unwrap_or_default();
        let screen = Screen::ALL.into_iter().find(|screen| screen.hash() == hash).unwrap_or(Screen::Till);
        if self.state.screen.get_untracked() != screen {
            self.state.screen.set(screen);
            if screen == Screen::Payments {
                // What they say is in the list.
                self.state.toasts.update(|toasts| toasts.retain(|toast| toast.tone != Tone::Bad));
            }
        }
        self.refresh();
    }
}
