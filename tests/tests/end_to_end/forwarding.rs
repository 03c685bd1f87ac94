//! Exactly once, whatever the network, the tabs and the timing do.

use std::time::Duration;

use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::poll;
use tillandsia_tests::proxy::{Fault, Proxy};
use tillandsia_tests::till::Till;

use super::{
    FORWARDED_MAX, assert_one_event_each, assert_shows_ledger, cut_off, is_wanted, ledger_with, open_till,
    start_network, store_sales,
};

const FORWARD: &str = "/v1/terminal/payments/forward";
const ALWAYS: u32 = u32::MAX;

/// Waits until more requests to forward have come than before.
async fn drain_begun(proxy: &Proxy, before: usize) {
    poll::until_true("the drain has begun", FORWARDED_MAX, async || Ok(proxy.seen(FORWARD) > before))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_forced_offline_sale_during_a_drain_of_50_makes_51_charges() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    cut_off(&proxy, &till).await;
    store_sales(&till, (1..=50).map(|number| 1000 + 100 * number)).await;
    till.set_offline_behavior("force_offline").await.unwrap();
    till.add_custom_amount(9900).await.unwrap();
    till.charge().await.unwrap();

    // The drain's requests are held back, so that the sale is made while they are under way.
    let before = proxy.seen(FORWARD);
    proxy.heal();
    proxy.fault(FORWARD, Fault::Delay(Duration::from_secs(2)), ALWAYS);
    drain_begun(&proxy, before).await;
    assert_eq!(gateway.ledger().await.unwrap().charges.len(), 0, "the drain is under way");
    till.present("contactless_visa").await.unwrap();
    assert_eq!(till.wait_stage(&["stored", "error"]).await.unwrap().stage, "stored");
    let under_way = gateway.ledger().await.unwrap().charges.len();
    assert!(
        under_way < 50,
        "the sale was to be stored while the drain runs, not after it: {under_way} charged"
    );

    till.wait_stored(0, Duration::from_secs(30)).await.unwrap();
    let ledger = ledger_with(&gateway, 51, Duration::from_secs(1)).await;
    assert_eq!(ledger.charges.len(), 51);
    assert_eq!(ledger.payment_intents.len(), 51);
    let expected: Vec<u64> = (1..=50).map(|number| 1000 + 100 * number).chain([9900]).collect();
    assert_eq!(ledger.amounts(), expected);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_to_a_batch_makes_no_second_charge() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    cut_off(&proxy, &till).await;
    store_sales(&till, [1100, 1200, 1300]).await;
    let before = proxy.seen(FORWARD);
    proxy.heal();
    proxy.fault(FORWARD, Fault::DropAnswer, 1);
    let taken = ledger_with(&gateway, 3, FORWARDED_MAX).await;
    assert_eq!(taken.charges.len(), 3);
    till.wait_stored(0, Duration::from_secs(30)).await.unwrap();
    assert!(proxy.seen(FORWARD) >= before + 2, "it was sent again");
    let ledger = gateway.ledger().await.unwrap();
    assert_eq!(ledger.amounts(), [1100, 1200, 1300]);
    let rows = till.settled_payments(3, FORWARDED_MAX).await.unwrap();
    assert_shows_ledger(&rows, &ledger);
    assert_one_event_each(&till.events().await.unwrap(), &rows);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_doubled_batch_makes_no_second_charge() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    cut_off(&proxy, &till).await;
    store_sales(&till, [1100, 1200]).await;
    proxy.heal();
    proxy.fault(FORWARD, Fault::Duplicate, ALWAYS);
    till.wait_stored(0, Duration::from_secs(30)).await.unwrap();
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [1100, 1200]);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_to_an_online_confirm_makes_no_second_charge() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    proxy.fault("/confirm", Fault::DropAnswer, 1);
    let ended = till.sale(2400, "contactless_visa").await.unwrap();
    assert!(["stored", "approved"].contains(&ended.stage.as_str()), "{ended:?}");
    till.close_checkout().await.unwrap();
    till.wait_stored(0, Duration::from_secs(30)).await.unwrap();
    let ledger = gateway.ledger().await.unwrap();
    assert_eq!(ledger.amounts(), [2400]);
    assert_eq!(ledger.payment_intents.len(), 1);
    let rows = till.settled_payments(1, FORWARDED_MAX).await.unwrap();
    assert_shows_ledger(&rows, &ledger);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_second_outage_in_the_middle_of_a_drain() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, mut proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    cut_off(&proxy, &till).await;
    let amounts: Vec<u64> = (0..8).map(|number| 2000 + 100 * number).collect();
    store_sales(&till, amounts.clone()).await;
    // The connection comes back, the gateway takes the batch, and the connection is gone before its answer.
    let before = proxy.seen(FORWARD);
    proxy.heal();
    proxy.fault(FORWARD, Fault::Stall, ALWAYS);
    drain_begun(&proxy, before).await;
    proxy.refuse();
    till.notice_outage().await.unwrap();
    till.sell(2800, "contactless_visa", "stored").await.unwrap();
    proxy.heal();
    proxy.accept().await.unwrap();
    till.wait_stored(0, Duration::from_secs(45)).await.unwrap();
    let expected: Vec<u64> = amounts.into_iter().chain([2800]).collect();
    let ledger = gateway.ledger().await.unwrap();
    assert_eq!(ledger.amounts(), expected);
    let rows = till.settled_payments(9, FORWARDED_MAX).await.unwrap();
    assert_one_event_each(&till.events().await.unwrap(), &rows);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn two_tabs_drain_one_queue_once() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    cut_off(&proxy, &till).await;
    store_sales(&till, [3100, 3200, 3300, 3400]).await;
    let first = browser.client().window().await.unwrap();
    let second = browser.client().new_window(true).await.unwrap();
    browser.client().switch_to_window(second.handle.clone()).await.unwrap();
    let other = Till::open(&browser, &proxy.url()).await.unwrap();
    other.wait_stored(4, Duration::from_secs(5)).await.unwrap();

    proxy.heal();
    proxy.fault(FORWARD, Fault::Delay(Duration::from_millis(500)), ALWAYS);
    other.wait_stored(0, Duration::from_secs(30)).await.unwrap();
    let mut events = other.events().await.unwrap();
    browser.client().switch_to_window(first).await.unwrap();
    let till = Till::attached(&browser);
    till.wait_stored(0, Duration::from_secs(5)).await.unwrap();
    let rows = till.settled_payments(4, FORWARDED_MAX).await.unwrap();
    events.extend(till.events().await.unwrap());
    assert_one_event_each(&events, &rows);
    let ledger = gateway.ledger().await.unwrap();
    assert_eq!(ledger.amounts(), [3100, 3200, 3300, 3400]);
    assert_shows_ledger(&rows, &ledger);
    browser.close().await.unwrap();
}
