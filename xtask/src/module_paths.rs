//! What the modules say of where they were built: a panic's place is in its text, and so every file with a panic is in
//! the module. Without this they hold the builder's home folder, and are another module on every machine.

use crate::workspace::root;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Cargo's own folder, where the dependencies' sources lie.
fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()) {
        return Ok(PathBuf::from(home));
    }
    let home = std::env::home_dir().context("neither HOME nor CARGO_HOME is set")?;
    Ok(home.join(".cargo"))
}

/// The folders that hold a folder for each dependency: one for each registry.
fn registries(cargo_home: &Path) -> Result<Vec<PathBuf>> {
    let sources = cargo_home.join("registry/src");
    let entries =
        std::fs::read_dir(&sources).with_context(|| format!("cannot read {}", sources.display()))?;
    let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    // Part of what cargo compares to see whether it has compiled the same before.
    folders.sort();
    Ok(folders)
}

/// Cargo's setting under which a dependency's file is `serde-1.0.0/src/lib.rs`. The workspace's own are relative already.
pub(crate) fn shortened(target: &str) -> Result<String> {
    let flags: Vec<String> = registries(&cargo_home()?)?.iter().map(|folder| remapped(folder)).collect();
    Ok(format!("target.{target}.rustflags=[{}]", flags.join(",")))
}

/// As a TOML string. A folder ends with its separator, which would else begin the names that are left.
fn remapped(folder: &Path) -> String {
    format!("{:?}", format!("--remap-path-prefix={}/=", folder.display()))
}

/// The folders that no module may name.
pub(crate) fn of_this_machine() -> Result<Vec<String>> {
    [cargo_home()?, root()].iter().map(|folder| Ok(folder.display().to_string())).collect()
}
