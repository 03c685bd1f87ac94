use core::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::pin,
    task::{Poll, Waker},
};

use futures::future::{Either, LocalBoxFuture, select};
use tillandsia_core::{
    card::{CardRead, ReaderInfo},
    ports::{ChipDecision, Clock, CollectRequest, HostDecision, Reader, ReaderError, ReaderPrompt},
    time::TimestampMs,
};

use crate::{
    framing::Protocol,
    link::{Link, LinkError},
    session::{Event, Session},
};

/// A ViVOtech2 reader behind a link: carries out what [`Session`] decides.
///
/// Dropping a future of it mid-way is safe: the next command cancels in the reader whatever that one began.
pub struct ViVotechReader<L, C> {
    link: L,
    clock: C,
    session: RefCell<Session>,
    running: Cell<bool>,
    nudge: Nudge,
}

/// What starts a command.
type Start<'a> = dyn FnOnce(&mut Session, TimestampMs) -> Result<(), ReaderError> + 'a;

impl<L: Link, C: Clock> ViVotechReader<L, C> {
    /// A NEO 2 reader at the other end of `link`. `connect` comes first.
    pub fn new(link: L, clock: C) -> Self {
        Self::with_protocol(link, clock, Protocol::Neo2)
    }

    /// The same with another generation of the frame header.
    pub fn with_protocol(link: L, clock: C, protocol: Protocol) -> Self {
        let session = RefCell::new(Session::new(protocol, link.transport()));
        Self { link, clock, session, running: Cell::new(false), nudge: Nudge::default() }
    }

    /// The link, for what is not the reader's business.
    pub const fn link(&self) -> &L {
        &self.link
    }

    /// Starts a command and sees it through to the event that ends it. Boxed, so that the module has this once and not once
    /// for each command.
    fn run<'a>(
        &'a self,
        start: Box<Start<'a>>,
        prompt: &'a dyn Fn(ReaderPrompt),
    ) -> LocalBoxFuture<'a, Result<Event, ReaderError>> {
        Box::pin(async move {
            let mut running = Running::claim(self)?;
            start(&mut self.session.borrow_mut(), self.clock.now())?;
            let result = self.follow(prompt).await;
            running.finished = result.is_ok() || self.session.borrow().deadline().is_none();
            result
        })
    }

    async fn follow(&self, prompt: &dyn Fn(ReaderPrompt)) -> Result<Event, ReaderError> {
        loop {
            self.flush().await?;
            while let Some(event) = self.poll_event() {
                match event {
                    Event::Prompt(text) => prompt(text),
                    Event::Failed(error) => return Err(error),
                    done => return Ok(done),
                }
            }
            let Some(deadline) = self.session.borrow().deadline() else { return Err(ReaderError::NoAnswer) };
            self.wait(deadline).await?;
        }
    }

    async fn flush(&self) -> Result<(), ReaderError> {
        while let Some(packet) = self.poll_packet() {
            self.link.send(packet).await.map_err(|error| self.link_failed(&error))?;
        }
        Ok(())
    }

    // The session is never borrowed across an await: `cancel` needs it meanwhile.
    fn poll_packet(&self) -> Option<crate::framing::Packet> {
        self.session.borrow_mut().poll_packet()
    }

    fn poll_event(&self) -> Option<Event> {
        self.session.borrow_mut().poll_event()
    }

    /// Until a packet comes, the deadline passes or `cancel` is called.
    async fn wait(&self, deadline: TimestampMs) -> Result<(), ReaderError> {
        let sleep = pin!(self.clock.sleep_ms(self.clock.now().ms_until(deadline)));
        let nudged = pin!(self.nudge.wait());
        let received = pin!(self.link.receive());
        match select(received, select(sleep, nudged)).await {
            Either::Left((Ok(packet), _)) => self.session.borrow_mut().receive(&packet, self.clock.now()),
            Either::Left((Err(error), _)) => return Err(self.link_failed(&error)),
            Either::Right(_) => {}
        }
        self.session.borrow_mut().wake(self.clock.now());
        Ok(())
    }

    fn link_failed(&self, error: &LinkError) -> ReaderError {
        self.session.borrow_mut().abandon();
        match error {
            LinkError::Closed => ReaderError::NotConnected,
            LinkError::Failed(text) => ReaderError::Protocol(text.clone()),
        }
    }
}

impl<L: Link, C: Clock> Reader for ViVotechReader<L, C> {
    async fn connect(&self) -> Result<ReaderInfo, ReaderError> {
        match self.run(Box::new(Session::connect), &|_| {}).await? {
            Event::Connected(info) => Ok(info),
            other => Err(unexpected(&other)),
        }
    }

    async fn collect(
        &self,
        request: CollectRequest,
        prompt: &dyn Fn(ReaderPrompt),
    ) -> Result<CardRead, ReaderError> {
        match self.run(Box::new(|session, now| session.collect(request, now)), prompt).await? {
            Event::Collected(card) => Ok(*card),
            other => Err(unexpected(&other)),
        }
    }

    async fn complete(&self, decision: HostDecision) -> Result<ChipDecision, ReaderError> {
        match self.run(Box::new(|session, now| session.complete(decision, now)), &|_| {}).await? {
            Event::Completed(decision) => Ok(decision),
            other => Err(unexpected(&other)),
        }
    }

    async fn cancel(&self) {
        if self.running.get() {
            self.session.borrow_mut().cancel(self.clock.now());
            self.nudge.now();
        } else if self.session.borrow().awaits_host() {
            let start = |session: &mut Session, now| {
                session.cancel(now);
                Ok(())
            };
            // Ends with `Canceled`; a reader that does not answer is noticed by the next command.
            let _ = self.run(Box::new(start), &|_| {}).await;
        }
    }
}

fn unexpected(event: &Event) -> ReaderError {
    // By hand: the derived text would bring all that a card holds along, into the module and into the error.
    let name = match event {
        Event::Connected(_) => "connected",
        Event::Prompt(_) => "prompt",
        Event::Collected(_) => "collected",
        Event::Completed(_) => "completed",
        Event::Failed(_) => "failed",
    };
    ReaderError::Protocol(["unexpected event: ", name].concat())
}

/// The right to use the session. Without `finished`, dropping it gives the running command up.
struct Running<'a> {
    session: &'a RefCell<Session>,
    running: &'a Cell<bool>,
    finished: bool,
}

impl<'a> Running<'a> {
    fn claim<L, C>(reader: &'a ViVotechReader<L, C>) -> Result<Self, ReaderError> {
        if reader.running.replace(true) {
            return Err(ReaderError::Busy);
        }
        Ok(Self { session: &reader.session, running: &reader.running, finished: false })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // Only where a command runs: a refused one must not lose a chip that waits.
            let mut session = self.session.borrow_mut();
            if session.deadline().is_some() {
                session.abandon();
            }
        }
        self.running.set(false);
    }
}

/// Wakes the task that waits, once.
#[derive(Default)]
struct Nudge {
    due: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Nudge {
    fn now(&self) {
        self.due.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            if self.due.replace(false) {
                return Poll::Ready(());
            }
            self.waker.replace(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
