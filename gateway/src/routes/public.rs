//! What needs no credentials.

use axum::Json;
use axum::extract::State;
use tillandsia_core::wire::{ConnectionToken, Probe};

use super::extract::Services;
use super::params::Params;
use crate::directory::Directory;
use crate::ledger::Refusal;

const NONCE_CHARS_MAX: usize = 64;

/// `GET /v1/probe?nonce=…`: that the gateway itself answers, and not a captive portal.
pub(super) async fn probe(mut params: Params) -> Result<Json<Probe>, Refusal> {
    let nonce = params.needed("nonce")?;
    if nonce.len() > NONCE_CHARS_MAX {
        return Err(Refusal::invalid("parameter_invalid", "`nonce` is too long", Some("nonce")));
    }
    Ok(Json(Probe { object: "probe".to_owned(), nonce }))
}

/// `POST /demo/connection_token`: what an integrator's backend does after it has checked who is asking. The demo
/// shop asks nobody.
pub(super) async fn demo_connection_token(
    State(services): State<Services>,
) -> Result<Json<ConnectionToken>, Refusal> {
    let account = Directory::demo_account();
    let location =
        services.directory.locations(&account, 1, None).await?.data.pop().map(|location| location.id);
    let now = (services.now)();
    services.directory.create_connection_token(now, services.ids.as_ref(), &account, location).await.map(Json)
}
