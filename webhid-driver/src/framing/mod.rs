//! From the link's packets to whole, checked frames and back. Nothing here knows what a frame means.

/// One frame: header, length, checksum.
pub mod frame;
/// HID reports.
pub mod hid;
/// Serial streams.
pub mod serial;

pub use frame::{Answer, FRAME_LEN_MAX, FrameError, Protocol};

/// What a link carries in one piece.
#[derive(Clone, PartialEq, Eq)]
pub enum Packet {
    /// A HID report without its id byte, as WebHID's `sendReport` and `inputreport` have it.
    Report {
        /// Report id.
        id: u8,
        /// Up to 63 bytes.
        data: Vec<u8>,
    },
    /// A piece of a serial stream, split anywhere.
    Bytes(Vec<u8>),
}

/// How a link carries frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// HID reports of 63 bytes.
    Hid,
    /// A byte stream.
    Serial,
}

/// Puts frames together from packets. One at a time, with one bounded buffer.
#[derive(Debug)]
pub enum Framer {
    /// From HID reports.
    Hid(hid::HidAssembler),
    /// From a byte stream.
    Serial(serial::SerialAssembler),
}

impl Framer {
    /// An empty framer.
    pub const fn new(transport: Transport, protocol: Protocol) -> Self {
        match transport {
            Transport::Hid => Self::Hid(hid::HidAssembler::new(protocol)),
            Transport::Serial => Self::Serial(serial::SerialAssembler::new(protocol)),
        }
    }

    /// Takes a packet and returns what it completed, in order: frames, or errors for frames that were lost. A packet
    /// of the other transport is ignored.
    pub fn push(&mut self, packet: &Packet) -> Vec<Result<Answer, FrameError>> {
        match (self, packet) {
            (Self::Hid(assembler), Packet::Report { id, data }) => {
                assembler.push(*id, data).into_iter().collect()
            }
            (Self::Serial(assembler), Packet::Bytes(bytes)) => assembler.push(bytes),
            _ => Vec::new(),
        }
    }

    /// Whether a frame has begun and is not complete. It must be given up if nothing follows.
    pub const fn is_partial(&self) -> bool {
        match self {
            Self::Hid(assembler) => assembler.is_partial(),
            Self::Serial(assembler) => assembler.is_partial(),
        }
    }

    /// Forgets a partial frame.
    pub fn clear(&mut self) {
        match self {
            Self::Hid(assembler) => assembler.clear(),
            Self::Serial(assembler) => assembler.clear(),
        }
    }
}

/// The packets that carry a host frame.
pub fn split(transport: Transport, frame: &[u8]) -> Vec<Packet> {
    match transport {
        Transport::Hid => hid::split(frame),
        Transport::Serial => vec![Packet::Bytes(frame.to_vec())],
    }
}

/// Length only: a packet may hold card data.
impl core::fmt::Debug for Packet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Report { id, data } => write!(f, "Report({id}, {} bytes)", data.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}
