//! How long to wait after a failure: exponential with full jitter, so that many tills do not return at once.

/// The first wait, milliseconds.
pub const BACKOFF_MS_FIRST: u64 = 1_000;
/// The longest wait, milliseconds.
pub const BACKOFF_MS_MAX: u64 = 5 * 60 * 1_000;

/// The wait after the `failures`-th failure in a row (from 1): between half of `1 s × 2^(failures-1)` and the
/// whole of it, at most five minutes; `random` picks where. `Retry-After` wins when it asks for longer.
///
/// ```
/// use tillandsia_core::forwarder::backoff_ms;
/// assert!((2_000..=4_000).contains(&backoff_ms(3, 0x5eed, None)));
/// assert_eq!(backoff_ms(1, 0x5eed, Some(60_000)), 60_000);
/// ```
pub fn backoff_ms(failures: u32, random: u64, retry_after_ms: Option<u64>) -> u64 {
    let doublings = failures.saturating_sub(1).min(20);
    let ceiling = (BACKOFF_MS_FIRST << doublings).min(BACKOFF_MS_MAX);
    let half = ceiling / 2;
    let jittered = half + random % (ceiling - half + 1);
    jittered.max(retry_after_ms.unwrap_or(0).min(BACKOFF_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_from_a_second_to_five_minutes_and_never_leaves_these_bounds() {
        for random in [0, 1, 12_345, u64::MAX] {
            for failures in 0..100 {
                let wait = backoff_ms(failures, random, None);
                assert!(
                    (BACKOFF_MS_FIRST / 2..=BACKOFF_MS_MAX).contains(&wait),
                    "{failures} {random}: {wait}"
                );
            }
        }
        assert!(backoff_ms(9, 0, None) >= BACKOFF_MS_MAX / 4);
    }

    #[test]
    fn the_gateways_retry_after_is_honoured_up_to_the_bound() {
        assert_eq!(backoff_ms(1, 0, Some(30_000)), 30_000);
        assert_eq!(backoff_ms(1, 0, Some(u64::MAX)), BACKOFF_MS_MAX);
    }
}
