//! Drives one run from where the store says it is to its end.
//!
//! # Flow
//! [`RunContext::drive`] waits for the run's turn, leases it and makes one [`Pass`] over it. A pass that the
//! store or another host breaks off is followed by another, which begins with what is stored.

use simulay_model::Chain;
use simulay_store::StoreError;

use crate::EngineError;
use crate::context::RunContext;
use crate::lease::{Loss, RunLease};
use crate::limits::Flow;
use crate::pass::Pass;

/// What came of the run's turn.
enum Outcome {
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
                Ok(Outcome::Ended | Outcome::Released) => return,
                Ok(Outcome::Contended) => self.settings.lease,
                Err(error) => {
                    tracing::error!(run = %self.run, error = %Chain(&error), "the run waits for the store");
                    self.settings.backoff.pause(failures, &*self.parts.entropy)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Waits for the turn of the run and works on it.
    async fn turn(&self) -> Result<Outcome, EngineError> {
        let flow = Flow { owner: self.owner.clone(), pipeline: self.pipeline.clone(), run: self.run };
        let _place = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            () = self.draining.cancelled() => return Ok(Outcome::Released),
            place = self.limits.run(&flow) => place,
        };
        match self.work(&flow).await {
            Err(EngineError::Records(StoreError::Ended | StoreError::NotFound)) => Ok(Outcome::Ended),
            Err(EngineError::Records(StoreError::Fenced)) => Ok(Outcome::Contended),
            turn => turn,
        }
    }

    async fn work(&self, flow: &Flow) -> Result<Outcome, EngineError> {
        let Some(lease) = RunLease::acquire(&self.parts, &self.settings, self.run).await? else {
            return Ok(Outcome::Contended);
        };
        tokio::select! {
            biased;
            loss = lease.keep(&self.stop) => match loss {
                // Dropped as if the host was killed: the containers are another's now.
                Loss::Taken => Ok(Outcome::Contended),
                Loss::Ended => Ok(Outcome::Ended),
            },
            // Apart, so that a run that waits takes little memory.
            ended = Box::pin(Pass::make(self, &lease, flow)) => ended.map(|()| Outcome::Ended),
        }
    }
}
