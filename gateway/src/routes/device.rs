//! What devices call: JSON with a session's bearer secret.

use std::future::Future;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::Value;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::wire::{
    CreatePayment, FORWARD_BATCH_MAX, ForwardResult, ForwardResults, Origin, PaymentIntent, PaymentMethod,
    PaymentSubmission, Question, Session, SessionRequest,
};

use super::App;
use super::extract::{Body, Device, Services};
use crate::acquirer::{Account, Acquirer};
use crate::ledger::Refusal;

/// `POST /v1/terminal/sessions`
pub(super) async fn open_session(
    State(services): State<Services>,
    Body(request): Body<SessionRequest>,
) -> Result<Json<Session>, Refusal> {
    let now = (services.now)();
    services.directory.open_session(now, services.ids.as_ref(), &request).await.map(Json)
}

/// `POST /v1/terminal/payments`
pub(super) async fn create<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Device(account): Device,
    Body(request): Body<CreatePayment>,
) -> Result<Json<PaymentIntent>, Refusal> {
    let now = (app.services.now)();
    finish(async move { app.ledger.create(now, &account, &request).await }).await?.map(Json)
}

/// `POST /v1/terminal/payments/{offline_id}/confirm`: 200 whatever became of it, so that a failure on the way and
/// an outcome cannot be taken for one another.
pub(super) async fn confirm<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Device(account): Device,
    Path(offline_id): Path<String>,
    Body(submission): Body<Value>,
) -> Result<Json<ForwardResult>, Refusal> {
    let submission = match read_submission(submission, &account) {
        Ok(submission) if submission.payment.offline_id == offline_id => submission,
        Ok(_) => {
            let message = "`offline_id` is not the one of the URL";
            let refusal = Refusal::invalid("parameter_invalid", message, Some("offline_id"));
            return Ok(Json(refusal.for_payment(&shown_id(&offline_id))));
        }
        Err(result) => return Ok(Json(*result)),
    };
    let now = (app.services.now)();
    finish(async move { app.ledger.confirm(now, &account, &submission).await }).await.map(Json)
}

/// `POST /v1/terminal/payments/{offline_id}/payment_method`: the card that was presented, before it is charged.
pub(super) async fn inspect<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Device(account): Device,
    Path(offline_id): Path<String>,
    Body(submission): Body<Value>,
) -> Result<Json<PaymentMethod>, Refusal> {
    let refused = |result: Box<ForwardResult>| Refusal {
        status: result.status,
        error: Box::new(result.error.unwrap_or_default()),
    };
    let submission = read_submission(submission, &account).map_err(refused)?;
    if submission.payment.offline_id != offline_id {
        let message = "`offline_id` is not the one of the URL";
        return Err(Refusal::invalid("parameter_invalid", message, Some("offline_id")));
    }
    let now = (app.services.now)();
    finish(async move { app.ledger.inspect(now, &account, &submission).await }).await?.map(Json)
}

/// A batch before its items are read: one malformed item must not spoil the others.
#[derive(Deserialize)]
pub(super) struct Batch {
    payments: Vec<Value>,
}

/// `POST /v1/terminal/payments/forward`
pub(super) async fn forward<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Device(account): Device,
    Body(batch): Body<Batch>,
) -> Result<Json<ForwardResults>, Refusal> {
    if batch.payments.len() > FORWARD_BATCH_MAX {
        let message = format!("a batch has at most {FORWARD_BATCH_MAX} payments");
        return Err(Refusal::invalid("batch_too_large", message, Some("payments")));
    }
    let (mut readable, mut slots) = (Vec::new(), Vec::new());
    for item in batch.payments {
        slots.push(match read_submission(item, &account) {
            Ok(submission) => {
                readable.push(submission);
                None
            }
            Err(result) => Some(*result),
        });
    }
    let now = (app.services.now)();
    let forwarded = finish(async move { app.ledger.forward(now, &account, &readable).await }).await?;
    let mut forwarded = forwarded.into_iter();
    let results = slots.into_iter().filter_map(|slot| slot.or_else(|| forwarded.next())).collect();
    Ok(Json(ForwardResults { results }))
}

/// `POST /v1/terminal/payments/{offline_id}/resolve`
pub(super) async fn resolve<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Device(account): Device,
    Path(offline_id): Path<String>,
    Body(question): Body<Question>,
) -> Result<Json<ForwardResult>, Refusal> {
    let offline_id = shown_id(&offline_id);
    // Another account's ledger knows nothing of it, and would say that it was never charged.
    if let Some(refusal) = Refusal::not_of(&question.origin, &account) {
        return Ok(Json(refusal.for_payment(&offline_id)));
    }
    let now = (app.services.now)();
    finish(async move { app.ledger.resolve(now, &account, &offline_id, &question).await }).await.map(Json)
}

/// The body of a capture; an empty one captures all.
#[derive(Debug, Default, Deserialize)]
pub(super) struct CaptureBody {
    #[serde(default)]
    amount_to_capture: Option<u64>,
}

/// `POST /v1/terminal/payment_intents/{id}/capture`
pub(super) async fn capture<A: Acquirer + 'static>(
    State(app): State<Arc<App<A>>>,
    Device(account): Device,
    Path(id): Path<String>,
    Body(body): Body<CaptureBody>,
) -> Result<Json<PaymentIntent>, Refusal> {
    finish(async move { app.ledger.capture(&account, &id, body.amount_to_capture).await }).await?.map(Json)
}

/// Carries work on payments to its end even when the device hangs up, so that its next request finds the answer.
pub(super) async fn finish<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Refusal> {
    let stopped =
        |_| Refusal::unavailable("internal", "the gateway is stopping: send the same request again");
    tokio::spawn(work).await.map_err(stopped)
}

fn read_submission(item: Value, account: &Account) -> Result<PaymentSubmission, Box<ForwardResult>> {
    let offline_id = item.get("offline_id").and_then(Value::as_str).map(shown_id).unwrap_or_default();
    let refuse = |refusal: Refusal| Box::new(refusal.for_payment(&offline_id));
    let malformed =
        || refuse(Refusal::invalid("payment_malformed", "the payment lacks fields or has wrong ones", None));
    let origin: Origin = Origin::deserialize(&item).map_err(|_| malformed())?;
    if let Some(refusal) = Refusal::not_of(&origin, account) {
        return Err(refuse(refusal));
    }
    serde_json::from_value(item).map_err(|_| malformed())
}

/// An offline id as an answer may repeat it: nothing else is repeated.
fn shown_id(text: &str) -> String {
    text.parse::<OfflineId>().map(|id| id.to_string()).unwrap_or_default()
}
