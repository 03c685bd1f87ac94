use tillandsia_core::{
    card::ReaderInfo,
    ports::{CollectRequest, HostDecision, Interfaces},
};

use crate::tlv;

/// A command and its sub-command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// First byte; an answer repeats it.
    pub code: u8,
    /// Second byte.
    pub sub: u8,
}

/// Answers at once, whatever the reader does.
pub const PING: Command = Command { code: 0x18, sub: 0x01 };
/// Firmware version as text.
pub const FIRMWARE: Command = Command { code: 0x29, sub: 0x00 };
/// Serial number as text.
pub const SERIAL_NUMBER: Command = Command { code: 0x12, sub: 0x01 };
/// Waits for a card and reads it.
pub const ACTIVATE: Command = Command { code: 0x02, sub: 0x40 };
/// Ends what `ACTIVATE` began. The only command allowed meanwhile.
pub const CANCEL: Command = Command { code: 0x05, sub: 0x01 };
/// Gives an inserted chip the host's answer.
pub const APPLY_HOST_RESPONSE: Command = Command { code: 0x60, sub: 0x12 };

/// How long an inserted chip waits for the host's answer before the reader ends the transaction, in seconds.
pub const HOST_WAIT_S: u16 = 120;

/// Tags a payment and its receipt need in the answer.
const OUTPUT_TAGS: &[u8] = &[
    0x57, 0x5A, 0x50, 0x4F, 0x82, 0x84, 0x95, 0x9A, 0x9B, 0x9C, 0x5F, 0x20, 0x5F, 0x24, 0x5F, 0x2A, 0x5F,
    0x34, 0x9F, 0x02, 0x9F, 0x03, 0x9F, 0x10, 0x9F, 0x12, 0x9F, 0x1A, 0x9F, 0x26, 0x9F, 0x27, 0x9F, 0x33,
    0x9F, 0x34, 0x9F, 0x36, 0x9F, 0x37, 0x9F, 0x39,
];

/// Data of `ACTIVATE`. `None` when the amount has more than the twelve digits a chip can take. Date and time are not
/// sent: the reader has its own clock.
pub fn activate_data(request: &CollectRequest, timeout_s: u8) -> Option<Vec<u8>> {
    let amount = amount_bcd(request.amount.amount_minor)?;
    let mut data = vec![timeout_s];
    tlv::put(&mut data, 0x9C, &[0x00]);
    tlv::put(&mut data, 0x5F2A, &currency_bcd(request.amount.currency.numeric()));
    tlv::put(&mut data, 0x9F02, &amount);
    tlv::put(&mut data, 0x9F03, &[0; 6]);
    tlv::put(&mut data, 0xDF_EF37, &[interface_bits(request.interfaces)]);
    let [wait_high, wait_low] = HOST_WAIT_S.to_be_bytes();
    tlv::put(&mut data, 0xDF_EF3C, &[u8::from(request.interfaces.swipe), wait_high, wait_low]);
    // Authenticate without a further command, and always ask for a cryptogram that an issuer can check later.
    tlv::put(&mut data, 0xDF_EF1F, &[0x01, 0x01]);
    tlv::put(&mut data, 0xDF_EE1A, OUTPUT_TAGS);
    Some(data)
}

/// Data of `APPLY_HOST_RESPONSE`: the authorisation response code (tag 8A). `00` approved, `05` declined, `Z3` unable
/// to go online, which leaves the decision to the chip.
pub fn host_response_data(decision: HostDecision) -> Vec<u8> {
    let mut data = Vec::new();
    let code = match decision {
        HostDecision::Approved => b"00",
        HostDecision::Declined => b"05",
        HostDecision::NoHost => b"Z3",
    };
    tlv::put(&mut data, 0x8A, code);
    data
}

/// Twelve packed digits, as tag 9F02 has them.
pub fn amount_bcd(amount_minor: u64) -> Option<[u8; 6]> {
    if amount_minor > tillandsia_core::money::Money::AMOUNT_MINOR_MAX {
        return None;
    }
    let packed = (0..12)
        .fold((0u64, amount_minor), |(packed, rest), i| (packed | ((rest % 10) << (4 * i)), rest / 10))
        .0;
    packed.to_be_bytes().last_chunk().copied()
}

