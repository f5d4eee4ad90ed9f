//! Sweeps: many runs of one version of a pipeline, asked for at once.
//!
//! # Flow
//! [`Sweeps::create`] settles a design, checks each of its points against the plugin's schema, and commits the sweep
//! before anything else. Its points become runs by the [`driver`], which whoever works on runs has: each step of it is
//! one transaction with the runs that it makes, decided on the revision of the sweep, so that it matters neither who
//! takes it nor who dies meanwhile. A run is a run like any other from then on.

mod driver;
mod estimate;
mod making;
mod point_set;
mod points;
mod request;
mod rule;

use std::sync::Arc;

use simulay_model::{AccountName, OwnerFilter, Plugin, PointCounts, Points, Sweep};
use simulay_model::{
    Principal, Run, SweepChange, SweepId, SweepProgress, SweepSpec, SweepState, SweepSummary,
};
use simulay_signals::Signal;
use simulay_store::{StoreError, SweepQuery};

use crate::intake::Intake;
use crate::repeat::Once;
use crate::shared::Shared;
use crate::{CreateError, NewRun, Planned, SweepError, accept, checks};

pub(crate) use driver::drive_forever;
pub use estimate::SweepEstimate;
pub use points::{PointPage, SweepPointState};
pub use request::NewSweep;

/// Points that a preview shows.
const SHOWN: u32 = 10;
/// The most sweeps of an owner that have not ended.
const MAX_UNFINISHED: u32 = 100;

/// Takes sweeps in, and tells of them. Cheap to clone.
#[derive(Clone)]
pub struct Sweeps {
    shared: Arc<Shared>,
    intake: Intake,
}

/// What a sweep would be.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPreview {
    /// How many points it has.
    pub points: u32,
    /// What varies, in its order.
    pub parameters: Vec<simulay_model::Varied>,
    /// The values of the first points, in the order of the parameters.
    pub first: Vec<Vec<Option<serde_json::Value>>>,
    /// What the run of the first point would do first.
    pub planned: Planned,
    /// Of all that is left to chance.
    pub seed: u64,
    /// How long it may take; none when no run of the version has succeeded.
    pub estimate: Option<SweepEstimate>,
}

/// A sweep, and where its points are.
#[derive(Debug, Clone, PartialEq)]
pub struct CountedSweep {
    /// The sweep.
    pub sweep: Sweep,
    /// Its points, by the newest run of each.
    pub counts: PointCounts,
}

/// What is told of a sweep when the request that made it comes again.
pub type Answering<'a> = &'a (dyn Fn(&Sweep) -> String + Send + Sync);

impl Sweeps {
    pub(crate) const fn new(shared: Arc<Shared>, intake: Intake) -> Self {
        Self { shared, intake }
    }

