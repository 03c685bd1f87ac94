//! Capturing and examining (1.2, steps 8 and 9).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::world::{CHIP, TAP, World, equal, holds, number, part, text};

rows! {
    "1.2.8-automatic" "`automatic`: `succeeded` at once offline, captured by the gateway once it is forwarded." => automatic;
    "1.2.8-manual" "`manual`: `requires_capture`, and captured by a call once it is forwarded." => manual;
    "1.2.8-too-early" "Capturing a payment that is not forwarded yet is an error that says so." => too_early;
    "1.2.8-manual-online" "Confirmed online with manual capture, it may be captured at once, and in part." => manual_online;
    "1.2.8-after-restart" "A forwarded payment is captured after a restart too." => after_restart;
    "1.2.9-deferred" "On the gateway the charge says that it was stored, when, and that it is deferred." => deferred;
    "1.2.9-receipt" "The charge's receipt has the chip's data and the issuer's authorisation code." => receipt;
}

fn manually(amount: u64) -> Value {
    json!({ "amount": amount, "currency": "usd", "captureMethod": "manual" })
}

async fn automatic(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    equal("status", text(&stored, "/status"), "succeeded")?;
    w.online().await?;
    w.told(&stored).await?;
    let charge = &w.charges().await?[0];
    equal("captured", part(charge, "/captured").as_bool(), Some(true))?;
    equal("amount", number(charge, "/amount_captured")?, 1099)
}

async fn manual(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell_with(manually(1099), TAP).await?;
    equal("status", text(&stored, "/status"), "requires_capture")?;
    w.online().await?;
    let told = w.told(&stored).await?;
    let forwarded = part(&told, "/paymentIntent");
    equal("forwarded", text(forwarded, "/status"), "requires_capture")?;
    equal("not captured", part(&w.charges().await?[0], "/captured").as_bool(), Some(false))?;
    let captured = w.call("capturePaymentIntent", json!([forwarded])).await?;
    equal("captured", text(&captured, "/status"), "succeeded")?;
    equal("at the gateway", number(&w.at_gateway(forwarded).await?, "/amount_received")?, 1099)?;
    equal("in the list", text(&w.payment(&stored).await?, "/paymentIntent/status"), "succeeded")
}

async fn too_early(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell_with(manually(1099), TAP).await?;
    let early = w.call("capturePaymentIntent", json!([stored]));
    let failure = w.refused("unexpected_status", early).await?;
    holds(&failure.message, failure.message.contains("forwarded"))?;
    equal(
        "still to be captured",
        text(&w.payment(&stored).await?, "/paymentIntent/status"),
        "requires_capture",
    )
}

async fn manual_online(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let taken = w.sell_with(manually(2000), TAP).await?;
    equal("status", text(&taken, "/status"), "requires_capture")?;
    let captured = w.call("capturePaymentIntent", json!([taken, { "amountToCapture": 1500 }])).await?;
    equal("captured", text(&captured, "/status"), "succeeded")?;
    equal("in part", number(&w.at_gateway(&taken).await?, "/amount_received")?, 1500)?;
    let again = w.call("capturePaymentIntent", json!([taken]));
    w.refused("unexpected_status", again).await.map(drop)
}

async fn after_restart(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell_with(manually(1099), TAP).await?;
    w.online().await?;
    w.told(&stored).await?;
    w.open(0).await?;
    let captured = w.call("capturePaymentIntent", json!([text(&stored, "/offlineId")])).await?;
    equal("captured", text(&captured, "/status"), "succeeded")
}

async fn deferred(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    let stored_at = number(&stored, "/offlineDetails/storedAtMs")? / 1000;
    w.online().await?;
    w.told(&stored).await?;
    let offline = part(&w.charges().await?[0], "/payment_method_details/card_present/offline").clone();
    equal("offline", offline, json!({ "stored_at": stored_at, "type": "deferred" }))
}

async fn receipt(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell_with(json!({ "amount": 1099, "currency": "usd" }), CHIP).await?;
    w.online().await?;
    w.told(&stored).await?;
    let charge = &w.charges().await?[0];
    let card = part(charge, "/payment_method_details/card_present");
    equal("brand", text(card, "/brand"), "mastercard")?;
    equal("read method", text(card, "/read_method"), "contact_emv")?;
    equal("AID", text(card, "/receipt/dedicated_file_name"), "A0000000041010")?;
    let printed = part(&stored, "/offlineDetails/cardPresentDetails/receiptDetails");
    equal(
        "the same cryptogram",
        text(card, "/receipt/application_cryptogram"),
        text(printed, "/applicationCryptogram"),
    )?;
    equal("authorisation code", text(card, "/receipt/authorization_code").len(), 6)
}
