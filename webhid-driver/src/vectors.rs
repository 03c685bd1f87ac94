//! Frames of real and made-up readers, for tests.

use crc::{CRC_16_IBM_3740, Crc};

/// A real VP3350's answer to a swipe, as published.
pub(crate) fn swipe() -> Vec<u8> {
    hex::decode(include_str!("../tests/fixtures/swipe_vp3350.hex").replace(char::is_whitespace, "")).unwrap()
}

/// A contactless answer made from the protocol's rules; its cryptogram is not a valid one.
pub(crate) fn contactless() -> Vec<u8> {
    hex::decode(include_str!("../tests/fixtures/contactless.hex").replace(char::is_whitespace, "")).unwrap()
}

/// An answer frame with a right checksum.
pub(crate) fn answer(command: u8, status: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = b"ViVOtech2\0".to_vec();
    frame.extend([command, status]);
    frame.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    frame.extend(data);
    let crc = Crc::<u16>::new(&CRC_16_IBM_3740).checksum(&frame);
    frame.extend(crc.to_be_bytes());
    frame
}

/// An answer over two data bytes, and the last byte of its checksum.
pub(crate) fn answer_with_counter(counter: u16) -> (Vec<u8>, u8) {
    let frame = answer(0x18, 0, &counter.to_be_bytes());
    let last = *frame.last().unwrap();
    (frame, last)
}
