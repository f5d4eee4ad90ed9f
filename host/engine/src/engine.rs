//! The engine as everyone outside sees it.

mod gate;
mod intake;
mod life;
mod rights;
mod sweep;

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use simulay_archives::Bounds;
use simulay_containers::{ContainerError, RegisteredImage};
use simulay_model::{
    Artifact, CallEnd, CallRecord, Change, Digest, Event, Plugin, PluginName, PluginSummary, Run,
    RunArtifact, RunId, RunSummary,
};
use simulay_sandbox::{Answer, Call};
use simulay_store::{BlobStream, BlobWriter, RunQuery, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::archive::ArchiveWriter;
use crate::drive::Driver;
use crate::events::Followers;
use crate::limits::{Limits, Place};
use crate::logs::LiveLogs;
use crate::repeat::InFlight;
use crate::storage::{Patient, Polite, Room};
use crate::upkeep::LastJump;
use crate::{
    ClockJump, CreateError, Kept, LogStream, NewRun, Parts, Planned, Selector, Settings, StreamName, accept,
    events, plan, plugins, upkeep, verdict,
};

pub use intake::Named;
pub use life::{Activation, RolledBack, Submission};
pub use rights::PluginDetails;

/// What happens to runs. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    parts: Parts,
    settings: Arc<Settings>,
    limits: Arc<Limits>,
    logs: LiveLogs,
    followers: Followers,
    at_work: Arc<Mutex<HashMap<RunId, CancellationToken>>>,
    tasks: TaskTracker,
    /// Cancelled when no more work is taken up.
    shutdown: CancellationToken,
    /// Cancelled when the work in hand is left as it is.
    letting_go: CancellationToken,
    /// Whoever changes the life of a plugin holds it.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Counts those changes.
    checks: Arc<watch::Sender<u64>>,
    /// Requests at work that may come again.
    in_flight: InFlight,
    /// What is tidied up, and where room is looked for; none in a store that has no bound.
    kept: Option<Kept>,
    last_jump: LastJump,
}

/// What is stored of a stream of a call.
enum KeptLog {
    /// The call has not ended.
    None,
    Empty,
    Blob(Artifact),
}

/// What is going on, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Runs accepted and not ended.
    pub unfinished_runs: usize,
    /// Runs at work.
    pub active_runs: usize,
    /// Containers at work.
    pub containers: usize,
}

