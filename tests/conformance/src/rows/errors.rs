//! Errors (1.4): those that the steps' own rows do not meet.

use anyhow::Result;
use serde_json::json;

use super::rows;
use crate::rig::{Account, Control, Fate, Request};
use crate::world::{TAP, World, equal, holds, part, text};

rows! {
    "1.4-not-found" "A payment that the device does not hold is said to be looked for elsewhere." => not_found;
    "1.4-storage" "When the device's database fails nothing is said to be stored." => storage;
    "1.4-storage-full" "When the device's disk is full no card is asked for, nothing is said to be stored, and nothing that is stored is lost." => storage_full;
    "1.4-storage-key" "When the key that protects stored payments cannot be used nothing is said to be stored." => storage_key;
    "1.4-token-provider" "An app that gives no connection token is told so, and the reader is not connected." => token_provider;
    "1.4-api-error" "A gateway that fails where it has to be asked is told as its failure." => api_error;
    "1.4-rate-limited" "A gateway that asks for fewer requests is told as such." => rate_limited;
    "1.4-timed-out" "A request without an answer in time is told as such." => timed_out;
    "1.4-account-mismatch" "A payment of another account is kept, set aside with the reason, and accepted once its account is back." => account;
    "1.4-live-payment-test-gateway" "A live payment that meets a test gateway is kept." => live_in_test
        not in Browser: "the gateway's command makes test accounts only";
    "1.4-test-payment-live-gateway" "A test payment that meets a live gateway is kept." => test_in_live
        not in Browser: "the gateway's command makes test accounts only";
    "1.4-idempotency-conflict" "The same offline id with other content is never charged: it is set aside with the reason." => conflict;
    "1.4-error-has-the-payment" "An error that belongs to a payment carries it as it stands." => carries;
}

/// Codes that no row meets, and what does.
pub(super) const UNREACHED: &[(&str, &str)] = &[(
    "internal",
    "a bug of ours: `chromium_a_trap_fails_every_call_and_loses_no_payment` (tests/tests/end_to_end/package_api.rs) makes one",
)];

async fn not_found(w: &World<'_>) -> Result<()> {
    w.open(0).await?;
    let unknown = "019b0000-0000-7000-8000-000000000001";
    let code = "payment_intent_not_found_offline";
    for method in
        ["retrievePaymentIntent", "confirmPaymentIntent", "capturePaymentIntent", "voidPaymentIntent"]
    {
        if method == "confirmPaymentIntent" {
            w.connect().await?;
        }
        w.refused(code, w.call(method, json!([unknown]))).await?;
    }
    w.refused("invalid_request", w.call("retrievePaymentIntent", json!(["4711"]))).await.map(drop)
}

async fn storage(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(500, "prefer_online").await?;
    let collected = w.collect(&intent, TAP).await?;
    w.control(Control::BreakStorage).await?;
    w.refused("storage_unavailable", w.confirm(&collected)).await.map(drop)
}

async fn storage_full(w: &World<'_>) -> Result<()> {
    let full = "offline_payments_store_full";
    w.till_offline().await?;
    let first = w.sell(1000).await?;
    let intent = w.create_as(1100, "prefer_online").await?;
    let collected = w.collect(&intent, TAP).await?;
    let asked = w.events("readerinput").await?.len();
    w.control(Control::DiskFull(true)).await?;
    let failure = w.refused(full, w.confirm(&collected)).await?;
    equal("its card is kept", text(&failure.payment_intent, "/status"), "requires_confirmation")?;
    w.refused(full, w.sell(1200)).await?;
    equal("nobody is asked for a card", w.events("readerinput").await?.len(), asked)?;
    equal("stored", w.stored().await?, (1, 1000))?;
    w.control(Control::DiskFull(false)).await?;
    let second = w.confirm(&collected).await?;
    equal("stored then", part(&second, "/offlineDetails/requiresUpload").as_bool(), Some(true))?;
    w.open(0).await?;
    w.online().await?;
    for sale in [&first, &second] {
        w.becomes(sale, "accepted").await?;
    }
    equal("each charged once", w.charged().await?, vec![1000, 1100])
}

