use super::{Answer, FrameError, Packet, Protocol, frame::FRAME_LEN_MAX};

/// Bytes a report carries beside its id.
pub const REPORT_DATA_LEN: usize = 63;

/// A whole frame of at most 63 bytes.
pub const REPORT_SINGLE: u8 = 1;
/// The first 63 bytes of a longer frame.
pub const REPORT_FIRST: u8 = 2;
/// The next 63 bytes.
pub const REPORT_MIDDLE: u8 = 3;
/// The last bytes.
pub const REPORT_LAST: u8 = 4;

/// Splits a frame into reports, the last one padded with zero bytes.
pub(super) fn split(frame: &[u8]) -> Vec<Packet> {
    let pieces = frame.chunks(REPORT_DATA_LEN);
    let last = pieces.len().saturating_sub(1);
    pieces
        .enumerate()
        .map(|(i, piece)| {
            let id = match (i, i == last) {
                (0, true) => REPORT_SINGLE,
                (0, false) => REPORT_FIRST,
                (_, false) => REPORT_MIDDLE,
                (_, true) => REPORT_LAST,
            };
            let mut data = piece.to_vec();
            data.resize(REPORT_DATA_LEN, 0);
            Packet::Report { id, data }
        })
        .collect()
}

/// Puts an answer together from reports. The end is where the length field says, because a checksum may end in a zero
/// byte, like the padding.
#[derive(Debug)]
pub struct HidAssembler {
    protocol: Protocol,
    buffer: Vec<u8>,
}

impl HidAssembler {
    /// An empty assembler.
    pub const fn new(protocol: Protocol) -> Self {
        Self { protocol, buffer: Vec::new() }
    }

