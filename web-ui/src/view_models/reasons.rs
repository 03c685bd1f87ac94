//! Why a card was declined, in words for the person at the till.

/// The issuer's reason in words; what to do about it where there is something.
pub fn decline_reason(code: Option<&str>) -> &'static str {
    match code {
        Some("call_issuer") => "The card's bank asks to be called. Ask for another card.",
        Some("offline_pin_required" | "online_or_offline_pin_required") => {
            "The card's bank wants a PIN. Ask to insert the card, or for another card."
        }
        Some("incorrect_pin") => "The PIN was wrong. Try again, or ask for another card.",
        Some("pin_try_exceeded") => "The PIN was wrong too often. Ask for another card.",
        Some("withdrawal_count_limit_exceeded") => "The card is over its limit. Ask for another card.",
        Some("insufficient_funds") => "There is not enough money in the account. Ask for another card.",
        Some("expired_card") => "The card has expired. Ask for another card.",
        Some("lost_card" | "stolen_card" | "pickup_card") => {
            "The card's bank does not allow this card. Ask for another card."
        }
        Some("invalid_cryptogram" | "tampered" | "fraudulent") => {
            "The card's bank could not verify the card. Ask for another card."
        }
        _ => "The card's bank declined without saying why. Ask for another card.",
    }
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
}
