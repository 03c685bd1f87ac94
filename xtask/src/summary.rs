//! Adding up what the test runners say.

use std::fmt;

/// How many tests did what.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Takes in one line of a runner's output; lines that are no summary count nothing.
    pub(crate) fn read(&mut self, line: &str) {
        let line = without_colours(line);
        let line = line.trim();
        // cargo test, doctests and wasm-bindgen's runner: "test result: ok. 5 passed; 0 failed; 1 ignored; …"
        if let Some(counts) = line.strip_prefix("test result: ") {
            let counts = counts.split_once(". ").map_or(counts, |(_, counts)| counts);
            self.add(counts.split(';'));
        }
        // nextest: "Summary [   0.10s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 0 skipped"
        if line.starts_with("Summary [")
            && let Some((_, counts)) = line.split_once("run: ")
        {
            self.add(counts.split(','));
        }
    }

    fn add<'a>(&mut self, counts: impl Iterator<Item = &'a str>) {
        for count in counts {
            let mut words = count.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
            match words.next() {
                Some("passed") => self.passed += number,
                // "1 failed", "1 timed out", "1 exec failed"
                Some("failed" | "timed" | "exec") => self.failed += number,
                _ => {}
            }
        }
    }

    /// Both together.
    pub(crate) fn plus(self, other: Tally) -> Tally {
        Tally { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }

    /// Whether a step that ended (well or not) counts as passed: a runner that ran nothing proves nothing.
    pub(crate) fn judge(self, ended_well: bool) -> Verdict {
        match (ended_well, self.failed, self.passed) {
            (true, 0, 0) => Verdict::RanNothing,
            (true, 0, _) => Verdict::Passed,
            _ => Verdict::Failed,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// What came of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    RanNothing,
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> (u64, u64) {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read(line));
        (tally.passed, tally.failed)
    }

    #[test]
    fn cargo_test_is_read() {
        let ok =
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s";
        let bad = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(tally(&[ok, "test a ... ok", bad, "running 3 tests"]), (6, 2));
        assert_eq!(
            tally(&["test result: ok. 1 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.03s"]),
            (1, 0)
        );
    }

    #[test]
    fn nextest_is_read() {
        assert_eq!(tally(&["     Summary [   0.005s] 3 tests run: 3 passed, 0 skipped"]), (3, 0));
        let mixed = "Summary [ 9.1s] 14/20 tests run: 10 passed (1 slow), 2 failed, 1 timed out, 1 exec failed, 4 skipped";
        assert_eq!(tally(&[mixed]), (10, 4));
        assert_eq!(
            tally(&[
                "\u{1b}[32m     Summary\u{1b}[0m [   0.005s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m passed"
            ]),
            (1, 0)
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(
            tally(&["12 passed, 3 failed", "error: test failed", "", "Summary of things: 4 passed"]),
            (0, 0)
        );
    }

    #[test]
    fn a_step_without_tests_has_not_passed() {
        assert_eq!(Tally::default().judge(true), Verdict::RanNothing);
        assert_eq!(Tally { passed: 1, failed: 0 }.judge(true), Verdict::Passed);
        assert_eq!(Tally { passed: 1, failed: 0 }.judge(false), Verdict::Failed);
        assert_eq!(Tally { passed: 1, failed: 1 }.judge(true), Verdict::Failed);
        assert_eq!(Tally { passed: 3, failed: 1 }.to_string(), "3 passed, 1 failed");
    }
}