impl Engine {
    /// An engine over `parts`; [`Engine::recover`] comes before the first request.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        Self {
            parts,
            limits: Arc::new(Limits::new(&settings)),
            settings: Arc::new(settings),
            logs: LiveLogs::default(),
            followers: Followers::default(),
            at_work: Arc::default(),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            letting_go: CancellationToken::new(),
            turn: Arc::default(),
            checks: Arc::default(),
            in_flight: InFlight::default(),
            kept: None,
            last_jump: LastJump::default(),
        }
    }

    /// The same engine, which leaves some room and lets go of what is old.
    #[must_use]
    pub fn keeping(self, kept: Kept) -> Self {
        Self { kept: Some(kept), ..self }
    }

    /// Takes up every unfinished run and removes containers whose run has ended. Gives the number
    /// of runs taken up.
    ///
    /// # Errors
    /// When the store does not answer; Docker may be absent.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        let unfinished = self.take_up().await?;
        self.take_up_checks().await?;
        let sweeping = sweep::forever(self.clone());
        self.tasks.spawn(self.shutdown.clone().run_until_cancelled_owned(sweeping));
        let rules = self.settings.retention.clone();
        let upkeep = upkeep::forever(self.parts.clone(), self.kept.clone(), rules, self.last_jump.clone());
        self.tasks.spawn(self.shutdown.clone().run_until_cancelled_owned(upkeep));
        Ok(unfinished)
    }

    /// All versions of all plugins.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn plugins(&self) -> Result<Vec<PluginSummary>, StoreError> {
        self.parts.plugins.list().await
    }

    /// A version, whatever its state; or the one that serves the pipeline.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn plugin(&self, selector: &Selector) -> Result<Option<Plugin>, StoreError> {
        accept::find(&self.parts, selector).await
    }

    /// What a run would do first; starts and stores nothing.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn preview(&self, new: NewRun) -> Result<Planned, CreateError> {
        let plugin = accept::pipeline(&self.parts, &new.pipeline).await?;
        accept::inputs_together(&new, self.settings.max_inputs)?;
        let request = accept::request(&self.parts, &plugin, &new, self.check_place().await?).await?;
        let (params, seed) = (request.params.clone(), request.seed);
        let known: HashMap<_, _> = request.inputs.iter().map(|input| (input.sha256, input.size)).collect();
        let known = Arc::new(known);
        let call = Call::PreProcess(request);
        let answered = plugins::call(&self.parts, plugin.sha256, call, known.clone()).await;
        let answered = answered.map_err(|error| CreateError::Preview(verdict::of_plugin(&error)))?;
        let answer = answered.answer.map_err(|failure| CreateError::Preview(verdict::of_failure(failure)))?;
        let Answer::Step(step) = answer else { return Err(CreateError::Preview(verdict::wrong_answer())) };
        let step = plan::seeded(step, 0, seed);
        plan::admit(&step, &plugin.manifest, &*self.parts.admission, &known).map_err(CreateError::Preview)?;
        Ok(Planned { params, calls: step.calls })
    }

    /// A run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.parts.runs.get(id).await
    }

    /// A run without its documents.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn run_summary(&self, id: RunId) -> Result<Option<RunSummary>, StoreError> {
        self.parts.runs.summary(id).await
    }

    /// Runs without their documents, from the newest to the oldest.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn runs(&self, query: RunQuery) -> Result<Vec<RunSummary>, StoreError> {
        self.parts.runs.list(query).await
    }

    /// The run once it has ended, or as it is after `time`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn wait(&self, id: RunId, time: Duration) -> Result<Option<Run>, StoreError> {
        let ended = events::ended(self.parts.clone(), id);
        let ended = self.shutdown.run_until_cancelled(ended);
        // Too long a wait is no error: the run is told as it is.
        let _ = tokio::time::timeout(time, ended).await;
        self.run(id).await
    }

    /// Asks for the end of a run; asking again is fine.
    ///
    /// # Errors
    /// [`StoreError::Ended`] when it ended in another way, [`StoreError::NotFound`].
    pub async fn cancel(&self, id: RunId) -> Result<Run, StoreError> {
        match self.parts.runs.apply(id, self.parts.clock.now(), Change::CancelRequested).await {
            Ok(_) => {}
            Err(StoreError::Ended) => {
                let run = self.run(id).await?.ok_or(StoreError::NotFound)?;
                let cancelled = run.state == simulay_model::RunState::Cancelled;
                return if cancelled { Ok(run) } else { Err(StoreError::Ended) };
            }
            Err(error) => return Err(error),
        }
        if let Some(stop) = lock(&self.at_work).get(&id) {
            stop.cancel();
        }
        self.run(id).await?.ok_or(StoreError::NotFound)
    }

    /// The events after the one numbered `after`, then live ones, until the run has ended or the
    /// host stops.
    #[must_use]
    pub fn events(&self, id: RunId, after: u64) -> BoxStream<'static, Result<Event, StoreError>> {
        let events = self.followers.follow(self.parts.clone(), id, after);
        events.take_until(self.shutdown.clone().cancelled_owned()).boxed()
    }

    /// The container calls of a run, the newest attempt of each.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn calls(&self, id: RunId) -> Result<Vec<CallRecord>, StoreError> {
        self.parts.journal.calls(id).await
    }

    /// Inputs, outputs, streams and kept files of a run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn artifacts(&self, id: RunId) -> Result<Vec<RunArtifact>, StoreError> {
        self.parts.journal.artifacts(id).await
    }

    /// A stream of the newest attempt at a call.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such call.
    pub async fn log(
        &self,
        id: RunId,
        step: u32,
        call: u32,
        stream: StreamName,
    ) -> Result<LogStream, StoreError> {
        // Looked up before the journal: a call that ends in between has its artifact then.
        let live = self.logs.get(id, step, call, stream);
        match (self.kept_log(id, step, call, stream).await?, live) {
            (KeptLog::None, Some(log)) => {
                let engine = self.clone();
                let kept = move |from| async move { engine.rest_of_log(id, step, call, stream, from).await };
                Ok(log.follow(kept))
            }
            (KeptLog::None | KeptLog::Empty, _) => Ok(stream::empty().boxed()),
            (KeptLog::Blob(blob), _) => self.blob(blob.sha256, None).await,
        }
    }

    /// What is stored of a stream, from byte `from` on.
    async fn rest_of_log(
        &self,
        id: RunId,
        step: u32,
        call: u32,
        stream: StreamName,
        from: usize,
    ) -> Result<LogStream, StoreError> {
        match self.kept_log(id, step, call, stream).await? {
            KeptLog::Blob(blob) => self.blob(blob.sha256, Some(from as u64..blob.size)).await,
            // An attempt that another follows keeps nothing: its stream ends here.
            KeptLog::None | KeptLog::Empty => Ok(stream::empty().boxed()),
        }
    }

    async fn kept_log(
        &self,
        id: RunId,
        step: u32,
        call: u32,
        stream: StreamName,
    ) -> Result<KeptLog, StoreError> {
        let record = self.parts.journal.call(id, step, call).await?;
        let artifact = match record.ok_or(StoreError::NotFound)?.end {
            Some(CallEnd::Result(result)) => match stream {
                StreamName::Stdout => result.stdout_log,
                StreamName::Stderr => result.stderr_log,
            },
            Some(CallEnd::Error(_)) => None,
            None => return Ok(KeptLog::None),
        };
        Ok(artifact.map_or(KeptLog::Empty, KeptLog::Blob))
    }

    /// Takes the bytes of an input.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn blob_writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.check_room().await?;
        let writer = self.parts.blobs.create().await?;
        Ok(Box::new(Polite { writer, room: self.room(), stop: None, unseen: 0 }))
    }

    /// Takes the bytes of an archive of inputs; `place` is let go of when its reading has ended.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn archive_writer(
        &self,
        bounds: Bounds,
        place: impl Send + 'static,
    ) -> Result<ArchiveWriter, StoreError> {
        self.check_room().await?;
        Ok(ArchiveWriter::new(self.parts.blobs.clone(), self.room(), bounds, Box::new(place)))
    }

    /// Which of these inputs are not there; the others are not collected for a while.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn missing(&self, inputs: &BTreeSet<Digest>) -> Result<Vec<Digest>, StoreError> {
        let mut missing = Vec::new();
        for input in inputs {
            if self.parts.blobs.keep(*input).await?.is_none() {
                missing.push(*input);
            }
        }
        Ok(missing)
    }

    /// Refuses new work when too little room is left for it.
    pub(crate) async fn check_room(&self) -> Result<(), StoreError> {
        self.room().check(0).await
    }

    fn room(&self) -> Room {
        let space = self.kept.as_ref().map(|kept| kept.space.clone());
        Room { space, floor: self.settings.min_free_bytes }
    }

    /// The last time that the clock of the machine jumped, since the host started.
    #[must_use]
    pub fn clock_jump(&self) -> Option<ClockJump> {
        self.last_jump.get()
    }

    /// Bytes of an input or artifact.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn blob_size(&self, blob: Digest) -> Result<Option<u64>, StoreError> {
        self.parts.blobs.size(blob).await
    }

    /// Content of an input or artifact.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub async fn blob(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, StoreError> {
        self.parts.blobs.read(blob, range).await
    }

    /// The operator's images and whether Docker has them.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.parts.containers.images().await
    }

    /// What keeps the engine from working, in words; empty when nothing does.
    pub async fn readiness(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.shutdown.is_cancelled() {
            reasons.push("the host is stopping".to_owned());
        }
        if let Err(error) = self.parts.containers.ping().await {
            reasons.push(error.to_string());
        }
        if let Err(error) = self.check_room().await {
            reasons.push(error.to_string());
        }
        reasons
    }

    /// What is going on.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (unfinished_runs, active_runs, containers) = self.limits.taken();
        Stats { unfinished_runs, active_runs, containers }
    }

    /// Accepts no more runs and waits for those at work as long as the settings say. Then lets go of
    /// them; their containers go on and are adopted at the next start.
    pub async fn shutdown(&self) {
        self.shutdown.cancel();
        self.tasks.close();
        let drained = self.tasks.wait();
        if tokio::time::timeout(self.settings.drain, drained).await.is_err() {
            tracing::info!("letting go of the runs at work");
        }
        self.letting_go.cancel();
        self.tasks.wait().await;
        self.parts.containers.close().await;
    }

    pub(crate) const fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes up the runs that nobody works on, perhaps those of a host that is no more.
    pub(crate) async fn take_up(&self) -> Result<usize, StoreError> {
        let unfinished = self.parts.runs.unfinished().await?;
        let count = unfinished.len();
        for (id, pipeline) in unfinished {
            if lock(&self.at_work).contains_key(&id) {
                continue;
            }
            self.launch(id, pipeline, self.limits.keep_place());
        }
        Ok(count)
    }

    fn launch(&self, id: RunId, pipeline: PluginName, place: Place) {
        let stop = CancellationToken::new();
        match lock(&self.at_work).entry(id) {
            Entry::Occupied(_) => return,
            Entry::Vacant(vacant) => vacant.insert(stop.clone()),
        };
        let (blobs, room) = (self.parts.blobs.clone(), self.room());
        let patient = Patient { blobs, room: room.clone(), stop: stop.clone() };
        let driver = Driver {
            parts: Parts { blobs: Arc::new(patient), ..self.parts.clone() },
            room,
            settings: self.settings.clone(),
            limits: self.limits.clone(),
            logs: self.logs.clone(),
            run: id,
            pipeline,
            stop,
            draining: self.shutdown.clone(),
        };
        let (letting_go, at_work) = (self.letting_go.clone(), self.at_work.clone());
        self.tasks.spawn(async move {
            let _place = place;
            letting_go.run_until_cancelled(driver.drive()).await;
            lock(&at_work).remove(&id);
        });
    }
}

fn lock(
    runs: &Mutex<HashMap<RunId, CancellationToken>>,
) -> std::sync::MutexGuard<'_, HashMap<RunId, CancellationToken>> {
    runs.lock().unwrap_or_else(PoisonError::into_inner)
}
