//! Carries out the calls of a step, side by side, each when it is its turn.

mod instead;
mod pending;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;
use simulay_containers::{
    Begin, Completed, ContainerError, Exchange as _, ExecutionRequest, Permissions, Tenant,
};
use simulay_model::{
    CallEnd, Chain, Change, ContainerCall, ContainerName, Digest, LogLevel, OnFailure, Run, RunError, Stage,
};
use simulay_store::StoreError;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::context::RunContext;
use crate::exchange::CallExchange;
use crate::fair_queue::Permit;
use crate::lease::{RunLease, Stored, may_pass};
use crate::limits::Flow;
use crate::placing::PlacedExchange;
use crate::removals::{Ended, Removals, name, remove};
use crate::retry::{Attempt, Budget, judge};
use crate::reuse::{Flown, Reuse};
use crate::{EngineError, omission, trace, verdict};

pub(crate) use pending::Pending;

/// What carrying out the calls of one step needs.
pub(crate) struct Simulation<'a> {
    pub(crate) context: &'a RunContext,
    pub(crate) lease: &'a RunLease,
    pub(crate) flow: &'a Flow,
    pub(crate) run: &'a Run,
    /// What the plugin of the run is permitted.
    pub(crate) permissions: Permissions,
    /// Whose calls may follow each other in a container, when that is granted.
    pub(crate) tenant: Option<Tenant>,
    /// Artifacts of the run and their sizes.
    pub(crate) known: Arc<HashMap<Digest, u64>>,
    /// What it may take of earlier calls.
    pub(crate) reuse: Reuse<'a>,
    /// Takes the containers of the calls that ended.
    pub(crate) removals: &'a Removals,
}

