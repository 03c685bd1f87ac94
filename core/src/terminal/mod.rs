//! The façade: connect, create, collect, confirm, capture, list, forward. It decides nothing itself that money
//! depends on; it asks the policy, the status machine and the journal, and carries out what they say.

mod collect;
mod confirm;
mod create;
mod events;
mod kept_pairings;
mod kept_session;
mod queue;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::card::ReaderInfo;
use crate::error::{ErrorCode, TerminalError};
use crate::ids::{HolderId, OfflineId};
use crate::journal::Journal;
use crate::network::{NetworkMonitor, Reaction, Signal};
use crate::offline::{
    Details, KnownLocation, NetworkStatus, OfflinePolicy, OfflineStatus, Pairing, may_connect_offline,
    note_pairing,
};
use crate::payment_intent::{OfflineBehavior, PaymentIntent};
use crate::ports::{Clock, Entropy, Gateway, GatewayError, Platform, Reader, ReaderError};
use crate::time::TimestampMs;
use crate::wire::Session;

pub use collect::CARD_TIMEOUT_S;
pub use confirm::CONFIRMING_LEASE_MS;
pub use create::CreateParameters;
pub use events::{error_of, intent_of};
pub use kept_session::{session_from_bytes, session_to_bytes};

/// The name of the setting that keeps the last session, and with it the configuration, for the time offline.
pub const SESSION_SETTING: &str = "session";

/// The name of the setting that keeps which readers were connected online, and where.
pub const PAIRINGS_SETTING: &str = "pairings";

/// Whoever wants to hear about offline payments. Must be set before a payment is collected offline.
pub trait OfflineDelegate {
    /// The connection or the stored payments changed.
    fn on_offline_status_change(&self, status: &OfflineStatus);
    /// A stored payment is finished: forwarded, or with the error that it ended with. Delivered at least once, and
    /// acknowledged by returning.
    fn on_forward_payment_intent(&self, intent: &PaymentIntent, error: Option<&TerminalError>);
    /// An error of forwarding that belongs to no single payment.
    fn on_forwarding_error(&self, error: &TerminalError);
}

/// What the context around the terminal does for it.
pub trait Context {
    /// A payment waits to be forwarded: start a pass soon, here or in the worker.
    fn forward_soon(&self);
    /// The monitor reacted: plan its next probe, and start a pass when the connection came back.
    fn network_reaction(&self, reaction: Reaction, status: NetworkStatus);
}

/// How a step of a sale reaches the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// With the gateway or not at all.
    Online,
    /// With the gateway where it answers, else stored.
    OnlineElseStore,
    /// Stored.
    Store,
}

/// A till.
pub struct Terminal<P: Platform, R> {
    journal: Journal<P::Store, P::Vault>,
    gateway: P::Gateway,
    clock: P::Clock,
    entropy: P::Entropy,
    holder: HolderId,
    reader: RefCell<Option<(Rc<R>, ReaderInfo)>>,
    session: RefCell<Option<Session>>,
    network: RefCell<NetworkMonitor>,
    delegate: RefCell<Option<Rc<dyn OfflineDelegate>>>,
    context: RefCell<Option<Rc<dyn Context>>>,
    passes_failed: Cell<u32>,
    returns: RefCell<Vec<(OfflineId, events::Return)>>,
}

impl<P: Platform, R: Reader> Terminal<P, R> {
    /// A terminal over its ports. Reads the session kept from the last time online; a setting that cannot be read
    /// leaves the till without one, it can then sell online only.
    pub async fn open(
        journal: Journal<P::Store, P::Vault>,
        gateway: P::Gateway,
        clock: P::Clock,
        entropy: P::Entropy,
    ) -> Result<Self, TerminalError> {
        let session = match journal.setting(SESSION_SETTING).await {
            Ok(Some(bytes)) => session_from_bytes(&bytes),
            Ok(None) => None,
            Err(error) if error.code == ErrorCode::StorageUnavailable => return Err(error),
            Err(_) => None,
        };
        let mut random = [0; 16];
        entropy.fill(&mut random);
        Ok(Terminal {
            journal,
            gateway,
            clock,
            entropy,
            holder: HolderId::mint(random),
            reader: RefCell::new(None),
            session: RefCell::new(session),
            network: RefCell::new(NetworkMonitor::default()),
            delegate: RefCell::new(None),
            context: RefCell::new(None),
            passes_failed: Cell::new(0),
            returns: RefCell::default(),
        })
    }

