//! A sale without a mouse or a finger.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::json;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::till::Till;

use super::{is_wanted, open_till, start_gateway};

/// How many elements a person may have to step over to get somewhere.
const TABS_MAX: usize = 120;

#[tokio::test]
async fn keyboard_only_sale() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    tab_to(&browser, "custom-amount", None).await;
    for digit in "7.40".chars() {
        press(&browser, digit).await;
    }
    tab_to(&browser, "custom-amount-add", None).await;
    press(&browser, ' ').await;
    tab_to(&browser, "charge", None).await;
    press(&browser, char::from(Key::Enter)).await;
    let started = till.wait_stage(&["present", "error"]).await.unwrap();
    assert_eq!(started.stage, "present", "{started:?}");
    tab_to(&browser, "sim-present", Some("contactless_visa")).await;
    press(&browser, char::from(Key::Enter)).await;
    let ended = till.wait_stage(&["approved", "stored", "declined", "error"]).await.unwrap();
    assert_eq!(ended.stage, "approved", "{ended:?}");
    tab_to(&browser, "checkout-close", None).await;
    press(&browser, char::from(Key::Enter)).await;
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [740]);
    assert!(Till::attached(&browser).checkout().await.unwrap().is_none());
    browser.close().await.unwrap();
}

/// Steps through the page with the Tab key until an element has the focus.
async fn tab_to(browser: &Browser, test_id: &str, profile: Option<&str>) {
    let script = "const focused = document.activeElement;
        return !!focused && focused.dataset.testid === arguments[0]
            && (arguments[1] === null || focused.dataset.profile === arguments[1]);";
    for _ in 0..TABS_MAX {
        if browser.run(script, vec![json!(test_id), json!(profile)]).await.unwrap() == json!(true) {
            return;
        }
        press(browser, char::from(Key::Tab)).await;
    }
    panic!("the Tab key does not lead to {test_id}: {}", Till::attached(browser).seen().await);
}

async fn press(browser: &Browser, key: char) {
    let keys = KeyActions::new("keyboard".to_owned())
        .then(KeyAction::Down { value: key })
        .then(KeyAction::Up { value: key });
    browser.client().perform_actions(keys).await.unwrap();
}
