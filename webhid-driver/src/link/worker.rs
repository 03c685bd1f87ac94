//! A reader in a Web Worker, which speaks a real reader's HID reports in messages: `{kind: "report", id, data}`.

use core::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Poll, Waker},
};
use std::{collections::VecDeque, rc::Rc};

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::{Link, LinkError};
use crate::framing::{Packet, Transport};

/// Reports kept while nobody waits; the oldest go first. A frame has at most 24.
const QUEUE_MAX: usize = 512;

/// Link to a Worker. Dropping it ends the Worker.
pub struct WorkerLink {
    worker: Worker,
    inbox: Rc<Inbox>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

#[derive(Default)]
struct Inbox {
    packets: RefCell<VecDeque<Packet>>,
    waker: RefCell<Option<Waker>>,
    closed: Cell<bool>,
}

impl WorkerLink {
    /// Starts the module Worker at `url`, for example `/simulated-reader.js`.
    pub fn start(url: &str) -> Result<Self, LinkError> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        Worker::new_with_options(url, &options).map(Self::over).map_err(|error| failed(&error))
    }

    /// Takes over a Worker's messages.
    pub fn over(worker: Worker) -> Self {
        let inbox = Rc::new(Inbox::default());
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new({
            let inbox = inbox.clone();
            move |event: MessageEvent| {
                if let Some(packet) = report(&event.data()) {
                    inbox.push(packet);
                }
            }
        });
        let on_error = Closure::<dyn FnMut(web_sys::Event)>::new({
            let inbox = inbox.clone();
            move |_| inbox.close()
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Self { worker, inbox, _on_message: on_message, _on_error: on_error }
    }

    /// Asks a simulated reader's Worker to present the card of a profile, as a person would with a real one.
    pub fn present(&self, profile: &str) -> Result<(), LinkError> {
        self.post("present", &[("profile", profile.into())])
    }

    /// Asks it to take the card away.
    pub fn remove(&self) -> Result<(), LinkError> {
        self.post("remove", &[])
    }

    /// Asks it for a fault in its next answer.
    pub fn fault(&self, fault: &str) -> Result<(), LinkError> {
        self.post("fault", &[("fault", fault.into())])
    }

    fn post(&self, kind: &str, fields: &[(&str, JsValue)]) -> Result<(), LinkError> {
        if self.inbox.closed.get() {
            return Err(LinkError::Closed);
        }
        let message = Object::new();
        let kind = ("kind", JsValue::from_str(kind));
        for (name, value) in core::iter::once(&kind).chain(fields) {
            Reflect::set(&message, &JsValue::from_str(name), value).map_err(|error| failed(&error))?;
        }
        self.worker.post_message(&message).map_err(|error| failed(&error))
    }
}

impl Link for WorkerLink {
    fn transport(&self) -> Transport {
        Transport::Hid
    }

    async fn send(&self, packet: Packet) -> Result<(), LinkError> {
        match packet {
            Packet::Report { id, data } => {
                self.post("report", &[("id", id.into()), ("data", Uint8Array::from(data.as_slice()).into())])
            }
            Packet::Bytes(_) => Err(LinkError::Failed("this link carries reports only".to_owned())),
        }
    }

    async fn receive(&self) -> Result<Packet, LinkError> {
        poll_fn(|cx| {
            if let Some(packet) = self.inbox.packets.borrow_mut().pop_front() {
                return Poll::Ready(Ok(packet));
            }
            if self.inbox.closed.get() {
                return Poll::Ready(Err(LinkError::Closed));
            }
            self.inbox.waker.replace(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await
    }
}

impl Drop for WorkerLink {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Inbox {
    fn push(&self, packet: Packet) {
        let mut packets = self.packets.borrow_mut();
        if packets.len() == QUEUE_MAX {
            packets.pop_front();
        }
        packets.push_back(packet);
        drop(packets);
        self.wake();
    }

    fn close(&self) {
        self.closed.set(true);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A report out of a message; other messages are not the link's.
fn report(message: &JsValue) -> Option<Packet> {
    let field = |name: &str| Reflect::get(message, &JsValue::from_str(name)).ok();
    if field("kind")?.as_string()? != "report" {
        return None;
    }
    let id = field("id")?.as_f64().filter(|id| (0.0..256.0).contains(id))?;
    let data = field("data")?.dyn_into::<Uint8Array>().ok()?;
    // A report has 63 bytes; anything longer is not one.
    (data.length() <= 64).then(|| Packet::Report { id: id as u8, data: data.to_vec() })
}

fn failed(error: &JsValue) -> LinkError {
    let text = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    LinkError::Failed(text.unwrap_or_else(|| "the browser refused".to_owned()))
}
