//! Several tabs on one queue (1.5).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Fate, Look, Request};
use crate::world::{TAP, World, equal, number, text};

rows! {
    "1.5-two-tabs" "Two tabs on one queue: each payment is sent once, charged once, and told once, in whichever tab." => two_tabs;
    "1.5-frozen-tab" "A tab that freezes while it forwards keeps its payments for as long as its lease, not for as long as its lock." => frozen_tab;
    "1.5-left-by-its-tab" "What a tab stored and could not send is forwarded by another one, by itself, once the first is closed." => left_by_its_tab;
    "1.5-closed-tab" "A tab that is closed while it forwards leaves its payments to the others, at once; each is charged once." => closed_tab;
}

async fn two_tabs(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.open(1).await?;
    w.connect_in(1).await?;
    w.offline().await?;
    let first = w.sell(1000).await?;
    let second = w.sell_in(1, json!({ "amount": 1100, "currency": "usd" }), TAP).await?;
    for tab in [0, 1] {
        let status = w.call_in(tab, "getOfflineStatus", json!([])).await?;
        equal("both see both", number(&status, "/sdk/offlinePaymentsCount")?, 2)?;
    }
    w.online().await?;
    for tab in [0, 1] {
        w.call_in(tab, "forwardNow", json!([])).await?;
    }
    let told = async |sale: &Value| {
        anyhow::Ok(w.told_of_in(0, sale).await?.len() + w.told_of_in(1, sale).await?.len())
    };
    for sale in [&first, &second] {
        w.becomes(sale, "accepted").await?;
        w.until("an event", async || Ok((told(sale).await? > 0).then_some(()))).await?;
    }
    w.moments(8).await?;
    for sale in [&first, &second] {
        equal("told once", told(sale).await?, 1)?;
    }
    let batches = w.look(Look::Batches).await?;
    let mut sent: Vec<&str> = batches
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    sent.sort_unstable();
    equal("sent once", sent, vec![text(&first, "/offlineId"), text(&second, "/offlineId")])?;
    equal("each charged once", w.charged().await?, vec![1000, 1100])
}

async fn left_by_its_tab(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.open(1).await?;
    w.connect_in(1).await?;
    w.fault(Request::Forward, Fate::Status(503, Some(120)), 1).await?;
    let forced = json!({ "amount": 1099, "currency": "usd", "offlineBehavior": "force_offline" });
    let stored = w.sell_in(1, forced, TAP).await?;
    w.fails(&stored, 1).await?;
    w.control(Control::Leave(1)).await?;
    w.moments(8).await?;
    equal("it waits for its time", number(&w.payment(&stored).await?, "/attempts")?, 1)?;
    let line = w.accepted_in_time(&stored, 10_000).await?;
    equal("attempts", number(&line, "/attempts")?, 2)?;
    w.told_once(&stored).await?;
    equal("charged once", w.charged().await?, vec![1099])
}

/// A stored payment that the other tab has claimed, and can send no more.
async fn claimed_by_another(w: &World<'_>, ends: Control) -> Result<Value> {
    w.till().await?;
    w.open(1).await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    w.control(Control::Mend).await?;
    w.control(ends).await?;
    equal("claimed", text(&w.payment(&stored).await?, "/state"), "forwarding")?;
    Ok(stored)
}

async fn charged_at_the_second_attempt(w: &World<'_>, stored: &Value) -> Result<()> {
    w.call("forwardNow", json!([])).await?;
    let line = w.becomes(stored, "accepted").await?;
    equal("attempts", number(&line, "/attempts")?, 2)?;
    w.told_once(stored).await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn closed_tab(w: &World<'_>) -> Result<()> {
    let stored = claimed_by_another(w, Control::Close(1)).await?;
    charged_at_the_second_attempt(w, &stored).await
}

async fn frozen_tab(w: &World<'_>) -> Result<()> {
    let stored = claimed_by_another(w, Control::Freeze(1)).await?;
    let before = w.sent(Request::Forward).await?;
    w.call("forwardNow", json!([])).await?;
    w.moments(8).await?;
    equal("its lease is respected", text(&w.payment(&stored).await?, "/state"), "forwarding")?;
    equal("nobody else sends it", w.sent(Request::Forward).await?, before)?;
    w.control(Control::Advance(61_000)).await?;
    charged_at_the_second_attempt(w, &stored).await
}
