//! May this payment be taken offline, and what is stored.

mod policy;
mod status;

pub use policy::{FORWARD_WITHIN_MS_DEFAULT, OfflinePolicy};
pub use status::{Details, NetworkStatus, OfflineStatus};
