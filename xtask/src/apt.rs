//! Debian's packages: asked for by the file that they bring, so that what is there costs nothing.

use crate::shell::{Cmd, which};
use crate::workspace::{say, target};
use anyhow::{Result, bail};
use std::path::Path;

/// A package and a file that shows it is installed (a full path, or a program's name).
pub(crate) type Package = (&'static str, &'static str);

fn present(sign: &str) -> bool {
    match sign.starts_with('/') {
        true => Path::new(sign).exists(),
        false => which(sign).is_some(),
    }
}

/// The packages of `wanted` whose file is not there.
pub(crate) fn missing(wanted: &[Package]) -> Vec<&'static str> {
    wanted.iter().filter(|(_, sign)| !present(sign)).map(|(package, _)| *package).collect()
}

/// Installs what is missing, or says in one line what to install.
pub(crate) fn ensure(what_for: &str, wanted: &[Package]) -> Result<()> {
    let packages = missing(wanted);
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    let advice = format!("install {list} ({what_for}): apt-get install {list}");
    if which("apt-get").is_none() {
        bail!(
            "this is not a Debian system; please install by its own means what Debian calls {list} ({what_for})"
        );
    }
    if !is_root() {
        bail!("not running as root, so please {advice}");
    }
    say(format!("installing {list} ({what_for})"));
    let log = target().join("xtask-logs/apt.log");
    let apt = || Cmd::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    let install = apt().args(["install", "-y", "--no-install-recommends"]).args(&packages);
    // Lists may be missing (a fresh image) or older than the archive: the install is tried again after an update.
    let done = (lists_present() && install.succeeds_quietly(&log)?)
        || (apt().arg("update").succeeds_quietly(&log)? && install.succeeds_quietly(&log)?);
    let still = missing(wanted);
    if !done || !still.is_empty() {
        bail!("could not {advice} (apt's words are in {})", log.display());
    }
    Ok(())
}

fn lists_present() -> bool {
    std::fs::read_dir("/var/lib/apt/lists").is_ok_and(|mut dir| {
        dir.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().contains("_Packages")))
    })
}

fn is_root() -> bool {
    Cmd::new("id").arg("-u").output().is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_missing() {
        assert_eq!(
            missing(&[("base", "sh"), ("base", "/bin/sh"), ("no-such", "/no/such/file")]),
            ["no-such"]
        );
    }
}
