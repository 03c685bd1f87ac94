//! ISO/IEC 9797-1 algorithm 3 ("retail MAC") with DES.

use crate::{SecretKey, block};

/// How the last block is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Method 1: zero bytes, none where the data is whole blocks.
    Zero,
    /// Method 2: one byte 80, then zero bytes.
    Iso,
}

/// The eight-byte MAC of `data`: chained with single DES under the left half; the last block decrypted under
/// the right half and encrypted under the left.
pub fn retail_mac(key: &SecretKey, data: &[u8], padding: Padding) -> [u8; 8] {
    let (left, right) = key.halves();
    let mut padded = data.to_vec();
    if padding == Padding::Iso {
        padded.push(0x80);
    }
    padded.resize(padded.len().next_multiple_of(8), 0);
    let chained = padded.as_chunks::<8>().0.iter().fold(0, |state: u64, chunk| {
        u64::from_be_bytes(block::des_block(left, (state ^ u64::from_be_bytes(*chunk)).to_be_bytes()))
    });
    block::des_block(left, block::des_block_decrypt(right, chained.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_with_both_paddings() {
        let session_key = SecretKey::from_hex("3E736BF8D37664348A04E3ABE00DEFC1").unwrap();
        let data = hex::decode("0123456789ABCDEF0123456789ABCDEF").unwrap();
        let mac = |padding| hex::encode_upper(retail_mac(&session_key, &data, padding));
        assert_eq!(mac(Padding::Iso), "4B46013359B7A58B");
        assert_eq!(mac(Padding::Zero), "922F3E83125EB46B");
    }
}
