//! The sandbox's memory in memory, for tests.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::store::{Attempt, SandboxStore, SandboxStoreError, Settled, settle};
use crate::acquirer::Outcome;

/// Clones share what is remembered.
#[derive(Debug, Clone, Default)]
pub struct MemorySandbox(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    attempts: HashMap<(String, String), (Attempt, Settled)>,
    serials: HashSet<String>,
    counters: HashSet<(String, u16)>,
}

impl MemorySandbox {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        account: &str,
        key: &str,
        change: impl FnOnce(&Attempt, Settled) -> Settled,
    ) -> Option<Settled> {
        let mut seen = self.seen();
        let (attempt, settled) = seen.attempts.get_mut(&(account.to_owned(), key.to_owned()))?;
        if !matches!(attempt.outcome, Outcome::Approved(_)) {
            return None;
        }
        *settled = change(attempt, *settled);
        Some(*settled)
    }
}

impl Seen {
    fn settle(&mut self, attempt: Attempt) -> Outcome {
        let key = (attempt.account.clone(), attempt.key.clone());
        if let Some((known, _)) = self.attempts.get(&key) {
            return known.outcome.clone();
        }
        let ksn_seen = attempt.ksn.as_ref().is_some_and(|ksn| self.serials.contains(ksn));
        let counter_seen = attempt.counter.as_ref().is_some_and(|counter| self.counters.contains(counter));
        let attempt = settle(attempt, ksn_seen, counter_seen);
        self.serials.extend(attempt.ksn.clone());
        self.counters.extend(attempt.counter.clone());
        let outcome = attempt.outcome.clone();
        let settled = Settled { captured: attempt.capture.then_some(attempt.amount), voided: false };
        self.attempts.insert(key, (attempt, settled));
        outcome
    }
}

impl SandboxStore for MemorySandbox {
    async fn settle(&self, attempts: Vec<Attempt>) -> Result<Vec<Outcome>, SandboxStoreError> {
        let mut seen = self.seen();
        Ok(attempts.into_iter().map(|attempt| seen.settle(attempt)).collect())
    }

    async fn capture(
        &self,
        account: &str,
        key: &str,
        amount: u64,
    ) -> Result<Option<Settled>, SandboxStoreError> {
        Ok(self.change(account, key, |attempt, settled| match settled {
            Settled { captured: None, voided: false } if amount <= attempt.amount => {
                Settled { captured: Some(amount), voided: false }
            }
            other => other,
        }))
    }

    async fn void(&self, account: &str, key: &str) -> Result<Option<Settled>, SandboxStoreError> {
        Ok(self.change(account, key, |_, settled| Settled { voided: settled.captured.is_none(), ..settled }))
    }
}
