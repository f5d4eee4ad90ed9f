//! A run that this host holds. Every write carries the fence of the lease, so that a host that was
//! asleep for too long changes nothing any more.

use std::time::Duration;

use simulay_model::{Change, RunId};
use simulay_store::{Lease, StoreError};
use tokio_util::sync::CancellationToken;

use crate::work_time::WorkTime;
use crate::{Parts, Settings};

/// A run that this host holds.
pub(crate) struct Hold {
    parts: Parts,
    run: RunId,
    fence: u64,
    time: Duration,
    /// How long the run has been worked on.
    pub(crate) worked: WorkTime,
}

impl Hold {
    /// `None` while another host has the run.
    pub(crate) async fn take(
        parts: &Parts,
        settings: &Settings,
        run: RunId,
    ) -> Result<Option<Self>, StoreError> {
        let lease = parts.leases.take(run, &settings.owner, settings.lease).await?;
        let hold = |Lease { fence, worked }| Self {
            parts: parts.clone(),
            run,
            fence,
            time: settings.lease,
            worked: WorkTime::after(worked),
        };
        Ok(lease.map(hold))
    }

    /// Keeps the run; returns once another host has it, or it has ended. Cancels `stop` when its
    /// end is asked for elsewhere.
    pub(crate) async fn keep(&self, stop: &CancellationToken) {
        loop {
            tokio::time::sleep(self.time / 3).await;
            let lease = Lease { fence: self.fence, worked: self.worked.total() };
            match self.parts.leases.renew(self.run, lease, self.time).await {
                Ok(standing) if standing.cancel_requested => stop.cancel(),
                Ok(_) => {}
                Err(StoreError::Fenced | StoreError::Ended | StoreError::NotFound) => return,
                // Whether anyone took the run meanwhile, the next write will tell.
                Err(error) => tracing::warn!(run = %self.run, %error, "the lease is not renewed"),
            }
        }
    }

    /// Stores a change of the run.
    pub(crate) async fn apply(&self, change: Change) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        self.parts.leases.advance(self.run, self.fence, now, change).await.map(|_| ())
    }
}

/// True for errors that waiting may mend.
pub(crate) const fn may_pass(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Full | StoreError::Low { .. } | StoreError::Unwritable(_) | StoreError::Failed(_)
    )
}
