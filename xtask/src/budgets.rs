//! What a shop's network carries at every update, in bytes after brotli, against a limit.

use crate::shell::Cmd;
use crate::site::{Module, TILL, WORKER};
use anyhow::{Context, Result, bail};
use std::path::Path;

/// A module with its JavaScript, and how large both may be together (bytes, brotli).
const BUDGETS: [(&str, Module, u64); 2] = [("page", TILL, 350_000), ("worker", WORKER, 100_000)];

/// Quality 11, as a server that compresses ahead of time does.
const BROTLI: &str = "const fs=require('fs'),z=require('zlib');\
    for(const f of process.argv.slice(1))console.log(z.brotliCompressSync(fs.readFileSync(f)).length)";

/// Prints the sizes; an error if one is over its budget.
pub(crate) fn check(site: &Path) -> Result<()> {
    let mut over = Vec::new();
    for (name, module, limit) in BUDGETS {
        let size = compressed(site, module)?;
        println!("{name:<8} {:>7.1} kB brotli of {} kB", kilo(size), limit / 1000);
        if size > limit {
            over.push(name);
        }
    }
    if !over.is_empty() {
        bail!("over the size budget: {}", over.join(", "));
    }
    Ok(())
}

/// `page=123456,worker=7890`: for the bench.
pub(crate) fn sizes(site: &Path) -> Result<String> {
    let sizes: Result<Vec<String>> = BUDGETS
        .iter()
        .map(|(name, module, _)| Ok(format!("{name}={}", compressed(site, *module)?)))
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
