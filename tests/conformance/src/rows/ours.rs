//! What the others do not have (1.6).

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Fate, Request};
use crate::world::{DAY_MS, PAYMENT_MAX, World, equal, holds, number, part, text};

rows! {
    "1.6-readiness" "Before the outage the till says whether offline would work, until when, and how much room there is." => readiness;
    "1.6-readiness-reasons" "Where it would not work each reason is named with its code and its remedy." => reasons;
    "1.6-void-before-forward" "A stored payment that was never sent is taken back at once, kept in the list, and never charged." => void_at_once;
    "1.6-void-after-an-attempt" "One that was sent is taken back once the gateway has said that it was not charged." => void_asked;
    "1.6-void-of-a-charge" "One that the gateway has charged meanwhile is not taken back, and the app is told." => void_too_late;
    "1.6-void-needs-a-stored-one" "What is finished cannot be taken back." => void_refused;
    "1.6-forward-now" "\"Forward now\" sends everything stored, whatever it waits for." => forward_now;
    "1.6-work-list" "The work list has what waits for a person, the oldest deadline first." => work_list;
    "1.6-id-minted-at-creation" "The idempotency key is minted when the payment is created, not when it is sent." => minted;
    "1.6-simulated-outage" "An integration is tested with simulated outages, which last across restarts and lose nothing." => simulated;
}

fn check<'v>(readiness: &'v Value, name: &str) -> Result<&'v Value> {
    let checks = readiness["checks"].as_array().context("no checks")?;
    checks.iter().find(|check| text(check, "/check") == name).with_context(|| format!("no check {name}"))
}

async fn readiness(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let now = w.call("checkReadiness", json!([])).await?;
    equal("ready", part(&now, "/ready").as_bool(), Some(true))?;
    let until = number(&now, "/untilMs")?;
    let intent = w.create_as(100, "prefer_online").await?;
    let left = until.saturating_sub(number(&intent, "/createdAtMs")?);
    holds(&format!("for 30 days: {left}"), left > 29 * DAY_MS && left <= 30 * DAY_MS)?;
    equal("payments", number(&now, "/paymentsLeft")?, 100)?;
    equal("amounts", number(&now, "/amountsLeftByCurrency/eur")?, PAYMENT_MAX)?;
    w.offline().await?;
    w.sell(50_000).await?;
    for _ in 0..3 {
        w.sell(45_000).await?;
    }
    let then = w.call("checkReadiness", json!([])).await?;
    equal("payments", number(&then, "/paymentsLeft")?, 96)?;
    equal("amounts", number(&then, "/amountsLeftByCurrency/usd")?, 15_000)
}

async fn reasons(w: &World<'_>) -> Result<()> {
    w.open_deaf().await?;
    let now = w.call("checkReadiness", json!([])).await?;
    equal("ready", part(&now, "/ready").as_bool(), Some(false))?;
    for (name, code) in [
        ("configuration", "not_connected_to_internet"),
        ("reader", "no_established_connection_to_reader"),
        ("listeners", "invalid_request"),
    ] {
        let found = check(&now, name)?;
        equal(name, (text(found, "/result"), text(found, "/code")), ("failed", code))?;
        holds("a remedy", !text(found, "/message").is_empty())?;
    }
    w.till().await?;
    w.offline().await?;
    w.control(Control::Advance(30 * DAY_MS)).await?;
    let later = w.call("checkReadiness", json!([])).await?;
    equal("pairing", text(check(&later, "pairing")?, "/code"), "reader_not_paired_online_at_location")?;
    equal("software", text(check(&later, "reader_software")?, "/code"), "reader_software_update_required")?;
    w.control(Control::BreakKey).await?;
    let broken = w.call("checkReadiness", json!([])).await?;
    equal("key", text(check(&broken, "storage_key")?, "/code"), "storage_key_unavailable")
}

async fn void_at_once(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    let voided = w.call("voidPaymentIntent", json!([stored])).await?;
    equal("status", text(&voided, "/status"), "canceled")?;
    equal("totals", w.stored().await?, (0, 0))?;
    let other = w.sell(300).await?;
    w.online().await?;
    w.becomes(&other, "accepted").await?;
    equal("kept in the list", text(&w.payment(&stored).await?, "/state"), "canceled")?;
    equal("never charged", w.charged().await?, vec![300])
}

