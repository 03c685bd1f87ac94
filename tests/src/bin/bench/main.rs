//! Measures what a till waits for, beside what one would use without Tillandsia, in one run in headless Chromium. Run by
//! `cargo xtask bench`. It prints what it is; the aims are judged by whoever reads it.
#![allow(clippy::float_arithmetic, reason = "times and ratios, for showing only")]

mod report;
mod stages;
mod statistics;

use anyhow::{Result, bail};

/// The stages, in the order in which they run: forwarding sends what was stored to be timed.
const STAGES: [&str; 4] = ["storing", "forwarding", "starting", "sizes"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let named: Vec<&str> = arguments.iter().map(String::as_str).filter(|name| *name != "--quick").collect();
    if let Some(unknown) = named.iter().find(|name| !STAGES.contains(name)) {
        bail!("the bench knows no {unknown:?}: --quick, {}", STAGES.join(", "));
    }
    let runs = |stage: &str| named.is_empty() || named.contains(&stage);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut bench = stages::Bench::start(quick).await?;
        let mut report = report::Report::start();
        if runs("storing") {
            bench.storing(&mut report).await?;
        }
        if runs("forwarding") {
            bench.forwarding(&mut report).await?;
        }
        if runs("starting") {
            bench.starting(&mut report).await?;
        }
        if runs("sizes") {
            stages::sizes(&mut report)?;
        }
        report.end();
        bench.close().await
    })
}
