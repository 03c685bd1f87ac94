//! The gateway's objects, in Stripe's form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A PaymentIntent as the gateway has it. Offline state exists on the device only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Field for field Stripe's PaymentIntent.
pub struct PaymentIntent {
    pub id: String,
    pub object: String,
    pub amount: u64,
    pub amount_capturable: u64,
    pub amount_received: u64,
    pub amount_details: AmountDetails,
    pub canceled_at: Option<u64>,
    pub cancellation_reason: Option<String>,
    pub capture_method: String,
    pub client_secret: String,
    pub created: u64,
    pub currency: String,
    pub customer: Option<String>,
    pub description: Option<String>,
    pub last_payment_error: Option<ErrorBody>,
    pub latest_charge: Option<String>,
    pub livemode: bool,
    pub metadata: BTreeMap<String, String>,
    pub payment_method: Option<String>,
    pub payment_method_types: Vec<String>,
    pub receipt_email: Option<String>,
    pub status: String,
}

/// Parts of an amount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountDetails {
    /// The tip, an empty object when there is none.
    #[serde(default)]
    pub tip: BTreeMap<String, u64>,
}

/// A charge: one authorisation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Field for field Stripe's Charge.
pub struct Charge {
    pub id: String,
    pub object: String,
    pub amount: u64,
    pub amount_captured: u64,
    pub captured: bool,
    pub created: u64,
    pub currency: String,
    pub failure_code: Option<String>,
    pub failure_message: Option<String>,
    pub livemode: bool,
    pub metadata: BTreeMap<String, String>,
    pub paid: bool,
    pub payment_intent: String,
    pub payment_method_details: PaymentMethodDetails,
    pub status: String,
}

/// `{"type":"card_present","card_present":{…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethodDetails {
    /// Always `card_present` here.
    #[serde(rename = "type")]
    pub kind: String,
    /// The card.
    pub card_present: CardPresent,
}

/// The card of a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Field for field Stripe's payment_method_details.card_present.
pub struct CardPresent {
    pub amount_authorized: Option<u64>,
    pub brand: Option<String>,
    pub cardholder_name: Option<String>,
    pub country: Option<String>,
    pub emv_auth_data: Option<String>,
    pub exp_month: u8,
    pub exp_year: u16,
    pub funding: Option<String>,
    pub last4: Option<String>,
    pub network: Option<String>,
    pub offline: Option<OfflineOnWire>,
    pub read_method: Option<String>,
    pub receipt: Option<Receipt>,
}

/// That a charge was collected offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfflineOnWire {
    /// When the device stored it, unix seconds.
    pub stored_at: u64,
    /// Always `deferred`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A card that was collected and not yet confirmed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// `pm_…`
    pub id: String,
    /// Always `payment_method`.
    pub object: String,
    /// Always `card_present` here.
    #[serde(rename = "type")]
    pub kind: String,
    /// Unix seconds.
    pub created: u64,
    /// Whether money moves.
    pub livemode: bool,
    /// The card.
    pub card_present: CardPresent,
}

/// What a receipt prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Field for field Stripe's receipt hash.
pub struct Receipt {
    pub account_type: Option<String>,
    pub application_cryptogram: Option<String>,
    pub application_preferred_name: Option<String>,
    pub authorization_code: Option<String>,
    pub authorization_response_code: Option<String>,
    pub cardholder_verification_method: Option<String>,
    pub dedicated_file_name: Option<String>,
    pub terminal_verification_results: Option<String>,
    pub transaction_status_information: Option<String>,
}

/// The settings assigned to a Location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Field for field Stripe's terminal.configuration, but for `offline`.
pub struct Configuration {
    pub id: String,
    pub object: String,
    pub is_account_default: bool,
    pub livemode: bool,
    pub name: Option<String>,
    pub offline: OfflineConfiguration,
}

/// What a device may do without a connection. `enabled` is Stripe's; the limits are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfflineConfiguration {
    /// Whether payments may be stored at all.
    pub enabled: bool,
    /// The most one stored payment may have, by currency, minor units. A currency that is absent is refused.
    #[serde(default)]
    pub payment_amount_max: BTreeMap<String, u64>,
    /// The most all stored payments together may have, by currency, minor units. Absent: no limit.
    #[serde(default)]
    pub stored_amount_max: BTreeMap<String, u64>,
    /// How many payments may be stored. Absent: no limit.
    #[serde(default)]
    pub stored_count_max: Option<u64>,
    /// How old the oldest stored payment may be before no further one is taken, seconds. Absent: no limit.
    #[serde(default)]
    pub stored_age_max_s: Option<u64>,
    /// Within how many seconds a stored payment must be forwarded; card schemes expect 24 h.
    #[serde(default)]
    pub forward_within_s: Option<u64>,
    /// For how many seconds a device keeps a finished payment for reconciliation. Absent: 90 days.
    #[serde(default)]
    pub retain_for_s: Option<u64>,
}

/// Where a device sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Field for field Stripe's terminal.location.
pub struct Location {
    pub id: String,
    pub object: String,
    pub display_name: String,
    pub address: BTreeMap<String, String>,
    pub configuration_overrides: Option<String>,
    pub livemode: bool,
    pub metadata: BTreeMap<String, String>,
}

/// A short-lived secret that lets a device open a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Field for field Stripe's terminal.connection_token.
pub struct ConnectionToken {
    pub object: String,
    pub secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// `POST /v1/terminal/sessions`: open a device's session with a connection token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRequest {
    /// The connection token's secret. Used once.
    pub connection_token: String,
    /// The device's own lasting name, a UUID.
    pub device_id: String,
}

/// A device's session: the secret authorises its requests (`Authorization: Bearer …`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Always `terminal.session`.
    pub object: String,
    /// The bearer secret, `tss_…`.
    pub secret: String,
    /// When the secret ends, unix seconds.
    pub expires_at: u64,
    /// Whose payments they are, `acct_…`.
    pub account: String,
    /// Whether money moves.
    pub livemode: bool,
    /// Where the device sells.
    pub location: Location,
    /// The settings in force at the location.
    pub configuration: Configuration,
}

/// `GET /v1/probe?nonce=…`: that the gateway itself is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Always `probe`.
    pub object: String,
    /// The nonce of the request.
    pub nonce: String,
}

/// A list in Stripe's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Field for field Stripe's list object.
pub struct List<T> {
    pub object: String,
    pub url: String,
    pub has_more: bool,
    pub data: Vec<T>,
}

/// `{"error":{…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong, in Stripe's form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// `card_error`, `invalid_request_error`, `api_error` or `idempotency_error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The issuer's reason, with `card_declined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<String>,
    /// What to do about it.
    pub message: String,
    /// The parameter at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
}
