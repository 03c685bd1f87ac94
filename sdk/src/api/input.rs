//! What apps give. Values are read leniently and checked here, so that a mistake is answered with the name of what is
//! wrong.

use std::collections::BTreeMap;

use tillandsia_core::error::TerminalError;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::money::Money;
use tillandsia_core::payment_intent::{CaptureMethod, OfflineBehavior};
use tillandsia_core::terminal::{CollectParameters, ConfirmParameters, CreateParameters};

use super::given::{A_TEXT, A_WHOLE, FromGiven, Given, flag, needed, text, texts, whole};
use super::{invalid, offline_id};

/// How many payments a list has when the app does not say.
pub const LIST_LIMIT_DEFAULT: usize = 20;
/// How many payments a list has at most.
pub const LIST_LIMIT_MAX: usize = 100;

/// A whole number, zero or more. JavaScript's numbers are floats: one with a fraction is refused, never rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "number"))]
pub struct Whole(pub u64);

impl Whole {
    /// The number, where it is one; 2^53 is where not every whole number is exact any more.
    pub(super) fn exactly(number: f64) -> Option<Whole> {
        let exact = (0.0..=9_007_199_254_740_992.0).contains(&number) && number.trunc() == number;
        exact.then_some(Whole(number as u64))
    }
}

/// What `createPaymentIntent` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(ts_rs::TS),
    ts(rename = "CreatePaymentIntentOptions", rename_all = "camelCase", optional_fields)
)]
pub struct CreateOptions {
    /// What is taken, in the currency's minor unit: 1099 is 10.99 US dollars.
    #[cfg_attr(test, ts(inline))]
    pub amount: Whole,
    /// ISO 4217, `usd`.
    pub currency: String,
    /// When the money is taken; `automatic` when absent.
    #[cfg_attr(test, ts(as = "Option<super::types::CaptureMethod>"))]
    pub capture_method: Option<String>,
    /// Whether it may be taken offline; `prefer_online` when absent.
    #[cfg_attr(test, ts(as = "Option<super::types::OfflineBehavior>"))]
    pub offline_behavior: Option<String>,
    /// The app's own data: at most 50 keys of 40 characters with values of 500.
    pub metadata: Option<BTreeMap<String, String>>,
    /// For people, as the gateway's lists show it: at most 1,000 characters.
    pub description: Option<String>,
    /// Where the gateway sends a receipt, and how the customer can be reached should a stored payment be declined.
    pub receipt_email: Option<String>,
}

impl FromGiven for CreateOptions {
    fn from_given(given: &dyn Given) -> Result<Self, TerminalError> {
        Ok(CreateOptions {
            amount: needed(whole(given, "amount")?, "amount", A_WHOLE)?,
            currency: needed(text(given, "currency")?, "currency", A_TEXT)?,
            capture_method: text(given, "captureMethod")?,
            offline_behavior: text(given, "offlineBehavior")?,
            metadata: texts(given, "metadata")?,
            description: text(given, "description")?,
            receipt_email: text(given, "receiptEmail")?,
        })
    }
}

impl CreateOptions {
    pub(super) fn parameters(self) -> Result<CreateParameters, TerminalError> {
        let currency = self.currency.parse().map_err(|error| invalid(format!("currency: {error}")))?;
        let capture_method = match self.capture_method.as_deref() {
            None | Some("automatic") => CaptureMethod::Automatic,
            Some("manual") => CaptureMethod::Manual,
            Some(_) => return Err(invalid("captureMethod: give `automatic` or `manual`")),
        };
        Ok(CreateParameters {
            amount: Money::new(self.amount.0, currency),
            capture_method,
            offline_behavior: behavior(self.offline_behavior.as_deref())?.unwrap_or_default(),
            metadata: self.metadata.unwrap_or_default(),
            description: self.description,
            receipt_email: self.receipt_email,
        })
    }
}

