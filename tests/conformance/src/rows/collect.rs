//! Collecting a payment method (1.2, step 5).

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Hand};
use crate::world::{CHIP, TAP, World, equal, holds, is_stored, part, text};

rows! {
    "1.2.5-inputs-online" "Online the app is told to ask for insert, tap or swipe." => inputs_online;
    "1.2.5-inputs-offline" "Offline the magnetic stripe is never offered." => inputs_offline;
    "1.2.5-inputs-sca" "Offline, where Strong Customer Authentication applies, tapping is not offered." => inputs_sca;
    "1.2.5-messages" "With a chip the app is told to leave the card in, and to take it out." => messages;
    "1.2.5-swipe-refused" "A stripe that a reader reads offline all the same is refused." => swipe_refused;
    "1.2.5-tap-refused" "A tap that a reader reads offline all the same, where Strong Customer Authentication applies, is refused." => tap_refused;
    "1.2.5-expired-refused" "Offline an expired card is refused." => expired;
    "1.2.5-online-pin-refused" "Offline a card whose PIN its issuer would have to check is refused." => online_pin;
    "1.2.5-interac-refused" "Offline an Interac card is refused." => interac;
    "1.2.5-networks-refused" "Offline girocard and US debit-only cards are refused." => networks;
    "1.2.5-fine-online" "Online the cards that are refused offline are left to their issuers." => fine_online;
    "1.2.5-card-declines" "A card that declines by itself is no payment." => card_declines;
    "1.2.5-missing-data" "A chip's answer that lacks data is refused, and collecting again works." => missing_data;
    "1.2.5-no-payment-method-offline" "Offline `paymentMethod` stays absent." => no_payment_method;
    "1.2.5-update-online" "Online `updatePaymentIntent` has the gateway say what the card is, before it is charged." => update_online;
    "1.2.5-update-refused-offline" "Offline `updatePaymentIntent` is refused, also when the connection is lost while the card is read." => update_offline;
    "1.2.5-cancel" "A running collection can be canceled, and started again." => cancel;
    "1.2.5-busy" "While a card is waited for the reader is busy for everything else: for another card, for leaving, and for another reader in its place." => busy;
    "1.2.5-reader-goes" "A reader that goes away in the middle is told as gone, and connected again it goes on." => reader_goes;
    "1.2.5-reader-fails" "A damaged answer of the reader is told as its failure; nothing is charged." => reader_fails;
    "1.2.5-nobody-comes" "When nobody presents a card in time the collection ends." => nobody
        not in Browser: "a reader waits a minute for a card: it would keep three browsers waiting for nothing";
    "1.2.5-needs-a-reader" "Without a connected reader no card is collected." => needs_a_reader;
    "1.2.5-refusal-keeps-the-payment" "After a refused card the same PaymentIntent takes another." => another_card;
    "1.2.5-nothing-asked-in-vain" "What would refuse the payment anyway is checked before the customer is asked for a card." => not_in_vain;
}

/// The inputs that the app was told of, one entry each time.
async fn inputs(w: &World<'_>) -> Result<Vec<Value>> {
    let events = w.events("readerinput").await?;
    Ok(events.iter().map(|event| part(event, "/inputs").clone()).collect())
}

async fn offline_intent(w: &World<'_>) -> Result<Value> {
    w.till_offline().await?;
    w.create_as(1099, "prefer_online").await
}

async fn refused_offline(w: &World<'_>, profile: &'static str, code: &str) -> Result<()> {
    let intent = offline_intent(w).await?;
    let failure = w.refused(code, w.collect(&intent, profile)).await?;
    equal("status", text(&failure.payment_intent, "/status"), "requires_payment_method")?;
    w.refused("unexpected_status", w.confirm(&intent)).await?;
    equal("nothing is stored", w.stored().await?, (0, 0))
}

async fn inputs_online(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.sell(1099).await?;
    equal("inputs", inputs(w).await?, vec![json!(["insert", "tap", "swipe"])])
}

async fn inputs_offline(w: &World<'_>) -> Result<()> {
    let intent = offline_intent(w).await?;
    w.collect(&intent, TAP).await?;
    let forced = w.create_as(100, "force_offline").await?;
    w.collect(&forced, TAP).await?;
    equal("inputs", inputs(w).await?, vec![json!(["insert", "tap"]); 2])
}

