//! The till without its screen and its reader: what the benches measure. Empty outside of a browser.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::float_arithmetic, reason = "the page's clock counts in fractions of milliseconds")]

mod reader;

use std::rc::Rc;

use reader::{ScriptedReader, parse_card};
use tillandsia_core::browser::{Page, PageConfig};
use tillandsia_core::error::TerminalError;
use tillandsia_core::money::Money;
use tillandsia_core::offline::OfflineStatus;
use tillandsia_core::payment_intent::{OfflineBehavior, PaymentIntent};
use tillandsia_core::terminal::{
    Acknowledgement, CollectParameters, ConfirmParameters, CreateParameters, OfflineDelegate, acknowledged,
};
use tillandsia_core::wire::CardOnWire;
use wasm_bindgen::prelude::*;

/// How often it is looked whether everything is forwarded, milliseconds.
const LOOK_MS: u32 = 20;

/// A terminal in this page, over the till's own database.
#[wasm_bindgen]
pub struct BenchTill {
    page: Rc<Page<ScriptedReader>>,
    reader: ScriptedReader,
}

impl std::fmt::Debug for BenchTill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BenchTill")
    }
}

#[wasm_bindgen]
impl BenchTill {
    /// Opens the database, connects the reader and opens a session with the gateway of this origin.
    pub async fn open() -> Result<BenchTill, JsError> {
        let config = PageConfig {
            gateway_url: String::new(),
            connection_token_url: "/demo/connection_token".to_owned(),
            worker_url: Some("/sw.js".to_owned()),
            ..PageConfig::default()
        };
        let page = Page::open(config).await.map_err(failed)?;
        page.terminal().set_offline_delegate(Rc::new(Deaf));
        let reader = ScriptedReader::default();
        page.terminal().connect_reader(reader.clone()).await.map_err(failed)?;
        Ok(BenchTill { page, reader })
    }

    /// Starts what a page does beside selling: probes, the worker, forwarding.
    pub fn start(&self) {
        self.page.start();
    }

    /// Stores a forced-offline sale of `amount_minor` US cents for each card of a JSON list. Gives for each the
    /// milliseconds from the moment, `customer_ms` after it was asked, the reader handed its card over until the payment was durably stored.
    pub async fn store(&self, cards: &str, amount_minor: u32, customer_ms: u32) -> Result<Vec<f64>, JsError> {
        let cards: Vec<CardOnWire> = serde_json::from_str(cards)?;
        let terminal = self.page.terminal();
        let usd = "usd".parse().map_err(failed)?;
        let mut times_ms = Vec::with_capacity(cards.len());
        for card in &cards {
            self.reader.lay(parse_card(card).map_err(|text| JsError::new(&text))?, customer_ms);
            let mut parameters = CreateParameters::of(Money::new(u64::from(amount_minor), usd));
            parameters.offline_behavior = OfflineBehavior::ForceOffline;
            let intent = terminal.create_payment_intent(parameters).await.map_err(failed)?;
            let intent = terminal
                .collect_payment_method(intent, CollectParameters::default(), &|_| {})
                .await
                .map_err(failed)?;
            let stored = terminal
                .confirm_payment_intent(intent, ConfirmParameters::default())
                .await
                .map_err(failed)?;
            times_ms.push(now_ms()? - self.reader.handed_over_ms());
            if stored.offline_details().is_none() {
                return Err(JsError::new("a payment was not stored"));
            }
        }
        Ok(times_ms)
    }

    /// How many payments are stored.
    pub async fn stored(&self) -> Result<u32, JsError> {
        let status = self.page.terminal().offline_status().await.map_err(failed)?;
        Ok(u32::try_from(status.sdk.stored.count)?)
    }

    /// Forwards everything, as the "Forward now" button does, and returns when nothing is stored any more.
    pub async fn forward(&self) -> Result<(), JsError> {
        self.page.forward_now();
        while self.stored().await? > 0 {
            gloo_timers::future::TimeoutFuture::new(LOOK_MS).await;
        }
        Ok(())
    }
}

/// Hears of nothing.
struct Deaf;

impl OfflineDelegate for Deaf {
    fn on_offline_status_change(&self, _: &OfflineStatus) {}
    fn on_forward_payment_intent(&self, _: &PaymentIntent, _: Option<&TerminalError>) -> Acknowledgement {
        acknowledged()
    }
    fn on_forwarding_error(&self, _: &TerminalError) {}
}

pub(crate) fn now_ms() -> Result<f64, JsError> {
    let performance = web_sys::window().and_then(|window| window.performance());
    performance.map(|performance| performance.now()).ok_or_else(|| JsError::new("the page has no clock"))
}

fn failed(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}
