//! One reader as a state machine without IO: packets, commands and time go in; packets, events and a deadline come out.
//!
//! ```text
//! Idle -- connect --> (Canceling) -> Identifying -- connected --> Idle
//! Idle -- collect --> Fencing -> Active -- card --> Idle | AwaitingHost -- complete --> Completing --> Idle
//! any of these -- cancel, or an answer that was lost --> Canceling --> Idle
//! ```
//!
//! Two rules keep one payment's answer from becoming another's. Before an activation the session sends a ping and drops
//! whatever comes before its answer; and a card is accepted only for the amount and currency that were asked for. After
//! a cancel nothing is sent until the reader has answered it.

mod state;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use tillandsia_core::{
    card::{CardRead, ReaderInfo},
    ports::{ChipDecision, CollectRequest, HostDecision, ReaderError, ReaderPrompt},
    time::TimestampMs,
};

use crate::{
    framing::{self, Answer, FrameError, Framer, Packet, Protocol, Transport},
    vivotech::{
        activation::{self, Activation},
        command::{self, Command},
        status::{ContactResult, Status},
    },
};
use state::{Identity, Resume, State};

/// How long a command that needs no person may take.
const COMMAND_MS: u64 = 2_000;
/// How often such a command is sent.
const COMMAND_ATTEMPTS: u8 = 3;
/// A transaction may outlive its timeout once a card was found.
const ACTIVATION_GRACE_MS: u64 = 10_000;
/// How long the chip's second step may take.
const COMPLETION_MS: u64 = 15_000;
/// How long a cancel may take.
const CANCEL_MS: u64 = 3_000;
/// How long the rest of a frame may take.
const PARTIAL_FRAME_MS: u64 = 1_000;
/// How often a collection is activated again, after a card that could not be read.
const ACTIVATIONS_MAX: u8 = 10;

/// What a session tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The answer to `connect`.
    Connected(ReaderInfo),
    /// Tell the customer. More events follow.
    Prompt(ReaderPrompt),
    /// The answer to `collect`.
    Collected(Box<CardRead>),
    /// The answer to `complete`.
    Completed(ChipDecision),
    /// The command that ran has failed; `Canceled` is the answer to `cancel`.
    Failed(ReaderError),
}

/// The state of one reader. See the module's text.
#[derive(Debug)]
pub struct Session {
    protocol: Protocol,
    transport: Transport,
    framer: Framer,
    state: State,
    /// The reader may be in a transaction that this session does not know of.
    unsure: bool,
    /// When the last packet came, while a frame is incomplete.
    partial_since: Option<TimestampMs>,
    outgoing: VecDeque<Packet>,
    events: VecDeque<Event>,
}

