//! The way to the gateway, and the gateway behind it.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use futures::channel::oneshot;
use futures::future::{Either, select};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::ports::{Entropy, Gateway, GatewayError};
use tillandsia_core::testing::{SeededEntropy, session};
use tillandsia_core::wire;
use tillandsia_gateway::acquirer::Account;
use tillandsia_gateway::ids::Ids;
use tillandsia_gateway::ledger::memory::MemoryStore;
use tillandsia_gateway::ledger::{Ledger, Refusal};

use crate::acquirer::Bank;
use crate::executor::{GATEWAY, Sim};
use crate::faults::Faults;

/// How long a device waits for an answer.
const TIMEOUT_MS: u64 = 20_000;

/// Names from the run's own randomness.
struct SeededIds(Mutex<u64>);

impl Ids for SeededIds {
    fn random(&self) -> [u8; 16] {
        let mut state = self.0.lock().unwrap();
        let mut bytes = [0; 16];
        SeededEntropy::new(*state).fill(&mut bytes);
        *state = state.wrapping_add(0x1234_5678_9ABC_DEF1);
        bytes
    }
}

/// The gateway's machine: what is durable, and the process that runs now.
pub struct Server {
    sim: Sim,
    disk: MemoryStore,
    bank: Bank,
    running: RefCell<Arc<Ledger<MemoryStore, Bank>>>,
}

impl Server {
    /// A gateway with an empty ledger.
    pub fn new(sim: Sim, bank: Bank) -> Self {
        let disk = MemoryStore::new();
        let running = RefCell::new(Arc::new(start(&sim, &disk, &bank)));
        Server { sim, disk, bank, running }
    }

    /// Ends the process and starts another one on the same disk.
    pub fn restart(&self) {
        self.sim.note("gateway: ended and started again");
        self.sim.kill(GATEWAY);
        self.bank.gateway_ended();
        *self.running.borrow_mut() = Arc::new(start(&self.sim, &self.disk, &self.bank));
        let (ledger, time) = (self.ledger(), self.sim.time().clone());
        // The new process begins when the old one is gone.
        self.sim.spawn(crate::executor::ENVIRONMENT, {
            let sim = self.sim.clone();
            async move {
                time.sleep_ms(1).await;
                sim.spawn(GATEWAY, async move {
                    let now = time.now_ms() / 1000;
                    ledger.recover(now).await.ok();
                });
            }
        });
    }

    /// The ledger of the process that runs now.
    pub fn ledger(&self) -> Arc<Ledger<MemoryStore, Bank>> {
        self.running.borrow().clone()
    }

    /// What is on its disk.
    pub fn disk(&self) -> &MemoryStore {
        &self.disk
    }
}

fn start(sim: &Sim, disk: &MemoryStore, bank: &Bank) -> Ledger<MemoryStore, Bank> {
    Ledger::new(disk.clone(), bank.clone(), SeededIds(Mutex::new(sim.rng().next())))
}

/// The network between one device and the gateway.
pub struct Network {
    sim: Sim,
    server: Rc<Server>,
    faults: RefCell<Faults>,
    down: std::cell::Cell<bool>,
}

impl Network {
    /// A network that is up.
    pub fn new(sim: Sim, server: Rc<Server>, faults: Faults) -> Self {
        Network { sim, server, faults: RefCell::new(faults), down: std::cell::Cell::new(false) }
    }

    /// Cuts it, or mends it.
    pub fn set_down(&self, down: bool) {
        self.down.set(down);
    }

    /// From now on other faults.
    pub fn set_faults(&self, faults: Faults) {
        *self.faults.borrow_mut() = faults;
    }

