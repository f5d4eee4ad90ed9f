//! Works on runs: takes up those that wait, drives them, and looks after what is left behind.
//!
//! # Flow
//! [`Runner::start`] takes up what an earlier life left, then hears of new runs and of cancels by signals. What
//! was not heard of, and what a process that is no more held, is found by asking the store every now and then
//! ([`Runner::take_up`]). A run waits for its turn in the [`WorkQueue`]; only then it gets a context and a
//! task, which drives it ([`crate::drive`]). Containers that nobody waits for are removed by [`sweep`].

mod backlog;
mod sweep;
mod work_queue;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use simulay_model::{Chain, OwnerFilter, RunId, UnfinishedRun};
use simulay_signals::{Heard, Signal, Subscription, Topic};
use simulay_store::{ClaimableRun, StoreError};
use tracing::Instrument as _;

use self::work_queue::{AtWork, Turns, WorkQueue};
use crate::context::RunContext;
use crate::fair_queue::Permit;
use crate::limits::Flow;
use crate::shared::Shared;
use crate::storage::ThrottledBlobs;
use crate::{EngineError, Parts, quotas, sweeps, trace, upkeep};

/// Before signals are subscribed to again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the store is asked for runs while a lease lasts: those of a process that is no more go on soon.
const LOOKS_PER_LEASE: u32 = 3;
/// Between two looks at least, however soon runs are gone that were found.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Works on runs. Cheap to clone.
#[derive(Clone)]
pub struct Runner {
    shared: Arc<Shared>,
    queue: WorkQueue,
    /// Until someone works on them.
    turns: Arc<Mutex<Option<Turns>>>,
    /// Held during a look: what one found must not be judged by what another did.
    looking: Arc<tokio::sync::Mutex<()>>,
}

impl Runner {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let (queue, turns) = WorkQueue::new(shared.limits.clone(), shared.settings.max_waiting_per_flow);
        Self { shared, queue, turns: Arc::new(Mutex::new(Some(turns))), looking: Arc::default() }
    }

    /// Takes up every run that no other process has, from then on those that come, and removes containers
    /// whose run has ended. Gives the number of runs taken up; of each flow no more than may wait.
    ///
    /// # Errors
    /// When the store does not answer; Docker may be absent.
    pub async fn start(&self) -> Result<usize, EngineError> {
        // Before anything begins.
        quotas::make_known(&self.shared.quotas, &self.shared.limits).await?;
        // Before the look, so that no run falls between the two.
        self.listen();
        let taken_up = self.take_up().await?;
        self.until_shutdown(self.clone().look_forever());
        self.until_shutdown(sweep::forever(self.shared.clone()));
        let Shared { parts, kept, settings, .. } = &*self.shared;
        self.until_shutdown(upkeep::forever(parts.clone(), kept.clone(), settings.retention.clone()));
        Ok(taken_up)
    }

    fn until_shutdown(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shared.shutdown.clone();
        self.shared.tasks.spawn(async move {
            shutdown.run_until_cancelled(work).await;
        });
    }

    /// Works on the runs that come from now on, as far as signals tell of them.
    pub fn listen(&self) {
        if let Some(turns) = self.turns.lock().take() {
            let work = self.shared.parts.signals.subscribe(Topic::Work);
            self.until_shutdown(self.clone().hear(work));
            self.until_shutdown(self.clone().begin_in_turn(turns));
            self.until_shutdown(sweeps::drive_forever(self.shared.clone()));
            let Shared { quotas, limits, .. } = &*self.shared;
            self.until_shutdown(quotas::keep_known(quotas.clone(), limits.clone()));
        }
    }

    /// How many runs this process works on or waits to.
    pub(crate) fn unfinished(&self) -> usize {
        self.queue.len()
    }

    /// How many of them wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.waiting()
    }
}

/// How this process learns of runs.
impl Runner {
    async fn hear(self, mut work: Subscription) {
        loop {
            match work.next().await {
                Heard::Signal(Signal::RunQueued(run)) => self.queue.hear(run),
                Heard::Signal(Signal::RunTaken(run)) => self.queue.leave(run),
                Heard::Signal(Signal::CancelRequested(run)) => self.cancel(run).await,
                Heard::Signal(_) => {}
                Heard::Missed => self.look().await,
                Heard::Closed => {
                    tokio::time::sleep(PAUSE).await;
                    work = self.shared.parts.signals.subscribe(Topic::Work);
                    self.look().await;
                }
            }
        }
    }

