//! May this payment be taken offline, and what is stored.

mod card_rules;
mod ceiling;
mod eligibility;
mod in_force;
mod policy;
mod readiness;
mod status;

pub use card_rules::sca_applies;
pub use ceiling::ceiling;
pub use eligibility::{
    KnownLocation, ONLINE_CONNECTION_COUNTS_MS, PAIRINGS_MAX, Pairing, may_connect_offline, note_pairing,
    paired_until, software_until,
};
pub use in_force::InForce;
pub use policy::{FORWARD_WITHIN_MS_DEFAULT, OfflinePolicy, RETAIN_FOR_MS_DEFAULT};
pub use readiness::{CheckResult, Finding, Readiness, ReadinessCheck, ReadinessFacts, Room, StorageFacts};
pub use status::{Details, NetworkStatus, OfflineStatus};