fn behavior(name: Option<&str>) -> Result<Option<OfflineBehavior>, TerminalError> {
    let known =
        [OfflineBehavior::PreferOnline, OfflineBehavior::RequireOnline, OfflineBehavior::ForceOffline];
    match name {
        None => Ok(None),
        Some(name) => {
            known.into_iter().find(|behavior| behavior.as_str() == name).map(Some).ok_or_else(|| {
                invalid("offlineBehavior: give `prefer_online`, `require_online` or `force_offline`")
            })
        }
    }
}

/// What `collectPaymentMethod` takes besides the payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(ts_rs::TS),
    ts(rename = "CollectPaymentMethodOptions", rename_all = "camelCase", optional_fields)
)]
pub struct CollectOptions {
    /// Has the gateway look at the card, so that `paymentMethod` tells what it is before it is charged. Online only.
    pub update_payment_intent: Option<bool>,
}

impl FromGiven for CollectOptions {
    fn from_given(given: &dyn Given) -> Result<Self, TerminalError> {
        Ok(CollectOptions { update_payment_intent: flag(given, "updatePaymentIntent")? })
    }
}

impl CollectOptions {
    pub(super) fn parameters(self) -> CollectParameters {
        CollectParameters { update_payment_intent: self.update_payment_intent.unwrap_or_default() }
    }
}

/// What `confirmPaymentIntent` takes besides the payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(ts_rs::TS),
    ts(rename = "ConfirmPaymentIntentOptions", rename_all = "camelCase", optional_fields)
)]
pub struct ConfirmOptions {
    /// Whether it may be taken offline, decided anew; as at its creation when absent.
    #[cfg_attr(test, ts(as = "Option<super::types::OfflineBehavior>"))]
    pub offline_behavior: Option<String>,
}

impl FromGiven for ConfirmOptions {
    fn from_given(given: &dyn Given) -> Result<Self, TerminalError> {
        Ok(ConfirmOptions { offline_behavior: text(given, "offlineBehavior")? })
    }
}

impl ConfirmOptions {
    pub(super) fn parameters(&self) -> Result<ConfirmParameters, TerminalError> {
        Ok(ConfirmParameters { offline_behavior: behavior(self.offline_behavior.as_deref())? })
    }
}

/// What `capturePaymentIntent` takes besides the payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(ts_rs::TS),
    ts(rename = "CapturePaymentIntentOptions", rename_all = "camelCase", optional_fields)
)]
pub struct CaptureOptions {
    /// Less than what was authorised, in the minor unit; all of it when absent.
    #[cfg_attr(test, ts(inline))]
    pub amount_to_capture: Option<Whole>,
}

impl FromGiven for CaptureOptions {
    fn from_given(given: &dyn Given) -> Result<Self, TerminalError> {
        Ok(CaptureOptions { amount_to_capture: whole(given, "amountToCapture")? })
    }
}

/// What `listPayments` and `listAttention` take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(ts_rs::TS),
    ts(rename = "ListPaymentsOptions", rename_all = "camelCase", optional_fields)
)]
pub struct ListOptions {
    /// Only payments older than this one: the `offlineId` of the last one seen.
    pub before: Option<String>,
    /// How many at most, 1 to 100; 20 when absent.
    #[cfg_attr(test, ts(inline))]
    pub limit: Option<Whole>,
}

impl FromGiven for ListOptions {
    fn from_given(given: &dyn Given) -> Result<Self, TerminalError> {
        Ok(ListOptions { before: text(given, "before")?, limit: whole(given, "limit")? })
    }
}

impl ListOptions {
    pub(super) fn limit(&self) -> Result<usize, TerminalError> {
        let limit = self.limit.map_or(Some(LIST_LIMIT_DEFAULT), |limit| usize::try_from(limit.0).ok());
        limit
            .filter(|limit| (1..=LIST_LIMIT_MAX).contains(limit))
            .ok_or_else(|| invalid(format!("limit: give 1 to {LIST_LIMIT_MAX}")))
    }

    pub(super) fn before(&self) -> Result<Option<OfflineId>, TerminalError> {
        self.before.as_deref().map(offline_id).transpose().map_err(|_| invalid("before: give an `offlineId`"))
    }
}
