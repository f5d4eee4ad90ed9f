//! Sweeps as a machine reaches them, what they are asked to be, and what they must be in the end: whoever dies, is late
//! or is wrong about the time, each attempt at a point is made once.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use serde_json::{Value, json};
use simulay_engine::{Engine, NewSweep, Selector};
use simulay_model::{
    Labels, Layout, OwnerFilter, PointCounts, Points, Quotas, Run, RunSummary, Sweep, SweepId, SweepProgress,
    SweepState, SweepSummary, Variation,
};
use simulay_store::{Claim, PointRun, StoreError, SweepQuery, Sweeps};

use crate::database::{Database, Store, in_memory};
use crate::machine::Machine;
use crate::plugin::NAME;
use crate::story::{Host, LAST, Story, me, settings, upload, whole};

/// Worlds in the tests.
const SEEDS: u64 = 40;
/// However many are asked for of all stories: one takes longer than others.
const MOST_SEEDS: u64 = 1000;
const MAX_SWEEPS: usize = 3;

#[async_trait]
impl Sweeps for Database {
    async fn add_sweep(&self, sweep: Sweep, answered: Option<(Claim, String)>) -> Result<(), StoreError> {
        self.write(self.store.records.add_sweep(sweep, answered)).await
    }

    async fn sweep(&self, owner: &OwnerFilter, sweep: SweepId) -> Result<Option<Sweep>, StoreError> {
        self.read(self.store.records.sweep(owner, sweep)).await
    }

    async fn sweeps(&self, owner: &OwnerFilter, query: SweepQuery) -> Result<Vec<SweepSummary>, StoreError> {
        self.read(self.store.records.sweeps(owner, query)).await
    }

    async fn unfinished_sweeps(
        &self,
        after: Option<SweepId>,
        limit: u32,
    ) -> Result<Vec<SweepId>, StoreError> {
        self.read(self.store.records.unfinished_sweeps(after, limit)).await
    }

    async fn commit_sweep(
        &self,
        sweep: SweepId,
        progress: SweepProgress,
        runs: Vec<Run>,
        quotas: &Quotas,
    ) -> Result<(), StoreError> {
        self.write(self.store.records.commit_sweep(sweep, progress, runs, quotas)).await
    }

    async fn count_points(&self, sweep: SweepId) -> Result<PointCounts, StoreError> {
        self.read(self.store.records.count_points(sweep)).await
    }

    async fn points(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        self.read(self.store.records.points(sweep, from, limit)).await
    }

