//! Building the standard library for wasm32 from its sources, once a compiler.

use crate::shell::Cmd;
use crate::wasm_toolchain::TARGET;
use crate::workspace::{target, write};
use anyhow::{Context, Result, bail};
use std::path::Path;

const MANIFEST: &str = "\
[package]
name = \"empty\"
version = \"0.0.0\"
edition = \"2024\"
[workspace]
[profile.release]
panic = \"abort\"
";

/// Lays down an empty crate to build the library for, and returns the cargo call that does (`cargo` has the subcommand).
pub(crate) fn command(cargo: &Cmd, work: &Path) -> Result<Cmd> {
    let package = work.join("empty");
    write(&package.join("Cargo.toml"), MANIFEST.as_bytes())?;
    write(&package.join("src/lib.rs"), b"#![no_std]\n")?;
    Ok(cargo
        .clone()
        .dir(&package)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", work.join("target"))
        .args(["--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,test"]))
}

/// Builds the library and puts its files of one kind (`rlib`, or `rmeta` from a check) into `libdir`.
pub(crate) fn build(cargo: &Cmd, work: &Path, libdir: &Path, kind: &str) -> Result<()> {
    let log = target().join("xtask-logs").join(format!("wasm-std-{kind}.log"));
    command(cargo, work)?.run_quietly(&log).context("cannot build the standard library for wasm32")?;
    collect(work, libdir, kind)
}

/// Copies what a build left behind into `libdir`.
pub(crate) fn collect(work: &Path, libdir: &Path, kind: &str) -> Result<()> {
    std::fs::create_dir_all(libdir).with_context(|| format!("cannot make {}", libdir.display()))?;
    let deps = work.join("target").join(TARGET).join("release/deps");
    let mut copied = 0;
    for entry in std::fs::read_dir(&deps).with_context(|| format!("cannot read {}", deps.display()))? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == kind) && !name.starts_with("libempty-") {
            std::fs::copy(&path, libdir.join(&name)).with_context(|| format!("cannot copy {name}"))?;
            copied += 1;
        }
    }
    if copied < 10 {
        bail!("the build of the standard library left only {copied} files of kind {kind}");
    }
    Ok(())
}
