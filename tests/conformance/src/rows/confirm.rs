//! Confirming (1.2, step 6).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Fate, Request};
use crate::world::{CHIP, PAYMENT_MAX, TAP, World, equal, holds, is_stored, number, part, text};

rows! {
    "1.2.6-maximum" "Offline the amount may not exceed the configured maximum." => maximum;
    "1.2.6-ceiling" "Whatever is configured, one offline payment is never over 10,000 US dollars." => ceiling;
    "1.2.6-ceiling-of-other-currencies" "In other currencies the ceiling is what is about as much." => other_ceilings;
    "1.2.6-currency" "Offline a currency with no configured maximum is refused." => currency;
    "1.2.6-stored" "Success offline means stored: the result has `offlineDetails` and waits for its upload." => stored;
    "1.2.6-created-online" "Created online and confirmed offline is allowed: `id` and `offlineDetails` are both set." => created_online;
    "1.2.6-online" "Confirmed online the payment is authorised, and has no `offlineDetails`." => online;
    "1.2.6-declined-online" "Confirmed online a decline is told at once, with its code; the same card may be tried with a new PaymentIntent." => declined;
    "1.2.6-mismatch" "Collected online but confirmed offline: collect again." => mismatch;
    "1.2.6-lost-answer" "When the gateway's answer is lost, the payment is stored, and is charged once." => lost_answer;
    "1.2.6-busy-gateway" "When the gateway is there but not available, the payment is stored." => busy_gateway;
    "1.2.6-portal" "A captive portal is not taken for the gateway." => portal;
    "1.2.6-unknown-outcome" "With `require_online` a lost answer leaves the outcome unknown until the gateway has said it." => unknown;
    "1.2.6-once" "A PaymentIntent is confirmed once." => once;
    "1.2.6-cancel-before" "A PaymentIntent can be canceled until it is confirmed." => cancel_before;
    "1.2.6-receipt" "The stored payment has what a receipt prints, from the chip." => receipt;
}

async fn maximum(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    w.sell(PAYMENT_MAX).await?;
    w.refused("amount_exceeds_max_offline_amount", w.sell(PAYMENT_MAX + 100)).await?;
    w.online().await?;
    let online = w.sell(PAYMENT_MAX + 100).await?;
    equal("online there is no such limit", text(&online, "/status"), "succeeded")
}

async fn ceiling(w: &World<'_>) -> Result<()> {
    let much = json!({ "payment_amount_max": { "usd": 99_999_999 }, "stored_amount_max": {} });
    w.configure(much).await?;
    w.till_offline().await?;
    w.sell(1_000_000).await?;
    w.refused("amount_exceeds_max_offline_amount", w.sell(1_000_001)).await.map(drop)
}

async fn other_ceilings(w: &World<'_>) -> Result<()> {
    let max = json!({ "eur": 99_999_999, "jpy": 99_999_999 });
    w.configure(json!({ "payment_amount_max": max, "stored_amount_max": {} })).await?;
    w.till_offline().await?;
    // At any rate of these years 5,000 euro and 500,000 yen are less than 10,000 dollars, and these are more.
    for (currency, less, more) in [("eur", 500_000, 1_200_000), ("jpy", 500_000, 3_000_000)] {
        w.sell_with(json!({ "amount": less, "currency": currency }), TAP).await?;
        let over = w.sell_with(json!({ "amount": more, "currency": currency }), TAP);
        w.refused("amount_exceeds_max_offline_amount", over).await?;
    }
    Ok(())
}

async fn currency(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let pounds = w.sell_with(json!({ "amount": 100, "currency": "gbp" }), TAP);
    w.refused("invalid_offline_currency", pounds).await.map(drop)
}

async fn stored(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    equal("status", text(&stored, "/status"), "succeeded")?;
    is_stored(&stored)?;
    let at = number(&stored, "/offlineDetails/storedAtMs")?;
    holds("stored after it was created", at >= number(&stored, "/createdAtMs")?)?;
    equal("totals", w.stored().await?, (1, 1099))?;
    w.open(0).await?;
    equal("durably", w.stored().await?, (1, 1099))
}

