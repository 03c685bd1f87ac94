//! A link that says when it has gone.

use super::{Link, LinkError};
use crate::framing::{Packet, Transport};

/// Calls a function when the link is found closed: whoever drives the reader has the error, and others want to know too.
pub struct ToldLink<L> {
    link: L,
    gone: Box<dyn Fn()>,
}

impl<L> core::fmt::Debug for ToldLink<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ToldLink").finish_non_exhaustive()
    }
}

impl<L: Link> ToldLink<L> {
    /// Over a link. `gone` is called each time something is asked of it and it is closed.
    pub fn new(link: L, gone: impl Fn() + 'static) -> Self {
        ToldLink { link, gone: Box::new(gone) }
    }

    fn note<T>(&self, result: Result<T, LinkError>) -> Result<T, LinkError> {
        if matches!(result, Err(LinkError::Closed)) {
            (self.gone)();
        }
        result
    }
}

impl<L: Link> Link for ToldLink<L> {
    fn transport(&self) -> Transport {
        self.link.transport()
    }

    async fn send(&self, packet: Packet) -> Result<(), LinkError> {
        self.note(self.link.send(packet).await)
    }

    async fn receive(&self) -> Result<Packet, LinkError> {
        self.note(self.link.receive().await)
    }
}
