//! Names and secrets made by the gateway.

/// Where randomness comes from. Passed in, so that a simulation can repeat a run.
pub trait Ids: Send + Sync {
    /// 128 bits that nobody can guess. Two calls never give the same.
    fn random(&self) -> [u8; 16];

    /// A name such as `pi_4fVk…`: the prefix and 22 letters and digits.
    fn name(&self, prefix: &str) -> String {
        format!("{prefix}_{}", base62(self.random()))
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsIds;

impl Ids for OsIds {
    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        if let Err(error) = getrandom::fill(&mut bytes) {
            // A secret that can be guessed is worse than no gateway.
            tracing::error!(%error, "the operating system gives no randomness: stopping");
            std::process::abort();
        }
        bytes
    }
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn base62(random: [u8; 16]) -> String {
    let mut rest = u128::from_be_bytes(random);
    let mut text = String::with_capacity(22);
    for _ in 0..22 {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        text.push(BASE62.get(digit).copied().map_or('0', char::from));
        rest /= 62;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_keep_all_bits() {
        assert_ne!(OsIds.name("pi"), OsIds.name("pi"));
        assert_eq!(base62([0; 16]), "0".repeat(22));
        assert_eq!(base62([0xff; 16]).len(), 22);
        assert_ne!(base62([0xff; 16]), base62([0xfe; 16]));
    }
}
