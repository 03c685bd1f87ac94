//! Step 3 and the end of step 7: telling the app, at least once, until it has acknowledged.

use std::cell::RefCell;
use std::pin::pin;

use futures::future::{Either, select};

use super::Terminal;
use crate::error::{ErrorCode, TerminalError};
use crate::ids::OfflineId;
use crate::journal::all;
use crate::journal::{Change, Decision, Found, Listing, LogKind, PaymentRecord, PaymentState, Select};
use crate::payment_intent::{CaptureMethod, OfflineBehavior, OfflineDetails, PaymentIntent, Stage};
use crate::ports::{Clock, Platform, Reader};

/// What the app has not acknowledged after so long, milliseconds, counts as not taken.
pub const ACKNOWLEDGED_WITHIN_MS: u64 = 30_000;
/// An event that the app did not take is delivered again after this, milliseconds, or after a restart.
const AGAIN_MS: u64 = 30_000;
/// How many events are delivered and acknowledged in one go.
const EVENTS_AT_ONCE_MAX: usize = 50;

const fn unacknowledged(after: Option<OfflineId>) -> Select<'static> {
    Select::Unacknowledged { after, limit: EVENTS_AT_ONCE_MAX }
}

impl<P: Platform, R: Reader> Terminal<P, R> {
    /// Tells the delegate of every finished payment it has not acknowledged, and acknowledges what it took. How
    /// many were delivered; 0 without a delegate.
    pub async fn deliver_events(&self) -> Result<usize, TerminalError> {
        let mut delivered = 0;
        let mut after = None;
        loop {
            let delegate = self.delegate.borrow().clone();
            let Some(delegate) = delegate else {
                self.acknowledge_returned().await?;
                return Ok(delivered);
            };
            let found = self.journal.find(unacknowledged(after)).await?;
            // Rows that cannot be read, and those whose call is still to return, are passed by.
            let Some(last) = found.last() else { return Ok(delivered) };
            after = Some(last.id());
            let returns = self.returns.borrow().clone();
            let how = |record: &PaymentRecord| {
                returns.iter().find(|(id, _)| *id == record.offline_id).map(|(_, how)| *how)
            };
            let records: Vec<&PaymentRecord> = found
                .iter()
                .filter_map(Found::record)
                .filter(|record| how(record) != Some(Return::UnderWay) && !self.waits_to_be_told(record))
                .collect();
            let taken = all(records.iter().map(|record| {
                let told_by_return = how(record).is_some();
                let taken = (!told_by_return).then(|| {
                    delivered += 1;
                    delegate.on_forward_payment_intent(&intent_of(record), error_of(record).as_ref())
                });
                self.taken_in_time(taken)
            }))
            .await;
            let mut told = Vec::new();
            for (record, taken) in records.into_iter().zip(taken) {
                match taken {
                    true => told.push(Told::of(record)),
                    false => self.tell_again_later(record.offline_id),
                }
            }
            if !told.is_empty() {
                self.acknowledge(&told).await?;
            }
            self.returns.borrow_mut().retain(|(id, _)| !told.iter().any(|told| told.id == *id));
        }
    }

    /// Whether the app has it: at once where no event was needed, else when it says so.
    async fn taken_in_time(&self, taken: Option<super::Acknowledgement>) -> bool {
        let Some(taken) = taken else { return true };
        let too_late = pin!(self.clock.sleep_ms(ACKNOWLEDGED_WITHIN_MS));
        match select(taken, too_late).await {
            Either::Left((taken, _)) => taken,
            Either::Right(_) => false,
        }
    }

    /// Whether the app did not take its event a short while ago.
    fn waits_to_be_told(&self, record: &PaymentRecord) -> bool {
        let now = self.clock.now();
        self.not_taken.borrow_mut().retain(|(_, again)| *again > now);
        self.not_taken.borrow().iter().any(|(id, _)| *id == record.offline_id)
    }

    fn tell_again_later(&self, id: OfflineId) {
        self.not_taken.borrow_mut().push((id, self.clock.now().plus_ms(AGAIN_MS)));
    }

    /// Whether an event waits that could be delivered.
    pub async fn has_undelivered(&self) -> Result<bool, TerminalError> {
        Ok(!self.journal.first(Listing::Unacknowledged, 1, &|_| true).await?.is_empty())
    }

    /// Acknowledges what confirmations of this context returned; for a tab that leaves telling to another one.
    pub async fn acknowledge_returned(&self) -> Result<(), TerminalError> {
        let returned: Vec<OfflineId> = {
            let returns = self.returns.borrow();
            returns.iter().filter(|(_, how)| *how == Return::Done).map(|(id, _)| *id).collect()
        };
        if returned.is_empty() {
            return Ok(());
        }
        let found = self.journal.find(Select::Ids(&returned)).await?;
        let told: Vec<Told> = found.iter().filter_map(Found::record).map(Told::of).collect();
        self.acknowledge(&told).await?;
        self.returns.borrow_mut().retain(|(id, _)| !returned.contains(id));
        Ok(())
    }

