use super::{Answer, FrameError, Protocol, frame::MAGIC_LEN};

/// Finds answers in a byte stream that is split anywhere and may hold noise before a header.
#[derive(Debug)]
pub struct SerialAssembler {
    protocol: Protocol,
    buffer: Vec<u8>,
}

impl SerialAssembler {
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

    /// Takes the next bytes; returns every frame they complete. The buffer never holds more than one frame.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Result<Answer, FrameError>> {
        let mut results = Vec::new();
        for byte in bytes {
            self.buffer.push(*byte);
            while let Some(result) = self.step() {
                results.push(result);
            }
        }
        results
    }

    fn step(&mut self) -> Option<Result<Answer, FrameError>> {
        self.skip_noise();
        if self.buffer.len() < MAGIC_LEN {
            return None;
        }
        match self.protocol.answer_len(&self.buffer)? {
            Err(error) => {
                self.buffer.drain(..1);
                Some(Err(error))
            }
            Ok(len) => {
                let decoded = self.protocol.decode(self.buffer.get(..len)?);
                // Behind a bad frame another one may begin: look again from the next byte on.
                self.buffer.drain(..if decoded.is_ok() { len } else { 1 });
                Some(decoded)
            }
        }
    }

    /// Drops bytes that cannot be the beginning of a header.
    fn skip_noise(&mut self) {
        let magic = self.protocol.magic();
        let starts = |tail: &[u8]| magic.iter().zip(tail).all(|(a, b)| a == b);
        let keep_from = (0..self.buffer.len())
            .find(|from| self.buffer.get(*from..).is_some_and(starts))
            .unwrap_or(self.buffer.len());
        self.buffer.drain(..keep_from);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{framing::FRAME_LEN_MAX, vectors};

    fn push_all(pieces: &[&[u8]]) -> Vec<Result<Answer, FrameError>> {
        let mut assembler = SerialAssembler::new(Protocol::Neo2);
        pieces.iter().flat_map(|piece| assembler.push(piece)).collect()
    }

    #[test]
    fn a_frame_split_at_every_byte() {
        let frame = vectors::swipe();
        for at in 0..=frame.len() {
            let (head, tail) = frame.split_at(at);
            assert_eq!(push_all(&[head, tail]), [Protocol::Neo2.decode(&frame)]);
        }
    }

    #[test]
    fn noise_and_false_starts_before_the_header() {
        let frame = vectors::contactless();
        for noise in [&b"\0\xFFboot"[..], b"ViVO", b"ViVOtech2", b"ViViVOtech"] {
            let bytes = [noise, &frame].concat();
            assert_eq!(push_all(&[&bytes]), [Protocol::Neo2.decode(&frame)]);
        }
    }

    #[test]
    fn the_frame_behind_a_bad_one_is_found() {
        let good = vectors::contactless();
        let mut bad = good.clone();
        bad[40] ^= 1;
        let results = push_all(&[&bad, &good]);
        assert_eq!(results, [Err(FrameError::Checksum), Protocol::Neo2.decode(&good)]);
        // A frame cut in the middle swallows the head of the next and is then given up.
        let results = push_all(&[&good[..100], &good]);
        assert_eq!(results.last(), Some(&Protocol::Neo2.decode(&good)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0usize..400) {
            let mut assembler = SerialAssembler::new(Protocol::Neo2);
            let at = at.min(bytes.len());
            let input = [&bytes[..at], Protocol::Neo2.magic(), &bytes[at..]].concat();
            let _ = assembler.push(&input);
            prop_assert!(assembler.buffer.len() <= FRAME_LEN_MAX);
        }

        #[test]
        fn any_pieces_reassemble(cuts in proptest::collection::vec(1usize..60, 1..20)) {
            let frame = vectors::swipe();
            let mut assembler = SerialAssembler::new(Protocol::Neo2);
            let (mut at, mut results) = (0, Vec::new());
            for cut in cuts.iter().cycle() {
                let end = (at + cut).min(frame.len());
                results.extend(assembler.push(&frame[at..end]));
                at = end;
                if at == frame.len() { break; }
            }
            prop_assert_eq!(results, [Protocol::Neo2.decode(&frame)]);
        }
    }
}
