//! What apps are given. Names are the Terminal SDKs', in JavaScript's spelling; times are unix milliseconds.

use std::collections::BTreeMap;

use tillandsia_core::card::ReaderInfo;
use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::journal::{Failure, Found, PaymentRecord, PaymentState};
use tillandsia_core::offline::{Details, OfflineStatus};
use tillandsia_core::payment_intent::{OfflineDetails, PaymentIntent, PaymentMethod};
use tillandsia_core::ports::{Interfaces, ReaderPrompt};
use tillandsia_core::terminal::{error_of, intent_of};

use super::card::CardPresentDetailsJson;
use super::plain::object;

/// An error, before JavaScript makes a `TerminalError` of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename_all = "camelCase"))]
pub struct ErrorJson {
    /// A stable name.
    #[cfg_attr(test, ts(type = "TerminalErrorCode"))]
    pub code: &'static str,
    /// What to do about it, for a person.
    pub message: String,
    /// The issuer's reason, with `card_declined`.
    pub decline_code: Option<String>,
    /// The payment as it stands after the failure, where the failure belongs to one.
    pub payment_intent: Option<Box<PaymentIntentJson>>,
}

object!(ErrorJson {
    code = "code",
    message = "message",
    decline_code = "declineCode",
    payment_intent = "paymentIntent",
});

impl From<TerminalError> for ErrorJson {
    fn from(error: TerminalError) -> Self {
        ErrorJson {
            code: error.code.as_str(),
            message: error.message,
            decline_code: error.decline_code,
            payment_intent: error.payment_intent.map(|intent| Box::new(PaymentIntentJson::from(&*intent))),
        }
    }
}

/// One attempt to take an amount. A page keeps the newest 64 that are not confirmed: of older ones nothing was charged, and
/// calls about them reject with `payment_intent_not_found_offline`. One that a call is under way about is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PaymentIntent", rename_all = "camelCase"))]
pub struct PaymentIntentJson {
    /// The device's name for it, minted when it is created; never changes.
    pub offline_id: String,
    /// The gateway's name for it, `pi_…`; null until the gateway has made it.
    pub id: Option<String>,
    /// In the currency's minor unit.
    #[cfg_attr(test, ts(type = "number"))]
    pub amount: u64,
    /// ISO 4217, lowercase.
    pub currency: String,
    /// Where it stands.
    #[cfg_attr(test, ts(type = "PaymentIntentStatus"))]
    pub status: &'static str,
    /// When the money is taken.
    #[cfg_attr(test, ts(type = "CaptureMethod"))]
    pub capture_method: &'static str,
    /// The app's own data.
    #[cfg_attr(test, ts(type = "Record<string, string>"))]
    pub metadata: BTreeMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// Where the gateway sends a receipt.
    pub receipt_email: Option<String>,
    /// When it was created, by the device's clock.
    #[cfg_attr(test, ts(type = "number"))]
    pub created_at_ms: u64,
    /// The card as the gateway knows it, when it was collected online with `updatePaymentIntent`; else absent.
    #[cfg_attr(test, ts(optional))]
    pub payment_method: Option<Box<PaymentMethodJson>>,
    /// What the device knows of it as an offline payment; null when it was confirmed online, or not yet.
    pub offline_details: Option<OfflineDetailsJson>,
}

object!(PaymentIntentJson {
    offline_id = "offlineId",
    id = "id",
    amount = "amount",
    currency = "currency",
    status = "status",
    capture_method = "captureMethod",
    metadata = "metadata",
    description = "description",
    receipt_email = "receiptEmail",
    created_at_ms = "createdAtMs",
    payment_method absent = "paymentMethod",
    offline_details = "offlineDetails",
});

