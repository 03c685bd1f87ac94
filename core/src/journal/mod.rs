//! What is written down: sealed payments, an append-only log chained by hashes, totals; all in one transaction.
//!
//! Every write goes through [`Journal::transact`]: read, decide, seal, commit on the head that was read. When
//! another tab or the worker committed in between, it reads and decides again; limits therefore hold across tabs.

mod all;
pub mod chain;
pub mod codec;
mod listing;
mod record;
mod row;
mod story;
mod transact;

pub(crate) use all::{all, next_done};
pub use listing::Listing;
pub use record::{
    Acceptance, CardShown, FAILURES_KEPT_MAX, Failure, PaymentRecord, PaymentState, WrongState,
};
pub use row::{Commit, Digest, Head, LogEntry, LogKind, PaymentRow, QueuePosition, Sealed, Sums, Totals};
pub use transact::{Change, Decision, Found, Journal, Select};