async fn inputs_sca(w: &World<'_>) -> Result<()> {
    w.control(Control::Country("FR")).await?;
    let intent = offline_intent(w).await?;
    let collected = w.collect(&intent, CHIP).await?;
    equal("inputs", inputs(w).await?, vec![json!(["insert"])])?;
    w.confirm(&collected).await.map(drop)
}

async fn messages(w: &World<'_>) -> Result<()> {
    let intent = offline_intent(w).await?;
    w.collect(&intent, CHIP).await?;
    let messages = w.events("readermessage").await?;
    let messages: Vec<&str> = messages.iter().map(|event| text(event, "/message")).collect();
    for wanted in ["do_not_remove_card", "remove_card"] {
        holds(wanted, messages.contains(&wanted))?;
    }
    Ok(())
}

async fn swipe_refused(w: &World<'_>) -> Result<()> {
    refused_offline(w, "swipe", "card_swipe_not_available").await
}

async fn tap_refused(w: &World<'_>) -> Result<()> {
    w.control(Control::Country("FR")).await?;
    let intent = offline_intent(w).await?;
    let hand = Hand::Faulty(TAP, "every_interface");
    w.refused("card_tap_not_available", w.collect_with(&intent, json!({}), hand)).await.map(drop)
}

async fn expired(w: &World<'_>) -> Result<()> {
    refused_offline(w, "expired", "offline_and_card_expired").await
}

async fn online_pin(w: &World<'_>) -> Result<()> {
    refused_offline(w, "online_pin", "online_pin_not_supported_offline").await
}

async fn interac(w: &World<'_>) -> Result<()> {
    refused_offline(w, "interac", "interac_not_supported_offline").await
}

async fn networks(w: &World<'_>) -> Result<()> {
    refused_offline(w, "girocard", "card_network_not_supported_offline").await?;
    let intent = w.create_as(1099, "force_offline").await?;
    w.refused("card_network_not_supported_offline", w.collect(&intent, "us_debit")).await.map(drop)
}

async fn fine_online(w: &World<'_>) -> Result<()> {
    w.till().await?;
    for profile in ["swipe", "interac", "girocard", "us_debit", "online_pin"] {
        let taken = w.sell_with(json!({ "amount": 1000, "currency": "usd" }), profile).await;
        equal(profile, text(&taken.context(profile)?, "/status"), "succeeded")?;
    }
    let intent = w.create_as(1000, "prefer_online").await?;
    let intent = w.collect(&intent, "expired").await?;
    let failure = w.refused("card_declined", w.confirm(&intent)).await?;
    equal("decline code", failure.decline_code, json!("expired_card"))
}

async fn card_declines(w: &World<'_>) -> Result<()> {
    refused_offline(w, "declined", "offline_transaction_declined").await
}

async fn missing_data(w: &World<'_>) -> Result<()> {
    let intent = offline_intent(w).await?;
    let hand = Hand::Faulty(TAP, "missing_data");
    w.refused("missing_emv_data", w.collect_with(&intent, json!({}), hand)).await?;
    let collected = w.collect(&intent, TAP).await?;
    w.confirm(&collected).await.map(drop)
}

async fn no_payment_method(w: &World<'_>) -> Result<()> {
    let intent = offline_intent(w).await?;
    let collected = w.collect(&intent, TAP).await?;
    equal("status", text(&collected, "/status"), "requires_confirmation")?;
    holds("absent", collected.get("paymentMethod").is_none())?;
    holds("nor any card data", !collected.to_string().contains("ksn"))
}

async fn update_online(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let intent = w.create_as(1099, "prefer_online").await?;
    let options = json!({ "updatePaymentIntent": true });
    let collected = w.collect_with(&intent, options, Hand::Present(TAP)).await?;
    holds("pm_", text(&collected, "/paymentMethod/id").starts_with("pm_"))?;
    equal("brand", text(&collected, "/paymentMethod/cardPresent/brand"), "visa")?;
    equal("last four", text(&collected, "/paymentMethod/cardPresent/last4"), "0010")?;
    equal("nothing is charged", w.charges().await?.len(), 0)?;
    equal("taken", text(&w.confirm(&collected).await?, "/status"), "succeeded")
}

