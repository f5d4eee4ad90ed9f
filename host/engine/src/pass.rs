//! One pass over a leased run. Everything it needs is loaded once; it goes on where the run is, so that a
//! pass after a crash is a pass like any other.
//!
//! # Flow
//! [`Pass::make`] → `within_time` → `stages`: pre-process, then for each step its container calls
//! ([`crate::simulate`]) and post-process, until the plugin gives a report. Containers of calls that ended are removed
//! beside it. How the run ends is stored last.

use std::collections::HashMap;
use std::iter;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use simulay_containers::{Permissions, Tenant};
use simulay_model::{
    Artifact, CallEnd, Chain, Change, ContainerCall, ContainerResult, Digest, ErrorKind, Isolation, LogLevel,
    Next, OwnerFilter, Plugin, Run, RunEnd, RunError, RunState, Stage, Step,
};
use simulay_sandbox::{Answer, Answered, Call, CallError};
use simulay_store::StoreError;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::answers::Answers;
use crate::context::RunContext;
use crate::fault::Fault;
use crate::fresh::FreshRun;
use crate::lease::RunLease;
use crate::limits::Flow;
use crate::plan::Terms;
use crate::plugins::CallFault;
use crate::removals::{Removals, removals, remove};
use crate::retry::Budget;
use crate::reuse::Reuse;
use crate::simulate::{Simulation, pause};
use crate::step_calls::{ends, failed, pending};
use crate::{EngineError, ReuseAmong, plan, plugins, report, sweeps, trace, verdict};

/// Calls whose ends are stored in one transaction, when their results are there.
const TAKEN_AT_ONCE: usize = 100;

/// One pass over a leased run.
pub(crate) struct Pass<'a> {
    context: &'a RunContext,
    lease: &'a RunLease,
    flow: &'a Flow,
    run: Run,
    plugin: Plugin,
}

/// A step that the policy admits.
struct Planned {
    step: Step,
    /// What is known of each call.
    terms: Vec<Terms>,
}

/// Why the stages were left.
pub(crate) enum Exit {
    /// The run ends like this; `kept` are the files of its report.
    End { end: RunEnd, kept: Vec<Artifact> },
    /// The end was asked for, or the time is up: calls may still be open, and no container of them is left.
    Interrupted,
}

impl<'a> Pass<'a> {
    /// Works on the run until it has ended.
    pub(crate) async fn make(
        context: &'a RunContext,
        lease: &'a RunLease,
        flow: &'a Flow,
    ) -> Result<(), EngineError> {
        let ended = match Self::load(context, lease, flow).await {
            Ok(pass) => pass.end().await,
            Err(error) => Err(error.into()),
        };
        match ended {
            // Waiting does not mend damaged data.
            Err(error) if error.is_damage() => {
                if let Err(error) = remove_containers(lease).await {
                    tracing::warn!(run = %context.run, error = %Chain(&error), "containers of the run are left to the sweep");
                }
                Ok(lease.fail(verdict::of_damage(&error)).await?)
            }
            ended => ended,
        }
    }

    async fn load(context: &'a RunContext, lease: &'a RunLease, flow: &'a Flow) -> Result<Self, StoreError> {
        let fresh = if lease.is_first() { context.fresh.take(context.run) } else { None };
        let FreshRun { run, plugin } = match fresh {
            Some(fresh) => {
                lease.expect_unchanged().await;
                fresh
            }
            None => Self::read(context).await?,
        };
        if run.state.is_end() {
            return Err(StoreError::Ended);
        }
        if run.state == RunState::Queued {
            trace::waited(&run);
        }
        Ok(Self { context, lease, flow, run, plugin })
    }

    async fn read(context: &RunContext) -> Result<FreshRun, StoreError> {
        let run = context.parts.runs.get(&OwnerFilter::Any, context.run).await?;
        let run = run.ok_or(StoreError::NotFound)?;
        let plugin = plugins::of_run(&context.parts, &run.plugin).await?;
        Ok(FreshRun { run, plugin })
    }

