//! Carries out the calls of a step, side by side, under the global and the per-run bound.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use simulay_containers::{Admitted, Completed, ContainerError};
use simulay_model::{
    CallEnd, CallRecord, Change, ContainerName, Digest, LogLevel, OnFailure, RunError, RunId, Stage,
};
use simulay_store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::exchange::CallExchange;
use crate::limits::Limits;
use crate::logs::{LiveLogs, StreamName};
use crate::{Parts, Settings, verdict};

const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What carrying out the calls of one run needs.
pub(crate) struct Simulation<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) settings: &'a Settings,
    pub(crate) limits: &'a Limits,
    pub(crate) logs: &'a LiveLogs,
    pub(crate) run: RunId,
    /// Artifacts of the run and their sizes.
    pub(crate) known: Arc<HashMap<Digest, u64>>,
}

/// How an attempt ended.
enum Attempt {
    /// With a result, or an error that another attempt would not mend.
    Over(Box<CallEnd>),
    /// The platform broke it: worth another attempt.
    Broken(RunError),
    /// Stopped from outside; the container is gone.
    Stopped,
}

impl Simulation<'_> {
    /// Sees every call in `pending` through to its end. When one fails the run, the others are
    /// stopped. Returns early, with calls left open, only when `stop` says so.
    pub(crate) async fn step(
        &self,
        pending: Vec<(CallRecord, Admitted)>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let present = self.present(&pending, stop).await;
        let step = stop.child_token();
        let (present, siblings) = (&present, &step);
        let calls = pending.into_iter().map(|(record, admitted)| async move {
            let ended = self.call(record, &admitted, present, siblings).await;
            if !matches!(ended, Ok(true)) {
                siblings.cancel();
            }
            ended.map(|_| ())
        });
        let mut running = stream::iter(calls).buffer_unordered(self.settings.max_containers_per_run.max(1));
        let mut outcome = Ok(());
        while let Some(ended) = running.next().await {
            outcome = outcome.and(ended);
        }
        outcome
    }

    /// The containers that an earlier life of the host left, when one is in question.
    async fn present(
        &self,
        pending: &[(CallRecord, Admitted)],
        stop: &CancellationToken,
    ) -> Vec<ContainerName> {
        if !pending.iter().any(|(record, _)| record.started) {
            return Vec::new();
        }
        let mut pause = FIRST_PAUSE;
        loop {
            match self.parts.containers.list().await {
                Ok(names) => return names,
                Err(error) => {
                    tracing::warn!(run = %self.run, %error, "waiting for Docker to adopt containers")
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Vec::new(),
                () = tokio::time::sleep(pause) => pause = (2 * pause).min(Duration::from_secs(10)),
            }
        }
    }

    /// True when the call ended in a way the run goes on from.
    async fn call(
        &self,
        mut record: CallRecord,
        admitted: &Admitted,
        present: &[ContainerName],
        stop: &CancellationToken,
    ) -> Result<bool, StoreError> {
        // A container that may have been started and is not there is never started again.
        if record.started && !present.contains(&self.name(&record)) && !stop.is_cancelled() {
            self.next_attempt(&mut record, "the container was gone after a restart of the host").await?;
        }
        for tries in 1.. {
            match self.attempt(&record, admitted, stop).await? {
                Attempt::Over(end) => return self.over(&record, *end).await,
                Attempt::Stopped => return Ok(false),
                Attempt::Broken(error) if tries >= self.settings.max_attempts => {
                    return self.over(&record, CallEnd::Error(error)).await;
                }
                Attempt::Broken(error) => {
                    self.next_attempt(&mut record, &error.message).await?;
                    pause(FIRST_PAUSE * tries, stop).await;
                }
            }
        }
        Ok(false)
    }

    async fn attempt(
        &self,
        record: &CallRecord,
        admitted: &Admitted,
        stop: &CancellationToken,
    ) -> Result<Attempt, StoreError> {
        let place = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            place = self.limits.container() => place,
        };
        let Some(_place) = place else {
            // What an earlier life started has no one to stop it but us.
            return self.discard(record).await.map(|()| Attempt::Stopped);
        };
        // Opens the logs before anyone is told of the start, who may ask for them at once.
        let exchange = self.exchange(record);
        if !record.started {
            let CallRecord { step, index: call, attempt, .. } = *record;
            self.apply(Change::CallStarted { step, call, attempt }).await?;
        }
        let name = self.name(record);
        let ended = self.parts.containers.run(name, admitted, &exchange, stop.clone()).await;
        self.judge(record, &exchange, ended).await
    }

    async fn discard(&self, record: &CallRecord) -> Result<(), StoreError> {
        if record.started {
            self.remove(self.name(record)).await;
        }
        Ok(())
    }

    async fn judge(
        &self,
        record: &CallRecord,
        exchange: &CallExchange,
        ended: Result<Completed, ContainerError>,
    ) -> Result<Attempt, StoreError> {
        let name = &record.call.name;
        match ended {
            Ok(completed) => {
                let result = exchange.result(name, completed, self.settings.stream_excerpt).await?;
                Ok(Attempt::Over(Box::new(CallEnd::Result(result))))
            }
            Err(ContainerError::Cancelled) => Ok(Attempt::Stopped),
            Err(error @ (ContainerError::Lost(_) | ContainerError::Unavailable(_))) => {
                Ok(Attempt::Broken(verdict::of_container(&error, name)))
            }
            Err(error) => Ok(Attempt::Over(Box::new(CallEnd::Error(verdict::of_container(&error, name))))),
        }
    }

    /// Stores the end, then lets the container go: what it holds is safe now.
    async fn over(&self, record: &CallRecord, end: CallEnd) -> Result<bool, StoreError> {
        let goes_on = failure(record, &end).is_none();
        self.end(record, end).await?;
        self.remove(self.name(record)).await;
        Ok(goes_on)
    }

    async fn end(&self, record: &CallRecord, end: CallEnd) -> Result<(), StoreError> {
        let CallRecord { step, index: call, attempt, .. } = *record;
        let stored = self.apply(Change::CallEnded { step, call, attempt, end }).await;
        self.logs.close(self.run, step, call);
        stored
    }

    /// Turns to the next attempt. The journal learns of it when it starts: until then, a host that
    /// comes back finds an attempt without a container, and turns to the next as well.
    async fn next_attempt(&self, record: &mut CallRecord, why: &str) -> Result<(), StoreError> {
        let message = format!(
            "call `{}`, attempt {}: {why}; another attempt follows",
            record.call.name, record.attempt
        );
        self.apply(Change::Logged { stage: Stage::Simulate, level: LogLevel::Warn, message }).await?;
        self.remove(self.name(record)).await;
        self.logs.close(self.run, record.step, record.index);
        record.attempt += 1;
        record.started = false;
        Ok(())
    }

    /// A container that cannot be removed now is found by the sweep.
    async fn remove(&self, name: ContainerName) {
        if let Err(error) = self.parts.containers.remove(name).await {
            tracing::warn!(container = %name, %error, "the container stays until the next sweep");
        }
    }

    async fn apply(&self, change: Change) -> Result<(), StoreError> {
        self.parts.runs.apply(self.run, self.parts.clock.now(), change).await.map(|_| ())
    }

    fn name(&self, record: &CallRecord) -> ContainerName {
        let CallRecord { step, index: call, attempt, .. } = *record;
        ContainerName { run: self.run, step, call, attempt }
    }

    fn exchange(&self, record: &CallRecord) -> CallExchange {
        let log = |stream| self.logs.open(self.run, record.step, record.index, stream);
        let (stdout, stderr) = (log(StreamName::Stdout), log(StreamName::Stderr));
        CallExchange::new(self.parts.blobs.clone(), self.known.clone(), stdout, stderr)
    }
}

/// The error the run ends with when this call ended so; `None` when the run goes on.
pub(crate) fn failure(record: &CallRecord, end: &CallEnd) -> Option<RunError> {
    match end {
        CallEnd::Error(error) => Some(error.clone()),
        CallEnd::Result(result) if record.call.on_failure == OnFailure::FailRun => verdict::of_ending(result),
        CallEnd::Result(_) => None,
    }
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
