//! A payment of the list, and what happened to it.

use tillandsia_core::card::{ReadMethod, ShownCard};
use tillandsia_core::error::TerminalError;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::{Found, PaymentRecord, PaymentState};
use tillandsia_core::payment_intent::PaymentIntent;
use tillandsia_core::time::TimestampMs;

use super::payment_list::Part;
use super::price::price;
use super::reasons::{decline_reason, sentence};
use super::work::{Work, advice};

/// Makes local date and time of a timestamp; the browser knows the time zone.
pub type LocalTime<'a> = &'a dyn Fn(TimestampMs) -> String;

/// How a state is coloured and signed; each has a sign of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Taken.
    Good,
    /// Waits.
    Waiting,
    /// On its way right now.
    Moving,
    /// Refused, or needs a person.
    Bad,
    /// Nothing happened.
    Neutral,
}

impl Tone {
    /// The name the styles know.
    pub const fn as_str(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Waiting => "waiting",
            Tone::Moving => "moving",
            Tone::Bad => "bad",
            Tone::Neutral => "neutral",
        }
    }
}

/// A payment as a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// The payment.
    pub id: OfflineId,
    /// `stored`, `accepted` …; `unreadable` for a row set aside.
    pub state: &'static str,
    /// The part of the list it belongs to.
    pub part: Part,
    /// The state in words.
    pub label: &'static str,
    /// Its colour and sign.
    pub tone: Tone,
    /// What was taken, minor units; 0 when it cannot be read.
    pub amount_minor: u64,
    /// The same for a person.
    pub amount: String,
    /// The gateway's name, once known.
    pub payment_intent: Option<String>,
    /// `Visa ···· 0119 · tapped`.
    pub card: String,
    /// When it was created, local time.
    pub created: String,
    /// Whether it was taken offline.
    pub offline: bool,
    /// How often it was sent.
    pub attempts: u32,
    /// The last failure, while it matters.
    pub problem: Option<String>,
    /// When it is sent next.
    pub next_attempt: Option<TimestampMs>,
    /// When it must have been forwarded, while it waits.
    pub deadline: Option<TimestampMs>,
    /// Whether a person may send it again.
    pub can_retry: bool,
    /// Whether a person may say that it is dealt with.
    pub can_settle: bool,
    /// Whether a person may take it back.
    pub can_void: bool,
    /// What a person should do, while it needs one.
    pub advice: Option<&'static str>,
    /// How to reach the customer of a decline after the sale.
    pub work: Option<Work>,
}

impl PaymentRow {
    /// The row of what was found.
    pub fn of(found: &Found, local: LocalTime<'_>) -> Self {
        match found {
            Found::Record(record) => Self::of_record(record, local),
            Found::Unreadable { id, error, .. } => Self::set_aside(*id, error),
        }
    }

    fn of_record(record: &PaymentRecord, local: LocalTime<'_>) -> Self {
        let waits = record.counts_as_stored();
        PaymentRow {
            id: record.offline_id,
            state: record.state.name(),
            part: Part::of(record),
            label: state_label(record),
            tone: tone(&record.state),
            amount_minor: record.amount.amount_minor,
            amount: price(record.amount),
            payment_intent: record.payment_intent.clone(),
            card: format!("{} · {}", card_name(&record.card.shown), read_method(record.card.read_method)),
            created: local(record.created_at),
            offline: record.stored_at.is_some(),
            attempts: record.attempts,
            problem: problem(record),
            next_attempt: match record.state {
                PaymentState::Stored { next_attempt } if record.attempts > 0 => Some(next_attempt),
                _ => None,
            },
            deadline: waits.then_some(record.deadline),
            can_retry: matches!(record.state, PaymentState::Wedged),
            can_settle: record.needs_attention() && record.is_final(),
            can_void: matches!(record.state, PaymentState::Stored { .. } | PaymentState::Wedged),
            advice: advice(record),
            work: Work::of(record),
        }
    }

    /// A row that cannot be read stays in the database, is shown as set aside and blocks nothing.
    fn set_aside(id: OfflineId, error: &TerminalError) -> Self {
        PaymentRow {
            id,
            state: "unreadable",
            part: Part::Attention,
            label: "Set aside",
            tone: Tone::Bad,
            amount_minor: 0,
            amount: "—".to_owned(),
            payment_intent: None,
            card: "This entry cannot be read".to_owned(),
            created: String::new(),
            offline: false,
            attempts: 0,
            problem: Some(sentence(&error.message)),
            next_attempt: None,
            deadline: None,
            can_retry: false,
            can_settle: false,
            can_void: false,
            advice: None,
            work: None,
        }
    }
}