impl From<&PaymentIntent> for PaymentIntentJson {
    fn from(intent: &PaymentIntent) -> Self {
        PaymentIntentJson {
            offline_id: intent.offline_id.to_string(),
            id: intent.id.clone(),
            amount: intent.amount.amount_minor,
            currency: intent.amount.currency.code().to_owned(),
            status: intent.status().as_str(),
            capture_method: intent.capture_method.as_str(),
            metadata: intent.metadata.clone(),
            description: intent.description.clone(),
            receipt_email: intent.receipt_email.clone(),
            created_at_ms: intent.created_at_ms.0,
            payment_method: intent.payment_method.as_deref().map(|method| Box::new(method.into())),
            offline_details: intent.offline_details().map(OfflineDetailsJson::from),
        }
    }
}

/// A card as the gateway knows it before the payment is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PaymentMethod", rename_all = "camelCase"))]
pub struct PaymentMethodJson {
    /// `pm_…`
    pub id: String,
    /// The card, as far as it may be shown.
    pub card_present: CardPresentDetailsJson,
    /// `credit`, `debit`, `prepaid` or `unknown`.
    pub funding: Option<String>,
    /// Where it was issued, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The network that will route it.
    pub network: Option<String>,
}

object!(PaymentMethodJson {
    id = "id",
    card_present = "cardPresent",
    funding = "funding",
    country = "country",
    network = "network",
});

impl From<&PaymentMethod> for PaymentMethodJson {
    fn from(method: &PaymentMethod) -> Self {
        PaymentMethodJson {
            id: method.id.clone(),
            card_present: CardPresentDetailsJson::of(&method.card, method.read_method.as_str(), None, None),
            funding: method.funding.clone(),
            country: method.country.clone(),
            network: method.network.clone(),
        }
    }
}

/// What the device knows of a payment that was confirmed offline.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "OfflineDetails", rename_all = "camelCase"))]
pub struct OfflineDetailsJson {
    /// When it was stored, by the device's clock.
    #[cfg_attr(test, ts(type = "number"))]
    pub stored_at_ms: u64,
    /// Whether the gateway has yet to receive it.
    pub requires_upload: bool,
    /// The card, as far as it may be shown and printed.
    pub card_present_details: CardPresentDetailsJson,
    /// What the amount is made of.
    pub amount_details: AmountDetailsJson,
}

object!(OfflineDetailsJson {
    stored_at_ms = "storedAtMs",
    requires_upload = "requiresUpload",
    card_present_details = "cardPresentDetails",
    amount_details = "amountDetails",
});

impl From<&OfflineDetails> for OfflineDetailsJson {
    fn from(details: &OfflineDetails) -> Self {
        OfflineDetailsJson {
            stored_at_ms: details.stored_at_ms.0,
            requires_upload: details.requires_upload,
            card_present_details: CardPresentDetailsJson::of(
                &details.card,
                details.read_method.as_str(),
                details.receipt.as_ref(),
                details.authorization_code.as_deref(),
            ),
            amount_details: AmountDetailsJson { tip: TipJson { amount: None } },
        }
    }
}

/// What an amount is made of, in the gateway's form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "AmountDetails"))]
pub struct AmountDetailsJson {
    /// The tip, an empty object when there is none.
    pub tip: TipJson,
}

object!(AmountDetailsJson { tip = "tip", });

/// A tip.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Tip"))]
pub struct TipJson {
    /// In the currency's minor unit, part of the payment's amount. Absent: this till asks for no tip, and one that an app
    /// adds to the amount is the app's own.
    #[cfg_attr(test, ts(type = "number", optional))]
    pub amount: Option<u64>,
}

object!(TipJson { amount absent = "amount", });

/// The connection and what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "OfflineStatus"))]
pub struct OfflineStatusJson {
    /// The till's.
    pub sdk: DetailsJson,
    /// A reader's that stores payments itself; null with every reader that is supported.
    pub reader: Option<DetailsJson>,
}

object!(OfflineStatusJson {
    sdk = "sdk",
    reader = "reader",
});

impl From<&OfflineStatus> for OfflineStatusJson {
    fn from(status: &OfflineStatus) -> Self {
        OfflineStatusJson {
            sdk: DetailsJson::from(&status.sdk),
            reader: status.reader.as_ref().map(DetailsJson::from),
        }
    }
}

