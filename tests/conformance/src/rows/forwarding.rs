//! Forwarding (1.5).

use anyhow::Result;
use serde_json::{Value, json};
use tillandsia_core::network::PROBE_OFFLINE_MS;

use super::rows;
use crate::rig::{Control, Fate, Look, Request};
use crate::world::{DAY_MS, TAP, World, equal, holds, number, part, text};

rows! {
    "1.5-starts-by-itself" "Forwarding starts by itself when the connection is back." => by_itself;
    "1.5-return-noticed" "The gateway's return is noticed within 15 seconds without a word of the browser, and what is stored is forwarded." => return_noticed;
    "1.5-after-restart" "Forwarding starts by itself after a restart." => after_restart;
    "1.5-tried-while-offline" "Forwarding asked for is tried even while the till believes that it is offline; what a portal answers counts for no attempt." => tried_while_offline;
    "1.5-order" "The payment whose deadline comes first is sent first." => order;
    "1.5-batches" "Payments are sent in batches of fifty at most, with an answer for each." => batches;
    "1.5-answers-per-payment" "In one batch each payment has its own outcome." => per_payment;
    "1.5-no-head-of-line-blocking" "A payment that needs a person holds up no other." => no_blocking;
    "1.5-wedged-retry" "One that was set aside has a reason, and a retry that sends it again." => wedged_retry;
    "1.5-exactly-once-lost-answer" "A lost answer means unknown: the same offline id is sent again, and charged once." => once_after_loss;
    "1.5-exactly-once-many-outages" "Outage after outage in the middle of forwarding, each payment is charged once." => many_outages;
    "1.5-power-cut" "What was said to be stored is there after a restart at once, and is charged once." => power_cut;
    "1.5-sale-while-draining" "A forced offline sale made while others are forwarded is charged once." => while_draining;
    "1.5-deadline" "Each stored payment shows when it must have been forwarded: in 24 hours, or as configured." => deadline;
    "1.5-observable" "The list shows every stored payment with state, attempts, last error and next attempt." => observable;
}

async fn by_itself(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    equal("not sent", number(&w.payment(&stored).await?, "/attempts")?, 0)?;
    w.online().await?;
    let line = w.becomes(&stored, "accepted").await?;
    equal("attempts", number(&line, "/attempts")?, 1)?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn return_noticed(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    let back_ms = w.now_ms().await?;
    w.control(Control::Mend).await?;
    w.becomes(&stored, "accepted").await?;
    let took_ms = w.now_ms().await?.saturating_sub(back_ms);
    holds(&format!("{took_ms} ms"), took_ms <= 15_000)?;
    equal("status", w.network_status().await?, json!("online"))?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn after_restart(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.control(Control::Mend).await?;
    w.open(0).await?;
    w.becomes(&stored, "accepted").await?;
    equal("told", w.told(&stored).await?["error"].clone(), Value::Null)
}

async fn tried_while_offline(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Any, Fate::Portal, u32::MAX).await?;
    w.control(Control::Mend).await?;
    // By itself the till probes a gateway that is not there every three seconds.
    let before_ms = w.now_ms().await?;
    let tries = 5;
    for _ in 0..tries {
        let before = w.sent(Request::Probe).await?;
        w.call("forwardNow", json!([])).await?;
        w.until("a try", async || Ok((w.sent(Request::Probe).await? > before).then_some(()))).await?;
    }
    let took_ms = w.now_ms().await?.saturating_sub(before_ms);
    holds(&format!("{tries} tries in {took_ms} ms"), took_ms < (tries - 2) * PROBE_OFFLINE_MS)?;
    equal("status", w.network_status().await?, json!("offline"))?;
    let line = w.becomes(&stored, "stored").await?;
    equal("claimed for nobody", number(&line, "/attempts")?, 0)?;
    w.control(Control::Heal).await?;
    w.call("forwardNow", json!([])).await?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn order(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let first = w.sell(200).await?;
    // From here on sales must be forwarded sooner than the one before, which has to wait meanwhile.
    w.configure(json!({ "forward_within_s": 3600 })).await?;
    w.fault(Request::Forward, Fate::Status(503, Some(300)), u32::MAX).await?;
    w.online().await?;
    w.connect().await?;
    w.offline().await?;
    let urgent = w.sell(300).await?;
    let due = async |sale| number(&w.payment(sale).await?, "/deadlineMs");
    holds("the later sale is due earlier", due(&urgent).await? < due(&first).await?)?;
    w.control(Control::Heal).await?;
    w.online().await?;
    w.becomes(&first, "accepted").await?;
    w.becomes(&urgent, "accepted").await?;
    let sent = w.look(Look::Batches).await?;
    let last = sent.as_array().and_then(|batches| batches.last()).cloned().unwrap_or_default();
    equal("order", last, json!([text(&urgent, "/offlineId"), text(&first, "/offlineId")]))
}

async fn batches(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "stored_amount_max": {} })).await?;
    w.till_offline().await?;
    let mut last = Value::Null;
    for amount in 0..52 {
        last = w.sell(1_000 + 100 * amount).await?;
    }
    w.online().await?;
    w.becomes(&last, "accepted").await?;
    w.none_stored().await?;
    let sent = w.look(Look::Batches).await?;
    let mut sizes: Vec<usize> =
        sent.as_array().into_iter().flatten().filter_map(|batch| Some(batch.as_array()?.len())).collect();
    sizes.sort_unstable();
    equal("sizes", sizes, vec![2, 50])?;
    equal("each charged once", w.charged().await?, (0..52).map(|amount| 1_000 + 100 * amount).collect())
}

