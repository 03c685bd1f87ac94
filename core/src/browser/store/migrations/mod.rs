//! The schema, as the steps that lead to it. A step only adds: the frame gives it no way to drop or to empty a store,
//! and a step that fails leaves the database as it was, at its old version.

mod v1;

use indexed_db_futures::database::Database;
use indexed_db_futures::error::Error;
use indexed_db_futures::prelude::*;
use indexed_db_futures::{KeyPath, KeyPathSeq};

/// One step of the schema. Once released it never changes: a database of any age goes through the rest.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The version it leads to; the one before it is this less one.
    pub version: u32,
    /// What it adds.
    pub add: fn(&Schema<'_>) -> Result<(), Error>,
}

/// Every step there is, in order.
pub const STEPS: &[Step] = &[v1::STEP];

/// The schema while a step adds to it.
#[derive(Debug)]
pub struct Schema<'a>(&'a Database);

impl Schema<'_> {
    /// Adds an object store; with `key_path` its keys are part of its values. `indices` are (name, key paths).
    pub fn add_store(
        &self,
        name: &str,
        key_path: Option<&str>,
        indices: &[(&str, &[&str])],
    ) -> Result<(), Error> {
        let builder = self.0.create_object_store(name);
        let store = match key_path {
            Some(path) => builder.with_key_path(KeyPath::One(path)).build()?,
            None => builder.build()?,
        };
        for (name, paths) in indices {
            let paths: KeyPathSeq<&str> = paths.iter().copied().collect();
            store.create_index(*name, KeyPath::Sequence(paths)).build()?;
        }
        Ok(())
    }
}

/// The version that `steps` lead to.
pub(super) fn target(steps: &[Step]) -> u32 {
    steps.last().map_or(0, |step| step.version)
}

/// Takes a database from version `found` (0: new) through the rest of the steps.
pub(super) fn run(db: &Database, found: u32, steps: &[Step]) -> Result<(), Error> {
    steps.iter().filter(|step| step.version > found).try_for_each(|step| (step.add)(&Schema(db)))
}
