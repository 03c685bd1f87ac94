//! The readers of a page, each behind its link.

use std::rc::Rc;

use tillandsia_core::browser::BrowserClock;
use tillandsia_driver::ViVotechReader;
use tillandsia_driver::framing::{Packet, Transport};
use tillandsia_driver::link::worker::WorkerLink;
use tillandsia_driver::link::{Link, LinkError};
use wasm_bindgen::JsValue;
use web_sys::Worker;

use super::listener::Events;

/// A reader of any kind.
pub(super) type PageReader = ViVotechReader<PageLink, BrowserClock>;

/// The simulated reader in a Worker, which ends with the connection.
pub(super) fn simulated(worker: Worker, events: Rc<Events>) -> PageReader {
    ViVotechReader::new(PageLink { link: WorkerLink::over(worker), events }, BrowserClock)
}

/// A link that tells the app when it has gone.
pub(super) struct PageLink {
    link: WorkerLink,
    events: Rc<Events>,
}

impl PageLink {
    fn note<T>(&self, result: Result<T, LinkError>) -> Result<T, LinkError> {
        if matches!(result, Err(LinkError::Closed)) {
            self.events.emit("readerdisconnect", &JsValue::UNDEFINED);
        }
        result
    }
}

impl Link for PageLink {
    fn transport(&self) -> Transport {
        self.link.transport()
    }

    async fn send(&self, packet: Packet) -> Result<(), LinkError> {
        self.note(self.link.send(packet).await)
    }

    async fn receive(&self) -> Result<Packet, LinkError> {
        self.note(self.link.receive().await)
    }
}
