//! Would offline work, and until when: each check with its finding and what to do, and how much room is left.

use tillandsia_core::error::TerminalError;
use tillandsia_core::money::Money;
use tillandsia_core::offline::{CheckResult, Finding, Readiness, ReadinessCheck, Room};
use tillandsia_core::time::TimestampMs;

use super::limits::Fact;
use super::payment_row::{LocalTime, Tone};
use super::price::price;
use super::reasons::sentence;
use super::time_left::span;

/// A readiness that ends sooner than this is said on every screen, milliseconds.
pub const ENDS_SOON_MS: u64 = 3 * 24 * 60 * 60 * 1000;

/// What the till can do about a finding itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Connect the reader again.
    Reconnect,
    /// Forward what is stored.
    Forward,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRow {
    /// Its stable name.
    pub check: &'static str,
    /// What was looked at.
    pub title: &'static str,
    /// Good, waiting (a warning) or bad.
    pub tone: Tone,
    /// What was found.
    pub finding: String,
    /// What to do; empty when nothing is.
    pub remedy: String,
    /// Until when it stays so, local time.
    pub until: Option<String>,
    /// What the till can do itself.
    pub button: Option<Remedy>,
}

/// The answer as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadinessView {
    /// Whether a payment could be taken offline when it was looked.
    ready: bool,
    /// Until when it stays so.
    until: Option<TimestampMs>,
    /// The same, local time.
    until_text: Option<String>,
    /// Every check, in the order in which to see to them.
    pub checks: Vec<CheckRow>,
    /// How much more may be stored.
    pub room: Vec<Fact>,
}

impl ReadinessView {
    /// The answer as it is shown.
    pub fn of(readiness: &Readiness, local: LocalTime<'_>) -> Self {
        ReadinessView {
            ready: readiness.is_ready(),
            until: readiness.until(),
            until_text: readiness.until().map(local),
            checks: readiness.checks.iter().map(|result| row(result, local)).collect(),
            room: if readiness.is_ready() { room(&readiness.room) } else { Vec::new() },
        }
    }

    /// The journal cannot be read: nothing can be judged, and nothing be stored.
    pub fn unreadable(error: &TerminalError, local: LocalTime<'_>) -> Self {
        let finding = Finding::Failed(error.clone());
        let storage = CheckResult { check: ReadinessCheck::Storage, finding, until: None };
        let readiness = Readiness { checks: vec![storage], room: Room::default() };
        Self::of(&readiness, local)
    }

    /// Whether a payment could be taken offline at `now`.
    pub fn is_ready(&self, now: TimestampMs) -> bool {
        self.ready && self.until.is_none_or(|until| now < until)
    }

    /// The answer by its stable name.
    pub fn state(&self, now: TimestampMs) -> &'static str {
        if self.is_ready(now) { "ready" } else { "not_ready" }
    }

    /// Its colour and sign.
    pub fn tone(&self, now: TimestampMs) -> Tone {
        if self.is_ready(now) { Tone::Good } else { Tone::Bad }
    }

    /// The answer in a few words.
    pub fn title(&self, now: TimestampMs) -> &'static str {
        if self.is_ready(now) { "Ready for an outage" } else { "Not ready for an outage" }
    }

    /// The answer in a sentence.
    pub fn summary(&self, now: TimestampMs) -> String {
        match (self.is_ready(now), self.until, &self.until_text) {
            (true, Some(until), Some(text)) => format!(
                "Without a connection, cards can be taken until {text}: {} from now.",
                span(now.ms_until(until))
            ),
            (true, ..) => "Without a connection, cards can be taken.".to_owned(),
            (false, ..) => {
                "Without a connection, no card can be taken until what is marked below is seen to.".to_owned()
            }
        }
    }

    /// The sign on every screen: only when it is not ready, or not for long.
    pub fn sign(&self, now: TimestampMs) -> Option<(String, Tone)> {
        if !self.is_ready(now) {
            return Some(("Not ready for an outage".to_owned(), Tone::Bad));
        }
        let left_ms = now.ms_until(self.until?);
        (left_ms < ENDS_SOON_MS).then(|| (format!("Offline ready for {}", span(left_ms)), Tone::Waiting))
    }
}

fn row(result: &CheckResult, local: LocalTime<'_>) -> CheckRow {
    let (title, good) = words(result.check);
    let (tone, finding, remedy) = match &result.finding {
        Finding::Good => (Tone::Good, good.to_owned(), String::new()),
        Finding::Warning(text) => split(Tone::Waiting, text),
        Finding::Failed(error) => split(Tone::Bad, &error.message),
    };
    let button = match result.check {
        _ if tone == Tone::Good => None,
        ReadinessCheck::Configuration
        | ReadinessCheck::Reader
        | ReadinessCheck::Pairing
        | ReadinessCheck::ReaderSoftware => Some(Remedy::Reconnect),
        ReadinessCheck::Limits => Some(Remedy::Forward),
        _ => None,
    };
    CheckRow {
        check: result.check.as_str(),
        title,
        tone,
        finding,
        remedy,
        until: result.until.map(local),
        button,
    }
}

