//! The store in memory, for tests and the simulation. "Durable" is what a clone still sees.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use super::payment::{Payment, PaymentKey, PaymentState};
use super::store::{LedgerStore, ListQuery, Name, StoreError};

/// A database in memory. Clones share it, as processes share a file: a new ledger over a clone is a gateway that
/// was started again.
///
/// Every call is pending once before and once after its effect, so that a simulation can drop it at either place:
/// nothing was written, or all was and nobody was told.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    rows: Arc<Mutex<Rows>>,
}

/// Payments in the order they came, and where each is.
#[derive(Debug, Default)]
struct Rows {
    payments: Vec<Payment>,
    places: HashMap<(String, PaymentKey), usize>,
}

impl Rows {
    fn get(&self, account: &str, key: &PaymentKey) -> Option<&Payment> {
        self.payments.get(*self.places.get(&(account.to_owned(), key.clone()))?)
    }

    fn replace_all(&mut self, payments: &[Payment]) -> Result<(), StoreError> {
        for (index, payment) in payments.iter().enumerate() {
            let stored = self.get(&payment.account, &payment.key).map_or(0, |row| row.revision);
            let twice =
                payments.iter().skip(index + 1).any(|p| p.account == payment.account && p.key == payment.key);
            if stored != payment.revision || twice {
                return Err(StoreError::Conflict);
            }
        }
        for payment in payments {
            let place = (payment.account.clone(), payment.key.clone());
            let index = *self.places.entry(place).or_insert(self.payments.len());
            match self.payments.get_mut(index) {
                Some(row) => *row = payment.clone().written(),
                None => self.payments.push(payment.clone().written()),
            }
        }
        Ok(())
    }
}

impl MemoryStore {
    /// An empty database.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every payment, the oldest first.
    pub fn payments(&self) -> Vec<Payment> {
        self.rows().payments.clone()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read<T>(&self, get: impl FnOnce(&Rows) -> T + Send) -> T {
        pause().await;
        let found = get(&self.rows());
        pause().await;
        found
    }
}

/// Pending once: a place to be dropped at.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn is_named(payment: &Payment, name: Name<'_>) -> bool {
    match name {
        Name::PaymentIntent(id) => payment.intent().is_some_and(|intent| intent.id == id),
        Name::Charge(id) => payment.charge().is_some_and(|charge| charge.id == id),
    }
}

impl LedgerStore for MemoryStore {
    async fn load(&self, account: &str, keys: &[PaymentKey]) -> Result<Vec<Option<Payment>>, StoreError> {
        Ok(self.read(|rows| keys.iter().map(|key| rows.get(account, key).cloned()).collect()).await)
    }

    async fn find(&self, name: Name<'_>) -> Result<Option<Payment>, StoreError> {
        Ok(self.read(|rows| rows.payments.iter().find(|row| is_named(row, name)).cloned()).await)
    }

    async fn save(&self, payments: &[Payment]) -> Result<(), StoreError> {
        pause().await;
        self.rows().replace_all(payments)?;
        pause().await;
        Ok(())
    }

    async fn unfinished(&self, limit: usize) -> Result<Vec<Payment>, StoreError> {
        let unfinished = |row: &&Payment| matches!(row.state, PaymentState::Processing { .. });
        Ok(self.read(|rows| rows.payments.iter().filter(unfinished).take(limit).cloned().collect()).await)
    }

    async fn list(&self, account: &str, query: &ListQuery) -> Result<Vec<Payment>, StoreError> {
        let wanted = |row: &&Payment| {
            row.account == account
                && if query.charges { row.charge().is_some() } else { row.intent().is_some() }
                && query.payment_intent.as_deref().is_none_or(|id| is_named(row, Name::PaymentIntent(id)))
        };
        let before = |rows: &Rows| match &query.starting_after {
            None => rows.payments.len(),
            Some(id) => {
                let name = if query.charges { Name::Charge(id) } else { Name::PaymentIntent(id) };
                rows.payments.iter().position(|row| is_named(row, name)).unwrap_or(0)
            }
        };
        Ok(self
            .read(|rows| {
                let older = rows.payments.iter().take(before(rows)).rev();
                older.filter(wanted).take(query.limit).cloned().collect()
            })
            .await)
    }
}
