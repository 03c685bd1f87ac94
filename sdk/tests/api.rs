//! The API over the in-memory ports: what JavaScript gives and is given.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::rc::Rc;
use std::task::Poll;

use futures::executor::block_on;
use serde_json::{Value, json};
use tillandsia_core::card::{CardRead, ReaderInfo};
use tillandsia_core::journal::{Acceptance, Journal, PaymentState};
use tillandsia_core::ports::{ChipDecision, CollectRequest, HostDecision, Reader, ReaderError, ReaderPrompt};
use tillandsia_core::terminal::{Acknowledgement, Terminal};
use tillandsia_core::testing::{
    ManualClock, MemoryGateway, MemoryPlatform, MemoryReader, MemoryStore, MemoryVault, SeededEntropy, card,
};
use tillandsia_core::time::TimestampMs;
use tillandsia_sdk::api::{
    Api, CollectOptions, ErrorJson, ForwardedJson, Listener, OPEN_MAX, OfflineStatusJson, PaymentJson,
    PromptJson, to_json,
};

/// 2026-11-22T12:00:00Z.
const NOON_MS: u64 = 1_795_348_800_000;

type Till = Api<MemoryPlatform, MemoryReader>;

#[derive(Default)]
struct Heard {
    forwarded: RefCell<Vec<ForwardedJson>>,
    takes: Cell<bool>,
}

impl Listener for Heard {
    fn offline_status_change(&self, _: OfflineStatusJson) {}

    fn forward_payment_intent(&self, forwarded: ForwardedJson) -> Acknowledgement {
        self.forwarded.borrow_mut().push(forwarded);
        Box::pin(ready(self.takes.get()))
    }

    fn forwarding_error(&self, _: ErrorJson) {}
}

struct World {
    gateway: MemoryGateway,
    reader: MemoryReader,
    heard: Rc<Heard>,
    till: Till,
}

/// A till that is connected and listened to, online.
async fn world() -> World {
    let (gateway, reader) = (MemoryGateway::default(), MemoryReader::default());
    let journal = Journal::new(MemoryStore::default(), MemoryVault::default());
    let (clock, entropy) = (ManualClock::at(NOON_MS), SeededEntropy::new(1));
    let terminal = Terminal::open(journal, gateway.clone(), clock, entropy).await.unwrap();
    let till = Api::new(Rc::new(terminal));
    let heard = Rc::new(Heard { takes: Cell::new(true), ..Heard::default() });
    till.listen(heard.clone());
    till.connect_reader(reader.clone(), pending()).await.unwrap();
    World { gateway, reader, heard, till }
}

impl World {
    async fn call(&self, method: &str, arguments: Value) -> Value {
        self.till.call(method, arguments).await.unwrap_or_else(|error| panic!("{method}: {error:?}"))
    }

    async fn refused(&self, method: &str, arguments: Value) -> ErrorJson {
        self.till.call(method, arguments).await.unwrap_err()
    }

    async fn go_offline(&self) {
        self.gateway.set_down(true);
        self.till.terminal().probe().await;
    }

    async fn go_online(&self) {
        self.gateway.set_down(false);
        self.till.terminal().probe().await;
    }

    async fn sell(&self, amount: u64) -> Value {
        let created =
            self.call("createPaymentIntent", json!([{ "amount": amount, "currency": "usd" }])).await;
        self.reader.present(Ok(card(7)));
        let collected = self.call("collectPaymentMethod", json!([created])).await;
        self.call("confirmPaymentIntent", json!([collected])).await
    }
}

