//! Points in time. The core never asks what time it is: a `Clock` port is passed in.

use std::fmt;

/// A point in time in unix milliseconds, by the device's clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TimestampMs(pub u64);

impl TimestampMs {
    /// The whole unix seconds, the wire's unit.
    pub const fn unix_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// This point and `ms` milliseconds; stops at the end of time instead of wrapping.
    pub const fn plus_ms(self, ms: u64) -> Self {
        TimestampMs(self.0.saturating_add(ms))
    }

    /// Milliseconds from this point until `later`; 0 when `later` has passed.
    pub const fn ms_until(self, later: TimestampMs) -> u64 {
        later.0.saturating_sub(self.0)
    }

    /// The civil year and month (1 to 12) in UTC, proleptic Gregorian; what a card's expiry is compared with.
    ///
    /// Counts days in 400-year eras that start on 1 March (H. Hinnant, "chrono-compatible low-level date algorithms").
    pub const fn year_and_month(self) -> (u16, u8) {
        let days = self.0 / 86_400_000 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year as u16, month as u8)
    }
}

impl fmt::Debug for TimestampMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_right_at_their_borders() {
        for (seconds, expected) in [
            (0, (1970, 1)),
            (951_782_399, (2000, 2)),
            (951_868_800, (2000, 3)),
            (1_709_251_199, (2024, 2)),
            (1_709_251_200, (2024, 3)),
            (1_798_761_599, (2026, 12)),
            (1_798_761_600, (2027, 1)),
            (4_107_542_400, (2100, 3)),
        ] {
            assert_eq!(TimestampMs(seconds * 1000).year_and_month(), expected, "{seconds}");
        }
    }
}
