//! What a host that is gone left on a node that is full, and who goes on with it: nobody waits for room that only he
//! could free.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use simulay_containers::scripted::{Act, Scripted};
use simulay_containers::{
    Capacity, Completed, ContainerError, Discovered, Discovery, DiscoveryError, Exchange, Execution,
    ExecutionRequest, Gate, Inventory, NodeStatus, Nodes, NodesSettings, Policy, RegisteredImage, Reserving,
};
use simulay_engine::{Engine, Parts, Settings};
use simulay_model::{ContainerName, Event, EventData, LogLevel, OwnerFilter, RunId, RunState};
use tokio_util::sync::CancellationToken;

use crate::client::policy;
use crate::database::{Store, in_memory};
use crate::machine::Machine;
use crate::plugin::NAME;
use crate::shares::{calm, fine};
use crate::story::{Story, me, request, settings};

const SECOND: Duration = Duration::from_secs(1);
/// For a host to look, and for everything that waits to come to its end.
const SOON: Duration = Duration::from_secs(60);

/// How one host reaches the only node, which others reach as well.
#[derive(Clone)]
struct Line {
    node: Arc<Reserving<Scripted>>,
    gate: Arc<Gate>,
}

#[async_trait]
impl Execution for Line {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        self.gate.pass(self.node.run(request, exchange, cancel)).await
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        self.node.remove(name, fence).await
    }

    async fn close(&self) {
        self.gate.close().await;
    }
}

#[async_trait]
impl Inventory for Line {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.node.list().await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.node.ping().await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.node.images().await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        self.node.node().await
    }
}

#[async_trait]
impl Discovery for Line {
    async fn nodes(&self) -> Result<Vec<Discovered>, DiscoveryError> {
        Ok(vec![Discovered { address: "only".to_owned(), containers: Arc::new(self.clone()) }])
    }
}

/// A node with room for two calls that do not end by themselves.
struct Full {
    scripted: Scripted,
    node: Arc<Reserving<Scripted>>,
}

impl Full {
    fn new() -> Self {
        Self::with(policy())
    }

    fn without_images() -> Self {
        Self::with(Policy { images: BTreeMap::new(), ..policy() })
    }

    fn with(of_node: Policy) -> Self {
        let room = Capacity { cpu_milli: 1000, memory_mib: 10_000 };
        let scripted = Scripted::with_policy(of_node).on_node("only", room);
        for call in ["c0", "c1"] {
            scripted.on(call, Act::exits(0).held());
        }
        let node = Reserving::new(scripted.clone(), Arc::new(policy()), Capacity::default());
        Self { scripted, node: Arc::new(node) }
    }

    async fn host(&self, story: &Story, store: &Store, settings: Settings) -> Engine {
        let machine = Machine::new(&story.world, u64::MAX);
        let line = Line { node: self.node.clone(), gate: Arc::default() };
        let nodes = Nodes::new(Arc::new(line), Arc::new(policy()), NodesSettings::default());
        let parts = Parts { containers: Arc::new(nodes), ..story.parts(&machine, store) };
        let engine = story.engine_of(parts, settings);
        engine.recover().await.unwrap();
        engine
    }

    fn release(&self) {
        ["c0", "c1"].iter().for_each(|call| self.scripted.release(call));
    }
}

/// Of the host `number`, which takes up so many runs.
fn of_host(number: usize, runs: usize) -> Settings {
    Settings { max_active_runs: runs, max_containers: 2, ..settings(number) }
}

async fn create(engine: &Engine, salt: u64) -> RunId {
    let run = engine.intake.create(&me(), request(NAME, &fine(salt, 1, 2))).await.unwrap().id;
    tokio::time::sleep(SECOND).await;
    run
}

/// One host fills the node and stops; the other, which takes up at most so many runs, has one that waits for room.
fn hand_over(runs: usize) {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let full = Full::new();
        let gone = full.host(story, &store, of_host(0, runs)).await;
        gone.catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.unwrap();
        let left = create(&gone, 1).await;
        assert_eq!(full.scripted.starts().len(), 2, "the node is full");
        let heir = full.host(story, &store, of_host(1, runs)).await;
        let waits = create(&heir, 2).await;
        gone.shutdown().await;
        full.release();
        for run in [left, waits] {
            let ended = heir.reader.wait(&me(), run, SOON).await.unwrap().unwrap();
            assert_eq!(ended.state, RunState::Succeeded, "{ended:?}");
        }
        assert_eq!(full.scripted.starts().len(), 4, "what was left was adopted");
        heir.shutdown().await;
    });
}

#[test]
fn containers_that_were_left_are_adopted_though_all_who_wait_for_their_room_have_the_permits() {
    hand_over(4);
}

#[test]
fn a_run_that_was_left_goes_on_though_all_places_of_runs_are_taken() {
    hand_over(1);
}

#[test]
fn a_run_ends_whose_calls_no_node_takes() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let lacking = Full::without_images();
        let host = lacking.host(story, &store, of_host(0, 4)).await;
        host.catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.unwrap();
        let run = create(&host, 1).await;
        let ended = host.reader.wait(&me(), run, SOON).await.unwrap().unwrap();
        assert_eq!(ended.state, RunState::Failed, "{ended:?}");
        assert_eq!(lacking.scripted.starts(), []);
        host.shutdown().await;
    });
}

#[test]
fn waiting_for_a_node_is_no_work_and_no_attempt_that_failed() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let full = Full::new();
        let day = 24 * 3600 * SECOND;
        let busy = full.host(story, &store, Settings { max_run_time: day, ..of_host(0, 4) }).await;
        busy.catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.unwrap();
        create(&busy, 1).await;
        let patient = full.host(story, &store, of_host(1, 4)).await;
        let waits = create(&patient, 2).await;
        // Longer than it may be active, and than a node is waited for at once.
        tokio::time::sleep(3600 * SECOND).await;
        full.release();
        let ended = patient.reader.wait(&me(), waits, SOON).await.unwrap().unwrap();
        assert_eq!(ended.state, RunState::Succeeded, "{ended:?}");
        let starts = full.scripted.starts();
        assert_eq!(starts.iter().map(|name| name.attempt).collect::<Vec<_>>(), [0; 4]);
        let events = store.records.events(&OwnerFilter::Any, waits, 0, 100).await.unwrap();
        let said = |event: &Event| matches!(&event.data, EventData::Logged(logged) if logged.level == LogLevel::Warn);
        assert!(!events.iter().any(said), "{events:?}");
    });
}
