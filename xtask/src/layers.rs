//! The layering check: sources may not name what their layer may not know, nor crates depend on it.

use crate::layer_rules::{CRATE_RULES, CrateRule, LINES_MAX, SOURCE_RULES, SourceRule};
use crate::workspace::{cargo, files, read, root};
use crate::{rust_paths::paths, workspace};
use anyhow::{Result, bail};
use serde_json::Value;
use std::path::Path;

/// Prints every violation; an error if there is one.
pub(crate) fn check() -> Result<()> {
    let root = root();
    let mut violations = Vec::new();
    for rule in SOURCE_RULES {
        violations.extend(sources(&root, rule)?);
    }
    for rule in CRATE_RULES {
        violations.extend(dependencies(rule, &tree(rule)?));
    }
    violations.extend(core_stands_alone(&workspace::metadata()?));
    violations.extend(lengths(&root)?);
    for violation in &violations {
        println!("layering: {violation}");
    }
    match violations.len() {
        0 => Ok(()),
        n => bail!("{n} violations of the layering"),
    }
}

/// The forbidden paths that files under the rule's folder name.
fn sources(root: &Path, rule: &SourceRule) -> Result<Vec<String>> {
    let dir = root.join(rule.dir);
    let mut violations = Vec::new();
    if !dir.exists() {
        return Ok(violations);
    }
    for file in files(&dir)? {
        let within = file.strip_prefix(&dir)?;
        if file.extension().is_none_or(|extension| extension != "rs")
            || rule.except.iter().any(|e| within.starts_with(e))
        {
            continue;
        }
        let mut named: Vec<&str> = Vec::new();
        for path in paths(&read(&file)?) {
            named
                .extend(rule.forbidden.iter().copied().flatten().filter(|forbidden| path.reaches(forbidden)));
        }
        named.sort_unstable();
        named.dedup();
        let shown = file.strip_prefix(root)?.display().to_string();
        violations.extend(named.iter().map(|path| format!("{shown} names {path} ({})", rule.what)));
    }
    Ok(violations)
}

fn tree(rule: &CrateRule) -> Result<String> {
    let tree = cargo().args(["tree", "--package", rule.package, "--edges", "normal", "--prefix", "none"]);
    rule.target.iter().fold(tree, |cmd, target| cmd.args(["--target", target])).output()
}

/// The forbidden crates in what `cargo tree` says.
fn dependencies(rule: &CrateRule, tree: &str) -> Vec<String> {
    let is_forbidden = |name: &str| {
        rule.forbidden.iter().any(|forbidden| match forbidden.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *forbidden,
        })
    };
    let mut found: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| is_forbidden(name))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.iter().map(|name| format!("{} depends on {name}", rule.package)).collect()
}

/// The core depends on no crate of the workspace, not even to build or test.
fn core_stands_alone(metadata: &Value) -> Vec<String> {
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let name = |value: &Value| value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    packages
        .filter(|package| name(package) == "tillandsia-core")
        .flat_map(|package| package.get("dependencies").and_then(Value::as_array).into_iter().flatten())
        .filter(|dependency| {
            dependency.get("path").is_some_and(Value::is_string) && name(dependency) != "tillandsia-core"
        })
        .map(|dependency| {
            format!("tillandsia-core depends on {}, a crate of the workspace", name(dependency))
        })
        .collect()
}

/// Files that are too long to be read at one go.
fn lengths(root: &Path) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    for file in files(root)? {
        let extension = file.extension().map(|extension| extension.to_string_lossy().into_owned());
        if !matches!(extension.as_deref(), Some("rs" | "js" | "mjs" | "ts" | "css" | "html")) {
            continue;
        }
        let lines = read(&file)?.lines().count();
        if lines > LINES_MAX {
            violations
                .push(format!("{} has {lines} lines, over {LINES_MAX}", file.strip_prefix(root)?.display()));
        }
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Planted(std::path::PathBuf);

    impl Planted {
        fn new(name: &str) -> Planted {
            Planted(std::env::temp_dir().join(format!("xtask-layers-{name}-{}", std::process::id())))
        }

        fn put(&self, file: &str, text: &str) {
            workspace::write(&self.0.join(file), text.as_bytes()).unwrap();
        }

        fn violations(&self) -> Vec<String> {
            SOURCE_RULES.iter().flat_map(|rule| sources(&self.0, rule).unwrap()).collect()
        }
    }

    impl Drop for Planted {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn planted_violations_are_found() {
        let planted = Planted::new("sources");
        planted.put("core/src/money.rs", "use std::time::Duration;\nfn f() {}\n");
        planted.put("core/src/browser/clock.rs", "use web_sys::window;\n");
        planted.put("webhid-driver/src/link/hid.rs", "use wasm_bindgen::prelude::*;\n");
        planted.put("web-ui/src/screens/sale.rs", "use tillandsia_core::ports::Reader;\n");
        assert!(planted.violations().is_empty());
        planted.put("core/src/time.rs", "use std::{fmt, time::{Duration, Instant}};\n");
        planted.put("core/src/offline/policy.rs", "fn now() -> f64 { js_sys::Date::now() }\n");
        planted.put("webhid-driver/src/emv/tlv.rs", "use web_sys as w;\n");
        planted.put("web-ui/src/components/banner.rs", "use tillandsia_core::{money, ports};\n");
        let found = planted.violations();
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found.iter().any(|v| v.starts_with("core/src/time.rs names std::time::Instant")));
        assert!(found.iter().any(|v| v.starts_with("core/src/offline/policy.rs names js_sys")));
        assert!(found.iter().any(|v| v.starts_with("webhid-driver/src/emv/tlv.rs names web_sys")));
        assert!(
            found
                .iter()
                .any(|v| v.starts_with("web-ui/src/components/banner.rs names tillandsia_core::ports"))
        );
    }

    #[test]
    fn a_planted_dependency_is_found() {
        let rule = CRATE_RULES.iter().find(|rule| rule.package == "tillandsia-service-worker").unwrap();
        let tree = "tillandsia-service-worker v0.1.0 (/w)\ntillandsia-core v0.1.0 (/c)\nleptos_reactive v0.8.1\nserde v1.0.1 (*)\n";
        assert_eq!(dependencies(rule, tree), ["tillandsia-service-worker depends on leptos_reactive"]);
        assert!(dependencies(rule, "tillandsia-service-worker v0.1.0\nserde v1.0.1\n").is_empty());
    }

    #[test]
    fn a_core_that_leans_on_the_workspace_is_found() {
        let metadata: Value = serde_json::from_str(
            r#"{"packages":[{"name":"tillandsia-core","dependencies":[
                {"name":"serde","path":null},{"name":"tillandsia-driver","path":"/w/webhid-driver"}]}]}"#,
        )
        .unwrap();
        assert_eq!(
            core_stands_alone(&metadata),
            ["tillandsia-core depends on tillandsia-driver, a crate of the workspace"]
        );
    }

    #[test]
    fn a_long_file_is_found() {
        let planted = Planted::new("lengths");
        planted.put("a.rs", &"\n".repeat(LINES_MAX));
        planted.put("b.rs", &"\n".repeat(LINES_MAX + 1));
        assert_eq!(lengths(&planted.0).unwrap(), ["b.rs has 601 lines, over 600"]);
    }
}
