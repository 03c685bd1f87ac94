//! What a shop's network carries at every update, in bytes after brotli: against a ceiling that no change may break
//! through, and against the aim.

use crate::shell::Cmd;
use crate::site::{self, Flavour, Module, SDK, TILL, WORKER};
use crate::{dist, tools};
use anyhow::{Context, Result, bail};
use std::path::Path;

/// A module with its JavaScript, and how large both are to be together (bytes, brotli).
struct Budget {
    name: &'static str,
    module: Module,
    aim: u64,
    /// Not far above what it is today. Lower it with every gain; raise it for nothing.
    ceiling: u64,
}

const BUDGETS: [Budget; 3] = [
    Budget { name: "page", module: TILL, aim: 350_000, ceiling: 350_000 },
    Budget { name: "worker", module: WORKER, aim: 100_000, ceiling: 100_000 },
    // In the npm package, with the scripts of its main entry.
    Budget { name: "sdk", module: SDK, aim: 150_000, ceiling: 198_000 },
];

/// Quality 11, as a server that compresses ahead of time does.
const BROTLI: &str = "const fs=require('fs'),z=require('zlib');\
    for(const f of process.argv.slice(1))console.log(z.brotliCompressSync(fs.readFileSync(f)).length)";

/// The scripts of the npm package that its main entry loads besides the module's own.
const SDK_SCRIPTS: [&str; 5] = ["index.js", "errors.js", "events.js", "module.js", "reader.js"];

/// Builds both and checks them.
pub(crate) fn run() -> Result<()> {
    let native = tools::native()?;
    check(&site::build_with(Flavour::Demo, &native)?, &dist::package(&native)?)
}

/// Prints the sizes in a site and in the npm package; an error if one is over its ceiling.
fn check(site: &Path, package: &Path) -> Result<()> {
    let mut over = Vec::new();
    for budget in BUDGETS {
        let size = budget.compressed(site, package)?;
        let Budget { name, aim, ceiling, .. } = budget;
        let verdict = if size > aim { "MISSED" } else { "reached" };
        println!(
            "{name:<8} {:>7.1} kB brotli, ceiling {} kB, aim {} kB: {verdict}",
            kilo(size),
            ceiling / 1000,
            aim / 1000
        );
        if size > ceiling {
            over.push(name);
        }
    }
    if !over.is_empty() {
        bail!("over the size ceiling: {}", over.join(", "));
    }
    Ok(())
}

/// `page=123456,worker=7890`: for the bench.
pub(crate) fn sizes(site: &Path, package: &Path) -> Result<String> {
    let sizes: Result<Vec<String>> = BUDGETS
        .iter()
        .map(|budget| Ok(format!("{}={}", budget.name, budget.compressed(site, package)?)))
        .collect();
    Ok(sizes?.join(","))
}

impl Budget {
    fn compressed(&self, site: &Path, package: &Path) -> Result<u64> {
        let (root, scripts) = match self.module.package == SDK.package {
            true => (package, &SDK_SCRIPTS[..]),
            false => (site, &[][..]),
        };
        let folder = root.join(self.module.folder);
        let module = ["_bg.wasm", ".js"].map(|end| folder.join(format!("{}{end}", self.module.stem())));
        let files = module.into_iter().chain(scripts.iter().map(|name| root.join(name)));
        let lengths = files.fold(Cmd::new("node").args(["-e", BROTLI]), Cmd::arg).output()?;
        lengths
            .lines()
            .map(|line| line.trim().parse::<u64>().context("node did not answer with a length"))
            .sum()
    }
}

/// For showing only.
#[allow(clippy::float_arithmetic, clippy::cast_precision_loss)]
fn kilo(bytes: u64) -> f64 {
    bytes as f64 / 1000.0
}
