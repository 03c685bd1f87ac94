//! What the JavaScript methods do, over any ports: plain values go in and come out, with the names JavaScript has.
//!
//! A card that was read never comes out: a PaymentIntent that is not confirmed yet is kept here, in `open`, and named by its
//! offline id.

mod card;
mod given;
mod input;
mod listener;
mod open;
mod output;
mod payments;
mod plain;
mod readiness;
mod sale;

#[cfg(feature = "testing")]
mod call;
#[cfg(test)]
mod types;

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use futures::future::{Either, select};
use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::ports::{Platform, Reader};
use tillandsia_core::terminal::Terminal;

#[cfg(feature = "testing")]
pub use call::{from_json, to_json};
pub use card::{CardPresentDetailsJson, ReceiptDetailsJson};
pub use given::{FromGiven, Gave, Given, NO_OBJECT};
pub use input::{
    CaptureOptions, CollectOptions, ConfirmOptions, CreateOptions, LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX,
    ListOptions, Whole,
};
pub use listener::Listener;
pub use open::OPEN_MAX;
pub use output::{
    AmountDetailsJson, DetailsJson, ErrorJson, FailureJson, ForwardedJson, OfflineDetailsJson,
    OfflineStatusJson, PaymentIntentJson, PaymentJson, PaymentMethodJson, PromptJson, ReaderJson, TipJson,
};
pub use plain::{Object, Plain, ToPlain};
pub use readiness::{CheckJson, ReadinessJson};

use open::OpenIntents;

/// What every call comes to.
pub type Answer<T> = Result<T, ErrorJson>;

/// A till as JavaScript sees it.
pub struct Api<P: Platform, R> {
    terminal: Rc<Terminal<P, R>>,
    open: OpenIntents,
}

impl<P: Platform, R: Reader> Api<P, R> {
    /// Over a terminal that is open.
    pub fn new(terminal: Rc<Terminal<P, R>>) -> Self {
        Api { terminal, open: OpenIntents::default() }
    }

    /// The terminal, for what is not JavaScript's business.
    pub const fn terminal(&self) -> &Rc<Terminal<P, R>> {
        &self.terminal
    }

    /// Sets who hears about offline payments. Without one none is collected offline.
    pub fn listen(&self, listener: Rc<dyn Listener>) {
        self.terminal.set_offline_delegate(Rc::new(listener::Ear(listener)));
    }

    /// Nobody hears about them any more: none is collected offline, and what becomes of the stored ones waits.
    pub fn unlisten(&self) {
        self.terminal.remove_offline_delegate();
    }

    /// Connects a reader, unless `canceled` completes first.
    ///
    /// # Errors
    /// As the terminal's; `canceled`.
    pub async fn connect_reader(&self, reader: R, canceled: impl Future<Output = ()>) -> Answer<ReaderJson> {
        match select(pin!(self.terminal.connect_reader(reader)), pin!(canceled)).await {
            Either::Left((connected, _)) => Ok(ReaderJson::from(&connected?)),
            Either::Right(_) => Err(canceled_by_app("connecting the reader was canceled").into()),
        }
    }

    /// `disconnectReader()`.
    ///
    /// # Errors
    /// `reader_busy` while a card is collected.
    pub fn disconnect_reader(&self) -> Answer<()> {
        Ok(self.terminal.disconnect_reader()?)
    }

    /// The connected reader.
    pub fn connected_reader(&self) -> Option<ReaderJson> {
        self.terminal.reader_info().as_ref().map(ReaderJson::from)
    }

    /// `unknown`, `online` or `offline`.
    pub fn network_status(&self) -> &'static str {
        self.terminal.network_status().as_str()
    }

    /// The connection and what is stored.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn offline_status(&self) -> Answer<OfflineStatusJson> {
        Ok(OfflineStatusJson::from(&self.terminal.offline_status().await?))
    }
}

fn canceled_by_app(message: &str) -> TerminalError {
    TerminalError::new(ErrorCode::Canceled, message)
}

fn invalid(message: impl Into<String>) -> TerminalError {
    TerminalError::new(ErrorCode::InvalidRequest, message)
}

/// The payment that an app names.
fn offline_id(text: &str) -> Result<OfflineId, TerminalError> {
    text.parse()
        .map_err(|_| invalid("paymentIntent: give a PaymentIntent of this terminal, or its `offlineId`"))
}
