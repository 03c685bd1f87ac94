//! Whether the browser promises to keep what is stored. Asked beside the start, never before it: some browsers
//! never answer.

use std::rc::Rc;

use leptos::prelude::Set;
use leptos::task::spawn_local;

use super::Shell;
use crate::state::StorageView;

impl Shell {
    /// Asks, and shows the answer when there is one.
    pub(super) fn ask_storage(self: &Rc<Self>) {
        let Some(page) = self.page() else { return };
        let state = self.state;
        spawn_local(async move {
            let health = page.storage().await;
            state.storage.set(Some(StorageView {
                persisted: health.persisted,
                usage: health.usage,
                quota: health.quota,
            }));
        });
    }
}
