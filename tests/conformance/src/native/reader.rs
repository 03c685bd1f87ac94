//! The simulated reader at the end of a wire in memory; the driver is the product's.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use tillandsia_core::ports::Clock;
use tillandsia_driver::ViVotechReader;
use tillandsia_driver::framing::{Packet, Transport};
use tillandsia_driver::link::told::ToldLink;
use tillandsia_driver::link::{Link, LinkError};
use tillandsia_reader_simulator::{CardProfile, Fault, Output, ReaderState, SimulatedReader};

use super::clock::VirtualClock;

/// A reader as the terminal has it.
pub(crate) type NativeReader = ViVotechReader<ToldLink<Rc<Wire>>, VirtualClock>;

/// A reader and its wire.
#[derive(Debug)]
pub(crate) struct Wire {
    simulator: RefCell<SimulatedReader>,
    clock: VirtualClock,
    inbox: RefCell<VecDeque<Packet>>,
    unplugged: Cell<bool>,
}

impl Wire {
    pub(super) fn new(clock: &VirtualClock, number: u64) -> Rc<Self> {
        let wire = Rc::new(Wire {
            simulator: RefCell::new(SimulatedReader::new(number, ReaderState::new(number))),
            clock: clock.clone(),
            inbox: RefCell::default(),
            unplugged: Cell::new(false),
        });
        clock.wakes(&wire);
        wire
    }

    /// A driver at this end of the wire; plugs the reader in again. `gone` is called when it is found unplugged.
    pub(super) fn reader(self: &Rc<Self>, gone: impl Fn() + 'static) -> NativeReader {
        self.unplugged.set(false);
        self.inbox.borrow_mut().clear();
        ViVotechReader::new(ToldLink::new(Rc::clone(self), gone), self.clock.clone())
    }

    pub(super) fn present(&self, profile: &str) -> anyhow::Result<()> {
        let profile = CardProfile::from_name(profile);
        let profile = profile.ok_or_else(|| anyhow::anyhow!("there is no such card profile"))?;
        let output = self.simulator.borrow_mut().present(profile, self.clock.now().0);
        self.deliver(output);
        Ok(())
    }

    pub(super) fn inject(&self, fault: &str) -> anyhow::Result<()> {
        let fault = Fault::from_name(fault).ok_or_else(|| anyhow::anyhow!("there is no fault {fault}"))?;
        self.simulator.borrow_mut().inject(fault);
        Ok(())
    }

    pub(super) fn set_firmware(&self, firmware: &str) {
        self.simulator.borrow_mut().set_firmware(firmware);
    }

    pub(super) fn unplug(&self) {
        self.unplugged.set(true);
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.simulator.borrow().deadline_ms()
    }

    pub(super) fn wake(&self, now_ms: u64) {
        let output = self.simulator.borrow_mut().wake(now_ms);
        self.deliver(output);
    }

    fn deliver(&self, output: Output) {
        let packets = output.reports.into_iter().map(|r| Packet::Report { id: r.id, data: r.data });
        self.inbox.borrow_mut().extend(packets);
    }
}

impl Link for Wire {
    fn transport(&self) -> Transport {
        Transport::Hid
    }

    async fn send(&self, packet: Packet) -> Result<(), LinkError> {
        let Packet::Report { id, data } = packet else {
            return Err(LinkError::Failed("this wire carries reports".to_owned()));
        };
        if self.unplugged.get() {
            return Err(LinkError::Closed);
        }
        let output = self.simulator.borrow_mut().on_report(id, &data, self.clock.now().0);
        self.deliver(output);
        Ok(())
    }

    async fn receive(&self) -> Result<Packet, LinkError> {
        poll_fn(|_| match self.inbox.borrow_mut().pop_front() {
            _ if self.unplugged.get() => Poll::Ready(Err(LinkError::Closed)),
            Some(packet) => Poll::Ready(Ok(packet)),
            None => Poll::Pending,
        })
        .await
    }
}
