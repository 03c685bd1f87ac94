//! What the service worker does: a pass of its own over the ports, without a terminal, a reader or a screen.
//!
//! It is here and not in the worker's crate because a crate makes its own copy of every async function of another that
//! it awaits: a twentieth of the worker's module was such copies.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::channel::{CHANNEL, Channel, Message};
use super::js::object;
use super::pass::{Passes, leave_to_forward};
use super::{
    Browser, BrowserClock, BrowserEntropy, BrowserJournal, Connection, Endpoints, FetchGateway,
    IndexedDbStore, WebCryptoVault, device_id, kept_session,
};
use crate::error::{ErrorCode, TerminalError};
use crate::forwarder::{Drained, Forwarder, Mode};
use crate::ids::HolderId;
use crate::journal::Journal;
use crate::ports::{Entropy as _, Gateway as _, GatewayError};
use crate::simulated_offline::{SimulatedOfflineMode, in_force};
use crate::terminal::{SESSION_SETTING, SIMULATED_OFFLINE_SETTING, session_to_bytes};

/// What a run of the worker keeps in memory; everything that matters is in the journal.
struct Worker {
    journal: BrowserJournal,
    channel: Rc<Channel>,
    holder: HolderId,
    passes: Passes,
    failures_in_a_row: Cell<u32>,
}

/// What came of a pass that nothing failed under.
enum Pass {
    /// It was made.
    Made(Drained),
    /// Another context forwards.
    Elsewhere,
    /// A page has to make it: this worker lacks what the error names.
    ForPages(TerminalError),
}

thread_local! {
    static WORKER: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
    static TOKEN_PROVIDER: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// From here on connection tokens come from this function of the app.
pub fn provide(provider: Function) {
    TOKEN_PROVIDER.set(Some(provider));
}

/// Makes one pass over the stored payments: all of them with `"all"`, else those whose next attempt is due. Resolves
/// to `{ran, nextPassMs?, offline}`: whether this context was the one to forward, when the next pass is due, and
/// whether the gateway could not be reached.
///
/// # Errors
/// When the journal cannot be used, or the worker lacks what only a page has: where the gateway is, or who gives
/// connection tokens.
pub fn drain(mode: String) -> LocalBoxFuture<'static, Result<JsValue, TerminalError>> {
    Box::pin(async move { worker().await?.drain(&mode).await })
}

/// Keeps where a page found its servers, for passes without one.
///
/// # Errors
/// When the setting cannot be kept.
pub fn configure(endpoints: Endpoints) -> LocalBoxFuture<'static, Result<(), TerminalError>> {
    Box::pin(async move { endpoints.keep(&worker().await?.journal).await })
}

/// This run of the worker, opened at its first use. When the database does not open, the next use tries again.
async fn worker() -> Result<Rc<Worker>, TerminalError> {
    if let Some(worker) = WORKER.with_borrow(Clone::clone) {
        return Ok(worker);
    }
    let worker = Rc::new(Worker::open().await?);
    // Another call may have opened one meanwhile: passes must share theirs to keep apart.
    Ok(WORKER.with_borrow_mut(|kept| Rc::clone(kept.get_or_insert(worker))))
}

impl Worker {
    async fn open() -> Result<Self, TerminalError> {
        let connection = Connection::open().await?;
        let channel = Rc::new(Channel::open(CHANNEL));
        let on_commit: Rc<dyn Fn()> = {
            let channel = Rc::clone(&channel);
            Rc::new(move || channel.send(&Message::Changed))
        };
        let store = IndexedDbStore::new(Rc::clone(&connection), on_commit);
        let mut random = [0; 16];
        BrowserEntropy.fill(&mut random);
        Ok(Worker {
            journal: Journal::new(store, WebCryptoVault::new(connection)),
            channel,
            holder: HolderId::mint(random),
            passes: Passes::default(),
            failures_in_a_row: Cell::new(0),
        })
    }

