//! Measures what a till waits for, beside what one would use without Tillandsia, in one run in headless Chromium. Run by
//! `cargo xtask bench`. It prints what it is; the aims are judged by whoever reads it.
#![allow(clippy::float_arithmetic, reason = "times and ratios, for showing only")]

mod report;
mod stages;
mod statistics;

use anyhow::Result;

fn main() -> Result<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut bench = stages::Bench::start(quick).await?;
        let mut report = report::Report::start();
        bench.storing(&mut report).await?;
        bench.forwarding(&mut report).await?;
        bench.starting(&mut report).await?;
        stages::sizes(&mut report)?;
        report.end();
        bench.close().await
    })
}
