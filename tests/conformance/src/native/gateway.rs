//! The gateway in this process: its ledger and its sandbox acquirer, behind a network that can fail.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Mutex;

use tillandsia_core::ids::OfflineId;
use tillandsia_core::network::{PROBE_TIMEOUT_MS, REQUEST_TIMEOUT_MS};
use tillandsia_core::ports::{Clock, Entropy, Gateway, GatewayError};
use tillandsia_core::testing::SeededEntropy;
use tillandsia_core::wire::{self, OfflineConfiguration};
use tillandsia_gateway::acquirer::Account;
use tillandsia_gateway::acquirer::sandbox::SandboxAcquirer;
use tillandsia_gateway::acquirer::sandbox::memory::MemorySandbox;
use tillandsia_gateway::ids::Ids;
use tillandsia_gateway::ledger::memory::MemoryStore;
use tillandsia_gateway::ledger::{Ledger, Refusal};

use super::clock::VirtualClock;
use crate::rig::{self, Fate, Request};

struct SeededIds(Mutex<u64>);

impl Ids for SeededIds {
    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        if let Ok(mut state) = self.0.lock() {
            SeededEntropy::new(*state).fill(&mut bytes);
            *state = state.wrapping_add(0x1234_5678_9ABC_DEF1);
        }
        bytes
    }
}

/// The gateway, and what its shop has set.
pub(super) struct Server {
    pub(super) ledger: Ledger<MemoryStore, SandboxAcquirer<MemorySandbox>>,
    pub(super) clock: VirtualClock,
    pub(super) down: Cell<bool>,
    pub(super) faults: RefCell<Vec<(Request, Fate, u32)>>,
    pub(super) offline: RefCell<OfflineConfiguration>,
    pub(super) country: Cell<&'static str>,
    pub(super) account: Cell<rig::Account>,
    pub(super) tokens: Cell<bool>,
    pub(super) batches: RefCell<Vec<Vec<String>>>,
    /// The requests that reached the network.
    pub(super) sent: RefCell<Vec<Request>>,
    /// Whether a request hangs that never arrives.
    pub(super) stalled: Cell<bool>,
    sessions: Cell<u32>,
}

impl Server {
    pub(super) fn new(clock: VirtualClock) -> Self {
        let acquirer = SandboxAcquirer::new(MemorySandbox::new());
        Server {
            ledger: Ledger::new(MemoryStore::new(), acquirer, SeededIds(Mutex::new(1))),
            clock,
            down: Cell::new(false),
            faults: RefCell::default(),
            offline: RefCell::default(),
            country: Cell::new("US"),
            account: Cell::new(rig::Account::Shop),
            tokens: Cell::new(true),
            batches: RefCell::default(),
            sent: RefCell::default(),
            stalled: Cell::new(false),
            sessions: Cell::new(0),
        }
    }

    fn account_of(session: &wire::Session) -> Account {
        Account { id: session.account.clone(), livemode: session.livemode }
    }

    pub(super) fn account_now(&self) -> Account {
        let (id, livemode) = match self.account.get() {
            rig::Account::Shop => ("acct_shop", false),
            rig::Account::Other => ("acct_other", false),
            rig::Account::Live => ("acct_live", true),
        };
        Account { id: id.to_owned(), livemode }
    }

    fn new_session(&self) -> wire::Session {
        let account = self.account_now();
        self.sessions.set(self.sessions.get() + 1);
        let address = BTreeMap::from([("country".to_owned(), self.country.get().to_owned())]);
        wire::Session {
            object: "terminal.session".into(),
            secret: format!("tss_{}", self.sessions.get()),
            expires_at: u64::MAX / 1000,
            livemode: account.livemode,
            account: account.id,
            location: wire::Location {
                id: "tml_1".into(),
                object: "terminal.location".into(),
                display_name: "Stall".into(),
                address,
                configuration_overrides: None,
                livemode: account.livemode,
                metadata: BTreeMap::new(),
            },
            configuration: wire::Configuration {
                id: "tmc_1".into(),
                object: "terminal.configuration".into(),
                is_account_default: true,
                livemode: account.livemode,
                name: None,
                offline: self.offline.borrow().clone(),
            },
        }
    }

    /// What meets a request of this kind, once.
    fn fate(&self, request: Request) -> Option<Fate> {
        let mut faults = self.faults.borrow_mut();
        let fits = |(kind, _, left): &&mut (Request, Fate, u32)| {
            *left > 0 && matches!(kind, Request::Any) | (*kind == request)
        };
        let (_, fate, left) = faults.iter_mut().find(fits)?;
        *left -= 1;
        Some(*fate)
    }
}

/// The gateway as one tab sees it.
#[derive(Clone)]
pub(crate) struct Remote {
    pub(super) server: Rc<Server>,
    pub(super) session: Rc<RefCell<Option<wire::Session>>>,
}

