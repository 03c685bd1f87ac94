//! The browser's clock.

use gloo_timers::future::TimeoutFuture;

use crate::ports::Clock;
use crate::time::TimestampMs;

/// `Date.now` and `setTimeout`, in a page and in a worker.
#[derive(Debug, Clone, Copy, Default)]
pub struct BrowserClock;

impl Clock for BrowserClock {
    fn now(&self) -> TimestampMs {
        // Milliseconds since 1970 as a float: whole and positive in any year a till runs in.
        TimestampMs(js_sys::Date::now() as u64)
    }

    async fn sleep_ms(&self, ms: u64) {
        TimeoutFuture::new(timeout_ms(ms)).await;
    }
}

/// What `setTimeout` can wait at most is 2^31 - 1 milliseconds; a longer wait would end at once.
pub(super) fn timeout_ms(ms: u64) -> u32 {
    u32::try_from(ms).unwrap_or(u32::MAX).min(i32::MAX as u32)
}