/// The core's messages say what is wrong, and behind a colon what to do.
fn split(tone: Tone, message: &str) -> (Tone, String, String) {
    match message.split_once(": ") {
        Some((finding, remedy)) => (tone, sentence(finding), sentence(remedy)),
        None => (tone, sentence(message), String::new()),
    }
}

/// What is looked at, and what is said when it is fine.
const fn words(check: ReadinessCheck) -> (&'static str, &'static str) {
    match check {
        ReadinessCheck::Configuration => ("Settings", "Offline payments are on at this location."),
        ReadinessCheck::Reader => ("Reader", "A reader is connected."),
        ReadinessCheck::Pairing => ("Reader at this location", "Connected here online within 30 days."),
        ReadinessCheck::ReaderSoftware => ("Reader's software", "Found up to date within 30 days."),
        ReadinessCheck::Listeners => ("Till", "It hears what becomes of stored payments."),
        ReadinessCheck::StorageKey => ("Key", "Stored payments can be protected."),
        ReadinessCheck::Storage => ("Storage", "The device writes durably."),
        ReadinessCheck::StoragePersistence => ("Storage is kept", "The browser promised to keep it."),
        ReadinessCheck::Limits => ("Limits", "There is room for more payments."),
    }
}

fn room(room: &Room) -> Vec<Fact> {
    let payments = room.payments.map_or("No limit".to_owned(), |count| format!("{count} more"));
    let amount = |(currency, minor): (&tillandsia_core::money::Currency, &u64)| {
        let label = format!("Next payment in {}", currency.code().to_ascii_uppercase());
        Fact::new(label, format!("up to {}", price(Money::new(*minor, *currency))))
    };
    std::iter::once(Fact::new("Payments", payments)).chain(room.amounts.iter().map(amount)).collect()
}

#[cfg(test)]
mod tests {
    use tillandsia_core::error::ErrorCode;

    use super::super::tests::NOW;
    use super::*;

    const DAY_MS: u64 = 24 * 60 * 60 * 1000;

    fn view(finding: Finding, until: Option<TimestampMs>) -> ReadinessView {
        let mut room = Room { payments: Some(3), ..Room::default() };
        room.amounts.insert("usd".parse().unwrap(), 50_000);
        let checks = vec![CheckResult { check: ReadinessCheck::Pairing, finding, until }];
        ReadinessView::of(&Readiness { checks, room }, &|at| format!("t{}", at.0 - NOW.0))
    }

    #[test]
    fn a_ready_till_says_until_when_and_how_much() {
        let ready = view(Finding::Good, Some(NOW.plus_ms(10 * DAY_MS)));
        assert_eq!((ready.title(NOW), ready.sign(NOW)), ("Ready for an outage", None));
        assert!(ready.summary(NOW).contains("t864000000") && ready.summary(NOW).contains("10 d 0 h"));
        assert_eq!(
            ready.room,
            [Fact::new("Payments", "3 more"), Fact::new("Next payment in USD", "up to $500.00")]
        );
        assert_eq!(ready.checks[0].remedy, "");
    }

    #[test]
    fn the_sign_comes_three_days_before_the_end_and_stays_after_it() {
        let ready = view(Finding::Good, Some(NOW.plus_ms(10 * DAY_MS)));
        let (text, tone) = ready.sign(NOW.plus_ms(8 * DAY_MS)).unwrap();
        assert_eq!((text.as_str(), tone), ("Offline ready for 2 d 0 h", Tone::Waiting));
        let after = NOW.plus_ms(10 * DAY_MS);
        assert!(!ready.is_ready(after) && ready.sign(after).unwrap().1 == Tone::Bad);
        assert_eq!(view(Finding::Good, None).sign(NOW), None, "no end is known");
    }

    #[test]
    fn a_failed_check_has_a_finding_a_remedy_and_a_button() {
        let error = TerminalError::new(
            ErrorCode::ReaderNotPairedOnlineAtLocation,
            "no reader was connected: connect it once",
        );
        let failed = view(Finding::Failed(error), None);
        assert!(!failed.is_ready(NOW) && failed.room.is_empty());
        let row = &failed.checks[0];
        assert_eq!(
            (row.finding.as_str(), row.remedy.as_str()),
            ("No reader was connected.", "Connect it once.")
        );
        assert_eq!((row.tone, row.button), (Tone::Bad, Some(Remedy::Reconnect)));
    }

    #[test]
    fn a_warning_leaves_the_till_ready() {
        let warned = view(Finding::Warning("The storage is nearly full: free some space.".into()), None);
        assert!(warned.is_ready(NOW));
        assert_eq!(warned.checks[0].tone, Tone::Waiting);
    }

    #[test]
    fn a_journal_that_cannot_be_read_is_not_ready() {
        let error = TerminalError::new(ErrorCode::StorageUnavailable, "the database is gone");
        let view = ReadinessView::unreadable(&error, &|_| String::new());
        assert!(!view.is_ready(NOW));
        assert_eq!(view.checks[0].finding, "The database is gone.");
    }
}
