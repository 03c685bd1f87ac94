//! Simulated outages, for testing an integration (1.6).

use anyhow::Result;
use serde_json::{Value, json};
use tillandsia_core::simulated_offline::SIMULATED_TIMEOUT_MS;

use super::rows;
use crate::rig::{Account, Control, Request};
use crate::world::{TAP, World, equal, holds, is_stored, number, part, text};

rows! {
    "1.6-simulated-outage" "A simulated outage lasts across a restart and loses nothing." => immediate;
    "1.6-simulated-in-every-tab" "A simulated outage is one for every tab, those that were open before too." => every_tab;
    "1.6-simulated-time-out" "`time_out`: requests end without an answer, after their time." => time_out;
    "1.6-simulated-intermittent" "`intermittent`: some requests fail, of some the answer is lost, some go through; each payment is charged once." => intermittent;
    "1.6-simulated-in-live-mode" "Where money moves no outage is simulated." => live_mode
        not in Browser: "the gateway's command makes test accounts only";
}

async fn simulate(w: &World<'_>, mode: &str) -> Result<()> {
    w.call("setSimulatedOfflineMode", json!([mode])).await.map(drop)
}

async fn immediate(w: &World<'_>) -> Result<()> {
    w.till().await?;
    simulate(w, "immediate").await?;
    equal("status", w.network_status().await?, json!("offline"))?;
    let stored = w.sell(1099).await?;
    is_stored(&stored)?;
    w.open(0).await?;
    equal("still", w.network_status().await?, json!("offline"))?;
    equal("totals", w.stored().await?, (1, 1099))?;
    simulate(w, "off").await?;
    equal("over", w.network_status().await?, json!("online"))?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])?;
    w.refused("invalid_request", w.call("setSimulatedOfflineMode", json!(["sometimes"]))).await?;
    equal("unchanged", w.network_status().await?, json!("online"))
}

async fn every_tab(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.open(1).await?;
    w.connect_in(1).await?;
    let other_is = async |wanted: &str| {
        w.until(&format!("the other tab to be {wanted}"), async || {
            Ok((w.call_in(1, "networkStatus", json!([])).await? == wanted).then_some(()))
        })
        .await
    };
    simulate(w, "immediate").await?;
    other_is("offline").await?;
    let stored = w.sell_in(1, json!({ "amount": 1099, "currency": "usd" }), TAP).await?;
    is_stored(&stored)?;
    w.call_in(1, "forwardNow", json!([])).await?;
    w.moments(8).await?;
    equal("is stored still", text(&w.payment(&stored).await?, "/state"), "stored")?;
    equal("nothing is charged", w.charged().await?, Vec::<u64>::new())?;
    simulate(w, "off").await?;
    other_is("online").await?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn time_out(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let forwarded = w.sent(Request::Forward).await?;
    let before = w.now_ms().await?;
    simulate(w, "time_out").await?;
    holds("it took its time", w.now_ms().await? >= before + 3_000)?;
    equal("status", w.network_status().await?, json!("offline"))?;
    let stored = w.sell(1099).await?;
    is_stored(&stored)?;
    w.call("forwardNow", json!([])).await?;
    w.control(Control::Advance(SIMULATED_TIMEOUT_MS)).await?;
    w.moments(8).await?;
    equal("nothing is sent", w.sent(Request::Forward).await?, forwarded)?;
    equal("nothing is claimed", number(&w.payment(&stored).await?, "/attempts")?, 0)?;
    simulate(w, "off").await?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn intermittent(w: &World<'_>) -> Result<()> {
    w.till().await?;
    simulate(w, "intermittent").await?;
    let mut sales: Vec<Value> = Vec::new();
    w.until("one that failed first and went through then", async || {
        let list = w.payments().await?;
        let accepted = |line: &&Value| text(line, "/state") == "accepted";
        if list.iter().all(|line| accepted(&line)) && sales.len() < 100 {
            sales.push(w.sell_forced(100 * (1 + sales.len() as u64)).await?);
        }
        w.call("forwardNow", json!([])).await?;
        let failed = |line: &Value| part(line, "/failures").as_array().is_some_and(|all| !all.is_empty());
        Ok(list.iter().filter(accepted).any(failed).then_some(()))
    })
    .await?;
    simulate(w, "off").await?;
    for sale in &sales {
        w.becomes(sale, "accepted").await?;
    }
    let amounts = (1..=sales.len() as u64).map(|sale| 100 * sale).collect();
    equal("each charged once", w.charged().await?, amounts)
}

async fn live_mode(w: &World<'_>) -> Result<()> {
    w.till().await?;
    simulate(w, "immediate").await?;
    w.control(Control::SwitchAccount(Account::Live)).await?;
    w.control(Control::Heal).await?;
    simulate(w, "off").await?;
    w.connect().await?;
    for mode in ["immediate", "time_out", "intermittent"] {
        w.refused("invalid_request", w.call("setSimulatedOfflineMode", json!([mode]))).await?;
        equal("not begun", w.network_status().await?, json!("online"))?;
    }
    simulate(w, "off").await?;
    equal("taken", text(&w.sell(1000).await?, "/status"), "succeeded")
}
