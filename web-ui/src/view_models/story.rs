//! A payment's history, from its entries of the log, in plain words.

use tillandsia_core::journal::{Failure, LogEntry, LogKind, PaymentRecord, PaymentState};

use super::payment_row::{LocalTime, Tone};
use super::reasons::{decline_reason, sentence};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The entry's number in the log.
    pub seq: u64,
    /// Its kind by its stable name.
    pub kind: &'static str,
    /// When, local time.
    pub at: String,
    /// What happened.
    pub text: String,
    /// The stable code of what went wrong, for whoever is asked for help.
    pub code: Option<String>,
    /// Its colour and sign.
    pub tone: Tone,
}

/// What happened to a payment, oldest first. `record` is the payment as it stands: the log has no words, the record keeps
/// the last failures and the outcome.
pub fn steps(entries: &[LogEntry], record: &PaymentRecord, local: LocalTime<'_>) -> Vec<Step> {
    let failed = entries.iter().filter(|entry| is_failure(entry.kind)).count();
    // Of many failures the record has the last ones.
    let mut failures = std::iter::repeat_n(None, failed.saturating_sub(record.failures.len()))
        .chain(record.failures.iter().map(Some));
    let mut sent = 0;
    let step = |entry: &LogEntry| {
        let failure = if is_failure(entry.kind) { failures.next().flatten() } else { None };
        if matches!(entry.kind, LogKind::Claimed | LogKind::Confirming) {
            sent += 1;
        }
        let (text, tone) = words(entry.kind, sent, failure, record);
        Step {
            seq: entry.seq,
            kind: entry.kind.as_str(),
            at: local(entry.at),
            text,
            code: failure.map(|failure| failure.code.clone()),
            tone,
        }
    };
    entries.iter().map(step).collect()
}

const fn is_failure(kind: LogKind) -> bool {
    matches!(kind, LogKind::Released | LogKind::Wedged)
}

fn words(kind: LogKind, sent: u32, failure: Option<&Failure>, record: &PaymentRecord) -> (String, Tone) {
    let because = |start: &str| match failure {
        Some(failure) => format!("{start}: {}", after_colon(&sentence(&failure.message))),
        None => format!("{start}."),
    };
    let (text, tone) = match kind {
        LogKind::Confirming => ("Sent to the gateway, to be authorised at once", Tone::Moving),
        LogKind::Confirmed | LogKind::Forwarded => return (approved(record), Tone::Good),
        LogKind::Stored if sent > 0 => ("No answer came: stored on this till", Tone::Waiting),
        LogKind::Stored => ("Stored on this till", Tone::Waiting),
        LogKind::Claimed if sent > 1 => {
            return (format!("Sent to the gateway, attempt {sent}"), Tone::Moving);
        }
        LogKind::Claimed => ("Sent to the gateway", Tone::Moving),
        LogKind::Released => return (because("No outcome yet"), Tone::Waiting),
        LogKind::Wedged => return (because("Set aside, needs a person"), Tone::Bad),
        LogKind::Declined => return (declined(record), Tone::Bad),
        LogKind::Retried => ("A person sent it again", Tone::Moving),
        LogKind::Canceled => ("Canceled: it is not charged", Tone::Neutral),
        LogKind::Acknowledged => ("Told to the app", Tone::Neutral),
        LogKind::Captured => ("The authorised money was taken", Tone::Good),
        LogKind::Settled => ("A person has dealt with it", Tone::Neutral),
        LogKind::Voided if sent > 0 => {
            ("Taken back: the gateway is asked whether it was charged", Tone::Moving)
        }
        LogKind::Voided => ("Taken back before it was sent: it is not charged", Tone::Neutral),
        LogKind::Removed => ("Removed from the list", Tone::Neutral),
    };
    (text.to_owned(), tone)
}

fn approved(record: &PaymentRecord) -> String {
    let code = record.authorization_code().map(|code| format!(", authorisation {code}")).unwrap_or_default();
    format!("Approved by the card's bank{code}")
}