async fn created_online(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let intent = w.create_as(1099, "prefer_online").await?;
    w.offline().await?;
    let intent = w.collect(&intent, TAP).await?;
    let stored = w.confirm(&intent).await?;
    holds("id", text(&stored, "/id").starts_with("pi_"))?;
    is_stored(&stored)?;
    w.online().await?;
    let forwarded = w.told(&stored).await?;
    equal("the same one", text(&forwarded, "/paymentIntent/id"), text(&stored, "/id"))?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn online(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let taken = w.sell_with(json!({ "amount": 1099, "currency": "usd" }), CHIP).await?;
    equal("status", text(&taken, "/status"), "succeeded")?;
    equal("offline details", part(&taken, "/offlineDetails").clone(), Value::Null)?;
    equal("at the gateway", text(&w.at_gateway(&taken).await?, "/status"), "succeeded")?;
    equal(
        "its charge",
        part(&w.charges().await?[0], "/payment_method_details/card_present/offline").clone(),
        Value::Null,
    )
}

async fn declined(w: &World<'_>) -> Result<()> {
    w.till().await?;
    for (amount, code) in [(1001, "call_issuer"), (1005, "generic_decline"), (1055, "incorrect_pin")] {
        let failure = w.refused("card_declined", w.sell(amount)).await?;
        equal("decline code", failure.decline_code, json!(code))?;
        equal("status", text(&failure.payment_intent, "/status"), "requires_payment_method")?;
    }
    equal("another try", text(&w.sell(1000).await?, "/status"), "succeeded")
}

async fn mismatch(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let intent = w.create_as(1099, "prefer_online").await?;
    let intent = w.collect(&intent, TAP).await?;
    w.offline().await?;
    let failure = w.refused("offline_collect_and_confirm_mismatch", w.confirm(&intent)).await?;
    equal("collect again", text(&failure.payment_intent, "/status"), "requires_payment_method")?;
    let intent = w.collect(&intent, TAP).await?;
    let stored = w.confirm(&intent).await?;
    is_stored(&stored)
}

async fn lost_answer(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.fault(Request::Confirm, Fate::Lost, 1).await?;
    let stored = w.sell(1099).await?;
    is_stored(&stored)?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn busy_gateway(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.fault(Request::Confirm, Fate::Status(503, None), 1).await?;
    let stored = w.sell(1099).await?;
    is_stored(&stored)?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn portal(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.fault(Request::Any, Fate::Portal, u32::MAX).await?;
    w.control(Control::BrowserSays(true)).await?;
    w.until("offline", async || Ok((w.network_status().await? == "offline").then_some(()))).await?;
    let stored = w.sell(1099).await?;
    is_stored(&stored)?;
    w.control(Control::Heal).await?;
    w.online().await?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn unknown(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let intent = w.create_as(1099, "require_online").await?;
    let intent = w.collect(&intent, TAP).await?;
    w.fault(Request::Confirm, Fate::Lost, 1).await?;
    w.refused("outcome_unknown", w.confirm(&intent)).await?;
    w.becomes(&intent, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])?;
    w.told(&intent).await.map(drop)
}

async fn once(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.refused("unexpected_status", w.confirm(&stored)).await?;
    w.refused("unexpected_status", w.collect(&stored, TAP)).await?;
    w.refused("unexpected_status", w.call("cancelPaymentIntent", json!([stored]))).await?;
    equal("totals", w.stored().await?, (1, 1099))
}

async fn cancel_before(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(1099, "prefer_online").await?;
    let canceled = w.call("cancelPaymentIntent", json!([intent])).await?;
    equal("status", text(&canceled, "/status"), "canceled")?;
    let intent = w.create_as(1099, "prefer_online").await?;
    let intent = w.collect(&intent, TAP).await?;
    let canceled = w.call("cancelPaymentIntent", json!([intent])).await?;
    equal("status", text(&canceled, "/status"), "canceled")?;
    w.refused("payment_intent_not_found_offline", w.confirm(&intent)).await?;
    equal("nothing is stored", w.stored().await?, (0, 0))
}

async fn receipt(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell_with(json!({ "amount": 1099, "currency": "usd" }), CHIP).await?;
    let card = part(&stored, "/offlineDetails/cardPresentDetails");
    equal("brand", text(card, "/brand"), "mastercard")?;
    equal("last four", text(card, "/last4"), "0434")?;
    equal("expiry", (number(card, "/expMonth")?, number(card, "/expYear")?), (12, 2030))?;
    equal("read method", text(card, "/readMethod"), "contact_emv")?;
    let receipt = part(card, "/receiptDetails");
    equal("application", text(receipt, "/applicationPreferredName"), "MASTERCARD")?;
    equal("AID", text(receipt, "/dedicatedFileName"), "A0000000041010")?;
    equal("cryptogram", text(receipt, "/applicationCryptogram").len(), 16)?;
    equal("results", text(receipt, "/terminalVerificationResults"), "0000000000")?;
    equal("status information", text(receipt, "/transactionStatusInformation"), "E800")?;
    equal("verification", text(receipt, "/cardholderVerificationMethod"), "1F0302")?;
    for absent in ["accountType", "authorizationResponseCode"] {
        holds("absent offline", receipt.get(absent).is_none())?;
    }
    Ok(())
}
