//! The gateway's answers, read by hand from what the browser's own JSON parser gives. A derived reader of these objects
//! would be a third of the worker's module.
//!
//! A field that is missing or of another kind makes the whole answer unreadable, as a derived reader would; `null` and
//! missing are the same for an optional field. Such a field is only noted, and reading goes on to the end: leaving at
//! each of a hundred fields, what was read before thrown away, would be twice the code.

use std::cell::Cell;
use std::collections::BTreeMap;

use js_sys::{Array, JSON, Object};
use wasm_bindgen::prelude::*;

use super::device::Endpoints;
use super::js::{get, text, whole_number};
use crate::wire::{
    AmountDetails, ApiError, CardPresent, Charge, Configuration, ConnectionToken, ErrorBody, ForwardResult,
    ForwardResults, Location, OfflineConfiguration, OfflineOnWire, PaymentIntent, PaymentMethod,
    PaymentMethodDetails, Probe, Receipt, Session,
};

/// What can be read from a parsed answer.
pub trait FromJs: Sized {
    /// The object of these fields; it is of use only when all of them fit.
    fn from_js(fields: &Fields<'_>) -> Self;
}

/// Reads JSON; `None` when it is none, or of another form.
pub fn from_json<T: FromJs>(json: &str) -> Option<T> {
    read(JSON::parse(json).ok()?)
}

fn read<T: FromJs>(js: JsValue) -> Option<T> {
    let unfit = Cell::new(false);
    let object = T::from_js(&Fields { js, unfit: &unfit });
    (!unfit.get()).then_some(object)
}

/// The fields of an object, and whether one of them was not as it should be.
#[derive(Debug)]
pub struct Fields<'a> {
    js: JsValue,
    unfit: &'a Cell<bool>,
}

impl Fields<'_> {
    /// What was read, or a default in place of what does not fit.
    fn fits<T: Default>(&self, read: Option<T>) -> T {
        if read.is_none() {
            self.unfit.set(true);
        }
        read.unwrap_or_default()
    }

    /// A field that may be missing.
    fn present(&self, name: &str) -> Option<JsValue> {
        Some(get(&self.js, name)).filter(|value| !value.is_undefined() && !value.is_null())
    }

    fn text(&self, name: &str) -> String {
        self.fits(text(&self.js, name))
    }

    fn maybe_text(&self, name: &str) -> Option<String> {
        self.present(name).map(|value| self.fits(value.as_string()))
    }

    fn whole(&self, name: &str) -> u64 {
        self.fits(whole_number(&get(&self.js, name)))
    }

    fn maybe_whole(&self, name: &str) -> Option<u64> {
        self.present(name).map(|value| self.fits(whole_number(&value)))
    }

    /// A whole number of fewer bits.
    fn small<T: TryFrom<u64> + Default>(&self, name: &str) -> T {
        self.fits(T::try_from(self.whole(name)).ok())
    }

    fn flag(&self, name: &str) -> bool {
        self.fits(get(&self.js, name).as_bool())
    }

    fn object<T: FromJs>(&self, name: &str) -> T {
        T::from_js(&Fields { js: get(&self.js, name), unfit: self.unfit })
    }

    fn maybe<T: FromJs>(&self, name: &str) -> Option<T> {
        self.present(name).map(|js| T::from_js(&Fields { js, unfit: self.unfit }))
    }

    fn array(&self, name: &str) -> Vec<JsValue> {
        self.fits(get(&self.js, name).dyn_into::<Array>().ok().map(|array| array.to_vec()))
    }

    fn entries(&self, name: &str) -> Vec<(String, JsValue)> {
        let Some(value) = self.present(name) else { return Vec::new() };
        let pairs = self.fits(value.dyn_ref::<Object>().map(|object| Object::entries(object).to_vec()));
        pairs.into_iter().map(|pair| (self.fits(text(&pair, "0")), get(&pair, "1"))).collect()
    }

    // Inserted one by one: collecting into a map sorts first, and a sort is two kilobytes for each kind of value.
    fn texts(&self, name: &str) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (key, value) in self.entries(name) {
            texts.insert(key, self.fits(value.as_string()));
        }
        texts
    }

    fn numbers(&self, name: &str) -> BTreeMap<String, u64> {
        let mut numbers = BTreeMap::new();
        for (key, value) in self.entries(name) {
            numbers.insert(key, self.fits(whole_number(&value)));
        }
        numbers
    }
}

