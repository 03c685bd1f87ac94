//! The binding to the browser: every method of [`Till`] is one of the class `Terminal` in `sdk/js/index.js`, which adds
//! what JavaScript does better: errors with a stack, events, abort signals.
//!
//! Values cross as plain objects. A failure is an object in the form of `ErrorJson`.

mod listener;
mod panics;
mod reader;
mod values;

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Function, Promise};
use tillandsia_core::browser::{Browser, Page, PageConfig};
use tillandsia_core::offline::StorageFacts;
use wasm_bindgen::prelude::*;
use web_sys::{ServiceWorkerRegistration, Worker};

use crate::api::{Answer, Api, ErrorJson, PromptJson};
use listener::Events;
use reader::{PageReader, simulated};
use values::{answer, given, given_or_default, until, value, values};

/// A till in a page.
#[wasm_bindgen]
pub struct Till(Rc<Inner>);

struct Inner {
    page: Rc<Page<PageReader>>,
    api: Api<Browser, PageReader>,
    events: Rc<Events>,
    /// Steps of a sale under way: while there are any, no new version of the worker takes over.
    sales: Cell<u32>,
}

/// A step of a sale is under way for as long as this lives.
struct Selling(Rc<Inner>);

impl Selling {
    fn begin(till: &Rc<Inner>) -> Self {
        till.sales.set(till.sales.get().saturating_add(1));
        till.page.set_payment_open(true);
        Selling(Rc::clone(till))
    }
}

impl Drop for Selling {
    fn drop(&mut self) {
        let left = self.0.sales.get().saturating_sub(1);
        self.0.sales.set(left);
        if left == 0 {
            self.0.page.set_payment_open(false);
        }
    }
}

/// Registers who hears of a bug that stopped the module; everything after it fails.
#[wasm_bindgen(js_name = onPanic)]
#[allow(unreachable_pub, reason = "exported to JavaScript")]
pub fn on_panic(heard: Function) {
    panics::report_to(heard);
}

#[wasm_bindgen]
impl Till {
    /// Opens the database and starts what a page does by itself. `emit(type, detail)` hears events; for
    /// `forwardpaymentintent` it returns a promise of whether the app took it.
    pub async fn open(config: JsValue, emit: Function) -> Result<Till, JsValue> {
        let page = Page::open(page_config(&config)).await.map_err(|error| value(&ErrorJson::from(error)))?;
        let api = Api::new(Rc::clone(page.terminal()));
        page.start();
        Ok(Till(Rc::new(Inner { page, api, events: Rc::new(Events::new(emit)), sales: Cell::new(0) })))
    }

    /// The three offline events have a listener each now: collecting offline is allowed, and what waits is delivered.
    pub fn listen(&self) {
        self.0.api.listen(self.0.events.clone());
        self.0.page.refresh();
    }

    /// One of them has none any more.
    pub fn unlisten(&self) {
        self.0.api.unlisten();
    }

    /// The app's own service worker, to forward in.
    #[wasm_bindgen(js_name = adoptWorker)]
    pub fn adopt_worker(&self, registration: ServiceWorkerRegistration) {
        self.0.page.adopt_worker(registration);
    }

    /// Connects the simulated reader in a Worker.
    #[wasm_bindgen(js_name = connectSimulatedReader)]
    pub fn connect_simulated_reader(&self, worker: Worker, canceled: Promise) -> Promise {
        let till = Rc::clone(&self.0);
        let reader = simulated(worker, Rc::clone(&till.events));
        answer(async move { till.api.connect_reader(reader, until(canceled)).await })
    }

