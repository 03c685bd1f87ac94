//! A sale that survives without a connection, from tap to ledger, in every engine.

use std::time::{Duration, Instant};

use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::till::Till;

use super::{
    OFFLINE_MAX, assert_one_event_each, assert_shows_ledger, is_wanted, ledger_with, open_till, start_gateway,
};

const ONLINE: [u64; 3] = [1250, 899, 400];
/// 705 ends in 05, which the sandbox declines.
const OFFLINE: [u64; 5] = [1999, 705, 320, 4500, 150];
const OFFLINE_LATER: [u64; 2] = [2080, 610];
/// Forwarded "within 10 s" of the gateway's return.
const FORWARDED_MAX: Duration = Duration::from_secs(10);

in_each_engine!(
    sales_survive_an_outage:
    sales_survive_an_outage_in_chromium,
    sales_survive_an_outage_in_firefox,
    sales_survive_an_outage_in_webkit
);

async fn sales_survive_an_outage(engine: Engine) {
    if !is_wanted(engine) {
        return;
    }
    let mut gateway = start_gateway().await;
    let mut browser = Browser::open(engine).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    for (amount, card) in
        ONLINE.into_iter().zip(["contactless_visa", "contact_mastercard", "contactless_visa"])
    {
        till.sell(amount, card, "approved").await.unwrap();
    }
    gateway.kill().await.unwrap();
    sell_five_offline(&till).await;
    let sum_of_five: u64 = OFFLINE.iter().sum();

    if engine == Engine::Chromium {
        // As soon as "stored" shows: nothing else is waited for.
        browser.kill().await.unwrap();
        browser.reopen().await.unwrap();
        Till::open(&browser, &gateway.url()).await.unwrap();
    } else {
        till.close_checkout().await.unwrap();
    }
    let till = Till::attached(&browser);
    till.wait_stored(5, Duration::from_secs(5)).await.unwrap();
    let banner = till.banner().await.unwrap();
    assert_eq!(banner.stored_amount_minor, sum_of_five);
    assert!(!banner.oldest_time_left.is_empty());
    till.wait_status("offline", OFFLINE_MAX).await.unwrap();
    for amount in OFFLINE_LATER {
        till.sell(amount, "contact_mastercard", "stored").await.unwrap();
    }
    let banner = till.banner().await.unwrap();
    assert_eq!(banner.stored_count, 7);
    assert_eq!(banner.stored_amount_minor, sum_of_five + OFFLINE_LATER.iter().sum::<u64>());

    gateway.restart().await.unwrap();
    let back = Instant::now();
    till.wait_stored(0, FORWARDED_MAX).await.unwrap();
    eprintln!("{}: all 7 forwarded {:?} after the gateway's return", engine.name(), back.elapsed());
    assert_accounts_agree(&till, &gateway).await;
    browser.close().await.unwrap();
}

/// Five sales with the gateway gone; the last one's "stored" stays on the screen.
async fn sell_five_offline(till: &Till<'_>) {
    let (last, first) = OFFLINE.split_last().unwrap();
    for amount in first {
        till.sell(*amount, "contactless_visa", "stored").await.unwrap();
    }
    let ended = till.sale(*last, "contactless_visa").await.unwrap();
    assert_eq!(ended.stage, "stored", "{ended:?}");
}

/// Ten charges, nine of them succeeded, to the cent; the till shows the same and heard of each of the seven once.
async fn assert_accounts_agree(till: &Till<'_>, gateway: &tillandsia_tests::gateway::Gateway) {
    let ledger = ledger_with(gateway, 10, Duration::from_secs(1)).await;
    let mut amounts: Vec<u64> = ONLINE.into_iter().chain(OFFLINE).chain(OFFLINE_LATER).collect();
    amounts.sort_unstable();
    assert_eq!(ledger.amounts(), amounts);
    assert_eq!(ledger.with_status("succeeded").len(), 9);
    let declined = ledger.with_status("failed");
    assert_eq!(declined.iter().map(|charge| charge.amount).collect::<Vec<_>>(), [705]);
    assert_eq!(ledger.sum_succeeded(), amounts.iter().sum::<u64>() - 705);
    for charge in &ledger.charges {
        let offline = &charge.payment_method_details.card_present.offline;
        assert_eq!(offline.is_some(), !ONLINE.contains(&charge.amount), "{charge:?}");
        assert!(offline.as_ref().is_none_or(|offline| offline.kind == "deferred" && offline.stored_at > 0));
    }
    assert_eq!(ledger.payment_intents.len(), 10, "no PaymentIntent is left over");
    let rows = till.settled_payments(10, Duration::from_secs(5)).await.unwrap();
    assert_shows_ledger(&rows, &ledger);
    let stored: Vec<_> = rows.into_iter().filter(|row| !ONLINE.contains(&row.amount_minor)).collect();
    assert_one_event_each(&till.events().await.unwrap(), &stored);
}

in_each_engine!(
    the_till_starts_with_no_network_at_all:
    the_till_starts_with_no_network_at_all_in_chromium,
    the_till_starts_with_no_network_at_all_in_firefox,
    the_till_starts_with_no_network_at_all_in_webkit
);

async fn the_till_starts_with_no_network_at_all(engine: Engine) {
    if !is_wanted(engine) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(engine).await.unwrap();
    open_till(&browser, &gateway.url()).await;
    gateway.kill().await.unwrap();
    browser.client().goto("about:blank").await.unwrap();
    let till = Till::open(&browser, &gateway.url()).await.unwrap();
    till.notice_outage().await.unwrap();
    till.sell(1234, "contactless_visa", "stored").await.unwrap();
    assert_eq!(till.banner().await.unwrap().stored_count, 1);
    browser.close().await.unwrap();
}
