//! Sweeps: each point becomes one run, whatever breaks, and what is asked of a sweep comes to pass.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use simulay_containers::scripted::{Act, Scripted};
use simulay_engine::{CountedSweep, CreateError, NewSweep, Settings, SweepError, SweepPointState};
use simulay_model::{
    Bound, Labels, Layout, OwnerFilter, PointCounts, Quotas, Run, RunSummary, StopRule, Sweep, SweepId,
    SweepProgress, SweepRefusal, SweepState, SweepSummary, Variation,
};
use simulay_store::{Claim, PointRun, StoreError, SweepQuery, Sweeps};
use simulay_store_sqlite::SqliteStore;

use crate::house::{self, House, me};

/// Keeps sweeps, but that steps fail: some before they are stored, some after, as when the answer is lost.
struct Failing {
    records: Arc<SqliteStore>,
    steps: AtomicU32,
}

#[async_trait]
impl Sweeps for Failing {
    async fn add_sweep(&self, sweep: Sweep, answered: Option<(Claim, String)>) -> Result<(), StoreError> {
        self.records.add_sweep(sweep, answered).await
    }

    async fn sweep(&self, owner: &OwnerFilter, sweep: SweepId) -> Result<Option<Sweep>, StoreError> {
        self.records.sweep(owner, sweep).await
    }

    async fn sweeps(&self, owner: &OwnerFilter, query: SweepQuery) -> Result<Vec<SweepSummary>, StoreError> {
        self.records.sweeps(owner, query).await
    }

    async fn unfinished_sweeps(
        &self,
        after: Option<SweepId>,
        limit: u32,
    ) -> Result<Vec<SweepId>, StoreError> {
        self.records.unfinished_sweeps(after, limit).await
    }

    async fn commit_sweep(
        &self,
        sweep: SweepId,
        progress: SweepProgress,
        runs: Vec<Run>,
        quotas: &Quotas,
    ) -> Result<(), StoreError> {
        let lost = || StoreError::Failed("lost".into());
        match self.steps.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => Err(lost()),
            1 => {
                self.records.commit_sweep(sweep, progress, runs, quotas).await?;
                Err(lost())
            }
            _ => self.records.commit_sweep(sweep, progress, runs, quotas).await,
        }
    }

    async fn count_points(&self, sweep: SweepId) -> Result<PointCounts, StoreError> {
        self.records.count_points(sweep).await
    }

    async fn points(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        self.records.points(sweep, from, limit).await
    }

    async fn point_runs(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<PointRun>, StoreError> {
        self.records.point_runs(sweep, from, limit).await
    }
}

/// What is found by looking is found soon.
fn settings(holder: &str) -> Settings {
    Settings { lease: Duration::from_secs(3), lease_holder: holder.to_owned(), ..Settings::default() }
}

fn over_steps(layout: Layout, variation: Variation) -> NewSweep {
    NewSweep {
        pipeline: house::request(json!({})).pipeline,
        name: None,
        labels: Labels::default(),
        layout,
        parameters: vec![("/steps".to_owned(), variation)],
        fixed: json!({}).into(),
        inputs: Vec::new(),
        seed: Some(1),
        retries: 0,
        reuse: true,
        max_at_once: None,
        max_points: None,
        stop: None,
    }
}

fn list(steps: &[u32]) -> NewSweep {
    over_steps(Layout::Grid, Variation::List(steps.iter().map(|step| json!(step)).collect()))
}

impl House {
    async fn sweep(&self, new: NewSweep) -> SweepId {
        self.engine.sweeps.create(&me(), new, None).await.unwrap().id
    }

