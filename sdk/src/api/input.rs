//! What apps give. Values are read leniently and checked here, so that a mistake is answered with the name of what is
//! wrong.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use tillandsia_core::error::TerminalError;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::money::Money;
use tillandsia_core::payment_intent::{CaptureMethod, OfflineBehavior};
use tillandsia_core::terminal::{CollectParameters, ConfirmParameters, CreateParameters};

use super::{invalid, offline_id};

/// How many payments a list has when the app does not say.
pub const LIST_LIMIT_DEFAULT: usize = 20;
/// How many payments a list has at most.
pub const LIST_LIMIT_MAX: usize = 100;

/// A whole number, zero or more. JavaScript's numbers are floats: one with a fraction is refused, never rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "number"))]
pub struct Whole(pub u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl Visitor<'_> for Numbers {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, zero or more (amounts are in the currency's minor unit)")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Whole, E> {
                Ok(Whole(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Whole, E> {
                u64::try_from(value)
                    .map(Whole)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(value), &self))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Whole, E> {
                // 2^53, up to which every whole number is exact.
                if (0.0..=9_007_199_254_740_992.0).contains(&value) && value.trunc() == value {
                    Ok(Whole(value as u64))
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Float(value), &self))
                }
            }
        }
        from.deserialize_any(Numbers)
    }
}

/// What `createPaymentIntent` takes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "CreatePaymentIntentOptions", optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct CreateOptions {
    /// What is taken, in the currency's minor unit: 1099 is 10.99 US dollars.
    #[cfg_attr(test, ts(inline))]
    pub amount: Whole,
    /// ISO 4217, `usd`.
    pub currency: String,
    /// When the money is taken; `automatic` when absent.
    #[cfg_attr(test, ts(as = "Option<super::types::CaptureMethod>"))]
    #[serde(default)]
    pub capture_method: Option<String>,
    /// Whether it may be taken offline; `prefer_online` when absent.
    #[cfg_attr(test, ts(as = "Option<super::types::OfflineBehavior>"))]
    #[serde(default)]
    pub offline_behavior: Option<String>,
    /// The app's own data: at most 50 keys of 40 characters with values of 500.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
    /// For people, as the gateway's lists show it: at most 1,000 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Where the gateway sends a receipt, and how the customer can be reached should a stored payment be declined.
    #[serde(default)]
    pub receipt_email: Option<String>,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "CollectPaymentMethodOptions", optional_fields))]
#[serde(rename_all = "camelCase", default)]
pub struct CollectOptions {
    /// Has the gateway look at the card, so that `paymentMethod` tells what it is before it is charged. Online only.
    pub update_payment_intent: Option<bool>,
}

impl CollectOptions {
    pub(super) fn parameters(self) -> CollectParameters {
        CollectParameters { update_payment_intent: self.update_payment_intent.unwrap_or_default() }
    }
}

/// What `confirmPaymentIntent` takes besides the payment.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ConfirmPaymentIntentOptions", optional_fields))]
#[serde(rename_all = "camelCase", default)]
pub struct ConfirmOptions {
    /// Whether it may be taken offline, decided anew; as at its creation when absent.
    #[cfg_attr(test, ts(as = "Option<super::types::OfflineBehavior>"))]
    pub offline_behavior: Option<String>,
}

impl ConfirmOptions {
    pub(super) fn parameters(&self) -> Result<ConfirmParameters, TerminalError> {
        Ok(ConfirmParameters { offline_behavior: behavior(self.offline_behavior.as_deref())? })
    }
}

/// What `capturePaymentIntent` takes besides the payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "CapturePaymentIntentOptions", optional_fields))]
#[serde(rename_all = "camelCase", default)]
pub struct CaptureOptions {
    /// Less than what was authorised, in the minor unit; all of it when absent.
    #[cfg_attr(test, ts(inline))]
    pub amount_to_capture: Option<Whole>,
}

/// What `listPayments` and `listAttention` take.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ListPaymentsOptions", optional_fields))]
#[serde(rename_all = "camelCase", default)]
pub struct ListOptions {
    /// Only payments older than this one: the `offlineId` of the last one seen.
    pub before: Option<String>,
    /// How many at most, 1 to 100; 20 when absent.
    #[cfg_attr(test, ts(inline))]
    pub limit: Option<Whole>,
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
