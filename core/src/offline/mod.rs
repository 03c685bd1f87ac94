//! May this payment be taken offline, and what is stored.

mod card_rules;
mod eligibility;
mod policy;
mod status;

pub use card_rules::sca_applies;
pub use eligibility::{
    KnownLocation, ONLINE_CONNECTION_COUNTS_MS, PAIRINGS_MAX, Pairing, may_connect_offline, note_pairing,
};
pub use policy::{FORWARD_WITHIN_MS_DEFAULT, OfflinePolicy};
pub use status::{Details, NetworkStatus, OfflineStatus};
