//! What there is to know of runs: lists, events, logs, artifacts.

use std::ops::Range;
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use simulay_blobs::BlobStream;
use simulay_model::{
    Artifact, CallEnd, CallRecord, ContainerName, Digest, Event, OwnerFilter, Principal, Run, RunArtifact,
    RunId, RunSummary,
};
use simulay_signals::{Heard, LogName, Topic};
use simulay_store::{RunQuery, StoreError};
use tokio::time::timeout;

use crate::events::{self, Followers};
use crate::lease::may_pass;
use crate::shared::Shared;
use crate::{EngineError, LogStream, StreamName, relayed};

/// What there is to know of runs. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    pub(crate) shared: Shared,
    followers: Followers,
}

/// A stream of a call, of a run whose owner the filter admits.
struct Wanted {
    owner: OwnerFilter,
    run: RunId,
    step: u32,
    index: u32,
    name: StreamName,
}

impl Wanted {
    /// Of an attempt at the call.
    const fn log(&self, attempt: u32) -> LogName {
        let container = ContainerName { run: self.run, step: self.step, call: self.index, attempt };
        LogName { container, stream: self.name }
    }
}

/// What is stored of a stream of a call.
struct KeptLog {
    /// The newest attempt at the call.
    attempt: u32,
    content: KeptContent,
}

/// What is kept of a stream that is over.
struct Kept(Option<Artifact>);

enum KeptContent {
    /// The attempt has not ended.
    None,
    Empty,
    Blob(Artifact),
}