async fn storage_key(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(500, "prefer_online").await?;
    w.control(Control::BreakKey).await?;
    w.refused("storage_key_unavailable", w.collect(&intent, TAP)).await?;
    equal("nothing is stored", w.stored().await?, (0, 0))
}

async fn token_provider(w: &World<'_>) -> Result<()> {
    w.control(Control::Tokens(false)).await?;
    w.open(0).await?;
    w.refused("connection_token_provider_error", w.connect()).await?;
    w.control(Control::Tokens(true)).await?;
    w.connect().await.map(drop)
}

async fn api_error(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.fault(Request::Create, Fate::Status(500, None), 1).await?;
    w.refused("api_error", w.create_as(500, "require_online")).await?;
    w.create_as(500, "require_online").await.map(drop)
}

async fn rate_limited(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.fault(Request::Create, Fate::Status(429, Some(1)), 1).await?;
    w.refused("rate_limited", w.create_as(500, "require_online")).await.map(drop)
}

async fn timed_out(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let taken =
        w.sell_with(json!({ "amount": 500, "currency": "usd", "captureMethod": "manual" }), TAP).await?;
    w.call("setSimulatedOfflineMode", json!(["time_out"])).await?;
    w.refused("request_timed_out", w.call("capturePaymentIntent", json!([taken]))).await?;
    w.call("setSimulatedOfflineMode", json!(["off"])).await?;
    let captured = w.call("capturePaymentIntent", json!([taken])).await?;
    equal("captured", text(&captured, "/status"), "succeeded")
}

/// Stored for one account, then sent to another's gateway, then its own again.
async fn mismatch(w: &World<'_>, first: Account, other: Account, code: &str) -> Result<()> {
    w.control(Control::SwitchAccount(first)).await?;
    w.control(Control::Heal).await?;
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.control(Control::SwitchAccount(other)).await?;
    w.online().await?;
    let line = w.becomes(&stored, "wedged").await?;
    equal("reason", text(&line, "/lastError/code"), code)?;
    equal("waits for a person", part(&line, "/needsAttention").as_bool(), Some(true))?;
    equal("told", text(&w.told(&stored).await?, "/error/code"), code)?;
    equal("kept", w.stored().await?, (1, 1099))?;
    equal("not charged there", w.charged().await?, Vec::<u64>::new())?;
    w.control(Control::SwitchAccount(first)).await?;
    w.call("retryPaymentIntent", json!([stored])).await?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn account(w: &World<'_>) -> Result<()> {
    mismatch(w, Account::Shop, Account::Other, "account_id_mismatch_while_forwarding").await
}

async fn live_in_test(w: &World<'_>) -> Result<()> {
    mismatch(w, Account::Live, Account::Shop, "offline_livemode_payment_in_testmode").await
}

async fn test_in_live(w: &World<'_>) -> Result<()> {
    mismatch(w, Account::Shop, Account::Live, "offline_testmode_payment_in_livemode").await
}

async fn conflict(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.control(Control::Occupy(text(&stored, "/offlineId").to_owned())).await?;
    w.online().await?;
    let line = w.becomes(&stored, "wedged").await?;
    equal("reason", text(&line, "/lastError/code"), "idempotency_conflict")?;
    equal("kept", w.stored().await?, (1, 1099))?;
    equal("not charged", w.charged().await?, Vec::<u64>::new())
}

async fn carries(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let intent = w.create_as(500, "prefer_online").await?;
    let failure = w.refused("card_swipe_not_available", w.collect(&intent, "swipe")).await?;
    equal("offline id", text(&failure.payment_intent, "/offlineId"), text(&intent, "/offlineId"))?;
    holds("no decline code", failure.decline_code.is_null())
}
