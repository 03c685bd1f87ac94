//! Every state and every transition of both machines, legal and illegal, against `transitions.txt`, which is written for
//! people to read: a transition that is new, or other than before, is a difference there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tillandsia_core::card::ReaderInfo;
use tillandsia_core::error::TerminalError;
use tillandsia_core::ids::{HolderId, OfflineId};
use tillandsia_core::journal::{Acceptance, CardShown, Failure, PaymentRecord, PaymentState, WrongState};
use tillandsia_core::payment_intent::{
    CaptureMethod, Collected, OfflineBehavior, OfflineDetails, PaymentIntent, Stage,
};
use tillandsia_core::testing::card;
use tillandsia_core::time::TimestampMs;

use crate::world::usd;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/native/transitions.txt");
/// Set to anything, this has the file written instead of compared.
const WRITE: &str = "TILLANDSIA_WRITE_TRANSITIONS";

const NOW: TimestampMs = TimestampMs(1_000_000);
const LATER: TimestampMs = TimestampMs(2_000_000);
const EARLIER: TimestampMs = TimestampMs(500_000);

fn reader() -> ReaderInfo {
    ReaderInfo { device_type: "r".into(), serial_number: "1".into(), software_version: "1".into() }
}

fn details(requires_upload: bool) -> OfflineDetails {
    let shown = CardShown::of(&card(1));
    OfflineDetails {
        stored_at_ms: EARLIER,
        requires_upload,
        read_method: shown.read_method,
        card: shown.shown,
        receipt: shown.receipt,
        authorization_code: None,
    }
}

fn collected(offline: bool) -> Collected {
    Collected { card: card(1), reader: reader(), offline }
}

fn stages() -> Vec<(&'static str, Stage)> {
    let kept = |upload| Some(Box::new(details(upload)));
    vec![
        ("requires_payment_method", Stage::RequiresPaymentMethod),
        ("requires_confirmation, read online", Stage::RequiresConfirmation(Box::new(collected(false)))),
        ("requires_confirmation, read offline", Stage::RequiresConfirmation(Box::new(collected(true)))),
        ("processing", Stage::Processing),
        ("requires_capture", Stage::RequiresCapture(None)),
        ("requires_capture, stored", Stage::RequiresCapture(kept(true))),
        ("requires_capture, forwarded", Stage::RequiresCapture(kept(false))),
        ("succeeded", Stage::Succeeded(None)),
        ("succeeded, stored", Stage::Succeeded(kept(true))),
        ("succeeded, forwarded", Stage::Succeeded(kept(false))),
        ("canceled", Stage::Canceled),
    ]
}

fn intent(stage: Stage, capture_method: CaptureMethod) -> PaymentIntent {
    PaymentIntent {
        offline_id: OfflineId::mint(NOW, [1; 10]),
        id: None,
        amount: usd(100),
        capture_method,
        offline_behavior: OfflineBehavior::PreferOnline,
        metadata: BTreeMap::new(),
        description: None,
        receipt_email: None,
        payment_method: None,
        created_at_ms: NOW,
        stage,
    }
}

fn stage_name(stage: &Stage) -> &'static str {
    let found = stages().into_iter().find(|(_, known)| known == stage);
    found.map_or("a stage that the table does not have", |(name, _)| name)
}

