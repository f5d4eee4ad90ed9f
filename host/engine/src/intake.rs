//! How runs and inputs are taken in, and how a request that comes again finds what came of the first.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use simulay_archives::Bounds;
use simulay_containers::Capacity;
use simulay_model::{
    AccountName, Change, DescriptionChange, Digest, Plugin, Principal, Request, Run, RunId, RunSummary,
};
use simulay_sandbox::{Answer, Call};
use simulay_signals::Signal;
use simulay_store::{Claim, Outcome, StoreError};
use tracing::Instrument as _;

use crate::accepted::Accepted;
use crate::archive::ArchiveWriter;
use crate::checks::CheckPermit;
use crate::fresh::FreshRun;
use crate::lease::apply_unleased;
use crate::plugins::CallFault;
use crate::repeat::{AtWork, Beginning, InFlight, Once};
use crate::shared::Shared;
use crate::unfinished::{Accepting, Unfinished};
use crate::upload::{InputWriter, Uploader};
use crate::{
    CreateError, DescribeError, EngineError, NewRun, Planned, RepeatError, accept, accepted, checks,
    description, plan, plugins, trace, verdict,
};

/// Time a request waits to be checked.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes what is asked for in. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    shared: Arc<Shared>,
    /// Requests at work that may come again.
    in_flight: InFlight,
    unfinished: Unfinished,
}

