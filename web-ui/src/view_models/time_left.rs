//! How long until a stored payment must have been forwarded.

use tillandsia_core::time::TimestampMs;

/// Below this the time left is urgent.
pub const URGENT_MS: u64 = 60 * 60 * 1000;

/// The time left, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeLeft {
    /// `23 h 12 min left`, `45 s left`, `overdue by 2 h`.
    pub text: String,
    /// Under an hour, or past.
    pub urgent: bool,
}

/// The time from `now` to a deadline.
pub fn time_left(now: TimestampMs, deadline: TimestampMs) -> TimeLeft {
    let left_ms = now.ms_until(deadline);
    if left_ms == 0 && deadline < now {
        let text = format!("overdue by {}", span(deadline.ms_until(now)));
        return TimeLeft { text, urgent: true };
    }
    TimeLeft { text: format!("{} left", span(left_ms)), urgent: left_ms < URGENT_MS }
}

/// A length of time in its two largest sensible units, rounded down.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days >= 2 {
        format!("{days} d {} h", hours % 24)
    } else if hours >= 1 && minutes.is_multiple_of(60) {
        format!("{hours} h")
    } else if hours >= 1 {
        format!("{hours} h {} min", minutes % 60)
    } else if minutes >= 1 {
        format!("{minutes} min")
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_reads_well_and_turns_urgent_in_the_last_hour() {
        let now = TimestampMs(1_700_000_000_000);
        let hour = 3_600_000;
        for (ms, text, urgent) in [
            (24 * hour, "24 h left", false),
            (hour + 59_999, "1 h left", false),
            (hour - 1, "59 min left", true),
            (59_000, "59 s left", true),
            (0, "0 s left", true),
            (72 * hour, "3 d 0 h left", false),
        ] {
            assert_eq!(time_left(now, now.plus_ms(ms)), TimeLeft { text: text.into(), urgent });
        }
        let past = TimestampMs(now.0 - 2 * hour);
        assert_eq!(time_left(now, past), TimeLeft { text: "overdue by 2 h".into(), urgent: true });
    }
}