/// The status of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "OfflineStatusDetails", rename_all = "camelCase"))]
pub struct DetailsJson {
    /// Whether the gateway can be reached, by a probe of it.
    #[cfg_attr(test, ts(type = "NetworkStatus"))]
    pub network_status: &'static str,
    /// How many payments are stored and not yet forwarded.
    #[cfg_attr(test, ts(type = "number"))]
    pub offline_payments_count: u64,
    /// Their sums by currency, minor units.
    #[cfg_attr(test, ts(type = "Record<string, number>"))]
    pub offline_payment_amounts_by_currency: BTreeMap<String, u64>,
}

object!(DetailsJson {
    network_status = "networkStatus",
    offline_payments_count = "offlinePaymentsCount",
    offline_payment_amounts_by_currency = "offlinePaymentAmountsByCurrency",
});

impl From<&Details> for DetailsJson {
    fn from(details: &Details) -> Self {
        let mut amounts = BTreeMap::new();
        for (currency, amount) in details.stored.amounts.iter() {
            amounts.insert(currency.code().to_owned(), *amount);
        }
        DetailsJson {
            network_status: details.network_status.as_str(),
            offline_payments_count: details.stored.count,
            offline_payment_amounts_by_currency: amounts,
        }
    }
}

/// Something that went wrong with a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PaymentFailure", rename_all = "camelCase"))]
pub struct FailureJson {
    /// When.
    #[cfg_attr(test, ts(type = "number"))]
    pub at_ms: u64,
    /// A stable name.
    pub code: String,
    /// What to do about it.
    pub message: String,
}

object!(FailureJson {
    at_ms = "atMs",
    code = "code",
    message = "message",
});

impl From<&Failure> for FailureJson {
    fn from(failure: &Failure) -> Self {
        FailureJson { at_ms: failure.at.0, code: failure.code.clone(), message: failure.message.clone() }
    }
}

/// A payment of the device's list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Payment", rename_all = "camelCase"))]
pub struct PaymentJson {
    /// The device's name for it.
    pub offline_id: String,
    /// The payment; null when its row cannot be read (`state` is then `unreadable`, and `error` says why).
    pub payment_intent: Option<PaymentIntentJson>,
    /// Where it stands on this device.
    #[cfg_attr(test, ts(type = "PaymentState"))]
    pub state: &'static str,
    /// The card, as far as it may be shown.
    pub card: Option<CardPresentDetailsJson>,
    /// How often it was sent.
    pub attempts: u32,
    /// What went wrong, latest last; the last ten.
    pub failures: Vec<FailureJson>,
    /// The last of them.
    pub last_error: Option<FailureJson>,
    /// What it ended with, or waits with; null when all is well.
    pub error: Option<ErrorJson>,
    /// When it is sent next at the earliest; null when it is not to be sent.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub next_attempt_at_ms: Option<u64>,
    /// When it was stored; null for one that was confirmed online.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub stored_at_ms: Option<u64>,
    /// When a stored one must have been forwarded; null for one that was confirmed online.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub deadline_ms: Option<u64>,
    /// Whether it waits for a person: `retryPaymentIntent`, `voidPaymentIntent` or `settlePaymentIntent`.
    pub needs_attention: bool,
    /// Whether it moves money; null when its row cannot be read.
    pub livemode: Option<bool>,
}

object!(PaymentJson {
    offline_id = "offlineId",
    payment_intent = "paymentIntent",
    state = "state",
    card = "card",
    attempts = "attempts",
    failures = "failures",
    last_error = "lastError",
    error = "error",
    next_attempt_at_ms = "nextAttemptAtMs",
    stored_at_ms = "storedAtMs",
    deadline_ms = "deadlineMs",
    needs_attention = "needsAttention",
    livemode = "livemode",
});

