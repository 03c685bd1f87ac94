//! The gateway over fetch, in a page and in a worker.

use std::cell::RefCell;

use futures::future::LocalBoxFuture;
use futures::lock::Mutex;
use gloo_net::http::{Request, RequestBuilder, Response};
use js_sys::{Function, Promise};
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestCache, RequestCredentials, RequestRedirect};

use super::answers::{FromJs, from_json};
use super::device::Endpoints;
use super::js::{text, text_of, within};
use crate::ids::OfflineId;
use crate::network::{PROBE_TIMEOUT_MS, REQUEST_TIMEOUT_MS};
use crate::ports::{Gateway, GatewayError};
use crate::wire;

/// How long the answer to a batch may take, milliseconds; well below a lease.
const FORWARD_MS_MAX: u64 = 20_000;

/// The gateway, with this device's session.
#[derive(Debug)]
pub struct FetchGateway {
    endpoints: Endpoints,
    device_id: String,
    token_provider: Option<Function>,
    session: RefCell<Option<wire::Session>>,
    opening: Mutex<()>,
}

/// An answer of any status, read whole.
struct Answer {
    status: u16,
    retry_after_ms: Option<u64>,
    body: String,
}

impl FetchGateway {
    /// The gateway at `endpoints`. `session` is the one kept from the last time online, where there is one.
    pub fn new(endpoints: Endpoints, device_id: String, session: Option<wire::Session>) -> Self {
        FetchGateway {
            endpoints,
            device_id,
            token_provider: None,
            session: RefCell::new(session),
            opening: Mutex::new(()),
        }
    }

    /// The same with a function of the app that gives connection tokens, in place of the address that does: it is called
    /// without arguments and returns a promise of the token's secret, or of an object that holds it as `secret`.
    #[must_use]
    pub fn with_token_provider(mut self, provider: Option<Function>) -> Self {
        self.token_provider = provider;
        self
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoints.gateway_url)
    }

    fn secret(&self) -> Option<String> {
        self.session.borrow().as_ref().map(|session| session.secret.clone())
    }

    /// Opens a session unless another request did so while this one waited, that is, unless the secret in use is no
    /// longer `refused`.
    async fn renew_session(&self, refused: Option<&str>) -> Result<String, GatewayError> {
        let _one_at_a_time = self.opening.lock().await;
        match self.secret() {
            Some(secret) if Some(secret.as_str()) != refused => Ok(secret),
            _ => Ok(self.new_session().await?.secret),
        }
    }

    async fn new_session(&self) -> Result<wire::Session, GatewayError> {
        let request = wire::SessionRequest {
            connection_token: self.connection_token().await?,
            device_id: self.device_id.clone(),
        };
        let url = self.url("/v1/terminal/sessions");
        let answer = post(&url, None, json(&request), REQUEST_TIMEOUT_MS).await?;
        // A token that the gateway does not take is its provider's failure, never a payment's.
        let session: wire::Session = parse(&answer).map_err(|error| match error {
            error @ GatewayError::Refused { status: 400..=499, .. } => {
                GatewayError::TokenProvider(error.to_string())
            }
            error => error,
        })?;
        self.session.replace(Some(session.clone()));
        Ok(session)
    }

    /// Asks the app. Whatever fails here is the provider's failure, except that there is no network at all.
    async fn connection_token(&self) -> Result<String, GatewayError> {
        if let Some(provider) = &self.token_provider {
            return asked(provider).await.map_err(GatewayError::TokenProvider);
        }
        if self.endpoints.connection_token_url.is_empty() {
            return Err(GatewayError::TokenProvider("nothing was given that provides one".to_owned()));
        }
        let builder = Request::post(&self.endpoints.connection_token_url);
        let answer = match send(builder, None, None, REQUEST_TIMEOUT_MS).await {
            Ok(answer) => answer,
            Err(error @ (GatewayError::Unreachable | GatewayError::TimedOut)) => return Err(error),
            Err(error) => return Err(GatewayError::TokenProvider(error.to_string())),
        };
        match answer.status {
            200..=299 => from_json::<wire::ConnectionToken>(&answer.body)
                .map(|token| token.secret)
                .ok_or_else(|| GatewayError::TokenProvider("its answer holds no `secret`".to_owned())),
            status => Err(GatewayError::TokenProvider(format!("it answered with status {status}"))),
        }
    }

    /// Posts with the session; one that the gateway does not take any more is renewed once.
    fn authorised<'a>(
        &'a self,
        path: &'a str,
        body: String,
        ms: u64,
    ) -> LocalBoxFuture<'a, Result<Answer, GatewayError>> {
        Box::pin(self.posting(path, body, ms))
    }

    async fn posting(&self, path: &str, body: String, ms: u64) -> Result<Answer, GatewayError> {
        let url = self.url(path);
        let secret = match self.secret() {
            Some(secret) => secret,
            None => self.renew_session(None).await?,
        };
        let answer = post(&url, Some(&secret), body.clone(), ms).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        let renewed = self.renew_session(Some(&secret)).await?;
        post(&url, Some(&renewed), body, ms).await
    }
}

