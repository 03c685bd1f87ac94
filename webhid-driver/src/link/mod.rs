//! The wire to a reader, at the level of HID reports and serial chunks.
#![allow(async_fn_in_trait)]

use std::rc::Rc;

use crate::framing::{Packet, Transport};

pub mod told;
#[cfg(target_arch = "wasm32")]
pub mod worker;

/// Why a link carries nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The reader was unplugged or the link was closed.
    #[error("the link is closed")]
    Closed,
    /// The browser refused; the text is its own.
    #[error("the link failed: {0}")]
    Failed(String),
}

/// A wire to one reader. WebHID gives and takes a report's id and its 63 bytes; Web Serial gives and takes chunks.
pub trait Link {
    /// Which kind of packets it carries.
    fn transport(&self) -> Transport;
    /// Sends one packet.
    async fn send(&self, packet: Packet) -> Result<(), LinkError>;
    /// The next packet. Packets that come while nobody waits are kept, at least a few hundred; a call that is dropped
    /// loses none.
    async fn receive(&self) -> Result<Packet, LinkError>;
}

impl<L: Link + ?Sized> Link for Rc<L> {
    fn transport(&self) -> Transport {
        (**self).transport()
    }

    async fn send(&self, packet: Packet) -> Result<(), LinkError> {
        (**self).send(packet).await
    }

    async fn receive(&self) -> Result<Packet, LinkError> {
        (**self).receive().await
    }
}