type Action = (&'static str, CaptureMethod, fn(PaymentIntent) -> Result<PaymentIntent, TerminalError>);

fn actions() -> Vec<Action> {
    use CaptureMethod::{Automatic, Manual};
    vec![
        ("a card is read online", Automatic, |i| i.collected(collected(false))),
        ("a card is read offline", Automatic, |i| i.collected(collected(true))),
        ("confirm", Automatic, |i| i.confirming().map(|(i, _)| i)),
        ("authorised, automatic", Automatic, |i| i.confirmed(None)),
        ("authorised, manual", Manual, |i| i.confirmed(None)),
        ("stored, automatic", Automatic, |i| i.confirmed(Some(details(true)))),
        ("stored, manual", Manual, |i| i.confirmed(Some(details(true)))),
        ("declined", Automatic, |i| i.declined()),
        ("capture", Manual, |i| i.captured()),
        ("cancel", Automatic, |i| i.canceled()),
    ]
}

fn intents(out: &mut String) {
    out.push_str("# PaymentIntent: what each action makes of each stage\n");
    for (name, stage) in stages() {
        writeln!(out, "\n{name}").unwrap();
        for (action, capture_method, act) in actions() {
            let result = match act(intent(stage.clone(), capture_method)) {
                Ok(intent) => format!("-> {}", stage_name(&intent.stage)),
                Err(error) => format!("refused: {}", error.code),
            };
            writeln!(out, "    {action:<24} {result}").unwrap();
        }
    }
}

fn holder(number: u8) -> HolderId {
    HolderId::mint([number; 16])
}

fn failure() -> Failure {
    Failure { at: NOW, code: "api_error".into(), message: "try again".into() }
}

fn acceptance(captured: bool) -> Acceptance {
    Acceptance { at: NOW, charge: Some("ch_1".into()), captured, authorization_code: None }
}

fn record(state: PaymentState, change: impl FnOnce(&mut PaymentRecord)) -> PaymentRecord {
    let is_final = matches!(
        state,
        PaymentState::Accepted(_) | PaymentState::Declined { .. } | PaymentState::Canceled { .. }
    );
    let card = card(1);
    let mut record = PaymentRecord {
        offline_id: OfflineId::mint(NOW, [1; 10]),
        payment_intent: None,
        amount: usd(100),
        capture_method: CaptureMethod::Automatic,
        metadata: BTreeMap::new(),
        description: None,
        receipt_email: None,
        created_at: EARLIER,
        stored_at: Some(EARLIER),
        deadline: LATER,
        account: None,
        livemode: false,
        card: CardShown::of(&card),
        secret: (!is_final).then(|| Box::new(card)),
        reader: reader(),
        attempts: 0,
        failures: Vec::new(),
        state,
        unacknowledged: false,
        settled: false,
    };
    change(&mut record);
    record
}

fn records() -> Vec<(&'static str, PaymentRecord)> {
    let confirming = |lease_until| PaymentState::Confirming { lease_until };
    let stored = || PaymentState::Stored { next_attempt: NOW };
    let forwarding = |number| PaymentState::Forwarding { holder: holder(number), lease_until: LATER };
    let declined = || PaymentState::Declined { at: NOW, decline_code: None, message: "no".into() };
    let online = |record: &mut PaymentRecord| record.stored_at = None;
    vec![
        ("confirming, within its lease", record(confirming(LATER), online)),
        ("confirming, lease at an end", record(confirming(EARLIER), online)),
        (
            "confirming, asked about before",
            record(confirming(LATER), |record| {
                record.stored_at = None;
                record.attempts = 1;
            }),
        ),
        ("stored, never sent", record(stored(), |_| {})),
        ("stored, sent before", record(stored(), |record| record.attempts = 1)),
        ("forwarding, by this holder", record(forwarding(1), |record| record.attempts = 1)),
        ("forwarding, by another holder", record(forwarding(2), |record| record.attempts = 1)),
        (
            "wedged",
            record(PaymentState::Wedged, |record| {
                record.attempts = 1;
                record.unacknowledged = true;
            }),
        ),
        ("accepted, authorised", record(PaymentState::Accepted(acceptance(false)), |_| {})),
        ("accepted, captured", record(PaymentState::Accepted(acceptance(true)), |_| {})),
        ("declined after it was stored", record(declined(), |_| {})),
        ("declined, dealt with", record(declined(), |record| record.settled = true)),
        ("declined online", record(declined(), online)),
        ("canceled", record(PaymentState::Canceled { at: NOW }, |_| {})),
    ]
}

type Transition = (&'static str, fn(&mut PaymentRecord) -> Result<(), WrongState>);

const TRANSITIONS: &[Transition] = &[
    ("store", |r| r.store(NOW, 1_000)),
    ("store_unanswered", |r| r.store_unanswered(NOW, 1_000, failure())),
    ("claim", |r| r.claim(&holder(1), LATER)),
    ("release", |r| r.release(&holder(1), LATER, failure())),
    ("wedge", |r| r.wedge(&holder(1), failure())),
    ("retry", |r| r.retry(NOW)),
    ("accept", |r| r.accept("pi_1", acceptance(true))),
    ("decline", |r| r.decline(NOW, None, None, "no".into())),
    ("cancel", |r| r.cancel(NOW)),
    ("give_up_confirming", |r| r.give_up_confirming(NOW)),
    ("ask", |r| r.ask(NOW, LATER)),
    ("ask_again", |r| r.ask_again(LATER, failure())),
    ("wedge_again", |r| r.wedge_again(failure())),
    ("unclaim", |r| r.unclaim(&holder(1), LATER)),
    ("capture", PaymentRecord::capture),
    ("void", |r| r.void(NOW)),
    ("settle", PaymentRecord::settle),
    ("acknowledge", |r| {
        r.acknowledge();
        Ok(())
    }),
];

fn described(record: &PaymentRecord) -> String {
    let mut text = record.state.name().to_owned();
    match &record.state {
        PaymentState::Accepted(acceptance) if acceptance.captured => text += ", captured",
        PaymentState::Accepted(_) => text += ", authorised",
        PaymentState::Confirming { lease_until } => {
            text += if *lease_until > NOW { ", lease until later" } else { ", lease at an end" };
        }
        _ => {}
    }
    write!(text, "; attempts {}", record.attempts).unwrap();
    text += if record.secret.is_some() { ", card kept" } else { ", card gone" };
    for (holds, what) in [
        (record.unacknowledged, "to be told"),
        (record.needs_attention(), "waits for a person"),
        (record.counts_as_stored(), "counted"),
        (record.queue_position().is_some(), "in the queue"),
    ] {
        if holds {
            write!(text, ", {what}").unwrap();
        }
    }
    text
}

fn payments(out: &mut String) {
    out.push_str("\n# PaymentRecord: what each transition makes of each state\n");
    for (name, record) in records() {
        writeln!(out, "\n{name}    ({})", described(&record)).unwrap();
        for (transition, act) in TRANSITIONS {
            let mut next = record.clone();
            let result = match act(&mut next) {
                Ok(()) if next == record => "stays".to_owned(),
                Ok(()) => format!("-> {}", described(&next)),
                Err(wrong) => {
                    assert_eq!(next, record, "{name}: a refused {transition} changed something");
                    format!("refused: {wrong}")
                }
            };
            writeln!(out, "    {transition:<20} {result}").unwrap();
        }
    }
}

#[test]
fn every_transition_of_every_state_is_as_written_down() {
    let mut table = String::new();
    intents(&mut table);
    payments(&mut table);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(FILE, &table).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    let lines = kept.lines().chain(std::iter::repeat(""));
    let other = table.lines().zip(lines).position(|(found, written)| found != written);
    let shown = other.and_then(|line| Some((line + 1, table.lines().nth(line)?)));
    assert!(
        kept == table,
        "tests/native/transitions.txt is not what is so; first: {shown:?}. Look at it, then {WRITE}=1"
    );
}

#[test]
fn what_ends_a_payment_destroys_its_card_and_nothing_else_does() {
    for (name, record) in records() {
        for (transition, act) in TRANSITIONS {
            let mut next = record.clone();
            if act(&mut next).is_ok() {
                assert_eq!(next.secret.is_none(), next.is_final(), "{name}: {transition}");
                assert!(!record.is_final() || next.is_final(), "{name}: {transition} brings it back");
            }
        }
    }
}
