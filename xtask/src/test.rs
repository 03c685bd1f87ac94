//! `cargo xtask test`: native tests, Wasm tests in three browsers, end-to-end tests.

use crate::browsers::{self, Engine};
use crate::dist;
use crate::shell::{Cmd, which};
use crate::site::{self, Flavour};
use crate::summary::{Tally, Verdict};
use crate::tools::{self, Native};
use crate::wasm_toolchain::{TARGET, WasmToolchain};
use crate::workspace::{Member, cargo, files, members, read, say};
use anyhow::{Result, bail};

/// The crate with the end-to-end tests, and their target's name.
pub(crate) const TESTS: &str = "tillandsia-tests";
const END_TO_END: &str = "end_to_end";
/// The conformance suite in browsers, a test a row.
const CONFORMANCE: &str = "conformance_in_browsers";

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    native: bool,
    wasm: bool,
    end_to_end: bool,
    engines: Vec<Engine>,
    filter: Option<String>,
}

impl Choice {
    /// Everything.
    pub(crate) fn all() -> Choice {
        Choice { native: true, wasm: true, end_to_end: true, engines: Engine::ALL.to_vec(), filter: None }
    }

    fn parse(arguments: &[String]) -> Result<Choice> {
        let mut choice = Choice::all();
        let mut part = None;
        let mut engines = Vec::new();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "native" | "wasm" | "e2e" if part.is_none() && choice.filter.is_none() => {
                    part = Some(argument.as_str())
                }
                "--engine" => engines.push(Engine::parse(rest.next().map_or("", String::as_str))?),
                flag if flag.starts_with('-') => bail!("test does not know {flag:?}"),
                _ if choice.filter.is_some() => bail!("test takes one filter"),
                filter => choice.filter = Some(filter.to_owned()),
            }
        }
        if let Some(part) = part {
            choice.native = part == "native";
            choice.wasm = part == "wasm";
            choice.end_to_end = part == "e2e";
        }
        if !engines.is_empty() {
            // Native tests run in no engine.
            choice.native &= part.is_some();
            choice.engines = engines;
        }
        Ok(choice)
    }
}

/// What every step came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<(String, Tally, Verdict)>,
    filtered: bool,
}

impl Report {
    fn step(&mut self, name: &str, cmd: &Cmd) -> Result<()> {
        say(format!("testing: {name}"));
        let mut tally = Tally::default();
        let ended_well = cmd.run_watched(&mut |line| tally.read(line))?;
        let mut verdict = tally.judge(ended_well);
        if verdict == Verdict::RanNothing && self.filtered {
            verdict = Verdict::Passed; // Nothing matched here; the total must still not be nothing.
        }
        if verdict == Verdict::Failed && tally.failed == 0 {
            tally.failed = 1; // It did not even build, or its runner gave up.
        }
        self.steps.push((name.to_owned(), tally, verdict));
        Ok(())
    }

    fn could_not(&mut self, name: &str, why: &str) {
        say(format!("testing: {name}: {why}"));
        self.steps.push((name.to_owned(), Tally { passed: 0, failed: 1 }, Verdict::Failed));
    }

    fn total(&self) -> Tally {
        self.steps.iter().fold(Tally::default(), |sum, (_, tally, _)| sum.plus(*tally))
    }

    /// One line a step, then the closing line; an error if anything failed or nothing ran.
    pub(crate) fn close(&self) -> Result<()> {
        println!();
        for (name, tally, verdict) in &self.steps {
            let remark = if *verdict == Verdict::RanNothing { "  (ran no tests!)" } else { "" };
            println!("{name:<24} {tally}{remark}");
        }
        let total = self.total();
        println!("\n{total}");
        let bad: Vec<&str> = self
            .steps
            .iter()
            .filter(|(_, _, verdict)| *verdict != Verdict::Passed)
            .map(|(name, ..)| name.as_str())
            .collect();
        if !bad.is_empty() {
            bail!("not passed: {}", bad.join(", "));
        }
        if total.passed == 0 {
            bail!("no test ran");
        }
        Ok(())
    }
}

/// `cargo xtask test`.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    run(&Choice::parse(arguments)?)?.close()
}

