//! A payment as the journal knows it, and the transitions it may make.
//!
//! ```text
//!            store                    claim                     outcome
//! (new) ──────────────► Stored ──────────────► Forwarding ──────────────► Accepted | Declined | Wedged
//!   │ begin_confirm       ▲  ▲        release      │                                            │
//!   ▼                     │  └─────────────────────┘                 retry                      │
//! Confirming ─────────────┘◄────────────────────────────────────────────────────────────────────┘
//!   └──► Accepted | Declined | Canceled
//!
//! void: Stored, never sent ──► Canceled;  Stored, sent before | Wedged ──► Confirming, until the gateway has said
//! ```

use std::collections::BTreeMap;

use crate::card::{CardRead, ReadMethod, ReaderInfo, ShownCard};
use crate::error::ErrorCode;
use crate::ids::{HolderId, OfflineId};
use crate::money::Money;
use crate::payment_intent::{CaptureMethod, ReceiptDetails};
use crate::time::TimestampMs;

use super::row::QueuePosition;

/// How many of a payment's last failures are kept for a person to read.
pub const FAILURES_KEPT_MAX: usize = 10;

/// Everything the device knows of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// The payment; the idempotency key.
    pub offline_id: OfflineId,
    /// The gateway's name, once known.
    pub payment_intent: Option<String>,
    /// What is taken.
    pub amount: Money,
    /// When it is taken.
    pub capture_method: CaptureMethod,
    /// The app's own data.
    pub metadata: BTreeMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// How the customer can be reached.
    pub receipt_email: Option<String>,
    /// When it was created.
    pub created_at: TimestampMs,
    /// When it was stored; `None` for a payment confirmed online.
    pub stored_at: Option<TimestampMs>,
    /// When it must have been forwarded.
    pub deadline: TimestampMs,
    /// Whose it is (`acct_…`), as of the session in force when it was confirmed.
    pub account: Option<String>,
    /// Whether it moves money, as of that session.
    pub livemode: bool,
    /// What may be shown of the card.
    pub card: CardShown,
    /// The card itself; destroyed with the final outcome.
    pub secret: Option<Box<CardRead>>,
    /// The reader.
    pub reader: ReaderInfo,
    /// How often it was sent.
    pub attempts: u32,
    /// What went wrong, latest last, at most [`FAILURES_KEPT_MAX`].
    pub failures: Vec<Failure>,
    /// Where it stands.
    pub state: PaymentState,
    /// Whether the app has yet to acknowledge its event.
    pub unacknowledged: bool,
    /// Whether a person has said that the decline of a stored payment is dealt with.
    pub settled: bool,
}

/// What stays of a card after its ciphertext is destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardShown {
    /// How it was read.
    pub read_method: ReadMethod,
    /// Brand, last four digits, expiry, name.
    pub shown: ShownCard,
    /// What the receipt prints.
    pub receipt: Option<ReceiptDetails>,
}

impl CardShown {
    /// What may be kept of a card.
    pub fn of(card: &CardRead) -> Self {
        CardShown {
            read_method: card.read_method,
            shown: card.shown.clone(),
            receipt: ReceiptDetails::of(card),
        }
    }
}

/// Something that went wrong with a payment, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// When.
    pub at: TimestampMs,
    /// A stable code.
    pub code: String,
    /// What to do about it.
    pub message: String,
}

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// An online confirmation is out. After the lease the gateway is asked what became of it.
    Confirming {
        /// Until when the tab that sent it is given to finish.
        lease_until: TimestampMs,
    },
    /// Stored; the next attempt is due at this time.
    Stored {
        /// When.
        next_attempt: TimestampMs,
    },
    /// A forwarder has it.
    Forwarding {
        /// Which one.
        holder: HolderId,
        /// Until when no other may take it over.
        lease_until: TimestampMs,
    },
    /// Needs a person; see the last failure.
    Wedged,
    /// The gateway has it: authorised, and captured when `captured`.
    Accepted(Acceptance),
    /// The issuer declined: final.
    Declined {
        /// When the device heard.
        at: TimestampMs,
        /// The issuer's reason.
        decline_code: Option<String>,
        /// For a person.
        message: String,
    },
    /// Never charged.
    Canceled {
        /// When the device heard.
        at: TimestampMs,
    },
}

