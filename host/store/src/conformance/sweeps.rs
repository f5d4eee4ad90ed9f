//! Sweeps: their steps are stored with the runs they make, and their points are where their newest runs are.

use futures_util::future::join_all;
use serde_json::json;
use simulay_model::OwnerFilter::Any;
use simulay_model::{
    Bound, Change, Design, Method, PointCounts, Quota, Quotas, Range, Run, RunEnd, RunId, RunState, Scale,
    Scope, StopRule, Sweep, SweepId, SweepPoint, SweepProgress, SweepSpec, SweepState, SweepSummary,
    Variation, Varied,
};

use super::Subject;
use super::owners::{account, only};
use super::requests::claim;
use super::samples::{artifact, error, now, report, run};
use crate::{Outcome, PointRun, StoreError, SweepQuery};

/// A sweep that was just accepted. Its values are such that a careless store changes them.
#[must_use]
pub fn sweep(owner: &str) -> Sweep {
    let sample = run("heat");
    Sweep {
        id: SweepId::generate(),
        owner: account(owner),
        plugin: sample.plugin,
        name: Some("Plate ∂".parse().unwrap()),
        labels: serde_json::from_value(json!({ "team": "a=b" })).unwrap(),
        created_at: now(),
        spec: spec(),
        progress: SweepProgress::of(3),
    }
}

/// What is asked, with something of everything.
#[must_use]
pub fn spec() -> SweepSpec {
    let range = Range { from: 5e-324, to: 0.1 + 0.2, steps: Some(3), scale: Scale::Log, whole: false };
    let varied = |pointer: &str, variation| Varied { pointer: pointer.parse().unwrap(), variation };
    SweepSpec {
        design: Design {
            method: Method::Table(vec![vec![Some(json!(null)), None, Some(json!(u64::MAX))]]),
            parameters: vec![
                varied("/a~1b", Variation::List(vec![json!("x"), json!(1e300)])),
                varied("/width", Variation::Range(range)),
                varied("/n", Variation::Column),
            ],
            fixed: json!({ "z": 1, "a": 0.1 }).into(),
            seed: u64::MAX,
        },
        inputs: vec![artifact("mesh.csv", b"sweep")],
        retries: 2,
        reuse: false,
        max_at_once: Some(7),
        stop: Some(StopRule { outcome: "/peak".to_owned(), bound: Bound::Below(-0.5) }),
    }
}

/// The first run of a point; it is queued.
#[must_use]
pub fn of_point(sweep: &Sweep, point: u32) -> Run {
    attempt_at(sweep, point, 0)
}

/// A run of a point that had so many before; it is queued.
#[must_use]
pub fn attempt_at(sweep: &Sweep, point: u32, attempt: u32) -> Run {
    let point = Some(SweepPoint { sweep: sweep.id, point, attempt });
    Run { owner: sweep.owner.clone(), sweep: point, ..run("heat") }
}

/// Where the sweep is after its first step.
#[must_use]
pub fn begun(sweep: &Sweep, begun: u32) -> SweepProgress {
    SweepProgress { revision: 1, begun, ..sweep.progress.clone() }
}

/// Where a sweep is when it has ended by its rule.
#[must_use]
pub fn over(revision: u64) -> SweepProgress {
    SweepProgress {
        revision,
        state: SweepState::Stopped,
        blocks: vec![3, u32::MAX],
        goal: 2,
        begun: 2,
        retrying: Some(1),
        stopped_by: Some(RunId::generate()),
        ended_at: Some(now()),
    }
}

impl Subject {
    /// Has a sweep go a step.
    pub(super) async fn step(
        &self,
        sweep: &Sweep,
        progress: SweepProgress,
        runs: Vec<Run>,
    ) -> Result<(), StoreError> {
        self.sweeps.commit_sweep(sweep.id, progress, runs, &Quotas::default()).await
    }

    async fn added(&self, owner: &str) -> Sweep {
        let sweep = sweep(owner);
        self.sweeps.add_sweep(sweep.clone(), None).await.unwrap();
        sweep
    }
}

/// Bit by bit, also after a step.
pub async fn a_sweep_reads_back(subject: &Subject) {
    let sweep = subject.added("ada").await;
    assert_eq!(subject.sweeps.sweep(&Any, sweep.id).await.unwrap().as_ref(), Some(&sweep));
    let progress = over(1);
    subject.step(&sweep, progress.clone(), Vec::new()).await.unwrap();
    let there = Sweep { progress, ..sweep };
    assert_eq!(subject.sweeps.sweep(&Any, there.id).await.unwrap().as_ref(), Some(&there));
    let query = SweepQuery { limit: 10, ..SweepQuery::default() };
    assert_eq!(subject.sweeps.sweeps(&Any, query).await.unwrap(), [SweepSummary::from(&there)]);
    assert_eq!(subject.sweeps.sweep(&Any, SweepId::generate()).await.unwrap(), None);
}

