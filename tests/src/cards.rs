//! Cards for the benches, read as a sale reads them: the driver's session against the simulated reader.

use anyhow::{Context, Result, bail};
use tillandsia_core::card::{CardRead, ReaderInfo};
use tillandsia_core::money::Money;
use tillandsia_core::ports::{CollectRequest, Interfaces, ReaderPrompt};
use tillandsia_core::time::TimestampMs;
use tillandsia_core::wire::CardOnWire;
use tillandsia_driver::framing::{Packet, Protocol, Transport};
use tillandsia_driver::session::{Event, Session};
use tillandsia_reader_simulator::{CardProfile, Output, ReaderState, SimulatedReader};

/// A reader with a card before it.
#[derive(Debug)]
pub struct CardSource {
    simulator: SimulatedReader,
    session: Session,
    info: ReaderInfo,
    now: TimestampMs,
}

impl CardSource {
    /// A reader whose keys are its own (`entropy`), connected at `now`.
    pub fn new(entropy: u64, now: TimestampMs) -> Result<Self> {
        let mut source = CardSource {
            simulator: SimulatedReader::new(entropy, ReaderState::new(entropy)),
            session: Session::new(Protocol::Neo2, Transport::Hid),
            info: ReaderInfo {
                device_type: String::new(),
                serial_number: String::new(),
                software_version: String::new(),
            },
            now,
        };
        source.session.connect(now)?;
        source.info = match source.run()? {
            Event::Connected(info) => info,
            other => bail!("the reader answered {other:?}"),
        };
        Ok(source)
    }

    /// A tap for this amount, as it goes over the wire.
    pub fn tap(&mut self, amount: Money) -> Result<CardOnWire> {
        let interfaces = Interfaces { contact: true, contactless: true, swipe: false };
        self.session.collect(CollectRequest { amount, interfaces, timeout_s: 30 }, self.now)?;
        match self.run()? {
            Event::Collected(card) => Ok(self.on_wire(&card)),
            other => bail!("the reader answered {other:?}"),
        }
    }

    fn on_wire(&self, card: &CardRead) -> CardOnWire {
        CardOnWire::of(card, &self.info)
    }

    /// Carries packets between the two until there is an answer; presents the card when it is asked for.
    fn run(&mut self) -> Result<Event> {
        loop {
            while let Some(packet) = self.session.poll_packet() {
                let Packet::Report { id, data } = packet else { bail!("bytes on a HID link") };
                let output = self.simulator.on_report(id, &data, self.now.0);
                self.deliver(output);
            }
            match self.session.poll_event().context("the reader says nothing")? {
                Event::Prompt(ReaderPrompt::Present(_)) => {
                    let output = self.simulator.present(CardProfile::ContactlessVisa, self.now.0);
                    self.deliver(output);
                }
                Event::Prompt(_) => {}
                answer => return Ok(answer),
            }
        }
    }

    fn deliver(&mut self, output: Output) {
        for report in output.reports {
            self.session.receive(&Packet::Report { id: report.id, data: report.data }, self.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tap_has_its_own_key() {
        let mut source = CardSource::new(99, TimestampMs(1_794_787_200_000)).unwrap();
        let money = Money::new(100, "usd".parse().unwrap());
        let (first, second) = (source.tap(money).unwrap(), source.tap(money).unwrap());
        assert_ne!(first.ksn, second.ksn);
        assert_eq!(first.read_method, "contactless_emv");
    }
}
