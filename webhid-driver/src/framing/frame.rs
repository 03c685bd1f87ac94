use core::fmt;

use crc::{CRC_16_IBM_3740, Crc};

/// Longest frame a reader sends or takes, header and checksum included.
pub const FRAME_LEN_MAX: usize = 1500;

const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_3740);
const CRC_LEN: usize = 2;
pub(crate) const MAGIC_LEN: usize = 10;

/// Generation of the frame header. The body is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// `ViVOtech2\0`; an answer is command, status, length.
    #[default]
    Neo2,
    /// `ViVOpayV3\0`; an answer is command, sub-command, status, length.
    Neo3,
}

/// A frame from the reader whose checksum is right. `Debug` shows no data.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The command that is answered.
    pub command: u8,
    /// Its sub-command, where the protocol repeats it.
    pub sub_command: Option<u8>,
    /// Status code, 0 for ok.
    pub status: u8,
    /// The rest.
    pub data: Vec<u8>,
}

/// Why bytes are not a frame. The command they answered is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The checksum is wrong: a bit was changed or bytes are missing.
    #[error("checksum")]
    Checksum,
    /// The frame does not begin with the protocol's header.
    #[error("header")]
    Header,
    /// The length field says more than a frame may have.
    #[error("too long")]
    TooLong,
    /// Fewer bytes came than the length field says.
    #[error("incomplete")]
    Incomplete,
    /// A report came that does not follow the one before.
    #[error("report out of order")]
    ReportOrder,
}

