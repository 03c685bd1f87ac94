//! The built till, and copies of it with another version.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The variable that names the built site; `cargo xtask` sets it.
const SITE_VARIABLE: &str = "TILLANDSIA_SITE";

/// Where the built site is.
pub fn built() -> Result<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/site");
    let site = std::env::var_os(SITE_VARIABLE).map_or(default, PathBuf::from);
    ensure!(
        site.join("sw.js").is_file(),
        "there is no built site in {}: run the tests with `cargo xtask test`, or set {SITE_VARIABLE}",
        site.display()
    );
    Ok(site)
}

/// Copies a site.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| target.display().to_string())?;
        }
    }
    Ok(())
}

/// The version that a site's `shell.js` names.
pub fn version(site: &Path) -> Result<String> {
    let shell = std::fs::read_to_string(site.join("shell.js"))?;
    let (_, rest) = shell.split_once("VERSION = \"").context("shell.js names no VERSION")?;
    let (version, _) = rest.split_once('"').context("shell.js: VERSION does not end")?;
    Ok(version.to_owned())
}

/// Gives a site another version, as a release with a changed file has.
pub fn set_version(site: &Path, version: &str) -> Result<()> {
    let old = self::version(site)?;
    let path = site.join("shell.js");
    let shell = std::fs::read_to_string(&path)?;
    std::fs::write(path, shell.replace(&old, version))?;
    for compressed in ["shell.js.br", "shell.js.gz"] {
        match std::fs::remove_file(site.join(compressed)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
