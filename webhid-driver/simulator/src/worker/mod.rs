//! The reader in a Web Worker of its own.
//!
//! In: `{kind: "report", id, data}`, `{kind: "present", profile}`, `{kind: "remove"}`, `{kind: "fault", fault}`,
//! `{kind: "firmware", firmware}`.
//! Out: `{kind: "ready", serial}` once, then `{kind: "report", id, data}`.

mod store;

use futures::{
    StreamExt,
    channel::mpsc,
    future::{Either, select},
};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::{CardProfile, Fault, Output, SimulatedReader};
use store::Store;

/// How many transactions' keys and counters are taken from the database at a time.
const BLOCK: u16 = 64;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = crypto)]
    static CRYPTO: web_sys::Crypto;
    #[wasm_bindgen(thread_local_v2, js_name = self)]
    static SCOPE: DedicatedWorkerGlobalScope;
}

/// What a message asks for.
enum Message {
    Report { id: u8, data: Vec<u8> },
    Present(CardProfile),
    Remove,
    Fault(Fault),
    Firmware(String),
}

/// Runs until the Worker is ended.
#[wasm_bindgen(start)]
pub(crate) fn start() {
    let (sender, receiver) = mpsc::unbounded();
    let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(message) = read(&event.data()) {
            // Fails only when `run` has ended, which it does not.
            let _ = sender.unbounded_send(message);
        }
    });
    SCOPE.with(|scope| scope.set_onmessage(Some(heard.as_ref().unchecked_ref())));
    heard.forget();
    wasm_bindgen_futures::spawn_local(run(receiver));
}

async fn run(mut messages: mpsc::UnboundedReceiver<Message>) {
    let store = Store::open().await;
    let mut left = BLOCK;
    let mut reader = SimulatedReader::new(random(), store.take(BLOCK).await);
    post("ready", &[("serial", reader.state().serial_number().into())]);
    loop {
        let output = match next(&mut messages, &reader).await {
            Some(message) => act(&mut reader, message),
            None => reader.wake(now_ms()),
        };
        for report in &output.reports {
            let data = Uint8Array::from(report.data.as_slice());
            post("report", &[("id", report.id.into()), ("data", data.into())]);
        }
        if output.save {
            left -= 1;
        }
        if left == 0 {
            // Before the next transaction, and not in the middle of one's answer.
            reader.adopt(store.take(BLOCK).await);
            left = BLOCK;
        }
    }
}

/// The next message, or `None` when the reader's time is up first.
async fn next(messages: &mut mpsc::UnboundedReceiver<Message>, reader: &SimulatedReader) -> Option<Message> {
    let wait_ms = match reader.deadline_ms() {
        Some(deadline_ms) => u32::try_from(deadline_ms.saturating_sub(now_ms())).unwrap_or(u32::MAX),
        None => u32::MAX,
    };
    // `setTimeout` waits for 2^31 - 1 milliseconds at most.
    let timeout = TimeoutFuture::new(wait_ms.min(i32::MAX.unsigned_abs()));
    match select(messages.next(), timeout).await {
        Either::Left((message, _)) => message,
        Either::Right(_) => None,
    }
}

fn act(reader: &mut SimulatedReader, message: Message) -> Output {
    match message {
        Message::Report { id, data } => return reader.on_report(id, &data, now_ms()),
        Message::Present(profile) => return reader.present(profile, now_ms()),
        Message::Remove => reader.remove(),
        Message::Fault(fault) => reader.inject(fault),
        Message::Firmware(firmware) => reader.set_firmware(&firmware),
    }
    Output::default()
}

fn read(message: &JsValue) -> Option<Message> {
    let field = |name: &str| Reflect::get(message, &JsValue::from_str(name)).ok();
    let text = |name: &str| field(name)?.as_string();
    match text("kind")?.as_str() {
        "report" => {
            let id = field("id")?.as_f64().filter(|id| (0.0..256.0).contains(id))? as u8;
            let data = field("data")?.dyn_into::<Uint8Array>().ok()?;
            (data.length() <= 64).then(|| Message::Report { id, data: data.to_vec() })
        }
        "present" => CardProfile::from_name(&text("profile")?).map(Message::Present),
        "remove" => Some(Message::Remove),
        "fault" => Fault::from_name(&text("fault")?).map(Message::Fault),
        "firmware" => text("firmware").map(Message::Firmware),
        _ => None,
    }
}

fn post(kind: &str, fields: &[(&str, JsValue)]) {
    let message = Object::new();
    let kind = ("kind", JsValue::from_str(kind));
    for (name, value) in core::iter::once(&kind).chain(fields) {
        // Setting a property of a plain object cannot fail.
        let _ = Reflect::set(&message, &JsValue::from_str(name), value);
    }
    // Fails only for what cannot be cloned.
    let _ = SCOPE.with(|scope| scope.post_message(&message));
}

fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    CRYPTO.with(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).ok());
    u64::from_le_bytes(bytes)
}
