//! Going online and offline between any two steps (1.2), and what each `offlineBehavior` makes of it.

use anyhow::{Context, Result};
use serde_json::json;

use super::rows;
use crate::world::{TAP, World, equal, is_stored, part, text};

rows! {
    "1.2-prefer-online" "`prefer_online`: wherever between its steps the connection goes or comes, a sale ends authorised or stored." => prefer_online;
    "1.2-require-online" "`require_online`: wherever the connection is missing, that step fails and nothing is stored." => require_online;
    "1.2-force-offline" "`force_offline`: whatever the connection does, the sale is stored." => force_offline;
    "1.2-consent-at-confirmation" "Whether a payment may be taken offline can be decided anew when it is confirmed." => consent;
}

/// The connection at creation, collection and confirmation, and what comes of the sale.
type Steps = ([bool; 3], &'static str);

async fn walk(w: &World<'_>, behavior: &str, (connected, wanted): Steps) -> Result<()> {
    let [at_create, at_collect, at_confirm] = connected;
    let go = async |up| if up { w.online().await } else { w.offline().await };
    go(at_create).await?;
    let sale = async {
        let intent = w.create_as(1000, behavior).await?;
        go(at_collect).await?;
        let intent = w.collect(&intent, TAP).await?;
        go(at_confirm).await?;
        w.confirm(&intent).await
    };
    let came_to = match sale.await {
        Ok(taken) if part(&taken, "/offlineDetails/requiresUpload") == true => "stored".to_owned(),
        Ok(taken) => text(&taken, "/status").to_owned(),
        Err(error) => error.downcast::<crate::rig::Failure>()?.code,
    };
    equal("came to", came_to.as_str(), wanted)
}

async fn walk_all(w: &World<'_>, behavior: &str, table: &[Steps]) -> Result<()> {
    w.till().await?;
    for steps in table {
        walk(w, behavior, *steps).await.with_context(|| format!("{behavior}, connected {:?}", steps.0))?;
    }
    Ok(())
}

const MISMATCH: &str = "offline_collect_and_confirm_mismatch";
const NOT_CONNECTED: &str = "not_connected_to_internet_and_require_online_set";

async fn prefer_online(w: &World<'_>) -> Result<()> {
    let table = [
        ([true, true, true], "succeeded"),
        ([true, true, false], MISMATCH),
        ([true, false, false], "stored"),
        ([true, false, true], "succeeded"),
        ([false, false, false], "stored"),
        ([false, false, true], "succeeded"),
        ([false, true, true], "succeeded"),
        ([false, true, false], MISMATCH),
    ];
    walk_all(w, "prefer_online", &table).await
}

async fn require_online(w: &World<'_>) -> Result<()> {
    let table = [
        ([true, true, true], "succeeded"),
        ([true, true, false], NOT_CONNECTED),
        ([true, false, false], NOT_CONNECTED),
        ([true, false, true], NOT_CONNECTED),
        ([false, false, false], NOT_CONNECTED),
        ([false, true, true], NOT_CONNECTED),
    ];
    walk_all(w, "require_online", &table).await?;
    equal("stored", w.stored().await?, (0, 0))
}

async fn force_offline(w: &World<'_>) -> Result<()> {
    let table = [
        ([true, true, true], "stored"),
        ([true, true, false], "stored"),
        ([true, false, true], "stored"),
        ([true, false, false], "stored"),
        ([false, true, true], "stored"),
        ([false, true, false], "stored"),
        ([false, false, true], "stored"),
        ([false, false, false], "stored"),
    ];
    walk_all(w, "force_offline", &table).await
}

async fn consent(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(700, "prefer_online").await?;
    let intent = w.collect(&intent, TAP).await?;
    w.refused(NOT_CONNECTED, w.confirm_as(&intent, "require_online")).await?;
    equal("nothing is stored", w.stored().await?, (0, 0))?;
    let stored = w.confirm_as(&intent, "force_offline").await?;
    is_stored(&stored)?;
    w.refused("invalid_request", w.call("confirmPaymentIntent", json!([intent, { "offlineBehavior": "x" }])))
        .await
        .map(drop)
}