/// A stored payment that was sent, with this fate.
async fn sent(w: &World<'_>, fate: Fate) -> Result<Value> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Forward, fate, 1).await?;
    w.online().await?;
    w.until("the attempt's end", async || {
        let line = w.payment(&stored).await?;
        Ok((number(&line, "/attempts")? > 0 && text(&line, "/state") == "stored").then_some(()))
    })
    .await?;
    Ok(stored)
}

async fn void_asked(w: &World<'_>) -> Result<()> {
    let stored = sent(w, Fate::Status(503, Some(300))).await?;
    let voided = w.call("voidPaymentIntent", json!([stored])).await?;
    equal("not known yet", text(&voided, "/status"), "processing")?;
    w.becomes(&stored, "canceled").await?;
    equal("told", text(&w.told(&stored).await?, "/paymentIntent/status"), "canceled")?;
    equal("never charged", w.charged().await?, Vec::<u64>::new())
}

async fn void_too_late(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    w.control(Control::Mend).await?;
    w.fault(Request::Forward, Fate::Lost, 2).await?;
    w.call("forwardNow", json!([])).await?;
    w.until("a charge", async || Ok((w.charged().await? == [1099]).then_some(()))).await?;
    let voiding = w.until("it to be stored or accepted", async || {
        let line = w.payment(&stored).await?;
        Ok(["stored", "accepted"].contains(&text(&line, "/state")).then_some(line))
    });
    if text(&voiding.await?, "/state") == "stored" {
        // Whatever comes first, the void or the next attempt, the charge stays what it is.
        w.call("voidPaymentIntent", json!([stored])).await.ok();
    }
    w.becomes(&stored, "accepted").await?;
    equal("told", text(&w.told(&stored).await?, "/paymentIntent/status"), "succeeded")?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn void_refused(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let taken = w.sell(1099).await?;
    w.refused("unexpected_status", w.call("voidPaymentIntent", json!([taken]))).await?;
    w.offline().await?;
    let stored = w.sell(300).await?;
    w.call("voidPaymentIntent", json!([stored])).await?;
    w.refused("unexpected_status", w.call("voidPaymentIntent", json!([stored]))).await.map(drop)
}

async fn forward_now(w: &World<'_>) -> Result<()> {
    let stored = sent(w, Fate::Status(503, Some(300))).await?;
    w.call("forwardNow", json!([])).await?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn work_list(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let wedged = w.sell(1000).await?;
    let fine = w.sell(1100).await?;
    let declined = w.sell(1205).await?;
    w.control(Control::Occupy(text(&wedged, "/offlineId").to_owned())).await?;
    w.online().await?;
    w.becomes(&fine, "accepted").await?;
    w.becomes(&wedged, "wedged").await?;
    w.becomes(&declined, "declined").await?;
    let list = w.call("listAttention", json!([])).await?;
    let list = list.as_array().cloned().unwrap_or_default();
    let ids: Vec<&str> = list.iter().map(|line| text(line, "/offlineId")).collect();
    equal("in order", ids, vec![text(&wedged, "/offlineId"), text(&declined, "/offlineId")])?;
    for line in &list {
        holds("a reason", part(line, "/error").is_object())?;
    }
    Ok(())
}

async fn minted(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let intent = w.create_as(700, "prefer_online").await?;
    let offline_id = text(&intent, "/offlineId").to_owned();
    w.offline().await?;
    let intent = w.collect(&intent, crate::world::TAP).await?;
    w.confirm(&intent).await?;
    w.online().await?;
    w.becomes(&intent, "accepted").await?;
    let sent = w.control(Control::Batches).await?;
    equal("sent as", text(&sent, "/0/0"), offline_id.as_str())
}

async fn simulated(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.call("setSimulatedOfflineMode", json!(["immediate"])).await?;
    let stored = w.sell(1099).await?;
    equal("stored", part(&stored, "/offlineDetails/requiresUpload").as_bool(), Some(true))?;
    w.open(0).await?;
    equal("still", w.call("networkStatus", json!([])).await?, json!("offline"))?;
    equal("totals", w.stored().await?, (1, 1099))?;
    w.call("setSimulatedOfflineMode", json!(["off"])).await?;
    w.becomes(&stored, "accepted").await?;
    w.refused("invalid_request", w.call("setSimulatedOfflineMode", json!(["sometimes"]))).await.map(drop)
}
