//! What the others do not have (1.6).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Fate, Look, Request};
use crate::world::{CHIP, TAP, World, equal, holds, number, part, text};

rows! {
    "1.6-void-before-forward" "A stored payment that was never sent is taken back at once, kept in the list, and never charged." => void_at_once;
    "1.6-void-after-an-attempt" "One that was sent is taken back once the gateway has said that it was not charged." => void_asked;
    "1.6-void-of-a-charge" "One that the gateway has charged meanwhile is not taken back, and the app is told." => void_too_late;
    "1.6-void-after-restart" "A stored payment that was never sent is taken back at once after a restart too, with no connection to send it over." => void_after_restart;
    "1.6-void-needs-a-stored-one" "What is finished cannot be taken back." => void_refused;
    "1.6-forward-now" "\"Forward now\" sends everything stored, whatever it waits for." => forward_now;
    "1.6-work-list" "The work list has what waits for a person, the oldest deadline first, with whom to write to, what it was for, which card, and why." => work_list;
    "1.6-id-minted-at-creation" "The idempotency key is minted when the payment is created, not when it is sent." => minted;
}

async fn void_at_once(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
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

async fn void_asked(w: &World<'_>) -> Result<()> {
    let stored = sent(w, Fate::Status(503, Some(300))).await?;
    let voided = w.call("voidPaymentIntent", json!([stored])).await?;
    equal("not known yet", text(&voided, "/status"), "processing")?;
    w.becomes(&stored, "canceled").await?;
    equal("told", text(&w.told(&stored).await?, "/paymentIntent/status"), "canceled")?;
    equal("never charged", w.charged().await?, Vec::<u64>::new())
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
    let due_ms = number(&w.payment(&stored).await?, "/nextAttemptAtMs")?;
    w.control(Control::Heal).await?;
    w.call("forwardNow", json!([])).await?;
    w.becomes(&stored, "accepted").await?;
    holds("before it was due", w.now_ms().await? < due_ms)?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn minted(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let intent = w.create_as(700, "prefer_online").await?;
    let offline_id = text(&intent, "/offlineId").to_owned();
    w.offline().await?;
    let intent = w.collect(&intent, TAP).await?;
    w.confirm(&intent).await?;
    w.online().await?;
    w.becomes(&intent, "accepted").await?;
    let sent = w.look(Look::Batches).await?;
    equal("sent as", text(&sent, "/0/0"), offline_id.as_str())
}

/// A stored payment whose first attempt met this fate, and that is not sent again by itself.
async fn sent(w: &World<'_>, fate: Fate) -> Result<Value> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Forward, fate, 1).await?;
    w.fault(Request::Forward, Fate::Status(503, Some(300)), u32::MAX).await?;
    w.online().await?;
    w.until("a long wait", async || {
        let line = w.failed(&stored, 1).await?;
        Ok(line.filter(|line| text(line, "/lastError/code") == "api_error").map(drop))
    })
    .await?;
    Ok(stored)
}

async fn void_too_late(w: &World<'_>) -> Result<()> {
    let stored = sent(w, Fate::Lost).await?;
    equal("the gateway has charged it", w.charged().await?, vec![1099])?;
    let voided = w.call("voidPaymentIntent", json!([stored])).await?;
    equal("not known yet", text(&voided, "/status"), "processing")?;
    let line = w.becomes(&stored, "accepted").await?;
    equal("for the till too", text(&line, "/paymentIntent/status"), "succeeded")?;
    let told = w.told(&stored).await?;
    equal("told", text(&told, "/paymentIntent/status"), "succeeded")?;
    equal("without an error", part(&told, "/error").clone(), Value::Null)?;
    equal("totals", w.stored().await?, (0, 0))?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn void_after_restart(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.open(0).await?;
    // The restart tries to forward it, in vain.
    w.moments(8).await?;
    w.becomes(&stored, "stored").await?;
    let voided = w.call("voidPaymentIntent", json!([stored])).await?;
    equal("status", text(&voided, "/status"), "canceled")?;
    equal("totals", w.stored().await?, (0, 0))?;
    w.online().await?;
    w.moments(8).await?;
    equal("in the list", text(&w.payment(&stored).await?, "/state"), "canceled")?;
    equal("never charged", w.charged().await?, Vec::<u64>::new())
}

async fn work_list(w: &World<'_>) -> Result<()> {
    let sale = |amount: u64| {
        json!({
            "amount": amount, "currency": "usd", "receiptEmail": "someone@example.com",
            "description": "Two cheeses", "metadata": { "order": amount.to_string() },
        })
    };
    w.till_offline().await?;
    let declined = w.sell_with(sale(1005), TAP).await?;
    w.sell_with(sale(1000), TAP).await?;
    // From here on sales must be forwarded sooner than those before, which have to wait meanwhile.
    w.configure(json!({ "forward_within_s": 3600 })).await?;
    w.fault(Request::Forward, Fate::Status(503, Some(300)), u32::MAX).await?;
    w.online().await?;
    w.connect().await?;
    w.offline().await?;
    let wedged = w.sell_with(sale(1100), CHIP).await?;
    w.control(Control::Occupy(text(&wedged, "/offlineId").to_owned())).await?;
    w.control(Control::Heal).await?;
    w.online().await?;
    w.becomes(&wedged, "wedged").await?;
    w.becomes(&declined, "declined").await?;
    w.until("the third to be gone", async || Ok((w.stored().await?.0 == 1).then_some(()))).await?;

    let list = w.call("listAttention", json!([])).await?;
    let list = list.as_array().cloned().unwrap_or_default();
    let wanted = [
        (&wedged, "wedged", "idempotency_conflict", Value::Null, "0434", "1100"),
        (&declined, "declined", "card_declined", json!("generic_decline"), "0010", "1005"),
    ];
    equal("how many", list.len(), wanted.len())?;
    for (line, (sale, state, code, decline_code, last4, order)) in list.iter().zip(wanted) {
        equal("in order", text(line, "/offlineId"), text(sale, "/offlineId"))?;
        equal("state", text(line, "/state"), state)?;
        equal(
            "why",
            (text(line, "/error/code"), part(line, "/error/declineCode").clone()),
            (code, decline_code),
        )?;
        holds("what to do", !text(line, "/error/message").is_empty())?;
        equal("address", text(line, "/paymentIntent/receiptEmail"), "someone@example.com")?;
        equal("what it was", text(line, "/paymentIntent/description"), "Two cheeses")?;
        equal("metadata", part(line, "/paymentIntent/metadata").clone(), json!({ "order": order }))?;
        equal("card", text(line, "/card/last4"), last4)?;
        holds("expiry", number(line, "/card/expYear")? >= 2026)?;
        equal("waits for a person", part(line, "/needsAttention").as_bool(), Some(true))?;
    }
    holds("by deadline", number(&list[0], "/deadlineMs")? < number(&list[1], "/deadlineMs")?)?;
    let first = w.call("listAttention", json!([{ "limit": 1 }])).await?;
    equal("a page", first.as_array().map(Vec::len), Some(1))?;
    w.call("settlePaymentIntent", json!([declined])).await?;
    w.until("only the one set aside to be left", async || {
        let list = w.call("listAttention", json!([])).await?;
        let left = list.as_array().is_some_and(|list| list.len() == 1);
        Ok((left && text(&list, "/0/offlineId") == text(&wedged, "/offlineId")).then_some(()))
    })
    .await?;
    let voided = w.call("voidPaymentIntent", json!([wedged])).await?;
    equal("its id is another one's", text(&voided, "/status"), "canceled")?;
    equal("nothing is left", w.call("listAttention", json!([])).await?, json!([]))?;
    equal("totals", w.stored().await?, (0, 0))?;
    equal("charged", w.charged().await?, vec![1000])
}
