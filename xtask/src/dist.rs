//! The npm package `tillandsia`: the modules, their JavaScript and its types, in a folder and packed.

use crate::production;
use crate::shell::Cmd;
use crate::site::{self, Flavour, SDK, SIMULATOR, WORKER};
use crate::stamp::Stamp;
use crate::tools::{self, Native};
use crate::wasm_toolchain::WasmToolchain;
use crate::workspace::{files, read, root, say, target, write};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The package's own JavaScript, types and description.
const SOURCES: &str = "sdk/js";
/// Boots the simulated reader, in the site as in the package.
const SIMULATOR_BOOT: (&str, &str) = ("public/simulated-reader.js", "simulated-reader.worker.js");

/// `cargo xtask dist`.
pub(crate) fn dist() -> Result<()> {
    let packed = packed(&tools::native()?)?;
    say(format!("the npm package is {}", packed.display()));
    Ok(())
}

/// The packed package, in `dist/`.
pub(crate) fn packed(native: &Native) -> Result<PathBuf> {
    pack(&package(native)?, &root().join("dist"))
}

/// Builds the package in a folder, as npm would unpack it.
pub(crate) fn package(native: &Native) -> Result<PathBuf> {
    let toolchain = WasmToolchain::ensure()?;
    let node_modules = tools::node_modules()?;
    say("building the npm package");
    // Beside the till, so that what they share is compiled once.
    let build = toolchain.build()?;
    let modules = [site::TILL, WORKER, SIMULATOR, SDK];
    modules.iter().fold(build, |cmd, module| cmd.args(["-p", module.package])).run()?;
    let folder = target().join("npm");
    let mut wanted = Vec::new();
    for module in [SDK, WORKER, SIMULATOR] {
        let dressed = site::dress(&module, native, &node_modules, &target().join(Flavour::Demo.dressed()))?;
        copy(&dressed, &folder.join(module.folder), &mut wanted)?;
    }
    copy(&root().join(SOURCES), &folder, &mut wanted)?;
    let (boot, name) = SIMULATOR_BOOT;
    put(&folder.join(name), read(&root().join(boot))?.as_bytes(), &mut wanted)?;
    put(&folder.join("README.md"), read(&root().join("sdk/README.md"))?.as_bytes(), &mut wanted)?;
    put(&folder.join("package.json"), described()?.as_bytes(), &mut wanted)?;
    declare(&folder, &node_modules, &wanted)?;
    for file in files(&folder)? {
        let is_declaration = file.to_string_lossy().ends_with(".d.ts") && file.parent() == Some(&folder);
        if !wanted.contains(&file) && !is_declaration {
            std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    Ok(folder)
}

/// `package.json` with the workspace's version. As text: the order of the conditions in `exports` means something.
fn described() -> Result<String> {
    const NO_VERSION: &str = "\"version\": \"0.0.0\"";
    let description = read(&root().join(SOURCES).join("package.json"))?;
    if !description.contains(NO_VERSION) {
        bail!("{SOURCES}/package.json must have {NO_VERSION}: the workspace's version is filled in");
    }
    Ok(description.replace(NO_VERSION, &format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"))))
}

/// The types of the JavaScript half, checked on the way.
fn declare(folder: &Path, node_modules: &Path, sources: &[PathBuf]) -> Result<()> {
    let inputs: Vec<&Path> = sources
        .iter()
        .filter(|file| file.parent() == Some(folder) && !file.ends_with("README.md"))
        .map(PathBuf::as_path)
        .collect();
    let stamp = Stamp::new(target().join("npm.types.stamp"), &tools::looks(&inputs)?);
    if stamp.is_fresh(&[folder.join("index.d.ts")]) {
        return Ok(());
    }
    Cmd::new("node")
        .dir(folder)
        .arg(node_modules.join("typescript/bin/tsc"))
        .args(["--project", "tsconfig.json"])
        .run()
        .context("the JavaScript of sdk/js does not fit its types")?;
    stamp.set()
}

/// Packs the package into `into` and returns the file.
fn pack(package: &Path, into: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(into).with_context(|| format!("cannot make {}", into.display()))?;
    let answer = Cmd::new("npm")
        .dir(package)
        .args(["pack", "--json", "--loglevel=error", "--pack-destination"])
        .arg(into)
        .output()?;
    let packed: Value = serde_json::from_str(&answer).context("npm pack did not answer with JSON")?;
    let name = packed.pointer("/0/filename").and_then(Value::as_str).context("npm pack names no file")?;
    Ok(into.join(name))
}

/// What shops get of the package holds no test material and no name of a folder here: all but the simulated reader's own entry.
pub(crate) fn check() -> Result<()> {
    let found: Vec<String> = production::search(&package(&tools::native()?)?)?
        .into_iter()
        .filter(|found| !found.starts_with(SIMULATOR.folder))
        .collect();
    if !found.is_empty() {
        bail!("the npm package holds what it must not: {}", found.join("; "));
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, wanted: &mut Vec<PathBuf>) -> Result<()> {
    for file in files(from)? {
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        put(&to.join(file.strip_prefix(from)?), &bytes, wanted)?;
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8], wanted: &mut Vec<PathBuf>) -> Result<()> {
    write(path, bytes)?;
    wanted.push(path.to_path_buf());
    Ok(())
}
