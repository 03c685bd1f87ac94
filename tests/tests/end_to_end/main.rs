//! The whole product: a till in a browser, a gateway, a network that fails. Run by `cargo xtask test`, or, with a built
//! site in `TILLANDSIA_SITE` and a gateway in `TILLANDSIA_GATEWAY`, by
//! `cargo test -p tillandsia-tests --test end_to_end -- --test-threads=1`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

/// A test for each engine, of a function that takes one: in Chromium, in Firefox, in WebKit.
macro_rules! in_each_engine {
    ($body:ident: $chromium:ident, $firefox:ident, $webkit:ident) => {
        #[tokio::test]
        async fn $chromium() {
            $body(tillandsia_tests::engine::Engine::Chromium).await;
        }

        #[tokio::test]
        async fn $firefox() {
            $body(tillandsia_tests::engine::Engine::Firefox).await;
        }

        #[tokio::test]
        async fn $webkit() {
            $body(tillandsia_tests::engine::Engine::WebKit).await;
        }
    };
}

mod forwarding;
mod guide;
mod harness;
mod keyboard;
mod network;
mod outage;
mod package;
mod package_api;
mod reader;
mod refusals;
mod screens;
mod secrecy;
mod unknown_outcome;
mod updates;
mod worker;

use std::collections::HashMap;
use std::time::Duration;

use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::gateway::{Gateway, Ledger};
use tillandsia_tests::proxy::{Fault, Proxy};
use tillandsia_tests::site;
use tillandsia_tests::till::{Event, PaymentRow, Till};

/// How soon a till without any hint notices that the gateway is back.
const BACK_ONLINE_MAX: Duration = Duration::from_secs(15);
/// How soon a till notices that the gateway has gone: the time between two probes and a probe's own time.
const OFFLINE_MAX: Duration = Duration::from_secs(20);
/// How soon stored payments are forwarded once the gateway is back.
const FORWARDED_MAX: Duration = Duration::from_secs(15);

/// Whether a test is to run in this engine; says so when it is not.
fn is_wanted(engine: Engine) -> bool {
    let wanted = engine.is_wanted();
    if !wanted {
        eprintln!("skipped: TILLANDSIA_ENGINES leaves out {}", engine.name());
    }
    wanted
}

/// A gateway that serves the built till.
async fn start_gateway() -> Gateway {
    Gateway::start(&site::built().unwrap()).await.unwrap()
}

/// A gateway and a network to it that can fail; the till is opened through the network.
async fn start_network() -> (Gateway, Proxy) {
    let gateway = start_gateway().await;
    let proxy = Proxy::start(gateway.port()).await.unwrap();
    (gateway, proxy)
}

/// A till that is installed and online.
async fn open_till<'a>(browser: &'a Browser, url: &str) -> Till<'a> {
    let till = Till::open(browser, url).await.unwrap();
    till.wait_installed().await.unwrap();
    till.wait_status("online", BACK_ONLINE_MAX).await.unwrap();
    till
}

/// The connection is gone, and the till has noticed.
async fn cut_off(proxy: &Proxy, till: &Till<'_>) {
    proxy.fault("/v1/", Fault::DropRequest, u32::MAX);
    till.notice_outage().await.unwrap();
}

/// The gateway is gone, and the till has noticed.
async fn lose_gateway(gateway: &mut Gateway, till: &Till<'_>) {
    gateway.kill().await.unwrap();
    till.notice_outage().await.unwrap();
}

/// Forced-offline sales of these amounts, each stored.
async fn store_sales(till: &Till<'_>, amounts: impl IntoIterator<Item = u64>) {
    for amount in amounts {
        till.sell(amount, "contactless_visa", "stored").await.unwrap();
    }
}

/// Waits until the gateway has `count` charges or more, then gives its ledger.
async fn ledger_with(gateway: &Gateway, count: usize, deadline: Duration) -> Ledger {
    tillandsia_tests::poll::until(&format!("{count} charges"), deadline, async || {
        let ledger = gateway.ledger().await?;
        Ok((ledger.charges.len() >= count).then_some(ledger))
    })
    .await
    .unwrap()
}

/// The till shows the ledger: every charge is a payment in its list with the same amount and outcome.
fn assert_shows_ledger(rows: &[PaymentRow], ledger: &Ledger) {
    let shown: HashMap<&str, (&str, u64)> = rows
        .iter()
        .map(|row| (row.payment_intent.as_str(), (row.state.as_str(), row.amount_minor)))
        .collect();
    assert_eq!(rows.len(), ledger.charges.len(), "{rows:#?}\n{:#?}", ledger.charges);
    for charge in &ledger.charges {
        let state = if charge.status == "succeeded" { "accepted" } else { "declined" };
        assert_eq!(
            shown.get(charge.payment_intent.as_str()),
            Some(&(state, charge.amount)),
            "charge {charge:?} in {rows:#?}"
        );
    }
}

/// Exactly one event for each of the rows, of the kind that its state is, and no other.
fn assert_one_event_each(events: &[Event], rows: &[PaymentRow]) {
    let mut heard: Vec<(&str, &str)> =
        events.iter().map(|event| (event.offline_id.as_str(), event.kind.as_str())).collect();
    let mut wanted: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| {
            (row.offline_id.as_str(), if row.state == "accepted" { "forwarded" } else { row.state.as_str() })
        })
        .collect();
    heard.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(heard, wanted);
}
