//! The schema, as the steps that lead to it. A step only adds: the frame gives it no way to drop or to empty a store,
//! and a step that fails leaves the database as it was, at its old version.

mod v1;

use indexed_db_futures::error::Error;
use js_sys::{Array, JsString};
use web_sys::{IdbDatabase, IdbObjectStoreParameters};

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
pub struct Schema<'a>(&'a IdbDatabase);

impl Schema<'_> {
    /// Adds an object store; with `key_path` its keys are part of its values. `indices` are (name, key paths).
    pub fn add_store(
        &self,
        name: &str,
        key_path: Option<&str>,
        indices: &[(&str, &[&str])],
    ) -> Result<(), Error> {
        let parameters = IdbObjectStoreParameters::new();
        if let Some(path) = key_path {
            parameters.set_key_path(&path.into());
        }
        let store = self.0.create_object_store_with_optional_parameters(name, &parameters)?;
        for (name, paths) in indices {
            let paths: Array = paths.iter().map(|path| JsString::from(*path)).collect();
            store.create_index_with_str_sequence(name, &paths)?;
        }
        Ok(())
    }
}

/// The version that `steps` lead to.
pub(super) fn target(steps: &[Step]) -> u32 {
    steps.last().map_or(0, |step| step.version)
}

/// Takes a database from version `found` (0: new) through the rest of the steps.
pub(super) fn run(db: &IdbDatabase, found: u32, steps: &[Step]) -> Result<(), Error> {
    steps.iter().filter(|step| step.version > found).try_for_each(|step| (step.add)(&Schema(db)))
}
