//! Read, decide, seal, commit; and again when somebody else committed in between.

use std::cell::RefCell;

use super::all::all;
use super::chain::{ChainCheck, associated, entry_hash, row_digest};
use super::codec;
use super::record::PaymentRecord;
use super::row::{Commit, Head, LogEntry, LogKind, PaymentRow, QueuePosition};
use crate::error::{ErrorCode, TerminalError};
use crate::ids::OfflineId;
use crate::ports::{Store, StoreError, Vault, VaultError};
use crate::time::TimestampMs;

/// How often a decision is made again after a conflict. Each conflict means that another tab got its commit
/// through, so this is reached only when something is broken.
const CONFLICTS_MAX: u32 = 1000;

/// Which payments a decision is about.
#[derive(Debug, Clone, Copy)]
pub enum Select<'a> {
    /// One that is not there yet, so that nothing is read before it is written. Should it be there after all, the
    /// commit is a conflict, and the decision is made again with it found.
    New(OfflineId),
    /// These.
    Ids(&'a [OfflineId]),
    /// The queue behind a position, oldest deadline first.
    Queue {
        /// Where to go on; from the start when `None`.
        after: Option<QueuePosition>,
        /// How many at most.
        limit: usize,
    },
    /// Those that wait for a person, oldest deadline first.
    Attention {
        /// Where to go on; from the start when `None`.
        after: Option<QueuePosition>,
        /// How many at most.
        limit: usize,
    },
    /// Those whose event is not acknowledged.
    Unacknowledged {
        /// Where to go on; from the oldest when `None`.
        after: Option<OfflineId>,
        /// How many at most.
        limit: usize,
    },
}

/// A payment that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// As it stands.
    Record(Box<PaymentRecord>),
    /// Its row cannot be read; it stays where it is.
    Unreadable {
        /// The payment.
        id: OfflineId,
        /// Where it stands in the queue, so that a forwarder can step over it.
        queue: Option<QueuePosition>,
        /// Where it stands among those that wait for a person.
        attention: Option<QueuePosition>,
        /// Why.
        error: TerminalError,
    },
}

impl Found {
    /// The payment.
    pub fn id(&self) -> OfflineId {
        match self {
            Found::Record(record) => record.offline_id,
            Found::Unreadable { id, .. } => *id,
        }
    }

    /// Where it stands in the queue, or among those that wait for a person: where a page goes on.
    pub fn position(&self) -> Option<QueuePosition> {
        match self {
            Found::Record(record) => Some(QueuePosition { deadline: record.deadline, id: record.offline_id }),
            Found::Unreadable { queue, attention, .. } => queue.or(*attention),
        }
    }

    /// The record, where it can be read.
    pub fn into_record(self) -> Option<PaymentRecord> {
        match self {
            Found::Record(record) => Some(*record),
            Found::Unreadable { .. } => None,
        }
    }

    /// The record, where it can be read.
    pub fn record(&self) -> Option<&PaymentRecord> {
        match self {
            Found::Record(record) => Some(record),
            Found::Unreadable { .. } => None,
        }
    }
}

/// A payment's next revision and what the log says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The payment as it will be.
    pub record: PaymentRecord,
    /// What happened.
    pub kind: LogKind,
}

/// What to write, and what to tell the caller once it is written.
#[derive(Debug)]
pub struct Decision<T> {
    /// In the log's order.
    pub changes: Vec<Change>,
    /// The caller's.
    pub result: T,
}

/// A decision without what it tells the caller.
type DecideChanges<'a> = dyn FnMut(&Head, &[Found]) -> Result<Vec<Change>, TerminalError> + 'a;

/// The journal over a store and a vault.
#[derive(Debug)]
pub struct Journal<S, V> {
    store: S,
    vault: V,
    head: RefCell<Option<Head>>,
}

impl<S: Store, V: Vault> Journal<S, V> {
    /// The journal over these ports.
    pub const fn new(store: S, vault: V) -> Self {
        Journal { store, vault, head: RefCell::new(None) }
    }

    /// The store below, for what is no payment.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// The log's head and the totals, read afresh.
    pub async fn head(&self) -> Result<Head, TerminalError> {
        let head = self.store.head().await?;
        Ok(head)
    }

    /// Decides on what `select` finds and writes the outcome durably. `decide` may run several times, each time
    /// on a newer state; it must not have effects. Returns only when everything is durable.
    pub async fn transact<T>(
        &self,
        now: TimestampMs,
        select: Select<'_>,
        decide: impl Fn(&Head, &[Found]) -> Result<Decision<T>, TerminalError>,
    ) -> Result<T, TerminalError> {
        let mut last = None;
        let mut decide = |head: &Head, found: &[Found]| {
            let Decision { changes, result } = decide(head, found)?;
            last = Some(result);
            Ok(changes)
        };
        self.commit_decided(now, select, &mut decide).await?;
        last.ok_or_else(|| TerminalError::new(ErrorCode::StorageUnavailable, "nothing was decided"))
    }

