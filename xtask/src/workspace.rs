//! Where things are, and what cargo says of the workspace.

use crate::shell::{self, Cmd};
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = manifest.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}

/// Cargo's target folder: native artefacts, and beside them everything that xtask makes.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Kept from one checkout to the next: what takes minutes to build and does not depend on the project's own code.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()) {
        Some(dir) => PathBuf::from(dir),
        None => PathBuf::from(std::env::var_os("HOME").context("neither HOME nor XDG_CACHE_HOME is set")?)
            .join(".cache"),
    };
    let cache = base.join("tillandsia");
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    Ok(cache)
}

/// A native cargo call in the workspace.
pub(crate) fn cargo() -> Cmd {
    Cmd::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .dir(root())
        // What a future compiler may refuse in a build tool's dependency is no news to who runs the till.
        .env("CARGO_FUTURE_INCOMPAT_REPORT_FREQUENCY", "never")
}

/// What `cargo metadata` says, without dependencies.
pub(crate) fn metadata() -> Result<Value> {
    let text = cargo().args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    serde_json::from_str(&text).context("cargo metadata did not answer with JSON")
}

/// One crate of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    /// (kind, name) of each target: `("lib", …)`, `("bin", …)`, `("test", …)`.
    pub(crate) targets: Vec<(String, String)>,
}

impl Member {
    pub(crate) fn has_lib(&self) -> bool {
        self.targets.iter().any(|(kind, _)| matches!(kind.as_str(), "lib" | "rlib" | "cdylib"))
    }

    pub(crate) fn has(&self, kind: &str, name: &str) -> bool {
        self.targets.iter().any(|(k, n)| k == kind && n == name)
    }
}

/// Every crate of the workspace.
pub(crate) fn members() -> Result<Vec<Member>> {
    let metadata = metadata()?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).context("cargo metadata names no packages")?;
    packages.iter().map(member).collect()
}

fn member(package: &Value) -> Result<Member> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let manifest = PathBuf::from(text(package, "manifest_path").context("a package without manifest")?);
    let mut targets = Vec::new();
    for target in package.get("targets").and_then(Value::as_array).into_iter().flatten() {
        let name = text(target, "name").unwrap_or_default();
        for kind in
            target.get("kind").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            targets.push((kind.to_owned(), name.clone()));
        }
    }
    Ok(Member {
        name: text(package, "name").context("a package without name")?,
        dir: manifest.parent().map(Path::to_path_buf).unwrap_or_default(),
        targets,
    })
}

/// Every file under `dir` (not under `target` or `node_modules`), sorted.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_path_buf()];
    while let Some(dir) = waiting.pop() {
        let entries = std::fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", dir.display()))?;
            let name = entry.file_name();
            if name == "target" || name == "node_modules" || name == ".git" {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => waiting.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The file's text, with the file's name in the error.
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes only if the contents differ, so that times change only when something did.
pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<bool> {
    if std::fs::read(path).is_ok_and(|old| old == contents) {
        return Ok(false);
    }
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    std::fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

/// Writes an executable script.
pub(crate) fn write_script(path: &Path, contents: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    write(path, contents.as_bytes())?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", path.display()))
}

/// Makes or renews a symbolic link.
pub(crate) fn link(to: &Path, at: &Path) -> Result<()> {
    if std::fs::read_link(at).is_ok_and(|old| old == to) {
        return Ok(());
    }
    let _absent_is_fine = std::fs::remove_file(at);
    std::os::unix::fs::symlink(to, at).with_context(|| format!("cannot link {}", at.display()))
}

/// Says what is being done: one line a step.
pub(crate) fn say(line: impl AsRef<str>) {
    shell::progress(line.as_ref());
}
