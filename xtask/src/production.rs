//! What a shop gets holds no simulator, no test key and no test card, and no name of a folder where it was built.

use crate::module_paths;
use crate::site::{self, Flavour, SIMULATOR};
use crate::workspace::{files, say};
use anyhow::{Result, bail};
use std::path::Path;

/// Published test keys: what the simulated reader encrypts with and the sandbox acquirer decrypts with.
const KEYS: [&str; 3] = [
    "0123456789ABCDEFFEDCBA9876543210",
    "FEDCBA9876543210F1F1F1F1F1F1F1F1",
    "6AC292FAA1315B4D858AB3A3D7D5933A",
];

/// Test cards, of the specification's vectors and of the simulator.
const CARDS: [&str; 9] = [
    "4761731000000043",
    "4761739001010010",
    "5163499080020445",
    "4012345678909",
    "5413330089010434",
    "5413330089600119",
    "4012888888881881",
    "4242424242424242",
    "5413330089020011",
];

/// Builds the production site and searches it.
pub(crate) fn check() -> Result<()> {
    say("building the production site, to search it for what it must not hold");
    let site = site::build(Flavour::Production)?;
    let found = search(&site)?;
    if !found.is_empty() {
        bail!("the production site holds what it must not: {}", found.join("; "));
    }
    Ok(())
}

pub(crate) fn search(site: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let here = module_paths::of_this_machine()?;
    for file in files(site)? {
        let name = file.strip_prefix(site)?.to_string_lossy().into_owned();
        if name.starts_with(SIMULATOR.folder) {
            found.push(format!("{name} belongs to the simulator"));
        }
        let bytes = std::fs::read(&file)?;
        if here.iter().any(|folder| holds(&bytes, folder.as_bytes())) {
            found.push(format!("{name} names a folder of the machine that built it"));
        }
        for secret in KEYS.iter().chain(&CARDS) {
            if forms(secret).iter().any(|form| holds(&bytes, form)) {
                found.push(format!("{name} holds …{}", secret.get(secret.len() - 4..).unwrap_or_default()));
            }
        }
    }
    Ok(found)
}

/// As text in both cases, and as the bytes that the text spells.
fn forms(hex: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![hex.to_uppercase().into_bytes(), hex.to_lowercase().into_bytes()];
    let pairs = (0..hex.len() / 2).filter_map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok());
    if hex.len().is_multiple_of(2) {
        forms.push(pairs.collect());
    }
    forms
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_material_is_found_in_every_form() {
        let site = std::env::temp_dir().join(format!("xtask-production-{}", std::process::id()));
        let put = |name: &str, bytes: &[u8]| crate::workspace::write(&site.join(name), bytes).unwrap();
        put("till/a.js", b"fine 4761");
        assert!(search(&site).unwrap().is_empty());
        put("till/b.wasm", b"x4761739001010010y");
        put(
            "till/c.wasm",
            &[
                0, 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32,
                0x10,
            ],
        );
        put("till/d.js", b"'fedcba9876543210f1f1f1f1f1f1f1f1'");
        put("simulated-reader/e.js", b"");
        assert_eq!(search(&site).unwrap().len(), 4);
        let here = module_paths::of_this_machine().unwrap().concat();
        put("till/f.wasm", format!("{here}/x.rs").as_bytes());
        assert_eq!(search(&site).unwrap().len(), 5);
        std::fs::remove_dir_all(&site).unwrap();
    }
}
