//! Looking for card numbers: in every form in which one could lie around.

use memchr::memmem;

/// A text that must not be found, in the forms it may have.
#[derive(Debug, Clone)]
pub struct Needle {
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Needle {
    /// The forms of a card number: digits, grouped digits, packed decimal, and packed decimal as hexadecimal text,
    /// which is the digits again, with a padding `F` where there are odd ones.
    pub fn new(digits: &str) -> Self {
        let grouped = |separator: &str| {
            let groups: Vec<&str> =
                digits.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
            groups.join(separator).into_bytes()
        };
        let wide = digits.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let padded = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("{digits}f") };
        let separated: Vec<String> = digits.chars().map(String::from).collect();
        let codes: Vec<String> = digits.bytes().map(|digit| digit.to_string()).collect();
        let ascii_in_hex = hex::encode(digits);
        Needle {
            forms: vec![
                ("digits", digits.as_bytes().to_vec()),
                ("digits in UTF-16", wide),
                ("groups of four", grouped(" ")),
                ("groups of four with dashes", grouped("-")),
                ("packed decimal", hex::decode(padded).unwrap_or_default()),
                ("an array of digits", separated.join(",").into_bytes()),
                ("an array of character codes", codes.join(",").into_bytes()),
                ("hexadecimal of the characters", ascii_in_hex.into_bytes()),
            ],
        }
    }

    /// The form in which it occurs in `haystack`, if it does.
    pub fn found_in(&self, haystack: &[u8]) -> Option<&'static str> {
        self.forms.iter().find(|(_, form)| memmem::find(haystack, form).is_some()).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_form() {
        let needle = Needle::new("4761739001010010");
        for text in [
            &b"pan=4761739001010010;"[..],
            b"4761 7390 0101 0010",
            b"x4761-7390-0101-0010",
            &[0, 0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x00, 0x10, 0xD2],
            b"[4,7,6,1,7,3,9,0,0,1,0,1,0,0,1,0]",
            b"34373631373339303031303130303130",
        ] {
            assert!(needle.found_in(text).is_some(), "{text:?}");
        }
        assert!(needle.found_in(b"476173******0010").is_none());
        assert!(Needle::new("374245455400001").found_in(&hex::decode("374245455400001F").unwrap()).is_some());
    }
}
