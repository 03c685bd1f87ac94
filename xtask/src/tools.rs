//! The programs that the build uses: wasm-bindgen (a workspace member), wasm-opt (npm), drivers and checkers (cargo).

use crate::apt;
use crate::shell::Cmd;
use crate::stamp::{Stamp, look};
use crate::workspace::{cache, cargo, read, root, say, target};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Where the programs for modules and scripts are among the node programs.
pub(crate) const WASM_OPT: &str = "binaryen/bin/wasm-opt";
pub(crate) const TERSER: &str = "terser/bin/terser";

/// The project's native programs.
#[derive(Debug, Clone)]
pub(crate) struct Native {
    pub(crate) gateway: PathBuf,
    pub(crate) bindgen: PathBuf,
    pub(crate) test_runner: PathBuf,
}

/// Builds the native programs, in one cargo call that the whole workspace's features are resolved for: the tests then
/// reuse what this compiles.
pub(crate) fn native() -> Result<Native> {
    const BINS: [&str; 3] = ["tillandsia-gateway", "tillandsia-wasm-bindgen", "tillandsia-wasm-test-runner"];
    say("building the gateway and wasm-bindgen");
    let build = BINS.iter().fold(cargo().args(["build", "--workspace"]), |cmd, bin| cmd.args(["--bin", bin]));
    build.run()?;
    let bin = |name: &str| target().join("debug").join(name);
    Ok(Native {
        gateway: bin("tillandsia-gateway"),
        bindgen: bin("tillandsia-wasm-bindgen"),
        test_runner: bin("tillandsia-wasm-test-runner"),
    })
}

/// The folder of the pinned node programs, installed if `package-lock.json` has changed.
pub(crate) fn node_modules() -> Result<PathBuf> {
    apt::ensure("wasm-opt, terser and the size check", &[("nodejs", "node"), ("npm", "npm")])?;
    let modules = root().join("node_modules");
    let lock = read(&root().join("package-lock.json"))?;
    let stamp = Stamp::new(modules.join(".tillandsia-stamp"), &[lock]);
    if !stamp.is_fresh(&[modules.join(WASM_OPT), modules.join(TERSER)]) {
        say("installing the pinned node programs (npm ci)");
        Cmd::new("npm")
            .dir(root())
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .run_quietly(&target().join("xtask-logs/npm.log"))
            .context("npm ci failed: is the npm registry within reach?")?;
        stamp.set()?;
    }
    Ok(modules)
}

/// The features that rustc emits and every browser the till supports has: `--all-features` yields modules that none loads.
/// Then the passes, in the order that made the modules smallest after brotli.
const WASM_OPT_FLAGS: [&str; 17] = [
    "--strip-debug",
    "--enable-bulk-memory",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
    // Nothing lies below 1024, so that no sum of an address and a small constant comes out there by wrapping around.
    // The linker puts the stack first, and `glue` refuses a module in which anything else lies so low.
    "--low-memory-unused",
    // What is inlined where it is called fits in less; what stays a function of its own looks like others, which brotli
    // makes more of.
    "--one-caller-inline-max-function-size=30",
    "--flatten",
    "--rereloop",
    "-Oz",
    "--gufa-optimizing",
    "--merge-similar-functions",
    "-Oz",
    "--converge",
    "--strip-producers",
];

/// Shrinks a module in place.
pub(crate) fn wasm_opt(node_modules: &Path, module: &Path) -> Result<()> {
    let small = module.with_extension("small");
    Cmd::new("node")
        .arg(node_modules.join(WASM_OPT))
        .args(WASM_OPT_FLAGS)
        .arg(module)
        .arg("-o")
        .arg(&small)
        .run_quietly(&target().join("xtask-logs/wasm-opt.log"))?;
    std::fs::rename(&small, module).with_context(|| format!("cannot write {}", module.display()))
}

/// Shrinks a script that is a JavaScript module: it keeps what it exports.
pub(crate) fn terser(node_modules: &Path, script: &Path) -> Result<()> {
    Cmd::new("node")
        .arg(node_modules.join(TERSER))
        .arg(script)
        .args(["--module", "--compress", "passes=2", "--mangle", "--output"])
        .arg(script)
        .run_quietly(&target().join("xtask-logs/terser.log"))
}

/// A program from the cargo registry, at one version, kept in the cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CargoTool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// For the line that says why there is a wait.
    pub(crate) minutes: &'static str,
}

pub(crate) const GECKODRIVER: CargoTool =
    CargoTool { name: "geckodriver", version: "0.37.1", minutes: "two minutes" };
pub(crate) const CARGO_DENY: CargoTool =
    CargoTool { name: "cargo-deny", version: "0.20.2", minutes: "four minutes" };

impl CargoTool {
    /// Where it is, installed if need be.
    pub(crate) fn ensure(&self) -> Result<PathBuf> {
        let root = cache()?.join("tools");
        let program = root.join("bin").join(self.name);
        if program.exists() && self.is_installed(&root) {
            return Ok(program);
        }
        say(format!("building {} {} (about {}, once)", self.name, self.version, self.minutes));
        let install = |how: &[&str]| {
            cargo()
                .args(["install", self.name, "--version", self.version, "--force"])
                .args(how)
                .arg("--root")
                .arg(&root)
                .env("CARGO_TARGET_DIR", target().join("tools"))
        };
        let log = target().join("xtask-logs").join(format!("{}.log", self.name));
        // The versions its authors tested, or, where the registry lacks one of them, the newest that fit.
        if !install(&["--locked"]).succeeds_quietly(&log)? {
            install(&[]).run_quietly(&log).with_context(|| {
                format!("please install it by hand: cargo install {} --version {}", self.name, self.version)
            })?;
        }
        Ok(program)
    }

    fn is_installed(&self, root: &Path) -> bool {
        let wanted = format!("\"{} {} ", self.name, self.version);
        std::fs::read_to_string(root.join(".crates.toml")).is_ok_and(|list| list.contains(&wanted))
    }
}

/// What a program looks like, to rebuild what it made once it is another.
pub(crate) fn looks(paths: &[&Path]) -> Result<Vec<String>> {
    paths.iter().map(|path| look(path)).collect()
}

/// The flags of wasm-opt, as part of what a module depends on.
pub(crate) fn wasm_opt_flags() -> String {
    WASM_OPT_FLAGS.join(" ")
}
