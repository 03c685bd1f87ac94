//! Forwarding (1.5).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Fate, Request};
use crate::world::{DAY_MS, TAP, World, equal, holds, number, part, text};

rows! {
    "1.5-starts-by-itself" "Forwarding starts by itself when the connection is back." => by_itself;
    "1.5-after-restart" "Forwarding starts by itself after a restart." => after_restart;
    "1.5-tried-while-offline" "Forwarding asked for is tried even while the till believes that it is offline." => tried_while_offline;
    "1.5-order" "The payment whose deadline comes first is sent first." => order;
    "1.5-batches" "Payments are sent in batches of fifty at most, with an answer for each." => batches;
    "1.5-answers-per-payment" "In one batch each payment has its own outcome." => per_payment;
    "1.5-no-head-of-line-blocking" "A payment that needs a person holds up no other." => no_blocking;
    "1.5-wedged-retry" "One that was set aside has a reason, and a retry that sends it again." => wedged_retry;
    "1.5-backoff" "A failed attempt is counted, kept with its reason, and repeated after 1 second to 5 minutes." => backoff;
    "1.5-retry-after" "The gateway's `Retry-After` is honoured." => retry_after;
    "1.5-reset" "\"Forward now\" and the connection's return do not wait for the backoff." => reset;
    "1.5-exactly-once-lost-answer" "A lost answer means unknown: the same offline id is sent again, and charged once." => once_after_loss;
    "1.5-exactly-once-many-outages" "Outage after outage in the middle of forwarding, each payment is charged once." => many_outages;
    "1.5-power-cut" "What was said to be stored is there after a restart at once, and is charged once." => power_cut;
    "1.5-sale-while-draining" "A forced offline sale made while others are forwarded is charged once." => while_draining;
    "1.5-decline-is-final" "A decline of a stored payment is final, and waits in the work list until a person has dealt with it." => decline_is_final;
    "1.5-until-acknowledged" "An event that the app did not take is told again after a restart, and no more once it was taken." => until_acknowledged;
    "1.5-card-destroyed" "After the final outcome the card's ciphertext is destroyed; what reconciliation needs stays." => card_destroyed;
    "1.5-deadline" "Each stored payment shows when it must have been forwarded: in 24 hours, or as configured." => deadline;
    "1.5-observable" "The list shows every stored payment with state, attempts, last error and next attempt." => observable;
    "1.5-two-tabs" "Two tabs on one queue: each payment is charged once, and told once." => two_tabs;
}

async fn by_itself(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    equal("not sent", number(&w.payment(&stored).await?, "/attempts")?, 0)?;
    w.online().await?;
    let line = w.becomes(&stored, "accepted").await?;
    equal("attempts", number(&line, "/attempts")?, 1)?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn after_restart(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    w.control(Control::Mend).await?;
    w.open(0).await?;
    w.becomes(&stored, "accepted").await?;
    equal("told", w.told(&stored).await?["error"].clone(), Value::Null)
}

async fn tried_while_offline(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    w.call("forwardNow", json!([])).await?;
    let line = w
        .until("an attempt", async || {
            let line = w.payment(&stored).await?;
            Ok((number(&line, "/attempts")? > 0 && text(&line, "/state") == "stored").then_some(line))
        })
        .await?;
    equal("failed", text(&line, "/lastError/code"), "not_connected_to_internet")?;
    w.control(Control::Mend).await?;
    w.call("forwardNow", json!([])).await?;
    w.becomes(&stored, "accepted").await.map(drop)
}

async fn order(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
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
    let sent = w.control(Control::Batches).await?;
    let last = sent.as_array().and_then(|batches| batches.last()).cloned().unwrap_or_default();
    equal("order", last, json!([text(&urgent, "/offlineId"), text(&first, "/offlineId")]))
}

async fn batches(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "stored_amount_max": {} })).await?;
    w.till().await?;
    w.offline().await?;
    let mut last = Value::Null;
    for amount in 0..52 {
        last = w.sell(1_000 + 100 * amount).await?;
    }
    w.online().await?;
    w.becomes(&last, "accepted").await?;
    w.until("none to be stored", async || Ok((w.stored().await?.0 == 0).then_some(()))).await?;
    let sent = w.control(Control::Batches).await?;
    let mut sizes: Vec<usize> =
        sent.as_array().into_iter().flatten().filter_map(|batch| Some(batch.as_array()?.len())).collect();
    sizes.sort_unstable();
    equal("sizes", sizes, vec![2, 50])?;
    equal("each charged once", w.charged().await?, (0..52).map(|amount| 1_000 + 100 * amount).collect())
}

async fn per_payment(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let mut sales = Vec::new();
    for amount in [1000, 1005, 1001, 1100] {
        sales.push(w.sell(amount).await?);
    }
    w.online().await?;
    for (sale, state) in sales.iter().zip(["accepted", "declined", "declined", "accepted"]) {
        w.becomes(sale, state).await?;
    }
    let sent = w.control(Control::Batches).await?;
    equal("one request", sent.as_array().map(Vec::len), Some(1))?;
    equal("charged", w.charged().await?, vec![1000, 1100])
}

