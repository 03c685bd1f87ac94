//! The façade: connect, create, collect, confirm, capture, list, forward. It decides nothing itself that money
//! depends on; it asks the policy, the status machine and the journal, and carries out what they say.

mod collect;
mod confirm;
mod connect;
mod create;
mod events;
mod kept_in_force;
mod kept_pairings;
mod kept_session;
mod queue;
mod readiness;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::LocalBoxFuture;

use crate::card::ReaderInfo;
use crate::error::{ErrorCode, TerminalError};
use crate::ids::{HolderId, OfflineId};
use crate::journal::Journal;
use crate::network::{NetworkMonitor, Reaction, Signal, answers};
use crate::offline::{Details, InForce, NetworkStatus, OfflinePolicy, OfflineStatus};
use crate::payment_intent::{OfflineBehavior, PaymentIntent};
use crate::ports::{Entropy, Gateway, GatewayError, Platform, Reader, ReaderError};
use crate::simulated_offline::{self, SimulatedNetwork, SimulatedOfflineMode};
use crate::time::TimestampMs;
use crate::wire::Session;

pub use collect::{CARD_TIMEOUT_S, CollectParameters};
pub use confirm::{CONFIRMING_LEASE_MS, ConfirmParameters};
pub use create::CreateParameters;
pub use events::{ACKNOWLEDGED_WITHIN_MS, error_of, intent_of};
pub use kept_session::{session_from_bytes, session_to_bytes};

/// The name of the setting that keeps the last session, and with it the configuration, for the time offline.
pub const SESSION_SETTING: &str = "session";

/// The name of the setting that keeps the location and its configuration as of the last reader connection online.
pub const IN_FORCE_SETTING: &str = "in_force";

/// The name of the setting that keeps which outage is simulated. While one is, only pages forward.
pub const SIMULATED_OFFLINE_SETTING: &str = "simulated_offline";

/// The name of the setting that keeps which readers were connected online, and where.
pub const PAIRINGS_SETTING: &str = "pairings";

/// Completes with `true` once the app has an event; with `false`, or not within [`ACKNOWLEDGED_WITHIN_MS`], the event is
/// delivered again later.
pub type Acknowledgement = LocalBoxFuture<'static, bool>;

/// The acknowledgement of an app that has the event with the call.
pub fn acknowledged() -> Acknowledgement {
    Box::pin(std::future::ready(true))
}

