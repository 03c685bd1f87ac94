//! The reader: which one there is in this build, and connecting it.

#[cfg(not(feature = "simulator"))]
pub(super) use none::{TillReader, Wire};
#[cfg(feature = "simulator")]
pub(super) use simulated::{TillReader, Wire};

use std::rc::Rc;

use futures::channel::oneshot;
use leptos::prelude::Set;
use leptos::task::spawn_local;

use super::Shell;
use crate::state::ReaderState;
use crate::view_models::reasons::sentence;

impl Shell {
    /// Connects the reader. Returns when the reader has answered or failed; fetching the location's settings goes on
    /// in the background, so that a till without a connection is usable at once.
    pub(super) async fn connect_reader(self: &Rc<Self>) {
        self.state.reader.set(ReaderState::Connecting);
        let Some(page) = self.page() else { return };
        let (tell, heard) = oneshot::channel();
        let reader = match self.wire.reader(tell) {
            Ok(reader) => reader,
            Err(why) => return self.state.reader.set(ReaderState::Failed(why)),
        };
        let shell = Rc::clone(self);
        spawn_local(async move {
            let connected = page.terminal().connect_reader(reader).await;
            match (connected, page.terminal().reader_info()) {
                (_, Some(info)) => shell.state.reader.set(ReaderState::Connected(info)),
                (Err(error), None) => {
                    shell.wire.drop_link();
                    shell.state.reader.set(ReaderState::Failed(sentence(&error.message)));
                }
                (Ok(info), None) => shell.state.reader.set(ReaderState::Connected(info)),
            }
            shell.refresh();
        });
        if let Ok(Ok(())) = heard.await {
            // The terminal takes the reader in within the same turn that told us.
            gloo_timers::future::TimeoutFuture::new(0).await;
            if let Some(info) = self.page().and_then(|page| page.terminal().reader_info()) {
                self.state.reader.set(ReaderState::Connected(info));
            }
        }
    }
}

#[cfg(feature = "simulator")]
mod simulated {
    use std::cell::RefCell;
    use std::rc::Rc;

    use futures::channel::oneshot;
    use tillandsia_core::browser::BrowserClock;
    use tillandsia_core::card::{CardRead, ReaderInfo};
    use tillandsia_core::ports::{
        ChipDecision, CollectRequest, HostDecision, Reader, ReaderError, ReaderPrompt,
    };
    use tillandsia_driver::ViVotechReader;
    use tillandsia_driver::link::worker::WorkerLink;

    use crate::view_models::reasons::sentence;

    /// The Worker in which the simulated reader lives: the page's memory never holds a test card.
    const WORKER_URL: &str = "./simulated-reader.js";

    /// Hears once whether the reader itself answered, before the terminal asks the gateway for the location's settings.
    type Heard = RefCell<Option<oneshot::Sender<Result<(), ReaderError>>>>;

    /// The wire to the simulated reader.
    #[derive(Default)]
    pub(in crate::shell) struct Wire(RefCell<Option<Rc<WorkerLink>>>);

    impl Wire {
        /// A reader at the wire's end; starts the Worker when it does not run.
        pub(in crate::shell) fn reader(
            &self,
            tell: oneshot::Sender<Result<(), ReaderError>>,
        ) -> Result<TillReader, String> {
            let link = match self.0.take() {
                Some(link) => link,
                None => Rc::new(WorkerLink::start(WORKER_URL).map_err(|error| sentence(&error.to_string()))?),
            };
            self.0.replace(Some(Rc::clone(&link)));
            let inner = ViVotechReader::new(link, BrowserClock);
            Ok(TillReader { inner, heard: RefCell::new(Some(tell)) })
        }

        /// Forgets a Worker that does not answer, so that the next try starts another.
        pub(in crate::shell) fn drop_link(&self) {
            self.0.replace(None);
        }

        /// Holds a card to the reader.
        pub(in crate::shell) fn present(&self, profile: &str) -> Result<(), String> {
            match &*self.0.borrow() {
                Some(link) => link.present(profile).map_err(|error| sentence(&error.to_string())),
                None => Err("The simulated reader does not run: reconnect it.".to_owned()),
            }
        }
    }

    /// The simulated reader behind the same driver as a real one.
    pub(in crate::shell) struct TillReader {
        inner: ViVotechReader<Rc<WorkerLink>, BrowserClock>,
        heard: Heard,
    }

    impl Reader for TillReader {
        async fn connect(&self) -> Result<ReaderInfo, ReaderError> {
            let connected = self.inner.connect().await;
            if let Some(tell) = self.heard.take() {
                tell.send(connected.as_ref().map(|_| ()).map_err(Clone::clone)).ok();
            }
            connected
        }

        async fn collect(
            &self,
            request: CollectRequest,
            prompt: &dyn Fn(ReaderPrompt),
        ) -> Result<CardRead, ReaderError> {
            self.inner.collect(request, prompt).await
        }

        async fn complete(&self, decision: HostDecision) -> Result<ChipDecision, ReaderError> {
            self.inner.complete(decision).await
        }

        async fn cancel(&self) {
            self.inner.cancel().await;
        }
    }
}

#[cfg(not(feature = "simulator"))]
mod none {
    use futures::channel::oneshot;
    use tillandsia_core::card::{CardRead, ReaderInfo};
    use tillandsia_core::ports::{
        ChipDecision, CollectRequest, HostDecision, Reader, ReaderError, ReaderPrompt,
    };

    /// No reader hardware is supported by this build yet.
    #[derive(Default)]
    pub(in crate::shell) struct Wire(());

    /// A reader that cannot exist.
    pub(in crate::shell) enum TillReader {}

    impl Wire {
        /// Says that there is none.
        pub(in crate::shell) fn reader(
            &self,
            _tell: oneshot::Sender<Result<(), ReaderError>>,
        ) -> Result<TillReader, String> {
            Err("This build has no card reader: it was made without the simulated one, and USB readers are not \
                 supported yet."
                .to_owned())
        }

        /// Nothing to forget.
        pub(in crate::shell) fn drop_link(&self) {}
    }

    impl Reader for TillReader {
        async fn connect(&self) -> Result<ReaderInfo, ReaderError> {
            match *self {}
        }

        async fn collect(
            &self,
            _request: CollectRequest,
            _prompt: &dyn Fn(ReaderPrompt),
        ) -> Result<CardRead, ReaderError> {
            match *self {}
        }

        async fn complete(&self, _decision: HostDecision) -> Result<ChipDecision, ReaderError> {
            match *self {}
        }

        async fn cancel(&self) {
            match *self {}
        }
    }
}
