//! PaymentIntents and charges for an account's own server, in Stripe's form.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use tillandsia_core::wire::{Charge, List, PaymentIntent};

use super::App;
use super::device::finish;
use super::extract::Server;
use super::params::Params;
use crate::acquirer::Acquirer;
use crate::ledger::{Page, Refusal, ServerPayment};

const LIMIT_DEFAULT: u64 = 10;
const LIMIT_MAX: u64 = 100;
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
const TEXT_CHARS_MAX: usize = 1000;
const CANCELLATION_REASONS: &[&str] = &["duplicate", "fraudulent", "requested_by_customer", "abandoned"];

/// `POST /v1/payment_intents`
pub(super) async fn create_intent<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Server(account): Server,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Json<PaymentIntent>, Refusal> {
    let amount = params.number("amount")?;
    let request = ServerPayment {
        amount: amount.ok_or_else(|| {
            Refusal::invalid("parameter_missing", "Missing required param: amount.", Some("amount"))
        })?,
        currency: params.needed("currency")?.to_ascii_lowercase(),
        capture_method: params.text("capture_method")?.unwrap_or_else(|| "automatic".to_owned()),
        metadata: params.texts("metadata")?.unwrap_or_default(),
        description: optional_text(&mut params, "description")?,
        receipt_email: optional_text(&mut params, "receipt_email")?,
    };
    check_method_types(&mut params)?;
    params.finish()?;
    let key = idempotency_key(&headers)?;
    let now = (app.services.now)();
    let made =
        finish(async move { app.ledger.create_from_server(now, &account, key.as_deref(), &request).await });
    let made = made.await?.map_err(|mut refusal| {
        // For keys of this header Stripe's clients expect 400.
        if refusal.status == 422 {
            refusal.status = 400;
            "this Idempotency-Key was used with other parameters".clone_into(&mut refusal.error.message);
        }
        refusal
    });
    made.map(Json)
}

/// `GET /v1/payment_intents`
pub(super) async fn list_intents<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Server(account): Server,
    mut params: Params,
) -> Result<Json<List<PaymentIntent>>, Refusal> {
    let (limit, after) = paging(&mut params)?;
    params.finish()?;
    Ok(list("/v1/payment_intents", app.ledger.payment_intents(&account, limit, after).await?))
}

/// `GET /v1/payment_intents/{id}`
pub(super) async fn get_intent<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Server(account): Server,
    Path(id): Path<String>,
) -> Result<Json<PaymentIntent>, Refusal> {
    app.ledger.payment_intent(&account, &id).await.map(Json)
}

/// `POST /v1/payment_intents/{id}/capture`
pub(super) async fn capture_intent<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Server(account): Server,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<PaymentIntent>, Refusal> {
    let amount = params.number("amount_to_capture")?;
    params.finish()?;
    finish(async move { app.ledger.capture(&account, &id, amount).await }).await?.map(Json)
}

/// `POST /v1/payment_intents/{id}/cancel`
pub(super) async fn cancel_intent<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Server(account): Server,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<PaymentIntent>, Refusal> {
    let reason = params.text("cancellation_reason")?;
    params.finish()?;
    if reason.as_ref().is_some_and(|reason| !CANCELLATION_REASONS.contains(&reason.as_str())) {
        let message = format!("`cancellation_reason` must be one of {}", CANCELLATION_REASONS.join(", "));
        return Err(Refusal::invalid("parameter_invalid", message, Some("cancellation_reason")));
    }
    let now = (app.services.now)();
    finish(async move { app.ledger.cancel(now, &account, &id, reason.as_deref()).await }).await?.map(Json)
}

/// `GET /v1/charges`
pub(super) async fn list_charges<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Server(account): Server,
    mut params: Params,
) -> Result<Json<List<Charge>>, Refusal> {
    let (limit, after) = paging(&mut params)?;
    let payment_intent = params.text("payment_intent")?;
    params.finish()?;
    Ok(list("/v1/charges", app.ledger.charges(&account, limit, after, payment_intent).await?))
}

/// `GET /v1/charges/{id}`
pub(super) async fn get_charge<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Server(account): Server,
    Path(id): Path<String>,
) -> Result<Json<Charge>, Refusal> {
    app.ledger.charge(&account, &id).await.map(Json)
}

/// `limit` and `starting_after`.
pub(super) fn paging(params: &mut Params) -> Result<(usize, Option<String>), Refusal> {
    let limit = params.number("limit")?.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("`limit` must be from 1 to {LIMIT_MAX}");
        return Err(Refusal::invalid("parameter_invalid", message, Some("limit")));
    }
    Ok((usize::try_from(limit).unwrap_or(1), params.text("starting_after")?))
}

/// A page as Stripe's list object.
pub(super) fn list<T>(url: &str, page: Page<T>) -> Json<List<T>> {
    Json(List { object: "list".to_owned(), url: url.to_owned(), has_more: page.has_more, data: page.data })
}

fn optional_text(params: &mut Params, name: &str) -> Result<Option<String>, Refusal> {
    let text = params.text(name)?.filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_CHARS_MAX) {
        let message = format!("`{name}` may have {TEXT_CHARS_MAX} characters");
        return Err(Refusal::invalid("parameter_invalid", message, Some(name)));
    }
    Ok(text)
}

/// `payment_method_types[]` may be given, and must then be what the gateway does.
fn check_method_types(params: &mut Params) -> Result<(), Refusal> {
    match params.texts("payment_method_types")? {
        Some(types) if types.values().ne(["card_present"]) => Err(Refusal::invalid(
            "parameter_invalid",
            "`payment_method_types` must be `card_present`",
            Some("payment_method_types"),
        )),
        _ => Ok(()),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let invalid = || {
        let message = format!("`Idempotency-Key` must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} ASCII characters");
        Refusal::invalid("idempotency_key_invalid", message, None)
    };
    let key = value.to_str().map_err(|_| invalid())?;
    if key.is_empty() || key.len() > IDEMPOTENCY_KEY_CHARS_MAX {
        return Err(invalid());
    }
    Ok(Some(key.to_owned()))
}
