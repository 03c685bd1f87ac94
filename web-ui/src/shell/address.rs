//! The page's address: which screen is shown, and where the gateway is.

use std::rc::Rc;

use leptos::prelude::{GetUntracked, Set, Update, document, window, window_event_listener};
use tillandsia_core::browser::PageConfig;

use super::Shell;
use crate::state::Screen;
use crate::view_models::payment_row::Tone;

/// Where the page finds its servers: its own origin, or the one that whoever serves the page names in it. Never the
/// address: a link could then send payments to a stranger.
pub(super) fn config() -> PageConfig {
    let named = document().query_selector(r#"meta[name="tillandsia-gateway"]"#).ok().flatten();
    let gateway_url = named.and_then(|meta| meta.get_attribute("content")).unwrap_or_default();
    let gateway_url = gateway_url.trim_end_matches('/').to_owned();
    PageConfig {
        connection_token_url: format!("{gateway_url}/demo/connection_token"),
        gateway_url,
        worker_url: Some("./sw.js".to_owned()),
        ..PageConfig::default()
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
            if screen == Screen::Readiness {
                self.ask_readiness();
            }
            if screen == Screen::Payments {
                // What they say is in the list.
                self.state.toasts.update(|toasts| toasts.retain(|toast| toast.tone != Tone::Bad));
            }
        }
        self.refresh();
    }
}
