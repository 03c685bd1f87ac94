//! The readers of a page, each behind its link.

use std::rc::Rc;

use tillandsia_core::browser::BrowserClock;
use tillandsia_driver::ViVotechReader;
use tillandsia_driver::link::told::ToldLink;
use tillandsia_driver::link::worker::WorkerLink;
use wasm_bindgen::JsValue;
use web_sys::Worker;

use super::listener::Events;

/// A reader of any kind, whose going the app is told.
pub(super) type PageReader = ViVotechReader<ToldLink<WorkerLink>, BrowserClock>;

/// The simulated reader in a Worker, which ends with the connection.
pub(super) fn simulated(worker: Worker, events: Rc<Events>) -> PageReader {
    let gone = move || events.emit("readerdisconnect", &JsValue::UNDEFINED);
    ViVotechReader::new(ToldLink::new(WorkerLink::over(worker), gone), BrowserClock)
}
