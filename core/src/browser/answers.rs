//! The gateway's answers, read by hand from what the browser's own JSON parser gives. A derived reader of these objects
//! would be a third of the worker's module.
//!
//! A field that is missing or of another kind makes the whole answer unreadable, as a derived reader would; `null` and
//! missing are the same for an optional field.

use std::collections::BTreeMap;

use js_sys::{Array, JSON, Object};
use wasm_bindgen::prelude::*;

use super::device::Endpoints;
use super::js::{get, text, whole, whole_number};
use crate::wire::{
    AmountDetails, ApiError, CardPresent, Charge, Configuration, ConnectionToken, ErrorBody, ForwardResult,
    ForwardResults, Location, OfflineConfiguration, OfflineOnWire, PaymentIntent, PaymentMethod,
    PaymentMethodDetails, Probe, Receipt, Session,
};

/// What can be read from a parsed answer.
pub trait FromJs: Sized {
    /// The object, when `js` has its form.
    fn from_js(js: &JsValue) -> Option<Self>;
}

/// Reads JSON; `None` when it is none, or of another form.
pub fn from_json<T: FromJs>(json: &str) -> Option<T> {
    T::from_js(&JSON::parse(json).ok()?)
}

fn is_absent(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// An optional text: `None` twice over when it is something else.
fn maybe_text(js: &JsValue, name: &str) -> Option<Option<String>> {
    let value = get(js, name);
    if is_absent(&value) { Some(None) } else { value.as_string().map(Some) }
}

fn maybe_whole(js: &JsValue, name: &str) -> Option<Option<u64>> {
    let value = get(js, name);
    if is_absent(&value) { Some(None) } else { whole_number(&value).map(Some) }
}

fn flag(js: &JsValue, name: &str) -> Option<bool> {
    get(js, name).as_bool()
}

fn maybe<T: FromJs>(js: &JsValue, name: &str) -> Option<Option<T>> {
    let value = get(js, name);
    if is_absent(&value) { Some(None) } else { T::from_js(&value).map(Some) }
}

fn array(js: &JsValue, name: &str) -> Option<Vec<JsValue>> {
    Some(get(js, name).dyn_into::<Array>().ok()?.to_vec())
}

fn entries(js: &JsValue, name: &str) -> Option<Vec<(String, JsValue)>> {
    let value = get(js, name);
    if is_absent(&value) {
        return Some(Vec::new());
    }
    let pairs = Object::entries(value.dyn_ref::<Object>()?).to_vec();
    pairs.into_iter().map(|pair| Some((text(&pair, "0")?, get(&pair, "1")))).collect()
}

// Inserted one by one: collecting into a map sorts first, and a sort is two kilobytes for each kind of value.
fn texts(js: &JsValue, name: &str) -> Option<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for (key, value) in entries(js, name)? {
        texts.insert(key, value.as_string()?);
    }
    Some(texts)
}

fn numbers(js: &JsValue, name: &str) -> Option<BTreeMap<String, u64>> {
    let mut numbers = BTreeMap::new();
    for (key, value) in entries(js, name)? {
        numbers.insert(key, whole_number(&value)?);
    }
    Some(numbers)
}

impl FromJs for ForwardResults {
    fn from_js(js: &JsValue) -> Option<Self> {
        // One that cannot be read is no answer for its payment; the others have theirs.
        Some(ForwardResults {
            results: array(js, "results")?.iter().filter_map(ForwardResult::from_js).collect(),
        })
    }
}

impl FromJs for ForwardResult {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(ForwardResult {
            offline_id: text(js, "offline_id")?,
            status: u16::try_from(whole(js, "status")?).ok()?,
            payment_intent: maybe(js, "payment_intent")?,
            charge: maybe(js, "charge")?,
            error: maybe(js, "error")?,
        })
    }
}

impl FromJs for PaymentIntent {
    fn from_js(js: &JsValue) -> Option<Self> {
        let types = array(js, "payment_method_types")?;
        Some(PaymentIntent {
            id: text(js, "id")?,
            object: text(js, "object")?,
            amount: whole(js, "amount")?,
            amount_capturable: whole(js, "amount_capturable")?,
            amount_received: whole(js, "amount_received")?,
            amount_details: AmountDetails { tip: numbers(&get(js, "amount_details"), "tip")? },
            canceled_at: maybe_whole(js, "canceled_at")?,
            cancellation_reason: maybe_text(js, "cancellation_reason")?,
            capture_method: text(js, "capture_method")?,
            client_secret: text(js, "client_secret")?,
            created: whole(js, "created")?,
            currency: text(js, "currency")?,
            customer: maybe_text(js, "customer")?,
            description: maybe_text(js, "description")?,
            last_payment_error: maybe(js, "last_payment_error")?,
            latest_charge: maybe_text(js, "latest_charge")?,
            livemode: flag(js, "livemode")?,
            metadata: texts(js, "metadata")?,
            payment_method: maybe_text(js, "payment_method")?,
            payment_method_types: types.iter().map(JsValue::as_string).collect::<Option<_>>()?,
            receipt_email: maybe_text(js, "receipt_email")?,
            status: text(js, "status")?,
        })
    }
}

