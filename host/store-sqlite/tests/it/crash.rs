//! Killed at any instruction, a store keeps what it acknowledged.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures_util::future::join_all;
use simulay_blobs::Blobs as _;
use simulay_blobs_object_store::ObjectBlobs;
use simulay_model::OwnerFilter::Any;
use simulay_model::{AccountName, Digest, RunId};
use simulay_store::{Claim, Journal as _, Outcome, RequestKey, Requests as _, Runs as _};
use simulay_store_sqlite::SqliteStore;

use crate::samples::{Failure, change_of, content, ended, now, open, planned, run, started};

const DIRECTORY: &str = "SIMULAY_TEST_CRASH_DIRECTORY";
const KILLS: usize = 20;

/// What a child said is stored.
#[derive(Default)]
pub(crate) struct Acknowledged {
    pub(crate) events: HashMap<RunId, u64>,
    claims: Vec<RunId>,
    pub(crate) blobs: Vec<Digest>,
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::default();
    for round in 0..KILLS {
        // A spread of moments, from the first acknowledgement to the middle of many.
        kill_after(directory.path(), 1 + round * round * 3 % 97, &mut acknowledged);
        verify(directory.path(), &acknowledged).await;
    }
    assert!(acknowledged.events.len() >= KILLS && acknowledged.blobs.len() >= KILLS);
}

/// Lets a child work until it said `lines` things, kills it, and takes down all it said.
fn kill_after(directory: &Path, lines: usize, acknowledged: &mut Acknowledged) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_writes_until_it_is_killed", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut left = lines;
    for line in said {
        if acknowledged.take(&line.unwrap()) && left > 0 {
            left -= 1;
            if left == 0 {
                child.kill().unwrap();
            }
        }
    }
    assert!(!child.wait().unwrap().success());
    assert_eq!(left, 0, "the child ended by itself");
}

impl Acknowledged {
    /// False for lines of the test harness, and for one cut short by the kill.
    pub(crate) fn take(&mut self, line: &str) -> bool {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["event", run, sequence, "."] => {
                let last = self.events.entry(run.parse().unwrap()).or_default();
                *last = sequence.parse::<u64>().unwrap().max(*last);
            }
            ["claim", run, "."] => self.claims.push(run.parse().unwrap()),
            ["blob", blob, "."] => self.blobs.push(blob.parse().unwrap()),
            _ => return false,
        }
        true
    }
}

pub(crate) async fn verify(directory: &Path, acknowledged: &Acknowledged) {
    let (records, blobs) = open(directory).unwrap();
    for (run, last) in &acknowledged.events {
        assert!(records.get(&Any, *run).await.unwrap().is_some(), "an acknowledged run is gone");
        let events = records.events(&Any, *run, 0, 100).await.unwrap();
        assert!(events.len() as u64 >= *last, "an acknowledged event is gone");
        let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (1..=events.len() as u64).collect::<Vec<_>>());
        let begun = events.iter().filter(|event| event.data.kind() == "call.started").count();
        let calls = records.calls(&Any, *run).await.unwrap();
        assert_eq!(calls.iter().filter(|call| call.started).count(), begun, "records and events agree");
    }
    for run in &acknowledged.claims {
        let found = records.find(&claim(*run).request).await.unwrap().unwrap();
        assert_eq!(found.outcome, Outcome::Run(*run));
    }
    for blob in &acknowledged.blobs {
        content(blobs.read(*blob, None).await.unwrap()).await.unwrap();
    }
    assert_eq!(unfinished_files(&directory.join("blobs")), Vec::<PathBuf>::new());
}

fn unfinished_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(unfinished_files(&path));
        } else if path.to_string_lossy().contains('#') || directory.ends_with("incoming") {
            found.push(path);
        }
    }
    found
}

#[test]
#[ignore = "the other side of `what_was_acknowledged_survives_a_kill`"]
fn child_that_writes_until_it_is_killed() {
    let directory = std::env::var_os(DIRECTORY).expect("started by the test");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (records, blobs) = open(Path::new(&directory)).unwrap();
        join_all((0..4).map(|number| write_forever(number, records.clone(), blobs.clone()))).await;
    });
}

async fn write_forever(writer: usize, records: Arc<SqliteStore>, blobs: Arc<ObjectBlobs>) {
    loop {
        // Every other blob is large enough to be written piece by piece.
        let size = if writer.is_multiple_of(2) { 100 } else { 600 * 1024 };
        write_once(size, &records, &blobs).await.unwrap();
    }
}

/// A run with a claim and some changes, and a blob of about `size` bytes; says what is stored.
pub(crate) async fn write_once(
    size: usize,
    records: &SqliteStore,
    blobs: &ObjectBlobs,
) -> Result<(), Failure> {
    let run = run("heat");
    records.create(run.clone(), Some(claim(run.id))).await?;
    say(&format!("event {} 1 .", run.id));
    say(&format!("claim {} .", run.id));
    let changes = [simulay_model::Change::Started, planned(0, 1), started(0, 0, 0), ended(0, 0, 0, 1)];
    for change in changes {
        let event = change_of(records, run.id, None, now(), change).await?;
        say(&format!("event {} {} .", run.id, event.sequence));
    }
    let mut writer = blobs.create().await?;
    writer.write(run.id.to_string().repeat(size / 36 + 1).into()).await?;
    say(&format!("blob {} .", writer.finish().await?.0));
    Ok(())
}

fn claim(run: RunId) -> Claim {
    let request = RequestKey { owner: AccountName::local(), scope: "test".to_owned(), key: run.to_string() };
    Claim { request, fingerprint: Digest::of(b"run") }
}

/// One write, so that a line is whole or was never said.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
