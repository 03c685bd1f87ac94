//! A sale whose outcome is unknown is not charged a second time by accident.

use serde_json::json;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::poll;
use tillandsia_tests::proxy::Fault;
use tillandsia_tests::till::{STEP_MAX, Till};

use super::{FORWARDED_MAX, is_wanted, open_till, start_network};

const ALWAYS: u32 = u32::MAX;

/// Whether the cart waits for its sale's outcome, and how many lines it has.
async fn cart(till: &Till<'_>) -> (bool, u64) {
    let script = r#"const cart = document.querySelector('[data-testid="cart"]');
        return [cart.dataset.held === "true", cart.querySelectorAll('[data-testid="cart-line"]').length];"#;
    let seen = till.browser().run(script, vec![]).await.unwrap();
    serde_json::from_value(seen).unwrap()
}

async fn is_enabled(till: &Till<'_>, test_id: &str) -> bool {
    let script = "return !document.querySelector(`[data-testid=\"${arguments[0]}\"]`).disabled;";
    till.browser().run(script, vec![json!(test_id)]).await.unwrap() == json!(true)
}

/// A sale that must be online, whose answer is lost, and the gateway does not say what became of it.
async fn sell_into_the_unknown(till: &Till<'_>, proxy: &tillandsia_tests::proxy::Proxy, lost: Fault) {
    till.set_offline_behavior("require_online").await.unwrap();
    proxy.fault("/confirm", lost, ALWAYS);
    proxy.fault("/resolve", Fault::Unavailable(1), ALWAYS);
    let ended = till.sale(3100, "contactless_visa").await.unwrap();
    assert_eq!(ended.stage, "error", "{ended:?}");
    assert!(ended.message.contains("Do not charge the customer again"), "{ended:?}");
    till.press("checkout-close").await.unwrap();
    assert_eq!(cart(till).await, (true, 1), "the goods stay, marked");
    assert!(!is_enabled(till, "charge").await);
}

#[tokio::test]
async fn a_charged_sale_is_closed_when_its_outcome_comes() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    sell_into_the_unknown(&till, &proxy, Fault::DropAnswer).await;
    // A second charge takes two deliberate presses.
    till.press("charge-anyway").await.unwrap();
    till.press("charge-not").await.unwrap();
    assert!(till.checkout().await.unwrap().is_none());
    proxy.heal();
    poll::until_true("the sale is closed", FORWARDED_MAX + STEP_MAX, async || {
        Ok(cart(&till).await == (false, 0))
    })
    .await
    .unwrap();
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [3100]);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_sale_that_was_not_charged_can_be_charged_again() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    sell_into_the_unknown(&till, &proxy, Fault::DropRequest).await;
    proxy.heal();
    poll::until_true("the sale is free again", FORWARDED_MAX + STEP_MAX, async || {
        Ok(cart(&till).await == (false, 1))
    })
    .await
    .unwrap();
    till.charge().await.unwrap();
    till.present("contactless_visa").await.unwrap();
    assert_eq!(till.wait_stage(&["approved", "error"]).await.unwrap().stage, "approved");
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [3100]);
    browser.close().await.unwrap();
}
