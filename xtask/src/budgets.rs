//! What a shop's network carries at every update, in bytes after brotli: against a ceiling that no change may break
//! through, and against the aim.

use crate::shell::Cmd;
use crate::site::{Module, SDK, TILL, WORKER};
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
    Budget { name: "page", module: TILL, aim: 350_000, ceiling: 375_000 },
    Budget { name: "worker", module: WORKER, aim: 100_000, ceiling: 103_000 },
    // With the package's own scripts, which are of the module's folder in the npm package.
    Budget { name: "sdk", module: SDK, aim: 150_000, ceiling: 245_000 },
];

/// Quality 11, as a server that compresses ahead of time does.
const BROTLI: &str = "const fs=require('fs'),z=require('zlib');\
    for(const f of process.argv.slice(1))console.log(z.brotliCompressSync(fs.readFileSync(f)).length)";

/// Prints the sizes; an error if one is over its ceiling.
pub(crate) fn check(site: &Path) -> Result<()> {
    let mut over = Vec::new();
    for Budget { name, module, aim, ceiling } in BUDGETS {
        let size = compressed(site, module)?;
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
pub(crate) fn sizes(site: &Path) -> Result<String> {
    let sizes: Result<Vec<String>> = BUDGETS
        .iter()
        .map(|budget| Ok(format!("{}={}", budget.name, compressed(site, budget.module)?)))
        .collect();
    Ok(sizes?.join(","))
}

fn compressed(site: &Path, module: Module) -> Result<u64> {
    let file = |end: &str| site.join(module.folder).join(format!("{}{end}", module.stem()));
    let lengths = Cmd::new("node").args(["-e", BROTLI]).arg(file("_bg.wasm")).arg(file(".js")).output()?;
    lengths.lines().map(|line| line.trim().parse::<u64>().context("node did not answer with a length")).sum()
}

/// For showing only.
#[allow(clippy::float_arithmetic, clippy::cast_precision_loss)]
fn kilo(bytes: u64) -> f64 {
    bytes as f64 / 1000.0
}
