//! `cargo xtask bench`: the bench program of the test crate, on a release build of the gateway and the shop's own site.

use crate::browsers::{self, Engine};
use crate::dist;
use crate::site::{self, Flavour};
use crate::test::TESTS;
use crate::tools;
use crate::workspace::{cargo, say, target};
use anyhow::{Context, Result};

/// Arguments go to the bench program.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let drivers = browsers::ensure(&[Engine::Chromium])?;
    let site = site::build(Flavour::Bench)?;
    say("building the gateway and the bench, optimised");
    cargo()
        .args(["build", "--quiet", "--release", "-p", "tillandsia-gateway", "--bin", "tillandsia-gateway"])
        .run()?;
    let node_modules = tools::node_modules()?;
    let bench = cargo()
        .args(["run", "--quiet", "--release", "-p", TESTS, "--bin", "bench", "--"])
        .args(arguments)
        .env("TILLANDSIA_SITE", &site)
        .env("TILLANDSIA_GATEWAY", target().join("release/tillandsia-gateway"))
        .env("TILLANDSIA_NODE_MODULES", node_modules)
        .env("TILLANDSIA_SIZES", crate::budgets::sizes(&site, &dist::package(&tools::native()?)?)?);
    drivers.for_end_to_end(bench).run().context("the bench did not end well")
}
