//! Why a card was declined or a sale failed, in words for the person at the till.

use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::money::Currency;

use super::price::{parse_major, price};

const ANOTHER_CARD: &str = "Ask for another card.";
/// The bank may decide otherwise when the same card is used again.
const PAY_AGAIN: &str = "Ask the customer to come back and pay again, with a PIN or with another card.";
const PAY_OTHERWISE: &str = "Ask the customer to pay another way: this card may be declined again.";

/// Why the issuer declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclineReason {
    /// What the issuer said, as a sentence.
    pub why: &'static str,
    /// What to do while the customer is still there.
    pub advice: &'static str,
    /// What to do once the customer has left with the goods.
    pub later: &'static str,
}

/// The issuer's reason in words.
pub fn decline_reason(code: Option<&str>) -> DeclineReason {
    let (why, advice) = match code {
        Some("call_issuer") => ("The card's bank asks to be called.", ANOTHER_CARD),
        Some("offline_pin_required" | "online_or_offline_pin_required") => {
            ("The card's bank wants a PIN.", "Ask to insert the card, or for another one.")
        }
        Some("incorrect_pin") => ("The PIN was wrong.", "Try again, or ask for another card."),
        Some("pin_try_exceeded") => ("The PIN was wrong too often.", ANOTHER_CARD),
        Some("withdrawal_count_limit_exceeded") => ("The card is over its limit.", ANOTHER_CARD),
        Some("insufficient_funds") => ("There is not enough money in the account.", ANOTHER_CARD),
        Some("expired_card") => ("The card has expired.", ANOTHER_CARD),
        Some("lost_card" | "stolen_card" | "pickup_card") => {
            ("The card's bank does not allow this card.", ANOTHER_CARD)
        }
        Some("invalid_cryptogram" | "tampered" | "fraudulent") => {
            ("The card's bank could not verify the card.", ANOTHER_CARD)
        }
        _ => ("The card's bank declined without saying why.", ANOTHER_CARD),
    };
    let later = match code {
        Some("call_issuer") => "Ask the customer to call the card's bank, then to pay again or another way.",
        Some(
            "offline_pin_required"
            | "online_or_offline_pin_required"
            | "incorrect_pin"
            | "insufficient_funds"
            | "withdrawal_count_limit_exceeded",
        ) => PAY_AGAIN,
        Some(
            "lost_card" | "stolen_card" | "pickup_card" | "invalid_cryptogram" | "tampered" | "fraudulent",
        ) => {
            "Do not take this card again. Report the sale to the acquirer; the goods may have to be written off."
        }
        _ => PAY_OTHERWISE,
    };
    DeclineReason { why, advice, later }
}

/// The error of a sale in words. A till that never had its location's settings is told so, instead of that offline
/// payments are off.
pub fn failure_message(error: &TerminalError, has_session: bool) -> String {
    match error.code {
        ErrorCode::NotConnectedToInternet | ErrorCode::ForceOfflineWithFeatureDisabled if !has_session => {
            "This till has not had its settings from the gateway yet. Connect it, wait a moment and try again."
                .to_owned()
        }
        _ => sentence(&error.message),
    }
}

/// Whether the same sale can succeed when it is simply charged again. Not where it meets the same limit or setting.
pub const fn can_be_repeated(code: ErrorCode) -> bool {
    !matches!(
        code,
        ErrorCode::AmountExceedsMaxOfflineAmount
            | ErrorCode::InvalidOfflineCurrency
            | ErrorCode::OfflinePaymentsStoreFull
            | ErrorCode::NotConnectedToInternet
            | ErrorCode::NotConnectedToInternetAndRequireOnlineSet
            | ErrorCode::ForceOfflineWithFeatureDisabled
            | ErrorCode::AccountIdMismatchWhileForwarding
            | ErrorCode::InvalidRequest
            | ErrorCode::OutcomeUnknown
    )
}

/// A message of the core as a sentence: capital letter, full stop, amounts as the till writes them, and no numbers
/// and codes of the protocol.
pub fn sentence(message: &str) -> String {
    let message = with_own_prices(without_protocol(message));
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase().to_string()).unwrap_or_default();
    let text = format!("{first}{}", letters.as_str());
    if text.ends_with(['.', '!', '?']) || text.is_empty() { text } else { format!("{text}.") }
}

/// `the gateway refused the request (503 api_error): try later` is for support; the person is told the end of it.
fn without_protocol(message: &str) -> &str {
    let rest = message.strip_prefix("the gateway refused the request (");
    match rest.and_then(|rest| rest.split_once("): ")) {
        Some((_, words)) if !words.trim().is_empty() => words,
        Some(_) => "the gateway cannot take it right now",
        None => message,
    }
}

/// `500.00 USD` as `$500.00`.
fn with_own_prices(message: &str) -> String {
    let words: Vec<&str> = message.split(' ').collect();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut index = 0;
    while let Some(word) = words.get(index) {
        match words.get(index + 1).and_then(|next| own_price(word, next)) {
            Some(text) => {
                out.push(text);
                index += 2;
            }
            None => {
                out.push((*word).to_owned());
                index += 1;
            }
        }
    }
    out.join(" ")
}

/// The price of `500.00` and `USD,`, with what follows the currency's code.
fn own_price(amount: &str, code: &str) -> Option<String> {
    let (name, rest) = code.split_at_checked(3)?;
    if !amount.starts_with(|first: char| first.is_ascii_digit())
        || !name.bytes().all(|byte| byte.is_ascii_uppercase())
        || rest.starts_with(char::is_alphanumeric)
    {
        return None;
    }
    let currency: Currency = name.parse().ok()?;
    let money = parse_major(amount, currency).ok()?;
    Some(format!("{}{rest}", price(money)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decline_of_the_sandbox_has_words_of_its_own() {
        let general = decline_reason(None);
        for code in [
            "call_issuer",
            "offline_pin_required",
            "online_or_offline_pin_required",
            "incorrect_pin",
            "withdrawal_count_limit_exceeded",
            "pin_try_exceeded",
        ] {
            assert_ne!(decline_reason(Some(code)), general, "{code}");
        }
        assert_eq!(decline_reason(Some("generic_decline")), general);
    }

    #[test]
    fn messages_have_the_till_s_own_prices_and_no_protocol() {
        for (message, words) in [
            (
                "one offline payment may be 500.00 USD at most: take it online",
                "One offline payment may be $500.00 at most: take it online.",
            ),
            ("the gateway refused the request (503 api_error): try later", "Try later."),
            ("the gateway refused the request (503 api_error): ", "The gateway cannot take it right now."),
            ("200 payments are stored", "200 payments are stored."),
            ("12.50 CHF.", "CHF\u{a0}12.50."),
            ("wait 5 USB ports", "Wait 5 USB ports."),
        ] {
            assert_eq!(sentence(message), words);
        }
    }

    #[test]
    fn what_meets_the_same_limit_again_is_not_repeated() {
        for code in [ErrorCode::AmountExceedsMaxOfflineAmount, ErrorCode::InvalidOfflineCurrency] {
            assert!(!can_be_repeated(code));
        }
        assert!(can_be_repeated(ErrorCode::ReaderBusy) && can_be_repeated(ErrorCode::RequestTimedOut));
    }

    #[test]
    fn a_till_without_settings_is_told_to_wait_for_them() {
        let error = TerminalError::new(ErrorCode::NotConnectedToInternet, "offline payments are not enabled");
        assert_eq!(failure_message(&error, true), "Offline payments are not enabled.");
        assert!(failure_message(&error, false).contains("settings"));
    }
}
