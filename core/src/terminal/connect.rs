//! Steps 1 and 2: the settings of the Location, and connecting a reader, with a connection and without.

use std::rc::Rc;

use super::{
    IN_FORCE_SETTING, PAIRINGS_SETTING, SESSION_SETTING, SIMULATED_OFFLINE_SETTING, Terminal, gateway_failed,
    kept_in_force, kept_pairings, reader_failed, session_to_bytes,
};
use crate::card::ReaderInfo;
use crate::error::{ErrorCode, TerminalError};
use crate::network::Signal;
use crate::offline::{InForce, KnownLocation, NetworkStatus, Pairing, may_connect_offline, note_pairing};
use crate::ports::{Clock, Gateway, Platform, Reader};
use crate::simulated_offline::SimulatedOfflineMode;
use crate::time::TimestampMs;
use crate::wire::Session;

impl<P: Platform, R: Reader> Terminal<P, R> {
    /// Connects a reader. With a connection the location's settings are fetched anew and take effect here;
    /// without one those of the last time hold, and the three rules of [`may_connect_offline`].
    ///
    /// # Errors
    /// What the reader says; what the gateway refuses; without a connection `not_connected_to_internet`,
    /// `reader_not_paired_online_at_location` or `reader_software_update_required`. The reader is then not connected.
    pub async fn connect_reader(&self, reader: R) -> Result<ReaderInfo, TerminalError> {
        if self.collecting.get() {
            return Err(TerminalError::new(
                ErrorCode::ReaderBusy,
                "the reader waits for a card: cancel that before connecting another one",
            ));
        }
        let info = reader.connect().await.map_err(reader_failed)?;
        let mut refused = None;
        let online = match self.network_status() {
            NetworkStatus::Offline => false,
            _ => match self.gateway.open_session().await {
                Ok(session) => {
                    self.keep_session().await?;
                    self.put_in_force(&session).await?;
                    self.note_pairing(&info).await?;
                    true
                }
                Err(error) if error.is_offline() => {
                    self.signal(Signal::RequestFailed);
                    false
                }
                // A gateway that is there but gives no session is no connection either; why it gives none is told.
                Err(error) if self.session.borrow().is_some() => {
                    refused = Some(gateway_failed(&error));
                    false
                }
                Err(error) => return Err(gateway_failed(&error)),
            },
        };
        if !online {
            match (self.offline_until(&info).await, refused) {
                (Ok(_), None) => {}
                (Ok(_), Some(error)) => self.announce_forwarding_error(&error),
                (Err(error), None) => return Err(error),
                // The rules speak of a missing connection; what is amiss is another thing.
                (Err(_), Some(error)) => return Err(error),
            }
        }
        self.reader.replace(Some((Rc::new(reader), info.clone())));
        Ok(info)
    }

    /// Until when a reader may be connected without a connection.
    ///
    /// # Errors
    /// As [`may_connect_offline`].
    pub async fn offline_until(&self, reader: &ReaderInfo) -> Result<TimestampMs, TerminalError> {
        let pairings = self.pairings().await?;
        let in_force = self.in_force.borrow();
        let location = in_force.as_ref().map(|in_force| KnownLocation {
            id: &in_force.location.id,
            offline_enabled: in_force.configuration.offline.enabled,
        });
        may_connect_offline(location, &pairings, reader, self.clock.now())
    }

    pub(super) async fn pairings(&self) -> Result<Vec<Pairing>, TerminalError> {
        let bytes = self.journal.setting(PAIRINGS_SETTING).await?;
        Ok(bytes.map(|bytes| kept_pairings::from_bytes(&bytes)).unwrap_or_default())
    }

    async fn note_pairing(&self, reader: &ReaderInfo) -> Result<(), TerminalError> {
        let location = self.in_force.borrow().as_ref().map(|in_force| in_force.location.id.clone());
        let Some(location) = location else { return Ok(()) };
        let mut pairings = self.pairings().await?;
        note_pairing(&mut pairings, reader, &location, self.clock.now());
        self.journal.put_setting(PAIRINGS_SETTING, &kept_pairings::to_bytes(&pairings)).await
    }

    /// Lets go of the reader. Payments that are stored stay; the next connection is by the rules of [`Self::connect_reader`].
    ///
    /// # Errors
    /// `reader_busy` while a card is collected: cancel that first.
    pub fn disconnect_reader(&self) -> Result<(), TerminalError> {
        if self.collecting.get() {
            return Err(TerminalError::new(
                ErrorCode::ReaderBusy,
                "the reader waits for a card: cancel that before disconnecting it",
            ));
        }
        self.reader.replace(None);
        Ok(())
    }

    /// A reader that has gone is connected no more.
    pub(super) fn forget_reader(&self, gone: &Rc<R>) {
        let mut connected = self.reader.borrow_mut();
        // Another one may have taken its place meanwhile.
        if connected.as_ref().is_some_and(|(reader, _)| Rc::ptr_eq(reader, gone)) {
            *connected = None;
        }
    }

    pub(crate) fn connected_reader(&self) -> Result<(Rc<R>, ReaderInfo), TerminalError> {
        self.reader.borrow().clone().ok_or_else(|| {
            TerminalError::new(
                ErrorCode::NoEstablishedConnectionToReader,
                "no reader is connected: connect one",
            )
        })
    }

    /// The location and its settings as of the last time a reader was connected online. What changes on the gateway takes
    /// effect with the next connection of a reader.
    pub fn in_force(&self) -> Option<InForce> {
        self.in_force.borrow().clone()
    }

    async fn put_in_force(&self, session: &Session) -> Result<(), TerminalError> {
        let in_force = InForce::of(session, self.clock.now());
        self.journal.put_setting(IN_FORCE_SETTING, &kept_in_force::to_bytes(&in_force)).await?;
        self.in_force.replace(Some(in_force));
        Ok(())
    }

    /// Writes the gateway's session down when it is a new one.
    pub(crate) async fn keep_session(&self) -> Result<(), TerminalError> {
        let current = self.gateway.session();
        let Some(session) = current.as_ref().filter(|_| current != *self.session.borrow()) else {
            return Ok(());
        };
        if session.livemode && self.gateway.mode() != SimulatedOfflineMode::Off {
            // No outage is simulated where money moves, nor comes back with the next test account.
            self.gateway.set_mode(SimulatedOfflineMode::Off);
            let off = SimulatedOfflineMode::Off.as_str();
            self.journal.put_setting(SIMULATED_OFFLINE_SETTING, off.as_bytes()).await?;
        }
        self.journal.put_setting(SESSION_SETTING, &session_to_bytes(session)).await?;
        self.session.replace(current);
        Ok(())
    }
}
