//! Whether the till is ready for an outage, and a reader that may not be connected in one.

use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::poll;
use tillandsia_tests::till::{STEP_MAX, Till};

use super::{is_wanted, open_till, start_gateway};

/// Waits until the readiness screen says this, with this tone of a check.
async fn wait_readiness(till: &Till<'_>, state: &str, check: &str, tone: &str) {
    poll::until_true(&format!("the till is {state}, {check} {tone}"), STEP_MAX, async || {
        let (seen, checks) = till.readiness().await?;
        Ok(seen == state && checks.get(check).map(String::as_str) == Some(tone))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn readiness_says_before_the_outage_what_it_would_meet() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    wait_readiness(&till, "ready", "configuration", "good").await;
    let (_, checks) = till.readiness().await.unwrap();
    assert_eq!(checks.len(), 9, "{checks:?}");
    assert!(checks.values().all(|tone| tone != "bad"), "{checks:?}");
    assert!(till.shows("readiness-room").await.unwrap());
    assert!(!till.shows("readiness-sign").await.unwrap());

    gateway.set_offline_enabled(false).await.unwrap();
    till.reconnect_reader().await.unwrap();
    wait_readiness(&till, "not_ready", "configuration", "bad").await;
    till.go_sell().await.unwrap();
    till.wait_data("readiness-sign", "tone", "bad").await.unwrap();

    gateway.set_offline_enabled(true).await.unwrap();
    // By the sign to the screen, and by its own button out of it.
    till.press("readiness-sign").await.unwrap();
    till.press("readiness-remedy").await.unwrap();
    wait_readiness(&till, "ready", "configuration", "good").await;
    assert!(!till.shows("readiness-sign").await.unwrap());
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_refused_reader_connects_by_itself_once_the_connection_is_back() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let mut gateway = start_gateway().await;
    gateway.set_offline_enabled(false).await.unwrap();
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    open_till(&browser, &gateway.url()).await;
    gateway.kill().await.unwrap();
    browser.client().goto("about:blank").await.unwrap();
    let till = Till::open(&browser, &gateway.url()).await.unwrap();
    till.press("nav-settings").await.unwrap();
    till.wait_data("reader", "state", "failed").await.unwrap();
    till.wait_data("reader", "code", "not_connected_to_internet").await.unwrap();
    let seen = till.seen().await;
    assert!(seen.contains("Connect to the internet"), "{seen}");
    wait_readiness(&till, "not_ready", "reader", "bad").await;

    till.press("nav-settings").await.unwrap();
    gateway.restart().await.unwrap();
    till.wait_data("reader", "state", "connected").await.unwrap();
    till.go_sell().await.unwrap();
    till.sell(1900, "contactless_visa", "approved").await.unwrap();
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_reader_connected_offline_has_the_gateway_s_word_once_it_is_back() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    open_till(&browser, &gateway.url()).await;
    gateway.set_offline_enabled(false).await.unwrap();
    gateway.kill().await.unwrap();
    browser.client().goto("about:blank").await.unwrap();
    let till = Till::open(&browser, &gateway.url()).await.unwrap();
    // By what the till knows, offline payments are still on.
    till.sell(1200, "contactless_visa", "stored").await.unwrap();
    gateway.restart().await.unwrap();
    // The change takes effect with the connection that the till then makes by itself.
    till.wait_stored(0, super::FORWARDED_MAX).await.unwrap();
    wait_readiness(&till, "not_ready", "configuration", "bad").await;
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [1200]);
    browser.close().await.unwrap();
}
