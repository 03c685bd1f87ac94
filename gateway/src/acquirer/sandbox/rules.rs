//! What the sandbox's issuer says. Pure.

use sha2::{Digest, Sha256};

use super::card::ReadCard;
use crate::acquirer::AuthoriseRequest;

type Reason = (&'static str, &'static str, &'static str);

/// Decline code, message and EMV response code by the amount's last two digits.
const BY_AMOUNT: &[(u64, Reason)] = &[
    (1, ("call_issuer", "The card was declined. Ask the customer to call the issuer.", "01")),
    (
        2,
        ("offline_pin_required", "The card was declined: it needs to be inserted and its PIN entered.", "1A"),
    ),
    (3, ("online_or_offline_pin_required", "The card was declined: its PIN is needed.", "1A")),
    (5, ("generic_decline", "The card was declined.", "05")),
    (55, ("incorrect_pin", "The card was declined: the PIN was wrong.", "55")),
    (65, ("withdrawal_count_limit_exceeded", "The card was declined: it is over its limit.", "65")),
    (75, ("pin_try_exceeded", "The card was declined: too many wrong PINs.", "75")),
];

/// Why the issuer declines; nothing when it approves.
pub(super) fn decline(request: &AuthoriseRequest, read: &ReadCard) -> Option<Reason> {
    if read.declined_by_chip {
        return Some(("generic_decline", "The card itself declined.", "Z1"));
    }
    if is_expired(read.facts.exp_year, read.facts.exp_month, request.now) {
        return Some(("expired_card", "The card has expired.", "54"));
    }
    BY_AMOUNT.iter().find(|(digits, _)| request.amount % 100 == *digits).map(|(_, reason)| *reason)
}

/// Six digits, always the same for a payment.
pub(super) fn authorization_code(request: &AuthoriseRequest) -> String {
    let digest = Sha256::digest(format!("{}/{}", request.account, request.idempotency_key));
    let number = digest.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    format!("{:06}", number % 1_000_000)
}

/// A card is good until the end of its last month.
fn is_expired(year: u16, month: u8, now: u64) -> bool {
    let (now_year, now_month) = year_and_month(now);
    (u64::from(year), u64::from(month)) < (now_year, now_month)
}

/// Year and month (1 to 12) of a unix time, UTC, by the proleptic Gregorian calendar.
fn year_and_month(unix_seconds: u64) -> (u64, u64) {
    // Days are counted from 0000-03-01, so that the leap day is the last of its year.
    let days = unix_seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_of_unix_times() {
        for (time, expected) in [
            (0, (1970, 1)),
            (951_782_400, (2000, 2)),
            (951_868_800, (2000, 3)),
            (1_704_067_199, (2023, 12)),
            (1_704_067_200, (2024, 1)),
            (4_102_444_800, (2100, 1)),
        ] {
            assert_eq!(year_and_month(time), expected, "{time}");
        }
    }

    #[test]
    fn a_card_is_good_until_its_month_ends() {
        assert!(!is_expired(2023, 12, 1_704_067_199));
        assert!(is_expired(2023, 12, 1_704_067_200));
        assert!(!is_expired(2030, 1, 1_704_067_200));
    }
}
