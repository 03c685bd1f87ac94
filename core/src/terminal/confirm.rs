//! Steps 6 and 8: confirm (with the gateway, or stored) and capture.

use super::events::Returning;
use super::{Route, Terminal, gateway_failed};
use crate::error::{ErrorCode, TerminalError};
use crate::forwarder::{Verdict, submission, verdict};
use crate::ids::OfflineId;
use crate::journal::{
    Acceptance, CardShown, Change, Decision, Failure, Found, LogKind, PaymentRecord, PaymentState, Select,
    WrongState,
};
use crate::offline::NetworkStatus;
use crate::payment_intent::{Collected, OfflineBehavior, OfflineDetails, PaymentIntent, Stage};
use crate::ports::{Clock, Gateway, Platform, Reader};
use crate::time::TimestampMs;

/// How long an online confirmation is left to the tab that sent it, milliseconds; longer than its request.
pub const CONFIRMING_LEASE_MS: u64 = 60_000;

/// What a payment is confirmed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConfirmParameters {
    /// Whether it may be stored, decided anew; as at its creation when `None`.
    pub offline_behavior: Option<OfflineBehavior>,
}

impl<P: Platform, R: Reader> Terminal<P, R> {
    /// Confirms a payment: authorised by the gateway, or stored. The reader is not needed any more. `offline_details` of the result tells which.
    ///
    /// # Errors
    /// `card_declined` with the issuer's `decline_code`; the refusals of the offline policy;
    /// `offline_collect_and_confirm_mismatch` when the connection was lost between collecting and confirming, or
    /// `force_offline` is asked for only now (collect again); with `require_online` and no gateway `not_connected_to_internet_and_require_online_set`, and
    /// nothing was sent; `outcome_unknown` when no answer came and the payment may not be stored: it then appears in
    /// the list with its outcome as soon as the gateway can be asked.
    pub async fn confirm_payment_intent(
        &self,
        intent: PaymentIntent,
        parameters: ConfirmParameters,
    ) -> Result<PaymentIntent, TerminalError> {
        let before = intent.clone();
        let (intent, collected) = intent.confirming()?;
        let behavior = parameters.offline_behavior.unwrap_or(intent.offline_behavior);
        self.check_behavior(behavior).map_err(|error| error.about(&before))?;
        let route = self.checked_route(behavior).await.map_err(|error| error.about(&before))?;
        match route {
            Route::Store if !collected.offline => {
                let again = PaymentIntent { stage: Stage::RequiresPaymentMethod, ..before };
                let why = match self.network_status() {
                    NetworkStatus::Offline => {
                        "the connection was lost after the card was read: ask for the card again"
                    }
                    _ => {
                        "the card was read for an online payment, and `force_offline` was asked for with the confirmation \
                         only: confirm without it, or create the PaymentIntent with it; ask for the card again"
                    }
                };
                Err(TerminalError::new(ErrorCode::OfflineCollectAndConfirmMismatch, why).about(&again))
            }
            Route::Store => {
                let record = self.new_record(&intent, collected);
                self.store(intent, record).await.map_err(|error| error.about(&before))
            }
            Route::Online | Route::OnlineElseStore => {
                let record = self.new_record(&intent, collected);
                self.confirm_online(intent, record, route).await
            }
        }
    }

    /// Captures a payment confirmed with manual capture, once it is forwarded.
    pub async fn capture_payment_intent(
        &self,
        id: OfflineId,
        amount_minor: Option<u64>,
    ) -> Result<PaymentIntent, TerminalError> {
        let record = self.record(id).await?;
        let intent = super::intent_of(&record);
        let captured = intent.clone().captured()?;
        let Some(name) = record.payment_intent.as_deref() else {
            return Err(TerminalError::new(ErrorCode::Internal, "an accepted payment without its name")
                .about(&intent));
        };
        let answer = self.gateway.capture(name, amount_minor).await;
        self.heard(&answer);
        answer.map_err(|error| gateway_failed(&error).about(&intent))?;
        self.change(id, LogKind::Captured, |record| record.capture()).await?;
        Ok(captured)
    }

