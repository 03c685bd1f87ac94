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
    let dress = |module| site::dress(&module, native, &node_modules, &target().join(Flavour::Demo.dressed()));
    let modules = [dress(SDK)?, dress(WORKER)?];
    copy(&typed(&modules, &node_modules)?, &folder, &mut wanted)?;
    for (module, name) in modules.iter().zip([SDK.folder, WORKER.folder]) {
        copy(module, &folder.join(name), &mut wanted)?;
    }
    copy(&dress(SIMULATOR)?, &folder.join(SIMULATOR.folder), &mut wanted)?;
    let (boot, name) = SIMULATOR_BOOT;
    put(&folder.join(name), read(&root().join(boot))?.as_bytes(), &mut wanted)?;
    put(&folder.join("README.md"), read(&root().join("sdk/README.md"))?.as_bytes(), &mut wanted)?;
    put(&folder.join("package.json"), described()?.as_bytes(), &mut wanted)?;
    keep_only(&folder, &wanted)?;
    Ok(folder)
}

/// Removes what an earlier build left.
fn keep_only(folder: &Path, wanted: &[PathBuf]) -> Result<()> {
    for file in files(folder)? {
        if !wanted.contains(&file) {
            std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    Ok(())
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

/// The JavaScript half as published: shrunk, for its remarks are most of it, and with its types, which keep them. The
/// modules that it calls lie beside it while the types are made.
fn typed(modules: &[PathBuf], node_modules: &Path) -> Result<PathBuf> {
    let mut inputs = files(&root().join(SOURCES))?;
    inputs.push(node_modules.join(tools::TERSER));
    for module in modules {
        inputs.extend(files(module)?);
    }
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let folder = target().join("npm-typed");
    let stamp = Stamp::new(target().join("npm-typed.stamp"), &tools::looks(&inputs)?);
    if stamp.is_fresh(&[folder.join("index.js"), folder.join("index.d.ts")]) {
        return Ok(folder);
    }
    let _none_yet = std::fs::remove_dir_all(&folder);
    let (mut scripts, mut beside) = (Vec::new(), Vec::new());
    copy(&root().join(SOURCES), &folder, &mut scripts)?;
    for module in modules {
        let place = folder.join(module.file_name().context("a module without a folder")?);
        copy(module, &place, &mut Vec::new())?;
        beside.push(place);
    }
    Cmd::new("node")
        .dir(&folder)
        .arg(node_modules.join("typescript/bin/tsc"))
        .args(["--project", "tsconfig.json"])
        .run()
        .context("the JavaScript of sdk/js does not fit its types")?;
    for module in beside {
        std::fs::remove_dir_all(&module).with_context(|| format!("cannot remove {}", module.display()))?;
    }
    for script in scripts.iter().filter(|file| file.extension().is_some_and(|end| end == "js")) {
        tools::terser(node_modules, script)?;
    }
    stamp.set()?;
    Ok(folder)
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