    /// The sweep once it is in this state.
    async fn until(&self, id: SweepId, state: SweepState) -> CountedSweep {
        let there = async {
            loop {
                let found = self.engine.sweeps.sweep(&me(), id).await.unwrap().unwrap();
                if found.sweep.progress.state == state {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), there).await.unwrap()
    }

    async fn points(&self, id: SweepId, outcomes: &[&str]) -> Vec<SweepPointState> {
        let outcomes: Vec<_> =
            outcomes.iter().map(|pointer| format!("outcome:{pointer}").parse().unwrap()).collect();
        self.engine.sweeps.points(&me(), id, 0, 1000, &outcomes).await.unwrap().points
    }
}

async fn house(directory: &Path, containers: &Scripted) -> House {
    let house = House::with(directory, containers, settings("one"));
    house.upload().await;
    house
}

fn runs_of(points: &[SweepPointState]) -> Vec<Option<simulay_model::RunId>> {
    points.iter().map(|point| point.run.as_ref().map(|run| run.id)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_point_becomes_one_run_whatever_step_is_lost() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    let stored = house::open(directory.path());
    let failing = Arc::new(Failing { records: stored.0.clone(), steps: AtomicU32::new(0) });
    let house = House::over_sweeps(&stored, &containers, settings("one"), failing);
    // Of runs that were stored when the answer was lost no signal tells: they are found by looking.
    house.engine.runner.start().await.unwrap();
    house.upload().await;
    let id = house.sweep(NewSweep { max_at_once: Some(4), ..list(&[1; 12]) }).await;
    let done = house.until(id, SweepState::Succeeded).await;
    assert_eq!(done.counts, PointCounts { succeeded: 12, ..PointCounts::default() });
    let runs = stored.0.list_of(id).await;
    assert_eq!(runs, 12, "a point has two runs, or none");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_bring_one_sweep_along() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    let stored = house::open(directory.path());
    let open = |holder| House::over_sweeps(&stored, &containers, settings(holder), stored.0.clone());
    let (one, _other) = (open("one"), open("other"));
    one.upload().await;
    let id = one.sweep(NewSweep { max_at_once: Some(4), ..list(&[1; 12]) }).await;
    let done = one.until(id, SweepState::Succeeded).await;
    assert_eq!(done.counts.succeeded, 12);
    assert_eq!(stored.0.list_of(id).await, 12);
}

/// How many runs a sweep has, newest of their points or not.
trait ListOf {
    async fn list_of(&self, id: SweepId) -> usize;
}

impl ListOf for SqliteStore {
    async fn list_of(&self, id: SweepId) -> usize {
        let query = simulay_store::RunQuery { limit: 1000, ..Default::default() };
        let runs = simulay_store::Runs::list(self, &OwnerFilter::Any, query).await.unwrap();
        runs.iter().filter(|run| run.sweep.is_some_and(|point| point.sweep == id)).count()
    }
}

#[tokio::test]
async fn points_have_their_values_and_outcomes_and_no_more_run_at_once_than_may() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    let house = house(directory.path(), &containers).await;
    let id = house.sweep(NewSweep { max_at_once: Some(2), ..list(&[3, 1, 2]) }).await;
    house.until(id, SweepState::Succeeded).await;
    let points = house.points(id, &["/steps", "/said", "/nothing"]).await;
    let values: Vec<Value> = points.iter().map(|point| point.values[0].clone().unwrap()).collect();
    assert_eq!(values, [json!(3), json!(1), json!(2)]);
    for (point, value) in points.iter().zip(values) {
        assert_eq!(point.outcomes, [Some(value), None, None]);
    }
    let run = house.engine.reader.run(&me(), points[0].run.as_ref().unwrap().id).await.unwrap().unwrap();
    assert_eq!(run.request.params, json!({ "steps": 3, "report": false }));
    assert_eq!(run.sweep.map(|point| (point.sweep, point.point)), Some((id, 0)));
}

#[tokio::test]
async fn only_what_failed_is_run_again() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    containers.on("left", Act::exits(3));
    containers.on("left", Act::exits(0));
    let house = house(directory.path(), &containers).await;
    let id = house.sweep(NewSweep { max_at_once: Some(1), ..list(&[1, 1, 1]) }).await;
    let ended = house.until(id, SweepState::Ended).await;
    assert_eq!((ended.counts.failed, ended.counts.succeeded), (1, 2));
    let before = runs_of(&house.points(id, &[]).await);
    house.engine.sweeps.retry(&me(), id).await.unwrap();
    let done = house.until(id, SweepState::Succeeded).await;
    assert_eq!(done.counts, PointCounts { succeeded: 3, ..PointCounts::default() });
    let after = runs_of(&house.points(id, &[]).await);
    let changed: Vec<_> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
    assert_eq!(changed.iter().filter(|changed| **changed).count(), 1, "{changed:?}");
}

#[tokio::test]
async fn what_failed_is_run_again_at_once_and_not_one_by_one() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    for _ in 0..40 {
        containers.on("left", Act::exits(3));
    }
    containers.on("left", Act::exits(0));
    let house = house(directory.path(), &containers).await;
    let id = house.sweep(list(&[1; 40])).await;
    let ended = house.until(id, SweepState::Ended).await;
    assert_eq!(ended.counts.failed, 40);
    let before = ended.sweep.progress.revision;
    house.engine.sweeps.retry(&me(), id).await.unwrap();
    let done = house.until(id, SweepState::Succeeded).await;
    // It is asked for, stored, seen that no more follow, and ended.
    assert_eq!(done.sweep.progress.revision, before + 4);
    let attempts = house.points(id, &[]).await;
    assert!(attempts.iter().all(|point| point.run.as_ref().unwrap().sweep.unwrap().attempt == 1));
}

