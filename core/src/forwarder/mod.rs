//! Forwarding: what to send next, what an answer means, how long to wait.
//!
//! A payment is claimed and its attempt recorded (one transaction), sent, its outcome recorded (another), and
//! only then is the app told. A crash between any two of these leaves a payment that is sent again under the same
//! offline id; the gateway's ledger answers it without a second charge. No lock is needed for that: the lock only
//! saves work.

mod backoff;
mod drain;
mod overdue;
mod verdict;
mod watch;

pub use backoff::{BACKOFF_MS_FIRST, BACKOFF_MS_MAX, backoff_ms};
pub(crate) use drain::submission;
pub use drain::{BATCHES_IN_FLIGHT_MAX, Drained, Forwarder, LEASE_MS, Mode};
pub use overdue::is_overdue;
pub use verdict::{Verdict, verdict};
pub use watch::{LEFT_TO_OTHERS_MS, Watch, watch};
