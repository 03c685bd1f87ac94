use crate::{
    CardProfile, Fault, ReaderState, Report,
    card::Transaction,
    profile::Presented,
    state::mix,
    tlv::{Writer, find},
    wire::{self, Inbox, Request},
};

/// Tells what the reader is; the driver takes the device type from it.
const FIRMWARE: &str = "Simulated VP3300 v1.0.0";

mod status {
    pub(super) const OK: u8 = 0x00;
    pub(super) const UNKNOWN_COMMAND: u8 = 0x02;
    pub(super) const PARAMETER: u8 = 0x05;
    pub(super) const TIMEOUT: u8 = 0x08;
    pub(super) const NOT_ALLOWED: u8 = 0x0B;
    pub(super) const SECURITY: u8 = 0x12;
    pub(super) const TAMPERED: u8 = 0x1D;
    pub(super) const REQUEST_ONLINE: u8 = 0x23;
    pub(super) const ACCEPTED: u8 = 0x63;
}

/// Bits of DFEF37.
const CONTACTLESS: u8 = 0x02;
const CONTACT: u8 = 0x04;

/// How long a person holds a card out to a reader that does not wait for one. A second tap then does not lie there for
/// the next sale.
const HELD_OUT_MS: u64 = 1_500;

/// What the reader has to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// To be sent in this order, after the state was saved where `save` says so.
    pub reports: Vec<Report>,
    /// A key or a transaction counter was used: save [`SimulatedReader::state`] durably before sending anything.
    pub save: bool,
}

/// What the reader is doing.
#[derive(Debug)]
enum Activity {
    Idle,
    /// Waiting for a card with the host's parameters, until a time.
    Armed {
        parameters: Vec<u8>,
        until_ms: u64,
    },
    /// An inserted card waits for the host's answer.
    AwaitingHost {
        until_ms: u64,
    },
}

/// A card that is there and not read yet.
#[derive(Debug, Clone, Copy)]
struct HeldOut {
    profile: CardProfile,
    /// Until when it is still there for a transaction that begins.
    until_ms: u64,
}

/// A reader that speaks the real one's bytes, without IO and clock.
#[derive(Debug)]
pub struct SimulatedReader {
    state: ReaderState,
    seed: u64,
    inbox: Inbox,
    activity: Activity,
    card: Option<HeldOut>,
    fault: Option<Fault>,
    /// An answer that comes too late.
    late: Vec<Report>,
    firmware: String,
}

impl SimulatedReader {
    /// A reader that goes on from `state`. The seed makes its random numbers, and one seed repeats a run.
    pub fn new(seed: u64, state: ReaderState) -> Self {
        Self {
            state,
            seed,
            inbox: Inbox::default(),
            activity: Activity::Idle,
            card: None,
            fault: None,
            late: Vec::new(),
            firmware: FIRMWARE.to_owned(),
        }
    }

    /// What must survive the power going.
    pub const fn state(&self) -> &ReaderState {
        &self.state
    }

    /// Goes on with other keys and counters of the same reader; what it is doing goes on too.
    pub fn adopt(&mut self, state: ReaderState) {
        self.state = state;
    }