impl Protocol {
    pub(crate) const fn magic(self) -> &'static [u8; MAGIC_LEN] {
        match self {
            Self::Neo2 => b"ViVOtech2\0",
            Self::Neo3 => b"ViVOpayV3\0",
        }
    }

    /// Bytes before the data of an answer: magic, command, (sub-command,) status, length.
    const fn answer_head_len(self) -> usize {
        match self {
            Self::Neo2 => MAGIC_LEN + 4,
            Self::Neo3 => MAGIC_LEN + 5,
        }
    }

    /// A host's frame, checksum low byte first. `None` when `data` does not fit a frame.
    ///
    /// ```
    /// use tillandsia_driver::framing::Protocol;
    /// let ping = Protocol::Neo2.encode(0x18, 0x01, &[]);
    /// assert_eq!(ping.as_deref(), Some(b"ViVOtech2\0\x18\x01\0\0\xB3\xCD".as_slice()));
    /// ```
    pub fn encode(self, command: u8, sub_command: u8, data: &[u8]) -> Option<Vec<u8>> {
        let len = u16::try_from(data.len()).ok()?;
        let mut frame = self.magic().to_vec();
        frame.extend([command, sub_command]);
        frame.extend(len.to_be_bytes());
        frame.extend(data);
        frame.extend(CRC.checksum(&frame).to_le_bytes());
        (frame.len() <= FRAME_LEN_MAX).then_some(frame)
    }

    /// Total length of the answer that `bytes` begins, as its length field says; `None` while that has not come.
    pub(crate) fn answer_len(self, bytes: &[u8]) -> Option<Result<usize, FrameError>> {
        let head = bytes.get(..self.answer_head_len())?;
        let len = head.last_chunk::<2>().map_or(0, |len| usize::from(u16::from_be_bytes(*len)));
        let total = head.len() + len + CRC_LEN;
        Some(if total > FRAME_LEN_MAX { Err(FrameError::TooLong) } else { Ok(total) })
    }

    /// Reads exactly one answer; the reader's checksum has its high byte first.
    pub fn decode(self, frame: &[u8]) -> Result<Answer, FrameError> {
        if !frame.starts_with(self.magic()) {
            return Err(FrameError::Header);
        }
        let total = self.answer_len(frame).ok_or(FrameError::Incomplete)??;
        if frame.len() != total {
            return Err(FrameError::Incomplete);
        }
        let (body, crc) = frame.split_last_chunk::<CRC_LEN>().ok_or(FrameError::Incomplete)?;
        if CRC.checksum(body) != u16::from_be_bytes(*crc) {
            return Err(FrameError::Checksum);
        }
        let (head, data) = body.split_at_checked(self.answer_head_len()).ok_or(FrameError::Incomplete)?;
        match (self, head.get(MAGIC_LEN..).unwrap_or_default()) {
            (Self::Neo2, [command, status, ..]) => {
                Ok(Answer { command: *command, sub_command: None, status: *status, data: data.to_vec() })
            }
            (Self::Neo3, [command, sub, status, ..]) => Ok(Answer {
                command: *command,
                sub_command: Some(*sub),
                status: *status,
                data: data.to_vec(),
            }),
            _ => Err(FrameError::Incomplete),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({:02X} status {:02X}, {} bytes)", self.command, self.status, self.data.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn checksum_vector() {
        assert_eq!(CRC.checksum(b"123456789"), 0x29B1);
    }

    #[test]
    fn host_frame_vectors() {
        let frame = |cmd, sub, data: &str| {
            hex::encode_upper(Protocol::Neo2.encode(cmd, sub, &hex::decode(data).unwrap()).unwrap())
        };
        assert_eq!(frame(0x18, 0x01, ""), "5669564F74656368320018010000B3CD");
        assert_eq!(frame(0x05, 0x01, ""), "5669564F7465636832000501000092EF");
        let data = "1e9c01009f02060000000001009f0306000000000000dfef370107dfef3c03010060";
        assert_eq!(frame(0x02, 0x40, data).to_lowercase(), format!("5669564f74656368320002400022{data}18d1"));
    }

    #[test]
    fn answer_vectors() {
        let ping = hex::decode("5669564F74656368320018000000FA83").unwrap();
        let answer = Protocol::Neo2.decode(&ping).unwrap();
        assert_eq!((answer.command, answer.sub_command, answer.status), (0x18, None, 0));
        let neo3 = hex::decode("5669564F70617956330081090000 00 906C".replace(' ', "")).unwrap();
        let answer = Protocol::Neo3.decode(&neo3).unwrap();
        assert_eq!((answer.command, answer.sub_command, answer.status), (0x81, Some(0x09), 0));
        assert!(answer.data.is_empty());
        assert_eq!(Protocol::Neo2.decode(&vectors::swipe()).unwrap().data.len(), 0x179);
        assert_eq!(Protocol::Neo2.decode(&vectors::contactless()).unwrap().data.len(), 239 - 16);
    }

    #[test]
    fn bad_frames_are_refused() {
        let ping = hex::decode("5669564F74656368320018000000FA83").unwrap();
        let decode = |bytes: &[u8]| Protocol::Neo2.decode(bytes).unwrap_err();
        assert_eq!(decode(&[]), FrameError::Header);
        assert_eq!(decode(&ping[..15]), FrameError::Incomplete);
        let mut swapped = ping.clone();
        swapped.swap(14, 15);
        assert_eq!(decode(&swapped), FrameError::Checksum);
        let mut long = ping.clone();
        long[12] = 0xFF;
        assert_eq!(decode(&long), FrameError::TooLong);
        assert_eq!(Protocol::Neo3.decode(&ping), Err(FrameError::Header));
        assert!(Protocol::Neo2.encode(2, 0x40, &[0; 1500]).is_none());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), magic: bool) {
            let mut input = if magic { Protocol::Neo2.magic().to_vec() } else { Vec::new() };
            input.extend(bytes);
            let _ = Protocol::Neo2.decode(&input);
            let _ = Protocol::Neo3.decode(&input);
        }

        #[test]
        fn a_flipped_bit_is_noticed(bit in 0usize..(239 * 8)) {
            let mut frame = vectors::contactless();
            frame[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Protocol::Neo2.decode(&frame).is_err());
        }
    }
}