    /// Works on the run, and stores its end after nothing of it is left in Docker.
    async fn end(&self) -> Result<(), EngineError> {
        let (removals, removed) = removals();
        let work = async move { AssertUnwindSafe(self.within_time(&removals)).catch_unwind().await };
        let (worked, ()) = tokio::join!(work, removed.carry_out(self.lease, self.reuse()));
        let worked = worked.unwrap_or_else(|_| {
            let message = "a fault in the host stopped the run; please report it";
            Err(RunError::new(ErrorKind::Internal, message).into())
        });
        let (end, kept) = match worked {
            Ok(Exit::End { end, kept }) => (end, kept),
            Ok(Exit::Interrupted) => (RunEnd::Cancelled, Vec::new()),
            Err(Fault::Run(error)) => (RunEnd::Failed(error), Vec::new()),
            Err(Fault::Engine(error)) => return Err(error),
        };
        remove_containers(self.lease).await?;
        let outcome = trace::outcome(&end);
        self.lease.apply(Change::Ended { end, kept }).await?;
        trace::ended(&self.run, outcome);
        // Whoever brings its sweep along may make the next run.
        if let Some(changed) = sweeps::changed_by(&self.run) {
            self.context.parts.signals.publish(changed);
        }
        Ok(())
    }

    /// Works on the run until it ends or its time is up; containers are stopped before either.
    async fn within_time(&self, removals: &Removals) -> Result<Exit, Fault> {
        let stop = self.context.stop.child_token();
        let mut work = std::pin::pin!(self.stages(removals, &stop));
        tokio::select! {
            biased;
            worked = &mut work => return worked,
            () = self.time_up() => stop.cancel(),
        }
        match work.await? {
            Exit::Interrupted if !self.context.stop.is_cancelled() => {
                let seconds = self.context.settings.max_run_time.as_secs();
                let message = format!("the run took longer than {seconds} s");
                let error = RunError::new(ErrorKind::ContainerTimeout, message);
                Ok(Exit::End { end: RunEnd::TimedOut(error), kept: Vec::new() })
            }
            exit => Ok(exit),
        }
    }

    /// Returns once the run was active for as long as it may be.
    async fn time_up(&self) {
        loop {
            let left = self.context.settings.max_run_time.saturating_sub(self.lease.active.total());
            if left.is_zero() {
                return;
            }
            // The time it waits meanwhile does not count.
            tokio::time::sleep(left).await;
        }
    }

    async fn stages(&self, removals: &Removals, stop: &CancellationToken) -> Result<Exit, Fault> {
        if self.run.cancel_requested || stop.is_cancelled() {
            return Ok(Exit::Interrupted);
        }
        let Some(mut planned) = self.first_step(stop).await? else { return Ok(Exit::Interrupted) };
        for number in self.run.steps.saturating_sub(1).. {
            let Some(results) = self.simulate(number, &planned, removals, stop).await? else {
                return Ok(Exit::Interrupted);
            };
            match self.post_process(planned.step, results).await? {
                Next::Done(report) => {
                    let known = self.known().await?;
                    let (report, kept) = report::keep(self.context, &self.plugin, report, &known).await?;
                    return Ok(Exit::End { end: RunEnd::Succeeded(report), kept });
                }
                Next::Again(next) => planned = self.plan(number.saturating_add(1), next).await?,
            }
            if stop.is_cancelled() {
                return Ok(Exit::Interrupted);
            }
        }
        Ok(Exit::Interrupted)
    }

    /// The step the run is at; the first one is asked for. None when the end is.
    async fn first_step(&self, stop: &CancellationToken) -> Result<Option<Planned>, Fault> {
        let Run { id, state, steps, .. } = self.run;
        if let Some(newest) = steps.checked_sub(1) {
            // Containers at work are taken up whatever room there is: what they hold, they hold for a time.
            let step = self.context.parts.journal.step(id, newest).await?;
            let step = step
                .ok_or_else(|| StoreError::Corrupt(format!("the plan of step {newest} is missing").into()))?;
            // What a call failed with goes before what the policy says of the step by now.
            if let Some(error) = failed(newest, &step, &*self.lease.progress().await?) {
                return Err(error.into());
            }
            return self.admit(step).await.map(Some);
        }
        if self.context.room.wait(0, stop).await.is_err() {
            return Ok(None);
        }
        if state == RunState::Queued {
            self.lease.apply_soon(vec![Change::Started]).await?;
            // Its end may have been asked for since it was accepted.
            if self.lease.progress().await?.cancel_requested {
                return Ok(None);
            }
        }
        let call = Call::PreProcess(self.run.request.clone());
        match self.ask(Stage::PreProcess, call).await? {
            Answer::Step(first) => self.plan(0, first).await.map(Some),
            Answer::Next(_) => Err(verdict::wrong_answer().into()),
        }
    }