    /// The outcome of a confirmation is about to be told by the return of the call: no event is needed for it, only
    /// the acknowledgement. Should the page end before it returns, the event is delivered after the restart.
    pub(super) fn returning(&self, id: OfflineId) -> Returning<'_> {
        self.returns.borrow_mut().push((id, Return::UnderWay));
        Returning { returns: &self.returns, id, done: false }
    }

    /// Tells the delegate how things stand, unless that is what it was told last.
    pub async fn announce_status(&self) -> Result<(), TerminalError> {
        let status = self.offline_status().await?;
        let delegate = self.delegate.borrow().clone();
        if let Some(delegate) = delegate
            && self.announced.replace(Some(status.clone())).as_ref() != Some(&status)
        {
            delegate.on_offline_status_change(&status);
        }
        Ok(())
    }

    /// Tells the delegate of an error of forwarding that belongs to no single payment.
    pub fn announce_forwarding_error(&self, error: &TerminalError) {
        let delegate = self.delegate.borrow().clone();
        if let Some(delegate) = delegate {
            delegate.on_forwarding_error(error);
        }
    }

    /// Only what was told is acknowledged: a payment that changed in between is told again.
    async fn acknowledge(&self, told: &[Told]) -> Result<(), TerminalError> {
        let ids: Vec<OfflineId> = told.iter().map(|told| told.id).collect();
        self.journal
            .transact(self.clock.now(), Select::Ids(&ids), |_, found| {
                let changes = found
                    .iter()
                    .filter_map(Found::record)
                    .filter(|record| record.unacknowledged)
                    .filter(|record| told.contains(&Told::of(record)))
                    .map(|record| {
                        let mut record = record.clone();
                        record.acknowledge();
                        Change { record, kind: LogKind::Acknowledged }
                    })
                    .collect();
                Ok(Decision { changes, result: () })
            })
            .await
    }
}

/// What the app was told of a payment. Set aside a second time, after another attempt, it is told a second time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    id: OfflineId,
    state: PaymentState,
    attempts: u32,
}

impl Told {
    fn of(record: &PaymentRecord) -> Self {
        Told { id: record.offline_id, state: record.state.clone(), attempts: record.attempts }
    }
}

/// How far the call is that tells an outcome by its return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// It runs: its payment's event waits.
    UnderWay,
    /// It returned: its payment's event is acknowledged without being told again.
    Done,
}

/// A call that tells an outcome by its return. Dropped before it is done, the outcome becomes an event again.
pub(super) struct Returning<'a> {
    returns: &'a RefCell<Vec<(OfflineId, Return)>>,
    id: OfflineId,
    done: bool,
}

impl Returning<'_> {
    /// The call returns now.
    pub(super) fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        let mut returns = self.returns.borrow_mut();
        returns.retain(|(id, _)| *id != self.id);
        if self.done {
            returns.push((self.id, Return::Done));
        }
    }
}

/// A payment of the journal as a PaymentIntent.
pub fn intent_of(record: &PaymentRecord) -> PaymentIntent {
    let details = offline_details_of(record).map(Box::new);
    let taken = |details, captured| {
        if captured { Stage::Succeeded(details) } else { Stage::RequiresCapture(details) }
    };
    let stage = match &record.state {
        PaymentState::Confirming { .. } => Stage::Processing,
        PaymentState::Stored { .. } | PaymentState::Forwarding { .. } | PaymentState::Wedged => {
            taken(details, record.capture_method == CaptureMethod::Automatic)
        }
        PaymentState::Accepted(acceptance) => taken(details, acceptance.captured),
        PaymentState::Declined { .. } => Stage::RequiresPaymentMethod,
        PaymentState::Canceled { .. } => Stage::Canceled,
    };
    PaymentIntent {
        offline_id: record.offline_id,
        id: record.payment_intent.clone(),
        amount: record.amount,
        capture_method: record.capture_method,
        offline_behavior: OfflineBehavior::PreferOnline,
        metadata: record.metadata.clone(),
        description: record.description.clone(),
        receipt_email: record.receipt_email.clone(),
        payment_method: None,
        created_at_ms: record.created_at,
        stage,
    }
}

/// The error a payment ended with, or waits with; `None` when all is well.
pub fn error_of(record: &PaymentRecord) -> Option<TerminalError> {
    match &record.state {
        PaymentState::Declined { decline_code, message, .. } => Some(
            TerminalError::new(ErrorCode::CardDeclined, message.clone())
                .with_decline_code(decline_code.clone()),
        ),
        PaymentState::Wedged => record.failures.last().map(|failure| {
            let code = ErrorCode::from_name(&failure.code).unwrap_or(ErrorCode::ApiError);
            TerminalError::new(code, failure.message.clone())
        }),
        PaymentState::Canceled { .. } => Some(TerminalError::new(
            ErrorCode::Canceled,
            "the sale was interrupted before the gateway had it: nothing was charged",
        )),
        _ => None,
    }
}

pub(super) fn offline_details_of(record: &PaymentRecord) -> Option<OfflineDetails> {
    Some(OfflineDetails {
        stored_at_ms: record.stored_at?,
        requires_upload: !record.is_final(),
        read_method: record.card.read_method,
        card: record.card.shown.clone(),
        receipt: record.card.receipt.clone(),
        authorization_code: record.authorization_code().map(str::to_owned),
    })
}