    /// Sets who hears about offline payments.
    pub fn set_offline_delegate(&self, delegate: Rc<dyn OfflineDelegate>) {
        self.delegate.replace(Some(delegate));
    }

    /// Sets what the terminal asks its context for.
    pub fn set_context(&self, context: Rc<dyn Context>) {
        self.context.replace(Some(context));
    }

    /// The journal, for reading.
    pub const fn journal(&self) -> &Journal<P::Store, P::Vault> {
        &self.journal
    }

    /// The gateway.
    pub const fn gateway(&self) -> &P::Gateway {
        &self.gateway
    }

    /// The clock.
    pub const fn clock(&self) -> &P::Clock {
        &self.clock
    }

    /// Connects a reader. With a connection the location's settings are fetched anew and take effect here;
    /// without one those of the last time hold, and the three rules of [`may_connect_offline`].
    ///
    /// # Errors
    /// What the reader says; what the gateway refuses; without a connection `not_connected_to_internet`,
    /// `reader_not_paired_online_at_location` or `reader_software_update_required`. The reader is then not connected.
    pub async fn connect_reader(&self, reader: R) -> Result<ReaderInfo, TerminalError> {
        let info = reader.connect().await.map_err(reader_failed)?;
        let online = match self.network_status() {
            NetworkStatus::Offline => false,
            _ => match self.gateway.open_session().await {
                Ok(_) => {
                    self.keep_session().await?;
                    self.note_pairing(&info).await?;
                    true
                }
                Err(error) if error.is_offline() => {
                    self.signal(Signal::RequestFailed);
                    false
                }
                // A gateway that is there but gives no session is no connection either.
                Err(_) if self.session.borrow().is_some() => false,
                Err(error) => return Err(gateway_failed(&error)),
            },
        };
        if !online {
            self.offline_until(&info).await?;
        }
        self.reader.replace(Some((Rc::new(reader), info.clone())));
        Ok(info)
    }

    /// Until when a reader may be connected without a connection.
    ///
    /// # Errors
    /// As [`may_connect_offline`].
    pub async fn offline_until(&self, reader: &ReaderInfo) -> Result<TimestampMs, TerminalError> {
        let pairings = self.pairings().await?;
        let session = self.session.borrow();
        let location = session.as_ref().map(|session| KnownLocation {
            id: &session.location.id,
            offline_enabled: session.configuration.offline.enabled,
        });
        may_connect_offline(location, &pairings, reader, self.clock.now())
    }

    async fn pairings(&self) -> Result<Vec<Pairing>, TerminalError> {
        let bytes = self.journal.setting(PAIRINGS_SETTING).await?;
        Ok(bytes.map(|bytes| kept_pairings::from_bytes(&bytes)).unwrap_or_default())
    }

    async fn note_pairing(&self, reader: &ReaderInfo) -> Result<(), TerminalError> {
        let location = self.session.borrow().as_ref().map(|session| session.location.id.clone());
        let Some(location) = location else { return Ok(()) };
        let mut pairings = self.pairings().await?;
        note_pairing(&mut pairings, reader, &location, self.clock.now());
        self.journal.put_setting(PAIRINGS_SETTING, &kept_pairings::to_bytes(&pairings)).await
    }

    /// The connected reader's own words about itself.
    pub fn reader_info(&self) -> Option<ReaderInfo> {
        self.reader.borrow().as_ref().map(|(_, info)| info.clone())
    }

    /// The session in use or kept from the last time online: whose the till is, where it sells, its settings.
    pub fn session(&self) -> Option<Session> {
        self.session.borrow().clone()
    }

