//! What a person does with stored payments: taking one back, reading its story, reaching a customer, trying an outage.

use serde_json::json;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::poll;
use tillandsia_tests::till::{PaymentRow, STEP_MAX, Till};

use super::{
    FORWARDED_MAX, cut_off, is_wanted, ledger_with, lose_gateway, open_till, start_gateway, start_network,
    store_sales,
};

/// The listed payment of an amount.
async fn payment(till: &Till<'_>, amount_minor: u64) -> PaymentRow {
    poll::until(&format!("a payment of {amount_minor}"), STEP_MAX, async || {
        let rows = till.payments().await?;
        Ok(rows.into_iter().find(|row| row.amount_minor == amount_minor))
    })
    .await
    .unwrap()
}

async fn wait_state(till: &Till<'_>, amount_minor: u64, states: &[&str]) {
    poll::until_true(&format!("{amount_minor} is {}", states.join(" or ")), STEP_MAX, async || {
        Ok(states.contains(&payment(till, amount_minor).await.state.as_str()))
    })
    .await
    .unwrap();
}

/// Where an element of a payment's row is.
fn in_row(row: &PaymentRow, test_id: &str) -> String {
    format!(r#"[data-offline-id="{}"] [data-testid="{test_id}"]"#, row.offline_id)
}

#[tokio::test]
async fn a_payment_that_was_taken_back_is_not_charged() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    lose_gateway(&mut gateway, &till).await;
    store_sales(&till, [1100, 1200]).await;
    let row = payment(&till, 1100).await;

    till.press_where(&in_row(&row, "payment-void")).await.unwrap();
    till.press("void-keep").await.unwrap();
    assert_eq!(payment(&till, 1100).await.state, "stored", "it is kept");
    till.press_where(&in_row(&row, "payment-void")).await.unwrap();
    poll::until_true("the question", STEP_MAX, async || till.shows("void-consequence").await).await.unwrap();
    // The browser's own sync may have tried to send it.
    let sent = till.data("void-consequence", "sent").await.unwrap();
    till.press("void-confirm").await.unwrap();
    till.wait_stored(1, STEP_MAX).await.unwrap();
    let at_once = if sent.as_deref() == Some("false") { "canceled" } else { "confirming" };
    wait_state(&till, 1100, &[at_once]).await;

    gateway.restart().await.unwrap();
    till.wait_stored(0, FORWARDED_MAX).await.unwrap();
    wait_state(&till, 1100, &["canceled"]).await;
    wait_state(&till, 1200, &["accepted"]).await;
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [1200]);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn taking_back_what_was_charged_meanwhile_shows_the_charge() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    let forward = "/v1/terminal/payments/forward";
    cut_off(&proxy, &till).await;
    store_sales(&till, [2100]).await;
    proxy.heal();
    proxy.fault(forward, tillandsia_tests::proxy::Fault::DropAnswer, u32::MAX);
    ledger_with(&gateway, 1, FORWARDED_MAX).await;
    // Every answer is lost: the till knows of nothing.
    let row = payment(&till, 2100).await;
    poll::until_true("the question", STEP_MAX, async || {
        till.press_where(&in_row(&row, "payment-void")).await?;
        till.shows("void-consequence").await
    })
    .await
    .unwrap();
    assert_eq!(till.data("void-consequence", "sent").await.unwrap().as_deref(), Some("true"));
    till.press("void-confirm").await.unwrap();
    wait_state(&till, 2100, &["accepted"]).await;
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [2100]);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_payment_s_story_lists_its_steps_and_keeps_the_focus_inside() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    lose_gateway(&mut gateway, &till).await;
    store_sales(&till, [1300]).await;
    let row = payment(&till, 1300).await;
    let story = till.story(&row.offline_id).await.unwrap();
    assert_eq!(story.first().map(String::as_str), Some("stored"), "{story:?}");
    // It follows the payment while it is open.
    gateway.restart().await.unwrap();
    poll::until_true("the story ends with the app", STEP_MAX, async || {
        let script = "return [...document.querySelectorAll('[data-testid=\"story-step\"]')].map((e) => e.dataset.kind);";
        let steps: Vec<String> = serde_json::from_value(till.browser().run(script, vec![]).await?)?;
        let order = |kind: &str| steps.iter().rposition(|step| step == kind);
        let (claimed, forwarded, told) = (order("claimed"), order("forwarded"), order("acknowledged"));
        Ok(claimed.is_some() && claimed < forwarded && forwarded < told)
    })
    .await
    .unwrap();
    let inside = "return !!document.activeElement.closest('dialog[open]')";
    assert_eq!(till.browser().run(inside, vec![]).await.unwrap(), json!(true));
    till.press("receipt-close").await.unwrap();
    browser.close().await.unwrap();
}