/// What the gateway said of an accepted payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// When the device heard.
    pub at: TimestampMs,
    /// `ch_…`.
    pub charge: Option<String>,
    /// Whether the money is taken, or only authorised.
    pub captured: bool,
    /// The issuer's authorisation code, for the receipt.
    pub authorization_code: Option<String>,
}

/// A transition that the state does not allow. A bug, or another forwarder was faster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a payment that is {state} cannot be {action}")]
pub struct WrongState {
    /// The state it is in.
    pub state: &'static str,
    /// What was asked.
    pub action: &'static str,
}

impl PaymentState {
    /// The state's stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            PaymentState::Confirming { .. } => "confirming",
            PaymentState::Stored { .. } => "stored",
            PaymentState::Forwarding { .. } => "forwarding",
            PaymentState::Wedged => "wedged",
            PaymentState::Accepted(_) => "accepted",
            PaymentState::Declined { .. } => "declined",
            PaymentState::Canceled { .. } => "canceled",
        }
    }
}

impl PaymentRecord {
    /// Whether it counts in the totals: shown as stored, its outcome not known yet.
    pub const fn counts_as_stored(&self) -> bool {
        matches!(
            self.state,
            PaymentState::Stored { .. } | PaymentState::Forwarding { .. } | PaymentState::Wedged
        )
    }

    /// Whether nothing further will happen to it.
    pub const fn is_final(&self) -> bool {
        matches!(
            self.state,
            PaymentState::Accepted(_) | PaymentState::Declined { .. } | PaymentState::Canceled { .. }
        )
    }

    /// The issuer's authorisation code, once there is one.
    pub fn authorization_code(&self) -> Option<&str> {
        match &self.state {
            PaymentState::Accepted(acceptance) => acceptance.authorization_code.as_deref(),
            _ => None,
        }
    }

    /// Its place in the queue while a forwarder has something to do with it.
    pub const fn queue_position(&self) -> Option<QueuePosition> {
        match self.state {
            PaymentState::Confirming { .. }
            | PaymentState::Stored { .. }
            | PaymentState::Forwarding { .. } => {
                Some(QueuePosition { deadline: self.deadline, id: self.offline_id })
            }
            _ => None,
        }
    }

    /// When a forwarder may next touch it.
    pub const fn due(&self) -> TimestampMs {
        match self.state {
            PaymentState::Confirming { lease_until } | PaymentState::Forwarding { lease_until, .. } => {
                lease_until
            }
            PaymentState::Stored { next_attempt } => next_attempt,
            _ => TimestampMs(0),
        }
    }

    /// Whether it was finished by `then`, and neither the app nor a person has anything left to do with it.
    pub fn may_be_removed(&self, then: TimestampMs) -> bool {
        let finished_at = match &self.state {
            PaymentState::Accepted(acceptance) => acceptance.at,
            PaymentState::Declined { at, .. } | PaymentState::Canceled { at } => *at,
            _ => return false,
        };
        // Authorised only, it goes too: the merchant's server may have captured it, and no authorisation lives so long.
        finished_at <= then && !self.unacknowledged && !self.needs_attention()
    }

    /// Whether it waits for a person: set aside, or declined after the goods were handed over.
    pub const fn needs_attention(&self) -> bool {
        match self.state {
            PaymentState::Wedged => true,
            PaymentState::Declined { .. } => self.stored_at.is_some() && !self.settled,
            _ => false,
        }
    }

    /// Whether a forwarder's lease is on it.
    pub const fn is_leased(&self) -> bool {
        matches!(self.state, PaymentState::Forwarding { .. })
    }

    /// `Confirming -> Stored`: the answer never came, or there is no connection. Same id, same card. Not after the
    /// lease, and not once a forwarder has asked: the id may by then be canceled at the gateway.
    pub fn store(&mut self, now: TimestampMs, forward_within_ms: u64) -> Result<(), WrongState> {
        match self.state {
            PaymentState::Confirming { lease_until } if now < lease_until && self.attempts == 0 => {
                self.stored_at = Some(now);
                self.deadline = now.plus_ms(forward_within_ms);
                self.state = PaymentState::Stored { next_attempt: now };
                Ok(())
            }
            _ => Err(self.wrong("stored")),
        }
    }