impl FromJs for ForwardResults {
    fn from_js(fields: &Fields<'_>) -> Self {
        // One that cannot be read is no answer for its payment; the others have theirs.
        ForwardResults { results: fields.array("results").into_iter().filter_map(read).collect() }
    }
}

impl FromJs for ForwardResult {
    fn from_js(fields: &Fields<'_>) -> Self {
        ForwardResult {
            offline_id: fields.text("offline_id"),
            status: fields.small("status"),
            payment_intent: fields.maybe("payment_intent"),
            charge: fields.maybe("charge"),
            error: fields.maybe("error"),
        }
    }
}

impl FromJs for PaymentIntent {
    fn from_js(fields: &Fields<'_>) -> Self {
        let types = fields.array("payment_method_types");
        PaymentIntent {
            id: fields.text("id"),
            object: fields.text("object"),
            amount: fields.whole("amount"),
            amount_capturable: fields.whole("amount_capturable"),
            amount_received: fields.whole("amount_received"),
            amount_details: fields.object("amount_details"),
            canceled_at: fields.maybe_whole("canceled_at"),
            cancellation_reason: fields.maybe_text("cancellation_reason"),
            capture_method: fields.text("capture_method"),
            client_secret: fields.text("client_secret"),
            created: fields.whole("created"),
            currency: fields.text("currency"),
            customer: fields.maybe_text("customer"),
            description: fields.maybe_text("description"),
            last_payment_error: fields.maybe("last_payment_error"),
            latest_charge: fields.maybe_text("latest_charge"),
            livemode: fields.flag("livemode"),
            metadata: fields.texts("metadata"),
            payment_method: fields.maybe_text("payment_method"),
            payment_method_types: types.iter().map(|kind| fields.fits(kind.as_string())).collect(),
            receipt_email: fields.maybe_text("receipt_email"),
            status: fields.text("status"),
        }
    }
}

impl FromJs for Charge {
    fn from_js(fields: &Fields<'_>) -> Self {
        Charge {
            id: fields.text("id"),
            object: fields.text("object"),
            amount: fields.whole("amount"),
            amount_captured: fields.whole("amount_captured"),
            captured: fields.flag("captured"),
            created: fields.whole("created"),
            currency: fields.text("currency"),
            failure_code: fields.maybe_text("failure_code"),
            failure_message: fields.maybe_text("failure_message"),
            livemode: fields.flag("livemode"),
            metadata: fields.texts("metadata"),
            paid: fields.flag("paid"),
            payment_intent: fields.text("payment_intent"),
            payment_method_details: fields.object("payment_method_details"),
            status: fields.text("status"),
        }
    }
}

impl FromJs for AmountDetails {
    fn from_js(fields: &Fields<'_>) -> Self {
        AmountDetails { tip: fields.numbers("tip") }
    }
}

impl FromJs for PaymentMethodDetails {
    fn from_js(fields: &Fields<'_>) -> Self {
        PaymentMethodDetails { kind: fields.text("type"), card_present: fields.object("card_present") }
    }
}

impl FromJs for CardPresent {
    fn from_js(fields: &Fields<'_>) -> Self {
        CardPresent {
            amount_authorized: fields.maybe_whole("amount_authorized"),
            brand: fields.maybe_text("brand"),
            cardholder_name: fields.maybe_text("cardholder_name"),
            country: fields.maybe_text("country"),
            emv_auth_data: fields.maybe_text("emv_auth_data"),
            exp_month: fields.small("exp_month"),
            exp_year: fields.small("exp_year"),
            funding: fields.maybe_text("funding"),
            last4: fields.maybe_text("last4"),
            network: fields.maybe_text("network"),
            offline: fields.maybe("offline"),
            read_method: fields.maybe_text("read_method"),
            receipt: fields.maybe("receipt"),
        }
    }
}