#[tokio::test]
async fn the_customer_of_a_decline_after_the_sale_can_be_reached() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    lose_gateway(&mut gateway, &till).await;
    till.add_custom_amount(705).await.unwrap();
    till.press("email-add").await.unwrap();
    let field = fantoccini::Locator::Css(r#"[data-testid="receipt-email"]"#);
    let field = browser.client().wait().for_element(field).await.unwrap();
    field.send_keys("ada@example").await.unwrap();
    let charge = fantoccini::Locator::Css(r#"[data-testid="charge"]"#);
    assert!(!browser.client().find(charge).await.unwrap().is_enabled().await.unwrap(), "not an address yet");
    field.send_keys(".com").await.unwrap();
    till.charge().await.unwrap();
    till.present("contactless_visa").await.unwrap();
    assert_eq!(till.wait_stage(&["stored", "error"]).await.unwrap().stage, "stored");
    till.close_checkout().await.unwrap();

    gateway.restart().await.unwrap();
    till.wait_stored(0, FORWARDED_MAX).await.unwrap();
    wait_state(&till, 705, &["declined"]).await;
    let link =
        "const link = document.querySelector('[data-part=\"attention\"] [data-testid=\"payment-mail\"]');
        return link && link.href;";
    poll::until_true("the mail to the customer", STEP_MAX, async || {
        let link = till.browser().run(link, vec![]).await?;
        Ok(link.as_str().is_some_and(|link| link.starts_with("mailto:ada@example.com?")))
    })
    .await
    .unwrap();
    let intents = gateway.ledger().await.unwrap().payment_intents;
    assert_eq!(intents.first().unwrap().receipt_email.as_deref(), Some("ada@example.com"));

    till.press("payment-settle").await.unwrap();
    let done = "return !!document.querySelector('[data-part=\"done\"] [data-state=\"declined\"]')";
    poll::until_true("it is dealt with", STEP_MAX, async || {
        Ok(till.browser().run(done, vec![]).await? == json!(true))
    })
    .await
    .unwrap();
    browser.close().await.unwrap();
}

/// A pass in the service worker, as it makes one when it is woken; what it says of it.
const WAKE_WORKER: &str = "const registration = await navigator.serviceWorker.ready;
    const channel = new MessageChannel();
    const ended = new Promise((resolve) => {
        channel.port1.onmessage = ({ data }) => data.type === 'drain-started' || resolve(data);
    });
    registration.active.postMessage({ type: 'tillandsia-drain', mode: 'all' }, [channel.port2]);
    return await ended;";

#[tokio::test]
async fn a_simulated_outage_holds_in_every_tab_and_in_the_worker_until_it_is_ended() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    till.wait_installed().await.unwrap();
    let first = browser.client().window().await.unwrap();
    let second = browser.client().new_window(true).await.unwrap().handle;
    browser.client().switch_to_window(second.clone()).await.unwrap();
    let other = Till::open(&browser, &gateway.url()).await.unwrap();
    other.wait_status("online", STEP_MAX).await.unwrap();

    browser.client().switch_to_window(first.clone()).await.unwrap();
    till.simulate_outage("immediate").await.unwrap();
    till.wait_data("outage-tag", "mode", "immediate").await.unwrap();
    till.wait_status("offline", STEP_MAX).await.unwrap();
    browser.client().switch_to_window(second).await.unwrap();
    other.wait_data("outage-tag", "mode", "immediate").await.unwrap();
    other.wait_status("offline", STEP_MAX).await.unwrap();
    other.sell(1700, "contactless_visa", "stored").await.unwrap();
    let woken = browser.run_async(WAKE_WORKER, vec![]).await.unwrap();
    assert_eq!((&woken["type"], &woken["ran"]), (&json!("drain-done"), &json!(false)));
    assert!(gateway.ledger().await.unwrap().charges.is_empty());

    other.simulate_outage("off").await.unwrap();
    other.wait_stored(0, FORWARDED_MAX).await.unwrap();
    browser.client().switch_to_window(first).await.unwrap();
    till.wait_status("online", STEP_MAX).await.unwrap();
    assert!(!till.shows("outage-tag").await.unwrap());
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [1700]);
    browser.close().await.unwrap();
}