    /// What a sweep would be; starts and stores nothing.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn preview(&self, principal: &Principal, new: NewSweep) -> Result<SweepPreview, SweepError> {
        let (sweep, plugin) = self.valid(principal, &new).await?;
        let design = &sweep.spec.design;
        let points = points_of(&sweep)?;
        let first = (0..SHOWN.min(points.count())).map(|point| points.values(point)).collect();
        let run = NewRun {
            pipeline: crate::Selector::exactly(&plugin),
            params: points.params(0).into(),
            inputs: new.inputs,
            seed: Some(design.seed),
            retries: new.retries,
            reuse: new.reuse,
            name: None,
            labels: Default::default(),
            sweep: None,
            awaited: false,
        };
        let planned = self.intake.preview(principal, run).await?;
        let (points, max_at_once) = (points.count(), new.max_at_once);
        let asked = estimate::Asked { plugin: &plugin, planned: &planned, points, max_at_once };
        let estimate = estimate::of(&self.shared, principal, &asked).await?;
        let parameters = design.parameters.clone();
        Ok(SweepPreview { points, parameters, first, planned, seed: design.seed, estimate })
    }

    /// Accepts a sweep: each point is checked, and the sweep is stored. `answer` is what is told of it when the request
    /// comes again.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn create(
        &self,
        principal: &Principal,
        new: NewSweep,
        once: Option<(&Once, Answering<'_>)>,
    ) -> Result<Sweep, SweepError> {
        self.intake.check_acceptance(&principal.account).await?;
        self.check_unfinished(&principal.account).await?;
        let (sweep, _) = self.valid(principal, &new).await?;
        let answered = once.map(|(once, answer)| (once.claim(principal), answer(&sweep)));
        self.shared.parts.sweeps.add_sweep(sweep.clone(), answered).await?;
        tracing::info!(sweep = %sweep.id, points = sweep.progress.points(), "a sweep is accepted");
        self.shared.parts.signals.publish(Signal::SweepChanged(sweep.id));
        Ok(sweep)
    }

    /// A sweep, and where its points are.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sweep(
        &self,
        principal: &Principal,
        id: SweepId,
    ) -> Result<Option<CountedSweep>, crate::EngineError> {
        let sweeps = &self.shared.parts.sweeps;
        let Some(sweep) = sweeps.sweep(&principal.visible(), id).await? else { return Ok(None) };
        Ok(Some(CountedSweep { counts: sweeps.count_points(id).await?, sweep }))
    }

    /// Sweeps without what was asked, from the newest to the oldest.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list(
        &self,
        principal: &Principal,
        query: SweepQuery,
    ) -> Result<Vec<SweepSummary>, crate::EngineError> {
        Ok(self.shared.parts.sweeps.sweeps(&principal.visible(), query).await?)
    }

    /// Asks for the end of a sweep and of all its runs; asking again is fine.
    ///
    /// # Errors
    /// [`SweepError::Refused`] when it ended in another way.
    pub async fn cancel(&self, principal: &Principal, id: SweepId) -> Result<CountedSweep, SweepError> {
        self.change(principal, id, SweepChange::Cancel).await
    }

    /// Asks for another run of each point that failed.
    ///
    /// # Errors
    /// [`SweepError::Refused`] while it is being ended.
    pub async fn retry(&self, principal: &Principal, id: SweepId) -> Result<CountedSweep, SweepError> {
        self.change(principal, id, SweepChange::Retry).await
    }

    /// Adds points to those there are, which do not change.
    ///
    /// # Errors
    /// [`SweepError::Refused`] when there is no next point, or too many; [`SweepError::Invalid`].
    pub async fn extend(
        &self,
        principal: &Principal,
        id: SweepId,
        points: u32,
    ) -> Result<CountedSweep, SweepError> {
        let most = self.shared.settings.max_sweep_points;
        self.change(principal, id, SweepChange::Extend { points, most }).await
    }

    /// Checks all points, those that are there as well: together they are not too large.
    async fn check_points(&self, sweep: &Sweep, next: &SweepProgress) -> Result<(), SweepError> {
        let plugin = crate::plugins::of_run(&self.shared.parts, &sweep.plugin).await?;
        let permit = self.intake.check_permit().await?;
        let (schema, design) = (&plugin.manifest.params_schema, &sweep.spec.design);
        checks::points(permit, schema, design, &next.blocks, (0..next.points()).collect(), false).await?;
        Ok(())
    }

    async fn change(
        &self,
        principal: &Principal,
        id: SweepId,
        change: SweepChange,
    ) -> Result<CountedSweep, SweepError> {
        let mut checked = None;
        loop {
            let sweep = self.found(principal, id).await?;
            if let Some(next) = sweep.decide(self.shared.parts.clock.now(), change)? {
                if sweep.progress.state.is_end() && !next.state.is_end() {
                    self.check_unfinished(&sweep.owner).await?;
                }
                // Points follow from the sizes of blocks: what was checked is what is stored.
                if next.blocks != sweep.progress.blocks && checked.as_ref() != Some(&next.blocks) {
                    self.check_points(&sweep, &next).await?;
                    checked = Some(next.blocks.clone());
                }
                let quotas = simulay_model::Quotas::default();
                let committed = self.shared.parts.sweeps.commit_sweep(id, next, Vec::new(), &quotas).await;
                match committed {
                    Err(StoreError::Stale) => continue,
                    committed => committed?,
                }
                self.shared.parts.signals.publish(Signal::SweepChanged(id));
            }
            let found = self.sweep(principal, id).await?;
            return found.ok_or_else(|| StoreError::NotFound.into());
        }
    }

    /// Refuses one more sweep that has not ended when its owner has as many as one may.
    async fn check_unfinished(&self, owner: &AccountName) -> Result<(), SweepError> {
        let mut all = 0;
        for state in [SweepState::Running, SweepState::Stopping, SweepState::Cancelling] {
            let query = SweepQuery { state: Some(state), limit: MAX_UNFINISHED, ..SweepQuery::default() };
            all += self.shared.parts.sweeps.sweeps(&OwnerFilter::Only(owner.clone()), query).await?.len();
        }
        if all < MAX_UNFINISHED as usize { Ok(()) } else { Err(SweepError::TooManyUnfinished(all)) }
    }

    async fn found(&self, principal: &Principal, id: SweepId) -> Result<Sweep, SweepError> {
        let found = self.shared.parts.sweeps.sweep(&principal.visible(), id).await?;
        found.ok_or_else(|| StoreError::NotFound.into())
    }

    /// The sweep that a request asks for, when each of its points is valid; and the version it is of.
    async fn valid(&self, principal: &Principal, new: &NewSweep) -> Result<(Sweep, Plugin), SweepError> {
        let Shared { parts, settings, .. } = &*self.shared;
        let plugin = accept::pipeline(parts, &principal.visible_plugins(), &new.pipeline).await?;
        let (schema, most) = (&plugin.manifest.params_schema, settings.max_sweep_points);
        new.check(most)?;
        let seed = new.seed.unwrap_or_else(|| accept::draw_seed(parts));
        let (design, points) = new.draft(seed).settle(schema, new.max_points.unwrap_or(most).min(most))?;
        let (retries, reuse) = (new.retries, new.reuse);
        let inputs = accept_inputs(self, principal, new).await?;
        let permit = self.intake.check_permit().await?;
        checks::points(permit, schema, &design, &[points], (0..points).collect(), false).await?;
        let (max_at_once, stop) = (new.max_at_once, new.stop.clone());
        let sweep = Sweep {
            id: SweepId::generate(),
            owner: principal.account.clone(),
            plugin: plugin.reference(),
            name: new.name.clone(),
            labels: new.labels.clone(),
            created_at: parts.clock.now(),
            spec: SweepSpec { design, inputs, retries, reuse, max_at_once, stop },
            progress: SweepProgress::of(points),
        };
        Ok((sweep, plugin))
    }
}

