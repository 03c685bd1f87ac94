//! What a till must do to take card payments without a connection.
//!
//! Decisions are pure: a function of state, input and time. Effects are ports ([`ports`]), carried out by a thin
//! async layer ([`terminal`], [`forwarder`]) that is the same code in the page, in the service worker and in the
//! simulator. Nothing outside `browser` knows the web, a clock or a source of randomness.
//!
//! A sale without a connection, and its forwarding, on the in-memory ports of the feature `testing`:
//!
//! ```
//! use tillandsia_core::forwarder::Mode;
//! use tillandsia_core::journal::Journal;
//! use tillandsia_core::money::Money;
//! use tillandsia_core::offline::OfflineStatus;
//! use tillandsia_core::payment_intent::PaymentIntent;
//! use tillandsia_core::error::TerminalError;
//! use tillandsia_core::terminal::{
//!     Acknowledgement, CollectParameters, ConfirmParameters, CreateParameters, OfflineDelegate, Terminal, acknowledged,
//! };
//! use tillandsia_core::testing::{
//!     ManualClock, MemoryGateway, MemoryPlatform, MemoryReader, MemoryStore, MemoryVault, SeededEntropy, card,
//! };
//!
//! struct Screen;
//! impl OfflineDelegate for Screen {
//!     fn on_offline_status_change(&self, _status: &OfflineStatus) {}
//!     fn on_forward_payment_intent(&self, _: &PaymentIntent, _: Option<&TerminalError>) -> Acknowledgement {
//!         acknowledged()
//!     }
//!     fn on_forwarding_error(&self, _error: &TerminalError) {}
//! }
//!
//! # futures::executor::block_on(async {
//! let (gateway, reader) = (MemoryGateway::default(), MemoryReader::default());
//! let journal = Journal::new(MemoryStore::default(), MemoryVault::default());
//! let clock = ManualClock::at(1_795_348_800_000);
//! let entropy = SeededEntropy::new(1);
//! let till: Terminal<MemoryPlatform, _> = Terminal::open(journal, gateway.clone(), clock, entropy).await?;
//! till.set_offline_delegate(std::rc::Rc::new(Screen));
//! till.connect_reader(reader.clone()).await?;
//!
//! gateway.set_down(true);
//! till.probe().await;
//! reader.present(Ok(card(1)));
//! let price = Money::new(10_99, "usd".parse().expect("US dollars"));
//! let intent = till.create_payment_intent(CreateParameters::of(price)).await?;
//! let intent = till.collect_payment_method(intent, CollectParameters::default(), &|_prompt| {}).await?;
//! let stored = till.confirm_payment_intent(intent, ConfirmParameters::default()).await?;
//! assert!(stored.offline_details().is_some_and(|details| details.requires_upload));
//!
//! gateway.set_down(false);
//! till.probe().await;
//! assert_eq!(till.forward(Mode::All, true).await?.accepted, 1);
//! assert_eq!(gateway.charges(), [(stored.offline_id.to_string(), 10_99)]);
//! # Ok::<(), TerminalError>(())
//! # }).expect("a sale");
//! ```

pub mod card;
mod currencies;
pub mod error;
pub mod forwarder;
pub mod ids;
pub mod journal;
pub mod money;
pub mod network;
pub mod offline;
pub mod payment_intent;
pub mod ports;
pub mod simulated_offline;
pub mod terminal;
pub mod time;
mod versioned;
pub mod wire;

#[cfg(target_arch = "wasm32")]
pub mod browser;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