    /// [`Self::transact`] for every kind of result: a module holds this large machine once, not once for each caller.
    async fn commit_decided(
        &self,
        now: TimestampMs,
        select: Select<'_>,
        decide: &mut DecideChanges<'_>,
    ) -> Result<(), TerminalError> {
        for attempt in 0..CONFLICTS_MAX {
            // The head first, the rows after it: a commit in between then shows as a conflict.
            let (head, is_fresh) = self.known_head().await?;
            let rows = match select {
                Select::New(_) if attempt == 0 => Vec::new(),
                select => self.rows(select).await?,
            };
            let found = self.open_all(&rows).await;
            let changes = match decide(&head, &found) {
                // What was refused on an old state may be allowed on the one of now.
                Err(_) if !is_fresh => {
                    self.head.replace(None);
                    continue;
                }
                decision => decision?,
            };
            if changes.is_empty() {
                return Ok(());
            }
            let commit = self.prepare(now, &head, &rows, &found, changes).await?;
            let next_head = commit.head.clone();
            match self.store.commit(commit).await {
                Ok(()) => {
                    self.head.replace(Some(next_head));
                    return Ok(());
                }
                Err(StoreError::Conflict) => {
                    self.head.replace(None);
                }
                Err(error) => {
                    self.head.replace(None);
                    if matches!(error, StoreError::Unavailable(_)) && self.was_committed(&next_head).await {
                        return Ok(());
                    }
                    return Err(error.into());
                }
            }
        }
        Err(TerminalError::new(
            ErrorCode::StorageUnavailable,
            "the stored payments are changed too fast by other tabs: close the other tabs and try again",
        ))
    }

    /// Payments older than `before`, newest first, for a list.
    pub async fn newest(&self, before: Option<OfflineId>, limit: usize) -> Result<Vec<Found>, TerminalError> {
        let rows = self.store.newest(before, limit).await?;
        Ok(self.open_all(&rows).await)
    }

    /// One payment.
    pub async fn payment(&self, id: OfflineId) -> Result<Option<Found>, TerminalError> {
        let rows = self.rows(Select::Ids(&[id])).await?;
        Ok(self.open_all(&rows).await.into_iter().next())
    }

    /// What `select` finds, for reading only.
    pub async fn find(&self, select: Select<'_>) -> Result<Vec<Found>, TerminalError> {
        let rows = self.rows(select).await?;
        Ok(self.open_all(&rows).await)
    }

    /// Checks the whole log against its head. Reads it in pages; the number of entries when all is well.
    pub async fn verify(&self) -> Result<u64, TerminalError> {
        let altered = |error: super::chain::ChainError| {
            TerminalError::new(
                ErrorCode::StorageUnavailable,
                format!("{error}: the stored log cannot be trusted"),
            )
        };
        let head = self.store.head().await?;
        let mut check = ChainCheck::default();
        let mut from = 1;
        while from <= head.seq {
            let entries = self.store.log(from, 500).await?;
            let Some(last) = entries.last() else { break };
            from = last.seq.saturating_add(1);
            for entry in entries.iter().filter(|entry| entry.seq <= head.seq) {
                check.push(entry).map_err(altered)?;
            }
        }
        check.finish(head.seq, &head.hash).map_err(altered)?;
        Ok(head.seq)
    }

    /// Seals and writes a setting of the device (session, device id).
    pub async fn put_setting(&self, name: &str, value: &[u8]) -> Result<(), TerminalError> {
        let sealed = self.vault.seal(value, setting_associated(name).as_bytes()).await?;
        Ok(self.store.put_setting(name, sealed).await?)
    }

    /// Reads a setting; `None` when it was never written, or can no longer be read: whoever wrote it then writes it
    /// anew, as at the first start.
    pub async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, TerminalError> {
        match self.store.setting(name).await? {
            None => Ok(None),
            Some(sealed) => match self.vault.open(&sealed, setting_associated(name).as_bytes()).await {
                Err(VaultError::DoesNotOpen) => Ok(None),
                opened => Ok(Some(opened?)),
            },
        }
    }

    /// Proves that `bytes` more can be sealed and written durably right now.
    pub async fn check_writable(&self, bytes: usize) -> Result<(), TerminalError> {
        self.vault.seal(b"spare", b"spare 1").await?;
        Ok(self.store.reserve(bytes).await?)
    }

    /// The head as last seen here, or as it is now (`true`). A stale one costs a conflict, never correctness.
    async fn known_head(&self) -> Result<(Head, bool), TerminalError> {
        let known = self.head.borrow().clone();
        match known {
            Some(head) => Ok((head, false)),
            None => {
                let head = self.store.head().await?;
                self.head.replace(Some(head.clone()));
                Ok((head, true))
            }
        }
    }

    async fn rows(&self, select: Select<'_>) -> Result<Vec<PaymentRow>, TerminalError> {
        Ok(match select {
            Select::New(id) => self.store.payment(id).await?.into_iter().collect(),
            Select::Ids(ids) => {
                let reads = all(ids.iter().map(|id| self.store.payment(*id))).await;
                reads.into_iter().filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?
            }
            Select::Queue { after, limit } => self.store.queue(after, limit).await?,
            Select::Attention { after, limit } => self.store.attention(after, limit).await?,
            Select::Unacknowledged { after, limit } => self.store.unacknowledged(after, limit).await?,
        })
    }