async fn accept_inputs(
    sweeps: &Sweeps,
    principal: &Principal,
    new: &NewSweep,
) -> Result<Vec<simulay_model::Artifact>, CreateError> {
    let Shared { parts, settings, .. } = &*sweeps.shared;
    let run = new.first_run();
    accept::retries(&run, settings.max_retries)?;
    accept::inputs_together(&run, settings.max_inputs)?;
    accept::inputs(parts, &principal.visible(), &run).await
}

/// The points of a sweep.
fn points_of(sweep: &Sweep) -> Result<Points<'_>, StoreError> {
    let points = Points::new(&sweep.spec.design, &sweep.progress.blocks);
    points.map_err(|error| StoreError::Corrupt(error.into()))
}

/// What is told of a sweep that has just been accepted.
impl From<Sweep> for CountedSweep {
    fn from(sweep: Sweep) -> Self {
        Self { sweep, counts: PointCounts::default() }
    }
}

/// True when the run is a point of a sweep that goes on: whoever drives that should look.
pub(crate) fn changed_by(run: &Run) -> Option<Signal> {
    run.sweep.map(|point| Signal::SweepChanged(point.sweep))
}

/// True for the states in which runs are to end.
const fn ends_runs(state: SweepState) -> bool {
    matches!(state, SweepState::Cancelling | SweepState::Stopping)
}
