//! A payment that was declined after the goods were handed over: what is needed to reach the customer, and what to do.

use std::fmt::Write as _;

use tillandsia_core::journal::{PaymentRecord, PaymentState};

use super::cart::{is_line, lines_of};
use super::limits::Fact;
use super::reasons::decline_reason;

/// What a person has in hand to get the money all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// How the customer can be reached.
    pub email: Option<String>,
    /// What was sold and to whom, as far as it is known.
    pub facts: Vec<Fact>,
}

impl Work {
    /// The work that a payment makes; none unless it was declined after the sale and nobody has dealt with it.
    pub fn of(record: &PaymentRecord) -> Option<Self> {
        if !record.needs_attention() || !record.is_final() {
            return None;
        }
        let mut facts = Vec::new();
        let mut push = |label: &str, value: Option<&str>| {
            facts.extend(value.filter(|value| !value.is_empty()).map(|value| Fact::new(label, value)));
        };
        push("Name on the card", record.card.shown.cardholder_name.as_deref());
        push("Description", record.description.as_deref());
        push("Sold", Some(&sold(record)));
        for (key, value) in record.metadata.iter().filter(|(key, value)| !is_line(key, value)) {
            push(key, Some(value));
        }
        Some(Work { email: record.receipt_email.clone(), facts })
    }
}

fn sold(record: &PaymentRecord) -> String {
    let line = |line: super::cart::Line| match line.quantity {
        1 => line.name,
        quantity => format!("{quantity} × {}", line.name),
    };
    lines_of(&record.metadata).into_iter().map(line).collect::<Vec<_>>().join(", ")
}

/// What to do about a payment that needs a person; `None` for one that does not.
pub fn advice(record: &PaymentRecord) -> Option<&'static str> {
    match &record.state {
        PaymentState::Declined { decline_code, .. } if record.needs_attention() => {
            Some(decline_reason(decline_code.as_deref()).later)
        }
        PaymentState::Wedged => Some(match record.failures.last().map(|failure| failure.code.as_str()) {
            Some("account_id_mismatch_while_forwarding") => {
                "Connect this till to the account the sale was made for, then send it again."
            }
            Some("offline_livemode_payment_in_testmode" | "offline_testmode_payment_in_livemode") => {
                "Connect this till to the gateway that the sale was made for, then send it again."
            }
            Some("idempotency_conflict") => {
                "Sending it again does not help. Take it back: the gateway then says what became of it."
            }
            _ => "Send it again once the cause is mended, or take it back.",
        }),
        _ => None,
    }
}

/// A `mailto:` link to the customer of a declined payment, with the words to begin with. `shop` is its name, `when` the
/// sale's local time.
pub fn mailto(email: &str, shop: &str, amount: &str, when: &str) -> String {
    let subject = format!("Your card payment at {shop}");
    let body = format!(
        "Hello,\n\nyour card payment of {amount} at {shop} ({when}) was declined by your card's bank after you had left. \
         Nothing was charged.\n\nPlease tell us how you would like to pay.\n\n{shop}"
    );
    format!("mailto:{}?subject={}&body={}", encoded(email), encoded(&subject), encoded(&body))
}

/// Percent-encoded for a URI's query; an address keeps its `@`. Line ends are CRLF, as RFC 6068 wants them.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.replace('\n', "\r\n").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => {
                out.push(char::from(byte));
            }
            // Writing to a string does not fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use tillandsia_core::journal::Failure;

    use super::super::tests::{NOW, record};
    use super::*;

    fn declined(code: &str) -> PaymentRecord {
        record(PaymentState::Declined { at: NOW, decline_code: Some(code.into()), message: String::new() })
    }

    #[test]
    fn all_that_helps_to_reach_the_customer_is_there() {
        let mut declined = declined("insufficient_funds");
        declined.receipt_email = Some("ada@example.com".into());
        declined.description = Some("Table 4".into());
        declined.card.shown.cardholder_name = Some("LOVELACE/ADA".into());
        declined.metadata.insert("order".into(), "1815".into());
        declined.metadata.insert("item_02".into(), "1 x 450 Fern".into());
        let work = Work::of(&declined).unwrap();
        assert_eq!(work.email.as_deref(), Some("ada@example.com"));
        assert_eq!(
            work.facts,
            [
                Fact::new("Name on the card", "LOVELACE/ADA"),
                Fact::new("Description", "Table 4"),
                Fact::new("Sold", "2 × Flat white, Fern"),
                Fact::new("order", "1815"),
            ]
        );
    }

    #[test]
    fn only_a_decline_after_the_sale_is_work_and_only_until_it_is_dealt_with() {
        let mut declined = declined("generic_decline");
        assert!(Work::of(&declined).is_some() && advice(&declined).is_some());
        declined.settled = true;
        assert!(Work::of(&declined).is_none() && advice(&declined).is_none());
        assert!(Work::of(&record(PaymentState::Wedged)).is_none());
        assert_eq!(advice(&record(PaymentState::Stored { next_attempt: NOW })), None);
    }

    #[test]
    fn a_payment_set_aside_says_what_mends_its_cause() {
        let mut wedged = record(PaymentState::Wedged);
        assert!(advice(&wedged).unwrap().contains("Send it again"));
        wedged.failures.push(Failure {
            at: NOW,
            code: "account_id_mismatch_while_forwarding".into(),
            message: String::new(),
        });
        assert!(advice(&wedged).unwrap().contains("account"));
    }

    #[test]
    fn the_mail_has_no_letter_that_a_link_could_misread() {
        let link = mailto("ada+till@example.com", "Air & Leaf", "$7.05", "22 Nov");
        assert!(link.starts_with(
            "mailto:ada%2Btill@example.com?subject=Your%20card%20payment%20at%20Air%20%26%20Leaf&body="
        ));
        assert!(link.contains("%247.05") && link.contains("%0D%0A"));
        assert_eq!(link.matches('&').count(), 1, "{link}");
    }
}