async fn per_payment(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let mut sales = Vec::new();
    for amount in [1000, 1005, 1001, 1100] {
        sales.push(w.sell(amount).await?);
    }
    w.online().await?;
    for (sale, state) in sales.iter().zip(["accepted", "declined", "declined", "accepted"]) {
        w.becomes(sale, state).await?;
    }
    let sent = w.look(Look::Batches).await?;
    equal("one request", sent.as_array().map(Vec::len), Some(1))?;
    equal("charged", w.charged().await?, vec![1000, 1100])
}

async fn no_blocking(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let wrong = w.sell(1000).await?;
    let right = w.sell(1100).await?;
    w.control(Control::Occupy(text(&wrong, "/offlineId").to_owned())).await?;
    w.online().await?;
    w.becomes(&right, "accepted").await?;
    w.becomes(&wrong, "wedged").await?;
    let later = w.create_as(1200, "force_offline").await?;
    let later = w.collect(&later, TAP).await?;
    let later = w.confirm(&later).await?;
    w.becomes(&later, "accepted").await?;
    equal("charged", w.charged().await?, vec![1100, 1200])
}

async fn wedged_retry(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let wrong = w.sell(1000).await?;
    w.control(Control::Occupy(text(&wrong, "/offlineId").to_owned())).await?;
    w.online().await?;
    let line = w.becomes(&wrong, "wedged").await?;
    holds("what to do", !text(&line, "/lastError/message").is_empty())?;
    equal("it is not sent by itself", part(&line, "/nextAttemptAtMs").clone(), Value::Null)?;
    let attempts = number(&line, "/attempts")?;
    w.call("forwardNow", json!([])).await?;
    equal("nor by force", number(&w.payment(&wrong).await?, "/attempts")?, attempts)?;
    w.call("retryPaymentIntent", json!([wrong])).await?;
    w.until("another attempt", async || {
        let line = w.payment(&wrong).await?;
        Ok((number(&line, "/attempts")? == attempts + 1 && text(&line, "/state") == "wedged").then_some(()))
    })
    .await?;
    let again = w.call("retryPaymentIntent", json!([text(&w.sell(500).await?, "/offlineId")]));
    w.refused("unexpected_status", again).await.map(drop)
}

async fn once_after_loss(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Forward, Fate::Lost, 1).await?;
    w.online().await?;
    w.call("forwardNow", json!([])).await?;
    let line = w.becomes(&stored, "accepted").await?;
    holds("sent more than once", number(&line, "/attempts")? > 1)?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn many_outages(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let mut sales = Vec::new();
    for amount in [1000, 1100, 1200] {
        sales.push(w.sell(amount).await?);
    }
    for _ in 0..3 {
        w.fault(Request::Forward, Fate::Lost, 1).await?;
        w.online().await?;
        w.offline().await?;
    }
    w.control(Control::Heal).await?;
    w.online().await?;
    for sale in &sales {
        w.becomes(sale, "accepted").await?;
        w.told_once(sale).await?;
    }
    equal("each charged once", w.charged().await?, vec![1000, 1100, 1200])
}

async fn power_cut(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.open(0).await?;
    equal("totals", w.stored().await?, (1, 1099))?;
    // A restart forwards, even with no connection.
    let line = w.payment(&stored).await?;
    holds("it waits for the gateway", ["stored", "forwarding"].contains(&text(&line, "/state")))?;
    w.online().await?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn while_draining(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    for amount in [1000, 1100] {
        w.sell(amount).await?;
    }
    w.online().await?;
    let mut last = Value::Null;
    for amount in [1200, 1300, 1400] {
        let intent = w.create_as(amount, "force_offline").await?;
        let intent = w.collect(&intent, TAP).await?;
        last = w.confirm(&intent).await?;
    }
    w.becomes(&last, "accepted").await?;
    w.none_stored().await?;
    equal("each charged once", w.charged().await?, vec![1000, 1100, 1200, 1300, 1400])
}

async fn deadline(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let usual = w.payment(&w.sell(500).await?).await?;
    equal("usually", number(&usual, "/deadlineMs")? - number(&usual, "/storedAtMs")?, DAY_MS)?;
    w.online().await?;
    w.configure(json!({ "forward_within_s": 7200 })).await?;
    w.connect().await?;
    w.offline().await?;
    let sooner = w.payment(&w.sell(500).await?).await?;
    equal("as configured", number(&sooner, "/deadlineMs")? - number(&sooner, "/storedAtMs")?, 7_200_000)
}

async fn observable(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let mut sales = Vec::new();
    for amount in [100, 200, 300] {
        sales.push(w.sell(amount).await?);
    }
    let list = w.payments().await?;
    let ids =
        |list: &[Value]| -> Vec<String> { list.iter().map(|p| text(p, "/offlineId").to_owned()).collect() };
    sales.reverse();
    equal("newest first", ids(&list), ids(&sales))?;
    for line in &list {
        equal("state", text(line, "/state"), "stored")?;
        equal("attempts", number(line, "/attempts")?, 0)?;
        holds("next attempt", number(line, "/nextAttemptAtMs")? > 0)?;
        equal("last error", part(line, "/lastError").clone(), Value::Null)?;
    }
    let page =
        w.call("listPayments", json!([{ "limit": 1, "before": text(&sales[0], "/offlineId") }])).await?;
    equal("a page", text(&page, "/0/offlineId"), text(&sales[1], "/offlineId"))?;
    w.refused("invalid_request", w.call("listPayments", json!([{ "limit": 1000 }]))).await.map(drop)
}
