//! What contexts of one origin tell each other, over a BroadcastChannel. A message is never needed for correctness:
//! everything it announces is in the database.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use super::js::{object, text};

/// The name of the channel beside the database of the usual name; it is the same.
pub const CHANNEL: &str = super::store::DATABASE;

/// A message to every other context of this origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A commit or a setting is durable: read again what you show and go by.
    Changed,
    /// Forwarding failed for a reason that belongs to no payment.
    ForwardingError {
        /// A stable code.
        code: String,
        /// What to do about it.
        message: String,
    },
    /// A request got no answer: probe the gateway.
    NetworkFailed,
}

impl Message {
    fn to_js(&self) -> JsValue {
        match self {
            Message::Changed => object(&[("type", "changed".into())]),
            Message::ForwardingError { code, message } => object(&[
                ("type", "forwarding-error".into()),
                ("code", code.into()),
                ("message", message.into()),
            ]),
            Message::NetworkFailed => object(&[("type", "network-failed".into())]),
        }
    }

    fn from_js(data: &JsValue) -> Option<Self> {
        match text(data, "type")?.as_str() {
            "changed" => Some(Message::Changed),
            "forwarding-error" => {
                Some(Message::ForwardingError { code: text(data, "code")?, message: text(data, "message")? })
            }
            "network-failed" => Some(Message::NetworkFailed),
            _ => None,
        }
    }
}

/// What the browser calls with each message.
type Heard = Closure<dyn FnMut(MessageEvent)>;

/// This context's end of the channel.
#[derive(Debug)]
pub struct Channel {
    channel: Option<BroadcastChannel>,
    heard: RefCell<Option<Heard>>,
}

impl Channel {
    /// Opens the one of a database's name ([`CHANNEL`]); a browser without one leaves each context to find out by itself.
    pub fn open(name: &str) -> Self {
        Channel { channel: BroadcastChannel::new(name).ok(), heard: RefCell::new(None) }
    }

    /// Tells the others.
    pub fn send(&self, message: &Message) {
        if let Some(channel) = &self.channel {
            channel.post_message(&message.to_js()).ok();
        }
    }

    /// Hears the others, in place of whoever heard them before, until it is dropped.
    pub fn listen(&self, listener: impl Fn(Message) + 'static) {
        let Some(channel) = &self.channel else { return };
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(message) = Message::from_js(&event.data()) {
                listener(message);
            }
        });
        channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        self.heard.replace(Some(heard));
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.set_onmessage(None);
            channel.close();
        }
    }
}
