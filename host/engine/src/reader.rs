//! What there is to know of runs: lists, events, logs, artifacts.

mod compare;
mod logs;
mod reports;
mod reuse;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use simulay_blobs::BlobStream;
use simulay_model::{CallRecord, Digest, Event, Principal, Run, RunArtifact, RunId, RunSummary};
use simulay_store::{RunQuery, StoreError};

use crate::EngineError;
use crate::events::{self, Followers};
use crate::shared::Shared;
use reports::Reports;

pub use compare::{Compared, Comparison};
pub use logs::{AtWorkLog, KeptLog, Log, LogStart};
pub use reuse::{Nearest, NotReused, ReuseTold};

/// What there is to know of runs. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    pub(crate) shared: Arc<Shared>,
    followers: Followers,
    reports: Reports,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, followers: Followers::default(), reports: Reports::default() }
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
