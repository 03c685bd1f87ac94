//! What the app is told about the connection and the stored payments.

use crate::journal::Totals;

/// The ability to reach the gateway, by a probe of it; not `navigator.onLine`, which any cable satisfies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NetworkStatus {
    /// Not asked yet.
    #[default]
    Unknown,
    /// The gateway answered last time.
    Online,
    /// It did not.
    Offline,
}

impl NetworkStatus {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            NetworkStatus::Unknown => "unknown",
            NetworkStatus::Online => "online",
            NetworkStatus::Offline => "offline",
        }
    }
}

/// The status of one side: the till itself, or a reader that stores payments on its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// Whether the gateway can be reached.
    pub network_status: NetworkStatus,
    /// What is stored and not yet forwarded: `offline_payments_count` and `offline_payment_amounts_by_currency`.
    pub stored: Totals,
}

/// Both sides. No reader that is supported stores payments itself, so `reader` is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OfflineStatus {
    /// The till.
    pub sdk: Details,
    /// The reader.
    pub reader: Option<Details>,
}
