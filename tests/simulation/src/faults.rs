//! What goes wrong, and how often. Plain numbers: a failing run can be made again with some of them at zero.

use tillandsia_core::testing::SeededEntropy;

/// Chances are in ten-thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// A tab or the worker ends, at each step it makes.
    pub device_crash: u64,
    /// The gateway ends, at each step it makes.
    pub gateway_crash: u64,
    /// A request does not arrive.
    pub request_lost: u64,
    /// A request arrives a second time, up to ten minutes later.
    pub request_doubled: u64,
    /// A request is carried out and its answer is lost.
    pub answer_lost: u64,
    /// Something else answers.
    pub portal: u64,
    /// The acquirer does not answer.
    pub acquirer_silent: u64,
    /// The network goes away, each time the environment looks.
    pub outage: u64,
    /// The longest way of a request, milliseconds.
    pub latency_ms_max: u64,
    /// A pass is made without the lock while another holds it.
    pub lock_ignored: u64,
    /// The app fails at an event.
    pub app_fails: u64,
    /// A person takes back what was stored, and seldom hears whether it was too late.
    pub voided: u64,
    /// How many tabs.
    pub tabs: u32,
    /// How many sales in all.
    pub sales: u32,
}

impl Faults {
    /// The faults of a seed: each is absent in some seeds, frequent in others.
    pub fn of(seed: u64) -> Self {
        let rng = SeededEntropy::new(seed ^ 0xFA17);
        let some = |most: u64| match rng.next() % 4 {
            0 => 0,
            part => most * part / 3,
        };
        Faults {
            device_crash: some(60),
            gateway_crash: some(60),
            request_lost: some(2_000),
            request_doubled: some(2_000),
            answer_lost: some(2_500),
            portal: some(500),
            acquirer_silent: some(1_000),
            outage: some(4_000),
            latency_ms_max: 1 + rng.next() % 2_000,
            lock_ignored: some(5_000),
            app_fails: some(3_000),
            voided: some(4_000),
            tabs: 1 + (rng.next() % 3) as u32,
            sales: 5 + (rng.next() % 25) as u32,
        }
    }

    /// Nothing goes wrong any more.
    pub fn none(self) -> Self {
        Faults {
            device_crash: 0,
            gateway_crash: 0,
            request_lost: 0,
            request_doubled: 0,
            answer_lost: 0,
            portal: 0,
            acquirer_silent: 0,
            outage: 0,
            lock_ignored: 0,
            app_fails: 0,
            voided: 0,
            ..self
        }
    }
}
