//! The readiness screen's answers (1.6).

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Hand};
use crate::world::{DAY_MS, PAYMENT_MAX, World, equal, holds, number, part, text};

rows! {
    "1.6-readiness" "Before the outage the till says whether offline would work, until when, and how much room there is." => readiness;
    "1.6-readiness-reasons" "Where it would not work each reason is named with its code and its remedy." => reasons;
    "1.6-readiness-limits" "Limits that leave room for no other payment are a reason, until what is stored is forwarded." => limits;
    "1.6-readiness-reader-gone" "A reader that has gone is a reason, until one is connected again." => reader_gone;
    "1.6-readiness-storage" "A disk that takes nothing more is a reason." => storage;
    "1.6-readiness-persistence" "Storage that the browser may clear, or that is nearly full, is a warning." => persistence;
}

/// Every check, in the order in which to see to them.
const CHECKS: [&str; 9] = [
    "configuration",
    "reader",
    "pairing",
    "reader_software",
    "listeners",
    "storage_key",
    "storage",
    "storage_persistence",
    "limits",
];

pub(super) fn check<'v>(readiness: &'v Value, name: &str) -> Result<&'v Value> {
    let checks = readiness["checks"].as_array().context("no checks")?;
    let names: Vec<&str> = checks.iter().map(|check| text(check, "/check")).collect();
    equal("the checks", names, CHECKS.to_vec())?;
    checks.iter().find(|check| text(check, "/check") == name).with_context(|| format!("no check {name}"))
}

/// Asks, and finds that it would not work, with these reasons and no other.
async fn not_ready(w: &World<'_>, reasons: &[(&str, &str)]) -> Result<()> {
    let now = w.call("checkReadiness", json!([])).await?;
    equal("ready", part(&now, "/ready").as_bool(), Some(false))?;
    equal("until", part(&now, "/untilMs").clone(), Value::Null)?;
    let mut found = Vec::new();
    for name in CHECKS {
        let check = check(&now, name)?;
        if text(check, "/result") == "failed" {
            holds(&format!("{name} has a remedy"), !text(check, "/message").is_empty())?;
            found.push((name, text(check, "/code")));
        }
    }
    equal("reasons", found, reasons.to_vec())
}

async fn ready(w: &World<'_>) -> Result<Value> {
    let now = w.call("checkReadiness", json!([])).await?;
    equal("ready", part(&now, "/ready").as_bool(), Some(true))?;
    Ok(now)
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
    let never_online = ("configuration", "not_connected_to_internet");
    let no_reader = ("reader", "no_established_connection_to_reader");
    not_ready(w, &[never_online, no_reader, ("listeners", "invalid_request")]).await?;
    w.till().await?;
    ready(w).await?;
    w.offline().await?;
    w.control(Control::Advance(30 * DAY_MS)).await?;
    let pairing = ("pairing", "reader_not_paired_online_at_location");
    let software = ("reader_software", "reader_software_update_required");
    not_ready(w, &[pairing, software]).await?;
    w.control(Control::BreakKey).await?;
    // Which readers were connected is not readable either without the key.
    let broken = w.call("checkReadiness", json!([])).await?;
    let key = check(&broken, "storage_key")?;
    equal("key", (text(key, "/result"), text(key, "/code")), ("failed", "storage_key_unavailable"))?;
    equal("ready", part(&broken, "/ready").as_bool(), Some(false))
}

async fn limits(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "stored_count_max": 1 })).await?;
    w.till_offline().await?;
    ready(w).await?;
    let stored = w.sell(100).await?;
    not_ready(w, &[("limits", "offline_payments_store_full")]).await?;
    w.online().await?;
    w.becomes(&stored, "accepted").await?;
    ready(w).await?;
    w.configure(json!({ "payment_amount_max": {} })).await?;
    w.connect().await?;
    not_ready(w, &[("limits", "invalid_offline_currency")]).await
}

async fn reader_gone(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(100, "prefer_online").await?;
    let code = "no_established_connection_to_reader";
    w.refused(code, w.collect_with(&intent, json!({}), Hand::Unplug)).await?;
    equal("connected", w.call("connectedReader", json!([])).await?, Value::Null)?;
    not_ready(w, &[("reader", code)]).await?;
    w.connect().await?;
    ready(w).await.map(drop)
}

async fn storage(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.control(Control::DiskFull(true)).await?;
    not_ready(w, &[("storage", "offline_payments_store_full")]).await?;
    w.control(Control::DiskFull(false)).await?;
    ready(w).await.map(drop)
}

async fn persistence(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let room = Some(1 << 30);
    for (persisted, free_bytes, result, says) in [
        (Some(true), room, "good", ""),
        (Some(true), None, "good", ""),
        (Some(false), room, "warning", "install"),
        (None, room, "warning", "install"),
        (Some(true), Some(1 << 20), "warning", "free"),
    ] {
        w.control(Control::Storage(persisted, free_bytes)).await?;
        let now = ready(w).await?;
        let found = check(&now, "storage_persistence")?;
        equal(&format!("{persisted:?} {free_bytes:?}"), text(found, "/result"), result)?;
        equal("code", part(found, "/code").clone(), Value::Null)?;
        let message = text(found, "/message");
        holds(
            &format!("{message:?} says {says}"),
            message.contains(says) && message.is_empty() == says.is_empty(),
        )?;
    }
    Ok(())
}
