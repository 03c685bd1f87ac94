//! Hearing about offline events (1.2, step 3).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Fate, Request};
use crate::world::{TAP, World, equal, holds, is_stored, number, part, text};

rows! {
    "1.2.3-listeners-needed" "Without listeners for the offline events collecting offline is refused." => listeners_needed;
    "1.2.3-listeners-stay-needed" "Once the app has taken a listener away collecting offline is refused again." => listeners_stay_needed
        not in Native: "listeners are the page's";
    "1.2.3-status-change" "A change of the connection, and of what is stored, is told with counts and sums by currency." => status_change;
    "1.2.3-forwarded" "A stored payment that was forwarded is told with the gateway's payment and no error." => forwarded;
    "1.2.3-forwarded-with-error" "A stored payment that failed is told with its error." => with_error;
    "1.2.3-forwarding-error" "An error of forwarding that belongs to no single payment is told as such." => forwarding_error;
    "1.2.3-online-tells-nothing-twice" "An online sale tells its outcome by its return alone." => online_is_silent;
}

async fn listeners_needed(w: &World<'_>) -> Result<()> {
    w.open_deaf().await?;
    w.connect().await?;
    w.offline().await?;
    let intent = w.create_as(1000, "prefer_online").await?;
    w.refused("invalid_request", w.collect(&intent, TAP)).await?;
    w.online().await?;
    equal("online needs none", text(&w.sell(1000).await?, "/status"), "succeeded")
}

async fn listeners_stay_needed(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(1000, "prefer_online").await?;
    w.control(Control::AppListens(false)).await?;
    w.refused("invalid_request", w.collect(&intent, TAP)).await?;
    w.control(Control::AppListens(true)).await?;
    let collected = w.collect(&intent, TAP).await?;
    is_stored(&w.confirm(&collected).await?)
}

async fn status_change(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    w.until("a status of offline", async || {
        let events = w.events("offlinestatuschange").await?;
        Ok(events.iter().any(|s| text(s, "/sdk/networkStatus") == "offline").then_some(()))
    })
    .await?;
    w.sell(1099).await?;
    w.sell_with(json!({ "amount": 700, "currency": "eur" }), TAP).await?;
    let told = w
        .until("a status with both", async || {
            let events = w.events("offlinestatuschange").await?;
            Ok(events.into_iter().find(|s| part(s, "/sdk/offlinePaymentsCount") == 2))
        })
        .await?;
    let sums = part(&told, "/sdk/offlinePaymentAmountsByCurrency");
    equal("sums", sums.clone(), json!({ "usd": 1099, "eur": 700 }))?;
    equal("no reader stores payments", part(&told, "/reader").clone(), Value::Null)
}

async fn forwarded(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.online().await?;
    let told = w.told(&stored).await?;
    equal("error", part(&told, "/error").clone(), Value::Null)?;
    holds("named by the gateway", text(&told, "/paymentIntent/id").starts_with("pi_"))?;
    let uploaded = part(&told, "/paymentIntent/offlineDetails/requiresUpload");
    equal("requires upload", uploaded.as_bool(), Some(false))?;
    equal("status", text(&told, "/paymentIntent/status"), "succeeded")
}

async fn with_error(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1005).await?;
    w.online().await?;
    let told = w.told(&stored).await?;
    equal("code", text(&told, "/error/code"), "card_declined")?;
    equal("decline code", text(&told, "/error/declineCode"), "generic_decline")?;
    equal("still the device's name", text(&told, "/paymentIntent/offlineId"), text(&stored, "/offlineId"))
}

async fn forwarding_error(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Forward, Fate::SessionEnded, 1).await?;
    w.control(Control::Tokens(false)).await?;
    w.online().await?;
    let told =
        w.until("the error", async || Ok(w.events("forwardingerror").await?.into_iter().next())).await?;
    equal("code", text(&told, "/code"), "connection_token_provider_error_while_forwarding")?;
    equal("no payment's", w.told_of(&stored).await?.len(), 0)?;
    equal("kept", w.stored().await?, (1, 1099))?;
    w.control(Control::Tokens(true)).await?;
    w.call("forwardNow", json!([])).await?;
    w.becomes(&stored, "accepted").await.map(drop)
}

async fn online_is_silent(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let taken = w.sell(1099).await?;
    equal("taken", text(&taken, "/status"), "succeeded")?;
    let stored = {
        w.offline().await?;
        let stored = w.sell(300).await?;
        w.online().await?;
        w.told(&stored).await?
    };
    equal("the other one is told", number(&stored, "/paymentIntent/amount")?, 300)?;
    equal("not the first", w.told_of(&taken).await?.len(), 0)
}