fn declined(record: &PaymentRecord) -> String {
    match &record.state {
        PaymentState::Declined { decline_code, .. } => {
            format!("Declined: {}", after_colon(decline_reason(decline_code.as_deref()).why))
        }
        _ => "Declined by the card's bank".to_owned(),
    }
}

/// A sentence that goes on behind a colon begins small.
fn after_colon(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use tillandsia_core::journal::Acceptance;

    use super::super::tests::{NOW, record};
    use super::*;

    fn entries(kinds: &[LogKind]) -> Vec<LogEntry> {
        let record = record(PaymentState::Wedged);
        let entry = |(number, kind): (u64, &LogKind)| LogEntry {
            seq: number + 1,
            at: NOW.plus_ms(number * 1000),
            kind: *kind,
            id: record.offline_id,
            revision: 1,
            stored: false,
            amount: record.amount,
            row: [0; 32],
            previous: [0; 32],
            hash: [0; 32],
        };
        (0..).zip(kinds).map(entry).collect()
    }

    fn texts(kinds: &[LogKind], record: &PaymentRecord) -> Vec<String> {
        steps(&entries(kinds), record, &|_| String::new()).into_iter().map(|step| step.text).collect()
    }

    fn failure(message: &str) -> Failure {
        Failure { at: NOW, code: "api_error".into(), message: message.into() }
    }

    #[test]
    fn an_outage_reads_from_stored_to_told() {
        let mut accepted = record(PaymentState::Accepted(Acceptance {
            at: NOW,
            charge: None,
            captured: true,
            authorization_code: Some("123456".into()),
        }));
        accepted.failures.push(failure("the gateway cannot be reached"));
        let kinds = [
            LogKind::Stored,
            LogKind::Claimed,
            LogKind::Released,
            LogKind::Claimed,
            LogKind::Forwarded,
            LogKind::Acknowledged,
        ];
        assert_eq!(
            texts(&kinds, &accepted),
            [
                "Stored on this till",
                "Sent to the gateway",
                "No outcome yet: the gateway cannot be reached.",
                "Sent to the gateway, attempt 2",
                "Approved by the card's bank, authorisation 123456",
                "Told to the app",
            ]
        );
    }

    #[test]
    fn the_last_failures_belong_to_the_last_entries() {
        let mut stored = record(PaymentState::Stored { next_attempt: NOW });
        stored.failures = vec![failure("second"), failure("third")];
        let kinds = [LogKind::Stored, LogKind::Released, LogKind::Released, LogKind::Released];
        assert_eq!(
            texts(&kinds, &stored)[1..],
            ["No outcome yet.", "No outcome yet: second.", "No outcome yet: third."]
        );
    }

    #[test]
    fn taking_back_says_whether_the_gateway_is_asked() {
        let canceled = record(PaymentState::Canceled { at: NOW });
        assert!(texts(&[LogKind::Stored, LogKind::Voided], &canceled)[1].contains("not charged"));
        let kinds =
            [LogKind::Stored, LogKind::Claimed, LogKind::Released, LogKind::Voided, LogKind::Canceled];
        let texts = texts(&kinds, &canceled);
        assert!(texts[3].contains("is asked") && texts[4].contains("not charged"), "{texts:?}");
    }

    #[test]
    fn an_online_sale_without_an_answer_and_a_decline_have_their_reasons() {
        let declined = record(PaymentState::Declined {
            at: NOW,
            decline_code: Some("call_issuer".into()),
            message: String::new(),
        });
        let kinds =
            [LogKind::Confirming, LogKind::Stored, LogKind::Claimed, LogKind::Declined, LogKind::Settled];
        assert_eq!(
            texts(&kinds, &declined),
            [
                "Sent to the gateway, to be authorised at once",
                "No answer came: stored on this till",
                "Sent to the gateway, attempt 2",
                "Declined: the card's bank asks to be called.",
                "A person has dealt with it",
            ]
        );
    }
}