#[tokio::test]
async fn a_sweep_stops_when_its_rule_is_met() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    let house = house(directory.path(), &containers).await;
    let stop = StopRule { outcome: "/steps".to_owned(), bound: Bound::Above(2.0) };
    let new = NewSweep { max_at_once: Some(1), stop: Some(stop), ..list(&[1, 3, 1, 1, 1, 1]) };
    let id = house.sweep(new).await;
    let stopped = house.until(id, SweepState::Stopped).await;
    let points = house.points(id, &[]).await;
    assert_eq!(stopped.sweep.progress.stopped_by, points[1].run.as_ref().map(|run| run.id));
    assert!(points[3].run.is_none(), "{points:?}");
    let refused = house.engine.sweeps.cancel(&me(), id).await;
    assert!(matches!(refused, Err(SweepError::Refused(SweepRefusal::Ended))), "{refused:?}");
}

#[tokio::test]
async fn a_cancelled_sweep_leaves_nothing_at_work() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    for _ in 0..8 {
        containers.on("left", Act::exits(0).held());
    }
    let house = house(directory.path(), &containers).await;
    let id = house.sweep(NewSweep { max_at_once: Some(3), ..list(&[1; 6]) }).await;
    house.started(1).await;
    for _ in 0..2 {
        house.engine.sweeps.cancel(&me(), id).await.unwrap();
    }
    let cancelled = house.until(id, SweepState::Cancelled).await;
    assert_eq!(cancelled.counts.unfinished(), 0);
    assert!(cancelled.counts.cancelled > 0 && cancelled.counts.all() <= 3);
    assert_eq!(containers.present(), []);
}

#[tokio::test]
async fn a_sequence_goes_on_and_a_grid_does_not() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    let house = house(directory.path(), &containers).await;
    let range = simulay_model::Range::from((1.0, 4.0, None, simulay_model::Scale::Linear));
    let id = house.sweep(over_steps(Layout::Sobol(4), Variation::Range(range))).await;
    house.until(id, SweepState::Succeeded).await;
    let before = house.points(id, &[]).await;
    let refused = house.engine.sweeps.extend(&me(), id, 10_000).await;
    assert!(matches!(refused, Err(SweepError::Refused(SweepRefusal::TooMany { points: 4, .. }))));
    house.engine.sweeps.extend(&me(), id, 4).await.unwrap();
    let done = house.until(id, SweepState::Succeeded).await;
    assert_eq!(done.counts.succeeded, 8);
    let after = house.points(id, &[]).await;
    assert_eq!(after[..4], before);
    let grid = house.sweep(list(&[1])).await;
    let refused = house.engine.sweeps.extend(&me(), grid, 1).await;
    assert!(matches!(refused, Err(SweepError::Refused(SweepRefusal::NotExtendable))), "{refused:?}");
}

#[tokio::test]
async fn a_point_that_is_not_valid_is_named_and_nothing_starts() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    let house = house(directory.path(), &containers).await;
    let refused = house.engine.sweeps.create(&me(), list(&[1, 0]), None).await.unwrap_err();
    let SweepError::Create(CreateError::ParamsInvalid(errors)) = &refused else { panic!("{refused:?}") };
    assert_eq!(errors[0].pointer, "/points/1/steps");
    let bounded = NewSweep { max_points: Some(2), ..list(&[1; 3]) };
    let refused = house.engine.sweeps.create(&me(), bounded, None).await.unwrap_err();
    assert!(matches!(&refused, SweepError::Invalid(error) if error.pointer == "/method"), "{refused:?}");
    let query = SweepQuery { limit: 10, ..SweepQuery::default() };
    assert_eq!(house.engine.sweeps.list(&me(), query).await.unwrap(), []);
    let preview = house.engine.sweeps.preview(&me(), list(&[2, 1])).await.unwrap();
    assert_eq!((preview.points, preview.planned.calls.len()), (2, 2));
    assert!(containers.starts().is_empty());
}

#[tokio::test]
async fn sweeps_leave_places_to_others() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    for _ in 0..40 {
        containers.on("left", Act::exits(0).held());
    }
    let settings = Settings { max_unfinished_runs: 20, ..settings("one") };
    let house = House::with(directory.path(), &containers, settings);
    house.upload().await;
    let id = house.sweep(list(&[1; 30])).await;
    let full = async {
        while house.engine.sweeps.sweep(&me(), id).await.unwrap().unwrap().counts.all() < 18 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), full).await.unwrap();
    let run = house.create(json!({})).await;
    // It may have begun by now.
    assert!(!house.engine.reader.run(&me(), run).await.unwrap().unwrap().state.is_end());
    assert!(house.engine.sweeps.sweep(&me(), id).await.unwrap().unwrap().counts.all() <= 18);
}
