//! The browser's implementations of the ports, and the page around the terminal.
//!
//! The same store, vault, gateway and clock serve the page and the service worker; what only a page has (probes,
//! listeners, the worker's registration, delivery of events) is in [`page`].

pub mod answers;
pub mod channel;
mod clock;
mod device;
mod entropy;
mod gateway;
mod js;
mod listener;
pub mod locks;
pub mod page;
pub mod pass;
pub mod store;
mod vault;
pub mod worker;
mod worker_client;

pub use clock::BrowserClock;
pub use device::{DEVICE_SETTING, ENDPOINTS_SETTING, Endpoints, device_id, kept_session};
pub use entropy::BrowserEntropy;
pub use gateway::FetchGateway;
pub use page::{Page, PageConfig, StorageHealth};
pub use store::{Connection, IndexedDbStore};
pub use vault::WebCryptoVault;

use crate::journal::Journal;
use crate::ports::Platform;

/// The browser's ports.
#[derive(Debug, Clone, Copy)]
pub struct Browser;

impl Platform for Browser {
    type Store = IndexedDbStore;
    type Vault = WebCryptoVault;
    type Gateway = FetchGateway;
    type Clock = BrowserClock;
    type Entropy = BrowserEntropy;
}

/// The journal of this origin.
pub type BrowserJournal = Journal<IndexedDbStore, WebCryptoVault>;
