//! What a page does now and then beside selling: judging whether offline would work, removing what was finished long ago.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use super::Page;
use crate::browser::BrowserClock;
use crate::error::TerminalError;
use crate::offline::{Readiness, StorageFacts};
use crate::ports::{Clock as _, Reader};

/// How often finished payments are looked through, milliseconds.
const REMOVE_EVERY_MS: u64 = 60 * 60 * 1000;
/// The start belongs to the person who waits for it.
const FIRST_REMOVAL_MS: u64 = 60 * 1000;

impl<R: Reader + 'static> Page<R> {
    /// Whether a payment could be taken offline now, and until when; see
    /// [`Terminal::readiness`](crate::terminal::Terminal::readiness).
    ///
    /// # Errors
    /// `storage_unavailable` when the journal cannot be read at all.
    pub async fn readiness(&self) -> Result<Readiness, TerminalError> {
        let health = self.storage().await;
        let free_bytes = health.quota.zip(health.usage).map(|(quota, usage)| quota.saturating_sub(usage));
        self.terminal.readiness(StorageFacts { persisted: health.persisted, free_bytes }).await
    }

    pub(super) fn start_removing(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        spawn_local(async move {
            let mut wait_ms = FIRST_REMOVAL_MS;
            loop {
                BrowserClock.sleep_ms(wait_ms).await;
                let Some(this) = this.upgrade() else { return };
                // Another try follows in an hour.
                this.terminal.remove_finished().await.ok();
                wait_ms = REMOVE_EVERY_MS;
            }
        });
    }
}