    async fn point_runs(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<PointRun>, StoreError> {
        self.read(self.store.records.point_runs(sweep, from, limit)).await
    }
}

/// A sweep of so many points, with these fates among them, of which a few run at once.
pub(crate) fn asked(points: u32, fates: &[&str]) -> NewSweep {
    let list = |values: Vec<Value>| Variation::List(values);
    let fates = fates.iter().map(|fate| json!(fate)).collect();
    NewSweep {
        pipeline: Selector { name: NAME.parse().unwrap(), version: None },
        name: None,
        labels: Labels::default(),
        layout: Layout::Random(points),
        parameters: vec![
            ("/salt".to_owned(), list((1..=9).map(|salt| json!(salt)).collect())),
            ("/fate".to_owned(), list(fates)),
        ],
        fixed: json!({ "steps": 1, "calls": 1 }).into(),
        inputs: Vec::new(),
        seed: Some(7),
        retries: 0,
        max_at_once: Some(2),
        max_points: None,
        stop: None,
        reuse: true,
    }
}

/// The sweep as it is stored.
pub(crate) fn stored(store: &Store, id: SweepId) -> Sweep {
    pollster::block_on(store.records.sweep(&OwnerFilter::Any, id))
        .unwrap()
        .expect("an accepted sweep is stored")
}

/// Waits until all sweeps have ended.
pub(crate) async fn until_ended(store: &Store, sweeps: &[SweepId]) {
    let all = async {
        while !sweeps.iter().all(|id| stored(store, *id).progress.state.is_end()) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let ended = tokio::time::timeout(LAST, all).await;
    let left: Vec<_> = sweeps.iter().map(|id| stored(store, *id).progress).collect();
    assert!(ended.is_ok(), "sweeps do not end: {left:?}");
}

/// A sweep that has ended: of each point that was begun there are runs, one an attempt, and of no other.
pub(crate) fn judge(store: &Store, id: SweepId) -> (Sweep, BTreeMap<u32, Vec<Run>>) {
    let sweep = stored(store, id);
    let points = Points::new(&sweep.spec.design, &sweep.progress.blocks).unwrap();
    let mut runs = BTreeMap::<u32, Vec<Run>>::new();
    for run in whole(store) {
        let Some(of) = run.sweep.filter(|of| of.sweep == id) else { continue };
        assert!(run.state.is_end(), "a run goes on after its sweep: {run:?}");
        assert_eq!(run.request.params.value().unwrap(), points.params(of.point), "{of:?}");
        runs.entry(of.point).or_default().push(run);
    }
    for runs in runs.values_mut() {
        runs.sort_by_key(|run| run.sweep.unwrap().attempt);
        let attempts = runs.iter().map(|run| run.sweep.unwrap().attempt);
        assert!(attempts.eq(0..runs.len() as u32), "an attempt is missing, or was made twice: {runs:?}");
    }
    assert!(runs.keys().copied().eq(0..sweep.progress.begun), "points and runs: {:?}", sweep.progress);
    drop(points);
    (sweep, runs)
}

/// What its callers were told of a sweep.
#[derive(Default)]
struct Told {
    points: u32,
    cancelled: bool,
}

/// A world with sweeps in it.
struct Field {
    story: Story,
    rng: Rng,
    told: BTreeMap<SweepId, Told>,
}

impl Field {
    fn unfold(seed: u64) {
        let story = Story::new(seed);
        let mut field = Self { story, rng: Rng::with_seed(seed ^ 0x5eed), told: BTreeMap::new() };
        let open = in_memory();
        let world = field.story.world.clone();
        for life in 0..field.rng.u32(1..=3) {
            crate::story::in_time(&world, &open, async |store| field.disturbed(life == 0, &store).await);
        }
        world.calm_down();
        field.story.daemon.come_back();
        crate::story::in_time(&world, &open, async |store| field.last(&store).await);
    }

    fn host(&self, acts: u64, number: usize, store: &Store) -> Host {
        let machine = Machine::new(&self.story.world, acts);
        let engine = self.story.engine(&machine, store, settings(number));
        Host { machine, engine }
    }

    async fn disturbed(&mut self, first: bool, store: &Store) {
        if first {
            upload(&self.host(u64::MAX, 9, store)).await;
        }
        let mut hosts = Vec::new();
        for number in 0..2 {
            let acts = if self.rng.bool() { self.rng.u64(1..4000) } else { u64::MAX };
            hosts.push(self.host(acts, number, store));
        }
        let end = self.story.world.now() + Duration::from_secs(self.rng.u64(1..240));
        for host in &hosts {
            self.story.recover(host, end).await;
        }
        while self.story.world.now() < end && hosts.iter().any(|host| !host.machine.is_dead()) {
            tokio::time::sleep(Duration::from_millis(self.rng.u64(..8000))).await;
            let host = &hosts[self.rng.usize(..hosts.len())];
            tokio::select! {
                biased;
                () = host.machine.died() => {}
                () = self.something(host) => {}
            }
        }
    }

    async fn something(&mut self, host: &Host) {
        match self.rng.u32(..12) {
            0..3 if self.told.len() < MAX_SWEEPS => self.create(&host.engine).await,
            3 => self.cancel(&host.engine).await,
            4..6 => self.extend(&host.engine).await,
            6..8 => {
                let Some(id) = self.any() else { return };
                let _ = host.engine.sweeps.retry(&me(), id).await;
            }
            8 => self.story.world.fill_disk(Duration::from_secs(self.rng.u64(1..30))),
            9 => host.machine.jump(),
            10 => host.machine.freeze(Duration::from_secs(self.rng.u64(1..90))),
            _ => {}
        }
    }

    fn any(&mut self) -> Option<SweepId> {
        let ids: Vec<_> = self.told.keys().copied().collect();
        self.rng.choice(ids)
    }

    async fn create(&mut self, engine: &Engine) {
        let new = asked(self.rng.u32(1..12), &["fine", "fine", "exits"]);
        // What is not acknowledged is not promised.
        if let Ok(sweep) = engine.sweeps.create(&me(), new, None).await {
            self.told.insert(sweep.id, Told { points: sweep.progress.points(), cancelled: false });
        }
    }

    async fn cancel(&mut self, engine: &Engine) {
        let Some(id) = self.any() else { return };
        if engine.sweeps.cancel(&me(), id).await.is_ok() {
            self.told.entry(id).and_modify(|told| told.cancelled = true);
        }
    }

    async fn extend(&mut self, engine: &Engine) {
        let Some(id) = self.any() else { return };
        if let Ok(extended) = engine.sweeps.extend(&me(), id, 3).await {
            let points = extended.sweep.progress.points();
            // From a cancelled one it goes on.
            self.told.insert(id, Told { points, cancelled: false });
        }
    }

    /// Nothing fails any more: everything comes to its end.
    async fn last(&self, store: &Store) {
        let host = self.host(u64::MAX, 0, store);
        host.engine.recover().await.unwrap();
        let ids: Vec<_> = self.told.keys().copied().collect();
        until_ended(store, &ids).await;
        host.engine.shutdown().await;
        for (id, told) in &self.told {
            let (sweep, _) = judge(store, *id);
            assert!(sweep.progress.points() >= told.points, "{:?}", sweep.progress);
            if !told.cancelled && sweep.progress.state != SweepState::Cancelled {
                assert_eq!(sweep.progress.begun, sweep.progress.points());
            }
        }
    }
}

#[test]
fn no_world_makes_an_attempt_at_a_point_twice_or_loses_one() {
    let number = |variable| std::env::var(variable).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match number("SIMULAY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMULAY_SEEDS").unwrap_or(SEEDS).min(MOST_SEEDS),
    };
    for seed in seeds {
        let unfolded = std::panic::catch_unwind(|| Field::unfold(seed));
        assert!(unfolded.is_ok(), "broken with SIMULAY_SEED={seed}");
    }
}