/// Nor one outside the scope; and of one run there is none.
pub async fn a_sweep_of_another_is_not_there(subject: &Subject) {
    let sweep = subject.added("ada").await;
    let of = |name: &str| Scope::Pipeline(name.parse().unwrap());
    for (filter, there) in [
        (only("ada"), true),
        (only("ada").within(&of("heat")), true),
        (only("bob"), false),
        (only("ada").within(&of("beam")), false),
        (only("ada").within(&Scope::Run(RunId::generate())), false),
    ] {
        assert_eq!(subject.sweeps.sweep(&filter, sweep.id).await.unwrap().is_some(), there, "{filter:?}");
        let query = SweepQuery { limit: 10, ..SweepQuery::default() };
        assert_eq!(!subject.sweeps.sweeps(&filter, query).await.unwrap().is_empty(), there, "{filter:?}");
    }
}

/// From the newest to the oldest.
pub async fn lists_of_sweeps_are_filtered_and_paged(subject: &Subject) {
    let [first, second, third] =
        [subject.added("ada").await, subject.added("ada").await, subject.added("ada").await];
    subject.step(&second, over(1), Vec::new()).await.unwrap();
    let list = async |query: SweepQuery| {
        let sweeps = subject.sweeps.sweeps(&only("ada"), SweepQuery { limit: 2, ..query }).await.unwrap();
        sweeps.iter().map(|sweep| sweep.id).collect::<Vec<_>>()
    };
    assert_eq!(list(SweepQuery::default()).await, [third.id, second.id]);
    assert_eq!(list(SweepQuery { before: Some(second.id), ..SweepQuery::default() }).await, [first.id]);
    assert_eq!(
        list(SweepQuery { state: Some(SweepState::Stopped), ..SweepQuery::default() }).await,
        [second.id]
    );
    let running = SweepQuery { state: Some(SweepState::Running), ..SweepQuery::default() };
    assert_eq!(list(running).await, [third.id, first.id]);
    let beam = SweepQuery { pipeline: Some("beam".parse().unwrap()), ..SweepQuery::default() };
    assert_eq!(list(beam).await, []);
}

/// However often it comes.
pub async fn a_request_makes_one_sweep(subject: &Subject) {
    let (first, second) = (sweep("ada"), sweep("ada"));
    let answered = || Some((claim("a"), "the first".to_owned()));
    subject.sweeps.add_sweep(first, answered()).await.unwrap();
    let refused = subject.sweeps.add_sweep(second.clone(), answered()).await;
    assert!(matches!(refused, Err(StoreError::Repeated)), "{refused:?}");
    assert_eq!(subject.sweeps.sweep(&Any, second.id).await.unwrap(), None);
    let remembered = subject.requests.find(&claim("a").request).await.unwrap().unwrap();
    assert_eq!(remembered.outcome, Outcome::Answer("the first".to_owned()));
}

/// All of it or nothing.
pub async fn a_step_and_its_runs_are_stored_once(subject: &Subject) {
    let sweep = subject.added("ada").await;
    let runs: Vec<_> = (0..2).map(|point| of_point(&sweep, point)).collect();
    subject.step(&sweep, begun(&sweep, 2), runs.clone()).await.unwrap();
    for run in &runs {
        assert_eq!(subject.runs.get(&Any, run.id).await.unwrap().as_ref(), Some(run));
        assert_eq!(subject.journal.events(&Any, run.id, 0, 10).await.unwrap().len(), 1);
    }
    let again = of_point(&sweep, 0);
    let refused = subject.step(&sweep, begun(&sweep, 2), vec![again.clone()]).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    assert_eq!(subject.runs.get(&Any, again.id).await.unwrap(), None);
    let next = SweepProgress { revision: 2, begun: 3, ..sweep.progress.clone() };
    let refused = subject.step(&sweep, next, vec![again.clone(), runs[0].clone()]).await;
    assert!(matches!(refused, Err(StoreError::RunExists)), "{refused:?}");
    assert_eq!(subject.runs.get(&Any, again.id).await.unwrap(), None);
    assert_eq!(subject.sweeps.sweep(&Any, sweep.id).await.unwrap().unwrap().progress.begun, 2);
    let none = self::sweep("ada");
    let missing = subject.step(&none, begun(&none, 1), vec![again]).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
    let used = subject.metering.present_use(&sweep.owner, now()).await.unwrap();
    assert_eq!((used.unfinished_runs, used.today.runs), (2, 2));
}