    pub(super) fn new_record(&self, intent: &PaymentIntent, collected: Collected) -> PaymentRecord {
        let Collected { card, reader, .. } = collected;
        let now = self.clock.now();
        let session = self.session.borrow();
        PaymentRecord {
            offline_id: intent.offline_id,
            payment_intent: intent.id.clone(),
            amount: intent.amount,
            capture_method: intent.capture_method,
            metadata: intent.metadata.clone(),
            description: intent.description.clone(),
            receipt_email: intent.receipt_email.clone(),
            created_at: intent.created_at_ms,
            stored_at: None,
            deadline: now.plus_ms(CONFIRMING_LEASE_MS),
            account: session.as_ref().map(|session| session.account.clone()),
            livemode: session.as_ref().is_some_and(|session| session.livemode),
            card: CardShown::of(&card),
            secret: Some(Box::new(card)),
            reader,
            attempts: 0,
            failures: Vec::new(),
            state: PaymentState::Confirming { lease_until: now.plus_ms(CONFIRMING_LEASE_MS) },
            unacknowledged: false,
            settled: false,
        }
    }

    /// Writes a new payment down as stored. The limits are checked in the same transaction.
    async fn store(
        &self,
        intent: PaymentIntent,
        record: PaymentRecord,
    ) -> Result<PaymentIntent, TerminalError> {
        let policy = self.offline_policy();
        let oldest = self.age_limit_needs_oldest(&policy).await?;
        let now = self.clock.now();
        let stored = self
            .journal
            .transact(now, Select::New(record.offline_id), |head, found| {
                refuse_known(found, &intent)?;
                policy.allows(record.amount, &head.totals, oldest, now)?;
                let mut record = record.clone();
                if let Some(card) = record.secret.as_deref() {
                    policy.allows_card(card, now)?;
                }
                record.store(now, policy.forward_within_ms)?;
                let changes = vec![Change { record: record.clone(), kind: LogKind::Stored }];
                Ok(Decision { changes, result: record })
            })
            .await?;
        self.forward_soon();
        intent.confirmed(offline_details(&stored))
    }

    async fn confirm_online(
        &self,
        intent: PaymentIntent,
        record: PaymentRecord,
        route: Route,
    ) -> Result<PaymentIntent, TerminalError> {
        let Some(request) = submission(&record) else {
            return Err(
                TerminalError::new(ErrorCode::Internal, "a new payment without its card").about(&intent)
            );
        };
        self.begin_confirming(&intent, &record).await?;
        let answer = self.gateway.confirm(&request).await;
        self.heard(&answer);
        let now = self.clock.now();
        let returning = self.returning(intent.offline_id);
        let known_otherwise = matches!(&answer, Ok(result) if result.status == 422);
        // Why it was refused, where that is known.
        let refused = match answer.map(|result| verdict(&result, now)) {
            Ok(Verdict::Accepted { payment_intent, acceptance }) => {
                return match self.taken(intent.clone(), payment_intent, acceptance).await {
                    Ok(taken) => {
                        returning.done();
                        Ok(taken)
                    }
                    // Charged, and not written down: it stays to be asked for, and is told when it is known here.
                    Err(_) => {
                        drop(returning);
                        self.outcome_unknown(intent)
                    }
                };
            }
            Ok(Verdict::Declined { payment_intent, decline_code, message }) => {
                let kept = self
                    .change_unless_final(&intent, LogKind::Declined, |record| {
                        record.decline(now, payment_intent.as_deref(), decline_code.clone(), message.clone())
                    })
                    .await;
                self.returned(returning, kept);
                let declined = TerminalError::new(ErrorCode::CardDeclined, message);
                return Err(declined.with_decline_code(decline_code).about(&intent.declined()?));
            }
            // Known with other content: what became of that is asked, nothing is guessed.
            Ok(Verdict::Wedged { .. }) if known_otherwise => {
                drop(returning);
                return self.give_up(intent).await;
            }
            Ok(Verdict::Canceled) => {
                Ok((ErrorCode::Canceled, "the payment was canceled: create a new one".to_owned()))
            }
            Ok(Verdict::Wedged { code, message }) => {
                Ok((ErrorCode::from_name(&code).unwrap_or(ErrorCode::ApiError), message))
            }
            Ok(Verdict::Retryable { code, message }) => Err(Failure { at: now, code, message }),
            Err(error) => {
                Err(Failure { at: now, code: error.code().as_str().to_owned(), message: error.to_string() })
            }
        };
        match refused {
            Err(why) => {
                drop(returning);
                self.after_unknown(intent, route, why).await
            }
            Ok((code, message)) => {
                let kept =
                    self.change_unless_final(&intent, LogKind::Canceled, |record| record.cancel(now)).await;
                self.returned(returning, kept);
                Err(TerminalError::new(code, message).about(&intent.declined()?))
            }
        }
    }

