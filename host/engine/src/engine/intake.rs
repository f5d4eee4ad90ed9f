//! How runs are accepted, and how a request that comes again finds what came of the first.

use std::time::Duration;

use simulay_model::{Request, Run, RunId, RunState};
use simulay_store::{Claim, Outcome, StoreError};

use super::Engine;
use crate::checks::CheckPlace;
use crate::limits::Place;
use crate::repeat::{AtWork, Beginning, Once, RepeatError};
use crate::{CreateError, NewRun, accept, checks, plugins};

/// Time a request waits to be checked.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came of a request for a run with an id of the caller's choice.
#[derive(Debug, Clone, PartialEq)]
pub enum Named {
    /// The run is new.
    New(Run),
    /// The same was asked for before.
    Known(Run),
}

impl Engine {
    /// Accepts a run: validated, stored, queued.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create(&self, new: NewRun) -> Result<Run, CreateError> {
        let run = self.accept(new).await?;
        self.take_in(run, None).await
    }

    /// As [`Engine::create`]. When the request comes again, the run that came of the first is told,
    /// as it was then.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create_once(&self, new: NewRun, once: &Once) -> Result<Run, CreateError> {
        match self.in_flight.begin(&self.parts, once).await? {
            Beginning::Again(outcome) => self.accepted_before(outcome).await,
            Beginning::First(at_work) => {
                let run = self.accept(new).await?;
                let created = self.take_in(run, Some((once.claim(), at_work))).await;
                match created {
                    // Another host that shares the database was faster.
                    Err(CreateError::Store(StoreError::Repeated)) => Err(RepeatError::InFlight.into()),
                    created => created,
                }
            }
        }
    }

    /// As [`Engine::create`], with an id of the caller's choice. The same request again gives the
    /// same run.
    ///
    /// # Errors
    /// [`CreateError::IdTaken`] when another request has the id; see [`CreateError`].
    pub async fn create_as(&self, id: RunId, new: NewRun) -> Result<Named, CreateError> {
        // Not drawn: the same request again has the same seed.
        let new = NewRun { seed: Some(new.seed.unwrap_or_else(|| accept::seed_of(id))), ..new };
        if let Some(run) = self.run(id).await? {
            return self.same(run, &new).await;
        }
        let run = Run { id, ..self.accept(new.clone()).await? };
        match self.take_in(run, None).await {
            Err(CreateError::Store(StoreError::RunExists)) => {
                let run = self.run(id).await?.ok_or(StoreError::NotFound)?;
                self.same(run, &new).await
            }
            created => created.map(Named::New),
        }
    }

    /// Begins a request that is answered in other words than a run, unless it came before.
    ///
    /// # Errors
    /// See [`RepeatError`].
    pub async fn begin(&self, once: &Once) -> Result<Beginning, RepeatError> {
        self.in_flight.begin(&self.parts, once).await
    }

    /// Remembers the answer to a request that does no harm when it does its work twice.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn remember(&self, once: &Once, answer: String) -> Result<(), StoreError> {
        self.parts.requests.remember(once.claim(), answer).await
    }

    async fn accept(&self, new: NewRun) -> Result<Run, CreateError> {
        if self.shutdown.is_cancelled() {
            return Err(CreateError::Draining);
        }
        self.check_room().await?;
        let plugin = accept::pipeline(&self.parts, &new.pipeline).await?;
        accept::inputs_together(&new, self.settings.max_inputs)?;
        let request = accept::request(&self.parts, &plugin, &new, self.check_place().await?).await?;
        accept::retries(&new, self.settings.max_retries)?;
        Ok(accept::run(&self.parts, &plugin, &new, request))
    }

    /// A place to check a request; who would wait for long is told to come back.
    pub(super) async fn check_place(&self) -> Result<CheckPlace, CreateError> {
        let place = tokio::time::timeout(PATIENCE, self.limits.check()).await;
        Ok(place.map_err(|_| CreateError::TooBusy)??)
    }

    /// Stores an accepted run and sets it to work, even when its caller goes away meanwhile.
    async fn take_in(&self, run: Run, claim: Option<(Claim, AtWork)>) -> Result<Run, CreateError> {
        let place = self.limits.place().map_err(CreateError::QueueFull)?;
        let engine = self.clone();
        let stored = self.tasks.spawn(async move {
            let (claim, _at_work) = claim.unzip();
            engine.store_run(run, claim, place).await
        });
        let stored = stored.await.map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(stored?)
    }

    async fn store_run(&self, run: Run, claim: Option<Claim>, place: Place) -> Result<Run, StoreError> {
        self.parts.runs.create(run.clone(), claim).await?;
        self.launch(run.id, run.plugin.name.clone(), place);
        Ok(run)
    }

    async fn accepted_before(&self, outcome: Outcome) -> Result<Run, CreateError> {
        let Outcome::Run(id) = outcome else { return Err(RepeatError::OtherRequest.into()) };
        let run = self.run(id).await?.ok_or(StoreError::NotFound)?;
        Ok(as_accepted(run))
    }

    /// The run, when `new` asks for the same.
    async fn same(&self, run: Run, new: &NewRun) -> Result<Named, CreateError> {
        let plugin = plugins::of_run(&self.parts, &run.plugin).await?;
        let version = new.pipeline.version.as_ref();
        let named =
            run.plugin.name == new.pipeline.name && version.is_none_or(|it| *it == run.plugin.version);
        // What would not be accepted is not what was.
        let place = self.check_place().await?;
        let asked: Option<Request> = match accept::request(&self.parts, &plugin, new, place).await {
            Ok(asked) => Some(asked),
            Err(error @ (CreateError::Store(_) | CreateError::TooBusy)) => return Err(error),
            Err(_) => None,
        };
        let same = match asked.filter(|_| named && run.retries == new.retries) {
            Some(asked) => self.is_same(&asked, &run.request).await?,
            None => false,
        };
        if same { Ok(Named::Known(run)) } else { Err(CreateError::IdTaken(run.id)) }
    }

    async fn is_same(&self, asked: &Request, accepted: &Request) -> Result<bool, CreateError> {
        if asked.inputs != accepted.inputs || asked.seed != accepted.seed {
            return Ok(false);
        }
        let (one, two) = (&asked.params, &accepted.params);
        // Most who ask again ask in the same words.
        Ok(one == two || checks::agree(self.check_place().await?, one, two).await)
    }
}

/// The run as it was told when it was accepted.
fn as_accepted(run: Run) -> Run {
    Run {
        state: RunState::Queued,
        steps: 0,
        cancel_requested: false,
        started_at: None,
        ended_at: None,
        report: None,
        error: None,
        ..run
    }
}
