//! The network status: what the gateway itself answers, not what the browser believes.

use std::time::{Duration, Instant};

use tillandsia_tests::cdp::Cdp;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::proxy::Fault;

use super::{
    BACK_ONLINE_MAX, FORWARDED_MAX, OFFLINE_MAX, is_wanted, lose_gateway, open_till, start_gateway,
    start_network,
};

const ALWAYS: u32 = u32::MAX;

#[tokio::test]
async fn a_captive_portal_is_not_the_gateway() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, proxy) = start_network().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &proxy.url()).await;
    // Everything answers 200 with a page: the till's own files, the probe, the payments.
    proxy.fault("/", Fault::Portal, ALWAYS);
    till.wait_status("offline", OFFLINE_MAX).await.unwrap();
    till.sell(1500, "contactless_visa", "stored").await.unwrap();
    assert_eq!(till.banner().await.unwrap().stored_count, 1);
    assert!(gateway.ledger().await.unwrap().charges.is_empty());
    proxy.heal();
    till.wait_status("online", BACK_ONLINE_MAX).await.unwrap();
    till.wait_stored(0, FORWARDED_MAX).await.unwrap();
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [1500]);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn status_is_online_again_within_2_s_of_an_online_event() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    let mut cdp = Cdp::connect(&browser, "page", &gateway.url()).await.unwrap();
    gateway.kill().await.unwrap();
    cdp.set_online(false).await.unwrap();
    till.notice_outage().await.unwrap();
    // The browser says "online" while the gateway is still starting, as after a router's restart.
    gateway.spawn().unwrap();
    cdp.set_online(true).await.unwrap();
    gateway.wait().await.unwrap();
    let back = Instant::now();
    till.wait_status("online", Duration::from_secs(2)).await.unwrap();
    eprintln!("online {:?} after the gateway's return", back.elapsed());
    browser.close().await.unwrap();
}

in_each_engine!(
    status_is_online_again_within_15_s:
    status_is_online_again_within_15_s_in_chromium,
    status_is_online_again_within_15_s_in_firefox,
    status_is_online_again_within_15_s_in_webkit
);

async fn status_is_online_again_within_15_s(engine: Engine) {
    if !is_wanted(engine) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(engine).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    lose_gateway(&mut gateway, &till).await;
    gateway.restart().await.unwrap();
    let back = Instant::now();
    till.wait_status("online", BACK_ONLINE_MAX).await.unwrap();
    eprintln!("{}: online {:?} after the gateway's return", engine.name(), back.elapsed());
    browser.close().await.unwrap();
}
