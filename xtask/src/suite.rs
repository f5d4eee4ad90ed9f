//! Runs every test, those with a real Docker daemon too.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::place::Place;
use crate::process::{ends_well, run, which};
use crate::setup::ImageId;
use crate::{browser, documents, hostile, page, proof, setup, tidy};

type Proof = fn(&Place, &ImageId) -> anyhow::Result<()>;

const ANSWER: std::time::Duration = std::time::Duration::from_secs(30);

/// Sets up, checks tidiness, runs the tests, and ends with how many passed and failed.
pub(crate) fn execute(place: &Place) -> anyhow::Result<()> {
    let image = setup::for_tests(place)?;
    tidy::execute(place)?;
    let mut counts = Counts::default();
    for mut runner in runners(place) {
        runner.env("SIMULAY_TEST_IMAGE", image.as_str()).env("SIMULAY_PLUGINS", place.plugins());
        runner.env("SIMULAY_TOOLS", place.made("tools")?);
        counts.add(follow(&mut runner)?);
    }
    counts.add(proofs(place, &image));
    println!("\n{}", counts.sentence());
    if counts.failed > 0 { bail!("tests failed") } else { Ok(()) }
}

/// What only a whole host shows, each in its short form.
fn proofs(place: &Place, image: &ImageId) -> Counts {
    let proofs: [(&str, Proof); 8] = [
        ("libraries", libraries),
        ("page", page::prove),
        ("browser", browser::prove),
        ("docs", documents::short),
        ("hostile", hostile::short),
        ("sweep", proof::sweep::short),
        ("torture", proof::torture::short),
        ("cluster", proof::cluster::short),
    ];
    let mut counts = Counts::default();
    for (name, proof) in proofs {
        println!("\n{name}");
        let begun = Instant::now();
        match proof(place, image) {
            Ok(()) => counts.passed += 1,
            Err(error) => {
                println!("{name} FAILED: {error:#}");
                counts.failed += 1;
            }
        }
        println!("{name}: {} s", begun.elapsed().as_secs());
    }
    counts
}

/// The tests of what plugins in Python and JavaScript are written with.
fn libraries(place: &Place, _: &ImageId) -> anyhow::Result<()> {
    ["sdk/python/test", "sdk/js/test"]
        .iter()
        .try_for_each(|test| run(&mut Command::new(place.root().join(test))))
}

/// `cargo nextest`, which leaves out examples in documentation, or else `cargo test`.
fn runners(place: &Place) -> Vec<Command> {
    let cargo = |arguments: &[&str]| {
        let mut cargo = place.cargo();
        cargo.args(arguments);
        cargo
    };
    if which("cargo-nextest").is_some() && ends_well(&mut cargo(&["nextest", "--version"]), ANSWER) {
        // A test that fails once and then passes is shown as flaky, and is to be mended.
        let nextest = cargo(&[
            "nextest",
            "run",
            "--workspace",
            "--no-fail-fast",
            "--no-tests",
            "warn",
            "--retries",
            "1",
        ]);
        return vec![nextest, cargo(&["test", "--workspace", "--doc", "--no-fail-fast", "--quiet"])];
    }
    vec![cargo(&["test", "--workspace", "--no-fail-fast", "--quiet"])]
}

/// Runs a test runner, shows what it prints and counts its closing lines.
fn follow(runner: &mut Command) -> anyhow::Result<Counts> {
    runner.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = runner.spawn().context("the test runner cannot be started")?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let mut counts = thread::scope(|scope| {
        let told = scope.spawn(|| show(err, std::io::stderr()));
        let mut counts = show(out, std::io::stdout());
        counts.add(told.join().unwrap_or_default());
        counts
    });
    if !child.wait()?.success() && counts.failed == 0 {
        // What does not compile, or cannot be started, has no closing line.
        counts.failed = 1;
    }
    Ok(counts)
}

/// Copies a stream line by line and counts what it tells.
fn show(stream: Option<impl Read>, mut to: impl Write) -> Counts {
    let mut counts = Counts::default();
    let Some(stream) = stream else { return counts };
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        counts.add(Counts::of(&String::from_utf8_lossy(&line)));
        // Nobody may be reading; the tests go on.
        let _ = to.write_all(&line);
        line.clear();
    }
    counts
}

/// How many tests passed, failed, and were left out.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    /// What a closing line tells; nothing for any other line.
    fn of(line: &str) -> Self {
        // nextest shows the closing line of each try of a failed test too, further in.
        let told = match (line.strip_prefix("test result: "), line.trim().strip_prefix("Summary [")) {
            (Some(rest), _) => rest.split_once(". "),
            (_, Some(rest)) => rest.split_once(" run: "),
            _ => None,
        };
        let mut counts = Self::default();
        for part in told.map_or("", |(_, told)| told).split([',', ';']) {
            counts.count(part.trim());
        }
        counts
    }

    fn count(&mut self, part: &str) {
        let Some((number, what)) = part.split_once(' ') else { return };
        let Ok(number) = number.parse::<u64>() else { return };
        match what.split_whitespace().next() {
            Some("passed") => self.passed += number,
            Some("failed" | "timed" | "exec") => self.failed += number,
            Some("skipped" | "ignored") => self.skipped += number,
            _ => {}
        }
    }

    const fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    fn sentence(self) -> String {
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        format!("{} passed, {} failed{skipped}", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(line: &str) -> (u64, u64, u64) {
        let Counts { passed, failed, skipped } = Counts::of(line);
        (passed, failed, skipped)
    }

    #[test]
    fn closing_lines_are_counted() {
        let cargo = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0s\n";
        assert_eq!(counts(cargo), (5, 2, 1));
        let nextest = "     Summary [   0.540s] 27 tests run: 21 passed (1 slow), 3 failed, 2 timed out, 1 exec failed, 4 skipped";
        assert_eq!(counts(nextest), (21, 6, 4));
        assert_eq!(counts("     Summary [   0.5s] 1 test run: 1 passed, 0 skipped"), (1, 0, 0));
        assert_eq!(counts("    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured"), (0, 0, 0));
        assert_eq!(counts("test parser::reads_5 passed; 3 failed ... ok"), (0, 0, 0));
    }

    #[test]
    fn a_runner_that_breaks_counts_as_a_failure() {
        let broken = follow(Command::new("sh").args(["-c", "echo no such crate >&2; exit 101"])).unwrap();
        assert_eq!(broken.sentence(), "0 passed, 1 failed");
        let script = "echo 'test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out'";
        assert_eq!(
            follow(Command::new("sh").args(["-c", script])).unwrap().sentence(),
            "2 passed, 0 failed, 1 skipped"
        );
    }
}