impl Simulation<'_> {
    /// Sees every call in `pending` through to its end. When one fails the run, the others are
    /// stopped. Returns early, with calls left open, only when `stop` says so or the store fails.
    pub(crate) async fn step(
        &self,
        mut pending: Vec<Pending>,
        stop: &CancellationToken,
    ) -> Result<(), EngineError> {
        let present = self.present(&pending, stop).await;
        // Containers that are there go on beside each other and before all others, who may wait for their room.
        pending.sort_by_key(|pending| !present.contains(&name(self.run.id, pending.attempt())));
        let at_once = self.context.settings.max_containers_per_run.max(present.len()).max(1);
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
        let mut running = stream::iter(calls).buffer_unordered(at_once);
        let mut outcome = Ok(());
        while let Some(ended) = running.next().await {
            outcome = outcome.and(ended);
        }
        outcome
    }

    /// The containers that an earlier life of the host left, when one is in question.
    async fn present(&self, pending: &[Pending], stop: &CancellationToken) -> Vec<ContainerName> {
        let started = pending.iter().filter(|pending| pending.started);
        let started: Vec<_> = started.map(|pending| name(self.run.id, pending.attempt())).collect();
        if started.is_empty() {
            return Vec::new();
        }
        for failures in 0.. {
            match stop.run_until_cancelled(self.context.parts.containers.find(&started)).await {
                None => break,
                Some(Ok(names)) => return names,
                Some(Err(error)) => {
                    tracing::warn!(run = %self.run.id, error = %Chain(&error), "waiting for Docker to adopt containers")
                }
            }
            self.pause(failures, stop).await;
            if stop.is_cancelled() {
                break;
            }
        }
        Vec::new()
    }

    /// True when the call ended in a way the run goes on from. Whoever waits for what comes of it goes on in any case.
    async fn call(
        &self,
        pending: Pending,
        present: &[ContainerName],
        stop: &CancellationToken,
    ) -> Result<bool, EngineError> {
        let mut flight =
            pending.key.map(|key| Flown { place: pending.place(self.run.id), key: key.digest() });
        let ended = self.see_through(pending, present, &mut flight, stop).await;
        // What came of it is not stored; otherwise it lands with that.
        if let Some(flight) = flight {
            self.reuse.land(flight).await;
        }
        ended
    }

    async fn see_through(
        &self,
        mut pending: Pending,
        present: &[ContainerName],
        flight: &mut Option<Flown>,
        stop: &CancellationToken,
    ) -> Result<bool, EngineError> {
        // A container that may have been started and is not there is never started again.
        let there = present.contains(&name(self.run.id, pending.attempt()));
        if pending.started && !there && !stop.is_cancelled() {
            self.next_attempt(&mut pending, "the container was gone after a restart of the host").await?;
        }
        let mut budget = Budget::new(
            self.context.settings.max_attempts,
            self.run.retries.min(self.context.settings.max_retries),
        );
        loop {
            let error = match self.attempt(&mut pending, stop).await? {
                Attempt::Stopped | Attempt::Waiting => {
                    pending.close_logs();
                    return Ok(false);
                }
                Attempt::Instead(instead) => {
                    if self.instead(&mut pending, instead, stop).await? {
                        return Ok(true);
                    }
                    continue;
                }
                Attempt::Over(end) => match failure(&pending.call, &end) {
                    Some(error) if budget.retry(&error) => error,
                    _ => return self.over(pending, *end, flight, stop).await,
                },
                Attempt::Parked(error) => error,
                Attempt::Broken(error) if budget.again() => error,
                Attempt::Broken(error) => {
                    return self.over(pending, CallEnd::Error(error), flight, stop).await;
                }
            };
            self.next_attempt(&mut pending, &error.message).await?;
            self.pause(budget.failures(), stop).await;
        }
    }

    /// Makes the attempt, however long it waits for room.
    async fn attempt(&self, pending: &mut Pending, stop: &CancellationToken) -> Result<Attempt, EngineError> {
        let (step, index, attempt) = pending.attempt();
        let key = pending.key;
        let start = (!pending.started).then_some(Change::CallStarted { step, index, attempt, key });
        let start = Mutex::new(start);
        loop {
            match self.try_to_place(pending, &start, stop).await? {
                Attempt::Waiting => {
                    // Whoever follows them is told by those of the next try.
                    pending.logs = None;
                    // Others may have its turn.
                    self.pause(0, stop).await;
                }
                not_made @ (Attempt::Stopped | Attempt::Instead(_)) => return Ok(not_made),
                made => {
                    // It counts as made though no node took it: the next follows one that began.
                    if let Some(owed) = start.into_inner() {
                        self.lease.apply(owed).await?;
                    }
                    return Ok(made);
                }
            }
        }
    }

    async fn try_to_place(
        &self,
        pending: &mut Pending,
        start: &Mutex<Option<Change>>,
        stop: &CancellationToken,
    ) -> Result<Attempt, EngineError> {
        if !pending.started {
            // Who is stopped meanwhile is told so below.
            let _ = self.context.room.wait(0, stop).await;
        }
        let Some(_permit) = self.permit(pending, stop).await else {
            // What an earlier life started has no one to stop it but us.
            if pending.started {
                remove(self.lease, pending.attempt()).await;
            }
            return Ok(Attempt::Stopped);
        };
        // Opens the logs before anyone is told of the start, who may ask for them at once.
        let exchange = self.exchange(pending);
        let departure = self.departure(pending);
        let placed = PlacedExchange::new(&exchange, self.lease, start, departure.as_ref());
        let span = trace::attempt(self.run.id, &pending.call, pending.attempt());
        let work = self.run(pending, &placed, stop).instrument(span.clone());
        let ended = match &departure {
            Some(departure) => departure.kept(pending.started, work).await,
            None => work.await,
        };
        if let Some(error) = placed.unstored() {
            return Err(error.into());
        }
        if let Some(instead) = placed.instead() {
            return Ok(Attempt::Instead(instead));
        }
        let attempt = self.result(&pending.call.name, &exchange, ended).await?;
        if let Some(kind) = attempt.error() {
            trace::fail(&span, kind);
        }
        Ok(attempt)
    }

    async fn run(
        &self,
        pending: &Pending,
        exchange: &PlacedExchange<'_>,
        stop: &CancellationToken,
    ) -> Result<Completed, ContainerError> {
        let containers = &self.context.parts.containers;
        if !containers.places_calls() {
            exchange.placed().await.map_err(ContainerError::Exchange)?;
        }
        containers.run(self.request(pending), exchange, stop.clone()).await
    }

    /// The turn of the call; none when it is stopped before. Others may wait for the room of a container that is
    /// there, so that it waits for nobody.
    async fn permit(&self, pending: &Pending, stop: &CancellationToken) -> Option<Permit> {
        let limits = &self.context.limits;
        if stop.is_cancelled() {
            return None;
        }
        if pending.started {
            return Some(limits.container_at_once(self.flow, pending.demand));
        }
        stop.run_until_cancelled(limits.container(self.flow, pending.demand)).await.flatten()
    }

    async fn result(
        &self,
        name: &str,
        exchange: &CallExchange,
        ended: Result<Completed, ContainerError>,
    ) -> Result<Attempt, EngineError> {
        match ended {
            Ok(completed) => {
                let result = exchange.result(name, completed, self.context.settings.stream_excerpt).await?;
                Ok(Attempt::Over(Box::new(CallEnd::Result(result))))
            }
            Err(error) => {
                tracing::info!(run = %self.run.id, call = name, error = %Chain(&error), "a call gave no result");
                Ok(judge(&error, name))
            }
        }
    }

    /// Stores the end, then lets the container go: what it holds is safe now.
    async fn over(
        &self,
        mut pending: Pending,
        end: CallEnd,
        flight: &mut Option<Flown>,
        stop: &CancellationToken,
    ) -> Result<bool, EngineError> {
        let goes_on = failure(&pending.call, &end).is_none();
        let warning = omission::warning(&end);
        let stored = self.end(&pending, end, stop).await?;
        pending.close_logs();
        if let Some(message) = warning {
            self.warn(message).await?;
        }
        let ended = Ended { attempt: pending.attempt(), stored, flight: flight.take() };
        match self.tenant {
            // It serves the next call, which would have another made for it.
            Some(_) => ended.let_go(self.lease, self.reuse).await,
            None => self.removals.add(ended).await,
        }
        Ok(goes_on)
    }

    /// What was computed waits for a store that fails: an end may be stored twice. Other changes may follow before it is
    /// durable.
    async fn end(
        &self,
        pending: &Pending,
        end: CallEnd,
        stop: &CancellationToken,
    ) -> Result<Stored, StoreError> {
        let (step, index, attempt) = pending.attempt();
        let mut failures = 0_u32;
        loop {
            let end = end.clone();
            let ended = Change::CallEnded { step, index, attempt, end, taken: None };
            match self.store_end(ended).await {
                Err(error) if may_pass(&error) && !stop.is_cancelled() => {
                    tracing::error!(run = %self.run.id, error = %Chain(&error), "the end of a call waits for the store");
                    self.pause(failures, stop).await;
                    failures = failures.saturating_add(1);
                }
                stored => return stored,
            }
        }
    }

    /// An error is stored durably at once: its container has gone, and nobody tells of it again.
    async fn store_end(&self, ended: Change) -> Result<Stored, StoreError> {
        match ended {
            Change::CallEnded { end: CallEnd::Error(_), .. } => {
                self.lease.apply(ended).await.map(|()| Stored::before())
            }
            ended => self.lease.apply_ahead(ended).await,
        }
    }

    /// Turns to the next attempt. The journal learns of it when it starts: until then, a host that
    /// comes back finds an attempt without a container, and turns to the next as well.
    async fn next_attempt(&self, pending: &mut Pending, why: &str) -> Result<(), StoreError> {
        let (name, attempt) = (&pending.call.name, pending.attempt);
        self.warn(format!("call `{name}`, attempt {attempt}: {why}; another attempt follows")).await?;
        remove(self.lease, pending.attempt()).await;
        pending.close_logs();
        pending.attempt += 1;
        pending.key = pending.next_key;
        (pending.started, pending.takes) = (false, false);
        Ok(())
    }

    async fn warn(&self, message: String) -> Result<(), StoreError> {
        self.lease.apply(Change::Logged { stage: Stage::Simulate, level: LogLevel::Warn, message }).await
    }

    async fn pause(&self, failures: u32, stop: &CancellationToken) {
        let time = self.context.settings.backoff.pause(failures, &*self.context.parts.entropy);
        pause(time, stop).await;
    }

    fn request(&self, pending: &Pending) -> ExecutionRequest {
        let begin = if pending.started { Begin::Adopt } else { Begin::Start };
        let (call, permissions) = (pending.call.clone(), self.permissions.clone());
        ExecutionRequest {
            name: name(self.run.id, pending.attempt()),
            call,
            permissions,
            begin,
            fence: self.lease.fence,
            tenant: self.tenant.clone(),
        }
    }

    fn exchange(&self, pending: &mut Pending) -> CallExchange {
        let logs = self.context.logs.open(name(self.run.id, pending.attempt()));
        let logs = pending.logs.insert(logs);
        CallExchange::new(self.context.parts.blobs.clone(), self.known.clone(), logs)
    }
}

/// The error the run ends with when this call ended so; `None` when the run goes on.
pub(crate) fn failure(call: &ContainerCall, end: &CallEnd) -> Option<RunError> {
    match end {
        CallEnd::Error(error) => Some(error.clone()),
        CallEnd::Result(result) if call.on_failure == OnFailure::FailRun => verdict::of_ending(result),
        CallEnd::Result(_) => None,
    }
}

/// Waits, unless the end is asked for.
pub(crate) async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
