//! One attempt to take an amount: its status machine and what the device knows of it.
//!
//! ```text
//! create -> requires_payment_method -> collected -> requires_confirmation -> confirmed
//!    online:  succeeded (automatic) | requires_capture (manual) | requires_payment_method (declined)
//!    offline: the same two, with offline details and requires_upload, until it is forwarded
//! cancel before confirm: canceled
//! ```

use std::collections::BTreeMap;

use crate::card::{CardRead, ReadMethod, ReaderInfo, ShownCard};
use crate::error::{ErrorCode, TerminalError};
use crate::ids::OfflineId;
use crate::money::Money;
use crate::time::TimestampMs;

/// When the money is taken: with the authorisation, or by a later capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CaptureMethod {
    /// Captured by the gateway as soon as it is authorised.
    #[default]
    Automatic,
    /// Authorised only; captured by a call.
    Manual,
}

impl CaptureMethod {
    /// The stable name, `automatic` or `manual`.
    pub const fn as_str(self) -> &'static str {
        match self {
            CaptureMethod::Automatic => "automatic",
            CaptureMethod::Manual => "manual",
        }
    }
}

/// Whether a payment may, must or must not be taken without the gateway; chosen when it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OfflineBehavior {
    /// Online where the gateway answers, else stored.
    #[default]
    PreferOnline,
    /// Only with the gateway's answer.
    RequireOnline,
    /// Always stored; the sale never waits for the network.
    ForceOffline,
}

impl OfflineBehavior {
    /// The stable name, `prefer_online`.
    pub const fn as_str(self) -> &'static str {
        match self {
            OfflineBehavior::PreferOnline => "prefer_online",
            OfflineBehavior::RequireOnline => "require_online",
            OfflineBehavior::ForceOffline => "force_offline",
        }
    }
}

/// The status of a PaymentIntent, by Stripe's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentIntentStatus {
    /// No card yet, or the last one was declined.
    RequiresPaymentMethod,
    /// A card was read; nothing was charged or stored yet.
    RequiresConfirmation,
    /// The customer has to do something (not reached by card-present payments).
    RequiresAction,
    /// A request is out and its outcome is not known yet.
    Processing,
    /// Authorised (or stored, to be authorised), to be captured.
    RequiresCapture,
    /// Captured, or stored and to be captured by the gateway: see `OfflineDetails::requires_upload`.
    Succeeded,
    /// Given up before it was charged.
    Canceled,
}

impl PaymentIntentStatus {
    /// Every status there is.
    pub const ALL: [PaymentIntentStatus; 7] = [
        PaymentIntentStatus::RequiresPaymentMethod,
        PaymentIntentStatus::RequiresConfirmation,
        PaymentIntentStatus::RequiresAction,
        PaymentIntentStatus::Processing,
        PaymentIntentStatus::RequiresCapture,
        PaymentIntentStatus::Succeeded,
        PaymentIntentStatus::Canceled,
    ];

    /// The stable name, `requires_payment_method`.
    pub const fn as_str(self) -> &'static str {
        match self {
            PaymentIntentStatus::RequiresPaymentMethod => "requires_payment_method",
            PaymentIntentStatus::RequiresConfirmation => "requires_confirmation",
            PaymentIntentStatus::RequiresAction => "requires_action",
            PaymentIntentStatus::Processing => "processing",
            PaymentIntentStatus::RequiresCapture => "requires_capture",
            PaymentIntentStatus::Succeeded => "succeeded",
            PaymentIntentStatus::Canceled => "canceled",
        }
    }

    /// The status of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// What the device knows of a payment that was confirmed offline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineDetails {
    /// When it was stored, by the device's clock.
    pub stored_at_ms: TimestampMs,
    /// Whether the gateway has yet to receive it.
    pub requires_upload: bool,
    /// How the card was read.
    pub read_method: ReadMethod,
    /// What of the card may be shown and printed.
    pub card: ShownCard,
    /// What the receipt of a chip payment must print, where the card gave it.
    pub receipt: Option<ReceiptDetails>,
    /// The issuer's, for the receipt; `None` until the payment is forwarded and authorised.
    pub authorization_code: Option<String>,
}

