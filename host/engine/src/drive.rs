//! Drives one run from where the store says it is to its end. Every pass reads what is stored and
//! does the next thing, so that a pass after a crash is a pass like any other.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use simulay_containers::Permissions;
use simulay_model::{
    CallEnd, CallRecord, Change, ContainerResult, Digest, ErrorKind, Kept, LogLevel, Next, Plugin,
    PluginName, RelativePath, Report, Run, RunEnd, RunError, RunId, RunState, Source, Stage, Step,
};
use simulay_sandbox::{Answer, Answered, Call, CallError};
use simulay_store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::checks::Unfit;
use crate::exchange::put;
use crate::hold::Hold;
use crate::limits::{Asker, Limits};
use crate::logs::LiveLogs;
use crate::retry::Budget;
use crate::simulate::{Pending, Simulation, failure, pause, remove};
use crate::storage::Room;
use crate::{Parts, Settings, checks, kept, plan, plugins, verdict};

/// Whose runs these are, until there are accounts.
const OWNER: &str = "everyone";

/// What driving a run needs.
pub(crate) struct Driver {
    pub(crate) parts: Parts,
    pub(crate) settings: Arc<Settings>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) logs: LiveLogs,
    pub(crate) run: RunId,
    /// What it is a run of.
    pub(crate) pipeline: PluginName,
    /// What is left of the disk.
    pub(crate) room: Room,
    /// Cancelled when someone asked for the end of the run.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the host takes up no more work.
    pub(crate) draining: CancellationToken,
}

/// Why a pass ended before the run did.
enum Halt {
    /// The run is to end like this.
    End(RunEnd),
    /// The store failed: what is there stays, another pass follows.
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<RunError> for Halt {
    fn from(error: RunError) -> Self {
        Self::End(RunEnd::Failed(error))
    }
}

impl Driver {
    /// Returns once the run has ended, or is left to the next start of the host.
    pub(crate) async fn drive(self) {
        for failures in 0.. {
            let pause = match self.turn().await {
                Ok(true) | Err(StoreError::Ended | StoreError::NotFound) => return,
                // Another host has it, and may lose it.
                Ok(false) | Err(StoreError::Fenced) => self.settings.lease,
                Err(error) => {
                    tracing::error!(run = %self.run, %error, "the run waits for the store");
                    self.settings.backoff.pause(failures, &*self.parts.chance)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Waits for the turn of the run and works on it. False when another host has it.
    async fn turn(&self) -> Result<bool, StoreError> {
        let asker = Asker { owner: OWNER.into(), pipeline: self.pipeline.clone(), run: self.run };
        let _place = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            () = self.draining.cancelled() => return Ok(true),
            place = self.limits.run(&asker) => place,
        };
        let Some(hold) = Hold::take(&self.parts, &self.settings, self.run).await? else { return Ok(false) };
        let work = Work { driver: self, hold: &hold, asker: &asker };
        tokio::select! {
            biased;
            // Dropped as if the host was killed: the containers are another's now.
            () = hold.keep(&self.stop) => Err(StoreError::Fenced),
            // Apart, so that a run that waits takes little memory.
            done = Box::pin(work.pass()) => done.map(|()| true),
        }
    }
}

/// A run that is held and at work.
struct Work<'a> {
    driver: &'a Driver,
    hold: &'a Hold,
    asker: &'a Asker,
}

impl std::ops::Deref for Work<'_> {
    type Target = Driver;

    fn deref(&self) -> &Driver {
        self.driver
    }
}

impl Work<'_> {
    async fn pass(&self) -> Result<(), StoreError> {
        let worked = AssertUnwindSafe(self.within_time()).catch_unwind().await.unwrap_or_else(|_| {
            let message = "a fault in the host stopped the run; please report it";
            Err(RunError::new(ErrorKind::Internal, message).into())
        });
        let ended = match worked {
            Ok(()) => Ok(()),
            Err(Halt::Store(error)) => Err(error),
            Err(Halt::End(end)) => self.finish(end).await,
        };
        match ended {
            // Waiting does not mend damaged data.
            Err(error @ StoreError::Corrupt(_)) => {
                self.finish(RunEnd::Failed(verdict::of_store(&error))).await
            }
            ended => ended,
        }
    }

    /// Works on the run until it ends or its time is up; containers are stopped before either.
    async fn within_time(&self) -> Result<(), Halt> {
        let Some(run) = self.parts.runs.get(self.run).await? else { return Ok(()) };
        if run.state.is_end() {
            return Ok(());
        }
        let stop = self.stop.child_token();
        let mut work = std::pin::pin!(self.work(run, &stop));
        tokio::select! {
            biased;
            worked = &mut work => return worked,
            () = self.time_up() => stop.cancel(),
        }
        match work.await {
            Err(Halt::End(RunEnd::Cancelled)) if !self.stop.is_cancelled() => {
                let message = format!("the run took longer than {} s", self.settings.max_run_time.as_secs());
                Err(Halt::End(RunEnd::TimedOut(RunError::new(ErrorKind::ContainerTimeout, message))))
            }
            worked => worked,
        }
    }

