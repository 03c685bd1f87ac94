use tillandsia_core::{
    ports::{CollectRequest, ReaderError},
    time::TimestampMs,
};

use crate::vivotech::command::{self, Command};

/// What the reader is doing, as far as the session knows.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Nothing.
    Idle,
    /// Answering who it is.
    Identifying { identity: Identity, attempts: u8, deadline: TimestampMs },
    /// Answering a ping, so that whatever it still had to say about earlier commands is over.
    Fencing { request: CollectRequest, attempts: u8, deadline: TimestampMs },
    /// Waiting for a card or reading one, for the customer until `until`.
    Active { request: CollectRequest, until: TimestampMs, activations: u8, deadline: TimestampMs },
    /// Holding an inserted chip that waits for the host's answer.
    AwaitingHost,
    /// Giving the chip the host's answer.
    Completing { deadline: TimestampMs },
    /// Cancelling; then comes what `resume` says.
    Canceling { resume: Resume, attempts: u8, deadline: TimestampMs },
}

/// What follows a cancel.
#[derive(Debug, Clone)]
pub(super) enum Resume {
    /// Report this.
    Fail(ReaderError),
    /// Identify the reader.
    Connect,
    /// Collect a card.
    Collect(CollectRequest),
}

/// Steps of finding out who the reader is.
#[derive(Debug, Clone, Default)]
pub(super) enum Identity {
    #[default]
    Ping,
    Firmware,
    SerialNumber {
        firmware: Vec<u8>,
    },
}

impl Identity {
    pub(super) const fn command(&self) -> Command {
        match self {
            Self::Ping => command::PING,
            Self::Firmware => command::FIRMWARE,
            Self::SerialNumber { .. } => command::SERIAL_NUMBER,
        }
    }
}

impl State {
    pub(super) const fn deadline(&self) -> Option<TimestampMs> {
        match self {
            Self::Idle | Self::AwaitingHost => None,
            Self::Identifying { deadline, .. }
            | Self::Fencing { deadline, .. }
            | Self::Active { deadline, .. }
            | Self::Completing { deadline }
            | Self::Canceling { deadline, .. } => Some(*deadline),
        }
    }
}
