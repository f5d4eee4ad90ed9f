//! Domain values the tests need.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use serde_json::json;
use simulay_model::{
    Artifact, CallEnd, Change, ContainerCall, ContainerResult, Decision, Digest, Ending, Event, EventData,
    Manifest, OnFailure, Plugin, PluginRef, PluginState, RelativePath, Report, Request, Resources, Run,
    RunId, RunState, Step,
};
use simulay_store::{BlobStream, Blobs, Journal as _, Runs as _, StoreError};
use simulay_store_sqlite::{ObjectBlobs, SqliteStore, open};
use tempfile::TempDir;

/// An open store in a directory of its own.
pub(crate) struct House {
    pub(crate) directory: TempDir,
    pub(crate) records: Arc<SqliteStore>,
    pub(crate) blobs: Arc<ObjectBlobs>,
}

impl House {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (records, blobs) = open(directory.path()).unwrap();
        Self { directory, records, blobs }
    }

    pub(crate) fn reopen(self) -> Self {
        let Self { directory, records, blobs } = self;
        drop((records, blobs));
        let (records, blobs) = open(directory.path()).unwrap();
        Self { directory, records, blobs }
    }

    pub(crate) async fn run(&self) -> RunId {
        let run = run("heat");
        self.records.create(run.clone(), None).await.unwrap();
        run.id
    }

    /// A run at work on a step of `calls` calls.
    pub(crate) async fn running(&self, calls: usize) -> RunId {
        let run = self.run().await;
        self.apply(run, Change::Started).await.unwrap();
        self.apply(run, planned(0, calls)).await.unwrap();
        run
    }

    pub(crate) async fn apply(&self, run: RunId, change: Change) -> Result<Event, StoreError> {
        change_of(&self.records, run, None, now(), change).await
    }

    pub(crate) async fn put(&self, bytes: &[u8]) -> Digest {
        put(&*self.blobs, bytes).await
    }
}

/// The file of a blob in a data directory.
pub(crate) fn file_of(data: &Path, blob: Digest) -> PathBuf {
    let name = blob.to_string();
    data.join("blobs/sha256").join(format!("{name:.2}")).join(name)
}

pub(crate) async fn put(blobs: &dyn Blobs, bytes: &[u8]) -> Digest {
    let mut writer = blobs.create().await.unwrap();
    writer.write(Bytes::copy_from_slice(bytes)).await.unwrap();
    writer.finish().await.unwrap().0
}

pub(crate) async fn content(stream: BlobStream) -> Result<Vec<u8>, StoreError> {
    stream
        .try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}

pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

pub(crate) fn plugin(name: &str, version: &str, bytes: &[u8]) -> Plugin {
    let resources = Resources { cpu_milli: 1, memory_mib: 1, scratch_mib: 1, timeout_ms: 1 };
    Plugin {
        sha256: Digest::of(bytes),
        size: bytes.len() as u64,
        manifest: Manifest {
            name: name.parse().unwrap(),
            version: version.parse().unwrap(),
            title: "Heat".to_owned(),
            description: "In a plate.".to_owned(),
            params_schema: json!({ "type": "object" }),
            result_schema: json!({ "type": "object" }),
            images: Vec::new(),
            max_resources: resources,
            max_parallel: 1,
            examples: Vec::new(),
        },
        contract: "0.1.0".parse().unwrap(),
        tools: Vec::new(),
        uploader: "local".to_owned(),
        uploaded_at: now(),
        state: PluginState::Active,
        approved_at: Some(now()),
        retired_at: None,
        check: None,
    }
}

pub(crate) fn run(pipeline: &str) -> Run {
    Run {
        id: RunId::generate(),
        plugin: PluginRef {
            name: pipeline.parse().unwrap(),
            version: "1.2.3".parse().unwrap(),
            sha256: Digest::of(pipeline.as_bytes()),
        },
        request: Request {
            params: json!({ "width": 0.1, "tiny": 5e-324, "large": u64::MAX }).into(),
            inputs: vec![artifact("mesh.csv", b"1,2")],
            seed: u64::MAX,
        },
        retries: 0,
        state: RunState::Queued,
        steps: 0,
        cancel_requested: false,
        created_at: now(),
        started_at: None,
        ended_at: None,
        report: None,
        error: None,
    }
}

pub(crate) fn artifact(path: &str, bytes: &[u8]) -> Artifact {
    Artifact {
        path: RelativePath::new(path).unwrap(),
        size: bytes.len() as u64,
        sha256: Digest::of(bytes),
        media_type: Artifact::media_type_of(path).to_owned(),
    }
}

pub(crate) fn call(name: &str) -> ContainerCall {
    ContainerCall {
        name: name.to_owned(),
        image: "octave".to_owned(),
        command: vec!["octave-cli".to_owned(), "main.m".to_owned()],
        env: vec![("LANG".to_owned(), "C".to_owned())],
        files: Vec::new(),
        outputs: vec!["*.csv".to_owned()],
        resources: Resources { cpu_milli: 1000, memory_mib: 256, scratch_mib: 64, timeout_ms: 1000 },
        excludes: Vec::new(),
        keep_unchanged: true,
        on_failure: OnFailure::FailRun,
        deterministic: true,
    }
}

pub(crate) fn plan(calls: usize) -> Step {
    let calls = (0..calls).map(|number| call(&format!("call-{number}"))).collect();
    Step { calls, state: json!({ "round": 1 }).into() }
}

pub(crate) fn planned(step: u32, calls: usize) -> Change {
    Change::StepPlanned { step, plan: plan(calls) }
}

pub(crate) const fn started(step: u32, index: u32, attempt: u32) -> Change {
    Change::CallStarted { step, index, attempt }
}

pub(crate) fn ended(step: u32, index: u32, attempt: u32, wall_ms: u64) -> Change {
    Change::CallEnded { step, index, attempt, end: CallEnd::Result(result(wall_ms)) }
}

pub(crate) fn result(wall_ms: u64) -> ContainerResult {
    ContainerResult {
        name: "call-0".to_owned(),
        ending: Ending::Exited(0),
        stdout: "hello".to_owned(),
        stderr: String::new(),
        outputs: vec![artifact("out/field.csv", b"3,4")],
        stdout_log: Some(artifact("stdout.log", b"hello")),
        stderr_log: Some(artifact("stderr.log", b"oh")),
        left_out: Vec::new(),
        left_out_more: 0,
        stdout_omitted: 0,
        stderr_omitted: 0,
        wall_ms,
        cpu_ms: None,
        peak_memory_bytes: None,
        reused: false,
    }
}

pub(crate) fn report() -> Report {
    Report { outcome: json!({ "peak": 0.1 + 0.2 }).into(), plots: Vec::new(), artifacts: Vec::new() }
}

/// Decides on a change and stores what follows, as the engine does; the event that tells of it.
pub(crate) async fn change_of(
    records: &SqliteStore,
    run: RunId,
    fence: Option<u64>,
    at: Timestamp,
    change: Change,
) -> Result<Event, StoreError> {
    let data = EventData::from(&change);
    loop {
        let progress = records.progress(run).await?.ok_or(StoreError::NotFound)?;
        let Decision::Commit(effects) = progress.decide(at, change.clone())? else { break };
        let (sequence, data) = (effects.sequence, effects.event.clone());
        match records.commit(run, fence, effects).await {
            Err(StoreError::Stale) => {}
            committed => return committed.map(|()| Event { run, sequence, at, data }),
        }
    }
    let events = records.events(run, 0, 1000).await?;
    Ok(events.into_iter().find(|event| event.data == data).expect("it happened before"))
}
