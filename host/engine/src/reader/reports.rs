//! Runs whose numbers are looked into: few at once, since they may be many.

use std::sync::Arc;

use simulay_model::{Plot, Principal, Run, RunId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::Reader;
use crate::EngineError;

/// Reports that are read at once: of each the text and the numbers lie in memory, some 60 MiB at most.
const AT_ONCE: usize = 4;

/// The places of reports that are read.
#[derive(Clone)]
pub(super) struct Reports(Arc<Semaphore>);

impl Default for Reports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Reports {
    /// Waits for a place.
    pub(super) async fn place(&self) -> Result<OwnedSemaphorePermit, EngineError> {
        self.0.clone().acquire_owned().await.map_err(EngineError::broken)
    }
}

impl Reader {
    /// What `look` finds in the plots of a run, on a thread that may block; `None` when there is no such run. A run
    /// without a report has none.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn look_at_plots<T: Send + 'static>(
        &self,
        principal: &Principal,
        id: RunId,
        look: impl FnOnce(Vec<Plot>) -> T + Send + 'static,
    ) -> Result<Option<T>, EngineError> {
        let place = self.reports.place().await?;
        let Some(Run { report, .. }) = self.run(principal, id).await? else { return Ok(None) };
        let looked = spawn_blocking(move || {
            let _held = place;
            look(report.map(|report| report.plots).unwrap_or_default())
        });
        looked.await.map(Some).map_err(EngineError::broken)
    }
}