    async fn open_all(&self, rows: &[PaymentRow]) -> Vec<Found> {
        all(rows.iter().map(|row| self.open(row))).await
    }

    async fn open(&self, row: &PaymentRow) -> Found {
        let unreadable = |error: TerminalError| Found::Unreadable {
            id: row.id,
            queue: row.queue,
            attention: row.attention.map(|deadline| QueuePosition { deadline, id: row.id }),
            error,
        };
        let plain = match self.vault.open(&row.sealed, &associated(row)).await {
            Ok(plain) => plain,
            Err(error) => return unreadable(error.into()),
        };
        match codec::decode(&plain) {
            Ok(record) if record.offline_id == row.id && record.queue_position() == row.queue => {
                Found::Record(Box::new(record))
            }
            Ok(_) => unreadable(TerminalError::new(
                ErrorCode::StorageUnavailable,
                "the stored row belongs to another payment: it is set aside",
            )),
            Err(error) => unreadable(TerminalError::new(ErrorCode::StorageUnavailable, error.to_string())),
        }
    }

    async fn prepare(
        &self,
        now: TimestampMs,
        head: &Head,
        rows: &[PaymentRow],
        found: &[Found],
        changes: Vec<Change>,
    ) -> Result<Commit, TerminalError> {
        let revision = |change: &Change| {
            let before = rows.iter().find(|row| row.id == change.record.offline_id);
            before.map_or(0, |row| row.revision).saturating_add(1)
        };
        let (removals, writes): (Vec<&Change>, Vec<&Change>) =
            changes.iter().partition(|change| change.kind == LogKind::Removed);
        let removed = removals.iter().map(|change| change.record.offline_id).collect();
        let sealed = all(writes.iter().map(|change| self.seal_row(head, revision(change), &change.record)));
        let written = sealed.await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut next = head.clone();
        let mut entries = Vec::with_capacity(changes.len());
        for change in &changes {
            let row = written.iter().find(|row| row.id == change.record.offline_id);
            let before = found
                .iter()
                .filter_map(Found::record)
                .find(|record| record.offline_id == change.record.offline_id)
                .is_some_and(PaymentRecord::counts_as_stored);
            match (before, change.record.counts_as_stored()) {
                (false, true) => next.totals.add(change.record.amount),
                (true, false) => next.totals.remove(change.record.amount),
                _ => {}
            }
            let mut entry = LogEntry {
                seq: next.seq.saturating_add(1),
                at: now,
                kind: change.kind,
                id: change.record.offline_id,
                revision: revision(change),
                stored: change.record.counts_as_stored(),
                amount: change.record.amount,
                row: row.map(row_digest).unwrap_or_default(),
                previous: next.hash,
                hash: [0; 32],
            };
            entry.hash = entry_hash(&entry);
            next.seq = entry.seq;
            next.hash = entry.hash;
            entries.push(entry);
        }
        Ok(Commit { expected: head.hash, head: next, entries, rows: written, removed })
    }

    async fn seal_row(
        &self,
        head: &Head,
        revision: u32,
        record: &PaymentRecord,
    ) -> Result<PaymentRow, TerminalError> {
        let mut row = PaymentRow {
            id: record.offline_id,
            revision,
            base: head.hash,
            queue: record.queue_position(),
            attention: record.needs_attention().then_some(record.deadline),
            due: record.due(),
            leased: record.is_leased(),
            unacknowledged: record.unacknowledged,
            sealed: Default::default(),
        };
        row.sealed = self.vault.seal(&codec::encode(record), &associated(&row)).await?;
        Ok(row)
    }

    /// Whether a commit whose answer was lost with the database connection became durable after all.
    async fn was_committed(&self, head: &Head) -> bool {
        match self.store.log(head.seq, 1).await {
            Ok(entries) => {
                entries.first().is_some_and(|entry| entry.seq == head.seq && entry.hash == head.hash)
            }
            Err(_) => false,
        }
    }
}

fn setting_associated(name: &str) -> String {
    format!("setting 1\0{name}")
}

impl From<StoreError> for TerminalError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Full => ErrorCode::OfflinePaymentsStoreFull,
            _ => ErrorCode::StorageUnavailable,
        };
        TerminalError::new(code, error.to_string())
    }
}

impl From<VaultError> for TerminalError {
    fn from(error: VaultError) -> Self {
        let code = match error {
            VaultError::KeyUnavailable(_) => ErrorCode::StorageKeyUnavailable,
            VaultError::DoesNotOpen => ErrorCode::StorageUnavailable,
        };
        TerminalError::new(code, error.to_string())
    }
}

impl From<super::record::WrongState> for TerminalError {
    fn from(error: super::record::WrongState) -> Self {
        TerminalError::new(ErrorCode::UnexpectedStatus, error.to_string())
    }
}