    #[wasm_bindgen(js_name = disconnectReader)]
    pub fn disconnect_reader(&self) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.disconnect_reader() })
    }

    #[wasm_bindgen(js_name = connectedReader)]
    pub fn connected_reader(&self) -> JsValue {
        value(&self.0.api.connected_reader())
    }

    #[wasm_bindgen(js_name = createPaymentIntent)]
    pub fn create_payment_intent(&self, options: JsValue) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move {
            let _selling = Selling::begin(&till);
            till.api.create_payment_intent(given(options)?).await
        })
    }

    #[wasm_bindgen(js_name = collectPaymentMethod)]
    pub fn collect_payment_method(&self, payment: String, options: JsValue, canceled: Promise) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move {
            let _selling = Selling::begin(&till);
            let prompt = |prompt: PromptJson| match prompt {
                PromptJson::Input(ways) => till.events.emit("readerinput", &values(&ways)),
                PromptJson::Message(name) => till.events.emit("readermessage", &name.into()),
            };
            let options = given_or_default(options)?;
            till.api.collect_payment_method(&payment, options, &prompt, until(canceled)).await
        })
    }

    #[wasm_bindgen(js_name = confirmPaymentIntent)]
    pub fn confirm_payment_intent(&self, payment: String, options: JsValue) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move {
            let _selling = Selling::begin(&till);
            till.api.confirm_payment_intent(&payment, given_or_default(options)?).await
        })
    }

    #[wasm_bindgen(js_name = cancelPaymentIntent)]
    pub fn cancel_payment_intent(&self, payment: String) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.cancel_payment_intent(&payment).await })
    }

    #[wasm_bindgen(js_name = capturePaymentIntent)]
    pub fn capture_payment_intent(&self, payment: String, options: JsValue) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.capture_payment_intent(&payment, given_or_default(options)?).await })
    }

    #[wasm_bindgen(js_name = retrievePaymentIntent)]
    pub fn retrieve_payment_intent(&self, payment: String) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.retrieve_payment_intent(&payment).await })
    }

    #[wasm_bindgen(js_name = listPayments)]
    pub fn list_payments(&self, options: JsValue) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.list_payments(given_or_default(options)?).await })
    }

    #[wasm_bindgen(js_name = listAttention)]
    pub fn list_attention(&self, options: JsValue) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.list_attention(given_or_default(options)?).await })
    }

    #[wasm_bindgen(js_name = forwardNow)]
    pub fn forward_now(&self) {
        self.0.page.forward_now();
    }

    #[wasm_bindgen(js_name = voidPaymentIntent)]
    pub fn void_payment_intent(&self, payment: String) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.void_payment_intent(&payment).await })
    }

    #[wasm_bindgen(js_name = retryPaymentIntent)]
    pub fn retry_payment_intent(&self, payment: String) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.retry_payment_intent(&payment).await })
    }

    #[wasm_bindgen(js_name = settlePaymentIntent)]
    pub fn settle_payment_intent(&self, payment: String) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.settle_payment_intent(&payment).await })
    }

    #[wasm_bindgen(js_name = getOfflineStatus)]
    pub fn offline_status(&self) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.offline_status().await })
    }

    #[wasm_bindgen(js_name = checkReadiness)]
    pub fn check_readiness(&self) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move {
            let health = till.page.storage().await;
            let free_bytes = health.quota.zip(health.usage).map(|(quota, usage)| quota.saturating_sub(usage));
            till.api.check_readiness(StorageFacts { persisted: health.persisted, free_bytes }).await
        })
    }

    #[wasm_bindgen(js_name = setSimulatedOfflineMode)]
    pub fn set_simulated_offline_mode(&self, mode: String) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move { till.api.set_simulated_offline_mode(&mode).await })
    }

    #[wasm_bindgen(js_name = networkStatus)]
    pub fn network_status(&self) -> String {
        self.0.api.network_status().to_owned()
    }

    /// Ends what the page does by itself; calls under way go on.
    pub fn stop(&self) {
        self.0.events.silence();
        self.0.page.stop();
    }

    /// Closes the database, once no call is under way.
    pub fn close(&self) -> Promise {
        let till = Rc::clone(&self.0);
        answer(async move {
            till.page.close().await;
            Answer::Ok(())
        })
    }
}

fn page_config(config: &JsValue) -> PageConfig {
    let get = |name: &str| js_sys::Reflect::get(config, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let text = |name: &str| get(name).as_string();
    PageConfig {
        gateway_url: text("gatewayUrl").unwrap_or_default(),
        connection_token_url: text("connectionTokenUrl").unwrap_or_default(),
        token_provider: get("fetchConnectionToken").dyn_into().ok(),
        worker_url: None,
        database: text("database"),
    }
}
