//! Connection tokens, configurations and locations for an account's own server, in Stripe's form.

use axum::Json;
use axum::extract::{Path, State};
use tillandsia_core::wire::{Configuration, ConnectionToken, List, Location};

use super::extract::{Server, Services};
use super::params::Params;
use super::payments::{list, paging};
use crate::directory::{ConfigurationChange, LocationChange};
use crate::ledger::Refusal;

/// `POST /v1/terminal/connection_tokens`
pub(super) async fn create_connection_token(
    State(services): State<Services>,
    Server(account): Server,
    mut params: Params,
) -> Result<Json<ConnectionToken>, Refusal> {
    let location = params.text("location")?;
    params.finish()?;
    let now = (services.now)();
    services.directory.create_connection_token(now, services.ids.as_ref(), &account, location).await.map(Json)
}

/// `POST /v1/terminal/configurations`
pub(super) async fn create_configuration(
    State(services): State<Services>,
    Server(account): Server,
    params: Params,
) -> Result<Json<Configuration>, Refusal> {
    let change = configuration_change(params)?;
    services.directory.create_configuration(services.ids.as_ref(), &account, change).await.map(Json)
}

/// `POST /v1/terminal/configurations/{id}`
pub(super) async fn update_configuration(
    State(services): State<Services>,
    Server(account): Server,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Configuration>, Refusal> {
    let change = configuration_change(params)?;
    services.directory.update_configuration(&account, &id, change).await.map(Json)
}

/// `GET /v1/terminal/configurations/{id}`
pub(super) async fn get_configuration(
    State(services): State<Services>,
    Server(account): Server,
    Path(id): Path<String>,
) -> Result<Json<Configuration>, Refusal> {
    services.directory.configuration(&account, &id).await.map(Json)
}

/// `GET /v1/terminal/configurations`
pub(super) async fn list_configurations(
    State(services): State<Services>,
    Server(account): Server,
    mut params: Params,
) -> Result<Json<List<Configuration>>, Refusal> {
    let (limit, after) = paging(&mut params)?;
    params.finish()?;
    let page = services.directory.configurations(&account, limit, after.as_deref()).await?;
    Ok(list("/v1/terminal/configurations", page))
}

/// `POST /v1/terminal/locations`
pub(super) async fn create_location(
    State(services): State<Services>,
    Server(account): Server,
    params: Params,
) -> Result<Json<Location>, Refusal> {
    let change = location_change(params)?;
    services.directory.create_location(services.ids.as_ref(), &account, change).await.map(Json)
}

/// `POST /v1/terminal/locations/{id}`
pub(super) async fn update_location(
    State(services): State<Services>,
    Server(account): Server,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Location>, Refusal> {
    let change = location_change(params)?;
    services.directory.update_location(&account, &id, change).await.map(Json)
}

/// `GET /v1/terminal/locations/{id}`
pub(super) async fn get_location(
    State(services): State<Services>,
    Server(account): Server,
    Path(id): Path<String>,
) -> Result<Json<Location>, Refusal> {
    services.directory.location(&account, &id).await.map(Json)
}

/// `GET /v1/terminal/locations`
pub(super) async fn list_locations(
    State(services): State<Services>,
    Server(account): Server,
    mut params: Params,
) -> Result<Json<List<Location>>, Refusal> {
    let (limit, after) = paging(&mut params)?;
    params.finish()?;
    let page = services.directory.locations(&account, limit, after.as_deref()).await?;
    Ok(list("/v1/terminal/locations", page))
}

fn configuration_change(mut params: Params) -> Result<ConfigurationChange, Refusal> {
    let mut change = ConfigurationChange { name: params.text("name")?, ..ConfigurationChange::default() };
    if let Some(mut offline) = params.nested("offline")? {
        change.enabled = offline.flag("enabled")?;
        change.payment_amount_max = offline.numbers("payment_amount_max")?;
        change.stored_amount_max = offline.numbers("stored_amount_max")?;
        change.stored_count_max = offline.number("stored_count_max")?;
        change.stored_age_max_s = offline.number("stored_age_max_s")?;
        change.forward_within_s = offline.number("forward_within_s")?;
        change.retain_for_s = offline.number("retain_for_s")?;
        offline.finish()?;
    }
    params.finish()?;
    Ok(change)
}

fn location_change(mut params: Params) -> Result<LocationChange, Refusal> {
    let change = LocationChange {
        display_name: params.text("display_name")?,
        address: params.texts("address")?,
        configuration_overrides: params.text("configuration_overrides")?,
        metadata: params.texts("metadata")?,
    };
    params.finish()?;
    Ok(change)
}
