//! The gateway's HTTP interface: who may call what, and in which form.

mod device;
mod extract;
mod headers;
mod params;
mod payments;
mod public;
mod site;
mod terminal;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::{HeaderName, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::cors::{Any, CorsLayer};

pub use extract::Services;

use crate::acquirer::Acquirer;
use crate::ledger::sqlite::SqliteLedger;
use crate::ledger::{Ledger, Refusal};

/// The largest request body, bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What the handlers work with.
pub struct App<A> {
    /// Payments.
    pub ledger: Ledger<SqliteLedger, A>,
    /// Everything else.
    pub services: Services,
}

impl<A> FromRef<Arc<App<A>>> for Services {
    fn from_ref(app: &Arc<App<A>>) -> Self {
        app.services.clone()
    }
}

/// What of the interface is there.
#[derive(Debug, Clone, Default)]
pub struct RouterOptions {
    /// The folder of the till, where it is served.
    pub site: Option<PathBuf>,
    /// Whether anybody may have a connection token of the demo shop.
    pub demo: bool,
    /// Waited before each request is answered, milliseconds.
    pub delay_ms: u64,
}

/// The whole interface.
pub fn router<A: Acquirer + 'static>(app: Arc<App<A>>, options: &RouterOptions) -> Router {
    let mut router = device_routes().merge(server_routes());
    if options.demo {
        router = router.route("/demo/connection_token", post(public::demo_connection_token));
    }
    router = router
        .layer(from_fn(headers::no_store))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    if let Some(folder) = &options.site {
        router = router.fallback_service(site::service(folder.clone()));
    }
    if options.delay_ms > 0 {
        router = router.layer(from_fn_with_state(Duration::from_millis(options.delay_ms), headers::delay));
    }
    router.layer(from_fn(headers::protect)).layer(from_fn(headers::log)).with_state(app)
}

/// What devices call, from whatever origin the till has. No cookies: a bearer secret, so any origin is safe.
fn device_routes<A: Acquirer + 'static>() -> Router<Arc<App<A>>> {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([HeaderName::from_static("retry-after")])
        .max_age(PREFLIGHT_MAX_AGE);
    Router::new()
        .route("/v1/probe", get(public::probe))
        .route("/v1/terminal/sessions", post(device::open_session))
        .route("/v1/terminal/payments", post(device::create))
        .route("/v1/terminal/payments/forward", post(device::forward))
        .route("/v1/terminal/payments/{offline_id}/confirm", post(device::confirm))
        .route("/v1/terminal/payments/{offline_id}/payment_method", post(device::inspect))
        .route("/v1/terminal/payments/{offline_id}/resolve", post(device::resolve))
        .route("/v1/terminal/payment_intents/{id}/capture", post(device::capture))
        // Before the layer, which answers preflight requests in its place.
        .method_not_allowed_fallback(wrong_method)
        .layer(cors)
}

/// What an account's own server calls, in Stripe's form.
fn server_routes<A: Acquirer + 'static>() -> Router<Arc<App<A>>> {
    Router::new()
        .route("/v1/terminal/connection_tokens", post(terminal::create_connection_token))
        .route(
            "/v1/terminal/configurations",
            post(terminal::create_configuration).get(terminal::list_configurations),
        )
        .route(
            "/v1/terminal/configurations/{id}",
            post(terminal::update_configuration).get(terminal::get_configuration),
        )
        .route("/v1/terminal/locations", post(terminal::create_location).get(terminal::list_locations))
        .route("/v1/terminal/locations/{id}", post(terminal::update_location).get(terminal::get_location))
        .route("/v1/payment_intents", post(payments::create_intent).get(payments::list_intents))
        .route("/v1/payment_intents/{id}", get(payments::get_intent))
        .route("/v1/payment_intents/{id}/capture", post(payments::capture_intent))
        .route("/v1/payment_intents/{id}/cancel", post(payments::cancel_intent))
        .route("/v1/charges", get(payments::list_charges))
        .route("/v1/charges/{id}", get(payments::get_charge))
        .method_not_allowed_fallback(wrong_method)
}

async fn unknown() -> Response {
    Refusal::missing("URL").into_response()
}

async fn wrong_method() -> Response {
    let mut refusal = Refusal::invalid("method_not_allowed", "this URL does not take that method", None);
    refusal.status = 405;
    refusal.into_response()
}