    /// Returns once the run has been worked on for as long as it may.
    async fn time_up(&self) {
        loop {
            let left = self.settings.max_run_time.saturating_sub(self.hold.worked.total());
            if left.is_zero() {
                return;
            }
            // The time it waits meanwhile does not count.
            tokio::time::sleep(left).await;
        }
    }

    async fn work(&self, run: Run, stop: &CancellationToken) -> Result<(), Halt> {
        if run.cancel_requested || stop.is_cancelled() {
            return Err(Halt::End(RunEnd::Cancelled));
        }
        // Containers at work are taken up whatever room there is: what they hold, they hold for a time.
        if run.steps == 0 && self.room.wait(0, stop).await.is_err() {
            return Err(Halt::End(RunEnd::Cancelled));
        }
        if run.state == RunState::Queued {
            self.apply(Change::Started).await?;
        }
        let plugin = plugins::of_run(&self.parts, &run.plugin).await?;
        let mut steps = run.steps;
        if steps == 0 {
            let first = self.pre_process(&run).await?;
            self.plan(&plugin, 0, plan::seeded(first, 0, run.request.seed)).await?;
            steps = 1;
        }
        loop {
            let step = steps - 1;
            let results = self.simulate(&run, &plugin, step, stop).await?;
            match self.post_process(&run, step, results).await? {
                Next::Done(report) => {
                    let report = self.keep(&plugin, report).await?;
                    return Err(Halt::End(RunEnd::Succeeded(report)));
                }
                Next::Again(next) => {
                    let next = plan::seeded(next, steps, run.request.seed);
                    self.plan(&plugin, steps, next).await?;
                }
            }
            steps += 1;
            if stop.is_cancelled() {
                return Err(Halt::End(RunEnd::Cancelled));
            }
        }
    }

    async fn pre_process(&self, run: &Run) -> Result<Step, Halt> {
        let call = Call::PreProcess(run.request.clone());
        match self.ask(run, Stage::PreProcess, call).await? {
            Answer::Step(step) => Ok(step),
            Answer::Next(_) => Err(verdict::wrong_answer().into()),
        }
    }

    async fn post_process(&self, run: &Run, step: u32, results: Vec<ContainerResult>) -> Result<Next, Halt> {
        let state = self.step(step).await?.state;
        let call = Call::PostProcess { request: run.request.clone(), state, results };
        match self.ask(run, Stage::PostProcess, call).await? {
            Answer::Next(next) => Ok(next),
            Answer::Step(_) => Err(verdict::wrong_answer().into()),
        }
    }

    async fn ask(&self, run: &Run, stage: Stage, call: Call) -> Result<Answer, Halt> {
        let known = self.known().await?;
        let answered =
            self.call_plugin(run, call, &known).await.map_err(|error| verdict::of_plugin(&error))?;
        for (level, message) in answered.messages {
            self.log(stage, level, message).await?;
        }
        Ok(answered.answer.map_err(verdict::of_failure)?)
    }

    /// Calls the plugin, again when the sandbox failed: a worker may die of something else than the plugin.
    async fn call_plugin(
        &self,
        run: &Run,
        call: Call,
        known: &Arc<HashMap<Digest, u64>>,
    ) -> Result<Answered, CallError> {
        let _at_work = self.hold.worked.begin();
        let mut budget = Budget::new(self.settings.max_attempts, 0);
        loop {
            match plugins::call(&self.parts, run.plugin.sha256, call.clone(), known.clone()).await {
                Err(error @ (CallError::WorkerCrashed | CallError::Host(_))) if budget.again() => {
                    tracing::warn!(run = %self.run, %error, "calling the plugin again");
                    let time = self.settings.backoff.pause(budget.failures(), &*self.parts.chance);
                    pause(time, &self.stop).await;
                }
                answered => return answered,
            }
        }
    }

    /// Stores a step the policy admits whole.
    async fn plan(&self, plugin: &Plugin, step: u32, plan: Step) -> Result<(), Halt> {
        if step >= self.settings.max_steps {
            let message = format!("the run asked for more than {} steps", self.settings.max_steps);
            return Err(RunError::new(ErrorKind::StepLimit, message).into());
        }
        let known = self.known().await?;
        plan::admit(&plan, &plugin.manifest, &*self.parts.admission, &known)?;
        self.room.wait(0, &self.stop).await?;
        self.apply(Change::StepPlanned { step, plan }).await?;
        Ok(())
    }

    async fn simulate(
        &self,
        run: &Run,
        plugin: &Plugin,
        step: u32,
        stop: &CancellationToken,
    ) -> Result<Vec<ContainerResult>, Halt> {
        let pending = self.pending(plugin, step).await?;
        if !pending.is_empty() {
            let simulation = Simulation {
                parts: &self.parts,
                settings: &self.settings,
                limits: &self.limits,
                room: &self.room,
                logs: &self.logs,
                hold: self.hold,
                asker: self.asker,
                run: self.run,
                retries: run.retries,
                permissions: Permissions::from(&plugin.manifest),
                known: self.known().await?,
            };
            simulation.step(pending, stop).await?;
        }
        self.results(step).await
    }

