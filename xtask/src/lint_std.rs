//! Types of the wasm32 standard library for clippy, where the toolchain that has clippy has no such library.
//!
//! Clippy reads only a library's metadata. Debian's sources are at most a release away from the active toolchain's
//! compiler, and differ in a few language items and intrinsics that it does not know. In a copy of the sources these are
//! turned into ordinary items until the copy passes a check. The result is never used to build anything.

use crate::shell::Cmd;
use crate::wasm_std;
use crate::wasm_toolchain::{SOURCES, TARGET, parse_version};
use crate::workspace::{cache, cargo, link, read, root, say, write};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// More rounds than two adjacent releases ever need.
const ROUNDS_MAX: usize = 6;

/// A sysroot for `cargo clippy --target wasm32-unknown-unknown` (as `--sysroot`), made at most once a compiler.
pub(crate) fn ensure() -> Result<PathBuf> {
    let version = parse_version(&Cmd::new("rustc").dir(root()).arg("-vV").output()?)?;
    let place = cache()?.join(format!("lint-sysroot-{}", version.release));
    if place.join("complete").exists() {
        return Ok(place);
    }
    if !Path::new(SOURCES).exists() {
        bail!("the standard library's sources are not at {SOURCES}");
    }
    say("preparing the wasm32 standard library's types for clippy (about a minute, once)");
    let work = cache()?.join(format!("building-lint-std-{}", std::process::id()));
    let made = make(&work, &place, &version.host);
    let _nothing_made = std::fs::remove_dir_all(&work);
    made.map(|()| place)
}

fn make(work: &Path, place: &Path, host_triple: &str) -> Result<()> {
    let library = work.join("library");
    std::fs::create_dir_all(work)?;
    Cmd::new("cp").args(["-rL", SOURCES]).arg(&library).output()?;
    check_until_it_passes(work, &library)?;
    let host = Cmd::new("rustc").dir(root()).args(["--print", "target-libdir"]).output()?;
    let rustlib = place.join("lib/rustlib");
    std::fs::create_dir_all(rustlib.join(host_triple))?;
    link(Path::new(host.trim()), &rustlib.join(host_triple).join("lib"))?;
    wasm_std::collect(work, &rustlib.join(TARGET).join("lib"), "rmeta")?;
    write(&place.join("complete"), b"").map(drop)
}

fn check_until_it_passes(work: &Path, library: &Path) -> Result<()> {
    let check = cargo()
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", library)
        .unset("CARGO_MANIFEST_DIR")
        .arg("check")
        .args(["--message-format=json", "--keep-going"]);
    let check = wasm_std::command(&check, work)?;
    for _ in 0..ROUNDS_MAX {
        let output = check.command().output().context("cannot start cargo check")?;
        if output.status.success() {
            return Ok(());
        }
        let faults = faults(&String::from_utf8_lossy(&output.stdout), library);
        if faults.is_empty() {
            bail!("the standard library's sources are too far from this compiler");
        }
        for fault in &faults {
            mend(fault)?;
        }
    }
    bail!("the standard library's sources still fail after {ROUNDS_MAX} rounds")
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    LangItem,
    Intrinsic,
    Feature,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    file: PathBuf,
    /// From 0.
    line: usize,
    kind: Kind,
}

/// The places in the sources that this compiler does not know, from cargo's JSON messages.
fn faults(messages: &str, library: &Path) -> BTreeSet<Fault> {
    messages.lines().filter_map(|line| fault(&serde_json::from_str(line).ok()?, library)).collect()
}

