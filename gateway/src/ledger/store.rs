//! What the ledger asks of a database.

use std::future::Future;

use super::payment::{Payment, PaymentKey};

/// Where payments are kept for ever. Small on purpose; each implementation passes the suite in
/// `tests/ledger_store.rs`.
pub trait LedgerStore: Send + Sync {
    /// The payments of an account by key, in the order of `keys`; `None` where there is none.
    fn load(
        &self,
        account: &str,
        keys: &[PaymentKey],
    ) -> impl Future<Output = Result<Vec<Option<Payment>>, StoreError>> + Send;

    /// The payment of any account that has this PaymentIntent or charge.
    fn find(&self, name: Name<'_>) -> impl Future<Output = Result<Option<Payment>, StoreError>> + Send;

    /// Writes all of the payments or none, durable when it returns. Each replaces the stored one of the same
    /// `revision` (0: there is none) and is stored as `revision + 1`. [`StoreError::Conflict`] when the stored
    /// one is another: somebody wrote in between. After any other error it may or may not have been written.
    fn save(&self, payments: &[Payment]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Up to `limit` payments in state `Processing`, of all accounts, oldest first.
    fn unfinished(&self, limit: usize) -> impl Future<Output = Result<Vec<Payment>, StoreError>> + Send;

    /// The payments of an account that a listing asks for, the newest first.
    fn list(
        &self,
        account: &str,
        query: &ListQuery,
    ) -> impl Future<Output = Result<Vec<Payment>, StoreError>> + Send;
}

/// A name other than the key that a payment is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<'a> {
    /// `pi_…`
    PaymentIntent(&'a str),
    /// `ch_…`
    Charge(&'a str),
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// Only payments that have a charge, and `starting_after` names a charge.
    pub charges: bool,
    /// Only the payment of this PaymentIntent.
    pub payment_intent: Option<String>,
    /// Only payments older than the one of this name.
    pub starting_after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote in between; nothing was written.
    #[error("the payment was changed by another request")]
    Conflict,
    /// A row cannot be read.
    #[error("a stored payment cannot be read: {0}")]
    Unreadable(String),
    /// The database failed.
    #[error("the database failed: {0}")]
    Unavailable(String),
}
