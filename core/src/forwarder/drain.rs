//! One pass over the queue: claim, send, record, several batches in flight.

use super::backoff::backoff_ms;
use super::verdict::{Verdict, verdict};
use crate::error::{ErrorCode, TerminalError};
use crate::ids::{HolderId, OfflineId};
use crate::journal::{
    Change, Decision, Failure, Found, Journal, LogKind, PaymentRecord, PaymentState, QueuePosition, Select,
    next_done,
};
use crate::network::answers;
use crate::ports::{Clock, Entropy, Gateway, GatewayError, Platform, Store};
use crate::time::TimestampMs;
use crate::wire::{
    CardOnWire, CreatePayment, ErrorBody, FORWARD_BATCH_MAX, ForwardBatch, ForwardResult, Origin,
    PaymentSubmission, Question,
};

/// How long a forwarder may hold a payment; longer than any request it makes.
pub const LEASE_MS: u64 = 60_000;
/// How many batches are under way at once.
pub const BATCHES_IN_FLIGHT_MAX: usize = 3;

/// What a pass may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Payments whose next attempt is due: a timer's pass.
    Due,
    /// All stored payments, whatever they wait for: the connection came back, a person asked, a restart.
    All,
}

/// What a pass did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drained {
    /// Accepted by the gateway.
    pub accepted: u32,
    /// Declined.
    pub declined: u32,
    /// Canceled (interrupted online confirmations that never reached the gateway).
    pub canceled: u32,
    /// To be sent again later.
    pub retryable: u32,
    /// Set aside for a person.
    pub wedged: u32,
    /// Rows that could not be read.
    pub unreadable: u32,
    /// Why the pass ended early: a failure that belongs to no single payment.
    pub stopped: Option<GatewayError>,
    /// When the next pass is due, milliseconds from now; `None` when nothing waits.
    pub next_pass_ms: Option<u64>,
}

impl Drained {
    fn add(&mut self, counts: &Drained) {
        self.accepted = self.accepted.saturating_add(counts.accepted);
        self.declined = self.declined.saturating_add(counts.declined);
        self.canceled = self.canceled.saturating_add(counts.canceled);
        self.retryable = self.retryable.saturating_add(counts.retryable);
        self.wedged = self.wedged.saturating_add(counts.wedged);
    }
}

/// One run of a forwarder in one tab or worker.
pub struct Forwarder<'a, P: Platform, G = <P as Platform>::Gateway> {
    /// The journal.
    pub journal: &'a Journal<P::Store, P::Vault>,
    /// The gateway.
    pub gateway: &'a G,
    /// The clock.
    pub clock: &'a P::Clock,
    /// For jitter.
    pub entropy: &'a P::Entropy,
    /// Who this run is: new for every page load and worker start.
    pub holder: HolderId,
    /// Whether this context holds the forwarding lock of the browser: leases of others are then known to be of
    /// contexts that ended, and are taken over without waiting.
    pub holds_lock: bool,
    /// How many passes in a row ended early before this one.
    pub failures_in_a_row: u32,
}

/// A claimed batch.
struct Claimed {
    ids: Vec<OfflineId>,
    batch: ForwardBatch,
    attempts: u32,
}

/// An online confirmation whose tab is gone.
struct Interrupted {
    id: OfflineId,
    question: Question,
}

/// What one look at the queue yields.
struct Look {
    claimed: Claimed,
    interrupted: Vec<Interrupted>,
    unreadable: Vec<OfflineId>,
    last: Option<QueuePosition>,
}

