//! The hashes that chain the log, and their check.

use sha2::{Digest as _, Sha256};

use super::row::{Digest, LogEntry, PaymentRow};

/// Where the log breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// An entry is missing, doubled or out of order.
    #[error("the log has entry {found} where entry {expected} belongs")]
    OutOfOrder {
        /// The sequence number that belongs there.
        expected: u64,
        /// The one found.
        found: u64,
    },
    /// An entry was altered or follows another one than it says.
    #[error("log entry {seq} was altered")]
    Altered {
        /// Its sequence number.
        seq: u64,
    },
    /// The log ends elsewhere than its head says.
    #[error("the log ends at entry {found}, its head says {expected}")]
    WrongEnd {
        /// What the head says.
        expected: u64,
        /// What was found.
        found: u64,
    },
}

/// The digest of a row as it is written: every field.
pub fn row_digest(row: &PaymentRow) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"tillandsia row 1\0");
    hash.update(associated(row));
    hash.update(row.sealed.iv);
    hash.update((row.sealed.ciphertext.len() as u64).to_be_bytes());
    hash.update(&row.sealed.ciphertext);
    hash.finalize().into()
}

/// What a row's ciphertext is bound to: id, version, previous hash, and the fields the store sees.
pub fn associated(row: &PaymentRow) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    bytes.extend_from_slice(b"payment 1\0");
    bytes.extend_from_slice(row.id.as_bytes());
    bytes.extend_from_slice(&row.revision.to_be_bytes());
    bytes.extend_from_slice(&row.base);
    bytes.extend_from_slice(&row.queue.map_or(0, |position| position.deadline.0).to_be_bytes());
    bytes.extend_from_slice(&row.attention.map_or(0, |deadline| deadline.0).to_be_bytes());
    bytes.extend_from_slice(&row.due.0.to_be_bytes());
    bytes.extend_from_slice(&[
        u8::from(row.queue.is_some()),
        u8::from(row.attention.is_some()),
        u8::from(row.leased),
        u8::from(row.unacknowledged),
    ]);
    bytes
}

/// The hash of an entry: everything in it but the hash itself.
pub fn entry_hash(entry: &LogEntry) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"tillandsia log 1\0");
    hash.update(entry.previous);
    hash.update(entry.seq.to_be_bytes());
    hash.update(entry.at.0.to_be_bytes());
    hash.update([entry.kind.number(), u8::from(entry.stored)]);
    hash.update(entry.id.as_bytes());
    hash.update(entry.revision.to_be_bytes());
    hash.update(entry.amount.amount_minor.to_be_bytes());
    hash.update(entry.amount.currency.code().as_bytes());
    hash.update(entry.row);
    hash.finalize().into()
}

/// Walks the log entry by entry; feed it every entry in order, then `finish` with the head.
#[derive(Debug, Clone, Default)]
pub struct ChainCheck {
    seq: u64,
    hash: Digest,
}

impl ChainCheck {
    /// The next entry must follow and must hash to what it says.
    pub fn push(&mut self, entry: &LogEntry) -> Result<(), ChainError> {
        let expected = self.seq.saturating_add(1);
        if entry.seq != expected {
            return Err(ChainError::OutOfOrder { expected, found: entry.seq });
        }
        if entry.previous != self.hash || entry_hash(entry) != entry.hash {
            return Err(ChainError::Altered { seq: entry.seq });
        }
        self.seq = entry.seq;
        self.hash = entry.hash;
        Ok(())
    }

    /// The log must end where the head says.
    pub fn finish(&self, seq: u64, hash: &Digest) -> Result<(), ChainError> {
        match (self.seq == seq, self.hash == *hash) {
            (true, true) => Ok(()),
            (true, false) => Err(ChainError::Altered { seq }),
            (false, _) => Err(ChainError::WrongEnd { expected: seq, found: self.seq }),
        }
    }
}
