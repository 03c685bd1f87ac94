//! Running other programs: one line of error, never a stack trace.

use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Prints one line of progress at once, terminal or not.
pub(crate) fn progress(line: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe is no reason to stop building.
    let _written = writeln!(out, "xtask: {line}").and_then(|()| out.flush());
}

/// Where `program` is on the PATH.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// A command to run, built up by value.
#[derive(Debug, Clone)]
pub(crate) struct Cmd {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    unset: Vec<OsString>,
    dir: Option<PathBuf>,
}

impl Cmd {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Cmd {
        Cmd {
            program: program.as_ref().into(),
            args: Vec::new(),
            env: Vec::new(),
            unset: Vec::new(),
            dir: None,
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Cmd {
        self.args.push(arg.as_ref().into());
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Cmd {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().into()));
        self
    }

    pub(crate) fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Cmd {
        self.env.push((key.as_ref().into(), value.as_ref().into()));
        self
    }

    pub(crate) fn unset(mut self, key: impl AsRef<OsStr>) -> Cmd {
        self.unset.push(key.as_ref().into());
        self
    }

    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Cmd {
        self.dir = Some(dir.as_ref().into());
        self
    }

    /// The same command, run by another program: `xvfb-run -a cargo test …`.
    pub(crate) fn under(mut self, program: &str, args: &[&str]) -> Cmd {
        let mut all: Vec<OsString> = args.iter().map(OsString::from).collect();
        all.push(std::mem::replace(&mut self.program, program.into()));
        all.append(&mut self.args);
        self.args = all;
        self
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // First what is inherited goes, then what is given comes.
        for key in &self.unset {
            command.env_remove(key);
        }
        command.args(&self.args).envs(self.env.iter().map(|(k, v)| (k, v)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    fn name(&self) -> String {
        let first = self.args.first().map(|arg| arg.to_string_lossy().into_owned()).unwrap_or_default();
        let program = Path::new(&self.program).file_name().unwrap_or(&self.program);
        format!("{} {first}", program.to_string_lossy()).trim_end().to_owned()
    }

    /// Runs with everything shown; an error if it does not end well.
    pub(crate) fn run(&self) -> Result<()> {
        let status = self.command().status().with_context(|| format!("cannot start {}", self.name()))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.name());
        }
        Ok(())
    }

    /// Runs with nothing shown, its output kept in a log.
    pub(crate) fn succeeds_quietly(&self, log: &Path) -> Result<bool> {
        if let Some(dir) = log.parent() {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let both = file.try_clone()?;
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(file).stderr(both);
        Ok(command.status().with_context(|| format!("cannot start {}", self.name()))?.success())
    }

    /// The same, as an error if it does not end well; the log's last lines are then shown.
    pub(crate) fn run_quietly(&self, log: &Path) -> Result<()> {
        if !self.succeeds_quietly(log)? {
            let text = std::fs::read_to_string(log).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            for line in lines.iter().skip(lines.len().saturating_sub(15)) {
                eprintln!("    {line}");
            }
            bail!("`{}` failed; all of its output is in {}", self.name(), log.display());
        }
        Ok(())
    }

    /// Standard output, if it ends well; the last line of its standard error otherwise.
    pub(crate) fn output(&self) -> Result<String> {
        let output = self
            .command()
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot start {}", self.name()))?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            let last =
                error.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing").to_owned();
            bail!("`{}` failed: {last}", self.name());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it ends well within the time; shows nothing. A command that takes longer is ended.
    pub(crate) fn succeeds_within(&self, limit: Duration) -> bool {
        let start = Instant::now();
        let child = self.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = child else { return false };
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) if start.elapsed() < limit => std::thread::sleep(Duration::from_millis(50)),
                _ => {
                    let _ended = child.kill();
                    let _reaped = child.wait();
                    return false;
                }
            }
        }
    }

    /// Runs with standard output shown and also handed on line by line; true if it ended well.
    pub(crate) fn run_watched(&self, watch: &mut dyn FnMut(&str)) -> Result<bool> {
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        let errors = writer.try_clone().context("cannot make a pipe")?;
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(writer).stderr(errors);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", self.name()))?;
        // The command holds the pipe's writing ends: without this the reading below would never end.
        drop(command);
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).unwrap_or(0) > 0 {
            let text = String::from_utf8_lossy(&line);
            print!("{text}");
            watch(text.trim_end());
            line.clear();
        }
        Ok(child.wait().with_context(|| format!("cannot wait for {}", self.name()))?.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outputs_are_watched_and_failure_is_told() {
        let mut seen = Vec::new();
        let well = Cmd::new("sh").args(["-c", "echo one; echo two >&2; exit 3"]);
        assert!(!well.run_watched(&mut |line| seen.push(line.to_owned())).unwrap());
        assert_eq!(seen, ["one", "two"]);
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let start = Instant::now();
        assert!(!Cmd::new("sleep").arg("20").succeeds_within(Duration::from_millis(100)));
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_command_runs_under_another() {
        let out = Cmd::new("echo").arg("b").under("env", &["-u", "X"]).output().unwrap();
        assert_eq!(out, "b\n");
    }

    #[test]
    fn what_is_given_outlives_what_is_unset() {
        let out =
            Cmd::new("sh").args(["-c", "echo $XTASK_TEST"]).env("XTASK_TEST", "given").unset("XTASK_TEST");
        assert_eq!(out.output().unwrap(), "given\n");
    }

    #[test]
    fn an_error_is_the_last_line_said() {
        let error =
            Cmd::new("sh").args(["-c", "echo first >&2; echo last >&2; exit 1"]).output().unwrap_err();
        assert_eq!(format!("{error:#}"), "`sh -c` failed: last");
    }
}
