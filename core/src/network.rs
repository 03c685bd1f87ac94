//! Whether the gateway can be reached: when to probe it, and what a probe's answer means.

use crate::offline::NetworkStatus;
use crate::ports::{Entropy, Gateway};

/// A probe without an answer for so long has failed.
pub const PROBE_TIMEOUT_MS: u64 = 3_000;
/// A request about one payment without an answer for so long has failed.
pub const REQUEST_TIMEOUT_MS: u64 = 10_000;
/// A request that need not be answered is doubted after so long: a probe beside it says whether anybody is there. With the
/// probe's own time a sale learns within four and a half seconds that it is offline, on a network that swallows everything.
pub const DOUBT_AFTER_MS: u64 = 1_200;
/// Between probes while offline. The gateway's return is noticed within this and one probe.
pub const PROBE_OFFLINE_MS: u64 = 3_000;
/// Between probes while online: a loss is noticed by the next request anyway.
pub const PROBE_ONLINE_MS: u64 = 15_000;
/// After the browser's `online` event, which often comes before the network carries anything: probes this close,
/// [`EAGER_PROBES`] times.
pub const PROBE_EAGER_MS: u64 = 300;
/// How many eager probes follow an `online` event.
pub const EAGER_PROBES: u32 = 10;

/// Probes the gateway once: whether it gives a fresh nonce back.
pub async fn answers(gateway: &impl Gateway, entropy: &impl Entropy) -> bool {
    let mut nonce = [0; 16];
    entropy.fill(&mut nonce);
    gateway.probe(&hex::encode(nonce)).await
}

/// What the monitor hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A probe came back with its nonce.
    ProbeAnswered,
    /// A probe failed.
    ProbeFailed,
    /// A request to the gateway was answered by it.
    RequestAnswered,
    /// A request to the gateway got no answer.
    RequestFailed,
    /// The browser says it has a network again.
    BrowserOnline,
    /// The browser says it has none.
    BrowserOffline,
    /// The page became visible, or the device woke up.
    Woken,
}

/// What to do about a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaction {
    /// The status changed: tell the app; when it became `Online`, forward.
    pub changed: bool,
    /// When to probe next, milliseconds from now. It replaces a probe that was planned.
    pub probe_in_ms: u64,
}

/// The state of knowledge about the gateway.
#[derive(Debug, Clone, Default)]
pub struct NetworkMonitor {
    status: NetworkStatus,
    eager: u32,
}

impl NetworkMonitor {
    /// What is known.
    pub const fn status(&self) -> NetworkStatus {
        self.status
    }

    /// Takes a signal in.
    pub fn on(&mut self, signal: Signal) -> Reaction {
        let before = self.status;
        match signal {
            Signal::ProbeAnswered | Signal::RequestAnswered => {
                self.status = NetworkStatus::Online;
                self.eager = 0;
            }
            Signal::ProbeFailed => {
                self.status = NetworkStatus::Offline;
                self.eager = self.eager.saturating_sub(1);
            }
            // A single failed request may be the request's own fault: a probe decides, at once.
            Signal::RequestFailed => return Reaction { changed: false, probe_in_ms: 0 },
            Signal::BrowserOnline | Signal::Woken => {
                self.eager = EAGER_PROBES;
                return Reaction { changed: false, probe_in_ms: 0 };
            }
            // The browser is sure about having nothing, unless the gateway is on this very machine.
            Signal::BrowserOffline => return Reaction { changed: false, probe_in_ms: 0 },
        }
        let probe_in_ms = match (self.status, self.eager) {
            (NetworkStatus::Online, _) => PROBE_ONLINE_MS,
            (_, 0) => PROBE_OFFLINE_MS,
            _ => PROBE_EAGER_MS,
        };
        Reaction { changed: before != self.status, probe_in_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_the_gateway_makes_it_online() {
        let mut monitor = NetworkMonitor::default();
        assert_eq!(monitor.on(Signal::BrowserOnline), Reaction { changed: false, probe_in_ms: 0 });
        assert_eq!(monitor.status(), NetworkStatus::Unknown);
        assert!(monitor.on(Signal::ProbeAnswered).changed);
        assert_eq!(monitor.status(), NetworkStatus::Online);
    }

    #[test]
    fn the_return_of_the_gateway_is_noticed_within_two_seconds_of_an_online_event() {
        let mut monitor = NetworkMonitor::default();
        monitor.on(Signal::ProbeFailed);
        monitor.on(Signal::BrowserOnline);
        let mut waited_ms = 0;
        while waited_ms < 2_000 {
            let reaction = monitor.on(Signal::ProbeFailed);
            assert!(reaction.probe_in_ms <= PROBE_EAGER_MS, "a probe each {PROBE_EAGER_MS} ms");
            waited_ms += reaction.probe_in_ms;
        }
        let worst_case_ms = PROBE_OFFLINE_MS + PROBE_TIMEOUT_MS;
        assert!(worst_case_ms < 15_000, "and within 15 s without one");
    }

    #[test]
    fn a_sale_learns_that_it_is_offline_long_before_its_request_times_out() {
        let learns_ms = DOUBT_AFTER_MS + PROBE_TIMEOUT_MS;
        assert!(learns_ms <= 4_500, "{learns_ms} ms");
    }

    #[test]
    fn a_failed_request_asks_for_a_probe_and_the_probe_decides() {
        let mut monitor = NetworkMonitor::default();
        monitor.on(Signal::ProbeAnswered);
        assert_eq!(monitor.on(Signal::RequestFailed), Reaction { changed: false, probe_in_ms: 0 });
        assert_eq!(monitor.status(), NetworkStatus::Online);
        assert!(monitor.on(Signal::ProbeFailed).changed);
        assert_eq!(monitor.status(), NetworkStatus::Offline);
    }
}
