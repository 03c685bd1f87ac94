//! What may not be stored is refused, before or without anything being written.

use std::time::Duration;

use serde_json::json;
use tillandsia_tests::cdp::Cdp;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::poll;

use super::{is_wanted, lose_gateway, open_till, start_gateway};

/// Tries to write a little into a database beside the till's; gives the name of the error, if there is one.
const FILL: &str = "(async () => {
    const open = indexedDB.open('filler', 1);
    open.onupgradeneeded = () => open.result.createObjectStore('filler');
    try {
        await new Promise((ok, no) => { open.onsuccess = ok; open.onerror = () => no(open.error); });
        const transaction = open.result.transaction('filler', 'readwrite');
        transaction.objectStore('filler').put(crypto.getRandomValues(new Uint8Array(65536)), 1);
        await new Promise((ok, no) => {
            transaction.oncomplete = ok;
            transaction.onabort = () => no(transaction.error);
        });
        return '';
    } catch (error) {
        return error.name;
    } finally {
        if (open.readyState === 'done' && !open.error) { open.result.close(); }
    }
})()";

async fn is_refused_offline(profile: &str, words: &str) {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    lose_gateway(&mut gateway, &till).await;
    let ended = till.sale(1000, profile).await.unwrap();
    assert!(["error", "declined"].contains(&ended.stage.as_str()), "{ended:?}");
    assert!(ended.message.to_lowercase().contains(words), "{ended:?} does not say {words:?}");
    assert_eq!(till.banner().await.unwrap().stored_count, 0);
    till.close_checkout().await.unwrap();
    // The next card is taken.
    till.sell(1000, "contactless_visa", "stored").await.unwrap();
    gateway.restart().await.unwrap();
    till.wait_stored(0, super::FORWARDED_MAX).await.unwrap();
    assert_eq!(gateway.ledger().await.unwrap().charges.len(), 1);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_swipe_is_refused_offline() {
    is_refused_offline("swipe", "swip").await;
}

#[tokio::test]
async fn a_declined_card_is_refused_offline() {
    is_refused_offline("declined", "declined").await;
}

#[tokio::test]
async fn an_expired_card_is_refused_offline() {
    is_refused_offline("expired", "expired").await;
}

#[tokio::test]
async fn a_full_disk_refuses_the_sale_before_it_is_taken() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    lose_gateway(&mut gateway, &till).await;
    till.sell(1100, "contactless_visa", "stored").await.unwrap();

    let mut cdp = Cdp::connect(&browser, "page", &gateway.url()).await.unwrap();
    let quota = |bytes: Option<u64>| match bytes {
        Some(bytes) => json!({ "origin": gateway.url(), "quotaSize": bytes }),
        None => json!({ "origin": gateway.url() }),
    };
    cdp.send("Storage.overrideQuotaForOrigin", quota(Some(1))).await.unwrap();
    // Chromium grants from what it remembers of the free space for up to half a minute.
    poll::until_true("the disk is full", Duration::from_secs(60), async || {
        Ok(cdp.evaluate(FILL).await? == json!("QuotaExceededError"))
    })
    .await
    .unwrap();
    till.add_custom_amount(1200).await.unwrap();
    let ended = till.charge().await.unwrap();
    assert_eq!(ended.stage, "error", "no card is asked for: {ended:?}");
    let message = ended.message.to_lowercase();
    assert!(message.contains("full") || message.contains("space"), "{message}");
    till.close_checkout().await.unwrap();
    assert_eq!(till.banner().await.unwrap().stored_count, 1, "nothing is lost");

    cdp.send("Storage.overrideQuotaForOrigin", quota(None)).await.unwrap();
    till.sell(1300, "contactless_visa", "stored").await.unwrap();
    gateway.restart().await.unwrap();
    till.wait_stored(0, super::FORWARDED_MAX).await.unwrap();
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [1100, 1300]);
    browser.close().await.unwrap();
}