    /// The next card's answer will have this fault.
    pub fn inject(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    /// It says to run another firmware from now on, as after an update.
    pub fn set_firmware(&mut self, firmware: &str) {
        firmware.clone_into(&mut self.firmware);
    }

    /// A report from the host.
    pub fn on_report(&mut self, id: u8, data: &[u8], now_ms: u64) -> Output {
        match self.inbox.take(id, data) {
            None => Output::default(),
            Some(Request::Bad { command, status }) => says(command, status, &[]),
            Some(Request::Command { command, sub, data }) => self.on_command(command, sub, &data, now_ms),
        }
    }

    /// A person presents a card. It is read at once when the reader waits for one, else when it does within a moment.
    pub fn present(&mut self, card: CardProfile, now_ms: u64) -> Output {
        self.card = Some(HeldOut { profile: card, until_ms: now_ms.saturating_add(HELD_OUT_MS) });
        self.read_card(now_ms)
    }

    /// The person takes the card away. A chip that waits for the host is lost with it.
    pub fn remove(&mut self) {
        self.card = None;
        if matches!(self.activity, Activity::AwaitingHost { .. }) {
            self.activity = Activity::Idle;
        }
    }

    /// Ends the transaction, if there is one; a card that it did not read goes with it, and does not pay the next.
    fn end_transaction(&mut self) -> Activity {
        let ended = core::mem::replace(&mut self.activity, Activity::Idle);
        if !matches!(ended, Activity::Idle) {
            self.card = None;
        }
        ended
    }

    /// When `wake` is due.
    pub const fn deadline_ms(&self) -> Option<u64> {
        match &self.activity {
            Activity::Idle => None,
            Activity::Armed { until_ms, .. } | Activity::AwaitingHost { until_ms } => Some(*until_ms),
        }
    }

    /// Time has passed: nobody presented a card, or the host never answered.
    pub fn wake(&mut self, now_ms: u64) -> Output {
        if self.deadline_ms().is_none_or(|until_ms| until_ms > now_ms) {
            return Output::default();
        }
        match self.end_transaction() {
            Activity::Armed { .. } => says(0x02, status::TIMEOUT, &[]),
            Activity::AwaitingHost { .. } | Activity::Idle => Output::default(),
        }
    }

    fn on_command(&mut self, command: u8, sub: u8, data: &[u8], now_ms: u64) -> Output {
        match (command, sub) {
            (0x05, 0x01) => {
                self.end_transaction();
                let mut output = says(0x05, status::OK, &[]);
                output.reports.append(&mut self.late);
                output
            }
            // While a transaction is active, only a cancel is allowed.
            _ if matches!(self.activity, Activity::Armed { .. }) => says(command, status::NOT_ALLOWED, &[]),
            (0x18, 0x01) => says(0x18, status::OK, &[]),
            (0x29, 0x00) => says(0x29, status::OK, self.firmware.as_bytes()),
            (0x12, 0x01) => says(0x12, status::OK, self.state.serial_number().as_bytes()),
            (0x02, 0x40) => self.activate(data, now_ms),
            (0x60, 0x12) => self.apply_host_response(data),
            _ => says(command, status::UNKNOWN_COMMAND, &[]),
        }
    }

    fn activate(&mut self, data: &[u8], now_ms: u64) -> Output {
        let Some((seconds, parameters)) = data.split_first() else {
            return says(0x02, status::PARAMETER, &[]);
        };
        let complete = [(0x9F02, 6), (0x9C, 1), (0x5F2A, 2), (0xDF_EF37, 1)]
            .into_iter()
            .all(|(tag, len)| find(parameters, tag).is_some_and(|value| value.len() == len));
        if !complete {
            return says(0x02, status::PARAMETER, &[]);
        }
        let until_ms = now_ms.saturating_add(u64::from(*seconds) * 1_000);
        self.card = self.card.filter(|card| now_ms < card.until_ms);
        self.activity = Activity::Armed { parameters: parameters.to_vec(), until_ms };
        self.read_card(now_ms)
    }

    /// Reads the card, if there is one and the reader waits for it on that interface.
    fn read_card(&mut self, now_ms: u64) -> Output {
        let (Activity::Armed { parameters, .. }, Some(HeldOut { profile, .. })) = (&self.activity, self.card)
        else {
            return Output::default();
        };
        let allowed = find(parameters, 0xDF_EF37).and_then(|bits| bits.first()).copied().unwrap_or(0);
        let presented = profile.face().presented;
        let noticed = match presented {
            _ if self.fault == Some(Fault::EveryInterface) => true,
            Presented::Tapped => allowed & CONTACTLESS != 0,
            Presented::Inserted => allowed & CONTACT != 0,
            // The stripe is read whether asked for or not, as some firmware does: the till must refuse it.
            Presented::Swiped => true,
        };
        if !noticed {
            return Output::default();
        }
        let parameters = parameters.clone();
        self.card = None;
        self.activity = Activity::Idle;
        let fault = self.fault.take_if(|fault| *fault != Fault::SilentCompletion);
        match fault {
            Some(Fault::Tampered) => return says(0x02, status::TAMPERED, &[]),
            Some(Fault::KeysUsedUp) => self.state.use_up_keys(),
            _ => {}
        }
        let incomplete = fault == Some(Fault::MissingData);
        let Some(data) = self.transact(profile, &parameters, now_ms, incomplete) else {
            return Output { save: true, ..says(0x02, status::SECURITY, &[]) };
        };
        let awaits_host = presented == Presented::Inserted && profile != CardProfile::Declined;
        if awaits_host {
            self.activity =
                Activity::AwaitingHost { until_ms: now_ms.saturating_add(host_wait_ms(&parameters)) };
        }
        let code =
            if awaits_host || presented == Presented::Tapped { status::REQUEST_ONLINE } else { status::OK };
        let mut output = Output { save: true, ..says(0x02, code, &data) };
        match fault {
            Some(Fault::LateAnswer) => {
                self.late = core::mem::take(&mut output.reports);
                self.activity = Activity::Armed { parameters, until_ms: u64::MAX };
            }
            Some(fault) => fault.apply(&mut output.reports),
            None => {}
        }
        output
    }

    /// The answer's data, with the next key and the card's next counter; `None` when the keys are used up.
    fn transact(
        &mut self,
        profile: CardProfile,
        parameters: &[u8],
        now_ms: u64,
        incomplete: bool,
    ) -> Option<Vec<u8>> {
        let ksn = self.state.next_ksn().ok()?;
        let (sequence, counter) = self.state.next_transaction(profile);
        let random = mix(self.seed ^ u64::from(self.state.ksn_counter()).rotate_left(32));
        let unpredictable = u32::try_from(random >> 32).unwrap_or_default().to_be_bytes();
        let serial_number = self.state.serial_number();
        let transaction = Transaction {
            profile,
            parameters,
            now_ms,
            unpredictable,
            ksn,
            sequence,
            counter,
            serial_number: &serial_number,
            incomplete,
        };
        transaction.answer().ok()
    }

    /// The chip's second step: it follows the host, and agrees by itself when there was none (`Z3`).
    fn apply_host_response(&mut self, data: &[u8]) -> Output {
        if !matches!(self.activity, Activity::AwaitingHost { .. }) {
            return says(0x60, status::NOT_ALLOWED, &[]);
        }
        self.end_transaction();
        let mut output = says(0x60, status::ACCEPTED, &[]);
        if self.fault.take_if(|fault| *fault == Fault::SilentCompletion).is_some() {
            return output;
        }
        let (result, cryptogram_information) = match find(data, 0x8A) {
            Some(b"00") => ([0x00, 0x00], 0x40),
            Some(b"Z3") => ([0x00, 0x02], 0x40),
            _ => ([0x00, 0x01], 0x00),
        };
        let mut answer = Writer::default();
        answer.clear(0xDF_EE25, &result);
        answer.clear(0x9F27, &[cryptogram_information]);
        answer.clear(0xDF_EE26, &[0xE0, 0x00]);
        output.reports.extend(says(0x60, status::OK, &answer.0).reports);
        output
    }
}

/// Seconds to the host's next command, in DFEF3C behind the fallback flag.
fn host_wait_ms(parameters: &[u8]) -> u64 {
    match find(parameters, 0xDF_EF3C) {
        Some([_, high, low]) => u64::from(u16::from_be_bytes([*high, *low])) * 1_000,
        _ => 60_000,
    }
}

fn says(command: u8, status: u8, data: &[u8]) -> Output {
    Output { reports: wire::reports(&wire::answer(command, status, data)), save: false }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn command(reader: &mut SimulatedReader, command: u8, sub: u8, data: &[u8]) -> Vec<u8> {
        // A host's frame is an answer's, but for the order of its checksum's bytes.
        let mut frame = wire::answer(command, sub, data);
        let len = frame.len();
        frame.swap(len - 1, len - 2);
        let outputs: Vec<Output> =
            wire::reports(&frame).iter().map(|report| reader.on_report(report.id, &report.data, 0)).collect();
        outputs.into_iter().flat_map(|output| output.reports).flat_map(|report| report.data).collect()
    }

    fn status(answer: &[u8]) -> Option<u8> {
        answer.get(11).copied()
    }

    const ACTIVATE: &str = "1e9c01005f2a0208409f02060000000010999f0306000000000000dfef370106";

    fn activate(reader: &mut SimulatedReader, now_ms: u64) -> Vec<u8> {
        let mut frame = wire::answer(0x02, 0x40, &hex::decode(ACTIVATE).unwrap());
        let len = frame.len();
        frame.swap(len - 1, len - 2);
        let reports = wire::reports(&frame);
        let outputs =
            reports.iter().flat_map(|report| reader.on_report(report.id, &report.data, now_ms).reports);
        outputs.flat_map(|report| report.data).collect()
    }

    #[test]
    fn a_card_is_held_out_for_a_moment_only() {
        let mut reader = SimulatedReader::new(1, ReaderState::new(1));
        reader.present(CardProfile::ContactlessVisa, 0);
        assert!(!activate(&mut reader, HELD_OUT_MS - 1).is_empty(), "a hand that is a little early");
        // The second tap of a double tap: the first one was read, and the next sale is another customer's.
        assert!(reader.present(CardProfile::ContactlessVisa, HELD_OUT_MS).reports.is_empty());
        assert!(activate(&mut reader, 3 * HELD_OUT_MS).is_empty(), "no card is there any more");
    }

    #[test]
    fn a_card_goes_with_the_transaction_it_was_presented_to() {
        let mut reader = SimulatedReader::new(1, ReaderState::new(1));
        // A chip, pressed twice: the second one lies there when the host has answered.
        assert!(activate(&mut reader, 0).is_empty());
        assert!(!reader.present(CardProfile::ContactMastercard, 0).reports.is_empty());
        reader.present(CardProfile::ContactMastercard, 0);
        assert!(!command(&mut reader, 0x60, 0x12, &[0x8A, 2, b'0', b'0']).is_empty());
        assert!(activate(&mut reader, 0).is_empty(), "after the host's answer");
        // One that the reader does not see, until the person gives up, or nobody presents another in time.
        let tap_only = ACTIVATE.replace("dfef370106", "dfef370102");
        for end in ["cancel", "timeout"] {
            assert_eq!(status(&command(&mut reader, 0x05, 1, &[])), Some(status::OK));
            assert!(command(&mut reader, 0x02, 0x40, &hex::decode(&tap_only).unwrap()).is_empty());
            assert!(reader.present(CardProfile::ContactMastercard, 0).reports.is_empty());
            match end {
                "cancel" => drop(command(&mut reader, 0x05, 1, &[])),
                _ => drop(reader.wake(u64::MAX)),
            }
            assert!(activate(&mut reader, 0).is_empty(), "after a {end}");
        }
    }

    #[test]
    fn only_a_cancel_is_allowed_while_a_transaction_is_active() {
        let mut reader = SimulatedReader::new(1, ReaderState::new(1));
        assert_eq!(status(&command(&mut reader, 0x18, 1, &[])), Some(status::OK));
        assert!(activate(&mut reader, 0).is_empty());
        assert_eq!(status(&command(&mut reader, 0x18, 1, &[])), Some(status::NOT_ALLOWED));
        assert_eq!(status(&command(&mut reader, 0x05, 1, &[])), Some(status::OK));
        assert_eq!(status(&command(&mut reader, 0x18, 1, &[])), Some(status::OK));
        assert_eq!(status(&command(&mut reader, 0x60, 0x12, &[])), Some(status::NOT_ALLOWED));
        assert_eq!(status(&command(&mut reader, 0x77, 0, &[])), Some(status::UNKNOWN_COMMAND));
        assert_eq!(status(&command(&mut reader, 0x02, 0x40, &[30])), Some(status::PARAMETER));
    }

    proptest! {
        #[test]
        fn arbitrary_reports_and_commands_never_panic(
            reports in proptest::collection::vec((0u8..6, proptest::collection::vec(any::<u8>(), 0..64)), 0..20),
            data in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let mut reader = SimulatedReader::new(1, ReaderState::new(1));
            for (id, data) in reports {
                reader.on_report(id, &data, 0);
            }
            for (code, sub) in [(0x02, 0x40), (0x60, 0x12), (0x05, 0x01)] {
                reader.present(CardProfile::Swipe, 0);
                command(&mut reader, code, sub, &data);
            }
        }
    }
}
