//! A whole page over a gateway behind a fake `fetch`: a sale with no connection, forwarded by itself once it is back.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use tillandsia_core::browser::{BrowserClock, Page, PageConfig};
use tillandsia_core::error::TerminalError;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::money::Money;
use tillandsia_core::offline::{NetworkStatus, OfflineStatus};
use tillandsia_core::payment_intent::{PaymentIntent, PaymentIntentStatus};
use tillandsia_core::ports::{Clock as _, Gateway as _, GatewayError};
use tillandsia_core::terminal::{
    Acknowledgement, CollectParameters, ConfirmParameters, CreateParameters, OfflineDelegate, acknowledged,
};
use tillandsia_core::testing::{MemoryGateway, MemoryReader, card};
use tillandsia_core::wire;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::gateway::{Answer, fake_fetch, session};

fn answer<T: Serialize>(result: Result<T, GatewayError>) -> Answer {
    // A gateway that is down answers nothing.
    let body = result.ok()?;
    Some((200, serde_json::to_string(&body).unwrap(), Vec::new()))
}

fn read<T: serde::de::DeserializeOwned>(body: &str) -> T {
    serde_json::from_str(body).unwrap()
}

/// The in-memory gateway behind `fetch`.
fn served(gateway: MemoryGateway) -> impl AsyncFn(String, String, String, String) -> Answer + 'static {
    async move |_, path, _, body| {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["demo", "connection_token"] => {
                let token = wire::ConnectionToken {
                    object: "terminal.connection_token".into(),
                    secret: "pst".into(),
                    location: None,
                };
                answer(gateway.open_session().await.map(|_| token))
            }
            ["v1", probe] if probe.starts_with("probe?nonce=") => {
                let nonce = probe.trim_start_matches("probe?nonce=").to_owned();
                let up = gateway.probe(&nonce).await;
                up.then(|| answer(Ok(wire::Probe { object: "probe".into(), nonce }))).flatten()
            }
            ["v1", "terminal", "sessions"] => answer(gateway.open_session().await.map(|_| session())),
            ["v1", "terminal", "payments"] => answer(gateway.create(&read(&body)).await),
            ["v1", "terminal", "payments", "forward"] => answer(gateway.forward(&read(&body)).await),
            ["v1", "terminal", "payments", _, "confirm"] => answer(gateway.confirm(&read(&body)).await),
            ["v1", "terminal", "payments", id, "resolve"] => {
                answer(gateway.resolve(id.parse().unwrap(), &read(&body)).await)
            }
            other => panic!("no such path: {other:?}"),
        }
    }
}

#[derive(Default)]
struct Told {
    events: RefCell<Vec<(OfflineId, Option<String>)>>,
    statuses: RefCell<Vec<(NetworkStatus, u64)>>,
}

impl OfflineDelegate for Told {
    fn on_offline_status_change(&self, status: &OfflineStatus) {
        self.statuses.borrow_mut().push((status.sdk.network_status, status.sdk.stored.count));
    }

    fn on_forward_payment_intent(
        &self,
        intent: &PaymentIntent,
        error: Option<&TerminalError>,
    ) -> Acknowledgement {
        let code = error.map(|error| error.code.to_string());
        self.events.borrow_mut().push((intent.offline_id, code));
        acknowledged()
    }

    fn on_forwarding_error(&self, _error: &TerminalError) {}
}

async fn until(what: &str, ms_max: u64, done: impl Fn() -> bool) {
    for _ in 0..ms_max / 20 {
        if done() {
            return;
        }
        BrowserClock.sleep_ms(20).await;
    }
    panic!("not within {ms_max} ms: {what}");
}

async fn sell(page: &Page<MemoryReader>, reader: &MemoryReader, cents: u64, serial: u32) -> PaymentIntent {
    reader.present(Ok(card(serial)));
    let terminal = page.terminal();
    let amount = Money::new(cents, "usd".parse().unwrap());
    let intent = terminal.create_payment_intent(CreateParameters::of(amount)).await.unwrap();
    let intent =
        terminal.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
    terminal.confirm_payment_intent(intent, ConfirmParameters::default()).await.unwrap()
}

async fn open(told: &Rc<Told>, reader: &MemoryReader) -> Rc<Page<MemoryReader>> {
    let config = PageConfig {
        gateway_url: String::new(),
        connection_token_url: "/demo/connection_token".into(),
        ..PageConfig::default()
    };
    let page = Page::open(config).await.unwrap();
    page.terminal().set_offline_delegate(Rc::clone(told) as Rc<dyn OfflineDelegate>);
    page.start();
    page.terminal().connect_reader(reader.clone()).await.unwrap();
    page
}

#[wasm_bindgen_test]
async fn sales_without_a_connection_are_forwarded_by_themselves_and_told_once() {
    let gateway = MemoryGateway::default();
    let _fetch = fake_fetch(served(gateway.clone()));
    let (told, reader) = (Rc::new(Told::default()), MemoryReader::default());
    let page = open(&told, &reader).await;
    until("online", 3_000, || page.terminal().network_status() == NetworkStatus::Online).await;
    let online = sell(&page, &reader, 500, 1).await;
    assert_eq!(online.status(), PaymentIntentStatus::Succeeded);
    assert_eq!(gateway.charges().len(), 1);

    gateway.set_down(true);
    page.terminal().probe().await;
    assert_eq!(page.terminal().network_status(), NetworkStatus::Offline);
    let mut stored = Vec::new();
    for (serial, cents) in [(2, 1_099), (3, 2_005), (4, 300)] {
        stored.push(sell(&page, &reader, cents, serial).await.offline_id);
    }
    until("three stored", 3_000, || told.statuses.borrow().last() == Some(&(NetworkStatus::Offline, 3)))
        .await;

    gateway.set_down(false);
    until("forwarded", 15_000, || told.events.borrow().len() >= 3).await;
    until("all told", 3_000, || told.statuses.borrow().last() == Some(&(NetworkStatus::Online, 0))).await;
    BrowserClock.sleep_ms(500).await;
    let mut events = told.events.borrow().clone();
    events.sort();
    let declined = Some("card_declined".to_owned());
    assert_eq!(events, [(stored[0], None), (stored[1], declined), (stored[2], None)]);
    assert_eq!(gateway.charges().len(), 3, "the one that ends in 05 was declined");
    assert_eq!(page.terminal().session().unwrap().account, session().account);

    // A second tab finds nothing left to tell, and its own sale is told by the first.
    let (other_told, other_reader) = (Rc::new(Told::default()), MemoryReader::default());
    let other = open(&other_told, &other_reader).await;
    gateway.set_down(true);
    other.terminal().probe().await;
    let late = sell(&other, &other_reader, 700, 5).await.offline_id;
    gateway.set_down(false);
    other.forward_now();
    until("told", 15_000, || told.events.borrow().len() + other_told.events.borrow().len() >= 4).await;
    BrowserClock.sleep_ms(500).await;
    assert_eq!(told.events.borrow().last(), Some(&(late, None)));
    assert_eq!(*other_told.events.borrow(), []);
    assert_eq!(
        page.terminal().journal().verify().await.unwrap(),
        other.terminal().journal().verify().await.unwrap()
    );
}
