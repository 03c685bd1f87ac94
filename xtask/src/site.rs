//! Building the site: three Wasm modules, what is in `public/`, and the list that the service worker caches.

use crate::assets;
use crate::glue;
use crate::shell::Cmd;
use crate::stamp::Stamp;
use crate::tools::{self, Native};
use crate::wasm_toolchain::{TARGET, WasmToolchain};
use crate::workspace::{files, root, say, target};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which site: the demo can sell without a card reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// With the simulated reader: the crates' default features.
    Demo,
    /// What a shop gets: no simulator, no test key, no test card, no default features.
    Production,
    /// The demo, and under `bench/` what `cargo xtask bench` measures with.
    Bench,
}

impl Flavour {
    pub(crate) fn from_arguments(arguments: &[String]) -> Flavour {
        match arguments.iter().any(|argument| argument == "--production") {
            true => Flavour::Production,
            false => Flavour::Demo,
        }
    }

    fn dir(self) -> PathBuf {
        target().join(match self {
            Flavour::Demo => "site",
            Flavour::Production => "site-production",
            Flavour::Bench => "site-bench",
        })
    }

    /// Where its modules lie before they come together.
    pub(crate) fn dressed(self) -> &'static str {
        match self {
            Flavour::Demo | Flavour::Bench => "wasm-dressed/demo",
            Flavour::Production => "wasm-dressed/production",
        }
    }
}

/// A crate that becomes a Wasm module in a folder of the site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Module {
    pub(crate) package: &'static str,
    pub(crate) folder: &'static str,
}

impl Module {
    /// The name of its files, without `.js` and `_bg.wasm`.
    pub(crate) fn stem(&self) -> String {
        self.package.replace('-', "_")
    }
}

/// The till that is shown.
pub(crate) const TILL: Module = Module { package: "tillandsia-web-ui", folder: "till" };
/// What forwards when no till is shown.
pub(crate) const WORKER: Module = Module { package: "tillandsia-service-worker", folder: "worker" };
/// A reader without hardware, in a worker of its own.
pub(crate) const SIMULATOR: Module =
    Module { package: "tillandsia-reader-simulator", folder: "simulated-reader" };

/// The npm package's main module.
pub(crate) const SDK: Module = Module { package: "tillandsia-sdk", folder: "wasm" };
/// The service worker's JavaScript half, which the package has too.
const WORKER_SCRIPT: &str = "sdk/js/service-worker.js";

/// The till's parts without its screens, for the benches.
const BENCH: Module = Module { package: "tillandsia-bench-till", folder: "bench" };
/// What the till is measured against, as published.
const WORKBOX: [&str; 2] = ["workbox-core", "workbox-background-sync"];

fn modules(flavour: Flavour) -> Vec<Module> {
    match flavour {
        Flavour::Demo => vec![TILL, WORKER, SIMULATOR],
        Flavour::Production => vec![TILL, WORKER],
        Flavour::Bench => vec![TILL, WORKER, SIMULATOR, BENCH],
    }
}

/// Builds the site with everything that it needs, and returns its folder.
pub(crate) fn build(flavour: Flavour) -> Result<PathBuf> {
    build_with(flavour, &tools::native()?)
}

/// The same, where the native programs are built already.
pub(crate) fn build_with(flavour: Flavour, native: &Native) -> Result<PathBuf> {
    let toolchain = WasmToolchain::ensure()?;
    let node_modules = tools::node_modules()?;
    let modules = modules(flavour);
    say("building the Wasm modules");
    let build = toolchain.build()?;
    let build = if flavour == Flavour::Production { build.arg("--no-default-features") } else { build };
    modules.iter().fold(build, |cmd, module| cmd.args(["-p", module.package])).run()?;
    let mut contents = BTreeMap::new();
    for module in &modules {
        let folder = dress(module, native, &node_modules, &target().join(flavour.dressed()))?;
        take(&folder, module.folder, &mut contents)?;
    }
    take(&root().join("public"), "", &mut contents)?;
    let worker_script = std::fs::read(root().join(WORKER_SCRIPT));
    let worker_script = worker_script.with_context(|| format!("cannot read {WORKER_SCRIPT}"))?;
    contents.insert("service-worker.js".to_owned(), worker_script);
    if flavour == Flavour::Production {
        // `public/` also holds the script that starts the simulator.
        contents.retain(|name, _| !name.starts_with(SIMULATOR.folder));
    }
    if flavour == Flavour::Bench {
        take(&root().join("tests/bench/site"), BENCH.folder, &mut contents)?;
        for package in WORKBOX {
            let name = format!("{package}.prod.js");
            let script = node_modules.join(package).join("build").join(&name);
            let bytes =
                std::fs::read(&script).with_context(|| format!("cannot read {}", script.display()))?;
            contents.insert(format!("{}/{name}", BENCH.folder), bytes);
        }
    }
    let site = flavour.dir();
    let version = assets::lay_out(&site, contents)?;
    say(format!("the site is in {} (version {version})", site.display()));
    Ok(site)
}

/// Makes the JavaScript around one module and shrinks it, unless that was done with the same module before.
pub(crate) fn dress(
    module: &Module,
    native: &Native,
    node_modules: &Path,
    dressed: &Path,
) -> Result<PathBuf> {
    let stem = module.stem();
    let wasm = target().join("wasm").join(TARGET).join("wasm").join(format!("{stem}.wasm"));
    let folder = dressed.join(module.folder);
    let result = folder.join(format!("{stem}_bg.wasm"));
    let (opt, terser) = (node_modules.join(tools::WASM_OPT), node_modules.join(tools::TERSER));
    let mut inputs = tools::looks(&[&wasm, &native.bindgen, &opt, &terser]).with_context(|| {
        format!("the crate {} made no module: its crate type must include cdylib", module.package)
    })?;
    inputs.extend([tools::wasm_opt_flags(), glue::VERSION.to_owned()]);
    let stamp = Stamp::new(dressed.join(format!("{stem}.stamp")), &inputs);
    if stamp.is_fresh(std::slice::from_ref(&result)) {
        return Ok(folder);
    }
    say(format!("shrinking {}", module.package));
    let _none_yet = std::fs::remove_dir_all(&folder);
    Cmd::new(&native.bindgen)
        .args(["--target", "web", "--no-typescript", "--remove-producers-section", "--out-dir"])
        .arg(&folder)
        .args(["--out-name", &stem])
        .arg(&wasm)
        .output()?;
    tools::wasm_opt(node_modules, &result)?;
    let script = folder.join(format!("{stem}.js"));
    glue::shorten(&result, &script)?;
    tools::terser(node_modules, &script)?;
    stamp.set()?;
    Ok(folder)
}

/// Reads a folder's files into the site's contents, under `prefix`.
fn take(folder: &Path, prefix: &str, contents: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for file in files(folder)? {
        let relative = file.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
        let name = if prefix.is_empty() { relative } else { format!("{prefix}/{relative}") };
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        contents.insert(name, bytes);
    }
    Ok(())
}