fn state_label(record: &PaymentRecord) -> &'static str {
    match &record.state {
        PaymentState::Confirming { .. } if record.stored_at.is_some() => "Taken back, asking the gateway",
        PaymentState::Confirming { .. } => "Asking the gateway",
        PaymentState::Stored { .. } => "Stored, not yet authorised",
        PaymentState::Forwarding { .. } => "Being forwarded",
        PaymentState::Wedged => "Needs attention",
        PaymentState::Accepted(acceptance) if !acceptance.captured => "Authorised, to be captured",
        PaymentState::Accepted(_) if record.stored_at.is_some() => "Forwarded and approved",
        PaymentState::Accepted(_) => "Approved",
        PaymentState::Declined { .. } if record.needs_attention() => "Declined after the sale",
        PaymentState::Declined { .. } if record.stored_at.is_some() => "Declined, dealt with",
        PaymentState::Declined { .. } => "Declined",
        PaymentState::Canceled { .. } if record.stored_at.is_some() => "Taken back, not charged",
        PaymentState::Canceled { .. } => "Not charged",
    }
}

const fn tone(state: &PaymentState) -> Tone {
    match state {
        PaymentState::Accepted(_) => Tone::Good,
        PaymentState::Stored { .. } => Tone::Waiting,
        PaymentState::Confirming { .. } | PaymentState::Forwarding { .. } => Tone::Moving,
        PaymentState::Wedged | PaymentState::Declined { .. } => Tone::Bad,
        PaymentState::Canceled { .. } => Tone::Neutral,
    }
}

fn problem(record: &PaymentRecord) -> Option<String> {
    match &record.state {
        PaymentState::Declined { decline_code, .. } => {
            Some(decline_reason(decline_code.as_deref()).why.to_owned())
        }
        PaymentState::Confirming { .. }
        | PaymentState::Stored { .. }
        | PaymentState::Forwarding { .. }
        | PaymentState::Wedged => record.failures.last().map(|failure| sentence(&failure.message)),
        _ => None,
    }
}

/// `Visa ···· 0119`.
pub fn card_name(card: &ShownCard) -> String {
    let brand = match card.brand.as_deref() {
        Some("visa") => "Visa",
        Some("mastercard") => "Mastercard",
        Some("amex") => "American Express",
        Some("discover") => "Discover",
        Some("diners" | "diners_club") => "Diners Club",
        Some("jcb") => "JCB",
        Some("unionpay") => "UnionPay",
        Some("interac") => "Interac",
        Some(other) => other,
        None => "Card",
    };
    match &card.last4 {
        Some(last4) => format!("{brand} ···· {last4}"),
        None => brand.to_owned(),
    }
}

/// How a card was read, in a word.
pub const fn read_method(method: ReadMethod) -> &'static str {
    match method {
        ReadMethod::ContactEmv => "inserted",
        ReadMethod::ContactlessEmv => "tapped",
        ReadMethod::ContactlessMagstripeMode => "tapped (magnetic-stripe mode)",
        ReadMethod::MagneticStripeFallback => "swiped (chip not readable)",
        ReadMethod::MagneticStripeTrack2 => "swiped",
    }
}

/// A delivered event of a payment, for the activity list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Counts the events of this page, from 1.
    pub number: u64,
    /// The payment.
    pub id: OfflineId,
    /// `forwarded`, `declined`, `wedged` or `canceled`.
    pub kind: &'static str,
    /// What happened, for a person.
    pub text: String,
    /// When it was delivered, local time.
    pub at: String,
    /// Its colour and sign.
    pub tone: Tone,
}

impl Activity {
    /// The event that the offline delegate heard.
    pub fn of(number: u64, intent: &PaymentIntent, error: Option<&TerminalError>, at: String) -> Self {
        use tillandsia_core::payment_intent::PaymentIntentStatus::{Canceled, RequiresPaymentMethod};
        let amount = price(intent.amount);
        let (kind, text, tone) = match (intent.status(), error) {
            // One without offline details was taken online; only its outcome came later.
            (_, None) if intent.offline_details().is_none() => {
                ("forwarded", format!("{amount} charged: its outcome is known now"), Tone::Good)
            }
            (_, None) => ("forwarded", format!("{amount} forwarded and approved"), Tone::Good),
            (RequiresPaymentMethod, Some(error)) => {
                let reason = decline_reason(error.decline_code.as_deref()).why;
                ("declined", format!("{amount} declined. {reason}"), Tone::Bad)
            }
            (Canceled, Some(_)) => ("canceled", format!("{amount} was not charged"), Tone::Neutral),
            (_, Some(error)) => {
                ("wedged", format!("{amount} needs attention. {}", sentence(&error.message)), Tone::Bad)
            }
        };
        Activity { number, id: intent.offline_id, kind, text, at, tone }
    }
}

#[cfg(test)]
mod tests {
    use tillandsia_core::error::ErrorCode;
    use tillandsia_core::journal::{Acceptance, Failure};
    use tillandsia_core::terminal::{error_of, intent_of};