    /// Nothing was charged, which the call's return tells. Where it could not be written down, it is asked for again.
    fn returned(&self, returning: Returning<'_>, kept: Result<(), TerminalError>) {
        match kept {
            Ok(()) => returning.done(),
            Err(_) => {
                drop(returning);
                self.forward_soon();
            }
        }
    }

    /// Written down before it is sent: should this page end meanwhile, the gateway is asked what became of it.
    async fn begin_confirming(
        &self,
        intent: &PaymentIntent,
        record: &PaymentRecord,
    ) -> Result<(), TerminalError> {
        self.journal
            .transact(self.clock.now(), Select::New(record.offline_id), |_, found| {
                refuse_known(found, intent)?;
                let changes = vec![Change { record: record.clone(), kind: LogKind::Confirming }];
                Ok(Decision { changes, result: () })
            })
            .await
    }

    /// The gateway took it.
    async fn taken(
        &self,
        intent: PaymentIntent,
        payment_intent: String,
        acceptance: Acceptance,
    ) -> Result<PaymentIntent, TerminalError> {
        self.change_unless_final(&intent, LogKind::Confirmed, |record| {
            record.accept(&payment_intent, acceptance.clone())
        })
        .await?;
        // The outcome is durable; a session that cannot be kept is no reason to hide it.
        self.keep_session().await.ok();
        let mut confirmed = intent.confirmed(None)?;
        confirmed.id = Some(payment_intent);
        Ok(confirmed)
    }

    /// The gateway's outcome. A forwarder may have asked for it meanwhile, because this page was frozen: its answer
    /// was the same.
    async fn change_unless_final(
        &self,
        intent: &PaymentIntent,
        kind: LogKind,
        transition: impl Fn(&mut PaymentRecord) -> Result<(), WrongState>,
    ) -> Result<(), TerminalError> {
        let id = intent.offline_id;
        self.journal
            .transact(self.clock.now(), Select::Ids(&[id]), |_, found| {
                let mut record = the_record(found, id)?;
                if record.is_final() {
                    return Ok(Decision { changes: Vec::new(), result: () });
                }
                transition(&mut record)?;
                Ok(Decision { changes: vec![Change { record, kind }], result: () })
            })
            .await
    }

    /// The answer did not come: the gateway may have charged. Stored under the same id with the same card it is
    /// sent again and charged once; where it may not be stored, the gateway is asked later what became of it.
    async fn after_unknown(
        &self,
        intent: PaymentIntent,
        route: Route,
        why: Failure,
    ) -> Result<PaymentIntent, TerminalError> {
        let id = intent.offline_id;
        // Nothing is stored where nobody hears of its outcome.
        if route != Route::Online
            && self.delegate.borrow().is_some()
            && let Ok(stored) = self.store_confirming(id, why).await
        {
            self.forward_soon();
            return intent.confirmed(offline_details(&stored));
        }
        self.give_up(intent).await
    }