    async fn post_process(&self, step: Step, results: Vec<ContainerResult>) -> Result<Next, Fault> {
        let call = Call::PostProcess { request: self.run.request.clone(), state: step.state, results };
        match self.ask(Stage::PostProcess, call).await? {
            Answer::Next(next) => Ok(next),
            Answer::Step(_) => Err(verdict::wrong_answer().into()),
        }
    }

    async fn ask(&self, stage: Stage, call: Call) -> Result<Answer, Fault> {
        let answered = self.answer(call).instrument(trace::stage(self.run.id, stage)).await?;
        for (level, message) in answered.messages {
            self.log(stage, level, message).await?;
        }
        Ok(answered.answer.map_err(verdict::of_failure)?)
    }

    /// What the plugin answers, or answered to the same question where earlier results are taken.
    async fn answer(&self, call: Call) -> Result<Answered, Fault> {
        let (run, answers, known) = (&self.run, &*self.context.answers, self.known().await?);
        let question = || Answers::question(&run.owner, run.plugin.sha256, &call, &known);
        let Some(question) = self.reuse().takes().then(question).flatten() else {
            return self.call_plugin(call, known).await;
        };
        if let Some(answered) = answers.get(question) {
            return Ok(answered);
        }
        let answered = self.call_plugin(call, known).await?;
        answers.note(question, &answered);
        Ok(answered)
    }

    /// Calls the plugin, again when the sandbox failed: a worker may die of something else than the plugin.
    async fn call_plugin(&self, call: Call, known: Arc<HashMap<Digest, u64>>) -> Result<Answered, Fault> {
        let RunContext { parts, settings, stop, .. } = self.context;
        let _active = self.lease.active.begin();
        let mut budget = Budget::new(settings.max_attempts, 0);
        loop {
            match plugins::call(parts, self.run.plugin.sha256, call.clone(), known.clone()).await {
                Ok(answered) => return Ok(answered),
                // Blobs that are away come back: what is stored stays, and another pass asks again.
                Err(CallFault::Blobs(error)) => return Err(error.into()),
                Err(CallFault::Call(error @ (CallError::WorkerCrashed | CallError::Host(_))))
                    if budget.again() =>
                {
                    tracing::warn!(run = %self.run.id, error = %Chain(&error), "calling the plugin again");
                    pause(settings.backoff.pause(budget.failures(), &*parts.entropy), stop).await;
                }
                Err(CallFault::Call(error)) => return Err(verdict::of_plugin(&error).into()),
            }
        }
    }

    /// Stores a step that the policy admits whole.
    async fn plan(&self, number: u32, step: Step) -> Result<Planned, Fault> {
        let most = self.context.settings.max_steps;
        if number >= most {
            let message = format!("the run asked for more than {most} steps");
            return Err(RunError::new(ErrorKind::StepLimit, message).into());
        }
        let planned = self.admit(plan::seeded(step, number, self.run.request.seed)).await?;
        self.context.room.wait(0, &self.context.stop).await?;
        self.store(number, &planned).await?;
        Ok(planned)
    }