fn fault(message: &Value, library: &Path) -> Option<Fault> {
    let message = message.get("message")?;
    if message.get("level")?.as_str()? != "error" {
        return None;
    }
    let code = message.get("code").and_then(|code| code.get("code")).and_then(Value::as_str);
    let text = message.get("message")?.as_str()?;
    let kind = match code {
        Some("E0522") => Kind::LangItem,
        Some("E0093") => Kind::Intrinsic,
        Some("E0635") => Kind::Feature,
        _ if text.starts_with("intrinsic safety mismatch") => Kind::Intrinsic,
        _ => return None,
    };
    let spans = message.get("spans")?.as_array()?;
    let span = spans.iter().find(|span| span.get("is_primary").and_then(Value::as_bool) == Some(true))?;
    let file = library.join(span.get("file_name")?.as_str()?);
    let line = usize::try_from(span.get("line_start")?.as_u64()?).ok()?.checked_sub(1)?;
    // Only the copy is ever changed.
    file.starts_with(library).then_some(Fault { file, line, kind })
}

fn mend(fault: &Fault) -> Result<()> {
    let mut lines: Vec<String> = read(&fault.file)?.lines().map(str::to_owned).collect();
    match fault.kind {
        Kind::LangItem | Kind::Feature => mend_attribute(&mut lines, fault.line),
        Kind::Intrinsic => mend_intrinsic(&mut lines, fault.line),
    }
    write(&fault.file, (lines.join("\n") + "\n").as_bytes()).map(drop)
}

/// Drops `#[lang = "…"]` or `#![feature(…)]` from its line.
fn mend_attribute(lines: &mut [String], at: usize) {
    let Some(line) = lines.get_mut(at) else { return };
    for start in ["#[lang", "#![lang", "#![feature("] {
        if let Some(from) = line.find(start)
            && let Some(to) = line.get(from..).and_then(|rest| rest.find(']'))
        {
            line.replace_range(from..=from + to, "");
        }
    }
}

/// Turns the intrinsic declared at this line into an ordinary function; without a body it gets one that never returns.
fn mend_intrinsic(lines: &mut [String], at: usize) {
    let Some(attribute) = (at.saturating_sub(12)..=at).rev().find(|&i| is(lines, i, "#[rustc_intrinsic]"))
    else {
        return;
    };
    if let Some(line) = lines.get_mut(attribute) {
        line.clear();
    }
    for line in lines.iter_mut().skip(at) {
        if line.contains('{') {
            return;
        }
        if let Some(declaration) = line.trim_end().strip_suffix(';') {
            *line = format!("{declaration} {{ loop {{}} }}");
            return;
        }
    }
}

fn is(lines: &[String], at: usize, text: &str) -> bool {
    lines.get(at).is_some_and(|line| line.trim() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_intrinsic_becomes_a_function() {
        let mut with = lines("#[rustc_intrinsic]\n#[inline]\npub fn f<T>(\n    x: T,\n) -> T;\nfn g();");
        mend_intrinsic(&mut with, 2);
        assert_eq!(with.join("\n"), "\n#[inline]\npub fn f<T>(\n    x: T,\n) -> T { loop {} }\nfn g();");
        let mut body = lines("#[rustc_intrinsic]\npub fn f() {\n    g();\n}");
        mend_intrinsic(&mut body, 1);
        assert_eq!(body.join("\n"), "\npub fn f() {\n    g();\n}");
    }

    #[test]
    fn an_attribute_goes() {
        let mut attribute = lines("    #[lang = \"field\"] pub trait Field {}");
        mend_attribute(&mut attribute, 0);
        assert_eq!(attribute.concat().trim(), "pub trait Field {}");
    }

    #[test]
    fn faults_are_read_from_cargo_and_only_within_the_copy() {
        let message = |file: &str| {
            format!(
                r#"{{"reason":"compiler-message","message":{{"level":"error","code":{{"code":"E0522"}},"message":"x","spans":[{{"is_primary":true,"file_name":"{file}","line_start":7}}]}}}}"#
            )
        };
        let text = format!("{}\n{}\nnot json", message("core/src/a.rs"), message("/usr/lib/other.rs"));
        let found = faults(&text, Path::new("/copy"));
        let wanted = Fault { file: "/copy/core/src/a.rs".into(), line: 6, kind: Kind::LangItem };
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [wanted]);
    }
}