    /// The calls of the step that have not ended, and what they take. None when one failed the run already.
    async fn pending(&self, plugin: &Plugin, step: u32) -> Result<Vec<Pending>, Halt> {
        let records = self.calls(step).await?;
        if records.iter().any(|record| record.end.as_ref().is_some_and(|end| failure(record, end).is_some()))
        {
            return Ok(Vec::new());
        }
        let plan = self.step(step).await?;
        let known = self.known().await?;
        let demands = plan::admit(&plan, &plugin.manifest, &*self.parts.admission, &known)?;
        let calls = records.into_iter().zip(plan.calls).zip(demands);
        let pending = calls.map(|((record, call), demand)| Pending { record, call, demand });
        Ok(pending.filter(|pending| pending.record.end.is_none()).collect())
    }

    /// The results of the step; or the first failure; or, when calls are still open, the stop.
    async fn results(&self, step: u32) -> Result<Vec<ContainerResult>, Halt> {
        let records = self.calls(step).await?;
        let failed = records.iter().find_map(|record| failure(record, record.end.as_ref()?));
        if let Some(error) = failed {
            return Err(error.into());
        }
        let result = |record: CallRecord| match record.end {
            Some(CallEnd::Result(result)) => Ok(result),
            _ => Err(Halt::End(RunEnd::Cancelled)),
        };
        records.into_iter().map(result).collect()
    }

    /// The report with every kept file an artifact and the outcome checked.
    async fn keep(&self, plugin: &Plugin, report: Report) -> Result<Report, Halt> {
        let place = self.limits.check().await?;
        let fits = checks::check(place, &plugin.manifest.result_schema, &report.outcome).await;
        fits.map_err(|unfit| match unfit {
            Unfit::Broken(errors) => {
                let first = errors.first().map(ToString::to_string).unwrap_or_default();
                Halt::from(invalid("outcome", format!("breaks `result-schema`: {first}")))
            }
            Unfit::Store(error) => error.into(),
        })?;
        let known = self.known().await?;
        let mut artifacts = Vec::with_capacity(report.artifacts.len());
        for kept in kept::with_distinct_names(report.artifacts) {
            artifacts.push(self.keep_file(kept, &known).await?);
        }
        Ok(Report { artifacts, ..report })
    }

    async fn keep_file(&self, kept: Kept, known: &HashMap<Digest, u64>) -> Result<Kept, Halt> {
        RelativePath::new(kept.name.as_str()).map_err(|rule| invalid("artifacts.name", rule.to_string()))?;
        let sha256 = match kept.content {
            Source::Text(text) => put(&*self.parts.blobs, text.into()).await?.0,
            Source::Bytes(bytes) => put(&*self.parts.blobs, bytes.into()).await?.0,
            Source::Artifact(sha256) if known.contains_key(&sha256) => sha256,
            Source::Artifact(_) => {
                return Err(invalid("artifacts.content", "not an artifact of this run".to_owned()).into());
            }
        };
        Ok(Kept { content: Source::Artifact(sha256), ..kept })
    }

    /// Ends the run, after nothing of it is left in Docker.
    async fn finish(&self, end: RunEnd) -> Result<(), StoreError> {
        for record in self.parts.journal.calls(self.run).await? {
            if record.started && record.end.is_none() {
                remove(&self.parts, self.run, &record).await;
                self.logs.close(self.run, record.step, record.index);
            }
        }
        self.apply(Change::Ended(end)).await
    }

    async fn calls(&self, step: u32) -> Result<Vec<CallRecord>, StoreError> {
        let mut records = self.parts.journal.calls(self.run).await?;
        records.retain(|record| record.step == step);
        Ok(records)
    }

    async fn step(&self, step: u32) -> Result<Step, StoreError> {
        self.parts.journal.step(self.run, step).await?.ok_or(StoreError::NotFound)
    }

    /// The artifacts of the run, by their sizes.
    async fn known(&self) -> Result<Arc<HashMap<Digest, u64>>, StoreError> {
        let artifacts = self.parts.journal.artifacts(self.run).await?;
        let sizes = artifacts.into_iter().map(|entry| (entry.artifact.sha256, entry.artifact.size));
        Ok(Arc::new(sizes.collect()))
    }

    async fn log(&self, stage: Stage, level: LogLevel, message: String) -> Result<(), StoreError> {
        self.apply(Change::Logged { stage, level, message }).await
    }

    async fn apply(&self, change: Change) -> Result<(), StoreError> {
        self.hold.apply(change).await
    }
}

fn invalid(field: &str, rule: String) -> RunError {
    RunError::new(ErrorKind::PluginResultInvalid, format!("the plugin's report is wrong: `{field}`: {rule}"))
        .at(field)
}
