//! Start-up: open the database, connect the reader, then everything that needs the network, in the background.

use std::rc::Rc;

use leptos::prelude::{Set, set_interval};
use tillandsia_core::browser::Page;
use tillandsia_core::ports::Clock;

use super::events::Ear;
use super::{Shell, address};
use crate::state::Lifecycle;
use crate::view_models::reasons::sentence;

impl Shell {
    /// Opens the till. It is ready once the database is open and the reader has answered or failed; nothing here
    /// waits for the network.
    pub(super) async fn open(self: Rc<Self>) {
        let page = match Page::open(address::config()).await {
            Ok(page) => page,
            Err(error) => return self.state.lifecycle.set(Lifecycle::Failed(sentence(&error.message))),
        };
        self.page.replace(Some(Rc::clone(&page)));
        let changed = Rc::downgrade(&self);
        page.on_change(Rc::new(move || {
            if let Some(shell) = changed.upgrade() {
                shell.refresh();
            }
        }));
        let updated = self.state.update_ready;
        page.on_update_ready(Rc::new(move || updated.set(true)));
        page.terminal().set_offline_delegate(Rc::new(Ear(Rc::downgrade(&self))));
        page.start();
        self.show_outage();
        self.refresh();
        self.connect_reader().await;
        self.state.lifecycle.set(Lifecycle::Ready);
        self.ask_storage();
        self.reload_payments().await;
    }

    /// Keeps the screens' clock going: times left are shown by it.
    pub(super) fn tick(self: &Rc<Self>) {
        let shell = Rc::downgrade(self);
        let tick = move || {
            if let Some(shell) = shell.upgrade() {
                shell.state.now.set(super::BrowserClock.now());
            }
        };
        set_interval(tick, std::time::Duration::from_secs(1));
    }

    /// Takes a new version over.
    pub(super) fn apply_update(&self) {
        if let Some(page) = self.page() {
            page.apply_update();
        }
    }
}