    /// Leaves an unfinished confirmation to the forwarder, which asks the gateway what became of it.
    async fn give_up(&self, intent: PaymentIntent) -> Result<PaymentIntent, TerminalError> {
        let now = self.clock.now();
        // Where that cannot be written down, its lease ends by itself.
        self.change(intent.offline_id, LogKind::Released, |record| record.give_up_confirming(now)).await.ok();
        self.outcome_unknown(intent)
    }

    fn outcome_unknown(&self, intent: PaymentIntent) -> Result<PaymentIntent, TerminalError> {
        self.forward_soon();
        let unknown = "no answer came: whether this payment was charged is asked as soon as the gateway answers. \
                       Do not charge the customer again";
        Err(TerminalError::new(ErrorCode::OutcomeUnknown, unknown).about(&intent.declined()?))
    }

    /// `Confirming -> Stored`, if the policy allows it.
    async fn store_confirming(&self, id: OfflineId, why: Failure) -> Result<PaymentRecord, TerminalError> {
        let policy = self.offline_policy();
        let oldest = self.age_limit_needs_oldest(&policy).await?;
        let now = self.clock.now();
        self.journal
            .transact(now, Select::Ids(&[id]), |head, found| {
                let mut record = the_record(found, id)?;
                policy.allows(record.amount, &head.totals, oldest, now)?;
                if let Some(card) = record.secret.as_deref() {
                    policy.allows_card(card, now)?;
                }
                record.store_unanswered(now, policy.forward_within_ms, why.clone())?;
                let changes = vec![Change { record: record.clone(), kind: LogKind::Stored }];
                Ok(Decision { changes, result: record })
            })
            .await
    }

    /// One transition of one payment.
    pub(super) async fn change(
        &self,
        id: OfflineId,
        kind: LogKind,
        transition: impl Fn(&mut PaymentRecord) -> Result<(), WrongState>,
    ) -> Result<(), TerminalError> {
        self.journal
            .transact(self.clock.now(), Select::Ids(&[id]), |_, found| {
                let mut record = the_record(found, id)?;
                transition(&mut record)?;
                Ok(Decision { changes: vec![Change { record, kind }], result: () })
            })
            .await
    }

    /// One payment, as it stands.
    pub async fn record(&self, id: OfflineId) -> Result<PaymentRecord, TerminalError> {
        let found = self.journal.find(Select::Ids(&[id])).await?;
        the_record(&found, id)
    }

    async fn age_limit_needs_oldest(
        &self,
        policy: &crate::offline::OfflinePolicy,
    ) -> Result<Option<TimestampMs>, TerminalError> {
        match policy.stored_age_ms_max {
            None => Ok(None),
            Some(_) => Ok(self.oldest_stored().await?.and_then(|record| record.stored_at)),
        }
    }
}

/// A payment is confirmed once. A second confirmation under the same id, with another card perhaps, would overwrite
/// what is known of the first.
fn refuse_known(found: &[Found], intent: &PaymentIntent) -> Result<(), TerminalError> {
    match found {
        [] => Ok(()),
        _ => Err(TerminalError::new(
            ErrorCode::UnexpectedStatus,
            "this PaymentIntent was confirmed before: see the list for what became of it, and create a new one",
        )
        .about(intent)),
    }
}

fn the_record(found: &[Found], id: OfflineId) -> Result<PaymentRecord, TerminalError> {
    match found.first() {
        Some(Found::Record(record)) => Ok((**record).clone()),
        Some(Found::Unreadable { error, .. }) => Err(error.clone()),
        None => Err(TerminalError::new(
            ErrorCode::PaymentIntentNotFoundOffline,
            format!("this device holds no payment {id}: look on the gateway"),
        )),
    }
}

fn offline_details(record: &PaymentRecord) -> Option<OfflineDetails> {
    super::events::offline_details_of(record)
}