    use super::super::tests::{NOW, record};
    use super::*;

    fn row(record: PaymentRecord) -> PaymentRow {
        PaymentRow::of(&Found::Record(Box::new(record)), &|at| at.0.to_string())
    }

    fn accepted() -> PaymentState {
        PaymentState::Accepted(Acceptance {
            at: NOW,
            charge: None,
            captured: true,
            authorization_code: Some("123456".into()),
        })
    }

    #[test]
    fn a_stored_payment_shows_its_deadline_and_its_next_try() {
        let mut stored = record(PaymentState::Stored { next_attempt: NOW.plus_ms(5000) });
        let fresh = row(stored.clone());
        assert_eq!((fresh.state, fresh.tone, fresh.next_attempt), ("stored", Tone::Waiting, None));
        assert_eq!(fresh.card, "Visa ···· 0119 · tapped");
        assert_eq!(fresh.deadline, Some(NOW.plus_ms(86_400_000)));
        stored.attempts = 2;
        stored.failures.push(Failure { at: NOW, code: "api_error".into(), message: "try later".into() });
        let tried = row(stored);
        assert_eq!(tried.next_attempt, Some(NOW.plus_ms(5000)));
        assert_eq!(tried.problem.as_deref(), Some("Try later."));
    }

    #[test]
    fn final_states_have_no_deadline_and_only_wedged_ones_are_sent_again() {
        assert_eq!(row(record(accepted())).deadline, None);
        assert_eq!(row(record(accepted())).label, "Forwarded and approved");
        assert!(row(record(PaymentState::Wedged)).can_retry);
        assert!(!row(record(accepted())).can_retry);
        let declined =
            PaymentState::Declined { at: TimestampMs(1), decline_code: None, message: String::new() };
        let mut offline = record(declined.clone());
        offline.stored_at = Some(TimestampMs(1));
        assert_eq!(
            (row(offline.clone()).label, row(offline.clone()).can_settle),
            ("Declined after the sale", true)
        );
        offline.settled = true;
        assert_eq!((row(offline.clone()).label, row(offline).can_settle), ("Declined, dealt with", false));
        let mut online = record(declined);
        online.stored_at = None;
        assert_eq!((row(online.clone()).label, row(online).can_settle), ("Declined", false));
    }

    #[test]
    fn only_what_waits_at_this_till_can_be_taken_back() {
        let stored = row(record(PaymentState::Stored { next_attempt: NOW }));
        assert!(stored.can_void && row(record(PaymentState::Wedged)).can_void);
        assert!(!row(record(accepted())).can_void);
        let mut asked = record(PaymentState::Confirming { lease_until: NOW });
        assert_eq!(
            (row(asked.clone()).label, row(asked.clone()).can_void),
            ("Taken back, asking the gateway", false)
        );
        asked.stored_at = None;
        assert_eq!(row(asked).label, "Asking the gateway");
        assert_eq!(row(record(PaymentState::Canceled { at: NOW })).label, "Taken back, not charged");
    }

    #[test]
    fn an_unreadable_row_is_shown_with_its_error() {
        let id = record(PaymentState::Wedged).offline_id;
        let error = TerminalError::new(ErrorCode::StorageUnavailable, "the record does not open");
        let row = PaymentRow::of(&Found::Unreadable { id, queue: None, attention: None, error }, &|_| {
            String::new()
        });
        assert_eq!((row.state, row.can_retry), ("unreadable", false));
        assert_eq!(row.problem.as_deref(), Some("The record does not open."));
    }

    #[test]
    fn an_online_sale_whose_outcome_was_asked_is_charged_and_not_forwarded() {
        let mut online = record(accepted());
        online.stored_at = None;
        let event = Activity::of(1, &intent_of(&online), None, String::new());
        assert_eq!((event.kind, event.tone), ("forwarded", Tone::Good));
        assert!(event.text.contains("charged") && !event.text.contains("forwarded"), "{}", event.text);
    }

    #[test]
    fn events_have_the_kind_of_what_became_of_the_payment() {
        let declined = PaymentState::Declined {
            at: NOW,
            decline_code: Some("generic_decline".into()),
            message: "declined".into(),
        };
        let mut wedged = record(PaymentState::Wedged);
        wedged.failures.push(Failure {
            at: NOW,
            code: "idempotency_conflict".into(),
            message: "other content".into(),
        });
        for (record, kind) in [
            (record(accepted()), "forwarded"),
            (record(declined), "declined"),
            (wedged, "wedged"),
            (record(PaymentState::Canceled { at: NOW }), "canceled"),
        ] {
            let event = Activity::of(1, &intent_of(&record), error_of(&record).as_ref(), String::new());
            assert_eq!(event.kind, kind);
            assert!(event.text.contains("$12.05"), "{}", event.text);
        }
    }
}
