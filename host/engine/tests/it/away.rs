//! Blobs that cannot be read for a while.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use simulay_blobs::{BlobError, BlobStream, BlobWriter, Blobs};
use simulay_containers::scripted::{Act, Scripted};
use simulay_engine::{Backoff, Settings};
use simulay_model::{Digest, RunState};
use simulay_sandbox::{Call, CallError, ReadArtifacts, ScriptedSandbox};

use crate::house::{COMPONENT, House, answer, manifest};

/// More often than a call is tried again because the sandbox failed.
const FAILURES: u32 = 12;

#[tokio::test]
async fn a_run_waits_for_blobs_that_are_away() {
    let directory = tempfile::tempdir().unwrap();
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).stdout("said"));
    let failures = Arc::new(AtomicU32::new(FAILURES));
    let left = failures.clone();
    let plugins = ScriptedSandbox::default().with(COMPONENT, manifest(), reading);
    let backoff = Backoff { first: Duration::from_millis(2), longest: Duration::from_millis(10) };
    let settings = Settings { backoff, ..Settings::default() };
    let away = |blobs| -> Arc<dyn Blobs> { Arc::new(Away { blobs, failures }) };
    let house = House::by(directory.path(), &containers, settings, plugins, away);
    house.upload().await;
    let run = house.ended(house.create(json!({})).await).await;
    assert_eq!(run.state, RunState::Succeeded, "{:?}", run.error);
    assert_eq!(left.load(Ordering::Relaxed), 0);
}

/// Reads what the first call printed before it answers.
fn reading(call: Call, artifacts: &dyn ReadArtifacts) -> Result<simulay_sandbox::Answered, CallError> {
    if let Call::PostProcess { results, .. } = &call {
        let log = results[0].stdout_log.as_ref().unwrap();
        artifacts.read(log.sha256, 0, log.size).map_err(|error| CallError::Host(error.to_string()))?;
    }
    Ok(answer(call))
}

/// Does not answer the first reads.
struct Away<B> {
    blobs: Arc<B>,
    failures: Arc<AtomicU32>,
}

#[async_trait]
impl<B: Blobs> Blobs for Away<B> {
    async fn scratch(&self) -> Result<File, BlobError> {
        self.blobs.scratch().await
    }

    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        self.blobs.create().await
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        self.blobs.size(blob).await
    }

    async fn keep(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        self.blobs.keep(blob).await
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        let left =
            self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_ok() {
            return Err(BlobError::Failed("nobody answers".into()));
        }
        self.blobs.read(blob, range).await
    }
}
