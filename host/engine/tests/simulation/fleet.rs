//! Several runners on several nodes, with a store of several members: machines die, freeze, are cut off from each
//! other and come back, and nodes are drained. Who accepts requests and works on runs is a runner here.

mod line;
mod node;
mod partitions;
mod reach;

use std::sync::Arc;
use std::time::Duration;

use simulay_containers::{Nodes, NodesSettings};
use simulay_engine::{Parts, Settings};
use simulay_model::Quotas;
use simulay_signals::{LocalSignals, Signals};

use self::line::Wire;
use self::node::Node;
use self::reach::{Counted, Map};
use crate::client::policy;
use crate::database::Store;
use crate::judge::{self, Breaks, Course};
use crate::machine::Machine;
use crate::replicas::Replicas;
use crate::shares::calm;
use crate::story::{Host, LAST, Story, runs, settings, upload, whole};
use crate::world::WorldClock;

/// A world with a fleet.
pub(crate) struct Fleet {
    pub(crate) story: Story,
    pub(crate) nodes: Vec<Arc<Node>>,
    runners: usize,
    store: Arc<Replicas>,
    breaks: Arc<Breaks>,
    /// All runners hear of everything; otherwise each hears of its own alone.
    signals: Option<Arc<dyn Signals>>,
    /// Runners that were started.
    started: usize,
}

/// A runner, and its ways to the nodes.
pub(crate) struct Runner {
    pub(crate) host: Host,
    pub(crate) wires: Vec<Arc<Wire>>,
}

impl Fleet {
    pub(crate) fn new(seed: u64) -> Self {
        let mut story = Story::new(seed);
        let (nodes, runners, moves) = (story.rng.usize(1..=5), story.rng.usize(1..=3), story.rng.bool());
        let farthest = if story.rng.u32(..4) == 0 { 2000 } else { 30 };
        let signals = story.rng.bool().then(|| Arc::new(LocalSignals::default()) as Arc<dyn Signals>);
        let store = Replicas::draw(&story.world, farthest);
        let node = |number| Node::new(&story.world, number, 1 + story.world.below(6), moves);
        let nodes = (0..nodes).map(node).collect();
        Self { story, nodes, runners, store, breaks: Arc::default(), signals, started: 0 }
    }

    /// So many nodes with room for four calls each, in a world where nothing fails by itself.
    pub(crate) fn calm(nodes: usize) -> Self {
        let story = Story { quotas: Quotas::default(), ..calm() };
        let nodes = (0..nodes).map(|number| Node::new(&story.world, number, 4, false)).collect();
        let store = Replicas::near(&story.world);
        Self { story, nodes, runners: 0, store, breaks: Arc::default(), signals: None, started: 0 }
    }

    /// Everything, from the first start to the end of the last run.
    pub(crate) fn unfold(&mut self, open: &dyn Fn(WorldClock) -> Store) -> Course {
        for life in 0..self.story.rng.u32(1..=2) {
            self.live(open, async |fleet, store| fleet.disturbed(life == 0, store).await);
        }
        self.heal();
        let mut course = None;
        self.live(open, async |fleet, store| course = Some(fleet.last(store).await));
        course.unwrap()
    }

    /// One life of everything; whatever is at work at its end is dropped where it stands.
    pub(crate) fn live(
        &mut self,
        open: &dyn Fn(WorldClock) -> Store,
        life: impl AsyncFnOnce(&mut Self, Store),
    ) {
        let world = self.story.world.clone();
        self.nodes.iter().for_each(|node| node.begin_life(u64::MAX));
        crate::story::in_time(&world, open, async |store| life(self, store).await);
    }

    async fn disturbed(&mut self, first: bool, store: Store) {
        let mut runners: Vec<_> = (0..self.runners).map(|_| self.runner(&store)).collect();
        if first {
            let machine = Machine::new(&self.story.world, u64::MAX);
            upload(&self.on(machine, &store).host).await;
        }
        let end = self.story.world.now() + Duration::from_secs(self.story.rng.u64(1..200));
        while self.story.world.now() < end {
            let pause = Duration::from_millis(self.story.rng.u64(..3000));
            tokio::time::sleep(pause).await;
            let number = self.story.rng.usize(..runners.len());
            if runners[number].host.machine.is_dead() && self.story.rng.bool() {
                runners[number] = self.runner(&store);
            }
            self.something(&runners[number]).await;
        }
    }

