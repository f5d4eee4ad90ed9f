//! System calls that fail, each of the first of its kind in its turn: what was acknowledged stays, and
//! soon all is well again.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::crash::{Acknowledged, verify, write_once};
use crate::disk::is_of_the_disk;
use crate::samples::{Failure, open};

const DIRECTORY: &str = "SIMULAY_TEST_INJECTED_DIRECTORY";
/// What SQLite and the store of blobs ask of a disk. `write` is left out: the child speaks by it.
const CALLS: [&str; 6] = ["pwrite64", "fdatasync", "fsync", "ftruncate", "rename,renameat2,linkat", "mkdir"];
const ERRORS: [&str; 2] = ["EIO", "ENOSPC"];
const FIRST: usize = 6;
const ROUNDS: usize = 3;
/// The rule holds for each thread that touches the disk: the one that opens, the one that writes, two for blobs.
const THREADS: usize = 4;

#[tokio::test]
async fn a_system_call_that_fails_loses_nothing() {
    if !traces() {
        eprintln!("SKIPPED: `strace` cannot trace a program here");
        return;
    }
    let mut struck = 0;
    for calls in CALLS {
        for error in ERRORS {
            for nth in 1..=FIRST {
                let directory = directory();
                let rule = format!("{calls}:error={error}:when={nth}");
                let (acknowledged, hit) = work_under(directory.path(), &rule);
                verify(directory.path(), &acknowledged).await;
                assert!(acknowledged.blobs.len() >= ROUNDS, "{rule}: it did not come back");
                struck += usize::from(hit);
            }
        }
    }
    // Of each kind at least one was there to fail; of those a store makes all the time, all were.
    assert!(struck > CALLS.len() * ERRORS.len(), "only {struck} faults struck");
}

/// In memory, where there is some: what fails here is not the disk.
fn directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn traces() -> bool {
    Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status().is_ok_and(|done| done.success())
}

/// Lets a child work with one call failed by `rule`; what it said is stored, and whether the rule struck.
fn work_under(directory: &Path, rule: &str) -> (Acknowledged, bool) {
    let trace = directory.with_extension("strace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "--seccomp-bpf", "-e", "signal=none", "-o"]);
    let (calls, _) = rule.split_once(':').unwrap();
    strace.arg(&trace).args(["-e", &format!("trace={calls}"), "-e", &format!("inject={rule}")]);
    strace.arg(std::env::current_exe().unwrap());
    strace.args(["--exact", "injected::child_that_bears_a_fault", "--ignored", "--nocapture"]);
    let mut child = strace.env(DIRECTORY, directory).stdout(Stdio::piped()).spawn().unwrap();
    let mut acknowledged = Acknowledged::default();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        acknowledged.take(&line.unwrap());
    }
    assert!(child.wait().unwrap().success(), "{rule}: the child broke");
    let told = BufReader::new(File::open(&trace).unwrap()).lines();
    let struck = told.map_while(Result::ok).any(|line| line.contains("(INJECTED)"));
    std::fs::remove_file(&trace).unwrap();
    (acknowledged, struck)
}

#[test]
#[ignore = "the other side of `a_system_call_that_fails_loses_nothing`"]
fn child_that_bears_a_fault() {
    let directory = std::env::var_os(DIRECTORY).expect("started by the test");
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(2).build().unwrap();
    runtime.block_on(work(Path::new(&directory)));
}

/// Opens and writes; bears as many failures as there are faults.
async fn work(directory: &Path) {
    let (mut failures, mut done) = (0, 0);
    let mut bear = |error: Failure| {
        failures += 1;
        assert!(failures <= THREADS && is_of_the_disk(&error), "failure {failures}: {error:?}");
    };
    let (records, blobs) = loop {
        match open(directory) {
            Ok(store) => break store,
            Err(error) => bear(error),
        }
    };
    while done < ROUNDS {
        match write_once(600 << 10, &records, &blobs).await {
            Ok(()) => done += 1,
            Err(error) => bear(error),
        }
    }
}