#[test]
fn a_sale_without_a_connection_is_stored_and_then_forwarded() {
    block_on(async {
        let world = world().await;
        world.go_offline().await;
        let options = json!([{ "amount": 1099, "currency": "USD", "metadata": { "table": "4" }, "description": "Tea" }]);
        let created = world.call("createPaymentIntent", options).await;
        assert_eq!(created["status"], "requires_payment_method");
        assert_eq!((&created["id"], &created["offlineDetails"]), (&Value::Null, &Value::Null));
        assert_eq!((&created["currency"], &created["metadata"]), (&json!("usd"), &json!({ "table": "4" })));
        assert_eq!(created.get("paymentMethod"), None);

        world.reader.present(Ok(card(7)));
        let collected = world.call("collectPaymentMethod", json!([created])).await;
        assert_eq!(collected["status"], "requires_confirmation");
        assert!(!collected.to_string().contains("ksn"), "{collected}");

        // An offline id names it as well as the object does.
        let stored = world.call("confirmPaymentIntent", json!([collected["offlineId"]])).await;
        assert_eq!((&stored["status"], &stored["description"]), (&json!("succeeded"), &json!("Tea")));
        let details = &stored["offlineDetails"];
        assert_eq!((&details["requiresUpload"], &details["storedAtMs"]), (&json!(true), &json!(NOON_MS)));
        let shown = &details["cardPresentDetails"];
        assert_eq!(
            (&shown["brand"], &shown["last4"], &shown["expMonth"]),
            (&json!("visa"), &json!("4242"), &json!(12))
        );
        assert_eq!(shown["readMethod"], "contactless_emv");
        assert_eq!(shown["receiptDetails"]["dedicatedFileName"], "A0000000031010");
        let sdk = json!({ "networkStatus": "offline", "offlinePaymentsCount": 1,
            "offlinePaymentAmountsByCurrency": { "usd": 1099 } });
        assert_eq!(world.call("getOfflineStatus", json!([])).await, json!({ "sdk": sdk, "reader": null }));

        world.go_online().await;
        world.call("forwardNow", json!([])).await;
        let forwarded = world.heard.forwarded.take();
        assert_eq!(forwarded.len(), 1);
        assert_eq!(json!(forwarded[0].payment_intent.offline_id), stored["offlineId"]);
        assert_eq!((forwarded[0].error.clone(), forwarded[0].payment_intent.id.is_some()), (None, true));
        let listed = world.call("listPayments", json!([])).await;
        let payment = &listed[0];
        assert_eq!((&payment["state"], &payment["attempts"]), (&json!("accepted"), &json!(1)));
        assert_eq!(payment["paymentIntent"]["offlineDetails"]["requiresUpload"], json!(false));
    });
}

#[test]
fn what_is_not_usable_is_named() {
    block_on(async {
        let world = world().await;
        for (options, named) in [
            (json!({ "amount": 10.5, "currency": "usd" }), "whole number"),
            (json!({ "amount": "10", "currency": "usd" }), "whole number"),
            (json!({ "amount": -1, "currency": "usd" }), "whole number"),
            (json!({ "amount": 0, "currency": "usd" }), "amount"),
            (json!({ "amount": 1, "currency": "xyz" }), "currency"),
            (json!({ "amount": 1 }), "currency"),
            (json!({ "amount": 1, "currency": "usd", "captureMethod": "later" }), "captureMethod"),
            (json!({ "amount": 1, "currency": "usd", "offlineBehavior": "maybe" }), "offlineBehavior"),
            (Value::Null, ""),
        ] {
            let error = world.refused("createPaymentIntent", json!([options])).await;
            assert_eq!(error.code, "invalid_request", "{options}");
            assert!(error.message.contains(named), "{options}: {}", error.message);
        }
        for (method, arguments) in [
            ("collectPaymentMethod", json!([])),
            ("confirmPaymentIntent", json!(["x"])),
            ("listPayments", json!([{ "limit": 0 }])),
            ("listPayments", json!([{ "limit": 101 }])),
            ("listPayments", json!([{ "before": "x" }])),
            ("setSimulatedOfflineMode", json!(["on"])),
            ("setSimulatedOfflineMode", json!(["timeOut"])),
            ("noSuchMethod", json!([])),
        ] {
            assert_eq!(world.refused(method, arguments).await.code, "invalid_request", "{method}");
        }
    });
}

#[test]
fn a_payment_is_confirmed_once_and_the_error_says_where_it_stands() {
    block_on(async {
        let world = world().await;
        let paid = world.sell(500).await;
        assert_eq!((&paid["status"], &paid["offlineDetails"]), (&json!("succeeded"), &Value::Null));
        let again = world.refused("confirmPaymentIntent", json!([paid])).await;
        assert_eq!(again.code, "unexpected_status");
        assert_eq!(again.payment_intent.unwrap().status, "succeeded");
        let canceled = world.refused("cancelPaymentIntent", json!([paid])).await;
        assert_eq!(canceled.code, "unexpected_status");
        let unknown = "01937b2e-1c00-7a00-8000-000000000001";
        for method in ["collectPaymentMethod", "retrievePaymentIntent", "voidPaymentIntent"] {
            let error = world.refused(method, json!([unknown])).await;
            assert_eq!(error.code, "payment_intent_not_found_offline", "{method}");
        }
    });
}