/// Runs what is chosen; a failing step does not stop the next.
pub(crate) fn run(choice: &Choice) -> Result<Report> {
    let mut report = Report { steps: Vec::new(), filtered: choice.filter.is_some() };
    let members = members()?;
    // Set-up first: whoever waits for the tests should not learn after minutes that a package is missing.
    let drivers = match choice.wasm || choice.end_to_end {
        true => Some(browsers::ensure(&choice.engines)?),
        false => None,
    };
    let native = tools::native()?;
    let site = if choice.end_to_end { Some(site::build_with(Flavour::Demo, &native)?) } else { None };
    let packed = if choice.end_to_end { Some(dist::packed(&native)?) } else { None };
    if choice.native {
        report.step("native", &native_tests(choice, &members))?;
        report.step("doctests", &doctests(choice, &members))?;
    }
    let Some(drivers) = drivers else { return Ok(report) };
    if choice.wasm {
        let toolchain = WasmToolchain::ensure()?;
        for engine in &choice.engines {
            let cmd = wasm_tests(&toolchain, &native, choice, &members)?;
            report.step(&format!("wasm in {}", engine.name()), &drivers.for_wasm_tests(*engine, cmd))?;
        }
    }
    if let (Some(site), Some(packed)) = (site, packed) {
        let exists = members.iter().any(|member| member.name == TESTS && member.has("test", END_TO_END));
        if !exists {
            report.could_not("end to end", "the tests are missing");
            return Ok(report);
        }
        let engines: Vec<&str> = choice.engines.iter().map(|engine| engine.name()).collect();
        // The workspace's features, as in the native step: nothing is compiled twice.
        let cmd = cargo()
            .args(["test", "--workspace", "--no-fail-fast", "--test", END_TO_END, "--test", CONFORMANCE])
            .env("TILLANDSIA_SITE", site)
            .env("TILLANDSIA_PACKAGE", packed)
            .env("TILLANDSIA_NODE_MODULES", tools::node_modules()?)
            .env("TILLANDSIA_GATEWAY", &native.gateway)
            .env("TILLANDSIA_ENGINES", engines.join(","));
        // One at a time: they measure, and the machine may have two cores.
        let cmd =
            cmd.args(["--", "--test-threads=1"]).args(of_engines(&choice.engines, choice.filter.is_some()));
        let cmd = filter(cmd, choice);
        report.step("end to end", &drivers.for_end_to_end(cmd))?;
    }
    Ok(report)
}

/// Leaves out the end-to-end tests of engines that were not asked for, so that none counts as passed without having
/// run. A test that names no engine runs in Chromium.
fn of_engines(engines: &[Engine], filtered: bool) -> Vec<String> {
    let unwanted = Engine::ALL.into_iter().filter(|engine| !engines.contains(engine));
    let mut arguments: Vec<String> =
        unwanted.flat_map(|engine| ["--skip".to_owned(), engine.name().to_owned()]).collect();
    if !engines.contains(&Engine::Chromium) && !filtered {
        arguments.extend(engines.iter().map(|engine| engine.name().to_owned()));
    }
    arguments
}

fn filter(cmd: Cmd, choice: &Choice) -> Cmd {
    choice.filter.iter().fold(cmd, Cmd::arg)
}

fn native_tests(choice: &Choice, members: &[Member]) -> Cmd {
    if which("cargo-nextest").is_some() {
        let cmd = cargo().args(["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests=pass"]);
        let cmd = cmd.args(["--status-level=fail", "--final-status-level=fail", "-E"]);
        return filter(cmd.arg(format!("not (binary({END_TO_END}) | binary({CONFORMANCE}))")), choice);
    }
    let cmd = cargo().args(["test", "--quiet", "--workspace", "--no-fail-fast", "--lib", "--bins"]);
    let tests = members
        .iter()
        .flat_map(|member| &member.targets)
        .filter(|(kind, name)| kind == "test" && name != END_TO_END && name != CONFORMANCE);
    filter(tests.fold(cmd, |cmd, (_, name)| cmd.args(["--test", name])).arg("--"), choice)
}