impl Remote {
    async fn carry<T>(&self, request: Request, work: impl Future<Output = T>) -> Result<T, GatewayError> {
        if self.server.down.get() {
            return Err(GatewayError::Unreachable);
        }
        self.server.sent.borrow_mut().push(request);
        match self.server.fate(request) {
            None => Ok(work.await),
            Some(Fate::Lost) => {
                work.await;
                Err(GatewayError::Unreachable)
            }
            Some(Fate::Portal) => Err(GatewayError::NotTheGateway),
            Some(Fate::Stalled) => {
                self.server.stalled.set(true);
                let waits_ms = if request == Request::Probe { PROBE_TIMEOUT_MS } else { REQUEST_TIMEOUT_MS };
                self.server.clock.sleep_ms(waits_ms).await;
                Err(GatewayError::TimedOut)
            }
            Some(Fate::SessionEnded) => {
                Err(refused(Refusal::unauthorized("session_expired", "it has ended")))
            }
            Some(Fate::Status(status, retry_after_s)) => Err(GatewayError::Refused {
                status,
                code: "api_error".into(),
                message: "not now".into(),
                retry_after_ms: retry_after_s.map(|seconds| u64::from(seconds) * 1000),
            }),
        }
    }

    /// With the session; one that has ended is renewed once, as the browser's gateway does.
    async fn authorised<T>(
        &self,
        request: Request,
        work: impl AsyncFn(Account, u64) -> T,
    ) -> Result<T, GatewayError> {
        let session = self.session.borrow().clone();
        let session = match session {
            Some(session) => session,
            None => self.open_session().await?,
        };
        let now = self.server.clock.gateway_seconds();
        let answer = self.carry(request, work(Server::account_of(&session), now)).await;
        match answer {
            Err(GatewayError::Refused { status: 401, .. }) => {
                let session = self.open_session().await?;
                self.carry(request, work(Server::account_of(&session), now)).await
            }
            answer => answer,
        }
    }
}

fn refused(refusal: Refusal) -> GatewayError {
    GatewayError::Refused {
        status: refusal.status,
        code: refusal.error.code.unwrap_or_default(),
        message: refusal.error.message,
        retry_after_ms: None,
    }
}

fn origin(submission: &wire::PaymentSubmission) -> wire::Origin {
    wire::Origin { account: submission.account.clone(), livemode: submission.livemode }
}

impl Gateway for Remote {
    async fn open_session(&self) -> Result<wire::Session, GatewayError> {
        if !self.server.tokens.get() {
            return Err(GatewayError::TokenProvider("the app's function failed".to_owned()));
        }
        let session = self.carry(Request::Session, async { self.server.new_session() }).await?;
        self.session.replace(Some(session.clone()));
        Ok(session)
    }

    fn session(&self) -> Option<wire::Session> {
        self.session.borrow().clone()
    }

    async fn probe(&self, _nonce: &str) -> bool {
        self.carry(Request::Probe, async {}).await.is_ok()
    }

    async fn create(&self, request: &wire::CreatePayment) -> Result<wire::PaymentIntent, GatewayError> {
        let ledger = &self.server.ledger;
        let create = async |account: Account, now| ledger.create(now, &account, request).await;
        self.authorised(Request::Create, create).await?.map_err(refused)
    }

    async fn update_payment_method(
        &self,
        request: &wire::PaymentSubmission,
    ) -> Result<wire::PaymentMethod, GatewayError> {
        let ledger = &self.server.ledger;
        let inspect = async |account: Account, now| ledger.inspect(now, &account, request).await;
        self.authorised(Request::Inspect, inspect).await?.map_err(refused)
    }

    async fn confirm(&self, request: &wire::PaymentSubmission) -> Result<wire::ForwardResult, GatewayError> {
        let confirm = async |account: Account, now| match Refusal::not_of(&origin(request), &account) {
            Some(refusal) => refusal.for_payment(&request.payment.offline_id),
            None => self.server.ledger.confirm(now, &account, request).await,
        };
        self.authorised(Request::Confirm, confirm).await
    }

    async fn forward(&self, batch: &wire::ForwardBatch) -> Result<wire::ForwardResults, GatewayError> {
        let ids = batch.payments.iter().map(|payment| payment.payment.offline_id.clone());
        self.server.batches.borrow_mut().push(ids.collect());
        let forward = async |account: Account, now| {
            let mut results = Vec::new();
            for payment in &batch.payments {
                results.extend(match Refusal::not_of(&origin(payment), &account) {
                    Some(refusal) => vec![refusal.for_payment(&payment.payment.offline_id)],
                    None => self.server.ledger.forward(now, &account, std::slice::from_ref(payment)).await,
                });
            }
            wire::ForwardResults { results }
        };
        self.authorised(Request::Forward, forward).await
    }

    async fn capture(
        &self,
        id: &str,
        amount_minor: Option<u64>,
    ) -> Result<wire::PaymentIntent, GatewayError> {
        let ledger = &self.server.ledger;
        let capture = async |account: Account, _| ledger.capture(&account, id, amount_minor).await;
        self.authorised(Request::Capture, capture).await?.map_err(refused)
    }

    async fn resolve(
        &self,
        id: OfflineId,
        question: &wire::Question,
    ) -> Result<wire::ForwardResult, GatewayError> {
        let resolve = async |account: Account, now| match Refusal::not_of(&question.origin, &account) {
            Some(refusal) => refusal.for_payment(&id.to_string()),
            None => self.server.ledger.resolve(now, &account, &id.to_string(), question).await,
        };
        self.authorised(Request::Resolve, resolve).await
    }
}