impl Intake {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, in_flight: InFlight::default(), unfinished: Unfinished::default() }
    }

    /// What a run would do first; starts and stores nothing.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn preview(&self, principal: &Principal, new: NewRun) -> Result<Planned, CreateError> {
        let plugin = self.pipeline(principal, &new).await?;
        let request = self.request(principal, &new, &plugin).await?;
        let (params, seed) = (request.params.clone(), request.seed);
        let known: HashMap<_, _> = request.inputs.iter().map(|input| (input.sha256, input.size)).collect();
        let known = Arc::new(known);
        let call = Call::PreProcess(request);
        let answered = plugins::call(&self.shared.parts, plugin.sha256, call, known.clone()).await;
        let answered = answered.map_err(|fault| match fault {
            CallFault::Blobs(error) => error.into(),
            CallFault::Call(error) => CreateError::Preview(verdict::of_plugin(&error)),
        })?;
        let answer = answered.answer.map_err(|failure| CreateError::Preview(verdict::of_failure(failure)))?;
        let Answer::Step(step) = answer else { return Err(CreateError::Preview(verdict::wrong_answer())) };
        let step = plan::seeded(step, 0, seed);
        let terms = plan::admit(&step, &plugin, &*self.shared.parts.admission, &known);
        let terms = terms.map_err(CreateError::Preview)?;
        let demand = terms.iter().map(|terms| terms.demand).fold(Capacity::default(), Capacity::plus);
        Ok(Planned { params, calls: step.calls, demand })
    }

    /// Asks for the end of a run; asking again is fine.
    ///
    /// # Errors
    /// [`StoreError::Ended`] when it ended in another way, [`StoreError::NotFound`].
    pub async fn cancel(&self, principal: &Principal, id: RunId) -> Result<Run, EngineError> {
        match apply_unleased(&self.shared.parts, principal, id, Change::CancelRequested).await {
            Ok(()) => self.shared.parts.signals.publish(Signal::CancelRequested(id)),
            Err(StoreError::Ended) => {
                let run = self.run(principal, id).await?.ok_or(StoreError::NotFound)?;
                let cancelled = run.state == simulay_model::RunState::Cancelled;
                return if cancelled { Ok(run) } else { Err(StoreError::Ended.into()) };
            }
            Err(error) => return Err(error.into()),
        }
        Ok(self.run(principal, id).await?.ok_or(StoreError::NotFound)?)
    }

    /// Changes what people call a run and sort it by, also after its end.
    ///
    /// # Errors
    /// See [`DescribeError`]; [`StoreError::NotFound`].
    pub async fn describe(
        &self,
        principal: &Principal,
        id: RunId,
        change: DescriptionChange,
    ) -> Result<RunSummary, DescribeError> {
        description::change(&self.shared.parts, principal, id, change).await
    }

    /// Takes the bytes of an input.
    ///
    /// # Errors
    /// [`StoreError::QuotaExceeded`]; when the store does not answer.
    pub async fn blob_writer(&self, principal: &Principal) -> Result<InputWriter, EngineError> {
        self.shared.check_room().await?;
        let uploader = self.uploader(principal).await?;
        let writer = self.shared.parts.blobs.create().await?;
        Ok(InputWriter::new(writer, self.shared.room(), uploader))
    }

    /// Takes the bytes of an archive of inputs; `permit` is let go of when its reading has ended.
    ///
    /// # Errors
    /// [`StoreError::QuotaExceeded`]; when the store does not answer.
    pub async fn archive_writer(
        &self,
        principal: &Principal,
        bounds: Bounds,
        permit: impl Send + 'static,
    ) -> Result<ArchiveWriter, EngineError> {
        self.shared.check_room().await?;
        let (blobs, uploader) = (self.shared.parts.blobs.clone(), self.uploader(principal).await?);
        Ok(ArchiveWriter::new(blobs, self.shared.room(), bounds, uploader, Box::new(permit)))
    }

    /// Who has no room for anything more is told so before anything is sent.
    async fn uploader(&self, principal: &Principal) -> Result<Uploader, EngineError> {
        let Shared { parts, quotas, .. } = &*self.shared;
        let allowance = quotas.allowance(&principal.account, parts.clock.now()).await?;
        allowance.check(1)?;
        let (uploads, quotas) = (parts.uploads.clone(), quotas.clone());
        Ok(Uploader { uploads, principal: principal.clone(), quotas, allowance: Arc::new(allowance) })
    }

    /// Which of these inputs are not there; the others are not collected for a while.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn missing(
        &self,
        principal: &Principal,
        inputs: &BTreeSet<Digest>,
    ) -> Result<Vec<Digest>, EngineError> {
        let asked = inputs.iter().copied().collect();
        let nameable = self.shared.parts.uploads.nameable(&principal.visible(), asked).await?;
        let mut missing = Vec::new();
        for input in inputs {
            if !nameable.contains(input) || self.shared.parts.blobs.keep(*input).await?.is_none() {
                missing.push(*input);
            }
        }
        Ok(missing)
    }

    /// Accepts a run: validated, stored, queued.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create(&self, principal: &Principal, new: NewRun) -> Result<Run, CreateError> {
        Ok(self.submit(principal, new).await?.stored().await?)
    }

    /// As [`Intake::create`], told before the run is durable when its end is awaited.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn submit(&self, principal: &Principal, new: NewRun) -> Result<Accepted, CreateError> {
        let awaited = new.awaited;
        let fresh = self.accept(principal, new).await?;
        self.take_in(fresh, None, awaited).await
    }

    /// As [`Intake::submit`]. When the request comes again, the run that came of the first is told,
    /// as it was then.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn submit_once(
        &self,
        principal: &Principal,
        new: NewRun,
        once: &Once,
    ) -> Result<Accepted, CreateError> {
        match self.begin(principal, once).await? {
            Beginning::Again(outcome) => self.accepted_before(principal, outcome).await,
            Beginning::First(at_work) => {
                let awaited = new.awaited;
                let fresh = self.accept(principal, new).await?;
                let claim = Some((once.claim(principal), at_work));
                let created = self.take_in(fresh, claim, awaited).await;
                match created {
                    // Another host that shares the database was faster.
                    Err(CreateError::Engine(EngineError::Records(StoreError::Repeated))) => {
                        Err(RepeatError::InFlight.into())
                    }
                    created => created,
                }
            }
        }
    }

    /// As [`Intake::submit`], with an id of the caller's choice. The same request again gives the
    /// same run.
    ///
    /// # Errors
    /// [`CreateError::IdTaken`] when another request has the id; [`StoreError::NotFound`] when it is one of
    /// another account; see [`CreateError`].
    pub async fn submit_as(
        &self,
        principal: &Principal,
        id: RunId,
        new: NewRun,
    ) -> Result<Accepted, CreateError> {
        // Not drawn: the same request again has the same seed.
        let new = NewRun { seed: Some(new.seed.unwrap_or_else(|| accept::seed_of(id))), ..new };
        if let Some(run) = self.run(principal, id).await? {
            return self.same(principal, run, &new).await;
        }
        let mut fresh = self.accept(principal, new.clone()).await?;
        fresh.run.id = id;
        match self.take_in(fresh, None, new.awaited).await {
            Err(CreateError::Engine(EngineError::Records(StoreError::RunExists))) => {
                let run = self.run(principal, id).await?.ok_or(StoreError::NotFound)?;
                self.same(principal, run, &new).await
            }
            accepted => accepted,
        }
    }

    /// Begins a request that is answered in other words than a run, unless it came before.
    ///
    /// # Errors
    /// See [`RepeatError`].
    pub async fn begin(&self, principal: &Principal, once: &Once) -> Result<Beginning, RepeatError> {
        self.in_flight.begin(&self.shared.parts, principal, once).await
    }

    /// Remembers the answer to a request that does no harm when it does its work twice.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn remember(
        &self,
        principal: &Principal,
        once: &Once,
        answer: String,
    ) -> Result<(), EngineError> {
        Ok(self.shared.parts.requests.remember(once.claim(principal), answer).await?)
    }

    async fn accept(&self, principal: &Principal, new: NewRun) -> Result<FreshRun, CreateError> {
        // Both are read beside each other.
        let (room, plugin) =
            tokio::join!(self.check_room_for(&principal.account), self.pipeline(principal, &new));
        room?;
        let plugin = plugin?;
        let request = self.request(principal, &new, &plugin).await?;
        accept::retries(&new, self.shared.settings.max_retries)?;
        let run = accept::run(&self.shared.parts, &principal.account, &plugin, &new, request);
        Ok(FreshRun { run, plugin })
    }

    async fn check_room_for(&self, account: &AccountName) -> Result<(), CreateError> {
        if self.shared.shutdown.is_cancelled() {
            return Err(CreateError::Draining);
        }
        self.shared.check_room().await?;
        // Who has no quota left is told so before much is read and written for him.
        let (quotas, now) = (&self.shared.quotas, self.shared.parts.clock.now());
        Ok(quotas.admit_runs(account, 1, now).await?)
    }

    /// Refuses work of an account when no run of it would be accepted now.
    pub(crate) async fn check_acceptance(&self, account: &AccountName) -> Result<(), CreateError> {
        self.check_room_for(account).await?;
        self.count_in().await.map(drop)
    }

    /// The version meant.
    async fn pipeline(&self, principal: &Principal, new: &NewRun) -> Result<Plugin, CreateError> {
        accept::pipeline(&self.shared.parts, &principal.visible_plugins(), &new.pipeline).await
    }

    /// The request as `plugin` will get it.
    async fn request(
        &self,
        principal: &Principal,
        new: &NewRun,
        plugin: &Plugin,
    ) -> Result<Request, CreateError> {
        accept::inputs_together(new, self.shared.settings.max_inputs)?;
        let permit = self.check_permit().await?;
        accept::request(&self.shared.parts, &principal.visible(), plugin, new, permit).await
    }

    /// A permit to check a request; who would wait for long is told to come back.
    pub(super) async fn check_permit(&self) -> Result<CheckPermit, CreateError> {
        let permit = tokio::time::timeout(PATIENCE, self.shared.limits.check()).await;
        Ok(permit.map_err(|_| CreateError::TooBusy)??)
    }

    /// Stores an accepted run and sets it to work, even when its caller goes away meanwhile.
    async fn take_in(
        &self,
        fresh: FreshRun,
        claim: Option<(Claim, AtWork)>,
        awaited: bool,
    ) -> Result<Accepted, CreateError> {
        let (accepting, shared) = (self.count_in().await?, self.shared.clone());
        let accept = trace::accept(&fresh.run);
        let storing = async move {
            let (claim, at_work) = claim.unzip();
            let counted = (accepting, at_work);
            if awaited {
                accepted::store_soon(&shared, fresh, claim, counted).await
            } else {
                accepted::store(&shared, fresh, claim, counted).await
            }
        };
        let stored = self.shared.tasks.spawn(storing.instrument(accept)).await;
        Ok(stored.map_err(EngineError::broken)??)
    }

    async fn count_in(&self) -> Result<Accepting, CreateError> {
        let (runs, most) = (&*self.shared.parts.runs, self.shared.settings.max_unfinished_runs);
        self.unfinished.count_in(runs, most).await
    }

    async fn run(&self, principal: &Principal, id: RunId) -> Result<Option<Run>, EngineError> {
        Ok(self.shared.parts.runs.get(&principal.visible(), id).await?)
    }

    async fn accepted_before(
        &self,
        principal: &Principal,
        outcome: Outcome,
    ) -> Result<Accepted, CreateError> {
        let Outcome::Run(id) = outcome else { return Err(RepeatError::OtherRequest.into()) };
        let run = self.run(principal, id).await?.ok_or(StoreError::NotFound)?;
        Ok(Accepted::before(accept::as_accepted(run)))
    }

    /// The run, when `new` asks for the same.
    async fn same(&self, principal: &Principal, run: Run, new: &NewRun) -> Result<Accepted, CreateError> {
        let plugin = plugins::of_run(&self.shared.parts, &run.plugin).await?;
        let version = new.pipeline.version.as_ref();
        let named =
            run.plugin.name == new.pipeline.name && version.is_none_or(|it| *it == run.plugin.version);
        // What would not be accepted is not what was.
        let (permit, visible) = (self.check_permit().await?, principal.visible());
        let asked = accept::request(&self.shared.parts, &visible, &plugin, new, permit).await;
        let asked: Option<Request> = match asked {
            Ok(asked) => Some(asked),
            Err(error @ (CreateError::Engine(_) | CreateError::TooBusy)) => return Err(error),
            Err(_) => None,
        };
        // Whether results are taken is no part of what is asked for: a browser may say `no-cache` the second time alone.
        let same = match asked.filter(|_| named && run.retries == new.retries) {
            Some(asked) => self.is_same(&asked, &run.request).await?,
            None => false,
        };
        if same { Ok(Accepted::before(run)) } else { Err(CreateError::IdTaken(run.id)) }
    }

    async fn is_same(&self, asked: &Request, accepted: &Request) -> Result<bool, CreateError> {
        if asked.inputs != accepted.inputs || asked.seed != accepted.seed {
            return Ok(false);
        }
        let (one, two) = (&asked.params, &accepted.params);
        // Most who ask again ask in the same words.
        Ok(one == two || checks::agree(self.check_permit().await?, one, two).await)
    }
}