/// The EMV facts a receipt prints; hexadecimal where they are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReceiptDetails {
    /// Tag 9F12, else 50: `Visa Credit`.
    pub application_preferred_name: String,
    /// Tag 84, else 4F: the application identifier (AID).
    pub dedicated_file_name: String,
    /// Tag 9F26.
    pub application_cryptogram: String,
    /// Tag 95.
    pub terminal_verification_results: String,
    /// Tag 9B.
    pub transaction_status_information: String,
    /// Tag 9F34.
    pub cardholder_verification_method: String,
}

impl ReceiptDetails {
    /// The receipt facts of a chip read; `None` for a stripe, which has none.
    pub fn of(card: &CardRead) -> Option<Self> {
        card.emv_value(0x9F26)?;
        let hex_of = |tags: [u32; 2]| {
            tags.iter().find_map(|tag| card.emv_value(*tag)).map(hex::encode_upper).unwrap_or_default()
        };
        let name = [0x9F12, 0x50].iter().find_map(|tag| card.emv_value(*tag)).unwrap_or_default();
        Some(ReceiptDetails {
            application_preferred_name: String::from_utf8_lossy(name).trim().to_owned(),
            dedicated_file_name: hex_of([0x84, 0x4F]),
            application_cryptogram: hex_of([0x9F26, 0x9F26]),
            terminal_verification_results: hex_of([0x95, 0x95]),
            transaction_status_information: hex_of([0x9B, 0x9B]),
            cardholder_verification_method: hex_of([0x9F34, 0x9F34]),
        })
    }
}

/// A card as the gateway knows it before the payment is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMethod {
    /// `pm_…`
    pub id: String,
    /// How it was read.
    pub read_method: ReadMethod,
    /// Brand, last four digits, expiry, name.
    pub card: ShownCard,
    /// `credit`, `debit`, `prepaid` or `unknown`.
    pub funding: Option<String>,
    /// Where it was issued, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The network that will route it.
    pub network: Option<String>,
}

/// A card that was read for a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// The card.
    pub card: CardRead,
    /// Which reader read it. It may be gone by the time of the confirmation.
    pub reader: ReaderInfo,
    /// Whether it was read under the offline rules: a card read online is not accepted offline.
    pub offline: bool,
}

/// Where a PaymentIntent stands, with exactly the data that stage has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for a card.
    RequiresPaymentMethod,
    /// A card was read.
    RequiresConfirmation(Box<Collected>),
    /// A confirmation is under way.
    Processing,
    /// To be captured; with offline details when it is stored.
    RequiresCapture(Option<Box<OfflineDetails>>),
    /// Taken; with offline details when it is or was stored.
    Succeeded(Option<Box<OfflineDetails>>),
    /// Given up.
    Canceled,
}

/// One attempt to take an amount in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentIntent {
    /// The device's name for it, minted at creation, never changed.
    pub offline_id: OfflineId,
    /// The gateway's name, `pi_…`; `None` until the gateway has made it.
    pub id: Option<String>,
    /// What is taken.
    pub amount: Money,
    /// When it is taken.
    pub capture_method: CaptureMethod,
    /// Whether it may be taken offline.
    pub offline_behavior: OfflineBehavior,
    /// The app's own data, carried through unchanged.
    pub metadata: BTreeMap<String, String>,
    /// For people, as the gateway's lists show it.
    pub description: Option<String>,
    /// Where the gateway sends a receipt, and how the customer can be reached should a stored payment be declined.
    pub receipt_email: Option<String>,
    /// The card, as the gateway knows it: only when it was collected online with `update_payment_intent`.
    pub payment_method: Option<Box<PaymentMethod>>,
    /// When it was created, by the device's clock.
    pub created_at_ms: TimestampMs,
    /// Where it stands.
    pub stage: Stage,
}

impl PaymentIntent {
    /// Its status by Stripe's names.
    pub const fn status(&self) -> PaymentIntentStatus {
        match self.stage {
            Stage::RequiresPaymentMethod => PaymentIntentStatus::RequiresPaymentMethod,
            Stage::RequiresConfirmation(_) => PaymentIntentStatus::RequiresConfirmation,
            Stage::Processing => PaymentIntentStatus::Processing,
            Stage::RequiresCapture(_) => PaymentIntentStatus::RequiresCapture,
            Stage::Succeeded(_) => PaymentIntentStatus::Succeeded,
            Stage::Canceled => PaymentIntentStatus::Canceled,
        }
    }

