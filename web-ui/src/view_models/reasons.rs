//! Why a card was declined or a sale failed, in words for the person at the till.

use tillandsia_core::error::{ErrorCode, TerminalError};

const ANOTHER_CARD: &str = "Ask for another card.";

/// Why the issuer declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclineReason {
    /// What the issuer said, as a sentence.
    pub why: &'static str,
    /// What to do while the customer is still there.
    pub advice: &'static str,
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
    DeclineReason { why, advice }
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

/// A message of the core as a sentence: capital letter, full stop.
pub fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
    let text = format!("{first}{}", letters.as_str());
    if text.ends_with(['.', '!', '?']) || text.is_empty() { text } else { format!("{text}.") }
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
    fn a_till_without_settings_is_told_to_wait_for_them() {
        let error = TerminalError::new(ErrorCode::NotConnectedToInternet, "offline payments are not enabled");
        assert_eq!(failure_message(&error, true), "Offline payments are not enabled.");
        assert!(failure_message(&error, false).contains("settings"));
    }
}