/// A reader to which nobody presents a card; it has to be canceled twice, as one that is on its way to waiting.
#[derive(Clone, Default)]
struct Patient {
    cancels: Rc<Cell<u32>>,
}

impl Reader for Patient {
    async fn connect(&self) -> Result<ReaderInfo, ReaderError> {
        MemoryReader::default().connect().await
    }

    async fn collect(
        &self,
        request: CollectRequest,
        prompt: &dyn Fn(ReaderPrompt),
    ) -> Result<CardRead, ReaderError> {
        prompt(ReaderPrompt::Present(request.interfaces));
        poll_fn(|_| if self.cancels.get() < 2 { Poll::Pending } else { Poll::Ready(()) }).await;
        Err(ReaderError::Canceled)
    }

    async fn complete(&self, _: HostDecision) -> Result<ChipDecision, ReaderError> {
        Ok(ChipDecision::Approved)
    }

    async fn cancel(&self) {
        self.cancels.set(self.cancels.get() + 1);
    }
}

#[test]
fn a_canceled_collection_leaves_the_payment_as_it_was() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default(), MemoryVault::default());
        let (clock, entropy) = (ManualClock::at(NOON_MS), SeededEntropy::new(1));
        let terminal = Terminal::<MemoryPlatform, _>::open(journal, MemoryGateway::default(), clock, entropy);
        let till = Api::new(Rc::new(terminal.await.unwrap()));
        let reader = Patient::default();
        till.connect_reader(reader.clone(), pending()).await.unwrap();
        let created =
            till.call("createPaymentIntent", json!([{ "amount": 100, "currency": "usd" }])).await.unwrap();
        let name = created["offlineId"].as_str().unwrap().to_owned();
        let prompts = RefCell::new(Vec::new());
        let heard = |prompt: PromptJson| prompts.borrow_mut().push(prompt);
        let collecting = till.collect_payment_method(&name, CollectOptions::default(), &heard, ready(()));
        let error = collecting.await.unwrap_err();
        assert_eq!((error.code, reader.cancels.get()), ("canceled", 2));
        assert_eq!(error.payment_intent.unwrap().status, "requires_payment_method");
        assert_eq!(prompts.take(), [PromptJson::Input(vec!["insert", "tap", "swipe"])]);

        let canceled = till.call("cancelPaymentIntent", json!([name])).await.unwrap();
        assert_eq!(canceled["status"], "canceled");
        let after = till.call("collectPaymentMethod", json!([canceled])).await.unwrap_err();
        assert_eq!(after.code, "payment_intent_not_found_offline");
    });
}

#[test]
fn what_the_app_does_not_take_is_told_again() {
    block_on(async {
        let world = world().await;
        world.go_offline().await;
        world.sell(300).await;
        world.heard.takes.set(false);
        world.go_online().await;
        world.call("forwardNow", json!([])).await;
        assert_eq!(world.heard.forwarded.take().len(), 1);
        world.heard.takes.set(true);
        world.till.terminal().clock().advance_ms(60_000);
        world.call("forwardNow", json!([])).await;
        assert_eq!(world.heard.forwarded.take().len(), 1);
        world.call("forwardNow", json!([])).await;
        assert_eq!(world.heard.forwarded.take().len(), 0);
    });
}

#[test]
fn open_payments_are_bounded_and_the_oldest_goes_first() {
    block_on(async {
        let world = world().await;
        let mut names = Vec::new();
        for _ in 0..=OPEN_MAX {
            let made = world.call("createPaymentIntent", json!([{ "amount": 1, "currency": "usd" }])).await;
            names.push(made["offlineId"].clone());
        }
        assert_eq!(world.call("retrievePaymentIntent", json!([names[1]])).await["offlineId"], names[1]);
        let gone = world.refused("retrievePaymentIntent", json!([names[0]])).await;
        assert_eq!(gone.code, "payment_intent_not_found_offline");
    });
}

