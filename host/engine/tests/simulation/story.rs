//! What happens in a world: lives of hosts, each ended by a kill, a stop or the end of a machine, and
//! requests of clients who know only what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use simulay_engine::{Backoff, Engine, NewRun, Parts, Selector, Settings};
use simulay_model::{Document, OwnerFilter, Principal, Quota, Quotas, Run, RunId, RunSummary};
use simulay_signals::{LocalSignals, Signals};
use simulay_store::{MemoryStore, RunQuery, Runs};
use tokio::runtime::Runtime;

use crate::client::{Client, policy};
use crate::daemon::Daemon;
use crate::database::{Database, Store};
use crate::judge::{self, Course};
use crate::machine::{Machine, MachineClock, MachineEntropy};
use crate::plugin::{NAME, Params, Workers};
use crate::world::{World, WorldClock};

const MAX_RUNS: usize = 6;
/// Longer than everything that is still under way may take.
pub(crate) const LAST: Duration = Duration::from_secs(6 * 3600);
pub(crate) const ATTEMPTS: u32 = 3;

/// A world, and what its clients were told.
pub(crate) struct Story {
    pub(crate) world: Arc<World>,
    pub(crate) daemon: Arc<Daemon>,
    pub(crate) rng: Rng,
    /// What its hosts let an account use.
    pub(crate) quotas: Quotas,
    /// Its clients ask again for what they asked for before.
    pub(crate) repeats: bool,
    pub(crate) accepted: BTreeMap<RunId, Params>,
    pub(crate) cancelled: BTreeSet<RunId>,
    pub(crate) crashes: Arc<Mutex<BTreeMap<u64, u32>>>,
}

/// A host in this life.
pub(crate) struct Host {
    pub(crate) machine: Arc<Machine>,
    pub(crate) engine: Engine,
}

impl Story {
    pub(crate) fn new(seed: u64) -> Self {
        let world = World::new(seed);
        Self {
            daemon: Daemon::new(&world),
            rng: Rng::with_seed(!seed),
            quotas: if seed.is_multiple_of(2) { Quotas::default() } else { narrow() },
            repeats: false,
            accepted: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            crashes: Arc::default(),
            world,
        }
    }

    /// Everything, from the first start to the end of the last run.
    pub(crate) fn unfold(&mut self, open: &dyn Fn(WorldClock) -> Store) -> Course {
        for life in 0..self.rng.u32(1..=4) {
            self.live(open, async |story, store| story.disturbed(life == 0, store).await);
        }
        self.world.calm_down();
        self.daemon.come_back();
        let mut course = None;
        self.live(open, async |story, store| course = Some(story.last(store).await));
        course.unwrap()
    }

    /// One life of a runtime; whatever is at work at its end is dropped where it stands.
    pub(crate) fn live(
        &mut self,
        open: &dyn Fn(WorldClock) -> Store,
        life: impl AsyncFnOnce(&mut Self, Store),
    ) {
        let world = self.world.clone();
        in_time(&world, open, async |store| life(self, store).await);
    }

    async fn disturbed(&mut self, first: bool, store: Store) {
        let machines = if self.rng.u32(..4) == 0 { 2 } else { 1 };
        let mut hosts = Vec::new();
        for number in 0..machines {
            let acts = if self.rng.bool() { self.rng.u64(1..3000) } else { u64::MAX };
            let machine = Machine::new(&self.world, acts);
            hosts.push(self.host(&machine, number, &store));
        }
        if first {
            let machine = Machine::new(&self.world, u64::MAX);
            upload(&self.host(&machine, 9, &store)).await;
        }
        let end = self.world.now() + Duration::from_secs(self.rng.u64(1..120));
        for host in &hosts {
            self.recover(host, end).await;
        }
        while self.world.now() < end && hosts.iter().any(|host| !host.machine.is_dead()) {
            let pause = Duration::from_millis(self.rng.u64(..4000));
            tokio::time::sleep(pause).await;
            let host = &hosts[self.rng.usize(..hosts.len())];
            tokio::select! {
                biased;
                () = host.machine.died() => {}
                () = self.something(host) => {}
            }
        }
        if self.rng.u32(..3) == 0 {
            for host in &hosts {
                // One whose machine died never stops.
                let _ = tokio::time::timeout(Duration::from_secs(600), host.engine.shutdown()).await;
            }
        }
    }

