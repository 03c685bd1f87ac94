//! `cargo xtask conformance`: the table of what the product promises, with what holds natively and in each engine.

use crate::browsers::{self, Engine};
use crate::dist;
use crate::tools;
use crate::workspace::{cargo, say};
use anyhow::{Context, Result, bail};

/// The suite's package and program.
const SUITE: (&str, &str) = ("tillandsia-conformance", "conformance");

/// `cargo xtask conformance [native] [--engine ENGINE]… [FILTER]`; an error when a row does not hold.
pub(crate) fn conformance(arguments: &[String]) -> Result<()> {
    let engines = engines(arguments)?;
    let drivers = browsers::ensure(&engines)?;
    let native = tools::native()?;
    let cmd = cargo().args(["run", "--quiet", "-p", SUITE.0, "--bin", SUITE.1, "--"]).args(arguments);
    let cmd = match engines.is_empty() {
        true => cmd,
        false => {
            cmd.env("TILLANDSIA_PACKAGE", dist::packed(&native)?).env("TILLANDSIA_GATEWAY", &native.gateway)
        }
    };
    say("running the suite");
    drivers.for_end_to_end(cmd).run().context("not every row holds")
}

/// The engines that are needed: all unless some, or only `native`, are named.
fn engines(arguments: &[String]) -> Result<Vec<Engine>> {
    let mut engines = Vec::new();
    let mut native = false;
    let mut filters = 0;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "native" => native = true,
            "--engine" => engines.push(Engine::parse(rest.next().map_or("", String::as_str))?),
            flag if flag.starts_with('-') => bail!("conformance does not know {flag:?}"),
            _ => filters += 1,
        }
    }
    if filters > 1 {
        bail!("conformance takes one filter");
    }
    if engines.is_empty() && !native {
        engines = Engine::ALL.to_vec();
    }
    Ok(engines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_chosen() {
        let chosen = |text: &str| engines(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(chosen("").unwrap(), Engine::ALL);
        assert_eq!(chosen("1.5").unwrap(), Engine::ALL);
        assert!(chosen("native 1.5").unwrap().is_empty());
        assert_eq!(chosen("native --engine firefox").unwrap(), [Engine::Firefox]);
        assert!(chosen("--engine opera").is_err());
        assert!(chosen("a b").is_err());
    }
}
