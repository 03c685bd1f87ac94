//! The packed npm package, as an integrator gets it: in a folder that a page is served from, and in an npm project.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;

use crate::site;

/// The variable that names the packed file; `cargo xtask` sets it.
const PACKAGE_VARIABLE: &str = "TILLANDSIA_PACKAGE";
/// The variable that names the folder of pinned node programs.
const NODE_MODULES_VARIABLE: &str = "TILLANDSIA_NODE_MODULES";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn packed() -> Result<PathBuf> {
    let file = std::env::var_os(PACKAGE_VARIABLE).map(PathBuf::from);
    file.with_context(|| format!("run the tests with `cargo xtask test`, or set {PACKAGE_VARIABLE}"))
}

/// A program of the pinned ones, such as `typescript/bin/tsc`.
fn node_program(name: &str) -> PathBuf {
    let folder =
        std::env::var_os(NODE_MODULES_VARIABLE).map_or_else(|| root().join("node_modules"), PathBuf::from);
    folder.join(name)
}

/// Runs a program in `folder`; what it wrote is in the error.
async fn run(folder: &Path, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().await?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        bail!("{arguments:?} ended with {}:\n{}", output.status, said.concat());
    }
    Ok(())
}

/// Unpacks the packed file into `folder`, and gives the package's own folder in it.
pub async fn unpack(folder: &Path) -> Result<PathBuf> {
    let packed = packed()?;
    run(folder, "tar", &["-xzf", packed.to_string_lossy().as_ref()]).await?;
    Ok(folder.join("package"))
}

/// An npm project that has nothing but the package in it.
#[derive(Debug)]
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// Installs the packed file into an empty project.
    pub async fn install() -> Result<Self> {
        let project = Project { folder: tempfile::tempdir()? };
        project.write("package.json", r#"{ "name": "a-stall", "private": true, "type": "module" }"#)?;
        let packed = packed()?;
        ensure!(packed.is_file(), "{} is missing", packed.display());
        let quiet = ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"];
        let file = packed.to_string_lossy();
        run(project.path(), "npm", &[&quiet[..], &[file.as_ref()]].concat()).await?;
        Ok(project)
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The installed package.
    pub fn package(&self) -> PathBuf {
        self.path().join("node_modules/tillandsia")
    }

    /// Writes a file of the project.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path().join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text).with_context(|| name.to_owned())
    }

    /// Runs a pinned node program in the project: `typescript/bin/tsc`, `vite/bin/vite.js`.
    pub async fn node(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = node_program(program).to_string_lossy().into_owned();
        run(self.path(), "node", &[&[program.as_str()], arguments].concat()).await
    }

    /// A folder of a page and its worker as they are in `sdk/example`, with the package beside them and no bundler.
    pub fn example(&self, gateway_url: &str) -> Result<PathBuf> {
        let folder = self.path().join("plain");
        site::copy(&root().join("sdk/example"), &folder)?;
        site::copy(&self.package(), &folder.join("tillandsia"))?;
        point_at(&folder.join("index.html"), gateway_url)?;
        Ok(folder)
    }
}

/// Has the example's page use another gateway.
pub fn point_at(page: &Path, gateway_url: &str) -> Result<()> {
    let text = std::fs::read_to_string(page)?;
    let pointed = text.replace("http://127.0.0.1:8080", gateway_url);
    ensure!(pointed != text, "the example names no gateway");
    Ok(std::fs::write(page, pointed)?)
}
