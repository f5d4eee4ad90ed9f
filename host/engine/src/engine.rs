//! The engine as everyone outside sees it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use semver::Version;
use simulay_containers::{ContainerError, Containers, RegisteredImage};
use simulay_model::{
    CallRecord, Clock, ContainerCall, Digest, Event, Plugin, PluginName, RelativePath, Run, RunArtifact,
    RunId,
};
use simulay_sandbox::Sandbox;
use simulay_store::{Added, BlobStream, BlobWriter, Blobs, Journal, Plugins, RunQuery, Runs, StoreError};

use crate::{CreateError, Settings, UploadError};

/// What the engine works with; picked by the binary.
#[derive(Clone)]
pub struct Parts {
    /// Plugin records.
    pub plugins: Arc<dyn Plugins>,
    /// Run records.
    pub runs: Arc<dyn Runs>,
    /// What happened to runs.
    pub journal: Arc<dyn Journal>,
    /// Immutable bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Runs plugin code.
    pub sandbox: Arc<dyn Sandbox>,
    /// Carries out container calls.
    pub containers: Arc<dyn Containers>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Which version of a pipeline is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Name.
    pub name: PluginName,
    /// The latest when none.
    pub version: Option<Version>,
}

/// A request for a run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Pipeline.
    pub pipeline: Selector,
    /// Parameters as the caller gave them.
    pub params: serde_json::Value,
    /// Files, uploaded before.
    pub inputs: Vec<NewInput>,
    /// Drawn by the host when none.
    pub seed: Option<u64>,
}

/// An uploaded file under the name it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInput {
    /// Name for the plugin.
    pub path: RelativePath,
    /// The bytes.
    pub sha256: Digest,
}

/// What a request would do first.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Parameters with defaults filled in.
    pub params: serde_json::Value,
    /// The container calls of the first step, admitted by the policy.
    pub calls: Vec<ContainerCall>,
}

/// One of the streams of a container call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A stream of a call from its start; goes on until the call ends when that has not happened yet.
pub type LogStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// What happens to runs. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    parts: Parts,
    settings: Arc<Settings>,
}

/// What is going on, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Runs accepted and not ended.
    pub unfinished_runs: usize,
    /// Runs at work.
    pub active_runs: usize,
    /// Containers at work.
    pub containers: usize,
}

impl Engine {
    /// An engine over `parts`; [`Engine::recover`] comes before the first request.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        Self { parts, settings: Arc::new(settings) }
    }

    /// Takes up every unfinished run and removes containers whose run has ended. Gives the number
    /// of runs taken up.
    ///
    /// # Errors
    /// When the store does not answer; Docker may be absent.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        todo!()
    }

    /// Inspects a component and adds it.
    ///
    /// # Errors
    /// See [`UploadError`].
    pub async fn upload(&self, component: Bytes) -> Result<(Plugin, Added), UploadError> {
        todo!()
    }

    /// All versions of all plugins.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn plugins(&self) -> Result<Vec<Plugin>, StoreError> {
        todo!()
    }

    /// A version, retired or not; or the latest, never a retired one.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn plugin(&self, selector: &Selector) -> Result<Option<Plugin>, StoreError> {
        todo!()
    }

    /// Retires a version: no new runs. False when there is none.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn retire(&self, name: &PluginName, version: &Version) -> Result<bool, StoreError> {
        todo!()
    }

    /// Accepts a run: validated, stored, queued.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create(&self, new: NewRun) -> Result<Run, CreateError> {
        todo!()
    }

    /// What a run would do first; starts and stores nothing.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn preview(&self, new: NewRun) -> Result<Planned, CreateError> {
        todo!()
    }

    /// A run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        todo!()
    }

    /// Runs from the newest to the oldest.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn runs(&self, query: RunQuery) -> Result<Vec<Run>, StoreError> {
        todo!()
    }

    /// The run once it has ended, or as it is after `time`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn wait(&self, id: RunId, time: Duration) -> Result<Option<Run>, StoreError> {
        todo!()
    }

    /// Asks for the end of a run; asking again is fine.
    ///
    /// # Errors
    /// [`StoreError::Ended`] when it ended in another way, [`StoreError::NotFound`].
    pub async fn cancel(&self, id: RunId) -> Result<Run, StoreError> {
        todo!()
    }

    /// The events after the one numbered `after`, then live ones, until the run has ended.
    #[must_use]
    pub fn events(&self, id: RunId, after: u64) -> BoxStream<'static, Result<Event, StoreError>> {
        todo!()
    }

    /// The container calls of a run, the newest attempt of each.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn calls(&self, id: RunId) -> Result<Vec<CallRecord>, StoreError> {
        todo!()
    }

    /// Inputs, outputs, streams and kept files of a run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn artifacts(&self, id: RunId) -> Result<Vec<RunArtifact>, StoreError> {
        todo!()
    }

    /// A stream of the newest attempt at a call.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such call.
    pub async fn log(
        &self,
        id: RunId,
        step: u32,
        call: u32,
        stream: StreamName,
    ) -> Result<LogStream, StoreError> {
        todo!()
    }

    /// Takes the bytes of an input.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn blob_writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.parts.blobs.create().await
    }

    /// Bytes of an input or artifact.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn blob_size(&self, blob: Digest) -> Result<Option<u64>, StoreError> {
        self.parts.blobs.size(blob).await
    }

    /// Content of an input or artifact.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub async fn blob(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, StoreError> {
        self.parts.blobs.read(blob, range).await
    }

    /// The operator's images and whether Docker has them.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.parts.containers.images().await
    }

    /// What keeps the engine from working, in words; empty when nothing does.
    pub async fn readiness(&self) -> Vec<String> {
        todo!()
    }

    /// What is going on.
    #[must_use]
    pub fn stats(&self) -> Stats {
        todo!()
    }

    /// Accepts no more runs and lets go of those at work; their containers go on and are adopted
    /// at the next start.
    pub async fn shutdown(&self) {
        todo!()
    }
}