    /// Sends a request to whichever gateway process runs when it arrives.
    async fn request<T, Fut>(
        &self,
        serve: impl Fn(Arc<Ledger<MemoryStore, Bank>>) -> Fut + 'static,
    ) -> Result<T, GatewayError>
    where
        T: 'static,
        Fut: Future<Output = T> + 'static,
    {
        let faults = *self.faults.borrow();
        self.sim.pause(faults.latency_ms_max / 2).await;
        if self.down.get() {
            return Err(GatewayError::Unreachable);
        }
        if self.sim.chance(faults.portal) {
            return Err(GatewayError::NotTheGateway);
        }
        if self.sim.chance(faults.request_lost) {
            self.sim.time().sleep_ms(TIMEOUT_MS).await;
            return Err(GatewayError::TimedOut);
        }
        let serve = Rc::new(serve);
        if self.sim.chance(faults.request_doubled) {
            self.arrive_later(serve.clone());
        }
        let (sender, receiver) = oneshot::channel();
        let ledger = self.server.ledger();
        self.sim.spawn(GATEWAY, async move {
            sender.send(serve(ledger).await).ok();
        });
        let timeout = Box::pin(self.sim.time().sleep_ms(TIMEOUT_MS));
        let answer = match select(receiver, timeout).await {
            Either::Left((Ok(answer), _)) => Ok(answer),
            Either::Left((Err(_), _)) => Err(GatewayError::Unreachable),
            Either::Right(_) => Err(GatewayError::TimedOut),
        };
        self.sim.pause(faults.latency_ms_max / 2).await;
        if self.down.get() || self.sim.chance(faults.answer_lost) {
            return Err(GatewayError::Unreachable);
        }
        answer
    }

    fn arrive_later<T, Fut>(&self, serve: Rc<impl Fn(Arc<Ledger<MemoryStore, Bank>>) -> Fut + 'static>)
    where
        T: 'static,
        Fut: Future<Output = T> + 'static,
    {
        let (sim, server) = (self.sim.clone(), self.server.clone());
        self.sim.spawn(crate::executor::ENVIRONMENT, async move {
            sim.pause(600_000).await;
            let ledger = server.ledger();
            sim.spawn(GATEWAY, async move {
                serve(ledger).await;
            });
        });
    }

    fn now(&self) -> u64 {
        self.sim.time().now_ms() / 1000
    }
}

fn account() -> Account {
    Account { id: session().account, livemode: false }
}

fn refused(refusal: Refusal) -> GatewayError {
    GatewayError::Refused {
        status: refusal.status,
        code: refusal.error.code.unwrap_or_default(),
        message: refusal.error.message,
        retry_after_ms: None,
    }
}

/// The gateway as a device's context sees it.
#[derive(Clone)]
pub struct Remote(pub Rc<Network>);

impl Gateway for Remote {
    async fn open_session(&self) -> Result<wire::Session, GatewayError> {
        self.0.request(|_| async { session() }).await
    }

    fn session(&self) -> Option<wire::Session> {
        Some(session())
    }

    async fn probe(&self, _nonce: &str) -> bool {
        self.0.request(|_| async {}).await.is_ok()
    }

    async fn create(&self, request: &wire::CreatePayment) -> Result<wire::PaymentIntent, GatewayError> {
        let (request, now) = (request.clone(), self.0.now());
        let made = self
            .0
            .request(move |ledger| {
                let request = request.clone();
                async move { ledger.create(now, &account(), &request).await }
            })
            .await?;
        made.map_err(refused)
    }

    async fn update_payment_method(
        &self,
        request: &wire::PaymentSubmission,
    ) -> Result<wire::PaymentMethod, GatewayError> {
        let (request, now) = (request.clone(), self.0.now());
        let inspected = self
            .0
            .request(move |ledger| {
                let request = request.clone();
                async move { ledger.inspect(now, &account(), &request).await }
            })
            .await?;
        inspected.map_err(refused)
    }

    async fn confirm(&self, request: &wire::PaymentSubmission) -> Result<wire::ForwardResult, GatewayError> {
        let (request, now) = (request.clone(), self.0.now());
        self.0
            .request(move |ledger| {
                let request = request.clone();
                async move { ledger.confirm(now, &account(), &request).await }
            })
            .await
    }

    async fn forward(&self, batch: &wire::ForwardBatch) -> Result<wire::ForwardResults, GatewayError> {
        let (batch, now) = (batch.clone(), self.0.now());
        self.0
            .request(move |ledger| {
                let batch = batch.clone();
                async move {
                    wire::ForwardResults { results: ledger.forward(now, &account(), &batch.payments).await }
                }
            })
            .await
    }

    async fn capture(
        &self,
        _id: &str,
        _amount_minor: Option<u64>,
    ) -> Result<wire::PaymentIntent, GatewayError> {
        Err(GatewayError::Unreachable)
    }

    async fn resolve(
        &self,
        id: OfflineId,
        question: &wire::Question,
    ) -> Result<wire::ForwardResult, GatewayError> {
        let (now, question) = (self.0.now(), question.clone());
        self.0
            .request(move |ledger| {
                let question = question.clone();
                async move { ledger.resolve(now, &account(), &id.to_string(), &question).await }
            })
            .await
    }
}