#[test]
fn a_stored_payment_can_be_taken_back() {
    block_on(async {
        let world = world().await;
        world.go_offline().await;
        let stored = world.sell(400).await;
        let voided = world.call("voidPaymentIntent", json!([stored["offlineId"]])).await;
        assert_eq!(voided["status"], "canceled");
        let again = world.refused("voidPaymentIntent", json!([stored])).await;
        assert_eq!(again.code, "unexpected_status");
        let readiness = world.call("checkReadiness", json!([])).await;
        assert_eq!(readiness["ready"], json!(true), "{readiness}");
        assert!(readiness["checks"].as_array().unwrap().iter().any(|check| check["check"] == "reader"));
        world.call("disconnectReader", json!([])).await;
        assert_eq!(world.call("connectedReader", json!([])).await, Value::Null);
    });
}

#[test]
fn a_simulated_outage_is_named_as_every_other_value_is() {
    block_on(async {
        let world = world().await;
        for mode in ["immediate", "time_out", "intermittent", "off"] {
            world.call("setSimulatedOfflineMode", json!([mode])).await;
        }
    });
}

#[test]
fn a_card_read_online_is_not_stored_and_the_refusal_says_what_asked_for_it() {
    block_on(async {
        let world = world().await;
        let collect = async || {
            let created =
                world.call("createPaymentIntent", json!([{ "amount": 500, "currency": "usd" }])).await;
            world.reader.present(Ok(card(7)));
            world.call("collectPaymentMethod", json!([created])).await
        };
        let collected = collect().await;
        let forced = json!([collected, { "offlineBehavior": "force_offline" }]);
        let refused = world.refused("confirmPaymentIntent", forced).await;
        assert_eq!(refused.code, "offline_collect_and_confirm_mismatch");
        assert!(refused.message.contains("force_offline"), "{}", refused.message);
        assert!(!refused.message.contains("lost"), "{}", refused.message);
        assert_eq!(refused.payment_intent.unwrap().status, "requires_payment_method");

        let collected = collect().await;
        world.go_offline().await;
        let refused = world.refused("confirmPaymentIntent", json!([collected])).await;
        assert_eq!(refused.code, "offline_collect_and_confirm_mismatch");
        assert!(refused.message.contains("connection was lost"), "{}", refused.message);
    });
}

#[test]
fn without_a_listener_nothing_is_collected_offline_any_more() {
    block_on(async {
        let world = world().await;
        world.go_offline().await;
        world.sell(100).await;
        world.till.unlisten();
        let created = world.call("createPaymentIntent", json!([{ "amount": 100, "currency": "usd" }])).await;
        world.reader.present(Ok(card(7)));
        let refused = world.refused("collectPaymentMethod", json!([created])).await;
        assert_eq!(refused.code, "invalid_request");
        // What was stored is forwarded all the same, and told to whoever listens next.
        world.go_online().await;
        world.call("forwardNow", json!([])).await;
        assert_eq!(world.heard.forwarded.take().len(), 0);
        world.till.listen(world.heard.clone());
        world.call("forwardNow", json!([])).await;
        assert_eq!(world.heard.forwarded.take().len(), 1);
    });
}

#[test]
fn an_authorisation_code_is_on_the_receipt_once_there_is_one() {
    block_on(async {
        let world = world().await;
        world.go_offline().await;
        let stored = world.sell(100).await;
        let shown = |intent: &Value| {
            let details = &intent["offlineDetails"];
            assert_eq!(details["amountDetails"], json!({ "tip": {} }));
            details["cardPresentDetails"]["receiptDetails"]["authorizationCode"].clone()
        };
        assert_eq!(shown(&stored), Value::Null);
        let id = stored["offlineId"].as_str().unwrap().parse().unwrap();
        let mut record = world.till.terminal().record(id).await.unwrap();
        record.state = PaymentState::Accepted(Acceptance {
            at: TimestampMs(NOON_MS),
            charge: None,
            captured: true,
            authorization_code: Some("123456".to_owned()),
        });
        let payment = to_json(&PaymentJson::from(&record));
        assert_eq!(shown(&payment["paymentIntent"]), "123456");
        assert_eq!(payment["card"]["receiptDetails"]["authorizationCode"], "123456");
    });
}