impl FromJs for Charge {
    fn from_js(js: &JsValue) -> Option<Self> {
        let details = get(js, "payment_method_details");
        Some(Charge {
            id: text(js, "id")?,
            object: text(js, "object")?,
            amount: whole(js, "amount")?,
            amount_captured: whole(js, "amount_captured")?,
            captured: flag(js, "captured")?,
            created: whole(js, "created")?,
            currency: text(js, "currency")?,
            failure_code: maybe_text(js, "failure_code")?,
            failure_message: maybe_text(js, "failure_message")?,
            livemode: flag(js, "livemode")?,
            metadata: texts(js, "metadata")?,
            paid: flag(js, "paid")?,
            payment_intent: text(js, "payment_intent")?,
            payment_method_details: PaymentMethodDetails {
                kind: text(&details, "type")?,
                card_present: CardPresent::from_js(&get(&details, "card_present"))?,
            },
            status: text(js, "status")?,
        })
    }
}

impl FromJs for CardPresent {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(CardPresent {
            amount_authorized: maybe_whole(js, "amount_authorized")?,
            brand: maybe_text(js, "brand")?,
            cardholder_name: maybe_text(js, "cardholder_name")?,
            country: maybe_text(js, "country")?,
            emv_auth_data: maybe_text(js, "emv_auth_data")?,
            exp_month: u8::try_from(whole(js, "exp_month")?).ok()?,
            exp_year: u16::try_from(whole(js, "exp_year")?).ok()?,
            funding: maybe_text(js, "funding")?,
            last4: maybe_text(js, "last4")?,
            network: maybe_text(js, "network")?,
            offline: maybe(js, "offline")?,
            read_method: maybe_text(js, "read_method")?,
            receipt: maybe(js, "receipt")?,
        })
    }
}

impl FromJs for PaymentMethod {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(PaymentMethod {
            id: text(js, "id")?,
            object: text(js, "object")?,
            kind: text(js, "type")?,
            created: whole(js, "created")?,
            livemode: flag(js, "livemode")?,
            card_present: CardPresent::from_js(&get(js, "card_present"))?,
        })
    }
}

impl FromJs for OfflineOnWire {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(OfflineOnWire { stored_at: whole(js, "stored_at")?, kind: text(js, "type")? })
    }
}

impl FromJs for Receipt {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(Receipt {
            account_type: maybe_text(js, "account_type")?,
            application_cryptogram: maybe_text(js, "application_cryptogram")?,
            application_preferred_name: maybe_text(js, "application_preferred_name")?,
            authorization_code: maybe_text(js, "authorization_code")?,
            authorization_response_code: maybe_text(js, "authorization_response_code")?,
            cardholder_verification_method: maybe_text(js, "cardholder_verification_method")?,
            dedicated_file_name: maybe_text(js, "dedicated_file_name")?,
            terminal_verification_results: maybe_text(js, "terminal_verification_results")?,
            transaction_status_information: maybe_text(js, "transaction_status_information")?,
        })
    }
}

impl FromJs for ErrorBody {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(ErrorBody {
            kind: text(js, "type")?,
            code: maybe_text(js, "code")?,
            decline_code: maybe_text(js, "decline_code")?,
            message: text(js, "message")?,
            param: maybe_text(js, "param")?,
        })
    }
}

impl FromJs for ApiError {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(ApiError { error: ErrorBody::from_js(&get(js, "error"))? })
    }
}

impl FromJs for Probe {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(Probe { object: text(js, "object")?, nonce: text(js, "nonce")? })
    }
}

impl FromJs for ConnectionToken {
    /// Of what the app's own server gives only the secret is needed.
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(ConnectionToken {
            object: text(js, "object").unwrap_or_default(),
            secret: text(js, "secret")?,
            location: text(js, "location"),
        })
    }
}

impl FromJs for Session {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(Session {
            object: text(js, "object")?,
            secret: text(js, "secret")?,
            expires_at: whole(js, "expires_at")?,
            account: text(js, "account")?,
            livemode: flag(js, "livemode")?,
            location: Location::from_js(&get(js, "location"))?,
            configuration: Configuration::from_js(&get(js, "configuration"))?,
        })
    }
}

impl FromJs for Location {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(Location {
            id: text(js, "id")?,
            object: text(js, "object")?,
            display_name: text(js, "display_name")?,
            address: texts(js, "address")?,
            configuration_overrides: maybe_text(js, "configuration_overrides")?,
            livemode: flag(js, "livemode")?,
            metadata: texts(js, "metadata")?,
        })
    }
}

impl FromJs for Configuration {
    fn from_js(js: &JsValue) -> Option<Self> {
        let offline = get(js, "offline");
        Some(Configuration {
            id: text(js, "id")?,
            object: text(js, "object")?,
            is_account_default: flag(js, "is_account_default")?,
            livemode: flag(js, "livemode")?,
            name: maybe_text(js, "name")?,
            offline: OfflineConfiguration {
                enabled: flag(&offline, "enabled")?,
                payment_amount_max: numbers(&offline, "payment_amount_max")?,
                stored_amount_max: numbers(&offline, "stored_amount_max")?,
                stored_count_max: maybe_whole(&offline, "stored_count_max")?,
                stored_age_max_s: maybe_whole(&offline, "stored_age_max_s")?,
                forward_within_s: maybe_whole(&offline, "forward_within_s")?,
                retain_for_s: maybe_whole(&offline, "retain_for_s")?,
            },
        })
    }
}

impl FromJs for Endpoints {
    fn from_js(js: &JsValue) -> Option<Self> {
        Some(Endpoints {
            gateway_url: text(js, "gateway_url")?,
            connection_token_url: text(js, "connection_token_url")?,
        })
    }
}
