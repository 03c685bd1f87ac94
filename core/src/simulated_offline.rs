//! A network that fails on purpose, for people who test their integration: the same gateway, seen through an outage.

use std::cell::Cell;

use crate::ids::OfflineId;
use crate::ports::{Clock, Entropy, Gateway, GatewayError};
use crate::wire;

/// How long a request waits in [`SimulatedOfflineMode::TimeOut`], milliseconds.
pub const SIMULATED_TIMEOUT_MS: u64 = 3_000;

/// Which outage is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SimulatedOfflineMode {
    /// None: requests go to the gateway.
    #[default]
    Off,
    /// Every request fails at once, as with no network at all.
    Immediate,
    /// Every request waits [`SIMULATED_TIMEOUT_MS`] and fails, as on a network that carries nothing.
    TimeOut,
    /// A third of the requests fails, of a third the answer is lost after the gateway carried it out, a third goes through.
    Intermittent,
}

impl SimulatedOfflineMode {
    /// Every mode, in the order of its number.
    pub const ALL: [SimulatedOfflineMode; 4] = [
        SimulatedOfflineMode::Off,
        SimulatedOfflineMode::Immediate,
        SimulatedOfflineMode::TimeOut,
        SimulatedOfflineMode::Intermittent,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            SimulatedOfflineMode::Off => "off",
            SimulatedOfflineMode::Immediate => "immediate",
            SimulatedOfflineMode::TimeOut => "time_out",
            SimulatedOfflineMode::Intermittent => "intermittent",
        }
    }

    /// The mode of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }
}

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Through,
    Lost(bool),
}

/// A gateway behind a network that can be made to fail.
#[derive(Debug)]
pub struct SimulatedNetwork<G, C, E> {
    gateway: G,
    clock: C,
    entropy: E,
    mode: Cell<SimulatedOfflineMode>,
}

impl<G: Gateway, C: Clock, E: Entropy> SimulatedNetwork<G, C, E> {
    /// The gateway, with no outage.
    pub const fn new(gateway: G, clock: C, entropy: E) -> Self {
        SimulatedNetwork { gateway, clock, entropy, mode: Cell::new(SimulatedOfflineMode::Off) }
    }

    /// The gateway itself.
    pub const fn inner(&self) -> &G {
        &self.gateway
    }

    /// Which outage is simulated.
    pub const fn mode(&self) -> SimulatedOfflineMode {
        self.mode.get()
    }

    /// Begins or ends an outage.
    pub fn set_mode(&self, mode: SimulatedOfflineMode) {
        self.mode.set(mode);
    }

    fn dice(&self) -> Fate {
        let mut byte = [0; 1];
        self.entropy.fill(&mut byte);
        match byte.first().copied().unwrap_or_default() % 3 {
            0 => Fate::Through,
            1 => Fate::Lost(false),
            _ => Fate::Lost(true),
        }
    }

    async fn carry<T>(
        &self,
        request: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, GatewayError> {
        let fate = match self.mode.get() {
            SimulatedOfflineMode::Off => Fate::Through,
            SimulatedOfflineMode::Immediate => Fate::Lost(false),
            SimulatedOfflineMode::TimeOut => {
                self.clock.sleep_ms(SIMULATED_TIMEOUT_MS).await;
                return Err(GatewayError::TimedOut);
            }
            SimulatedOfflineMode::Intermittent => self.dice(),
        };
        match fate {
            Fate::Through => request.await,
            Fate::Lost(false) => Err(GatewayError::Unreachable),
            Fate::Lost(true) => {
                request.await.ok();
                Err(GatewayError::Unreachable)
            }
        }
    }
}

impl<G: Gateway, C: Clock, E: Entropy> Gateway for SimulatedNetwork<G, C, E> {
    async fn open_session(&self) -> Result<wire::Session, GatewayError> {
        self.carry(self.gateway.open_session()).await
    }

    fn session(&self) -> Option<wire::Session> {
        self.gateway.session()
    }

    async fn probe(&self, nonce: &str) -> bool {
        let probe = async {
            match self.gateway.probe(nonce).await {
                true => Ok(()),
                false => Err(GatewayError::Unreachable),
            }
        };
        self.carry(probe).await.is_ok()
    }

    async fn create(&self, request: &wire::CreatePayment) -> Result<wire::PaymentIntent, GatewayError> {
        self.carry(self.gateway.create(request)).await
    }

    async fn update_payment_method(
        &self,
        request: &wire::PaymentSubmission,
    ) -> Result<wire::PaymentMethod, GatewayError> {
        self.carry(self.gateway.update_payment_method(request)).await
    }

    async fn confirm(&self, request: &wire::PaymentSubmission) -> Result<wire::ForwardResult, GatewayError> {
        self.carry(self.gateway.confirm(request)).await
    }

    async fn forward(&self, batch: &wire::ForwardBatch) -> Result<wire::ForwardResults, GatewayError> {
        self.carry(self.gateway.forward(batch)).await
    }

    async fn capture(
        &self,
        payment_intent: &str,
        amount_minor: Option<u64>,
    ) -> Result<wire::PaymentIntent, GatewayError> {
        self.carry(self.gateway.capture(payment_intent, amount_minor)).await
    }

    async fn resolve(
        &self,
        id: OfflineId,
        question: &wire::Question,
    ) -> Result<wire::ForwardResult, GatewayError> {
        self.carry(self.gateway.resolve(id, question)).await
    }
}