/// Several processes look after the same sweep.
pub async fn of_many_who_take_the_same_step_one_does(subject: &Subject) {
    let sweep = subject.added("ada").await;
    let steps = (0..8).map(|_| subject.step(&sweep, begun(&sweep, 1), vec![of_point(&sweep, 0)]));
    let done = join_all(steps).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(done, 1);
    let runs = subject.runs.count_unfinished(&only("ada"), 10).await.unwrap();
    assert_eq!(runs, 1);
}

/// None of its runs is.
pub async fn a_step_beyond_a_quota_is_not_stored(subject: &Subject) {
    let sweep = subject.added("ada").await;
    let runs: Vec<_> = (0..3).map(|point| of_point(&sweep, point)).collect();
    let two = Quotas::default().with(Quota::MaxUnfinishedRuns, 2);
    let refused = subject.sweeps.commit_sweep(sweep.id, begun(&sweep, 3), runs.clone(), &two).await;
    assert!(matches!(refused, Err(StoreError::QuotaExceeded(_))), "{refused:?}");
    assert_eq!(subject.runs.count_unfinished(&Any, 10).await.unwrap(), 0);
    let some = runs[..2].to_vec();
    subject.sweeps.commit_sweep(sweep.id, begun(&sweep, 2), some, &two).await.unwrap();
}

/// Those before it do not count any more, whatever clocks said when their ids were drawn.
pub async fn a_point_is_where_its_last_run_is(subject: &Subject) {
    let sweep = subject.added("ada").await;
    let runs: Vec<_> = (0..4).map(|point| of_point(&sweep, point)).collect();
    subject.step(&sweep, begun(&sweep, 4), runs.clone()).await.unwrap();
    // Only what is at work succeeds.
    subject.change(runs[0].id, Change::Started).await;
    for (run, end) in
        runs.iter().zip([RunEnd::Succeeded(report()), RunEnd::Failed(error()), RunEnd::Cancelled])
    {
        subject.change(run.id, Change::ended(end)).await;
    }
    let counts = subject.sweeps.count_points(sweep.id).await.unwrap();
    let one_each = PointCounts { queued: 1, succeeded: 1, failed: 1, cancelled: 1, ..PointCounts::default() };
    assert_eq!(counts, one_each);
    // Older than all others, to whom believes ids: the clock where it was drawn is slow by years.
    let slow = "00000000-0000-7000-8000-000000000000".parse().unwrap();
    let again = Run { id: slow, ..attempt_at(&sweep, 1, 1) };
    let next = SweepProgress { revision: 2, begun: 4, ..sweep.progress.clone() };
    subject.step(&sweep, next, vec![again.clone()]).await.unwrap();
    assert_eq!(subject.runs.get(&Any, again.id).await.unwrap().as_ref(), Some(&again));
    let counts = subject.sweeps.count_points(sweep.id).await.unwrap();
    assert_eq!(counts, PointCounts { queued: 2, failed: 0, ..one_each });
    let points = async |from, limit| {
        let points = subject.sweeps.points(sweep.id, from, limit).await.unwrap();
        points.iter().map(|run| (run.sweep.unwrap().point, run.id)).collect::<Vec<_>>()
    };
    let newest = [(0, runs[0].id), (1, again.id), (2, runs[2].id), (3, runs[3].id)];
    assert_eq!(points(0, 10).await, newest);
    assert_eq!(points(1, 2).await, newest[1..3]);
    assert_eq!(points(4, 2).await, []);
    let last = subject.sweeps.point_runs(sweep.id, 1, 2).await.unwrap();
    let of = |point, attempt, run, state| PointRun { point, attempt, run, state };
    let expected = [of(1, 1, again.id, RunState::Queued), of(2, 0, runs[2].id, RunState::Cancelled)];
    assert_eq!(last, expected);
    assert_eq!(subject.sweeps.point_runs(sweep.id, 4, 2).await.unwrap(), []);
    let other = subject.added("ada").await;
    assert_eq!(subject.sweeps.count_points(other.id).await.unwrap(), PointCounts::default());
}

/// In pages, from the oldest on.
pub async fn what_has_not_ended_is_known(subject: &Subject) {
    let sweeps = [subject.added("ada").await, subject.added("bob").await, subject.added("ada").await];
    subject.step(&sweeps[0], over(1), Vec::new()).await.unwrap();
    let unfinished = async |after, limit| subject.sweeps.unfinished_sweeps(after, limit).await.unwrap();
    assert_eq!(unfinished(None, 10).await, [sweeps[1].id, sweeps[2].id]);
    assert_eq!(unfinished(None, 1).await, [sweeps[1].id]);
    assert_eq!(unfinished(Some(sweeps[1].id), 10).await, [sweeps[2].id]);
    let more = SweepProgress { revision: 2, ..sweeps[0].progress.clone() };
    subject.step(&sweeps[0], more, Vec::new()).await.unwrap();
    assert_eq!(unfinished(None, 1).await, [sweeps[0].id]);
}
