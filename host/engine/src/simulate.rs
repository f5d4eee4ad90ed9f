//! Carries out the calls of a step, side by side, each when it is its turn.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use simulay_containers::{Begin, Capacity, Completed, ContainerError, ExecutionRequest, Permissions};
use simulay_model::{
    CallEnd, CallRecord, Change, ContainerCall, ContainerName, Digest, LogLevel, OnFailure, Run, RunError,
    RunId, Stage,
};
use simulay_store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::context::RunContext;
use crate::exchange::CallExchange;
use crate::lease::{RunLease, may_pass};
use crate::limits::Flow;
use crate::logs::StreamName;
use crate::retry::{Attempt, Budget, judge};
use crate::{Parts, omission, verdict};

/// What carrying out the calls of one step needs.
pub(crate) struct Simulation<'a> {
    pub(crate) context: &'a RunContext,
    pub(crate) lease: &'a RunLease,
    pub(crate) flow: &'a Flow,
    pub(crate) run: &'a Run,
    /// What the plugin of the run is permitted.
    pub(crate) permissions: Permissions,
    /// Artifacts of the run and their sizes.
    pub(crate) known: Arc<HashMap<Digest, u64>>,
}

/// A call that has not ended.
pub(crate) struct Pending {
    /// What the journal says of it.
    pub(crate) record: CallRecord,
    /// As the plugin wrote it.
    pub(crate) call: ContainerCall,
    /// What it takes of a node.
    pub(crate) demand: Capacity,
}