impl From<&PaymentRecord> for PaymentJson {
    fn from(record: &PaymentRecord) -> Self {
        let waits = matches!(
            record.state,
            PaymentState::Confirming { .. } | PaymentState::Stored { .. } | PaymentState::Forwarding { .. }
        );
        let card = &record.card;
        PaymentJson {
            offline_id: record.offline_id.to_string(),
            payment_intent: Some(PaymentIntentJson::from(&intent_of(record))),
            state: record.state.name(),
            card: Some(CardPresentDetailsJson::of(
                &card.shown,
                card.read_method.as_str(),
                card.receipt.as_ref(),
                record.authorization_code(),
            )),
            attempts: record.attempts,
            failures: record.failures.iter().map(FailureJson::from).collect(),
            last_error: record.failures.last().map(FailureJson::from),
            error: error_of(record).map(ErrorJson::from),
            next_attempt_at_ms: waits.then(|| record.due().0),
            stored_at_ms: record.stored_at.map(|at| at.0),
            deadline_ms: record.stored_at.map(|_| record.deadline.0),
            needs_attention: record.needs_attention(),
            livemode: Some(record.livemode),
        }
    }
}

impl From<&Found> for PaymentJson {
    fn from(found: &Found) -> Self {
        match found {
            Found::Record(record) => PaymentJson::from(&**record),
            Found::Unreadable { id, error, .. } => PaymentJson {
                offline_id: id.to_string(),
                payment_intent: None,
                state: "unreadable",
                card: None,
                attempts: 0,
                failures: Vec::new(),
                last_error: None,
                error: Some(ErrorJson::from(error.clone())),
                next_attempt_at_ms: None,
                stored_at_ms: None,
                deadline_ms: None,
                needs_attention: false,
                livemode: None,
            },
        }
    }
}

/// A finished payment, as `forwardpaymentintent` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedJson {
    /// The payment.
    pub payment_intent: PaymentIntentJson,
    /// What it ended with, when it failed.
    pub error: Option<ErrorJson>,
}

object!(ForwardedJson {
    payment_intent = "paymentIntent",
    error = "error",
});

/// A reader, by its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ReaderInfo", rename_all = "camelCase"))]
pub struct ReaderJson {
    /// The product, `idtech_vp3300`.
    pub device_type: String,
    /// The serial number.
    pub serial_number: String,
    /// The firmware.
    pub software_version: String,
}

object!(ReaderJson {
    device_type = "deviceType",
    serial_number = "serialNumber",
    software_version = "softwareVersion",
});

impl From<&ReaderInfo> for ReaderJson {
    fn from(info: &ReaderInfo) -> Self {
        ReaderJson {
            device_type: info.device_type.clone(),
            serial_number: info.serial_number.clone(),
            software_version: info.software_version.clone(),
        }
    }
}

/// What to tell the customer while a card is collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptJson {
    /// `readerinput`: which ways to present a card to ask for, of `insert`, `tap`, `swipe`.
    Input(Vec<&'static str>),
    /// `readermessage`: a stable name.
    Message(&'static str),
}

impl From<ReaderPrompt> for PromptJson {
    fn from(prompt: ReaderPrompt) -> Self {
        PromptJson::Message(match prompt {
            ReaderPrompt::Present(Interfaces { contact, contactless, swipe }) => {
                let ways = [("insert", contact), ("tap", contactless), ("swipe", swipe)];
                let offered = ways.into_iter().filter_map(|(way, offered)| offered.then_some(way));
                return PromptJson::Input(offered.collect());
            }
            ReaderPrompt::DoNotRemove => "do_not_remove_card",
            ReaderPrompt::RemoveCard => "remove_card",
            ReaderPrompt::OneCardOnly => "multiple_contactless_cards_detected",
            ReaderPrompt::TryAgain => "retry_card",
            ReaderPrompt::UseChip => "insert_card",
        })
    }
}

impl ErrorJson {
    /// An error of a code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        TerminalError::new(code, message).into()
    }
}
