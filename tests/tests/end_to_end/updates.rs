//! A new version of the till.

use std::time::Duration;

use serde_json::{Value, json};
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::till::Till;
use tillandsia_tests::{poll, site};

use super::{is_wanted, open_till};

const WAITING: &str = "const registration = await navigator.serviceWorker.getRegistration();
    return !!registration.waiting;";
/// Tells the waiting version to take over, as any tab's button does, and answers whether it did.
const TAKE_OVER: &str = "const { waiting } = await navigator.serviceWorker.getRegistration();
    const channel = new MessageChannel();
    const answer = new Promise((resolve) => { channel.port1.onmessage = ({ data }) => resolve(data.taken); });
    waiting.postMessage({ type: 'skip-waiting' }, [channel.port2]);
    return answer;";
const STEP_MAX: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_new_version_never_takes_over_while_a_payment_is_open() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let built = site::built().unwrap();
    let folder = tempfile::tempdir().unwrap();
    site::copy(&built, folder.path()).unwrap();
    site::set_version(folder.path(), "f00dfeedf00dfeed").unwrap();
    let mut gateway = super::start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    let watch = "window.takeovers = 0;
        navigator.serviceWorker.addEventListener('controllerchange', () => { window.takeovers += 1; });";
    browser.run(watch, vec![]).await.unwrap();

    till.add_custom_amount(1600).await.unwrap();
    assert_eq!(till.charge().await.unwrap().stage, "present");
    gateway.kill().await.unwrap();
    gateway.set_site(folder.path());
    gateway.restart().await.unwrap();
    let update =
        "const registration = await navigator.serviceWorker.getRegistration(); await registration.update();";
    browser.run_async(update, vec![]).await.unwrap();
    poll::until_true("the new version waits", STEP_MAX, async || {
        Ok(browser.run_async(WAITING, vec![]).await? == Value::Bool(true))
    })
    .await
    .unwrap();

    // Another tab, in which no payment is open, asks for it: not while this one takes a card.
    let paying = browser.client().window().await.unwrap();
    let idle = browser.client().new_window(true).await.unwrap();
    browser.client().switch_to_window(idle.handle).await.unwrap();
    let other = Till::open(&browser, &gateway.url()).await.unwrap();
    other.wait_ready().await.unwrap();
    assert_eq!(browser.run_async(TAKE_OVER, vec![]).await.unwrap(), json!(false));
    browser.client().close_window().await.unwrap();
    browser.client().switch_to_window(paying).await.unwrap();

    // It waits through the whole payment.
    till.present("contactless_visa").await.unwrap();
    let ended = till.wait_stage(&["approved", "stored", "error"]).await.unwrap();
    assert_ne!(ended.stage, "error", "{ended:?}");
    assert_eq!(browser.run("return window.takeovers", vec![]).await.unwrap(), json!(0));
    assert_eq!(browser.run_async(WAITING, vec![]).await.unwrap(), json!(true));
    till.wait_stored(0, super::FORWARDED_MAX).await.unwrap();
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [1600]);

    // It takes over once the payment is closed, when a person asks for it.
    till.press("checkout-close").await.unwrap();
    let apply = r#"const button = document.querySelector('[data-testid="update-apply"]'); if (button) button.click();"#;
    poll::until_true("the new version has taken over", STEP_MAX, async || {
        browser.run(apply, vec![]).await?;
        Ok(browser.run_async(WAITING, vec![]).await? == Value::Bool(false))
    })
    .await
    .unwrap();
    till.wait_ready().await.unwrap();
    till.sell(1700, "contactless_visa", "approved").await.unwrap();
    browser.close().await.unwrap();
}
