//! The risk policy (1.5): what is stored plus the amount at hand.

use anyhow::Result;
use serde_json::json;

use super::rows;
use crate::rig::Control;
use crate::world::{DAY_MS, TAP, World, equal, text};

rows! {
    "1.5-limit-total" "The sum of what is stored plus the amount at hand stays within the total, per currency." => total;
    "1.5-limit-count" "No more payments are stored than configured." => count;
    "1.5-limit-age" "While the oldest stored payment is older than configured no further one is taken." => age;
    "1.5-limit-two-tabs" "Two tabs cannot both use the last free place." => two_tabs;
    "1.5-limit-freed" "Forwarding frees the places." => freed;
}

const FULL: &str = "offline_payments_store_full";

async fn total(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "stored_amount_max": { "usd": 1000 } })).await?;
    w.till_offline().await?;
    w.sell(600).await?;
    w.refused(FULL, w.sell(401)).await?;
    w.sell_with(json!({ "amount": 5000, "currency": "eur" }), TAP).await?;
    w.sell(400).await?;
    w.refused(FULL, w.sell(1)).await.map(drop)
}

async fn count(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "stored_count_max": 2 })).await?;
    w.till_offline().await?;
    w.sell(100).await?;
    w.sell(100).await?;
    w.refused(FULL, w.sell(100)).await?;
    equal("totals", w.stored().await?, (2, 200))
}

async fn age(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "stored_age_max_s": 24 * 60 * 60 })).await?;
    w.till_offline().await?;
    w.sell(100).await?;
    w.control(Control::Advance(DAY_MS / 2)).await?;
    w.sell(100).await?;
    w.control(Control::Advance(DAY_MS)).await?;
    w.refused(FULL, w.sell(100)).await.map(drop)
}

async fn two_tabs(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "stored_count_max": 1 })).await?;
    w.till().await?;
    w.open(1).await?;
    w.connect_in(1).await?;
    w.offline().await?;
    let mut collected = Vec::new();
    for tab in [0, 1] {
        let options = json!([{ "amount": 100, "currency": "usd" }]);
        let intent = w.call_in(tab, "createPaymentIntent", options).await?;
        let hand = crate::rig::Hand::Present(TAP);
        collected.push(w.collect_in(tab, &intent, json!({}), hand).await?.0?);
    }
    let confirm = |tab: usize| w.call_in(tab, "confirmPaymentIntent", json!([collected[tab]]));
    let (first, second) = futures::join!(confirm(0), confirm(1));
    let (stored, refused) = if first.is_ok() { (first, second) } else { (second, first) };
    equal("one is stored", text(&stored?, "/status"), "succeeded")?;
    w.refused(FULL, async { refused }).await?;
    equal("totals", w.stored().await?, (1, 100))
}

async fn freed(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "stored_count_max": 1 })).await?;
    w.till_offline().await?;
    let stored = w.sell(100).await?;
    w.refused(FULL, w.sell(100)).await?;
    w.online().await?;
    w.becomes(&stored, "accepted").await?;
    w.offline().await?;
    w.sell(100).await.map(drop)
}