/// Four packed digits, as tag 5F2A has them.
pub fn currency_bcd(numeric: u16) -> [u8; 2] {
    (0..4)
        .fold((0u16, numeric), |(packed, rest), i| (packed | ((rest % 10) << (4 * i)), rest / 10))
        .0
        .to_be_bytes()
}

fn interface_bits(interfaces: Interfaces) -> u8 {
    u8::from(interfaces.swipe) | u8::from(interfaces.contactless) << 1 | u8::from(interfaces.contact) << 2
}

/// In the firmware's text of a reader without hardware.
const SIMULATED: &[u8] = b"SIMULATED";

/// Who the reader is, from its answers to `FIRMWARE` and `SERIAL_NUMBER`. The type is in the firmware's text.
pub fn reader_info(firmware: &[u8], serial_number: &[u8]) -> ReaderInfo {
    let software_version = text(firmware);
    let upper = software_version.to_ascii_uppercase();
    // Not `contains`: searching a text for any other is kilobytes, and this is the module's only search.
    let simulated = upper.as_bytes().windows(SIMULATED.len()).any(|window| window == SIMULATED);
    let maker = if simulated { "simulated" } else { "idtech" };
    let model = upper
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| word.starts_with("VP") && word.chars().any(|c| c.is_ascii_digit()))
        .map_or_else(|| "neo2".to_owned(), str::to_ascii_lowercase);
    ReaderInfo {
        device_type: format!("{maker}_{model}"),
        serial_number: text(serial_number),
        software_version,
    }
}

/// Printable ASCII without what surrounds it; `unknown` when there is none.
fn text(bytes: &[u8]) -> String {
    const LEN_MAX: usize = 64;
    let text: String =
        bytes.iter().take(LEN_MAX).filter(|b| (0x20..0x7F).contains(*b)).map(|b| char::from(*b)).collect();
    match text.trim() {
        "" => "unknown".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tillandsia_core::money::Money;

    use super::*;

    #[test]
    fn activation_names_amount_currency_and_interfaces() {
        let request = CollectRequest {
            amount: Money::new(1099, "usd".parse().unwrap()),
            interfaces: Interfaces { contact: true, contactless: true, swipe: false },
            timeout_s: 30,
        };
        let data = hex::encode_upper(activate_data(&request, 30).unwrap());
        assert!(
            data.starts_with(
                "1E9C01005F2A0208409F02060000000010999F0306000000000000DFEF370106DFEF3C03000078"
            )
        );
        assert!(tlv::parse_answer(&hex::decode(&data[2..]).unwrap()).is_ok());
    }

    #[test]
    fn amounts_are_packed_digits() {
        assert_eq!(amount_bcd(999_999_999_999), Some([0x99; 6]));
        assert_eq!(amount_bcd(1_000_000_000_000), None);
        assert_eq!(currency_bcd(48), [0x00, 0x48]);
    }

    #[test]
    fn the_host_response_is_an_authorisation_response_code() {
        assert_eq!(host_response_data(HostDecision::Approved), [0x8A, 2, b'0', b'0']);
        assert_eq!(host_response_data(HostDecision::NoHost), [0x8A, 2, b'Z', b'3']);
    }

    #[test]
    fn the_firmware_names_the_type() {
        let info = reader_info(b"VP3300 USB NEO v1.01.151\0\0", b"310T061040\0");
        assert_eq!(info.device_type, "idtech_vp3300");
        assert_eq!(
            (info.serial_number.as_str(), info.software_version.as_str()),
            ("310T061040", "VP3300 USB NEO v1.01.151")
        );
        assert_eq!(reader_info(b"Simulated VP3300 v1.0.0", b"").device_type, "simulated_vp3300");
        assert_eq!(reader_info(b"", b"").device_type, "idtech_neo2");
        assert_eq!(reader_info(b"", b"").serial_number, "unknown");
    }
}
