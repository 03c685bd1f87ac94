//! The gateway's objects, in Stripe's form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A PaymentIntent as the gateway has it, field for field Stripe's (<https://docs.stripe.com/api/payment_intents/object>).
/// Offline state exists on the device only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentIntent {
    /// `pi_…`
    pub id: String,
    /// Always `payment_intent`.
    pub object: String,
    /// What is to be taken, minor units.
    pub amount: u64,
    /// Authorised and not yet captured, minor units.
    pub amount_capturable: u64,
    /// Taken, minor units.
    pub amount_received: u64,
    /// Parts of the amount.
    pub amount_details: AmountDetails,
    /// Unix seconds.
    pub canceled_at: Option<u64>,
    /// `abandoned`, `requested_by_customer` …
    pub cancellation_reason: Option<String>,
    /// `automatic` or `manual`.
    pub capture_method: String,
    /// `pi_…_secret_…`; no right on the gateway comes from it.
    pub client_secret: String,
    /// Unix seconds.
    pub created: u64,
    /// Lowercase ISO 4217.
    pub currency: String,
    /// Always absent: the gateway keeps no customers.
    pub customer: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Why the last card was declined.
    pub last_payment_error: Option<ErrorBody>,
    /// `ch_…`
    pub latest_charge: Option<String>,
    /// Whether money moves.
    pub livemode: bool,
    /// The app's own data.
    pub metadata: BTreeMap<String, String>,
    /// `pm_…` of the card that was looked at, where one was.
    pub payment_method: Option<String>,
    /// Always `card_present`.
    pub payment_method_types: Vec<String>,
    /// Where a receipt is to go.
    pub receipt_email: Option<String>,
    /// `requires_payment_method` … `succeeded`.
    pub status: String,
}

/// Parts of an amount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountDetails {
    /// The tip, an empty object when there is none.
    #[serde(default)]
    pub tip: BTreeMap<String, u64>,
}

/// A charge: one authorisation and what became of it, field for field Stripe's
/// (<https://docs.stripe.com/api/charges/object>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// `ch_…`
    pub id: String,
    /// Always `charge`.
    pub object: String,
    /// Minor units.
    pub amount: u64,
    /// Minor units.
    pub amount_captured: u64,
    /// Whether the money is taken.
    pub captured: bool,
    /// Unix seconds.
    pub created: u64,
    /// Lowercase ISO 4217.
    pub currency: String,
    /// `card_declined`, where it was.
    pub failure_code: Option<String>,
    /// The same for a person.
    pub failure_message: Option<String>,
    /// Whether money moves.
    pub livemode: bool,
    /// The app's own data.
    pub metadata: BTreeMap<String, String>,
    /// Whether it was authorised.
    pub paid: bool,
    /// `pi_…`
    pub payment_intent: String,
    /// The card.
    pub payment_method_details: PaymentMethodDetails,
    /// `succeeded` or `failed`.
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

/// The card of a charge, Stripe's `payment_method_details.card_present`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardPresent {
    /// Minor units; absent when it was declined.
    pub amount_authorized: Option<u64>,
    /// `visa` …
    pub brand: Option<String>,
    /// As the card gives it.
    pub cardholder_name: Option<String>,
    /// Where it was issued, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Always absent: the chip is released before the issuer answers.
    pub emv_auth_data: Option<String>,
    /// 1 to 12.
    pub exp_month: u8,
    /// Four digits.
    pub exp_year: u16,
    /// `credit`, `debit`, `prepaid` or `unknown`.
    pub funding: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
    /// The network that routed it.
    pub network: Option<String>,
    /// Present when it was collected offline.
    pub offline: Option<OfflineOnWire>,
    /// `contact_emv` …
    pub read_method: Option<String>,
    /// What a receipt prints, Stripe's `receipt` hash of a card-present charge.
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
pub struct Receipt {
    /// `credit`, `checking` …
    pub account_type: Option<String>,
    /// Tag 9F26, hexadecimal.
    pub application_cryptogram: Option<String>,
    /// Tag 9F12, else 50.
    pub application_preferred_name: Option<String>,
    /// The issuer's.
    pub authorization_code: Option<String>,
    /// Tag 8A, hexadecimal.
    pub authorization_response_code: Option<String>,
    /// `none`, `signature`, `offline_pin` …, after tag 9F34.
    pub cardholder_verification_method: Option<String>,
    /// Tag 84, hexadecimal.
    pub dedicated_file_name: Option<String>,
    /// Tag 95, hexadecimal.
    pub terminal_verification_results: Option<String>,
    /// Tag 9B, hexadecimal.
    pub transaction_status_information: Option<String>,
}

/// The settings assigned to a Location: Stripe's `terminal.configuration`, but for the limits in `offline`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// `tmc_…`
    pub id: String,
    /// Always `terminal.configuration`.
    pub object: String,
    /// Whether it holds where a location has none of its own.
    pub is_account_default: bool,
    /// Whether money moves.
    pub livemode: bool,
    /// For people.
    pub name: Option<String>,
    /// What a device may do without a connection.
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

/// Where a device sells: Stripe's `terminal.location`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// `tml_…`
    pub id: String,
    /// Always `terminal.location`.
    pub object: String,
    /// For people, and for receipts.
    pub display_name: String,
    /// `line1`, `city`, `country` (ISO 3166-1 alpha-2) …
    pub address: BTreeMap<String, String>,
    /// `tmc_…`, where it has one of its own.
    pub configuration_overrides: Option<String>,
    /// Whether money moves.
    pub livemode: bool,
    /// The account's own data.
    pub metadata: BTreeMap<String, String>,
}

/// A short-lived secret that lets a device open a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionToken {
    /// Always `terminal.connection_token`.
    pub object: String,
    /// `pst_…`; opens one session.
    pub secret: String,
    /// `tml_…`: where the session sells.
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
pub struct List<T> {
    /// Always `list`.
    pub object: String,
    /// What was asked for.
    pub url: String,
    /// Whether there are more behind these.
    pub has_more: bool,
    /// The objects.
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