impl Simulation<'_> {
    /// Sees every call in `pending` through to its end. When one fails the run, the others are
    /// stopped. Returns early, with calls left open, only when `stop` says so or the store fails.
    pub(crate) async fn step(
        &self,
        pending: Vec<Pending>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let present = self.present(&pending, stop).await;
        let step = stop.child_token();
        let (present, siblings) = (&present, &step);
        let calls = pending.into_iter().map(|pending| async move {
            let ended = self.call(pending, present, siblings).await;
            // A store that fails is no reason to throw the work of the others away.
            if matches!(ended, Ok(false)) {
                siblings.cancel();
            }
            ended.map(|_| ())
        });
        let mut running =
            stream::iter(calls).buffer_unordered(self.context.settings.max_containers_per_run.max(1));
        let mut outcome = Ok(());
        while let Some(ended) = running.next().await {
            outcome = outcome.and(ended);
        }
        outcome
    }

    /// The containers that an earlier life of the host left, when one is in question.
    async fn present(&self, pending: &[Pending], stop: &CancellationToken) -> Vec<ContainerName> {
        if !pending.iter().any(|pending| pending.record.started) {
            return Vec::new();
        }
        for failures in 0.. {
            match self.context.parts.containers.list().await {
                Ok(names) => return names,
                Err(error) => {
                    tracing::warn!(run = %self.run.id, %error, "waiting for Docker to adopt containers")
                }
            }
            self.pause(failures, stop).await;
            if stop.is_cancelled() {
                break;
            }
        }
        Vec::new()
    }

    /// True when the call ended in a way the run goes on from.
    async fn call(
        &self,
        mut pending: Pending,
        present: &[ContainerName],
        stop: &CancellationToken,
    ) -> Result<bool, StoreError> {
        let record = &mut pending.record;
        // A container that may have been started and is not there is never started again.
        if record.started && !present.contains(&name(self.run.id, newest(record))) && !stop.is_cancelled() {
            self.next_attempt(record, "the container was gone after a restart of the host").await?;
        }
        let mut budget = Budget::new(
            self.context.settings.max_attempts,
            self.run.retries.min(self.context.settings.max_retries),
        );
        loop {
            let error = match self.attempt(&pending, stop).await? {
                Attempt::Stopped => return Ok(false),
                Attempt::Over(end) => match failure(&pending.record, &end) {
                    Some(error) if budget.retry(&error) => error,
                    _ => return self.over(&pending.record, *end, stop).await,
                },
                Attempt::Parked(error) => error,
                Attempt::Broken(error) if budget.again() => error,
                Attempt::Broken(error) => {
                    return self.over(&pending.record, CallEnd::Error(error), stop).await;
                }
            };
            self.next_attempt(&mut pending.record, &error.message).await?;
            self.pause(budget.failures(), stop).await;
        }
    }

    async fn attempt(
        &self,
        Pending { record, call, demand }: &Pending,
        stop: &CancellationToken,
    ) -> Result<Attempt, StoreError> {
        if !record.started {
            // Who is stopped meanwhile is told so below.
            let _ = self.context.room.wait(0, stop).await;
        }
        let place = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            place = self.context.limits.container(self.flow, *demand) => place,
        };
        let Some(_place) = place else {
            // What an earlier life started has no one to stop it but us.
            if record.started {
                remove(&self.context.parts, self.run.id, newest(record)).await;
            }
            return Ok(Attempt::Stopped);
        };
        let _at_work = self.lease.active.begin();
        // Opens the logs before anyone is told of the start, who may ask for them at once.
        let exchange = self.exchange(record);
        let begin = if record.started { Begin::Adopt } else { Begin::Start };
        if begin == Begin::Start {
            let CallRecord { step, index, attempt, .. } = *record;
            self.lease.apply(Change::CallStarted { step, index, attempt }).await?;
        }
        let request = self.request(record, call, begin);
        let ended = self.context.parts.containers.run(request, &exchange, stop.clone()).await;
        self.result(record, &exchange, ended).await
    }

    async fn result(
        &self,
        record: &CallRecord,
        exchange: &CallExchange,
        ended: Result<Completed, ContainerError>,
    ) -> Result<Attempt, StoreError> {
        let name = &record.call.name;
        match ended {
            Ok(completed) => {
                let result = exchange.result(name, completed, self.context.settings.stream_excerpt).await?;
                Ok(Attempt::Over(Box::new(CallEnd::Result(result))))
            }
            Err(error) => Ok(judge(&error, name)),
        }
    }

    /// Stores the end, then lets the container go: what it holds is safe now.
    async fn over(
        &self,
        record: &CallRecord,
        end: CallEnd,
        stop: &CancellationToken,
    ) -> Result<bool, StoreError> {
        let goes_on = failure(record, &end).is_none();
        let warning = omission::warning(&end);
        self.end(record, end, stop).await?;
        if let Some(message) = warning {
            self.warn(message).await?;
        }
        remove(&self.context.parts, self.run.id, newest(record)).await;
        Ok(goes_on)
    }

    /// What was computed waits for a store that fails: an end may be stored twice.
    async fn end(
        &self,
        record: &CallRecord,
        end: CallEnd,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let CallRecord { step, index, attempt, .. } = *record;
        for failures in 0.. {
            let end = end.clone();
            match self.lease.apply(Change::CallEnded { step, index, attempt, end }).await {
                Err(error) if may_pass(&error) && !stop.is_cancelled() => {
                    tracing::error!(run = %self.run.id, %error, "the end of a call waits for the store");
                    self.pause(failures, stop).await;
                }
                stored => {
                    self.context.logs.close(self.run.id, step, index);
                    return stored;
                }
            }
        }
        Ok(())
    }

    /// FairQueue to the next attempt. The journal learns of it when it starts: until then, a host that
    /// comes back finds an attempt without a container, and fair_queue to the next as well.
    async fn next_attempt(&self, record: &mut CallRecord, why: &str) -> Result<(), StoreError> {
        let message = format!(
            "call `{}`, attempt {}: {why}; another attempt follows",
            record.call.name, record.attempt
        );
        self.warn(message).await?;
        remove(&self.context.parts, self.run.id, newest(record)).await;
        self.context.logs.close(self.run.id, record.step, record.index);
        record.attempt += 1;
        record.started = false;
        Ok(())
    }

    async fn warn(&self, message: String) -> Result<(), StoreError> {
        self.lease.apply(Change::Logged { stage: Stage::Simulate, level: LogLevel::Warn, message }).await
    }

    async fn pause(&self, failures: u32, stop: &CancellationToken) {
        let time = self.context.settings.backoff.pause(failures, &*self.context.parts.entropy);
        pause(time, stop).await;
    }

    fn request(&self, record: &CallRecord, call: &ContainerCall, begin: Begin) -> ExecutionRequest {
        let (call, permissions) = (call.clone(), self.permissions.clone());
        ExecutionRequest { name: name(self.run.id, newest(record)), call, permissions, begin }
    }

    fn exchange(&self, record: &CallRecord) -> CallExchange {
        let log = |stream| self.context.logs.open(self.run.id, record.step, record.index, stream);
        let (stdout, stderr) = (log(StreamName::Stdout), log(StreamName::Stderr));
        CallExchange::new(self.context.parts.blobs.clone(), self.known.clone(), stdout, stderr)
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

/// Removes the container of an attempt, by step, index and number. One that cannot be removed now is found
/// by the sweep.
pub(crate) async fn remove(parts: &Parts, run: RunId, attempt: (u32, u32, u32)) {
    let name = name(run, attempt);
    if let Err(error) = parts.containers.remove(name).await {
        tracing::warn!(container = %name, %error, "the container stays until the next sweep");
    }
}

const fn newest(record: &CallRecord) -> (u32, u32, u32) {
    (record.step, record.index, record.attempt)
}

const fn name(run: RunId, (step, call, attempt): (u32, u32, u32)) -> ContainerName {
    ContainerName { run, step, call, attempt }
}

/// Waits, unless the end is asked for.
pub(crate) async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
