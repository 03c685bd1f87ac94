//! Skipping a step whose inputs have not changed.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A short hash (16 hex digits) over parts, each told apart from the next by its length.
pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What a file looks like without reading it: its path, size and time of change.
pub(crate) fn look(path: &Path) -> Result<String> {
    let meta = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let changed = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{} {} {}", path.display(), meta.len(), changed.as_nanos()))
}

/// A file that remembers what a step was last done with.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
    now: String,
}

impl Stamp {
    pub(crate) fn new(file: impl Into<PathBuf>, inputs: &[String]) -> Stamp {
        Stamp { file: file.into(), now: hash(inputs.iter().map(String::as_bytes)) }
    }

    /// The step was done with just these inputs, and its outputs are there.
    pub(crate) fn is_fresh(&self, outputs: &[PathBuf]) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|old| old == self.now)
            && outputs.iter().all(|output| output.exists())
    }

    /// To be called once the step is done.
    pub(crate) fn set(&self) -> Result<()> {
        crate::workspace::write(&self.file, self.now.as_bytes()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_fresh_only_for_the_same_inputs_and_present_outputs() {
        let dir = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let file = dir.join("stamp");
        let one = Stamp::new(&file, &["a".into(), "b".into()]);
        assert!(!one.is_fresh(&[]));
        one.set().unwrap();
        assert!(one.is_fresh(&[]));
        assert!(one.is_fresh(std::slice::from_ref(&file)));
        assert!(!one.is_fresh(&[dir.join("absent")]));
        assert!(!Stamp::new(&file, &["ab".into()]).is_fresh(&[]));
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(hash([b"ab".as_slice(), b"c"]), hash([b"a".as_slice(), b"bc"]));
        assert_eq!(hash([b"x".as_slice()]).len(), 16);
    }
}