impl Gateway for FetchGateway {
    async fn open_session(&self) -> Result<wire::Session, GatewayError> {
        let _one_at_a_time = self.opening.lock().await;
        self.new_session().await
    }

    fn session(&self) -> Option<wire::Session> {
        self.session.borrow().clone()
    }

    async fn probe(&self, nonce: &str) -> bool {
        let url = self.url(&format!("/v1/probe?nonce={nonce}"));
        let answer = send(Request::get(&url), None, None, PROBE_TIMEOUT_MS).await;
        let probe = answer.and_then(|answer| parse::<wire::Probe>(&answer));
        probe.is_ok_and(|probe| probe.object == "probe" && probe.nonce == nonce)
    }

    async fn create(&self, request: &wire::CreatePayment) -> Result<wire::PaymentIntent, GatewayError> {
        parse(&self.authorised("/v1/terminal/payments", json(request), REQUEST_TIMEOUT_MS).await?)
    }

    async fn update_payment_method(
        &self,
        request: &wire::PaymentSubmission,
    ) -> Result<wire::PaymentMethod, GatewayError> {
        let path = format!("/v1/terminal/payments/{}/payment_method", request.payment.offline_id);
        parse(&self.authorised(&path, json(request), REQUEST_TIMEOUT_MS).await?)
    }

    async fn confirm(&self, request: &wire::PaymentSubmission) -> Result<wire::ForwardResult, GatewayError> {
        let path = format!("/v1/terminal/payments/{}/confirm", request.payment.offline_id);
        parse(&self.authorised(&path, json(request), REQUEST_TIMEOUT_MS).await?)
    }

    async fn forward(&self, batch: &wire::ForwardBatch) -> Result<wire::ForwardResults, GatewayError> {
        parse(&self.authorised("/v1/terminal/payments/forward", json(batch), FORWARD_MS_MAX).await?)
    }

    async fn capture(
        &self,
        payment_intent: &str,
        amount_minor: Option<u64>,
    ) -> Result<wire::PaymentIntent, GatewayError> {
        #[derive(Serialize)]
        struct Capture {
            #[serde(skip_serializing_if = "Option::is_none")]
            amount_to_capture: Option<u64>,
        }
        let path = format!("/v1/terminal/payment_intents/{payment_intent}/capture");
        let body = Capture { amount_to_capture: amount_minor };
        parse(&self.authorised(&path, json(&body), REQUEST_TIMEOUT_MS).await?)
    }

    async fn resolve(
        &self,
        id: OfflineId,
        question: &wire::Question,
    ) -> Result<wire::ForwardResult, GatewayError> {
        let path = format!("/v1/terminal/payments/{id}/resolve");
        parse(&self.authorised(&path, json(question), REQUEST_TIMEOUT_MS).await?)
    }
}