    async fn something(&mut self, runner: &Runner) {
        let Runner { host, wires } = runner;
        let (machine, time) = (host.machine.clone(), self.seconds(90));
        let acts = async {
            match self.story.rng.u32(..32) {
                0..9 => self.story.create(host).await,
                9..11 => self.story.cancel(host).await,
                11 => self.story.world.fill_disk(time),
                12 => machine.jump(),
                13 => machine.freeze(time),
                14 | 15 => machine.cut_off(time),
                16 | 17 => {
                    let until = self.story.world.now() + time;
                    wires[self.story.rng.usize(..wires.len())].cut(until);
                }
                18 => self.store.lose_one(time),
                19 if self.story.rng.bool() => {
                    // Whoever stops it has no patience without end.
                    let _ = tokio::time::timeout(time, host.engine.shutdown()).await;
                    machine.kill();
                }
                _ => self.something_on_a_node(),
            }
        };
        tokio::select! {
            biased;
            () = host.machine.died() => {}
            () = acts => {}
        }
    }

    fn something_on_a_node(&mut self) {
        let node = self.nodes[self.story.rng.usize(..self.nodes.len())].clone();
        let agent = node.agent();
        if agent.machine.is_dead() {
            let acts = if self.story.rng.bool() { self.story.rng.u64(1..3000) } else { u64::MAX };
            return node.begin_life(acts);
        }
        let time = self.seconds(90);
        match self.story.rng.u32(..8) {
            0 => node.daemon.leave(2 * time, self.story.rng.u32(..4) == 0),
            1 => node.daemon.lose_one(),
            2 => agent.machine.kill(),
            3 => agent.machine.freeze(time),
            4 => node.lose_power(time),
            5 | 6 => agent.room.set_draining(self.story.rng.bool()),
            _ => {}
        }
    }

    fn seconds(&mut self, most: u64) -> Duration {
        Duration::from_secs(self.story.rng.u64(1..most))
    }

    /// Nothing fails any more.
    pub(crate) fn heal(&self) {
        self.story.world.calm_down();
        self.store.heal();
        self.nodes.iter().for_each(|node| node.daemon.come_back());
    }

    /// Everything comes to its end.
    async fn last(&mut self, store: Store) -> Course {
        let runners = self.story.rng.usize(1..=self.runners);
        let runners: Vec<_> = (0..runners).map(|_| self.immortal(&store)).collect();
        let end = self.story.world.now() + LAST;
        while self.story.world.now() < end && !self.is_over(&store) {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        for runner in &runners {
            runner.host.engine.shutdown().await;
        }
        self.judge(&store)
    }

    pub(crate) fn is_over(&self, store: &Store) -> bool {
        let at_rest = self.nodes.iter().all(|node| node.daemon.present().is_empty());
        at_rest && runs(store).iter().all(|run| run.state.is_end())
    }

    pub(crate) fn judge(&self, store: &Store) -> Course {
        let daemons: Vec<_> = self.nodes.iter().map(|node| node.daemon.clone()).collect();
        let course = judge::all(&self.story, (&daemons, &self.breaks), store, &whole(store));
        let harm: Vec<_> = daemons.iter().flat_map(|daemon| daemon.harm()).collect();
        assert!(harm.is_empty(), "older fences did harm: {harm:?}");
        course
    }

    fn runner(&mut self, store: &Store) -> Runner {
        let acts = if self.story.rng.bool() { self.story.rng.u64(1..4000) } else { u64::MAX };
        let machine = Machine::with_store(&self.story.world, acts, &self.store);
        self.at_work(machine, store)
    }

    /// A runner whose machine does not die by itself.
    pub(crate) fn immortal(&mut self, store: &Store) -> Runner {
        let machine = Machine::with_store(&self.story.world, u64::MAX, &self.store);
        self.at_work(machine, store)
    }

    fn at_work(&mut self, machine: Arc<Machine>, store: &Store) -> Runner {
        let runner = self.on(machine, store);
        let engine = runner.host.engine.clone();
        tokio::spawn(async move {
            // Whoever starts it does so again.
            while engine.recover().await.is_err() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        runner
    }

    fn on(&mut self, machine: Arc<Machine>, store: &Store) -> Runner {
        let wires: Vec<Arc<Wire>> = self.nodes.iter().map(|_| Arc::default()).collect();
        let nodes = self.nodes.iter().cloned().zip(wires.iter().cloned()).collect();
        let map = Arc::new(Map::new(&machine, nodes));
        let nodes = Nodes::new(map, Arc::new(policy()), NodesSettings::default());
        let containers = Arc::new(Counted { nodes, breaks: self.breaks.clone() });
        let signals = self.signals.clone().unwrap_or_else(|| Arc::new(LocalSignals::default()));
        let parts = Parts { signals, containers, ..self.story.parts(&machine, store) };
        self.started += 1;
        let settings = Settings { quotas: self.story.quotas.clone(), ..settings(self.started) };
        Runner { host: Host { machine, engine: self.story.engine_of(parts, settings) }, wires }
    }
}
