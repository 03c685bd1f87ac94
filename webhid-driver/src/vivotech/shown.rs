//! What of a card may be shown: brand, last four digits, expiry, name.

use tillandsia_core::card::{ShownCard, Tag};

/// Brands by the registered identifier at the start of an application identifier.
const BRANDS_BY_AID: [(&str, &str); 10] = [
    ("A000000003", "visa"),
    ("A000000004", "mastercard"),
    ("A000000025", "amex"),
    ("A000000065", "jcb"),
    ("A000000152", "discover"),
    ("A000000324", "discover"),
    ("A000000333", "unionpay"),
    ("A000000277", "interac"),
    ("A000000359", "girocard"),
    ("A000000384", "eftpos_au"),
];

/// From the clear tags of a chip and the masked track 2 equivalent or number.
pub(super) fn of_chip(emv: &[Tag], masked: Option<&[u8]>) -> ShownCard {
    let mut shown = masked.map(of_masked_digits).unwrap_or_default();
    let value = |tag: u32| emv.iter().find(|entry| entry.tag == tag).map(|entry| entry.value.as_slice());
    if let Some([year, month, ..]) = value(0x5F24) {
        set_expiry(&mut shown, &hex_digits(&[*year, *month]));
    }
    let aid = [0x4F, 0x84, 0x9F06].into_iter().find_map(value).map(hex_digits);
    let by_aid = aid.and_then(|aid| BRANDS_BY_AID.iter().find(|(start, _)| aid.starts_with(start)));
    if let Some((_, brand)) = by_aid {
        shown.brand = Some((*brand).to_owned());
    }
    shown.cardholder_name = value(0x5F20).and_then(name);
    shown
}

/// From the masked tracks of a swipe, ASCII with `*` for what is hidden.
pub(super) fn of_swipe(tracks: [&[u8]; 3]) -> ShownCard {
    let [track1, track2, _] = tracks.map(String::from_utf8_lossy);
    let mut shown = match track2.trim_start_matches(';').split_once('=') {
        Some((number, rest)) => of_number(number, rest),
        None => ShownCard::default(),
    };
    let mut parts = track1.split('^');
    if let (Some(number), Some(holder), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
        if shown.last4.is_none() {
            shown = of_number(number.trim_start_matches(['%', 'B', '*']), rest);
        }
        shown.cardholder_name = name(holder.as_bytes());
    }
    shown
}

/// Packed digits with `C` for what is hidden: a number, or a number, `D` and the expiry.
fn of_masked_digits(masked: &[u8]) -> ShownCard {
    let digits = hex_digits(masked);
    match digits.split_once('D') {
        Some((number, rest)) => of_number(number, rest),
        None => of_number(digits.trim_end_matches('F'), ""),
    }
}

fn of_number(number: &str, after: &str) -> ShownCard {
    let last4 = number.len().checked_sub(4).and_then(|from| number.get(from..));
    let mut shown = ShownCard {
        brand: brand_by_number(number).map(str::to_owned),
        last4: last4.filter(|digits| all_digits(digits)).map(str::to_owned),
        ..ShownCard::default()
    };
    set_expiry(&mut shown, after.get(..4).unwrap_or_default());
    shown
}

/// `YYMM`, ignored when it is not a month.
fn set_expiry(shown: &mut ShownCard, yymm: &str) {
    if let (Some(Ok(year)), Some(Ok(month @ 1..=12))) =
        (yymm.get(..2).map(str::parse::<u16>), yymm.get(2..).map(str::parse::<u8>))
    {
        shown.exp_year = 2000 + year;
        shown.exp_month = month;
    }
}

/// From the first digits, which masking leaves.
fn brand_by_number(number: &str) -> Option<&'static str> {
    let first2 = number.get(..2).filter(|d| all_digits(d))?;
    match first2.parse::<u8>().ok()? {
        40..=49 => Some("visa"),
        51..=55 | 22..=27 => Some("mastercard"),
        34 | 37 => Some("amex"),
        35 => Some("jcb"),
        30 | 36 | 38 | 39 => Some("diners"),
        60 | 64 | 65 => Some("discover"),
        62 => Some("unionpay"),
        _ => None,
    }
}

fn name(bytes: &[u8]) -> Option<String> {
    let text: String = bytes.iter().filter(|b| (0x20..0x7F).contains(*b)).map(|b| char::from(*b)).collect();
    let text = text.trim().trim_end_matches('/').trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn hex_digits(bytes: &[u8]) -> String {
    use core::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02X}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(hex: &str) -> ShownCard {
        of_chip(&[], Some(&hex::decode(hex).unwrap()))
    }

    #[test]
    fn masked_track_and_number() {
        let shown = masked("4761CCCCCCCC0010D2012CCCCCCCCCCCCCCCCC");
        assert_eq!(shown.last4.as_deref(), Some("0010"));
        assert_eq!((shown.exp_month, shown.exp_year, shown.brand.as_deref()), (12, 2020, Some("visa")));
        let shown = masked("374245CCCCC1000F");
        assert_eq!(
            (shown.last4.as_deref(), shown.brand.as_deref(), shown.exp_month),
            (Some("1000"), Some("amex"), 0)
        );
        assert_eq!(masked("CCCCCCCCCCCCCCCC"), ShownCard::default());
        assert_eq!(masked(""), ShownCard::default());
    }

    #[test]
    fn the_application_and_the_clear_tags_win() {
        let emv = [
            Tag::new(0x84, hex::decode("A0000002771010").unwrap()),
            Tag::new(0x5F24, hex::decode("301231").unwrap()),
            Tag::new(0x5F20, b"TEST/CARD  ".to_vec()),
        ];
        let shown = of_chip(&emv, Some(&hex::decode("4761CCCCCCCC0010D2012CCC").unwrap()));
        assert_eq!(shown.brand.as_deref(), Some("interac"));
        assert_eq!((shown.exp_month, shown.exp_year), (12, 2030));
        assert_eq!(shown.cardholder_name.as_deref(), Some("TEST/CARD"));
    }

    #[test]
    fn a_swipe_with_only_one_track() {
        let shown = of_swipe([b"%*4761********0043^UAT USA/TEST CARD 02      ^2412***?*", b"", b""]);
        assert_eq!(shown.last4.as_deref(), Some("0043"));
        assert_eq!(shown.cardholder_name.as_deref(), Some("UAT USA/TEST CARD 02"));
        let shown = of_swipe([b"", b";4761********0043=2412****?*", b""]);
        assert_eq!((shown.exp_month, shown.exp_year, shown.last4.as_deref()), (12, 2024, Some("0043")));
    }
}