    /// What may be stored, by the settings in force.
    pub fn offline_policy(&self) -> OfflinePolicy {
        self.session.borrow().as_ref().map_or_else(OfflinePolicy::default, OfflinePolicy::of)
    }

    /// Whether the gateway can be reached.
    pub fn network_status(&self) -> NetworkStatus {
        self.network.borrow().status()
    }

    /// The connection and what is stored.
    pub async fn offline_status(&self) -> Result<OfflineStatus, TerminalError> {
        let stored = self.journal.head().await?.totals;
        Ok(OfflineStatus { sdk: Details { network_status: self.network_status(), stored }, reader: None })
    }

    /// Asks the gateway whether it is there, and takes the answer in.
    pub async fn probe(&self) {
        let mut nonce = [0; 16];
        self.entropy.fill(&mut nonce);
        let answered = self.gateway.probe(&hex::encode(nonce)).await;
        self.signal(if answered { Signal::ProbeAnswered } else { Signal::ProbeFailed });
    }

    /// Takes in what the browser or a request says about the network.
    pub fn signal(&self, signal: Signal) {
        let (reaction, status) = {
            let mut network = self.network.borrow_mut();
            (network.on(signal), network.status())
        };
        let context = self.context.borrow().clone();
        if let Some(context) = context {
            context.network_reaction(reaction, status);
        }
    }

    pub(crate) fn route(&self, behavior: OfflineBehavior) -> Route {
        match (behavior, self.network_status()) {
            (OfflineBehavior::RequireOnline, _) => Route::Online,
            (OfflineBehavior::ForceOffline, _) | (_, NetworkStatus::Offline) => Route::Store,
            _ => Route::OnlineElseStore,
        }
    }

    pub(crate) fn connected_reader(&self) -> Result<(Rc<R>, ReaderInfo), TerminalError> {
        self.reader.borrow().clone().ok_or_else(|| {
            TerminalError::new(
                ErrorCode::NoEstablishedConnectionToReader,
                "no reader is connected: connect one",
            )
        })
    }

    /// Writes the gateway's session down when it is a new one.
    pub(crate) async fn keep_session(&self) -> Result<(), TerminalError> {
        let current = self.gateway.session();
        let Some(session) = current.as_ref().filter(|_| current != *self.session.borrow()) else {
            return Ok(());
        };
        self.journal.put_setting(SESSION_SETTING, &session_to_bytes(session)).await?;
        self.session.replace(current);
        Ok(())
    }

    /// Tells the network monitor how a request went.
    pub(crate) fn heard<T>(&self, answer: &Result<T, GatewayError>) {
        self.signal(match answer {
            Err(error) if error.is_offline() => Signal::RequestFailed,
            Err(GatewayError::TokenProvider(_)) => Signal::RequestFailed,
            _ => Signal::RequestAnswered,
        });
    }

    pub(crate) fn forward_soon(&self) {
        let context = self.context.borrow().clone();
        if let Some(context) = context {
            context.forward_soon();
        }
    }
}

pub(crate) fn reader_failed(error: ReaderError) -> TerminalError {
    let code = match error {
        ReaderError::NotConnected | ReaderError::NoAnswer => ErrorCode::NoEstablishedConnectionToReader,
        ReaderError::Busy => ErrorCode::ReaderBusy,
        ReaderError::Canceled => ErrorCode::Canceled,
        ReaderError::TimedOut => ErrorCode::RequestTimedOut,
        ReaderError::CardDeclined => ErrorCode::OfflineTransactionDeclined,
        ReaderError::CardExpired => ErrorCode::OfflineAndCardExpired,
        ReaderError::SwipeNotAllowed => ErrorCode::CardSwipeNotAvailable,
        ReaderError::MissingEmvData(_) => ErrorCode::MissingEmvData,
        ReaderError::Unreadable(_)
        | ReaderError::Protocol(_)
        | ReaderError::ClearCardData
        | ReaderError::OutOfService(_) => ErrorCode::ReaderError,
    };
    TerminalError::new(code, error.to_string())
}

pub(crate) fn gateway_failed(error: &GatewayError) -> TerminalError {
    TerminalError::new(error.code(), error.to_string())
}