    /// [`Self::store`] after it was sent: the gateway may have charged it, and the attempt counts.
    pub fn store_unanswered(
        &mut self,
        now: TimestampMs,
        forward_within_ms: u64,
        why: Failure,
    ) -> Result<(), WrongState> {
        self.store(now, forward_within_ms)?;
        self.attempts = self.attempts.saturating_add(1);
        self.note(why);
        Ok(())
    }

    /// `Stored | Forwarding -> Forwarding`: a forwarder takes it, or takes it over, and counts the attempt.
    pub fn claim(&mut self, holder: &HolderId, lease_until: TimestampMs) -> Result<(), WrongState> {
        match self.state {
            PaymentState::Stored { .. } | PaymentState::Forwarding { .. } => {
                self.attempts = self.attempts.saturating_add(1);
                self.state = PaymentState::Forwarding { holder: holder.clone(), lease_until };
                Ok(())
            }
            _ => Err(self.wrong("claimed")),
        }
    }

    /// `Forwarding -> Stored`, by the holder only: the attempt failed and is repeated later.
    pub fn release(
        &mut self,
        holder: &HolderId,
        next_attempt: TimestampMs,
        why: Failure,
    ) -> Result<(), WrongState> {
        match &self.state {
            PaymentState::Forwarding { holder: current, .. } if current == holder => {
                self.note(why);
                self.state = PaymentState::Stored { next_attempt };
                Ok(())
            }
            _ => Err(self.wrong("released")),
        }
    }

    /// `Forwarding -> Wedged`, by the holder only: needs a person.
    pub fn wedge(&mut self, holder: &HolderId, why: Failure) -> Result<(), WrongState> {
        match &self.state {
            PaymentState::Forwarding { holder: current, .. } if current == holder => {
                self.note(why);
                self.unacknowledged = true;
                self.state = PaymentState::Wedged;
                Ok(())
            }
            _ => Err(self.wrong("wedged")),
        }
    }

    /// `Wedged -> Stored`: a person sends it again.
    pub fn retry(&mut self, now: TimestampMs) -> Result<(), WrongState> {
        match self.state {
            PaymentState::Wedged => {
                self.unacknowledged = false;
                self.state = PaymentState::Stored { next_attempt: now };
                Ok(())
            }
            _ => Err(self.wrong("sent again")),
        }
    }

    /// `not final -> Accepted`: the gateway's word counts whoever held the lease. Destroys the card.
    pub fn accept(&mut self, payment_intent: &str, acceptance: Acceptance) -> Result<(), WrongState> {
        self.finish("accepted", PaymentState::Accepted(acceptance))?;
        self.payment_intent = Some(payment_intent.to_owned());
        Ok(())
    }

    /// `not final -> Declined`: final. Destroys the card.
    pub fn decline(
        &mut self,
        at: TimestampMs,
        payment_intent: Option<&str>,
        decline_code: Option<String>,
        message: String,
    ) -> Result<(), WrongState> {
        self.finish("declined", PaymentState::Declined { at, decline_code, message })?;
        if let Some(id) = payment_intent {
            self.payment_intent = Some(id.to_owned());
        }
        Ok(())
    }

    /// `not final -> Canceled`: the gateway will never charge it. Destroys the card.
    pub fn cancel(&mut self, at: TimestampMs) -> Result<(), WrongState> {
        self.finish("canceled", PaymentState::Canceled { at })
    }

    /// `Confirming -> Confirming` with its lease at an end: the sale was not finished; a forwarder asks the gateway
    /// what became of it.
    pub fn give_up_confirming(&mut self, now: TimestampMs) -> Result<(), WrongState> {
        match self.state {
            PaymentState::Confirming { .. } => {
                self.state = PaymentState::Confirming { lease_until: now };
                Ok(())
            }
            _ => Err(self.wrong("given up")),
        }
    }

    /// `Confirming, its lease at an end -> Confirming`: a forwarder is about to ask the gateway what became of it. From here on
    /// the sale that it belongs to cannot store it any more: the gateway may cancel what it has not seen.
    pub fn ask(&mut self, now: TimestampMs, lease_until: TimestampMs) -> Result<(), WrongState> {
        match self.state {
            PaymentState::Confirming { lease_until: until } if until <= now => {
                self.attempts = self.attempts.saturating_add(1);
                self.state = PaymentState::Confirming { lease_until };
                Ok(())
            }
            _ => Err(self.wrong("asked about")),
        }
    }

