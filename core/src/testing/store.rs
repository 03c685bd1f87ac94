//! A store in memory. Clones share their data, as tabs share a database.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ids::OfflineId;
use crate::journal::{Commit, Head, LogEntry, PaymentRow, QueuePosition, Sealed};
use crate::ports::{Store, StoreError};

#[derive(Debug, Default)]
struct Data {
    head: Head,
    rows: BTreeMap<OfflineId, PaymentRow>,
    log: Vec<LogEntry>,
    settings: BTreeMap<String, Sealed>,
    rows_max: Option<usize>,
    down: bool,
    commits_left: Option<u32>,
    writes: u64,
}

/// The store.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Rc<RefCell<Data>>);

impl MemoryStore {
    /// From now on a commit that would make more rows than this fails as a full disk does.
    pub fn limit_rows(&self, rows_max: Option<usize>) {
        self.0.borrow_mut().rows_max = rows_max;
    }

    /// While down, every call fails as a lost database does.
    pub fn set_down(&self, down: bool) {
        self.0.borrow_mut().down = down;
    }

    /// So many commits go through, then the store is down.
    pub fn fail_commits_after(&self, commits: u32) {
        self.0.borrow_mut().commits_left = Some(commits);
    }

    /// How many commits and settings were written so far: what contexts tell each other of.
    pub fn writes(&self) -> u64 {
        self.0.borrow().writes
    }

    /// Changes a row behind the journal's back.
    pub fn tamper(&self, id: OfflineId, change: impl FnOnce(&mut PaymentRow)) {
        change(self.0.borrow_mut().rows.get_mut(&id).expect("the row exists"));
    }

    /// Changes a setting behind the journal's back.
    pub fn tamper_setting(&self, name: &str, change: impl FnOnce(&mut Sealed)) {
        change(self.0.borrow_mut().settings.get_mut(name).expect("the setting exists"));
    }

    /// Changes the log behind the journal's back.
    pub fn tamper_log(&self, change: impl FnOnce(&mut Vec<LogEntry>)) {
        change(&mut self.0.borrow_mut().log);
    }

    /// The whole log.
    pub fn whole_log(&self) -> Vec<LogEntry> {
        self.0.borrow().log.clone()
    }

    fn up(&self) -> Result<(), StoreError> {
        match self.0.borrow().down {
            true => Err(StoreError::Unavailable("switched off by the test".into())),
            false => Ok(()),
        }
    }
}

impl Store for MemoryStore {
    async fn head(&self) -> Result<Head, StoreError> {
        self.up()?;
        Ok(self.0.borrow().head.clone())
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.up()?;
        let mut data = self.0.borrow_mut();
        match data.commits_left {
            Some(0) => {
                (data.down, data.commits_left) = (true, None);
                return Err(StoreError::Unavailable("switched off by the test".into()));
            }
            Some(left) => data.commits_left = Some(left - 1),
            None => {}
        }
        if data.head.hash != commit.expected {
            return Err(StoreError::Conflict);
        }
        if commit.rows.iter().any(|row| row.revision == 1 && data.rows.contains_key(&row.id)) {
            return Err(StoreError::Conflict);
        }
        let added = commit.rows.iter().filter(|row| !data.rows.contains_key(&row.id)).count();
        if data.rows_max.is_some_and(|max| data.rows.len() + added > max) {
            return Err(StoreError::Full);
        }
        for row in commit.rows {
            data.rows.insert(row.id, row);
        }
        for id in &commit.removed {
            data.rows.remove(id);
        }
        data.log.extend(commit.entries);
        data.head = commit.head;
        data.writes += 1;
        Ok(())
    }

    async fn payment(&self, id: OfflineId) -> Result<Option<PaymentRow>, StoreError> {
        self.up()?;
        Ok(self.0.borrow().rows.get(&id).cloned())
    }

    async fn queue(&self, after: Option<QueuePosition>, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        self.up()?;
        let data = self.0.borrow();
        let mut rows: Vec<&PaymentRow> =
            data.rows.values().filter(|row| row.queue.is_some() && row.queue > after).collect();
        rows.sort_by_key(|row| row.queue);
        Ok(rows.into_iter().take(limit).cloned().collect())
    }

    async fn attention(
        &self,
        after: Option<QueuePosition>,
        limit: usize,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        self.up()?;
        let data = self.0.borrow();
        let position =
            |row: &PaymentRow| row.attention.map(|deadline| QueuePosition { deadline, id: row.id });
        let mut rows: Vec<&PaymentRow> =
            data.rows.values().filter(|row| row.attention.is_some() && position(row) > after).collect();
        rows.sort_by_key(|row| position(row));
        Ok(rows.into_iter().take(limit).cloned().collect())
    }

    async fn unacknowledged(
        &self,
        after: Option<OfflineId>,
        limit: usize,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        self.up()?;
        let data = self.0.borrow();
        let behind = data.rows.values().filter(|row| row.unacknowledged && Some(row.id) > after);
        Ok(behind.take(limit).cloned().collect())
    }

    async fn newest(&self, before: Option<OfflineId>, limit: usize) -> Result<Vec<PaymentRow>, StoreError> {
        self.up()?;
        let data = self.0.borrow();
        let older = data.rows.values().rev().filter(|row| before.is_none_or(|before| row.id < before));
        Ok(older.take(limit).cloned().collect())
    }

    async fn log(&self, from: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        self.up()?;
        let data = self.0.borrow();
        Ok(data.log.iter().filter(|entry| entry.seq >= from).take(limit).cloned().collect())
    }

    async fn put_setting(&self, name: &str, sealed: Sealed) -> Result<(), StoreError> {
        self.up()?;
        let mut data = self.0.borrow_mut();
        data.settings.insert(name.to_owned(), sealed);
        data.writes += 1;
        Ok(())
    }

    async fn setting(&self, name: &str) -> Result<Option<Sealed>, StoreError> {
        self.up()?;
        Ok(self.0.borrow().settings.get(name).cloned())
    }

    async fn reserve(&self, _bytes: usize) -> Result<(), StoreError> {
        self.up()?;
        let data = self.0.borrow();
        match data.rows_max {
            Some(max) if data.rows.len() >= max => Err(StoreError::Full),
            _ => Ok(()),
        }
    }
}
