//! Creating a PaymentIntent (1.2, step 4).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Fate, Request};
use crate::world::{TAP, World, equal, holds, is_stored, number, part, text};

rows! {
    "1.2.4-created-offline" "Created offline a PaymentIntent has no id of the gateway's and an offline id that stays." => created_offline;
    "1.2.4-created-online" "Created online it has the gateway's id at once." => created_online;
    "1.2.4-metadata" "Metadata, description and receipt address reach the gateway's PaymentIntent unchanged, offline too." => metadata;
    "1.2.4-prefer-online-is-default" "Without `offlineBehavior` a payment prefers the network and falls back where the gateway is gone." => default;
    "1.2.4-stalled" "On a network that swallows everything a payment that prefers it is made offline within 5 seconds, and charged once." => stalled;
    "1.2.4-require-online-tries" "`require_online` tries the network even while the till believes that it is offline." => require_online_tries;
    "1.2.4-require-online-fails" "`require_online` without a connection fails with its own code." => require_online_fails;
    "1.2.4-force-offline" "`force_offline` never asks the gateway on the sale's path, and the payment is forwarded in the background." => force_offline;
    "1.2.4-force-offline-disabled" "`force_offline` with offline mode off fails with its own code." => force_offline_disabled;
    "1.2.4-checks" "Amounts, currencies, metadata and options that cannot be used are refused by name." => checks;
}

async fn created_offline(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(1099, "prefer_online").await?;
    equal("id", part(&intent, "/id").clone(), Value::Null)?;
    let offline_id = text(&intent, "/offlineId").to_owned();
    holds("a UUID of version 7", offline_id.len() == 36 && offline_id.as_bytes().get(14) == Some(&b'7'))?;
    let collected = w.collect(&intent, TAP).await?;
    let stored = w.confirm(&collected).await?;
    w.online().await?;
    let forwarded = w.told(&stored).await?;
    for later in [&collected, &stored, part(&forwarded, "/paymentIntent")] {
        equal("offline id", text(later, "/offlineId"), &offline_id)?;
    }
    Ok(())
}

async fn created_online(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let intent = w.create_as(1099, "prefer_online").await?;
    holds("an id", text(&intent, "/id").starts_with("pi_"))?;
    equal("status", text(&intent, "/status"), "requires_payment_method")?;
    equal("at the gateway", text(&w.at_gateway(&intent).await?, "/status"), "requires_payment_method")
}

async fn metadata(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let metadata = json!({ "order": "4711", "till": "Käse & Brot", "empty": "" });
    let options = json!({
        "amount": 1099, "currency": "usd", "metadata": metadata,
        "description": "Two cheeses", "receiptEmail": "someone@example.com",
    });
    let online = w.sell_with(options.clone(), TAP).await?;
    w.offline().await?;
    let stored = w.sell_with(options, TAP).await?;
    equal("on the device", part(&stored, "/metadata").clone(), metadata.clone())?;
    w.online().await?;
    let forwarded = w.told(&stored).await?;
    for intent in [&online, part(&forwarded, "/paymentIntent")] {
        let known = w.at_gateway(intent).await?;
        equal("metadata", part(&known, "/metadata").clone(), metadata.clone())?;
        equal("description", text(&known, "/description"), "Two cheeses")?;
        equal("receipt address", text(&known, "/receipt_email"), "someone@example.com")?;
    }
    Ok(())
}

async fn default(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let online = w.create(json!({ "amount": 500, "currency": "usd" })).await?;
    holds("online where it can be", text(&online, "/id").starts_with("pi_"))?;
    w.control(Control::Cut).await?;
    let offline = w.sell(500).await?;
    equal("stored where it cannot", part(&offline, "/offlineDetails/requiresUpload").as_bool(), Some(true))
}

async fn stalled(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.fault(Request::Any, Fate::Stalled, 1_000).await?;
    let intent = w.create_as(700, "prefer_online").await?;
    let took_ms = w.now_ms().await? - number(&intent, "/createdAtMs")?;
    holds(&format!("made within 5 seconds, not {took_ms} ms"), took_ms <= 5_000)?;
    equal("id", part(&intent, "/id").clone(), Value::Null)?;
    equal("status", w.network_status().await?, json!("offline"))?;
    let intent = w.collect(&intent, TAP).await?;
    let stored = w.confirm(&intent).await?;
    is_stored(&stored)?;
    w.control(Control::Heal).await?;
    w.becomes(&stored, "accepted").await?;
    w.told_once(&stored).await?;
    equal("charged once", w.charged().await?, vec![700])
}

async fn require_online_tries(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    w.control(Control::Mend).await?;
    let intent = w.create_as(500, "require_online").await?;
    holds("an id", text(&intent, "/id").starts_with("pi_"))?;
    let intent = w.collect(&intent, TAP).await?;
    equal("taken", text(&w.confirm(&intent).await?, "/status"), "succeeded")
}

async fn require_online_fails(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    w.refused("not_connected_to_internet_and_require_online_set", w.create_as(500, "require_online")).await?;
    equal("nothing is stored", w.stored().await?, (0, 0))
}

async fn force_offline(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let asked = async || {
        let mut asked = Vec::new();
        for request in
            [Request::Session, Request::Create, Request::Inspect, Request::Confirm, Request::Resolve]
        {
            asked.push((request, w.sent(request).await?));
        }
        anyhow::Ok(asked)
    };
    let before = asked().await?;
    let intent = w.create_as(500, "force_offline").await?;
    equal("no id", part(&intent, "/id").clone(), Value::Null)?;
    let intent = w.collect(&intent, TAP).await?;
    let stored = w.confirm(&intent).await?;
    is_stored(&stored)?;
    w.becomes(&stored, "accepted").await?;
    equal("what the gateway was asked", asked().await?, before)?;
    holds("it was forwarded", w.sent(Request::Forward).await? > 0)?;
    equal("charged once", w.charged().await?, vec![500])
}

async fn force_offline_disabled(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "enabled": false })).await?;
    w.till().await?;
    w.refused("force_offline_with_feature_disabled", w.create_as(500, "force_offline")).await?;
    w.offline().await?;
    w.refused("force_offline_with_feature_disabled", w.create_as(500, "force_offline")).await.map(drop)
}

async fn checks(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let usd = |amount: Value| json!({ "amount": amount, "currency": "usd" });
    let with = |name: &str, value: Value| json!({ "amount": 100, "currency": "usd", name: value });
    let long = "x".repeat(501);
    for (options, named) in [
        (usd(json!(0)), "amount"),
        (usd(json!(-1)), "whole number"),
        (usd(json!(10.5)), "whole number"),
        (usd(json!(1_000_000_000_000_u64)), "amount"),
        (json!({ "amount": 100, "currency": "us" }), "currency"),
        (with("captureMethod", json!("later")), "captureMethod"),
        (with("offlineBehavior", json!("maybe")), "offlineBehavior"),
        (with("metadata", json!({ "key": long })), "metadata"),
        (with("receiptEmail", json!("nobody")), "receipt_email"),
    ] {
        let failure = w.refused("invalid_request", w.create(options)).await?;
        holds(&format!("{} names {named}", failure.message), failure.message.contains(named))?;
    }
    Ok(())
}