/// What the app's own function gives; else what is wrong with it.
async fn asked(provider: &Function) -> Result<String, String> {
    let thrown = |thrown: JsValue| format!("the app's function failed with {}", text_of(&thrown));
    let answer = Promise::resolve(&provider.call0(&JsValue::UNDEFINED).map_err(thrown)?);
    let token = within(REQUEST_TIMEOUT_MS, JsFuture::from(answer)).await;
    let token = token.ok_or("the app's function gave none in time")?.map_err(thrown)?;
    let secret = token.as_string().or_else(|| text(&token, "secret")).filter(|secret| !secret.is_empty());
    secret.ok_or_else(|| "the app's function returned neither a text nor an object with `secret`".to_owned())
}

/// A request's body. Made before anything is awaited: what awaits is then the same code for every kind of request.
fn json(body: &impl Serialize) -> String {
    // These plain structs always serialise.
    serde_json::to_string(body).unwrap_or_default()
}

async fn post(url: &str, secret: Option<&str>, body: String, ms: u64) -> Result<Answer, GatewayError> {
    send(Request::post(url), secret, Some(body), ms).await
}

/// Aborts its request when it is dropped: one that nobody waits for any more would keep one of the few connections that a
/// browser has to a server. Of a request that was answered nothing is left to abort.
struct Abort(Option<AbortController>);

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

/// Sends and reads the whole answer within `ms` milliseconds. After that the request is aborted, as when it is dropped.
async fn send(
    builder: RequestBuilder,
    secret: Option<&str>,
    body: Option<String>,
    ms: u64,
) -> Result<Answer, GatewayError> {
    let abort = Abort(AbortController::new().ok());
    // A redirect is never followed: it could carry a card's ciphertext to another server.
    let mut builder = builder
        .cache(RequestCache::NoStore)
        .credentials(RequestCredentials::Omit)
        .redirect(RequestRedirect::Manual)
        .abort_signal(abort.0.as_ref().map(AbortController::signal).as_ref());
    if let Some(secret) = secret {
        builder = builder.header("Authorization", &format!("Bearer {secret}"));
    }
    let request = match body {
        Some(body) => builder.header("Content-Type", "application/json").body(body),
        None => builder.build(),
    };
    let request = request.map_err(|_| GatewayError::Unreachable)?;
    let exchange = async {
        let response = request.send().await?;
        let answer = (response.status(), retry_after_ms(&response));
        response.text().await.map(|body| (answer, body))
    };
    match within(ms, exchange).await {
        Some(Ok(((status, retry_after_ms), body))) => Ok(Answer { status, retry_after_ms, body }),
        Some(Err(_)) => Err(GatewayError::Unreachable),
        None => Err(GatewayError::TimedOut),
    }
}

fn retry_after_ms(response: &Response) -> Option<u64> {
    let seconds: u64 = response.headers().get("Retry-After")?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1000))
}

/// The object an answer holds. What is not in the gateway's form was not the gateway: a portal, a proxy. A proxy that
/// says the gateway is down counts as a refusal to be repeated.
fn parse<T: FromJs>(answer: &Answer) -> Result<T, GatewayError> {
    if (200..=299).contains(&answer.status) {
        return from_json(&answer.body).ok_or(GatewayError::NotTheGateway);
    }
    let refused = |code: Option<String>, message: String| GatewayError::Refused {
        status: answer.status,
        code: code.unwrap_or_else(|| "api_error".to_owned()),
        message,
        retry_after_ms: answer.retry_after_ms,
    };
    match from_json::<wire::ApiError>(&answer.body) {
        Some(wire::ApiError { error }) => Err(refused(error.code, error.message)),
        None if matches!(answer.status, 408 | 429 | 500 | 502..=504) => {
            Err(refused(None, "the gateway is not available right now; it is asked again".to_owned()))
        }
        None => Err(GatewayError::NotTheGateway),
    }
}