    /// What the device knows of it as an offline payment; `None` when it was confirmed online or not yet.
    pub fn offline_details(&self) -> Option<&OfflineDetails> {
        match &self.stage {
            Stage::RequiresCapture(details) | Stage::Succeeded(details) => details.as_deref(),
            _ => None,
        }
    }

    /// Whether a card may be collected for it, without collecting one.
    ///
    /// # Errors
    /// `unexpected_status`.
    pub fn check_takes_card(&self) -> Result<(), TerminalError> {
        match self.stage {
            Stage::RequiresPaymentMethod | Stage::RequiresConfirmation(_) => Ok(()),
            _ => Err(self.wrong_status("collect a card for")),
        }
    }

    /// `requires_payment_method | requires_confirmation -> requires_confirmation`: a card was read.
    pub fn collected(mut self, collected: Collected) -> Result<Self, TerminalError> {
        match self.stage {
            Stage::RequiresPaymentMethod | Stage::RequiresConfirmation(_) => {
                self.stage = Stage::RequiresConfirmation(Box::new(collected));
                Ok(self)
            }
            _ => Err(self.wrong_status("collect a card for")),
        }
    }

    /// `requires_confirmation -> processing`: hands out the card that is to be confirmed with.
    pub fn confirming(mut self) -> Result<(Self, Collected), TerminalError> {
        match self.stage {
            Stage::RequiresConfirmation(collected) => {
                self.stage = Stage::Processing;
                Ok((self, *collected))
            }
            _ => Err(self.wrong_status("confirm")),
        }
    }

    /// `processing -> succeeded | requires_capture`: taken online, or stored with its offline details.
    pub fn confirmed(mut self, offline_details: Option<OfflineDetails>) -> Result<Self, TerminalError> {
        match self.stage {
            Stage::Processing => {
                let details = offline_details.map(Box::new);
                self.stage = match self.capture_method {
                    CaptureMethod::Automatic => Stage::Succeeded(details),
                    CaptureMethod::Manual => Stage::RequiresCapture(details),
                };
                Ok(self)
            }
            _ => Err(self.wrong_status("finish the confirmation of")),
        }
    }

    /// `processing -> requires_payment_method`: declined; another card may be tried with a new PaymentIntent.
    pub fn declined(mut self) -> Result<Self, TerminalError> {
        match self.stage {
            Stage::Processing => {
                self.payment_method = None;
                self.stage = Stage::RequiresPaymentMethod;
                Ok(self)
            }
            _ => Err(self.wrong_status("decline")),
        }
    }

    /// `requires_capture -> succeeded`; an error while it is still to be uploaded.
    pub fn captured(mut self) -> Result<Self, TerminalError> {
        match self.stage {
            Stage::RequiresCapture(Some(details)) if details.requires_upload => {
                self.stage = Stage::RequiresCapture(Some(details));
                Err(TerminalError::new(
                    ErrorCode::UnexpectedStatus,
                    "this payment is stored and not yet forwarded; capture it once it is forwarded",
                )
                .about(&self))
            }
            Stage::RequiresCapture(details) => {
                self.stage = Stage::Succeeded(details);
                Ok(self)
            }
            _ => Err(self.wrong_status("capture")),
        }
    }

    /// `requires_payment_method | requires_confirmation -> canceled`.
    pub fn canceled(mut self) -> Result<Self, TerminalError> {
        match self.stage {
            Stage::RequiresPaymentMethod | Stage::RequiresConfirmation(_) => {
                self.stage = Stage::Canceled;
                Ok(self)
            }
            _ => Err(self.wrong_status("cancel")),
        }
    }

    fn wrong_status(&self, action: &str) -> TerminalError {
        let status = self.status().as_str();
        TerminalError::new(
            ErrorCode::UnexpectedStatus,
            format!("cannot {action} a PaymentIntent whose status is `{status}`; create a new one"),
        )
        .about(self)
    }
}

#[cfg(test)]
mod tests;
