//! rustfmt, clippy (native and wasm32), rustdoc, cargo-deny: warnings are errors.

use crate::lint_std;
use crate::shell::Cmd;
use crate::site::{SDK, SIMULATOR, TILL, WORKER};
use crate::tools::CARGO_DENY;
use crate::wasm_toolchain::{TARGET, WasmToolchain};
use crate::workspace::{cargo, say, target};
use anyhow::{Result, bail};
use std::time::Duration;

/// `cargo xtask lint`: all of these, or one.
pub(crate) fn lint(arguments: &[String]) -> Result<()> {
    match arguments.first().map(String::as_str) {
        Some("format") => format(),
        Some("native") => native(),
        Some("wasm") => wasm(),
        Some("documents") => documents(),
        Some("dependencies") => dependencies(),
        Some(other) => bail!("lint does not know {other:?}: format, native, wasm, documents or dependencies"),
        None => [format, native, wasm, documents, dependencies].iter().try_for_each(|check| check()),
    }
}

/// rustfmt changes nothing.
pub(crate) fn format() -> Result<()> {
    cargo().args(["fmt", "--all", "--check"]).run()
}

/// Clippy over everything that compiles natively, tests included.
pub(crate) fn native() -> Result<()> {
    cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()
}

/// The crates with code for the browser.
fn browser_crates(cmd: Cmd) -> Cmd {
    let modules = [TILL, WORKER, SIMULATOR, SDK].map(|module| module.package);
    let crates = ["tillandsia-core", "tillandsia-driver"].into_iter().chain(modules);
    crates.fold(cmd, |cmd, name| cmd.args(["-p", name]))
}

/// Clippy over the code for the browser.
///
/// Clippy belongs to the active toolchain; where that has no wasm32 standard library, clippy gets the types of one. Where
/// that cannot be had either, the compiler's own warnings are denied and this says so.
pub(crate) fn wasm() -> Result<()> {
    let clippy = browser_crates(cargo().args(["clippy", "--quiet", "--target", TARGET, "--lib"]))
        .env("CARGO_TARGET_DIR", target().join("lint"));
    let deny = ["--", "-D", "warnings"];
    let WasmToolchain::Private(_) = WasmToolchain::ensure()? else { return clippy.args(deny).run() };
    match lint_std::ensure() {
        Ok(sysroot) => {
            let flags = format!("--sysroot={}", sysroot.display());
            clippy.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags).args(deny).run()
        }
        Err(error) => {
            say(format!(
                "clippy cannot read wasm32 code here ({error:#}): rustc's own warnings are denied instead"
            ));
            let check =
                WasmToolchain::ensure()?.cargo().args(["check", "--quiet", "--target", TARGET, "--lib"]);
            browser_crates(check)
                .env("RUSTFLAGS", "-D warnings")
                .env("CARGO_TARGET_DIR", target().join("lint"))
                .run()
        }
    }
}

/// Every public item is documented, and no link in a document is broken.
pub(crate) fn documents() -> Result<()> {
    cargo()
        .args(["doc", "--quiet", "--workspace", "--no-deps", "--lib"])
        .env("RUSTDOCFLAGS", "-D warnings -D missing_docs")
        .run()
}

/// Licences, sources and versions of what is depended on; known vulnerabilities where their list can be fetched.
pub(crate) fn dependencies() -> Result<()> {
    let deny = CARGO_DENY.ensure()?;
    let run = |args: &[&str]| Cmd::new(&deny).dir(crate::workspace::root()).args(["--workspace"]).args(args);
    run(&["--log-level", "error", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"]).run()?;
    if run(&["fetch", "db"]).succeeds_within(Duration::from_secs(60)) {
        run(&["--log-level", "error", "check", "advisories"]).run()
    } else {
        say("known vulnerabilities were not looked up: their list cannot be fetched from here");
        Ok(())
    }
}
