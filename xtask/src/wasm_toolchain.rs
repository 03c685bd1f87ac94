//! A compiler for wasm32: the active toolchain's, or Debian's with a standard library built from its sources.
//!
//! The second is for machines that rustup's servers cannot be reached from. Its library lies in a private sysroot in the
//! cache folder; nothing under `/usr` is changed.

use crate::apt;
use crate::module_paths;
use crate::shell::{Cmd, which};
use crate::wasm_std;
use crate::workspace::{self, cache, link, say, target, write_script};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The target that the till's modules are built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const LLD: &str = "/usr/bin/lld-22";
/// The standard library's sources, as Debian installs them.
pub(crate) const SOURCES: &str = "/usr/lib/rustlib/src/rust/library";
const PACKAGES: [apt::Package; 4] = [
    ("rustc-web", "/usr/bin/rustc"),
    ("cargo-web", "/usr/bin/cargo"),
    ("rust-web-src", "/usr/lib/rustlib/src/rust/library/std/Cargo.toml"),
    ("lld-22", LLD),
];

/// Which compiler builds for wasm32 here.
#[derive(Debug, Clone)]
pub(crate) enum WasmToolchain {
    /// The toolchain that also builds native code.
    Active,
    /// Debian's, with this sysroot.
    Private(PathBuf),
}

impl WasmToolchain {
    /// Finds one, or sets one up: a minute or two, once.
    pub(crate) fn ensure() -> Result<WasmToolchain> {
        if active_has_target() {
            return Ok(WasmToolchain::Active);
        }
        if let Some(sysroot) = finished_sysroot()? {
            return Ok(WasmToolchain::Private(sysroot));
        }
        if which("rustup").is_some() && std::env::var_os(NO_RUSTUP).is_none() {
            say(format!("adding the {TARGET} target with rustup"));
            let add = Cmd::new("rustup").env("RUSTUP_MAX_RETRIES", "0").args(["target", "add", TARGET]);
            if add.succeeds_within(Duration::from_secs(90)) && active_has_target() {
                return Ok(WasmToolchain::Active);
            }
            say("rustup cannot download here: taking Debian's compiler for wasm32");
        }
        apt::ensure("a compiler for wasm32", &PACKAGES)?;
        build_sysroot(&sysroot_dir(&version()?)?).map(WasmToolchain::Private)
    }

    /// A cargo call that builds for wasm32, in a target folder of its own so that native builds are left alone.
    pub(crate) fn cargo(&self) -> Cmd {
        match self {
            WasmToolchain::Active => workspace::cargo(),
            WasmToolchain::Private(sysroot) => plain(Cmd::new(CARGO))
                .dir(workspace::root())
                .env("RUSTC", sysroot.join("bin/rustc"))
                .env("RUSTDOC", sysroot.join("bin/rustdoc")),
        }
        .env("CARGO_TARGET_DIR", target().join("wasm"))
    }

    /// A cargo call that builds modules as they are served; the packages are still to be named.
    pub(crate) fn build(&self) -> Result<Cmd> {
        Ok(self
            .cargo()
            .args(["build", "--profile", "wasm", "--target", TARGET, "--lib", "--config"])
            .arg(module_paths::shortened(TARGET)?))
    }
}

/// Without what the outer cargo and rustup left in the environment for their own compiler.
pub(crate) fn plain(cmd: Cmd) -> Cmd {
    [
        "RUSTUP_TOOLCHAIN",
        "LD_LIBRARY_PATH",
        "CARGO",
        "RUSTC",
        "RUSTDOC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ]
    .into_iter()
    .fold(cmd, Cmd::unset)
}

/// Set to anything, this keeps rustup out: Debian's compiler is taken even where rustup could download.
const NO_RUSTUP: &str = "TILLANDSIA_NO_RUSTUP";

/// The active toolchain's wasm32 standard library is installed.
fn active_has_target() -> bool {
    if std::env::var_os(NO_RUSTUP).is_some() {
        return false;
    }
    let dir = Cmd::new("rustc")
        .dir(workspace::root())
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    dir.is_ok_and(|dir| holds_std(Path::new(dir.trim())))
}

fn holds_std(libdir: &Path) -> bool {
    std::fs::read_dir(libdir).is_ok_and(|mut entries| {
        entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
    })
}

/// What `rustc -vV` says, in the two parts that matter here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) release: String,
    pub(crate) host: String,
}

/// Reads `rustc -vV`.
pub(crate) fn parse_version(text: &str) -> Result<Version> {
    let field = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    Ok(Version {
        release: field("release:").context("rustc does not tell its release")?,
        host: field("host:").context("rustc does not tell its host")?,
    })
}

fn version() -> Result<Version> {
    parse_version(&plain(Cmd::new(RUSTC)).arg("-vV").output()?)
}

fn sysroot_dir(version: &Version) -> Result<PathBuf> {
    Ok(cache()?.join(format!("wasm-sysroot-{}", version.release)))
}

/// The private sysroot, if it was built for the compiler that is installed now.
fn finished_sysroot() -> Result<Option<PathBuf>> {
    if !apt::missing(&PACKAGES).is_empty() {
        return Ok(None);
    }
    let sysroot = sysroot_dir(&version()?)?;
    let whole = sysroot.join("bin/rustc").exists()
        && holds_std(&sysroot.join("lib/rustlib").join(TARGET).join("lib"));
    Ok(whole.then_some(sysroot))
}

/// Made beside its place and moved there when whole, so that an interrupted set-up leaves nothing half done.
fn build_sysroot(place: &Path) -> Result<PathBuf> {
    say("building the standard library for wasm32 (about a minute, once)");
    let work = cache()?.join(format!("building-wasm-std-{}", std::process::id()));
    let built = build_sysroot_in(&work, place);
    let _nothing_made = std::fs::remove_dir_all(&work);
    built.map(|()| place.to_path_buf())
}

fn build_sysroot_in(work: &Path, place: &Path) -> Result<()> {
    let version = version()?;
    let draft = work.join("sysroot");
    let rustlib = draft.join("lib/rustlib");
    let cargo = plain(Cmd::new(CARGO)).env("RUSTC", RUSTC).args(["build"]);
    wasm_std::build(&cargo, work, &rustlib.join(TARGET).join("lib"), "rlib")?;
    let host = rustlib.join(&version.host);
    std::fs::create_dir_all(host.join("bin"))?;
    link(&Path::new("/usr/lib/rustlib").join(&version.host).join("lib"), &host.join("lib"))?;
    link(Path::new(LLD), &host.join("bin/rust-lld"))?;
    link(Path::new("/usr/lib/rustlib/src"), &rustlib.join("src"))?;
    for program in ["rustc", "rustdoc"] {
        let script = format!("#!/bin/sh\nexec /usr/bin/{program} --sysroot '{}' \"$@\"\n", place.display());
        write_script(&draft.join("bin").join(program), &script)?;
    }
    let _none_yet = std::fs::remove_dir_all(place);
    std::fs::rename(&draft, place).with_context(|| format!("cannot make {}", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read() {
        let text = "rustc 1.96.0 (ac68 2026-05-25) (built from a source tarball)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0\nLLVM version: 22.1.8\n";
        let version = Version { release: "1.96.0".into(), host: "x86_64-unknown-linux-gnu".into() };
        assert_eq!(parse_version(text).unwrap(), version);
        assert!(parse_version("rustc 1.96.0").is_err());
    }
}
