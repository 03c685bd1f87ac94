//! Enabling offline mode (1.2, step 1).

use anyhow::Result;
use serde_json::json;

use super::readiness::check;
use super::rows;
use crate::rig::Control;
use crate::world::{DAY_MS, World, equal, is_stored, number, offline_part_with, part, text};

rows! {
    "1.2.1-configuration-of-the-location" "A Location's configuration with offline mode on lets its devices take payments offline." => enabled;
    "1.2.1-configuration-of-the-account" "A Location without a configuration of its own has its account's." => of_account
        not in Native: "which configuration a location has is the gateway's";
    "1.2.1-disabled" "Without offline mode in the configuration nothing is taken offline." => disabled;
    "1.2.1-effect-at-next-connection" "A change of the configuration takes effect when a reader is next connected." => next_connection;
    "1.2.1-kept-on-the-device" "The device keeps its copy of the configuration, with the time it was fetched, across a restart." => kept;
}

async fn enabled(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    is_stored(&stored)?;
    equal("totals", w.stored().await?, (1, 1099))
}

async fn of_account(w: &World<'_>) -> Result<()> {
    let of_account = offline_part_with(json!({ "payment_amount_max": { "usd": 888 } }));
    w.control(Control::ConfigureAccount(of_account)).await?;
    w.till_offline().await?;
    w.refused("amount_exceeds_max_offline_amount", w.sell(889)).await?;
    is_stored(&w.sell(888).await?)
}

async fn disabled(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "enabled": false })).await?;
    w.till_offline().await?;
    let intent = w.create(json!({ "amount": 1099, "currency": "usd" })).await?;
    w.refused("not_connected_to_internet", w.collect(&intent, "contactless_visa")).await?;
    equal("totals", w.stored().await?, (0, 0))
}

async fn next_connection(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.configure(json!({ "enabled": false })).await?;
    w.create_as(500, "force_offline").await?;
    w.connect().await?;
    w.refused("force_offline_with_feature_disabled", w.create_as(500, "force_offline")).await?;
    w.configure(json!({ "payment_amount_max": { "usd": 700 } })).await?;
    w.refused("force_offline_with_feature_disabled", w.create_as(500, "force_offline")).await?;
    w.connect().await?;
    let readiness = w.call("checkReadiness", json!([])).await?;
    equal("room", number(&readiness, "/amountsLeftByCurrency/usd")?, 700)
}

async fn kept(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "payment_amount_max": { "usd": 777 } })).await?;
    w.till_offline().await?;
    let restarted = async |result: &str| {
        w.open(0).await?;
        let readiness = w.call("checkReadiness", json!([])).await?;
        equal("room", part(&readiness, "/amountsLeftByCurrency").clone(), json!({ "usd": 777 }))?;
        equal("the configuration", text(check(&readiness, "configuration")?, "/result"), result)
    };
    restarted("good").await?;
    w.connect().await?;
    w.refused("amount_exceeds_max_offline_amount", w.sell(778)).await?;
    w.sell(777).await?;
    w.control(Control::Advance(29 * DAY_MS)).await?;
    restarted("good").await?;
    w.control(Control::Advance(2 * DAY_MS)).await?;
    restarted("warning").await
}
