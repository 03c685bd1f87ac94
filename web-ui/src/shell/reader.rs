//! The reader: which one there is in this build, and connecting it.

#[cfg(not(feature = "simulator"))]
pub(super) use none::{TillReader, Wire};
#[cfg(feature = "simulator")]
pub(super) use simulated::{TillReader, Wire};

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::{Set, WithUntracked};
use leptos::task::spawn_local;
use tillandsia_core::card::ReaderInfo;
use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::offline::NetworkStatus;
use tillandsia_core::ports::ReaderError;
use tillandsia_core::time::TimestampMs;

use super::{Shell, TillPage};
use crate::state::ReaderState;
use crate::view_models::banner::Standing;
use crate::view_models::reader_trouble::ReaderTrouble;

/// Between two looks at something that is waited for, milliseconds.
const LOOK_MS: u32 = 50;
/// How many looks a sale waits for a reader that is being connected: 5 s.
const SETTLED_LOOKS_MAX: u32 = 100;

/// What connecting the reader came to.
#[derive(Default)]
pub(super) struct Watch {
    connecting: Cell<bool>,
    /// The connection came back and the reader was not connected anew since.
    wanted: Cell<bool>,
    /// The reader was last connected with the gateway's word, not by what was known from before.
    confirmed: Cell<bool>,
}

impl Shell {
    /// Connects the reader. Returns when the reader has answered or failed; what the gateway says of the location goes
    /// on in the background, so that a till without a connection is usable at once.
    pub(super) async fn connect_reader(self: &Rc<Self>) {
        let Some(page) = self.page() else { return };
        if self.reader_watch.connecting.replace(true) {
            return;
        }
        self.state.reader.set(ReaderState::Connecting);
        let (tell, heard) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let shell = Rc::clone(self);
        spawn_local(async move {
            let fetched_before = fetched_at(&page);
            let connected = shell.connect(&page, tell, heard, answer).await;
            shell.reader_watch.confirmed.set(connected.is_ok() && fetched_at(&page) != fetched_before);
            shell.state.reader.set(match connected {
                Ok(info) => ReaderState::Connected(info),
                Err(trouble) => {
                    // Such as a reader that was refused after another was in use.
                    page.terminal().disconnect_reader().ok();
                    shell.wire.drop_link();
                    ReaderState::Failed(trouble)
                }
            });
            shell.reader_watch.connecting.set(false);
            shell.refresh();
        });
        // Dropped unsent when the reader has failed.
        answered.await.ok();
    }

    /// Connects. When the gateway turns out not to be there while it is asked, what is known from before decides: nobody
    /// waits until the request gives up.
    async fn connect(
        &self,
        page: &TillPage,
        tell: Tell,
        heard: oneshot::Receiver<Answered>,
        answer: oneshot::Sender<()>,
    ) -> Result<ReaderInfo, ReaderTrouble> {
        let failed = |error: TerminalError| ReaderTrouble::of(&error);
        let is_offline = || page.terminal().network_status() == NetworkStatus::Offline;
        let reader = self.wire.reader(tell).map_err(no_reader)?;
        if is_offline() {
            return page.terminal().connect_reader(reader).await.map_err(failed);
        }
        let connecting = pin!(page.terminal().connect_reader(reader));
        let offline = pin!(async {
            if heard.await.is_ok() {
                answer.send(()).ok();
            }
            while !is_offline() {
                TimeoutFuture::new(LOOK_MS).await;
            }
        });
        if let Either::Left((connected, _)) = select(connecting, offline).await {
            return connected.map_err(failed);
        }
        let (tell, _) = oneshot::channel();
        let reader = self.wire.reader(tell).map_err(no_reader)?;
        page.terminal().connect_reader(reader).await.map_err(failed)
    }

    /// Connects the reader by itself once the connection is back, where it is not connected, or was connected without the
    /// gateway's word. Not while a sale is on the screen.
    pub(super) fn watch_reader(self: &Rc<Self>, came_online: bool) {
        let watch = &self.reader_watch;
        if came_online {
            watch.wanted.set(true);
        }
        let online = self.state.standing.with_untracked(Standing::network) == NetworkStatus::Online;
        let idle = self.state.checkout.with_untracked(Option::is_none) && !watch.connecting.get();
        if watch.wanted.get() && online && idle {
            watch.wanted.set(false);
            if !watch.confirmed.get() {
                let shell = Rc::clone(self);
                spawn_local(async move { shell.connect_reader().await });
            }
        }
    }

    /// Waits, a few seconds at most, until a reader that is being connected is connected or has failed.
    pub(super) async fn reader_settled(&self) {
        for _ in 0..SETTLED_LOOKS_MAX {
            if !self.reader_watch.connecting.get() {
                return;
            }
            TimeoutFuture::new(LOOK_MS).await;
        }
    }
}

/// When the settings in force were fetched: they are, with each connection that has the gateway's word.
fn fetched_at(page: &TillPage) -> Option<TimestampMs> {
    page.terminal().in_force().map(|in_force| in_force.fetched_at)
}

fn no_reader(why: String) -> ReaderTrouble {
    ReaderTrouble::other(ErrorCode::NoEstablishedConnectionToReader, why)
}

/// Whether the reader itself answered.
type Answered = Result<(), ReaderError>;
/// Hears once whether the reader itself answered, before the gateway is asked for the location's settings.
type Tell = oneshot::Sender<Answered>;

#[cfg(feature = "simulator")]
mod simulated {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tillandsia_core::browser::BrowserClock;
    use tillandsia_core::card::{CardRead, ReaderInfo};
    use tillandsia_core::ports::{
        ChipDecision, CollectRequest, HostDecision, Reader, ReaderError, ReaderPrompt,
    };
    use tillandsia_driver::ViVotechReader;
    use tillandsia_driver::link::worker::WorkerLink;

    use super::Tell;
    use crate::view_models::reasons::sentence;

    /// The Worker in which the simulated reader lives: the page's memory never holds a test card.
    const WORKER_URL: &str = "./simulated-reader.js";

    type Heard = RefCell<Option<Tell>>;

    /// The wire to the simulated reader.
    #[derive(Default)]
    pub(in crate::shell) struct Wire(RefCell<Option<Rc<WorkerLink>>>);

    impl Wire {
        /// A reader at the wire's end; starts the Worker when it does not run.
        pub(in crate::shell) fn reader(&self, tell: Tell) -> Result<TillReader, String> {
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
    use tillandsia_core::card::{CardRead, ReaderInfo};
    use tillandsia_core::ports::{
        ChipDecision, CollectRequest, HostDecision, Reader, ReaderError, ReaderPrompt,
    };

    use super::Tell;

    /// No reader hardware is supported by this build yet.
    #[derive(Default)]
    pub(in crate::shell) struct Wire(());

    /// A reader that cannot exist.
    pub(in crate::shell) enum TillReader {}

    impl Wire {
        /// Says that there is none.
        pub(in crate::shell) fn reader(&self, _tell: Tell) -> Result<TillReader, String> {
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
