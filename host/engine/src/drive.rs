//! Drives one run from where the store says it is to its end.
//!
//! # Flow
//! [`RunContext::drive`] waits for the run's turn, leases it and makes one [`Pass`] over it. A pass that the
//! store or another host breaks off is followed by another, which begins with what is stored.

use simulay_store::StoreError;

use crate::context::RunContext;
use crate::lease::RunLease;
use crate::limits::Asker;
use crate::pass::Pass;

/// Whose runs these are, until there are accounts.
const OWNER: &str = "everyone";

/// What came of the run's turn.
enum Turn {
    /// The run has ended.
    Ended,
    /// The host takes up no more work: the run is left to its next start.
    Released,
    /// Another host has the run, and may lose it.
    Contended,
}

impl RunContext {
    /// Returns once the run has ended, or is left to the next start of the host.
    pub(crate) async fn drive(self) {
        for failures in 0.. {
            let pause = match self.turn().await {
                Ok(Turn::Ended | Turn::Released) => return,
                Ok(Turn::Contended) => self.settings.lease,
                Err(error) => {
                    tracing::error!(run = %self.run, %error, "the run waits for the store");
                    self.settings.backoff.pause(failures, &*self.parts.chance)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Waits for the turn of the run and works on it.
    async fn turn(&self) -> Result<Turn, StoreError> {
        let asker = Asker { owner: OWNER.into(), pipeline: self.pipeline.clone(), run: self.run };
        let _place = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            () = self.draining.cancelled() => return Ok(Turn::Released),
            place = self.limits.run(&asker) => place,
        };
        match self.work(&asker).await {
            Err(StoreError::Ended | StoreError::NotFound) => Ok(Turn::Ended),
            Err(StoreError::Fenced) => Ok(Turn::Contended),
            turn => turn,
        }
    }

    async fn work(&self, asker: &Asker) -> Result<Turn, StoreError> {
        let Some(lease) = RunLease::acquire(&self.parts, &self.settings, self.run).await? else {
            return Ok(Turn::Contended);
        };
        tokio::select! {
            biased;
            // Dropped as if the host was killed: the containers are another's now.
            () = lease.keep(&self.stop) => Ok(Turn::Contended),
            // Apart, so that a run that waits takes little memory.
            ended = Box::pin(Pass::make(self, &lease, asker)) => ended.map(|()| Turn::Ended),
        }
    }
}