fn doctests(choice: &Choice, members: &[Member]) -> Cmd {
    let cmd = cargo().args(["test", "--quiet", "--doc", "--workspace", "--no-fail-fast"]);
    let without = members.iter().filter(|member| !member.has_lib());
    filter(without.fold(cmd, |cmd, member| cmd.args(["--exclude", &member.name])).arg("--"), choice)
}

fn wasm_tests(
    toolchain: &WasmToolchain,
    native: &Native,
    choice: &Choice,
    members: &[Member],
) -> Result<Cmd> {
    let mut cmd = toolchain
        .cargo()
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", &native.test_runner)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "180")
        .args(["test", "--no-fail-fast", "--target", TARGET]);
    let tested = wasm_tested(members)?;
    cmd = tested.iter().fold(cmd, |cmd, (member, _)| cmd.args(["-p", &member.name]));
    let mut targets: Vec<&WasmTarget> = tested.iter().flat_map(|(_, targets)| targets).collect();
    targets.sort();
    targets.dedup();
    for target in targets {
        cmd = match target {
            WasmTarget::Lib => cmd.arg("--lib"),
            WasmTarget::Test(name) => cmd.args(["--test", name]),
        };
    }
    Ok(filter(cmd.arg("--"), choice))
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum WasmTarget {
    Lib,
    Test(String),
}

/// The crates, and their targets, that have tests for the browser: they name the attribute.
fn wasm_tested(members: &[Member]) -> Result<Vec<(&Member, Vec<WasmTarget>)>> {
    const SIGN: &str = "#[wasm_bindgen_test";
    let mut found = Vec::new();
    for member in members.iter().filter(|member| member.has_lib()) {
        let mut targets = Vec::new();
        for file in files(&member.dir.join("src"))? {
            if file.extension().is_some_and(|e| e == "rs")
                && read(&file)?.contains(SIGN)
                && targets.is_empty()
            {
                targets.push(WasmTarget::Lib);
            }
        }
        for (kind, name) in &member.targets {
            let file = member.dir.join("tests").join(format!("{name}.rs"));
            let folder = member.dir.join("tests").join(name);
            let mut sources = if file.exists() { vec![file] } else { Vec::new() };
            sources.extend(if folder.is_dir() { files(&folder)? } else { Vec::new() });
            if kind == "test" && sources.iter().any(|file| read(file).is_ok_and(|text| text.contains(SIGN))) {
                targets.push(WasmTarget::Test(name.clone()));
            }
        }
        if !targets.is_empty() {
            found.push((member, targets));
        }
    }
    if found.is_empty() {
        bail!("no crate has a test for the browser ({SIGN})");
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Choice> {
        Choice::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_the_engines_asked_for_count() {
        assert_eq!(of_engines(&Engine::ALL, false), [""; 0]);
        assert_eq!(of_engines(&[Engine::Chromium], false), ["--skip", "firefox", "--skip", "webkit"]);
        assert_eq!(
            of_engines(&[Engine::Firefox], false),
            ["--skip", "chromium", "--skip", "webkit", "firefox"]
        );
        assert_eq!(of_engines(&[Engine::Firefox], true), ["--skip", "chromium", "--skip", "webkit"]);
    }

    #[test]
    fn choices_are_read() {
        assert_eq!(parse("").unwrap(), Choice::all());
        let one = parse("e2e --engine firefox lost_answer").unwrap();
        assert_eq!((one.native, one.wasm, one.end_to_end), (false, false, true));
        assert_eq!((one.engines, one.filter.as_deref()), (vec![Engine::Firefox], Some("lost_answer")));
        assert!(!parse("--engine webkit").unwrap().native);
        assert!(parse("e2e --engine opera").is_err());
        assert!(parse("native a b").is_err());
        assert!(parse("--all").is_err());
    }

    #[test]
    fn a_step_that_runs_nothing_or_does_not_build_fails_the_whole() {
        let mut report = Report::default();
        report.step("fine", &Cmd::new("echo").arg("test result: ok. 2 passed; 0 failed;")).unwrap();
        assert!(report.close().is_ok());
        report.step("empty", &Cmd::new("true")).unwrap();
        assert!(report.close().is_err());
        let mut broken = Report::default();
        broken.step("broken", &Cmd::new("false")).unwrap();
        assert_eq!(broken.total(), Tally { passed: 0, failed: 1 });
    }
}
