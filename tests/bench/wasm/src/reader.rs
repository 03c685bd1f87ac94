//! A reader that hands over the card that was laid on it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tillandsia_core::card::{CardRead, Cipher, EncryptedCard, ReadMethod, ReaderInfo, ShownCard, Tag};
use tillandsia_core::ports::{ChipDecision, CollectRequest, HostDecision, Reader, ReaderError, ReaderPrompt};
use tillandsia_core::wire::{CardOnWire, TagOnWire};

use crate::now_ms;
use gloo_timers::future::TimeoutFuture;

/// The reader. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScriptedReader(Rc<Inside>);

#[derive(Debug, Default)]
struct Inside {
    card: RefCell<Option<CardRead>>,
    handed_over_ms: Cell<f64>,
    customer_ms: Cell<u32>,
}

impl ScriptedReader {
    /// The card of the next collection, and how long the customer takes.
    pub(crate) fn lay(&self, card: CardRead, customer_ms: u32) {
        self.0.customer_ms.set(customer_ms);
        self.0.card.replace(Some(card));
    }

    /// When the last card was handed over, on the page's clock.
    pub(crate) fn handed_over_ms(&self) -> f64 {
        self.0.handed_over_ms.get()
    }
}

impl Reader for ScriptedReader {
    async fn connect(&self) -> Result<ReaderInfo, ReaderError> {
        Ok(ReaderInfo {
            device_type: "simulated_vp3300".to_owned(),
            serial_number: "BENCH".to_owned(),
            software_version: "1".to_owned(),
        })
    }

    async fn collect(&self, _: CollectRequest, _: &dyn Fn(ReaderPrompt)) -> Result<CardRead, ReaderError> {
        let card = self.0.card.take().ok_or(ReaderError::TimedOut)?;
        if self.0.customer_ms.get() > 0 {
            TimeoutFuture::new(self.0.customer_ms.get()).await;
        }
        self.0.handed_over_ms.set(now_ms().map_err(|_| ReaderError::NotConnected)?);
        Ok(card)
    }

    async fn complete(&self, _: HostDecision) -> Result<ChipDecision, ReaderError> {
        Ok(ChipDecision::Approved)
    }

    async fn cancel(&self) {}
}

/// A card as the driver would give it, from its form on the wire.
pub(crate) fn parse_card(card: &CardOnWire) -> Result<CardRead, String> {
    let bytes = |text: &str| hex::decode(text).map_err(|error| error.to_string());
    let tags = |tags: &[TagOnWire]| {
        let tag = |entry: &TagOnWire| {
            let number = u32::from_str_radix(&entry.tag, 16).map_err(|error| error.to_string())?;
            Ok(Tag::new(number, bytes(&entry.value)?))
        };
        tags.iter().map(tag).collect::<Result<Vec<Tag>, String>>()
    };
    Ok(CardRead {
        read_method: ReadMethod::from_name(&card.read_method).ok_or("an unknown read method")?,
        secret: EncryptedCard {
            ksn: bytes(&card.ksn)?,
            cipher: if card.cipher == "aes" { Cipher::Aes } else { Cipher::Tdes },
            encrypted: tags(&card.encrypted)?,
        },
        emv: tags(&card.emv)?,
        shown: ShownCard {
            brand: Some("visa".to_owned()),
            last4: Some("0010".to_owned()),
            exp_month: 12,
            exp_year: 2031,
            cardholder_name: None,
        },
        awaits_host: false,
    })
}