impl<P: Platform, G: Gateway> Forwarder<'_, P, G> {
    /// Goes once over the queue, each payment at most once. Errors only when the journal cannot be used.
    pub async fn drain(&self, mode: Mode) -> Result<Drained, TerminalError> {
        let mut drained = Drained::default();
        let mut after = None;
        let mut exhausted = false;
        let mut interrupted = Vec::new();
        let mut unreadable = Vec::new();
        let mut in_flight = Vec::new();
        if !self.journal.store().queue(None, 1).await?.is_empty() {
            drained.stopped = self.reach().await.err();
        }
        loop {
            while !exhausted && drained.stopped.is_none() && in_flight.len() < BATCHES_IN_FLIGHT_MAX {
                let look = self.claim(mode, after).await?;
                unreadable.extend(look.unreadable);
                drained.unreadable = u32::try_from(unreadable.len()).unwrap_or(u32::MAX);
                exhausted = look.last.is_none();
                after = look.last;
                interrupted.extend(look.interrupted);
                if !look.claimed.ids.is_empty() {
                    in_flight.push(Box::pin(self.send(look.claimed)));
                }
            }
            match next_done(&mut in_flight).await {
                Some((claimed, answer)) => self.record(mode, claimed, answer, &mut drained).await?,
                None => break,
            }
        }
        // After the stored ones: an interrupted confirmation holds nobody up.
        for one in interrupted {
            if drained.stopped.is_some() {
                break;
            }
            self.resolve(mode, one, &mut drained).await?;
        }
        drained.next_pass_ms = self.next_pass_ms(&drained, &unreadable).await?;
        Ok(drained)
    }

    /// Nothing is claimed for a gateway that is not there: a claim counts as an attempt, and one that was made may have
    /// charged. So what a pass without a connection leaves can still be taken back at once.
    async fn reach(&self) -> Result<(), GatewayError> {
        if self.gateway.session().is_none() {
            return self.gateway.open_session().await.map(drop);
        }
        match answers(self.gateway, self.entropy).await {
            true => Ok(()),
            false => Err(GatewayError::Unreachable),
        }
    }

    /// Takes the next batch behind `after`: the lease and the attempt are durable before anything is sent.
    async fn claim(&self, mode: Mode, after: Option<QueuePosition>) -> Result<Look, TerminalError> {
        let now = self.clock.now();
        let select = Select::Queue { after, limit: FORWARD_BATCH_MAX };
        self.journal
            .transact(now, select, |_, found| {
                let mut look = Look {
                    claimed: Claimed {
                        ids: Vec::new(),
                        batch: ForwardBatch { payments: Vec::new() },
                        attempts: 0,
                    },
                    interrupted: Vec::new(),
                    unreadable: Vec::new(),
                    last: None,
                };
                let mut changes = Vec::new();
                for entry in found {
                    match entry {
                        Found::Unreadable { id, queue, .. } => {
                            look.unreadable.push(*id);
                            look.last = (*queue).or(look.last);
                        }
                        Found::Record(record) => {
                            look.last = record.queue_position().or(look.last);
                            self.take(mode, now, record, &mut look, &mut changes)?;
                        }
                    }
                }
                Ok(Decision { changes, result: look })
            })
            .await
    }

    fn take(
        &self,
        mode: Mode,
        now: TimestampMs,
        record: &PaymentRecord,
        look: &mut Look,
        changes: &mut Vec<Change>,
    ) -> Result<(), TerminalError> {
        let free = match &record.state {
            PaymentState::Stored { next_attempt } => mode == Mode::All || *next_attempt <= now,
            PaymentState::Forwarding { holder, lease_until } => {
                *lease_until <= now || (self.holds_lock && *holder != self.holder)
            }
            PaymentState::Confirming { lease_until } => {
                if *lease_until <= now
                    && let Some(submission) = submission(record)
                {
                    let question = Question::about(&submission);
                    look.interrupted.push(Interrupted { id: record.offline_id, question });
                }
                false
            }
            _ => false,
        };
        if !free {
            return Ok(());
        }
        let Some(submission) = submission(record) else { return Ok(()) };
        let mut next = record.clone();
        next.claim(&self.holder, now.plus_ms(LEASE_MS))?;
        look.claimed.attempts = look.claimed.attempts.max(next.attempts);
        look.claimed.ids.push(next.offline_id);
        look.claimed.batch.payments.push(submission);
        changes.push(Change { record: next, kind: LogKind::Claimed });
        Ok(())
    }

    /// Sends a batch. One that is refused as a whole for a reason that waiting does not mend is sent again payment
    /// by payment, so that the one at fault steps aside and holds nobody up.
    async fn send(&self, claimed: Claimed) -> (Claimed, Result<Vec<ForwardResult>, GatewayError>) {
        let answer = match self.gateway.forward(&claimed.batch).await {
            Ok(answer) => Ok(answer.results),
            Err(GatewayError::Refused { status: 400 | 413 | 422, .. }) => {
                self.send_one_by_one(&claimed.batch).await
            }
            Err(error) => Err(error),
        };
        (claimed, answer)
    }

    async fn send_one_by_one(&self, batch: &ForwardBatch) -> Result<Vec<ForwardResult>, GatewayError> {
        let mut results = Vec::with_capacity(batch.payments.len());
        for payment in &batch.payments {
            let alone = ForwardBatch { payments: vec![payment.clone()] };
            match self.gateway.forward(&alone).await {
                Ok(answer) => results.extend(answer.results),
                Err(GatewayError::Refused { status: status @ (400 | 413 | 422), code, message, .. }) => {
                    results.push(ForwardResult {
                        offline_id: payment.payment.offline_id.clone(),
                        status,
                        payment_intent: None,
                        charge: None,
                        error: Some(ErrorBody { code: Some(code), message, ..ErrorBody::default() }),
                    })
                }
                // The rest is without an answer and is sent again later.
                Err(error) if results.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(results)
    }

    async fn record(
        &self,
        mode: Mode,
        claimed: Claimed,
        answer: Result<Vec<ForwardResult>, GatewayError>,
        drained: &mut Drained,
    ) -> Result<(), TerminalError> {
        let now = self.clock.now();
        // What starts a pass over all resets the backoff.
        let failures = if mode == Mode::All { 1 } else { claimed.attempts };
        let waits = backoff_ms(failures, self.random(), retry_after_ms(&answer));
        let (results, failure) = match answer {
            Ok(results) => (results, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let counts = self
            .journal
            .transact(now, Select::Ids(&claimed.ids), |_, found| {
                let mut counts = Drained::default();
                let mut changes = Vec::new();
                for record in found.iter().filter_map(Found::record) {
                    let id = record.offline_id.to_string();
                    let verdict = match results.iter().find(|result| result.offline_id == id) {
                        Some(result) => verdict(result, now),
                        // The app's failure, not the payment's: without a token nothing was sent.
                        None if matches!(failure, Some(GatewayError::TokenProvider(_))) => {
                            let mut next = record.clone();
                            if next.unclaim(&self.holder, now.plus_ms(waits)).is_ok() {
                                counts.retryable = counts.retryable.saturating_add(1);
                                changes.push(Change { record: next, kind: LogKind::Released });
                            }
                            continue;
                        }
                        None => no_answer(failure.as_ref()),
                    };
                    changes.extend(self.apply(record, verdict, now, waits, &mut counts));
                }
                Ok(Decision { changes, result: counts })
            })
            .await?;
        drained.add(&counts);
        if failure.is_some() {
            drained.stopped = failure;
        }
        Ok(())
    }

    /// The payment's next revision; `None` when another forwarder recorded its outcome meanwhile.
    fn apply(
        &self,
        record: &PaymentRecord,
        verdict: Verdict,
        now: TimestampMs,
        waits_ms: u64,
        counts: &mut Drained,
    ) -> Option<Change> {
        let mut next = record.clone();
        let (done, kind, count) = match verdict {
            Verdict::Accepted { payment_intent, acceptance } => {
                (next.accept(&payment_intent, acceptance), LogKind::Forwarded, &mut counts.accepted)
            }
            Verdict::Declined { payment_intent, decline_code, message } => (
                next.decline(now, payment_intent.as_deref(), decline_code, message),
                LogKind::Declined,
                &mut counts.declined,
            ),
            Verdict::Canceled => (next.cancel(now), LogKind::Canceled, &mut counts.canceled),
            Verdict::Retryable { code, message } => (
                next.release(&self.holder, now.plus_ms(waits_ms), Failure { at: now, code, message }),
                LogKind::Released,
                &mut counts.retryable,
            ),
            Verdict::Wedged { code, message } => (
                next.wedge(&self.holder, Failure { at: now, code, message }),
                LogKind::Wedged,
                &mut counts.wedged,
            ),
        };
        done.ok()?;
        *count = count.saturating_add(1);
        Some(Change { record: next, kind })
    }

    /// An online confirmation whose tab is gone: asks what became of it. Unknown to the gateway, it is canceled
    /// there and here. Where the gateway has no answer for this one, it is asked again later and holds nobody up.
    async fn resolve(
        &self,
        mode: Mode,
        one: Interrupted,
        drained: &mut Drained,
    ) -> Result<(), TerminalError> {
        // Written down before it is asked: the sale, should it still run, must not store what is canceled meanwhile.
        if !self.begin_asking(one.id).await? {
            return Ok(());
        }
        let answer = match self.gateway.resolve(one.id, &one.question).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                if error.is_retryable() {
                    drained.stopped = Some(error.clone());
                }
                Err(error)
            }
        };
        let now = self.clock.now();
        let random = self.random();
        let counts = self
            .journal
            .transact(now, Select::Ids(&[one.id]), |_, found| {
                let mut counts = Drained::default();
                let mut changes = Vec::new();
                let confirming =
                    |record: &&PaymentRecord| matches!(record.state, PaymentState::Confirming { .. });
                for record in found.iter().filter_map(Found::record).filter(confirming) {
                    let verdict = match &answer {
                        Ok(answer) => verdict(answer, now),
                        Err(error) => no_answer(Some(error)),
                    };
                    let failures = if mode == Mode::All { 1 } else { record.attempts };
                    let again = now.plus_ms(backoff_ms(failures, random, None));
                    changes.extend(self.answered(record, verdict, now, again, &mut counts)?);
                }
                Ok(Decision { changes, result: counts })
            })
            .await?;
        drained.add(&counts);
        Ok(())
    }

    /// The next revision of a payment that was asked about; where the answer decides nothing, it is asked about `again`.
    fn answered(
        &self,
        record: &PaymentRecord,
        verdict: Verdict,
        now: TimestampMs,
        again: TimestampMs,
        counts: &mut Drained,
    ) -> Result<Option<Change>, TerminalError> {
        let mut next = record.clone();
        let stored_before = record.stored_at.is_some();
        match verdict {
            // The id is another content's for good: this one is not charged and never will be.
            Verdict::Wedged { code, .. }
                if stored_before && code == ErrorCode::IdempotencyConflict.as_str() =>
            {
                Ok(self.apply(record, Verdict::Canceled, now, 0, counts))
            }
            Verdict::Wedged { code, message } if stored_before => {
                next.wedge_again(Failure { at: now, code, message })?;
                counts.wedged = counts.wedged.saturating_add(1);
                Ok(Some(Change { record: next, kind: LogKind::Wedged }))
            }
            Verdict::Retryable { code, message } | Verdict::Wedged { code, message } => {
                next.ask_again(again, Failure { at: now, code, message })?;
                counts.retryable = counts.retryable.saturating_add(1);
                Ok(Some(Change { record: next, kind: LogKind::Released }))
            }
            outcome => Ok(self.apply(record, outcome, now, 0, counts)),
        }
    }

    /// Whether the payment is still to be asked about; if so its attempt is durable.
    async fn begin_asking(&self, id: OfflineId) -> Result<bool, TerminalError> {
        let now = self.clock.now();
        self.journal
            .transact(now, Select::Ids(&[id]), |_, found| {
                let mut changes = Vec::new();
                for record in found.iter().filter_map(Found::record) {
                    let mut next = record.clone();
                    if next.ask(now, now.plus_ms(LEASE_MS)).is_ok() {
                        changes.push(Change { record: next, kind: LogKind::Claimed });
                    }
                }
                Ok(Decision { result: !changes.is_empty(), changes })
            })
            .await
    }

    /// When to look again. Rows that cannot be read wait for nothing.
    async fn next_pass_ms(
        &self,
        drained: &Drained,
        unreadable: &[OfflineId],
    ) -> Result<Option<u64>, TerminalError> {
        let now = self.clock.now();
        if let Some(error) = &drained.stopped {
            let answer = Err(error.clone());
            let failures = self.failures_in_a_row.saturating_add(1);
            return Ok(Some(backoff_ms(failures, self.random(), retry_after_ms(&answer))));
        }
        let rows = self.journal.store().queue(None, FORWARD_BATCH_MAX).await?;
        let waiting = rows.iter().filter(|row| !unreadable.contains(&row.id));
        Ok(waiting.map(|row| now.ms_until(row.due).max(1_000)).min())
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }
}

fn origin(record: &PaymentRecord) -> Origin {
    Origin { account: record.account.clone(), livemode: record.account.as_ref().map(|_| record.livemode) }
}

/// What is sent of a payment; `None` when its card is gone, which only a final outcome does.
pub(crate) fn submission(record: &PaymentRecord) -> Option<PaymentSubmission> {
    let card = record.secret.as_deref()?;
    let Origin { account, livemode } = origin(record);
    Some(PaymentSubmission {
        payment: CreatePayment {
            offline_id: record.offline_id.to_string(),
            amount: record.amount.amount_minor,
            currency: record.amount.currency.code().to_owned(),
            capture_method: record.capture_method.as_str().to_owned(),
            metadata: record.metadata.clone(),
            description: record.description.clone(),
            receipt_email: record.receipt_email.clone(),
            created_at: record.created_at.unix_seconds(),
        },
        payment_intent: record.payment_intent.clone(),
        account,
        livemode,
        stored_at: record.stored_at.map(TimestampMs::unix_seconds),
        card: CardOnWire::of(card, &record.reader),
    })
}

fn retry_after_ms(answer: &Result<Vec<ForwardResult>, GatewayError>) -> Option<u64> {
    match answer {
        Err(GatewayError::Refused { retry_after_ms, .. }) => *retry_after_ms,
        _ => None,
    }
}

fn no_answer(failure: Option<&GatewayError>) -> Verdict {
    let (code, message) = match failure {
        Some(error) => (error.code().as_str().to_owned(), error.to_string()),
        None => (
            "api_error".to_owned(),
            "the gateway's answer left this payment out; it is sent again".to_owned(),
        ),
    };
    Verdict::Retryable { code, message }
}
