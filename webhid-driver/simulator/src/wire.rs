//! Frames as the reader sees them: takes the host's, makes its own. Written apart from the driver's, so that one mistake
//! cannot be on both sides.

/// A HID report without its id byte in `data`, which has 63 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// 1 whole frame, 2 first, 3 middle, 4 last.
    pub id: u8,
    /// 63 bytes.
    pub data: Vec<u8>,
}

const HEADER: &[u8] = b"ViVOtech2\0";
const REPORT_LEN: usize = 63;
const LEN_MAX: usize = 1500;

/// What arrived from the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// A frame with a right checksum.
    Command { command: u8, sub: u8, data: Vec<u8> },
    /// A frame that cannot be used, and the status to answer.
    Bad { command: u8, status: u8 },
}

/// CRC-16 with polynomial 1021 and initial value FFFF, bit by bit.
pub(crate) fn checksum(bytes: &[u8]) -> u16 {
    let mut crc = 0xFFFFu16;
    for byte in bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
    }
    crc
}

/// An answer; the reader sends the checksum's high byte first.
pub(crate) fn answer(command: u8, status: u8, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut frame = [HEADER, &[command, status], &len.to_be_bytes(), data].concat();
    let crc = checksum(&frame);
    frame.push((crc >> 8) as u8);
    frame.push((crc & 0xFF) as u8);
    frame
}

/// Cuts a frame into reports.
pub(crate) fn reports(frame: &[u8]) -> Vec<Report> {
    let padded = |piece: &[u8]| {
        let mut data = vec![0; REPORT_LEN];
        data.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
        data
    };
    if frame.len() <= REPORT_LEN {
        return vec![Report { id: 1, data: padded(frame) }];
    }
    let mut reports: Vec<Report> =
        frame.chunks(REPORT_LEN).map(|piece| Report { id: 3, data: padded(piece) }).collect();
    if let Some(first) = reports.first_mut() {
        first.id = 2;
    }
    if let Some(last) = reports.last_mut() {
        last.id = 4;
    }
    reports
}

/// Collects the host's reports.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// Takes one report; returns the request it completes.
    pub(crate) fn take(&mut self, id: u8, data: &[u8]) -> Option<Request> {
        match id {
            1 | 2 => self.bytes = data.to_vec(),
            3 | 4 if !self.bytes.is_empty() && self.bytes.len() < LEN_MAX => {
                self.bytes.extend_from_slice(data)
            }
            _ => return None,
        }
        if id == 1 || id == 4 { Some(read(&core::mem::take(&mut self.bytes))) } else { None }
    }
}

/// Reads a host's frame: the checksum has its low byte first.
fn read(bytes: &[u8]) -> Request {
    const HEADER_WRONG: u8 = 0x01;
    const CHECKSUM_WRONG: u8 = 0x04;
    let bad = |status| Request::Bad { command: bytes.get(10).copied().unwrap_or(0), status };
    let Some([command, sub, len_high, len_low, rest @ ..]) = bytes.strip_prefix(HEADER) else {
        return bad(HEADER_WRONG);
    };
    let len = usize::from(*len_high) * 256 + usize::from(*len_low);
    let Some((data, [crc_low, crc_high, ..])) = rest.split_at_checked(len) else {
        return bad(CHECKSUM_WRONG);
    };
    let body = bytes.get(..14 + len).unwrap_or_default();
    if checksum(body) != u16::from(*crc_high) * 256 + u16::from(*crc_low) {
        return bad(CHECKSUM_WRONG);
    }
    Request::Command { command: *command, sub: *sub, data: data.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_vector() {
        assert_eq!(checksum(b"123456789"), 0x29B1);
    }

    #[test]
    fn ping_vectors() {
        let ping = hex::decode("5669564F74656368320018010000B3CD").unwrap();
        let request = Inbox::default().take(1, &ping).unwrap();
        assert_eq!(request, Request::Command { command: 0x18, sub: 1, data: vec![] });
        assert_eq!(hex::encode_upper(answer(0x18, 0, &[])), "5669564F74656368320018000000FA83");
    }

    #[test]
    fn the_activation_vector_in_two_reports() {
        let hex = "5669564f746563683200024000221e9c01009f02060000000001009f0306000000000000dfef370107dfef3c0301006018d1";
        let frame = hex::decode(hex).unwrap();
        let mut inbox = Inbox::default();
        assert_eq!(inbox.take(2, &frame[..30]), None);
        let Some(Request::Command { command, sub, data }) = inbox.take(4, &frame[30..]) else { panic!() };
        assert_eq!((command, sub, data.len()), (2, 0x40, 0x22));
    }

    #[test]
    fn damage_is_answered_with_its_status() {
        let mut ping = hex::decode("5669564F74656368320018010000B3CD").unwrap();
        ping[15] ^= 1;
        assert_eq!(Inbox::default().take(1, &ping), Some(Request::Bad { command: 0x18, status: 4 }));
        assert_eq!(Inbox::default().take(1, &[7; 63]), Some(Request::Bad { command: 7, status: 1 }));
        assert_eq!(Inbox::default().take(3, &ping), None);
    }

    #[test]
    fn long_answers_are_reports_2_3_4() {
        let ids = |len: usize| reports(&vec![0xAA; len]).iter().map(|r| r.id).collect::<Vec<_>>();
        assert_eq!(ids(63), [1]);
        assert_eq!(ids(64), [2, 4]);
        assert_eq!(ids(239), [2, 3, 3, 4]);
    }
}