impl FromJs for PaymentMethod {
    fn from_js(fields: &Fields<'_>) -> Self {
        PaymentMethod {
            id: fields.text("id"),
            object: fields.text("object"),
            kind: fields.text("type"),
            created: fields.whole("created"),
            livemode: fields.flag("livemode"),
            card_present: fields.object("card_present"),
        }
    }
}

impl FromJs for OfflineOnWire {
    fn from_js(fields: &Fields<'_>) -> Self {
        OfflineOnWire { stored_at: fields.whole("stored_at"), kind: fields.text("type") }
    }
}

impl FromJs for Receipt {
    fn from_js(fields: &Fields<'_>) -> Self {
        Receipt {
            account_type: fields.maybe_text("account_type"),
            application_cryptogram: fields.maybe_text("application_cryptogram"),
            application_preferred_name: fields.maybe_text("application_preferred_name"),
            authorization_code: fields.maybe_text("authorization_code"),
            authorization_response_code: fields.maybe_text("authorization_response_code"),
            cardholder_verification_method: fields.maybe_text("cardholder_verification_method"),
            dedicated_file_name: fields.maybe_text("dedicated_file_name"),
            terminal_verification_results: fields.maybe_text("terminal_verification_results"),
            transaction_status_information: fields.maybe_text("transaction_status_information"),
        }
    }
}

impl FromJs for ErrorBody {
    fn from_js(fields: &Fields<'_>) -> Self {
        ErrorBody {
            kind: fields.text("type"),
            code: fields.maybe_text("code"),
            decline_code: fields.maybe_text("decline_code"),
            message: fields.text("message"),
            param: fields.maybe_text("param"),
        }
    }
}

impl FromJs for ApiError {
    fn from_js(fields: &Fields<'_>) -> Self {
        ApiError { error: fields.object("error") }
    }
}

impl FromJs for Probe {
    fn from_js(fields: &Fields<'_>) -> Self {
        Probe { object: fields.text("object"), nonce: fields.text("nonce") }
    }
}

impl FromJs for ConnectionToken {
    /// Of what the app's own server gives only the secret is needed.
    fn from_js(fields: &Fields<'_>) -> Self {
        ConnectionToken {
            object: text(&fields.js, "object").unwrap_or_default(),
            secret: fields.text("secret"),
            location: text(&fields.js, "location"),
        }
    }
}

impl FromJs for Session {
    fn from_js(fields: &Fields<'_>) -> Self {
        Session {
            object: fields.text("object"),
            secret: fields.text("secret"),
            expires_at: fields.whole("expires_at"),
            account: fields.text("account"),
            livemode: fields.flag("livemode"),
            location: fields.object("location"),
            configuration: fields.object("configuration"),
        }
    }
}

impl FromJs for Location {
    fn from_js(fields: &Fields<'_>) -> Self {
        Location {
            id: fields.text("id"),
            object: fields.text("object"),
            display_name: fields.text("display_name"),
            address: fields.texts("address"),
            configuration_overrides: fields.maybe_text("configuration_overrides"),
            livemode: fields.flag("livemode"),
            metadata: fields.texts("metadata"),
        }
    }
}

impl FromJs for Configuration {
    fn from_js(fields: &Fields<'_>) -> Self {
        Configuration {
            id: fields.text("id"),
            object: fields.text("object"),
            is_account_default: fields.flag("is_account_default"),
            livemode: fields.flag("livemode"),
            name: fields.maybe_text("name"),
            offline: fields.object("offline"),
        }
    }
}

impl FromJs for OfflineConfiguration {
    fn from_js(fields: &Fields<'_>) -> Self {
        OfflineConfiguration {
            enabled: fields.flag("enabled"),
            payment_amount_max: fields.numbers("payment_amount_max"),
            stored_amount_max: fields.numbers("stored_amount_max"),
            stored_count_max: fields.maybe_whole("stored_count_max"),
            stored_age_max_s: fields.maybe_whole("stored_age_max_s"),
            forward_within_s: fields.maybe_whole("forward_within_s"),
            retain_for_s: fields.maybe_whole("retain_for_s"),
        }
    }
}

impl FromJs for Endpoints {
    fn from_js(fields: &Fields<'_>) -> Self {
        Endpoints {
            gateway_url: fields.text("gateway_url"),
            connection_token_url: fields.text("connection_token_url"),
        }
    }
}