    /// Stores a step, with the ends of those of its calls whose results are there.
    async fn store(&self, number: u32, Planned { step, terms }: &Planned) -> Result<(), StoreError> {
        let keys: Vec<_> = terms.iter().map(|terms| terms.key).collect();
        let calls = (0..).zip(&step.calls).zip(&keys);
        let keyed = calls.filter_map(|((index, call), key)| Some((index, call, key.as_ref()?.digest())));
        let keyed: Vec<_> = if self.reuse().takes() { keyed.collect() } else { Vec::new() };
        let plan = Change::StepPlanned { step: number, plan: step.clone(), keys };
        let (first, rest) = keyed.split_at(keyed.len().min(TAKEN_AT_ONCE));
        let ends = self.reuse().look_up(number, first).await?;
        // A call that starts, or the end of the run, is stored durably after it.
        match self.lease.apply_soon(iter::once(plan.clone()).chain(ends).collect()).await {
            // What was there a moment ago was let go of: it is computed.
            Err(StoreError::NotOffered) => self.lease.apply_soon(vec![plan]).await?,
            stored => stored?,
        }
        for some in rest.chunks(TAKEN_AT_ONCE) {
            match self.lease.apply_soon(self.reuse().look_up(number, some).await?).await {
                Err(StoreError::NotOffered) => {}
                stored => stored?,
            }
        }
        Ok(())
    }

    fn reuse(&self) -> Reuse<'_> {
        Reuse { parts: &self.context.parts, among: self.context.settings.reuse, run: &self.run }
    }

    async fn admit(&self, step: Step) -> Result<Planned, Fault> {
        let (known, admission) = (self.known().await?, &*self.context.parts.admission);
        let mut terms = plan::admit(&step, &self.plugin, admission, &known)?;
        if self.context.settings.reuse == ReuseAmong::Nobody {
            terms.iter_mut().for_each(|terms| terms.key = None);
        }
        Ok(Planned { step, terms })
    }

    /// The results of the step; or the first failure; none when calls are left open because of `stop`.
    async fn simulate(
        &self,
        number: u32,
        Planned { step, terms }: &Planned,
        removals: &Removals,
        stop: &CancellationToken,
    ) -> Result<Option<Vec<ContainerResult>>, Fault> {
        let open = pending(number, step, &*self.lease.progress().await?, terms);
        let Self { context, lease, flow, run, .. } = self;
        let (permissions, known) = (Permissions::from(&self.plugin.manifest), self.known().await?);
        let (reuse, tenant) = (self.reuse(), self.tenant());
        let simulation =
            Simulation { context, lease, flow, run, permissions, tenant, known, reuse, removals };
        simulation.step(open, stop).instrument(trace::stage(run.id, Stage::Simulate)).await?;
        let progress = self.lease.progress().await?;
        if let Some(error) = failed(number, step, &progress) {
            return Err(error.into());
        }
        let result = |(_, end): (&ContainerCall, Option<&CallEnd>)| match end {
            Some(CallEnd::Result(result)) => Some(result.clone()),
            _ => None,
        };
        Ok(ends(number, step, &progress).map(result).collect())
    }

    /// Whose calls may follow each other in a container, when the operator grants that.
    fn tenant(&self) -> Option<Tenant> {
        let granted = self.plugin.isolation == Isolation::Process;
        let tenant = || Tenant { account: self.run.owner.clone(), plugin: self.plugin.reference() };
        granted.then(tenant)
    }

    /// The artifacts of the run, by their sizes: its inputs, and what its calls left.
    async fn known(&self) -> Result<Arc<HashMap<Digest, u64>>, StoreError> {
        let progress = self.lease.progress().await?;
        let results = progress.attempts.values().filter_map(|newest| match &newest.end {
            Some(CallEnd::Result(result)) => Some(result),
            _ => None,
        });
        let left = results
            .flat_map(|result| result.outputs.iter().chain(&result.stdout_log).chain(&result.stderr_log));
        let artifacts = self.run.request.inputs.iter().chain(left);
        Ok(Arc::new(artifacts.map(|artifact| (artifact.sha256, artifact.size)).collect()))
    }

    async fn log(&self, stage: Stage, level: LogLevel, message: String) -> Result<(), StoreError> {
        self.lease.apply_soon(vec![Change::Logged { stage, level, message }]).await
    }
}

/// Removes what is left of a run in Docker.
async fn remove_containers(lease: &RunLease) -> Result<(), StoreError> {
    let progress = lease.progress().await?;
    let open = progress.attempts.iter().filter(|(_, newest)| newest.started && newest.end.is_none());
    for ((step, index), newest) in open {
        remove(lease, (*step, *index, newest.attempt)).await;
    }
    Ok(())
}
