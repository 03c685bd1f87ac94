//! `cargo xtask ci`: everything that must hold before a change lands.

use crate::browsers::{self, Engine};
use crate::test::{self, Choice};
use crate::tools::{self, CARGO_DENY};
use crate::wasm_toolchain::WasmToolchain;
use crate::workspace::say;
use crate::{budgets, dist, layers, lint, production};
use anyhow::{Result, bail};
use std::time::Instant;

/// Installs what the other commands need.
pub(crate) fn setup() -> Result<()> {
    WasmToolchain::ensure()?;
    tools::node_modules()?;
    browsers::ensure(&Engine::ALL)?;
    CARGO_DENY.ensure()?;
    say("everything is set up");
    Ok(())
}

/// Checks that failed so far.
#[derive(Debug, Default)]
struct Checks {
    failed: Vec<&'static str>,
}

impl Checks {
    /// Goes on after a failure: one run should tell everything that is wrong.
    fn check(&mut self, name: &'static str, check: impl FnOnce() -> Result<()>) {
        say(format!("checking: {name}"));
        let start = Instant::now();
        match check() {
            Ok(()) => say(format!("{name}: fine ({} s)", start.elapsed().as_secs())),
            Err(error) => {
                say(format!("{name}: FAILED: {error:#}"));
                self.failed.push(name);
            }
        }
    }
}

/// `cargo xtask ci`.
pub(crate) fn ci() -> Result<()> {
    let mut checks = Checks::default();
    checks.check("rustfmt", lint::format);
    checks.check("layering", layers::check);
    setup()?;
    checks.check("size budgets", budgets::run);
    checks.check("no test material in production", production::check);
    checks.check("no test material in the npm package", dist::check);
    checks.check("clippy, native", lint::native);
    checks.check("clippy, wasm32", lint::wasm);
    checks.check("rustdoc", lint::documents);
    checks.check("cargo-deny", lint::dependencies);
    let report = test::run(&Choice::all())?;
    if !checks.failed.is_empty() {
        say(format!("checks that failed: {}", checks.failed.join(", ")));
    }
    report.close()?;
    match checks.failed.is_empty() {
        true => Ok(()),
        false => bail!("checks that failed: {}", checks.failed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_does_not_hide_the_next() {
        let mut checks = Checks::default();
        checks.check("one", || bail!("broken"));
        checks.check("two", || Ok(()));
        checks.check("three", || bail!("broken too"));
        assert_eq!(checks.failed, ["one", "three"]);
    }
}