    pub(super) const fn is_partial(&self) -> bool {
        !self.buffer.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Takes a report; returns the frame it completes, or what went wrong. Unknown ids are ignored.
    pub fn push(&mut self, id: u8, data: &[u8]) -> Option<Result<Answer, FrameError>> {
        // A link may hand over short or long data; a report carries 63 bytes.
        let data = data.get(..REPORT_DATA_LEN).unwrap_or(data);
        match id {
            REPORT_SINGLE => {
                self.buffer.clear();
                Some(self.finish(data.to_vec()))
            }
            REPORT_FIRST => {
                // A first report ends whatever was open; the answer it belonged to is lost.
                let lost = self.is_partial().then_some(Err(FrameError::Incomplete));
                self.buffer = data.to_vec();
                lost
            }
            REPORT_MIDDLE | REPORT_LAST if !self.is_partial() => Some(Err(FrameError::ReportOrder)),
            REPORT_MIDDLE => {
                self.buffer.extend_from_slice(data);
                if self.buffer.len() > FRAME_LEN_MAX + REPORT_DATA_LEN {
                    self.buffer.clear();
                    return Some(Err(FrameError::TooLong));
                }
                None
            }
            REPORT_LAST => {
                let mut frame = core::mem::take(&mut self.buffer);
                frame.extend_from_slice(data);
                Some(self.finish(frame))
            }
            _ => None,
        }
    }

    fn finish(&self, mut bytes: Vec<u8>) -> Result<Answer, FrameError> {
        if !bytes.starts_with(self.protocol.magic()) {
            return Err(FrameError::Header);
        }
        let len = self.protocol.answer_len(&bytes).ok_or(FrameError::Incomplete)??;
        // More than a report's worth behind the frame: a report came twice or belongs to another frame.
        if bytes.len() >= len + REPORT_DATA_LEN {
            return Err(FrameError::ReportOrder);
        }
        bytes.truncate(len);
        self.protocol.decode(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    fn push_all(packets: &[Packet]) -> Vec<Result<Answer, FrameError>> {
        let mut assembler = HidAssembler::new(Protocol::Neo2);
        packets
            .iter()
            .filter_map(|packet| match packet {
                Packet::Report { id, data } => assembler.push(*id, data),
                Packet::Bytes(_) => None,
            })
            .collect()
    }

    fn ids(packets: &[Packet]) -> Vec<u8> {
        packets.iter().map(|p| if let Packet::Report { id, .. } = p { *id } else { 0 }).collect()
    }

    #[test]
    fn the_contactless_vector_in_reports_2_3_3_4() {
        let packets = split(&vectors::contactless());
        assert_eq!(ids(&packets), [2, 3, 3, 4]);
        assert_eq!(push_all(&packets), [Protocol::Neo2.decode(&vectors::contactless())]);
    }

    #[test]
    fn a_frame_of_63_bytes_is_a_single_report() {
        let frame = |len| Protocol::Neo2.encode(2, 0x40, &vec![7; len]).unwrap();
        assert_eq!(ids(&split(&frame(63 - 16))), [1]);
        assert_eq!(ids(&split(&frame(64 - 16))), [2, 4]);
        assert_eq!(ids(&split(&frame(126 - 16))), [2, 4]);
        assert_eq!(ids(&split(&frame(127 - 16))), [2, 3, 4]);
    }

    #[test]
    fn a_checksum_that_ends_in_zero_survives() {
        let (frame, crc_end) = (0u16..).map(vectors::answer_with_counter).find(|(_, crc)| *crc == 0).unwrap();
        assert_eq!(crc_end, 0);
        assert_eq!(push_all(&split(&frame)), [Protocol::Neo2.decode(&frame)]);
    }

    #[test]
    fn lost_doubled_and_swapped_reports_are_errors() {
        let packets = split(&vectors::contactless());
        let pick = |order: &[usize]| order.iter().map(|i| packets[*i].clone()).collect::<Vec<_>>();
        for order in [&[0, 1, 3][..], &[0, 2, 1, 3], &[0, 1, 1, 2, 3], &[1, 2, 3], &[0, 0, 1, 2, 3], &[0, 3]]
        {
            assert!(push_all(&pick(order)).iter().any(Result::is_err), "{order:?}");
        }
        // A last report that comes twice: the frame is whole, the rest is out of order.
        let doubled = push_all(&pick(&[0, 1, 2, 3, 3]));
        assert!(doubled[0].is_ok());
        assert_eq!(doubled[1], Err(FrameError::ReportOrder));
    }

    #[test]
    fn unknown_ids_are_ignored_in_between() {
        let mut packets = split(&vectors::contactless());
        packets.insert(2, Packet::Report { id: 9, data: vec![1; 63] });
        assert_eq!(push_all(&packets), [Protocol::Neo2.decode(&vectors::contactless())]);
    }

    #[test]
    fn middle_reports_without_end_are_bounded() {
        let mut assembler = HidAssembler::new(Protocol::Neo2);
        assert_eq!(assembler.push(REPORT_FIRST, &[0; 63]), None);
        let error = (0..100).find_map(|_| assembler.push(REPORT_MIDDLE, &[0; 63]));
        assert_eq!(error, Some(Err(FrameError::TooLong)));
        assert!(!assembler.is_partial());
    }

    proptest! {
        #[test]
        fn arbitrary_reports_never_panic(
            reports in proptest::collection::vec((0u8..6, proptest::collection::vec(any::<u8>(), 0..70)), 0..40)
        ) {
            let mut assembler = HidAssembler::new(Protocol::Neo2);
            for (id, data) in reports {
                let _ = assembler.push(id, &data);
                prop_assert!(assembler.buffer.len() <= FRAME_LEN_MAX + 2 * REPORT_DATA_LEN);
            }
        }

        #[test]
        fn every_length_reassembles(len in 0usize..1484) {
            let frame = vectors::answer(0x02, 0, &vec![0xA5; len]);
            prop_assert_eq!(push_all(&split(&frame)), [Protocol::Neo2.decode(&frame)]);
        }
    }
}