impl Session {
    /// A session with a reader about which nothing is known yet.
    pub const fn new(protocol: Protocol, transport: Transport) -> Self {
        Self {
            protocol,
            transport,
            framer: Framer::new(transport, protocol),
            state: State::Idle,
            unsure: true,
            partial_since: None,
            outgoing: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Finds out who the reader is. `Idle, AwaitingHost -> Identifying`. Error: `Busy`.
    pub fn connect(&mut self, now: TimestampMs) -> Result<(), ReaderError> {
        self.claim()?;
        self.framer.clear();
        self.begin(Resume::Connect, now);
        Ok(())
    }

    /// Waits for a card. `Idle, AwaitingHost -> Fencing`; a chip that still waits is cancelled first. Errors: `Busy`, or
    /// an amount that a chip cannot take.
    pub fn collect(&mut self, request: CollectRequest, now: TimestampMs) -> Result<(), ReaderError> {
        if command::activate_data(&request, request.timeout_s).is_none() {
            return Err(ReaderError::Protocol("the amount has more than twelve digits".to_owned()));
        }
        self.claim()?;
        self.begin(Resume::Collect(request), now);
        Ok(())
    }

    /// Gives the chip that waits the host's answer. `AwaitingHost -> Completing`. Errors: `Busy`, or no chip waits.
    pub fn complete(&mut self, decision: HostDecision, now: TimestampMs) -> Result<(), ReaderError> {
        match self.state {
            State::AwaitingHost => {
                self.send(command::APPLY_HOST_RESPONSE, &command::host_response_data(decision));
                self.state = State::Completing { deadline: now.plus_ms(COMPLETION_MS) };
                Ok(())
            }
            State::Idle => Err(ReaderError::Protocol("no inserted card waits for an answer".to_owned())),
            _ => Err(ReaderError::Busy),
        }
    }

    /// Ends a collection. `Fencing, Active, AwaitingHost -> Canceling`; elsewhere nothing happens. The event
    /// `Failed(Canceled)` follows.
    pub fn cancel(&mut self, now: TimestampMs) {
        match &mut self.state {
            State::Fencing { .. } | State::Active { .. } => {
                self.begin_cancel(Resume::Fail(ReaderError::Canceled), now)
            }
            State::AwaitingHost => {
                self.events.push_back(Event::Prompt(ReaderPrompt::RemoveCard));
                self.begin_cancel(Resume::Fail(ReaderError::Canceled), now);
            }
            State::Canceling { resume: resume @ Resume::Collect(_), .. } => {
                *resume = Resume::Fail(ReaderError::Canceled)
            }
            _ => {}
        }
    }

    /// Gives up the running command without waiting, because nobody listens any more. The next command begins with a
    /// cancel.
    pub fn abandon(&mut self) {
        self.unsure |= !matches!(self.state, State::Idle);
        self.state = State::Idle;
        self.framer.clear();
        self.partial_since = None;
        self.outgoing.clear();
        self.events.clear();
    }

    /// Whether an inserted chip waits for the host's answer.
    pub const fn awaits_host(&self) -> bool {
        matches!(self.state, State::AwaitingHost)
    }

    /// A packet from the reader.
    pub fn receive(&mut self, packet: &Packet, now: TimestampMs) {
        for result in self.framer.push(packet) {
            match result {
                Ok(answer) => self.answered(&answer, now),
                Err(error) => self.lost(error, now),
            }
        }
        self.partial_since = self.framer.is_partial().then_some(now);
    }

    /// Time has passed: call at or after `deadline`.
    pub fn wake(&mut self, now: TimestampMs) {
        if self.partial_since.is_some_and(|since| since.plus_ms(PARTIAL_FRAME_MS) <= now) {
            self.framer.clear();
            self.partial_since = None;
            self.lost(FrameError::Incomplete, now);
        }
        if self.state.deadline().is_some_and(|deadline| deadline <= now) {
            self.expired(now);
        }
    }

    /// When `wake` is due; `None` while nothing is waited for.
    pub fn deadline(&self) -> Option<TimestampMs> {
        let partial = self.partial_since.map(|since| since.plus_ms(PARTIAL_FRAME_MS));
        [partial, self.state.deadline()].into_iter().flatten().min()
    }

    /// The next packet for the reader.
    pub fn poll_packet(&mut self) -> Option<Packet> {
        self.outgoing.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn claim(&mut self) -> Result<(), ReaderError> {
        match self.state {
            State::Idle => Ok(()),
            State::AwaitingHost => {
                self.unsure = true;
                self.state = State::Idle;
                Ok(())
            }
            _ => Err(ReaderError::Busy),
        }
    }

    /// Starts a command, after a cancel where the reader may be busy with something.
    fn begin(&mut self, next: Resume, now: TimestampMs) {
        if self.unsure { self.begin_cancel(next, now) } else { self.resume(next, now) }
    }

    fn begin_cancel(&mut self, resume: Resume, now: TimestampMs) {
        self.unsure = true;
        self.send(command::CANCEL, &[]);
        self.state = State::Canceling { resume, attempts: 1, deadline: now.plus_ms(CANCEL_MS) };
    }

    fn resume(&mut self, next: Resume, now: TimestampMs) {
        let deadline = now.plus_ms(COMMAND_MS);
        self.state = State::Idle;
        match next {
            Resume::Fail(error) => self.events.push_back(Event::Failed(error)),
            Resume::Connect => {
                self.send(command::PING, &[]);
                self.state = State::Identifying { identity: Identity::Ping, attempts: 1, deadline };
            }
            Resume::Collect(request) => {
                self.send(command::PING, &[]);
                self.state = State::Fencing { request, attempts: 1, deadline };
            }
        }
    }

    fn answered(&mut self, answer: &Answer, now: TimestampMs) {
        let expected = |command: Command| answer.command == command.code;
        match &self.state {
            State::Identifying { identity, .. } if expected(identity.command()) => {
                self.identified(answer, now)
            }
            State::Fencing { .. } if expected(command::PING) && answer.status != 0 => {
                self.unsure = true;
                self.fail(Status::from(answer.status).to_error());
            }
            State::Fencing { request, .. } if expected(command::PING) => {
                let request = *request;
                self.events.push_back(Event::Prompt(ReaderPrompt::Present(request.interfaces)));
                let until = now.plus_ms(u64::from(request.timeout_s) * 1_000);
                self.activate(request, until, 1, now);
            }
            State::Active { .. } if expected(command::ACTIVATE) => self.activated(answer, now),
            State::Completing { .. } if expected(command::APPLY_HOST_RESPONSE) => self.completed(answer),
            State::Canceling { resume, .. } if expected(command::CANCEL) => {
                let resume = resume.clone();
                self.unsure = false;
                self.resume(resume, now);
            }
            // A late or doubled answer to something that is over.
            _ => {}
        }
    }

    fn identified(&mut self, answer: &Answer, now: TimestampMs) {
        let status = Status::from(answer.status);
        let State::Identifying { identity, .. } = &mut self.state else { return };
        if status.is_interim() {
            return;
        }
        let next = match (core::mem::take(identity), status) {
            (Identity::Ping, _) => Identity::Firmware,
            (Identity::Firmware, Status::Ok) => Identity::SerialNumber { firmware: answer.data.clone() },
            (Identity::SerialNumber { firmware }, _) => {
                // Not every reader tells its serial number.
                let serial_number = if status == Status::Ok { answer.data.as_slice() } else { &[] };
                self.state = State::Idle;
                self.events.push_back(Event::Connected(command::reader_info(&firmware, serial_number)));
                return;
            }
            (_, status) => return self.fail(status.to_error()),
        };
        self.send(next.command(), &[]);
        self.state = State::Identifying { identity: next, attempts: 1, deadline: now.plus_ms(COMMAND_MS) };
    }

    fn activate(&mut self, request: CollectRequest, until: TimestampMs, activations: u8, now: TimestampMs) {
        let seconds = u8::try_from(now.ms_until(until).div_ceil(1_000)).unwrap_or(u8::MAX);
        let Some(data) = command::activate_data(&request, seconds).filter(|_| seconds > 0) else {
            return self.fail(ReaderError::TimedOut);
        };
        self.send(command::ACTIVATE, &data);
        let deadline = until.plus_ms(ACTIVATION_GRACE_MS);
        self.state = State::Active { request, until, activations, deadline };
    }

    fn activated(&mut self, answer: &Answer, now: TimestampMs) {
        let State::Active { mut request, until, activations, .. } = self.state else { return };
        let status = Status::from(answer.status);
        match activation::read(answer, &request) {
            Activation::Interim(prompt) => self.events.extend(prompt.map(Event::Prompt)),
            Activation::Card(card) => {
                self.state = State::Idle;
                if card.awaits_host {
                    self.state = State::AwaitingHost;
                    self.events.push_back(Event::Prompt(ReaderPrompt::DoNotRemove));
                }
                self.events.push_back(Event::Collected(card));
            }
            Activation::Again(prompt) if activations < ACTIVATIONS_MAX => {
                if prompt == ReaderPrompt::UseChip {
                    request.interfaces.contactless = false;
                }
                self.events.push_back(Event::Prompt(prompt));
                self.activate(request, until, activations + 1, now);
            }
            Activation::Again(_) => self.fail(ReaderError::Unreadable("too many attempts".to_owned())),
            Activation::Failed(_) if status.is_worth_resending() && activations < ACTIVATIONS_MAX => {
                self.activate(request, until, activations + 1, now);
            }
            // The reader believes it has a card, or is busy: bring it to rest first.
            Activation::Failed(error)
                if matches!(status, Status::Ok | Status::RequestOnline | Status::NotAllowed) =>
            {
                self.begin_cancel(Resume::Fail(error), now);
            }
            Activation::Failed(error) => self.fail(error),
        }
    }

    fn completed(&mut self, answer: &Answer) {
        let status = Status::from(answer.status);
        let decision = match status {
            status if status.is_interim() => return,
            Status::Ok => activation::contact_result(&answer.data).and_then(|result| match result {
                ContactResult::Approved => Ok(ChipDecision::Approved),
                ContactResult::Declined => Ok(ChipDecision::Declined),
                other => Err(other.to_error()),
            }),
            status => Err(status.to_error()),
        };
        self.unsure |= decision.is_err();
        self.state = State::Idle;
        self.events.push_back(Event::Prompt(ReaderPrompt::RemoveCard));
        self.events.push_back(decision.map_or_else(Event::Failed, Event::Completed));
    }

    /// An answer came that cannot be read.
    fn lost(&mut self, error: FrameError, now: TimestampMs) {
        match self.state {
            State::Identifying { .. } | State::Fencing { .. } => self.resend(now),
            State::Active { .. } => {
                self.begin_cancel(
                    Resume::Fail(ReaderError::Protocol(format!("answer damaged: {error}"))),
                    now,
                );
            }
            // The answer is a single report: an end without a beginning is left over from the card's answer.
            State::Completing { .. } if error == FrameError::ReportOrder => {}
            State::Completing { .. } => {
                self.unsure = true;
                self.fail(ReaderError::Protocol(format!("answer damaged: {error}")));
            }
            // While cancelling, only the answer or the deadline counts.
            State::Idle | State::AwaitingHost | State::Canceling { .. } => {}
        }
    }

    fn expired(&mut self, now: TimestampMs) {
        match &mut self.state {
            State::Identifying { .. } | State::Fencing { .. } => self.resend(now),
            State::Active { .. } => self.begin_cancel(Resume::Fail(ReaderError::TimedOut), now),
            State::Completing { .. } => {
                self.unsure = true;
                self.fail(ReaderError::NoAnswer);
            }
            State::Canceling { attempts, deadline, .. } if *attempts < 2 => {
                *attempts += 1;
                *deadline = now.plus_ms(CANCEL_MS);
                self.send(command::CANCEL, &[]);
            }
            State::Canceling { resume, .. } => match resume.clone() {
                // Perhaps it has nothing to cancel and does not answer that: a ping will tell.
                Resume::Connect => self.resume(Resume::Connect, now),
                Resume::Collect(_) => self.fail(ReaderError::NoAnswer),
                Resume::Fail(error) => self.fail(error),
            },
            State::Idle | State::AwaitingHost => {}
        }
    }

    /// Sends a command that needs no person again, a few times.
    fn resend(&mut self, now: TimestampMs) {
        let (command, attempts, deadline) = match &mut self.state {
            State::Identifying { identity, attempts, deadline } => (identity.command(), attempts, deadline),
            State::Fencing { attempts, deadline, .. } => (command::PING, attempts, deadline),
            _ => return,
        };
        if *attempts >= COMMAND_ATTEMPTS {
            self.unsure = true;
            return self.fail(ReaderError::NoAnswer);
        }
        *attempts += 1;
        *deadline = now.plus_ms(COMMAND_MS);
        self.send(command, &[]);
    }

    fn fail(&mut self, error: ReaderError) {
        self.state = State::Idle;
        self.events.push_back(Event::Failed(error));
    }

    fn send(&mut self, command: Command, data: &[u8]) {
        // Every command here is far shorter than a frame may be.
        let frame = self.protocol.encode(command.code, command.sub, data).unwrap_or_default();
        self.outgoing.extend(framing::split(self.transport, &frame));
    }
}
