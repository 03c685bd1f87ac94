//! A reader that gives the cards it was handed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::card::{CardRead, Cipher, EncryptedCard, ReadMethod, ReaderInfo, ShownCard, Tag};
use crate::ports::{ChipDecision, CollectRequest, HostDecision, Reader, ReaderError, ReaderPrompt};

/// The reader. Clones share their cards.
#[derive(Debug, Clone, Default)]
pub struct MemoryReader {
    cards: Rc<RefCell<VecDeque<Result<CardRead, ReaderError>>>>,
    requests: Rc<RefCell<Vec<CollectRequest>>>,
    completed: Rc<RefCell<Vec<HostDecision>>>,
    info: Rc<RefCell<Option<ReaderInfo>>>,
}

impl MemoryReader {
    /// Hands it the next card, or the next failure.
    pub fn present(&self, card: Result<CardRead, ReaderError>) {
        self.cards.borrow_mut().push_back(card);
    }

    /// From now on it says to be this one.
    pub fn set_info(&self, info: ReaderInfo) {
        self.info.replace(Some(info));
    }

    /// What it was asked for so far.
    pub fn requests(&self) -> Vec<CollectRequest> {
        self.requests.borrow().clone()
    }

    /// What its chips were told so far.
    pub fn completed(&self) -> Vec<HostDecision> {
        self.completed.borrow().clone()
    }
}

impl Reader for MemoryReader {
    async fn connect(&self) -> Result<ReaderInfo, ReaderError> {
        Ok(self.info.borrow().clone().unwrap_or_else(|| ReaderInfo {
            device_type: "memory_reader".into(),
            serial_number: "M1".into(),
            software_version: "1".into(),
        }))
    }

    async fn collect(
        &self,
        request: CollectRequest,
        prompt: &dyn Fn(ReaderPrompt),
    ) -> Result<CardRead, ReaderError> {
        self.requests.borrow_mut().push(request);
        prompt(ReaderPrompt::Present(request.interfaces));
        self.cards.borrow_mut().pop_front().unwrap_or(Err(ReaderError::TimedOut))
    }

    async fn complete(&self, decision: HostDecision) -> Result<ChipDecision, ReaderError> {
        self.completed.borrow_mut().push(decision);
        Ok(ChipDecision::Approved)
    }

    async fn cancel(&self) {}
}

/// A made-up tapped card. `serial` makes its KSN and cryptogram differ from those of others.
pub fn card(serial: u32) -> CardRead {
    let mut ksn = vec![0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32];
    ksn.extend_from_slice(&serial.to_be_bytes());
    let mut cryptogram = vec![0xA5; 4];
    cryptogram.extend_from_slice(&serial.to_be_bytes());
    CardRead {
        read_method: ReadMethod::ContactlessEmv,
        secret: EncryptedCard {
            ksn,
            cipher: Cipher::Tdes,
            encrypted: vec![Tag::new(0x57, [serial as u8; 24]), Tag::new(0x5A, [serial as u8; 16])],
        },
        emv: vec![
            Tag::new(0x84, *b"\xA0\0\0\0\x03\x10\x10"),
            Tag::new(0x50, *b"VISA CREDIT"),
            Tag::new(0x9F26, cryptogram),
            Tag::new(0x9F36, [0, 1]),
            Tag::new(0x9F37, [1, 2, 3, 4]),
            Tag::new(0x95, [0; 5]),
            Tag::new(0x9A, [0x26, 0x11, 0x22]),
            Tag::new(0x82, [0x20, 0]),
        ],
        shown: ShownCard {
            brand: Some("visa".into()),
            last4: Some("4242".into()),
            exp_month: 12,
            exp_year: 2030,
            cardholder_name: None,
        },
        awaits_host: false,
    }
}
