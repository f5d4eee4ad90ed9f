//! Drives one run from where the store says it is to its end.
//!
//! # Flow
//! [`RunContext::drive`] is given a run whose turn it is, leases it and makes one [`Pass`] over it. A pass that
//! the store breaks off is followed by another, which begins with what is stored, when it is the run's turn
//! again. A run that another process has is let go of: [`crate::runner`] finds it should it become free. When the host
//! stops, its lease is ended, so that another process goes on with it at once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use simulay_model::Chain;
use simulay_signals::Signal;
use simulay_store::StoreError;
use tracing::Instrument as _;

use crate::EngineError;
use crate::context::RunContext;
use crate::fair_queue::Permit;
use crate::lease::RunLease;
use crate::pass::Pass;
use crate::trace;

/// For the store to take it down that a run is let go of.
const HAND_OVER: Duration = Duration::from_secs(5);

impl RunContext {
    /// Returns once the run has ended, another process has it, or it is left to the next start of the host.
    pub(crate) async fn drive(self, mut permit: Option<Permit>) {
        for failures in 0.. {
            let Err(error) = self.work().await else { return };
            tracing::error!(run = %self.run, error = %Chain(&error), "the run waits for the store");
            if !self.begun.load(Ordering::Relaxed) {
                // Others may have what it waits for.
                drop(permit.take());
            }
            let pause = tokio::time::sleep(self.settings.backoff.pause(failures, &*self.parts.entropy));
            if self.letting_go.run_until_cancelled(pause).await.is_none() {
                return;
            }
            permit = tokio::select! {
                biased;
                () = self.stop.cancelled() => None,
                () = self.draining.cancelled() => return,
                permit = self.turn(permit.take()) => permit,
            };
        }
    }

    /// The next turn of the run, which may have `kept` its own. Once it was worked on, it waits for nobody: others
    /// may wait for the room of its containers.
    async fn turn(&self, kept: Option<Permit>) -> Option<Permit> {
        if kept.is_some() {
            return kept;
        }
        if self.begun.load(Ordering::Relaxed) {
            return Some(self.limits.run_at_once(&self.flow));
        }
        self.limits.run(&self.flow).await
    }

    /// Works on the run until there is nothing to do for this process.
    async fn work(&self) -> Result<(), EngineError> {
        match self.pass().await {
            // It has ended, or another process has it.
            Err(EngineError::Records(StoreError::Ended | StoreError::NotFound | StoreError::Fenced)) => {
                Ok(())
            }
            worked => worked,
        }
    }

    async fn pass(&self) -> Result<(), EngineError> {
        if self.letting_go.is_cancelled() {
            return Ok(());
        }
        // A lease that was asked for is waited for: nobody would give back one that came unnoticed.
        let leased = tokio::select! {
            biased;
            leased = self.lease() => leased?,
            () = self.let_go_for(HAND_OVER) => None,
        };
        let Some(lease) = leased else { return Ok(()) };
        tokio::select! {
            biased;
            // The pass is dropped as if the host was killed: the containers are another's now.
            () = lease.keep(&self.stop) => Ok(()),
            () = self.letting_go.cancelled() => {
                self.hand_over(&lease).await;
                Ok(())
            }
            // Apart, so that a run that waits for the store takes little memory.
            ended = Box::pin(Pass::make(self, &lease, &self.flow).instrument(trace::pass(self.run))) => ended,
        }
    }

    /// Returns once the host lets go of what is at work, and so much time has passed.
    async fn let_go_for(&self, time: Duration) {
        self.letting_go.cancelled().await;
        tokio::time::sleep(time).await;
    }

    /// Leases the run; none when another process was first.
    async fn lease(&self) -> Result<Option<RunLease>, StoreError> {
        let acquired = RunLease::acquire(&self.parts, &self.settings, self.flow.unfinished());
        match acquired.instrument(trace::lease(self.run)).await {
            Ok(Some(lease)) => {
                self.races.win();
                self.begun.store(true, Ordering::Relaxed);
                if lease.fence > 1 {
                    tracing::info!(run = %self.run, fence = lease.fence, "a run that was leased before goes on");
                }
                self.parts.signals.publish(Signal::RunTaken(self.run));
                Ok(Some(lease))
            }
            Ok(None) | Err(StoreError::Ended) => {
                self.races.lose();
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Lets another process have the run at once. Without it, one has it when the lease is over.
    async fn hand_over(&self, lease: &RunLease) {
        match tokio::time::timeout(HAND_OVER, lease.release()).await {
            Ok(Ok(())) => self.parts.signals.publish(Signal::RunQueued(self.flow.unfinished())),
            Ok(Err(error)) => {
                tracing::info!(run = %self.run, error = %Chain(&error), "the run goes on when its lease is over");
            }
            Err(_) => tracing::info!(run = %self.run, "the run goes on when its lease is over"),
        }
    }
}