async fn no_blocking(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
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
    w.till().await?;
    w.offline().await?;
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

/// A stored payment whose first attempt was answered with this.
async fn failed_once(w: &World<'_>, status: u16, retry_after_s: Option<u32>) -> Result<(Value, Value)> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Forward, Fate::Status(status, retry_after_s), 1).await?;
    w.online().await?;
    let line = w
        .until("a failed attempt", async || {
            let line = w.payment(&stored).await?;
            Ok((part(&line, "/lastError").is_object() && text(&line, "/state") == "stored").then_some(line))
        })
        .await?;
    Ok((stored, line))
}

async fn backoff(w: &World<'_>) -> Result<()> {
    let (stored, line) = failed_once(w, 503, None).await?;
    equal("attempts", number(&line, "/attempts")?, 1)?;
    equal("reason", text(&line, "/lastError/code"), "api_error")?;
    let wait = number(&line, "/nextAttemptAtMs")?.saturating_sub(number(&line, "/lastError/atMs")?);
    holds(&format!("{wait} ms"), (500..=300_000).contains(&wait))?;
    let line = w.becomes(&stored, "accepted").await?;
    equal("attempts", number(&line, "/attempts")?, 2)?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn retry_after(w: &World<'_>) -> Result<()> {
    let (_, line) = failed_once(w, 429, Some(120)).await?;
    let wait = number(&line, "/nextAttemptAtMs")?.saturating_sub(number(&line, "/lastError/atMs")?);
    holds(&format!("{wait} ms"), (120_000..=300_000).contains(&wait))
}

async fn reset(w: &World<'_>) -> Result<()> {
    let (stored, line) = failed_once(w, 503, Some(300)).await?;
    let due = number(&line, "/nextAttemptAtMs")?;
    w.call("forwardNow", json!([])).await?;
    let line = w.becomes(&stored, "accepted").await?;
    holds("before it was due", number(&line, "/paymentIntent/createdAtMs")? < due)?;
    w.fault(Request::Forward, Fate::Status(503, Some(300)), 1).await?;
    let other = w.create_as(300, "force_offline").await?;
    let other = w.collect(&other, TAP).await?;
    let other = w.confirm(&other).await?;
    w.until("a failed attempt", async || {
        Ok(part(&w.payment(&other).await?, "/lastError").is_object().then_some(()))
    })
    .await?;
    w.offline().await?;
    w.online().await?;
    w.becomes(&other, "accepted").await.map(drop)
}

async fn once_after_loss(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Forward, Fate::Lost, 1).await?;
    w.online().await?;
    w.call("forwardNow", json!([])).await?;
    let line = w.becomes(&stored, "accepted").await?;
    holds("sent more than once", number(&line, "/attempts")? > 1)?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn many_outages(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
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
        w.told(sale).await?;
        equal("told once", w.told_of(sale).await?.len(), 1)?;
    }
    equal("each charged once", w.charged().await?, vec![1000, 1100, 1200])
}

async fn power_cut(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
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
    w.till().await?;
    w.offline().await?;
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
    w.until("none to be stored", async || Ok((w.stored().await?.0 == 0).then_some(()))).await?;
    equal("each charged once", w.charged().await?, vec![1000, 1100, 1200, 1300, 1400])
}

async fn decline_is_final(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1005).await?;
    w.online().await?;
    w.becomes(&stored, "declined").await?;
    w.refused("unexpected_status", w.call("retryPaymentIntent", json!([stored]))).await?;
    w.call("forwardNow", json!([])).await?;
    let waiting = w.call("listAttention", json!([])).await?;
    equal("in the work list", text(&waiting, "/0/offlineId"), text(&stored, "/offlineId"))?;
    w.call("settlePaymentIntent", json!([stored])).await?;
    equal("dealt with", w.call("listAttention", json!([])).await?, json!([]))?;
    equal("still in the list", text(&w.payment(&stored).await?, "/state"), "declined")
}

async fn until_acknowledged(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.control(Control::AppTakes(false)).await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    w.online().await?;
    w.told(&stored).await?;
    w.open(0).await?;
    w.told(&stored).await?;
    w.control(Control::AppTakes(true)).await?;
    w.open(0).await?;
    w.told(&stored).await?;
    // The acknowledgement is written a moment after the app took it; from then on no restart tells it again.
    w.until("the acknowledgement", async || {
        w.open(0).await?;
        w.until("the new page", async || {
            Ok((!w.events("offlinestatuschange").await?.is_empty()).then_some(()))
        })
        .await?;
        w.moments(4).await?;
        Ok(w.told_of(&stored).await?.is_empty().then_some(()))
    })
    .await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn card_destroyed(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    let kept = async || {
        let bytes = w.control(Control::BytesKept(text(&stored, "/offlineId").to_owned())).await?;
        anyhow::Ok(bytes.as_u64().unwrap_or_default())
    };
    let with_card = kept().await?;
    w.online().await?;
    let line = w.becomes(&stored, "accepted").await?;
    let without = kept().await?;
    holds(&format!("{with_card} bytes became {without}"), without + 100 < with_card)?;
    equal("last four", text(&line, "/card/last4"), "0010")
}

async fn deadline(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.offline().await?;
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
    w.till().await?;
    w.offline().await?;
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

async fn two_tabs(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.open(1).await?;
    w.connect_in(1).await?;
    w.offline().await?;
    let first = w.sell(1000).await?;
    let second = w.sell_in(1, json!({ "amount": 1100, "currency": "usd" }), TAP).await?;
    equal("both see both", w.stored().await?, (2, 2100))?;
    w.online().await?;
    for tab in [0, 1] {
        w.call_in(tab, "forwardNow", json!([])).await?;
    }
    for sale in [&first, &second] {
        w.becomes(sale, "accepted").await?;
        w.told(sale).await?;
        equal("told once", w.told_of(sale).await?.len(), 1)?;
    }
    equal("each charged once", w.charged().await?, vec![1000, 1100])
}