    /// Looks every now and then, and soon when few wait of a flow that has more.
    async fn look_forever(self) {
        let longest = self.shared.settings.lease / LOOKS_PER_LEASE;
        loop {
            // Either way it is time.
            let _ = tokio::time::timeout(longest, self.queue.runs_low()).await;
            self.look().await;
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn look(&self) {
        if let Err(error) = self.take_up().await {
            tracing::warn!(error = %Chain(&error), "runs that wait are not looked for");
        }
    }

    /// Takes up the runs that no process has, perhaps those of one that is no more, and waits no longer with
    /// those that another has or has ended. Runs that were worked on before go on without a turn: whatever has
    /// all the places here may wait for room that only their end makes.
    async fn take_up(&self) -> Result<usize, StoreError> {
        let _looking = self.looking.lock().await;
        // Before the look: what is queued meanwhile was not looked for.
        let waiting = self.queue.look_begins();
        let per_flow = self.queue.per_flow();
        let claimable = self.shared.parts.runs.claimable(per_flow).instrument(trace::look()).await?;
        let count = claimable.len();
        let (to_end, to_do): (Vec<_>, Vec<_>) =
            claimable.into_iter().partition(|found| found.cancel_requested);
        let (to_resume, to_begin): (Vec<_>, Vec<_>) = to_do.into_iter().partition(|found| found.running);
        to_end.iter().for_each(|found| self.end(&found.run));
        let (ending, running) = (to_end.len(), to_resume.len());
        let resumed = self.in_order(to_resume).iter().filter(|run| self.resume(run)).count();
        // More may be behind them; not behind those that are all at work here, whose leases the store does not renew.
        if ending >= per_flow || (running >= per_flow && resumed > 0) {
            self.queue.ask_for_more();
        }
        self.queue.look_ended(waiting, self.in_order(to_begin));
        Ok(count)
    }

    /// From the oldest on, while this process is alone. Where others look as well, by chance, lest all begin with
    /// the same.
    fn in_order(&self, mut claimable: Vec<ClaimableRun>) -> Vec<UnfinishedRun> {
        if self.shared.races.has_rivals() {
            claimable.sort_by_cached_key(|_| self.shared.parts.entropy.draw());
        }
        claimable.into_iter().map(|found| found.run).collect()
    }

    /// Ends a run whose end was asked for somewhere, unless another process has it.
    async fn cancel(&self, run: RunId) {
        match self.asked_to_end(run).await {
            Ok(Some(run)) => self.end(&run),
            Ok(None) => {}
            Err(error) => tracing::warn!(%run, error = %Chain(&error), "the run is ended with the next look"),
        }
    }

    /// The run, when its end is asked for and has not come. A signal is a hint: the store says whether it is so.
    async fn asked_to_end(&self, run: RunId) -> Result<Option<UnfinishedRun>, StoreError> {
        let runs = &self.shared.parts.runs;
        let head = runs.head(&OwnerFilter::Any, run).await?;
        if !head.is_some_and(|head| head.cancel_requested && !head.state.is_end()) {
            return Ok(None);
        }
        let found = runs.summary(&OwnerFilter::Any, run).await?;
        Ok(found.map(|found| UnfinishedRun { id: run, owner: found.owner, pipeline: found.plugin.name }))
    }
}

/// How this process works on runs.
impl Runner {
    async fn begin_in_turn(self, mut turns: Turns) {
        while let Some((run, permit)) = turns.recv().await {
            if let Some(at_work) = self.queue.begin(&run) {
                self.drive(self.context(&run, &at_work), at_work, Some(permit));
            }
        }
    }

    /// Goes on with a run at once that was worked on before; false when it is at work here.
    fn resume(&self, run: &UnfinishedRun) -> bool {
        let Some(at_work) = self.queue.begin_at_once(run.id) else { return false };
        let permit = self.shared.limits.run_at_once(&Flow::from(run));
        let context = RunContext { begun: true.into(), ..self.context(run, &at_work) };
        self.drive(context, at_work, Some(permit));
        true
    }

    /// Ends a run at once: it needs no turn for that.
    fn end(&self, run: &UnfinishedRun) {
        if let Some(at_work) = self.queue.end(run.id) {
            self.drive(self.context(run, &at_work), at_work, None);
        }
    }

    fn drive(&self, context: RunContext, at_work: AtWork, permit: Option<Permit>) {
        self.shared.tasks.spawn(async move {
            context.drive(permit).await;
            drop(at_work);
        });
    }

    fn context(&self, run: &UnfinishedRun, at_work: &AtWork) -> RunContext {
        let stop = at_work.stop.clone();
        let (blobs, room) = (self.shared.parts.blobs.clone(), self.shared.room());
        let patient = ThrottledBlobs { blobs, room: room.clone(), stop: stop.clone() };
        RunContext {
            parts: Parts { blobs: Arc::new(patient), ..self.shared.parts.clone() },
            room,
            settings: self.shared.settings.clone(),
            limits: self.shared.limits.clone(),
            races: self.shared.races.clone(),
            logs: self.shared.logs.clone(),
            run: run.id,
            flow: Flow::from(run),
            fresh: self.shared.fresh.clone(),
            answers: self.shared.answers.clone(),
            begun: false.into(),
            stop,
            draining: self.shared.shutdown.clone(),
            letting_go: self.shared.letting_go.clone(),
        }
    }
}
