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

/// The outage that holds: by the name that is kept, unless money moves.
pub fn in_force(kept: Option<&[u8]>, session: Option<&wire::Session>) -> SimulatedOfflineMode {
    let named =
        kept.and_then(|name| std::str::from_utf8(name).ok()).and_then(SimulatedOfflineMode::from_name);
    match session {
        Some(session) if session.livemode => SimulatedOfflineMode::Off,
        _ => named.unwrap_or_default(),
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
        let answer = match fate {
            Fate::Lost(false) => return Err(GatewayError::Unreachable),
            Fate::Through | Fate::Lost(true) => request.await,
        };
        // An outage that began meanwhile loses the answer too: it would say that the gateway can be reached.
        let lost_since =
            matches!(self.mode.get(), SimulatedOfflineMode::Immediate | SimulatedOfflineMode::TimeOut);
        if lost_since || fate == Fate::Lost(true) { Err(GatewayError::Unreachable) } else { answer }
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

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::testing::{ManualClock, MemoryGateway, SeededEntropy, session};

    #[test]
    fn an_outage_that_begins_loses_the_answer_of_what_is_under_way() {
        let network =
            SimulatedNetwork::new(MemoryGateway::default(), ManualClock::at(0), SeededEntropy::new(1));
        for (mode, arrives) in [
            (SimulatedOfflineMode::Off, true),
            (SimulatedOfflineMode::Immediate, false),
            (SimulatedOfflineMode::TimeOut, false),
        ] {
            network.set_mode(SimulatedOfflineMode::Off);
            let request = async {
                network.set_mode(mode);
                Ok(())
            };
            assert_eq!(block_on(network.carry(request)).is_ok(), arrives, "{mode:?}");
        }
    }

    #[test]
    fn no_kept_outage_holds_where_money_moves() {
        let of = |livemode| wire::Session { livemode, ..session() };
        for mode in SimulatedOfflineMode::ALL {
            let kept = Some(mode.as_str().as_bytes());
            assert_eq!(in_force(kept, None), mode);
            assert_eq!(in_force(kept, Some(&of(false))), mode);
            assert_eq!(in_force(kept, Some(&of(true))), SimulatedOfflineMode::Off);
        }
        assert_eq!(in_force(None, None), SimulatedOfflineMode::Off);
        assert_eq!(in_force(Some(b"sometimes"), None), SimulatedOfflineMode::Off);
    }
}
