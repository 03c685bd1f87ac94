//! A simulated outage, for whoever tries the till out.

use std::rc::Rc;

use leptos::prelude::{GetUntracked, Set};
use leptos::task::spawn_local;
use tillandsia_core::simulated_offline::SimulatedOfflineMode;

use super::Shell;
use crate::view_models::payment_row::Tone;
use crate::view_models::reasons::sentence;

impl Shell {
    /// Begins or ends one. It lasts across restarts.
    pub(super) fn simulate_outage(self: &Rc<Self>, mode: SimulatedOfflineMode) {
        let Some(page) = self.page() else { return };
        let shell = Rc::clone(self);
        spawn_local(async move {
            if let Err(error) = page.terminal().set_simulated_offline_mode(mode).await {
                shell.toast(sentence(&error.message), Tone::Bad);
            }
            // Also after a refusal: the choice on the screen goes back to what holds.
            shell.show_outage();
            shell.refresh();
        });
    }

    /// One that another tab began or ended shows here too.
    pub(super) fn follow_outage(&self) {
        let shown = self.state.simulated.get_untracked();
        if self.page().is_some_and(|page| page.terminal().simulated_offline_mode() != shown) {
            self.show_outage();
        }
    }

    /// Shows which outage is simulated.
    pub(super) fn show_outage(&self) {
        if let Some(page) = self.page() {
            self.state.simulated.set(page.terminal().simulated_offline_mode());
        }
    }
}
