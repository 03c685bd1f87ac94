//! Writes the reader's answers and reads the host's parameters.

/// Masked, one length byte.
const MASKED: u8 = 0xA1;
/// Encrypted, one length byte.
const ENCRYPTED: u8 = 0xC1;

/// Bytes of an answer, field by field.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    fn head(&mut self, tag: u32, marker: Option<u8>, value: &[u8]) {
        let [_, a, b, c] = tag.to_be_bytes();
        match (a, b) {
            (0, 0) => self.0.push(c),
            (0, b) => self.0.extend([b, c]),
            (a, b) => self.0.extend([a, b, c]),
        }
        self.0.extend(marker);
        let len = u8::try_from(value.len()).unwrap_or(u8::MAX);
        if marker.is_none() && len > 0x7F {
            // Long form with two length bytes, as the readers send it.
            self.0.push(0x82);
            self.0.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        } else {
            self.0.push(len);
        }
        self.0.extend_from_slice(value);
    }

    pub(crate) fn clear(&mut self, tag: u32, value: &[u8]) {
        self.head(tag, None, value);
    }

    pub(crate) fn masked(&mut self, tag: u32, value: &[u8]) {
        self.head(tag, Some(MASKED), value);
    }

    pub(crate) fn encrypted(&mut self, tag: u32, value: &[u8]) {
        self.head(tag, Some(ENCRYPTED), value);
    }
}

/// The first value of `tag` among the host's parameters, which have lengths below 128.
pub(crate) fn find(mut bytes: &[u8], tag: u32) -> Option<&[u8]> {
    while let [first, rest @ ..] = bytes {
        let (mut found, mut rest) = (u32::from(*first), rest);
        if first & 0x1F == 0x1F {
            loop {
                let (next, after) = rest.split_first()?;
                found = (found << 8) | u32::from(*next);
                rest = after;
                if next & 0x80 == 0 {
                    break;
                }
            }
        }
        let (len, after) = rest.split_first()?;
        let (value, after) = after.split_at_checked(usize::from(*len))?;
        if found == tag {
            return Some(value);
        }
        bytes = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_each_kind() {
        let mut writer = Writer::default();
        writer.clear(0x9C, &[0]);
        writer.clear(0x9F02, &[1, 2]);
        writer.clear(0xDF_EE25, &[0, 4]);
        writer.masked(0x57, &[0x47, 0xCC]);
        writer.encrypted(0x57, &[9; 8]);
        assert_eq!(
            hex::encode_upper(&writer.0),
            "9C01009F02020102DFEE2502000457A10247CC57C1080909090909090909"
        );
        let mut long = Writer::default();
        long.clear(0xDF_EE23, &[0; 312]);
        assert_eq!(hex::encode_upper(&long.0[..6]), "DFEE23820138");
    }

    #[test]
    fn parameters_are_found() {
        let data = hex::decode("9c01009f0206000000000100dfef370107dfef3c03010060").unwrap();
        assert_eq!(find(&data, 0xDF_EF37), Some(&[7][..]));
        assert_eq!(find(&data, 0x9F02).unwrap().len(), 6);
        assert_eq!(find(&data, 0x5F2A), None);
        assert_eq!(find(&data[..7], 0x9F02), None);
    }
}