    /// `Confirming, stored before -> Wedged`: taking it back was refused by the gateway, so a person has to look again.
    pub fn wedge_again(&mut self, why: Failure) -> Result<(), WrongState> {
        match self.state {
            PaymentState::Confirming { .. } if self.stored_at.is_some() => {
                self.note(why);
                self.unacknowledged = true;
                self.state = PaymentState::Wedged;
                Ok(())
            }
            _ => Err(self.wrong("set aside again")),
        }
    }

    /// `Forwarding -> Stored`, by the holder only: nothing was sent, so that there was no attempt.
    pub fn unclaim(&mut self, holder: &HolderId, next_attempt: TimestampMs) -> Result<(), WrongState> {
        match &self.state {
            PaymentState::Forwarding { holder: current, .. } if current == holder => {
                self.attempts = self.attempts.saturating_sub(1);
                self.state = PaymentState::Stored { next_attempt };
                Ok(())
            }
            _ => Err(self.wrong("released")),
        }
    }

    /// `Confirming -> Confirming`: the gateway was asked what became of it and has no answer yet.
    pub fn ask_again(&mut self, lease_until: TimestampMs, why: Failure) -> Result<(), WrongState> {
        match self.state {
            PaymentState::Confirming { .. } => {
                self.note(why);
                self.state = PaymentState::Confirming { lease_until };
                Ok(())
            }
            _ => Err(self.wrong("asked about")),
        }
    }

    /// `Accepted, authorised -> Accepted, captured`.
    pub const fn capture(&mut self) -> Result<(), WrongState> {
        match &mut self.state {
            PaymentState::Accepted(acceptance) if !acceptance.captured => {
                acceptance.captured = true;
                Ok(())
            }
            _ => Err(self.wrong("captured")),
        }
    }

    /// `Stored, never sent -> Canceled`: taken back; nobody but this device knows of it. `Wedged, its offline id taken ->
    /// Canceled`: the gateway never charges this content. `Stored, sent before | Wedged -> Confirming`: whether it was charged
    /// is not known; the gateway is asked, and cancels what it has not charged.
    pub fn void(&mut self, now: TimestampMs) -> Result<(), WrongState> {
        match self.state {
            PaymentState::Stored { .. } | PaymentState::Wedged if self.was_never_charged() => {
                self.cancel(now)?;
                // Whoever took it back knows.
                self.unacknowledged = false;
                Ok(())
            }
            PaymentState::Stored { .. } | PaymentState::Wedged => {
                self.state = PaymentState::Confirming { lease_until: now };
                self.unacknowledged = false;
                Ok(())
            }
            _ => Err(self.wrong("taken back")),
        }
    }

    /// `Declined after it was stored -> the same, dealt with`: paid another way, or written off.
    pub const fn settle(&mut self) -> Result<(), WrongState> {
        match self.state {
            PaymentState::Declined { .. } if self.needs_attention() => {
                self.settled = true;
                Ok(())
            }
            _ => Err(self.wrong("settled")),
        }
    }

    /// The app knows.
    pub const fn acknowledge(&mut self) {
        self.unacknowledged = false;
    }

    /// Whether this device knows by itself that the gateway has not charged this payment, and will not unless it is sent again.
    fn was_never_charged(&self) -> bool {
        match self.state {
            PaymentState::Stored { .. } => self.attempts == 0,
            // Its offline id belongs to another content for good.
            PaymentState::Wedged => {
                self.failures.last().is_some_and(|why| why.code == ErrorCode::IdempotencyConflict.as_str())
            }
            _ => false,
        }
    }

    fn finish(&mut self, action: &'static str, state: PaymentState) -> Result<(), WrongState> {
        if self.is_final() {
            return Err(self.wrong(action));
        }
        self.state = state;
        self.secret = None;
        self.unacknowledged = true;
        Ok(())
    }

    fn note(&mut self, failure: Failure) {
        self.failures.push(failure);
        let surplus = self.failures.len().saturating_sub(FAILURES_KEPT_MAX);
        self.failures.drain(..surplus);
    }

    const fn wrong(&self, action: &'static str) -> WrongState {
        WrongState { state: self.state.name(), action }
    }
}
