//! The driver and the simulated reader in one room, in virtual time, and an acquirer who checks what comes out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of tests")]

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::Poll,
};

use tillandsia_card_crypto::{CardData, CryptoError, CryptogramData, Ksn, test_keys};
use tillandsia_core::{
    card::CardRead,
    money::Money,
    ports::{Clock, CollectRequest, Interfaces},
    time::TimestampMs,
};
use tillandsia_driver::{
    ViVotechReader,
    framing::{Packet, Transport},
    link::{Link, LinkError},
};
use tillandsia_reader_simulator::{Output, ReaderState, SimulatedReader};

pub(crate) const START_MS: u64 = 1_794_787_200_000;
pub(crate) const OFFLINE: Interfaces = Interfaces { contact: true, contactless: true, swipe: false };
pub(crate) const ONLINE: Interfaces = Interfaces { contact: true, contactless: true, swipe: true };

pub(crate) struct World {
    pub(crate) simulator: RefCell<SimulatedReader>,
    now_ms: Cell<u64>,
    inbox: RefCell<VecDeque<Packet>>,
    /// What is saved, as the Worker does before it sends.
    pub(crate) saved: RefCell<String>,
    unplugged: Cell<bool>,
}

pub(crate) struct VirtualClock(Rc<World>);

pub(crate) type TestReader = ViVotechReader<Rc<World>, VirtualClock>;

impl World {
    pub(crate) fn new(state: ReaderState) -> (Rc<Self>, TestReader) {
        let world = Rc::new(Self {
            saved: RefCell::new(serde_json::to_string(&state).unwrap()),
            simulator: RefCell::new(SimulatedReader::new(7, state)),
            now_ms: Cell::new(START_MS),
            inbox: RefCell::default(),
            unplugged: Cell::new(false),
        });
        let reader = ViVotechReader::new(world.clone(), VirtualClock(world.clone()));
        (world, reader)
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    pub(crate) fn unplug(&self) {
        self.unplugged.set(true);
    }

    /// Saves, then sends: and what is sent is never ahead of what is saved.
    pub(crate) fn deliver(&self, output: Output) {
        let state = serde_json::to_string(self.simulator.borrow().state()).unwrap();
        if output.save {
            *self.saved.borrow_mut() = state.clone();
        }
        assert_eq!(*self.saved.borrow(), state, "a state was not saved before the answer");
        let packets = output.reports.into_iter().map(|r| Packet::Report { id: r.id, data: r.data });
        self.inbox.borrow_mut().extend(packets);
    }
}

impl Link for World {
    fn transport(&self) -> Transport {
        Transport::Hid
    }

    async fn send(&self, packet: Packet) -> Result<(), LinkError> {
        let Packet::Report { id, data } = packet else { panic!("bytes on a HID link") };
        if self.unplugged.get() {
            return Err(LinkError::Closed);
        }
        let output = self.simulator.borrow_mut().on_report(id, &data, self.now_ms());
        self.deliver(output);
        Ok(())
    }

    async fn receive(&self) -> Result<Packet, LinkError> {
        poll_fn(|_| {
            self.inbox.borrow_mut().pop_front().map_or(Poll::Pending, |packet| Poll::Ready(Ok(packet)))
        })
        .await
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.now_ms())
    }

    /// Time passes only when nothing else can happen, and stops where the reader has something to say.
    async fn sleep_ms(&self, ms: u64) {
        let world = &self.0;
        let until_ms = world.now_ms() + ms;
        let mut asked = false;
        poll_fn(|cx| {
            if world.now_ms() >= until_ms {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut asked, true) {
                let mut simulator = world.simulator.borrow_mut();
                let due = simulator.deadline_ms().filter(|due| *due <= until_ms);
                world.now_ms.set(due.unwrap_or(until_ms).max(world.now_ms()));
                let output = simulator.wake(world.now_ms());
                drop(simulator);
                world.deliver(output);
            }
            Poll::Pending
        })
        .await;
    }
}

pub(crate) fn request(amount_minor: u64, interfaces: Interfaces) -> CollectRequest {
    CollectRequest { amount: Money::new(amount_minor, "usd".parse().unwrap()), interfaces, timeout_s: 30 }
}

/// What an acquirer finds in a payment.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) card: CardData,
    pub(crate) ksn: Ksn,
    pub(crate) counter: u16,
    pub(crate) sequence: u8,
}

/// Decrypts and checks a chip's payment of `amount_minor` US cents.
pub(crate) fn acquire(card: &CardRead, amount_minor: u64) -> Result<Verified, CryptoError> {
    let ksn = Ksn::from_slice(&card.secret.ksn)?;
    let mut found = Vec::new();
    for encrypted in &card.secret.encrypted {
        found.push(CardData::parse(&test_keys::base_keys().decrypt_card_data(&ksn, &encrypted.value)?)?);
    }
    assert!(found.windows(2).all(|pair| pair[0].pan() == pair[1].pan()));
    let data = found.into_iter().find(|card| card.expiry_yymm().is_some()).ok_or(CryptoError::Plaintext)?;
    assert_eq!(Some(&data.pan()[data.pan().len() - 4..]), card.shown.last4.as_deref());
    if card.read_method.is_swipe() {
        return Ok(Verified { card: data, ksn, counter: 0, sequence: 0 });
    }
    let amount = hex::decode(format!("{amount_minor:012}")).unwrap();
    assert_eq!(card.emv_value(0x9F02), Some(amount.as_slice()));
    let sequence = card.emv_value(0x5F34).and_then(|v| hex::encode(v).parse().ok()).unwrap_or(0);
    let cryptogram = CryptogramData::from_tags(|tag| card.emv_value(u32::from(tag)))?;
    let arqc = card.emv_value(0x9F26).unwrap();
    cryptogram.verify(&test_keys::issuer_master_key(), data.pan(), sequence, arqc)?;
    Ok(Verified { card: data, ksn, counter: cryptogram.transaction_counter(), sequence })
}
