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
use crate::shared::Shared;
use crate::{EngineError, LogStream, StreamName, relayed};

/// What there is to know of runs. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    shared: Shared,
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

/// What is stored of a stream of a call.
struct KeptLog {
    /// The newest attempt at the call.
    attempt: u32,
    content: KeptContent,
}

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
        // Looked up before the journal: a call that ends in between has its artifact then.
        let live = self.shared.logs.get(run, step, index, name);
        let KeptLog { attempt, content } = self.kept_log(&wanted).await?;
        match (content, live) {
            (KeptContent::None, Some(log)) => {
                let reader = self.clone();
                Ok(log.follow(move |from| async move { reader.rest_of_log(&wanted, from).await }))
            }
            (KeptContent::None, None) => Ok(self.relayed_log(wanted, attempt)),
            (KeptContent::Empty, _) => Ok(stream::empty().boxed()),
            (KeptContent::Blob(blob), _) => self.stored_log(&blob, 0).await,
        }
    }

    /// What is stored of a stream, from byte `from` on.
    async fn rest_of_log(&self, wanted: &Wanted, from: usize) -> Result<LogStream, EngineError> {
        match self.kept_log(wanted).await?.content {
            KeptContent::Blob(blob) => self.stored_log(&blob, from as u64).await,
            // An attempt that another follows keeps nothing: its stream ends here.
            KeptContent::None | KeptContent::Empty => Ok(stream::empty().boxed()),
        }
    }

    /// A stream of an attempt that another process works on, or nobody yet; nothing where there is no other.
    fn relayed_log(&self, wanted: Wanted, attempt: u32) -> LogStream {
        let Some(relay) = &self.shared.parts.relay else { return stream::empty().boxed() };
        let container = ContainerName { run: wanted.run, step: wanted.step, call: wanted.index, attempt };
        let pieces = relay.follow(LogName { container, stream: wanted.name });
        let (reader, ending) = (self.clone(), self.clone());
        let end = async move { ending.end_of_log(&wanted, attempt).await };
        relayed::follow(pieces, end.boxed(), |blob, from| async move { reader.stored_log(&blob, from).await })
    }

    /// Waits until the attempt is over, and gives what is kept of the stream.
    async fn end_of_log(&self, wanted: &Wanted, attempt: u32) -> Result<Option<Artifact>, EngineError> {
        let mut signals = self.shared.parts.signals.subscribe(Topic::Run(wanted.run));
        loop {
            signals.forget();
            let kept = self.kept_log(wanted).await?;
            match kept.content {
                // Of an attempt that another follows nothing is kept.
                _ if kept.attempt != attempt => return Ok(None),
                KeptContent::Blob(blob) => return Ok(Some(blob)),
                KeptContent::Empty => return Ok(None),
                KeptContent::None if self.is_over(wanted).await? => return Ok(None),
                KeptContent::None => {
                    if timeout(events::LOOK, signals.next()).await == Ok(Heard::Closed) {
                        tokio::time::sleep(events::LOOK).await;
                    }
                }
            }
        }
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