async fn update_offline(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let code = "update_payment_intent_unavailable_while_offline";
    let update = || json!({ "updatePaymentIntent": true });
    let intent = w.create_as(1099, "prefer_online").await?;
    w.refused(code, w.collect_with(&intent, update(), Hand::CutAndPresent(TAP))).await?;
    w.offline().await?;
    let asked = inputs(w).await?.len();
    w.refused(code, w.collect_with(&intent, update(), Hand::Present(TAP))).await?;
    equal("nobody is asked for a card", inputs(w).await?.len(), asked)
}

async fn cancel(w: &World<'_>) -> Result<()> {
    let intent = offline_intent(w).await?;
    let failure = w.refused("canceled", w.collect_with(&intent, json!({}), Hand::Cancel)).await?;
    equal("status", text(&failure.payment_intent, "/status"), "requires_payment_method")?;
    let collected = w.collect(&intent, TAP).await?;
    w.confirm(&collected).await.map(drop)
}

async fn busy(w: &World<'_>) -> Result<()> {
    let intent = offline_intent(w).await?;
    let other = w.create_as(100, "prefer_online").await?;
    for (method, arguments) in [
        ("disconnectReader", json!([])),
        ("connectReader", json!([])),
        ("collectPaymentMethod", json!([other])),
    ] {
        let hand = Hand::CallThenCancel(method, arguments);
        let (collected, meanwhile) = w.collect_in(0, &intent, json!({}), hand).await?;
        let meanwhile = meanwhile.context("the call was not made")?;
        w.refused("reader_busy", async { meanwhile }).await?;
        w.refused("canceled", async { collected }).await?;
    }
    let collected = w.collect(&intent, TAP).await?;
    w.confirm(&collected).await.map(drop)
}

async fn reader_goes(w: &World<'_>) -> Result<()> {
    let intent = offline_intent(w).await?;
    equal("nothing to tell", w.events("readerdisconnect").await?.len(), 0)?;
    let unplugged = w.collect_with(&intent, json!({}), Hand::Unplug);
    w.refused("no_established_connection_to_reader", unplugged).await?;
    w.until("the event", async || Ok((!w.events("readerdisconnect").await?.is_empty()).then_some(())))
        .await?;
    equal("told once", w.events("readerdisconnect").await?.len(), 1)?;
    w.connect().await?;
    let collected = w.collect(&intent, TAP).await?;
    w.confirm(&collected).await.map(drop)
}

async fn reader_fails(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let intent = w.create_as(1099, "prefer_online").await?;
    let hand = Hand::Faulty(TAP, "bad_checksum");
    w.refused("reader_error", w.collect_with(&intent, json!({}), hand)).await?;
    equal("nothing is charged", w.charges().await?.len(), 0)?;
    let collected = w.collect(&intent, TAP).await?;
    w.confirm(&collected).await.map(drop)
}

async fn nobody(w: &World<'_>) -> Result<()> {
    let intent = offline_intent(w).await?;
    w.refused("request_timed_out", w.collect_with(&intent, json!({}), Hand::Nobody)).await.map(drop)
}

async fn needs_a_reader(w: &World<'_>) -> Result<()> {
    w.open(0).await?;
    let intent = w.create_as(100, "prefer_online").await?;
    w.refused("no_established_connection_to_reader", w.collect(&intent, TAP)).await.map(drop)
}

async fn another_card(w: &World<'_>) -> Result<()> {
    refused_offline(w, "swipe", "card_swipe_not_available").await?;
    let intent = w.create_as(1099, "prefer_online").await?;
    w.refused("interac_not_supported_offline", w.collect(&intent, "interac")).await?;
    let collected = w.collect(&intent, CHIP).await?;
    let stored = w.confirm(&collected).await?;
    is_stored(&stored)
}

async fn not_in_vain(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(crate::world::PAYMENT_MAX + 1, "prefer_online").await?;
    w.refused("amount_exceeds_max_offline_amount", w.collect(&intent, TAP)).await?;
    equal("nobody is asked", inputs(w).await?.len(), 0)
}