    pub(crate) async fn recover(&self, host: &Host, end: Duration) {
        while self.world.now() < end {
            let recovered = tokio::select! {
                biased;
                () = host.machine.died() => return,
                recovered = host.engine.recover() => recovered,
            };
            if recovered.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn something(&mut self, host: &Host) {
        match self.rng.u32(..20) {
            0..9 if self.accepted.len() < MAX_RUNS => self.create(host).await,
            9..12 => self.cancel(host).await,
            12 => self.daemon.leave(Duration::from_secs(self.rng.u64(1..150)), self.rng.u32(..4) == 0),
            13 => self.daemon.lose_one(),
            14 => self.world.fill_disk(Duration::from_secs(self.rng.u64(1..60))),
            15 => host.machine.jump(),
            16 => host.machine.freeze(Duration::from_secs(self.rng.u64(1..90))),
            _ => {}
        }
    }

    pub(crate) async fn create(&mut self, host: &Host) {
        let before: Vec<_> = self.accepted.values().cloned().collect();
        let before = if self.repeats && self.rng.u32(..4) > 0 { self.rng.choice(before) } else { None };
        let params = before.unwrap_or_else(|| Params::draw(&mut self.rng));
        let new = NewRun { seed: self.repeats.then_some(7), ..request(NAME, &params) };
        // What is not acknowledged is not promised.
        if let Ok(run) = host.engine.intake.create(&me(), new).await {
            self.accepted.insert(run.id, params);
        }
    }

    pub(crate) async fn cancel(&mut self, host: &Host) {
        let ids: Vec<_> = self.accepted.keys().copied().collect();
        let Some(id) = self.rng.choice(ids) else { return };
        if host.engine.intake.cancel(&me(), id).await.is_ok() {
            self.cancelled.insert(id);
        }
    }

    /// Nothing fails any more: everything comes to its end.
    async fn last(&mut self, store: Store) -> Course {
        let machine = Machine::new(&self.world, u64::MAX);
        let host = self.host(&machine, 0, &store);
        host.engine.recover().await.unwrap();
        let end = self.world.now() + LAST;
        while self.world.now() < end {
            if runs(&store).iter().all(|run| run.state.is_end()) && self.daemon.present().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        host.engine.shutdown().await;
        let daemon = &self.daemon;
        judge::all(self, (std::slice::from_ref(daemon), &daemon.breaks), &store, &whole(&store))
    }

    fn host(&self, machine: &Arc<Machine>, number: usize, store: &Store) -> Host {
        let settings = Settings { quotas: self.quotas.clone(), ..settings(number) };
        Host { machine: machine.clone(), engine: self.engine(machine, store, settings) }
    }

    pub(crate) fn engine(&self, machine: &Arc<Machine>, store: &Store, settings: Settings) -> Engine {
        self.engine_that_hears(Arc::new(LocalSignals::default()), machine, store, settings)
    }

    pub(crate) fn engine_that_hears(
        &self,
        signals: Arc<dyn Signals>,
        machine: &Arc<Machine>,
        store: &Store,
        settings: Settings,
    ) -> Engine {
        self.engine_of(Parts { signals, ..self.parts(machine, store) }, settings)
    }

    pub(crate) fn engine_of(&self, parts: Parts, settings: Settings) -> Engine {
        let engine = Engine::new(parts, settings, None);
        engine.runner.listen();
        engine
    }

    pub(crate) fn parts(&self, machine: &Arc<Machine>, store: &Store) -> Parts {
        let machine = machine.clone();
        let database = Arc::new(Database { machine: machine.clone(), store: store.clone() });
        Parts {
            signals: Arc::new(LocalSignals::default()),
            relay: None,
            plugins: database.clone(),
            runs: database.clone(),
            changes: database.store.records.clone(),
            journal: database.clone(),
            overview: database.clone(),
            requests: database.clone(),
            sweeps: database.clone(),
            reuse: database.clone(),
            uploads: database.clone(),
            accounts: database.store.records.clone(),
            credentials: database.store.records.clone(),
            identity: None,
            metering: database.clone(),
            links: database.store.records.clone(),
            audit: Arc::new(MemoryStore::new(Arc::new(MachineClock(machine.clone())))),
            blobs: database,
            sandbox: Arc::new(Workers { machine: machine.clone(), crashes: self.crashes.clone() }),
            admission: Arc::new(policy()),
            containers: Arc::new(Client { daemon: self.daemon.clone(), machine: machine.clone() }),
            runners: None,
            clock: Arc::new(MachineClock(machine.clone())),
            entropy: Arc::new(MachineEntropy(machine)),
        }
    }
}

/// All runs there are, with all that belongs to them.
pub(crate) fn whole(store: &Store) -> Vec<Run> {
    let whole =
        |run: RunSummary| pollster::block_on(store.records.get(&OwnerFilter::Any, run.id)).unwrap().unwrap();
    runs(store).into_iter().map(whole).collect()
}

/// All runs there are.
pub(crate) fn runs(store: &Store) -> Vec<RunSummary> {
    let query = RunQuery { limit: 1000, ..RunQuery::default() };
    pollster::block_on(Runs::list(&*store.records, &OwnerFilter::Any, query)).unwrap()
}

/// One life of a runtime, for which the time of the world goes on.
pub(crate) fn in_time(world: &Arc<World>, open: &dyn Fn(WorldClock) -> Store, life: impl AsyncFnOnce(Store)) {
    let runtime = paused();
    let store = open(WorldClock(world.clone()));
    runtime.block_on(async {
        world.begin_life();
        life(store).await;
        world.end_life();
    });
}

/// Uploads the pipeline of all stories.
pub(crate) async fn upload(host: &Host) {
    while host.engine.catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.is_err() {}
}

/// Whose everything is.
pub(crate) fn me() -> Principal {
    Principal::local("test")
}

/// Less than a host has.
fn narrow() -> Quotas {
    Quotas::default().with(Quota::MaxActiveRuns, 2).with(Quota::MaxContainers, 2)
}

/// Of the host `number`: little room, so that much waits.
pub(crate) fn settings(number: usize) -> Settings {
    Settings {
        lease_holder: format!("host {number}"),
        // On threads of their own, two worlds of a seed would differ.
        check_threads: 0,
        max_active_runs: 4,
        max_containers: 4,
        max_containers_per_run: 3,
        max_attempts: ATTEMPTS,
        max_run_time: Duration::from_secs(600),
        backoff: Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(10) },
        ..Settings::default()
    }
}

/// A runtime of one thread whose time passes only when everyone waits for it.
fn paused() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

pub(crate) fn request(pipeline: &str, params: &Params) -> NewRun {
    let pipeline = Selector { name: pipeline.parse().unwrap(), version: None };
    let params = Document::of(params).unwrap();
    NewRun::new(pipeline, params)
}