impl Reader {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared, followers: Followers::default() }
    }

    /// A run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn run(&self, principal: &Principal, id: RunId) -> Result<Option<Run>, EngineError> {
        Ok(self.shared.parts.runs.get(&principal.visible(), id).await?)
    }

    /// A run without its documents.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn run_summary(
        &self,
        principal: &Principal,
        id: RunId,
    ) -> Result<Option<RunSummary>, EngineError> {
        Ok(self.shared.parts.runs.summary(&principal.visible(), id).await?)
    }

    /// Runs without their documents, from the newest to the oldest.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn runs(&self, principal: &Principal, query: RunQuery) -> Result<Vec<RunSummary>, EngineError> {
        Ok(self.shared.parts.runs.list(&principal.visible(), query).await?)
    }

    /// The run once it has ended, or as it is after `time`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn wait(
        &self,
        principal: &Principal,
        id: RunId,
        time: Duration,
    ) -> Result<Option<Run>, EngineError> {
        let ended = events::ended(self.shared.parts.clone(), principal.visible(), id);
        let ended = self.shared.shutdown.run_until_cancelled(ended);
        // Too long a wait is no error: the run is told as it is.
        let _ = tokio::time::timeout(time, ended).await;
        self.run(principal, id).await
    }

    /// The events after the one numbered `after`, then live ones, until the run has ended or the
    /// host stops.
    #[must_use]
    pub fn events(
        &self,
        principal: &Principal,
        id: RunId,
        after: u64,
    ) -> BoxStream<'static, Result<Event, EngineError>> {
        let events = self.followers.follow(self.shared.parts.clone(), principal.visible(), id, after);
        let events = events.map_err(EngineError::from);
        events.take_until(self.shared.shutdown.clone().cancelled_owned()).boxed()
    }

    /// The container calls of a run, the newest attempt of each.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn calls(&self, principal: &Principal, id: RunId) -> Result<Vec<CallRecord>, EngineError> {
        Ok(self.shared.parts.journal.calls(&principal.visible(), id).await?)
    }

    /// Inputs, outputs, streams and kept files of a run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn artifacts(&self, principal: &Principal, id: RunId) -> Result<Vec<RunArtifact>, EngineError> {
        Ok(self.shared.parts.journal.artifacts(&principal.visible(), id).await?)
    }

    /// A stream of the newest attempt at a call.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such call.
    pub async fn log(
        &self,
        principal: &Principal,
        run: RunId,
        (step, index): (u32, u32),
        name: StreamName,
    ) -> Result<LogStream, EngineError> {
        let wanted = Wanted { owner: principal.visible(), run, step, index, name };
        let KeptLog { attempt, content } = self.kept_log(&wanted).await?;
        match content {
            KeptContent::Empty => Ok(stream::empty().boxed()),
            KeptContent::Blob(blob) => self.stored_log(&blob, 0).await,
            KeptContent::None => self.log_at_work(wanted, attempt).await,
        }
    }

    /// A stream of an attempt that this process works on, another, or nobody yet.
    async fn log_at_work(&self, wanted: Wanted, attempt: u32) -> Result<LogStream, EngineError> {
        if let Some(log) = self.shared.logs.get(wanted.log(attempt)) {
            let reader = self.clone();
            return Ok(
                log.follow(move |from| async move { Ok(reader.log_elsewhere(wanted, attempt, from as u64)) })
            );
        }
        if self.shared.parts.relay.is_some() {
            return Ok(self.log_elsewhere(wanted, attempt, 0));
        }
        // It may have ended since.
        match self.kept_log(&wanted).await?.content {
            KeptContent::Blob(blob) => self.stored_log(&blob, 0).await,
            KeptContent::None | KeptContent::Empty => Ok(stream::empty().boxed()),
        }
    }

    /// A stream of an attempt from byte `from` on, as another process tells it, and the rest when it is over.
    fn log_elsewhere(&self, wanted: Wanted, attempt: u32, from: u64) -> LogStream {
        let relay = self.shared.parts.relay.as_ref();
        let pieces = relay.map_or(stream::empty().boxed(), |relay| relay.follow(wanted.log(attempt), from));
        let (reader, ending) = (self.clone(), self.clone());
        let end = async move { ending.end_of_log(&wanted, attempt).await }.boxed();
        relayed::follow(pieces, from, end, |blob, from| async move { reader.stored_log(&blob, from).await })
    }

    /// Waits until the attempt is over, and gives what is kept of the stream.
    async fn end_of_log(&self, wanted: &Wanted, attempt: u32) -> Result<Option<Artifact>, EngineError> {
        let mut signals = self.shared.parts.signals.subscribe(Topic::Run(wanted.run));
        loop {
            signals.forget();
            match self.kept_by_now(wanted, attempt).await {
                Ok(Some(Kept(kept))) => return Ok(kept),
                // The store may answer later.
                Err(EngineError::Records(error)) if may_pass(&error) => {
                    tokio::time::sleep(events::LOOK).await
                }
                Err(error) => return Err(error),
                Ok(None) => {
                    if timeout(events::LOOK, signals.next()).await == Ok(Heard::Closed) {
                        tokio::time::sleep(events::LOOK).await;
                    }
                }
            }
        }
    }

    /// What is kept of the stream; nothing while the attempt is not over.
    async fn kept_by_now(&self, wanted: &Wanted, attempt: u32) -> Result<Option<Kept>, EngineError> {
        let log = self.kept_log(wanted).await?;
        Ok(match log.content {
            // Of an attempt that another follows nothing is kept.
            _ if log.attempt != attempt => Some(Kept(None)),
            KeptContent::Blob(blob) => Some(Kept(Some(blob))),
            KeptContent::Empty => Some(Kept(None)),
            KeptContent::None => self.is_over(wanted).await?.then_some(Kept(None)),
        })
    }

    async fn is_over(&self, wanted: &Wanted) -> Result<bool, EngineError> {
        let run = self.shared.parts.runs.summary(&wanted.owner, wanted.run).await?;
        Ok(run.is_none_or(|run| run.state.is_end()))
    }

    async fn stored_log(&self, blob: &Artifact, from: u64) -> Result<LogStream, EngineError> {
        if from >= blob.size {
            return Ok(stream::empty().boxed());
        }
        let range = (from > 0).then_some(from..blob.size);
        let content = self.shared.parts.blobs.read(blob.sha256, range).await?;
        Ok(content.map_err(EngineError::from).boxed())
    }

    async fn kept_log(&self, wanted: &Wanted) -> Result<KeptLog, EngineError> {
        let Wanted { owner, run, step, index, name } = wanted;
        let record = self.shared.parts.journal.call(owner, *run, *step, *index).await?;
        let record = record.ok_or(StoreError::NotFound)?;
        let artifact = match record.end {
            Some(CallEnd::Result(result)) => match name {
                StreamName::Stdout => result.stdout_log,
                StreamName::Stderr => result.stderr_log,
            },
            Some(CallEnd::Error(_)) => None,
            None => return Ok(KeptLog { attempt: record.attempt, content: KeptContent::None }),
        };
        let content = artifact.map_or(KeptContent::Empty, KeptContent::Blob);
        Ok(KeptLog { attempt: record.attempt, content })
    }

    /// Bytes of an input or artifact; none of those that are not the principal's to name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn blob_size(&self, principal: &Principal, blob: Digest) -> Result<Option<u64>, EngineError> {
        if !self.may_name(principal, blob).await? {
            return Ok(None);
        }
        Ok(self.shared.parts.blobs.size(blob).await?)
    }

    /// Content of an input or artifact.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none, or it is not the principal's to name.
    pub async fn blob(
        &self,
        principal: &Principal,
        blob: Digest,
        range: Option<Range<u64>>,
    ) -> Result<BlobStream, EngineError> {
        if !self.may_name(principal, blob).await? {
            return Err(StoreError::NotFound.into());
        }
        Ok(self.shared.parts.blobs.read(blob, range).await?)
    }

    async fn may_name(&self, principal: &Principal, blob: Digest) -> Result<bool, EngineError> {
        let nameable = self.shared.parts.uploads.nameable(&principal.visible(), vec![blob]).await?;
        Ok(nameable.contains(&blob))
    }
}