    async fn drain(&self, mode: &str) -> Result<JsValue, TerminalError> {
        let mode = if mode == "all" { Mode::All } else { Mode::Due };
        match self.passes.run(mode, async |mode| self.pass(mode).await).await {
            Some(Ok(Pass::Made(drained))) => Ok(self.report(&drained)),
            // The page hears that it failed, and makes it; the app need not know.
            Some(Ok(Pass::ForPages(error))) => Err(error),
            Some(Err(error)) => {
                self.tell(error.code.as_str(), &error.message);
                Err(error)
            }
            // A later call of this one did the work, perhaps.
            Some(Ok(Pass::Elsewhere)) | None => {
                Ok(object(&[("ran", false.into()), ("offline", false.into())]))
            }
        }
    }

    async fn pass(&self, mode: Mode) -> Result<Pass, TerminalError> {
        if self.journal.store().connection().newer_version().is_some() {
            return Ok(Pass::Elsewhere);
        }
        let session = kept_session(&self.journal).await;
        // A simulated outage is the page's: it forwards itself.
        let simulated = self.journal.setting(SIMULATED_OFFLINE_SETTING).await?;
        if in_force(simulated.as_deref(), session.as_ref()) != SimulatedOfflineMode::Off {
            return Ok(Pass::Elsewhere);
        }
        let Some(endpoints) = Endpoints::kept(&self.journal).await? else {
            let unknown =
                "this device keeps no gateway's address: open the till, whose page knows it and forwards";
            return Ok(Pass::ForPages(TerminalError::new(ErrorCode::StorageUnavailable, unknown)));
        };
        let provider = TOKEN_PROVIDER.with_borrow(Clone::clone);
        let has_provider = provider.is_some() || !endpoints.connection_token_url.is_empty();
        let Some(leave) = leave_to_forward(&self.journal).await? else { return Ok(Pass::Elsewhere) };
        let gateway = FetchGateway::new(endpoints, device_id(&self.journal).await?, session.clone())
            .with_token_provider(provider);
        let forwarder: Forwarder<'_, Browser> = Forwarder {
            journal: &self.journal,
            gateway: &gateway,
            clock: &BrowserClock,
            entropy: &BrowserEntropy,
            holder: self.holder.clone(),
            holds_lock: leave.holds_lock(),
            failures_in_a_row: self.failures_in_a_row.get(),
        };
        let drained = forwarder.drain(mode).await?;
        if let Some(renewed) = gateway.session().filter(|renewed| Some(renewed) != session.as_ref()) {
            self.journal.put_setting(SESSION_SETTING, &session_to_bytes(&renewed)).await?;
        }
        match &drained.stopped {
            Some(error @ GatewayError::TokenProvider(_)) if !has_provider => {
                let code = ErrorCode::ConnectionTokenProviderErrorWhileForwarding;
                Ok(Pass::ForPages(TerminalError::new(code, error.to_string())))
            }
            _ => Ok(Pass::Made(drained)),
        }
    }

    fn report(&self, drained: &Drained) -> JsValue {
        let offline = drained.stopped.as_ref().is_some_and(|error| error.is_offline());
        match &drained.stopped {
            None => self.failures_in_a_row.set(0),
            Some(error) => {
                self.failures_in_a_row.set(self.failures_in_a_row.get().saturating_add(1));
                if offline {
                    self.channel.send(&Message::NetworkFailed);
                } else {
                    self.tell(error.code_while_forwarding().as_str(), &error.to_string());
                }
            }
        }
        let next_pass_ms = drained.next_pass_ms.map_or(JsValue::UNDEFINED, |ms| JsValue::from_f64(ms as f64));
        object(&[("ran", true.into()), ("offline", offline.into()), ("nextPassMs", next_pass_ms)])
    }

    fn tell(&self, code: &str, message: &str) {
        let message = message.to_owned();
        self.channel.send(&Message::ForwardingError { code: code.to_owned(), message });
    }
}