/// Whoever wants to hear about offline payments. Must be set before a payment is collected offline.
pub trait OfflineDelegate {
    /// The connection or the stored payments changed.
    fn on_offline_status_change(&self, status: &OfflineStatus);
    /// A stored payment is finished: forwarded, or with the error that it ended with. Delivered at least once, until what
    /// is returned completes with `true`.
    fn on_forward_payment_intent(
        &self,
        intent: &PaymentIntent,
        error: Option<&TerminalError>,
    ) -> Acknowledgement;
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
    gateway: SimulatedNetwork<P::Gateway, P::Clock, P::Entropy>,
    clock: P::Clock,
    entropy: P::Entropy,
    holder: HolderId,
    reader: RefCell<Option<(Rc<R>, ReaderInfo)>>,
    session: RefCell<Option<Session>>,
    in_force: RefCell<Option<InForce>>,
    network: RefCell<NetworkMonitor>,
    delegate: RefCell<Option<Rc<dyn OfflineDelegate>>>,
    context: RefCell<Option<Rc<dyn Context>>>,
    announced: RefCell<Option<OfflineStatus>>,
    collecting: Cell<bool>,
    passes_failed: Cell<u32>,
    returns: RefCell<Vec<(OfflineId, events::Return)>>,
    not_taken: RefCell<Vec<(OfflineId, TimestampMs)>>,
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
        let read = async |name| match journal.setting(name).await {
            Err(error) if error.code == ErrorCode::StorageUnavailable => Err(error),
            setting => Ok(setting.ok().flatten()),
        };
        let session = read(SESSION_SETTING).await?.and_then(|bytes| session_from_bytes(&bytes));
        let in_force = read(IN_FORCE_SETTING).await?.and_then(|bytes| kept_in_force::from_bytes(&bytes));
        let simulated = read(SIMULATED_OFFLINE_SETTING).await?;
        let gateway = SimulatedNetwork::new(gateway, clock.clone(), entropy.clone());
        gateway.set_mode(simulated_offline::in_force(simulated.as_deref(), session.as_ref()));
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
            in_force: RefCell::new(in_force),
            network: RefCell::new(NetworkMonitor::default()),
            delegate: RefCell::new(None),
            context: RefCell::new(None),
            announced: RefCell::default(),
            collecting: Cell::new(false),
            passes_failed: Cell::new(0),
            returns: RefCell::default(),
            not_taken: RefCell::default(),
        })
    }

    /// Sets who hears about offline payments.
    pub fn set_offline_delegate(&self, delegate: Rc<dyn OfflineDelegate>) {
        self.announced.take();
        self.delegate.replace(Some(delegate));
    }

    /// Nobody hears about offline payments any more: none is collected offline, and what becomes of those that are stored
    /// waits for the next delegate.
    pub fn remove_offline_delegate(&self) {
        self.delegate.replace(None);
    }

    /// Sets what the terminal asks its context for.
    pub fn set_context(&self, context: Rc<dyn Context>) {
        self.context.replace(Some(context));
    }

    /// The journal, for reading.
    pub const fn journal(&self) -> &Journal<P::Store, P::Vault> {
        &self.journal
    }

    /// The gateway, as the terminal reaches it.
    pub const fn gateway(&self) -> &SimulatedNetwork<P::Gateway, P::Clock, P::Entropy> {
        &self.gateway
    }

    /// The clock.
    pub const fn clock(&self) -> &P::Clock {
        &self.clock
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
        self.in_force.borrow().as_ref().map_or_else(OfflinePolicy::default, InForce::policy)
    }

    /// Which outage is simulated.
    pub const fn simulated_offline_mode(&self) -> SimulatedOfflineMode {
        self.gateway.mode()
    }

    /// Begins or ends a simulated outage, for testing an integration. It lasts across restarts and holds in every tab; payments
    /// stored meanwhile are forwarded once it is ended.
    ///
    /// # Errors
    /// `invalid_request` for an account that moves money.
    pub async fn set_simulated_offline_mode(&self, mode: SimulatedOfflineMode) -> Result<(), TerminalError> {
        let livemode = self.session.borrow().as_ref().is_some_and(|session| session.livemode);
        if livemode && mode != SimulatedOfflineMode::Off {
            return Err(TerminalError::new(
                ErrorCode::InvalidRequest,
                "an outage is simulated with a test account only: connect this till to one",
            ));
        }
        self.journal.put_setting(SIMULATED_OFFLINE_SETTING, mode.as_str().as_bytes()).await?;
        self.gateway.set_mode(mode);
        self.probe().await;
        Ok(())
    }

    /// Takes over what another context of the same database said of a simulated outage; whether that changes anything here: the
    /// gateway is then to be probed.
    ///
    /// # Errors
    /// `storage_unavailable` when the setting cannot be read.
    pub async fn follow_simulated_offline_mode(&self) -> Result<bool, TerminalError> {
        let before = self.gateway.mode();
        let kept = self.journal.setting(SIMULATED_OFFLINE_SETTING).await?;
        let session = self.gateway.session().or_else(|| self.session());
        let mode = simulated_offline::in_force(kept.as_deref(), session.as_ref());
        // What was set here while it was read is newer.
        if mode == before || self.gateway.mode() != before {
            return Ok(false);
        }
        self.gateway.set_mode(mode);
        Ok(true)
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
        let answered = answers(&self.gateway, &self.entropy).await;
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

    /// Refuses `force_offline` where nothing may be stored.
    pub(crate) fn check_behavior(&self, behavior: OfflineBehavior) -> Result<(), TerminalError> {
        match behavior {
            OfflineBehavior::ForceOffline if !self.offline_policy().enabled => Err(TerminalError::new(
                ErrorCode::ForceOfflineWithFeatureDisabled,
                "offline payments are not enabled at this location: enable offline mode in its configuration",
            )),
            _ => Ok(()),
        }
    }

    /// The route of a step that has a card. One that must be online and is known not to be asks the gateway first, so
    /// that a refusal is certain: once a request is out, its outcome is unknown.
    pub(crate) async fn checked_route(&self, behavior: OfflineBehavior) -> Result<Route, TerminalError> {
        let route = self.route(behavior);
        if route == Route::Online && self.network_status() == NetworkStatus::Offline {
            self.probe().await;
            if self.network_status() == NetworkStatus::Offline {
                return Err(create::require_online_failed(&GatewayError::Unreachable));
            }
        }
        Ok(route)
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
