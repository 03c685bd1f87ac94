//! The types, and the table of cases (1.3).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Fate, Request};
use crate::world::{CHIP, TAP, World, equal, holds, is_stored, part, text};

rows! {
    "1.3-case-online" "Created and confirmed online: `id` set, `offlineDetails` null." => case_online;
    "1.3-case-created-offline" "Created offline: `id` null until it is forwarded, `offlineDetails` set." => case_created_offline;
    "1.3-case-created-online" "Created online, confirmed offline: both set." => case_created_online;
    "1.3-case-never-made" "Forwarding failed before the gateway made it: `id` still null, and the offline id identifies it." => case_never_made;
    "1.3-network-status" "The network status is the ability to reach the gateway, not what the browser says of its network." => network_status;
    "1.3-totals" "Totals grow when a payment is stored and shrink when it is forwarded, by currency." => totals;
    "1.3-declined-after-forwarding" "A stored payment that is declined has no upload left and the failure of its charge." => declined;
    "1.3-read-methods" "Each way to read a card has its name." => read_methods;
    "1.3-retrieve" "A payment is retrieved by its offline id, before and after it is confirmed." => retrieve;
}

async fn case_online(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let taken = w.sell(1099).await?;
    holds("id", text(&taken, "/id").starts_with("pi_"))?;
    equal("offline details", part(&taken, "/offlineDetails").clone(), Value::Null)
}

async fn case_created_offline(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    equal("id", part(&stored, "/id").clone(), Value::Null)?;
    is_stored(&stored)?;
    w.online().await?;
    let told = w.told(&stored).await?;
    holds("id", text(&told, "/paymentIntent/id").starts_with("pi_"))?;
    equal("upload", part(&told, "/paymentIntent/offlineDetails/requiresUpload").as_bool(), Some(false))
}

async fn case_created_online(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let intent = w.create_as(1099, "prefer_online").await?;
    let intent = w.collect_in(0, &intent, json!({}), crate::rig::Hand::CutAndPresent(TAP)).await?.0?;
    w.offline().await?;
    // Collected while the till thought it was online.
    w.refused("offline_collect_and_confirm_mismatch", w.confirm(&intent)).await?;
    let intent = w.collect(&intent, TAP).await?;
    let stored = w.confirm(&intent).await?;
    holds("id", text(&stored, "/id").starts_with("pi_"))?;
    holds("offline details", part(&stored, "/offlineDetails").is_object())
}

async fn case_never_made(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Forward, Fate::Status(503, None), u32::MAX).await?;
    w.online().await?;
    let line = w
        .until("a failed attempt", async || {
            Ok(Some(w.payment(&stored).await?).filter(|p| part(p, "/lastError").is_object()))
        })
        .await?;
    equal("id", part(&line, "/paymentIntent/id").clone(), Value::Null)?;
    equal("upload", part(&line, "/paymentIntent/offlineDetails/requiresUpload").as_bool(), Some(true))?;
    equal("offline id", text(&line, "/paymentIntent/offlineId"), text(&stored, "/offlineId"))?;
    equal("still counted", w.stored().await?, (1, 1099))
}

async fn network_status(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.control(Control::BrowserSays(false)).await?;
    equal("the gateway is there", text(&w.sell(500).await?, "/status"), "succeeded")?;
    equal("status", w.network_status().await?, json!("online"))?;
    w.offline().await?;
    w.control(Control::BrowserSays(true)).await?;
    let status = w.call("getOfflineStatus", json!([])).await?;
    equal("the gateway is not", text(&status, "/sdk/networkStatus"), "offline")?;
    equal("no reader stores payments", part(&status, "/reader").clone(), Value::Null)
}

async fn totals(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    w.sell(1099).await?;
    w.sell(301).await?;
    let euros = w.sell_with(json!({ "amount": 700, "currency": "eur" }), TAP).await?;
    let sums = async || {
        let status = w.call("getOfflineStatus", json!([])).await?;
        anyhow::Ok(part(&status, "/sdk/offlinePaymentAmountsByCurrency").clone())
    };
    equal("sums", sums().await?, json!({ "usd": 1400, "eur": 700 }))?;
    equal("count", w.stored().await?.0, 3)?;
    w.online().await?;
    w.told(&euros).await?;
    w.none_stored().await?;
    equal("sums", sums().await?, json!({}))
}

async fn declined(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1005).await?;
    equal("for the customer it succeeded", text(&stored, "/status"), "succeeded")?;
    w.online().await?;
    let line = w.becomes(&stored, "declined").await?;
    equal("status", text(&line, "/paymentIntent/status"), "requires_payment_method")?;
    equal("why", text(&line, "/error/code"), "card_declined")?;
    equal("totals", w.stored().await?, (0, 0))?;
    equal("no money", w.charged().await?, Vec::<u64>::new())
}

async fn read_methods(w: &World<'_>) -> Result<()> {
    w.till().await?;
    for (profile, name) in
        [("swipe", "magnetic_stripe_track2"), (TAP, "contactless_emv"), (CHIP, "contact_emv")]
    {
        let taken = w.sell_with(json!({ "amount": 100, "currency": "usd" }), profile).await?;
        equal(profile, text(&w.payment(&taken).await?, "/card/readMethod"), name)?;
    }
    Ok(())
}

async fn retrieve(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(500, "prefer_online").await?;
    let open = w.call("retrievePaymentIntent", json!([text(&intent, "/offlineId")])).await?;
    equal("open", text(&open, "/status"), "requires_payment_method")?;
    let intent = w.collect(&intent, TAP).await?;
    let stored = w.confirm(&intent).await?;
    w.open(0).await?;
    let known = w.call("retrievePaymentIntent", json!([stored])).await?;
    equal("stored", known, stored)
}
