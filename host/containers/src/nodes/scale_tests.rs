//! What a thousand nodes cost, in operations.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::tests::{Known, hold, name, node, nodes, reserving, start, until};
use super::*;
use crate::Containers;
use crate::scripted::Scripted;

const NODES: usize = 1000;
const PER_NODE: usize = 2;
/// Calls for which there is no room.
const WAITING: usize = 50;
/// Who asks for containers at once.
const SEEKERS: u32 = 64;

/// What the nodes were asked.
#[derive(Default)]
struct Asked {
    status: AtomicUsize,
    lists: AtomicUsize,
    runs: AtomicUsize,
    removals: AtomicUsize,
}

/// A node that counts what it is asked.
struct Counting {
    node: Arc<dyn Containers>,
    asked: Arc<Asked>,
}

fn count(of: &AtomicUsize) {
    of.fetch_add(1, Ordering::Relaxed);
}

#[async_trait]
impl Execution for Counting {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        count(&self.asked.runs);
        self.node.run(request, exchange, cancel).await
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        count(&self.asked.removals);
        self.node.remove(name, fence).await
    }

    async fn close(&self) {
        self.node.close().await;
    }
}

#[async_trait]
impl Inventory for Counting {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        count(&self.asked.lists);
        // As long as it takes to be asked.
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.node.list().await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.node.ping().await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.node.images().await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        count(&self.asked.status);
        self.node.node().await
    }
}

/// A thousand nodes whose calls are held, and what they are asked.
fn fleet() -> (Vec<Scripted>, Nodes, Arc<Asked>) {
    let of_number = |number| node(&format!("node-{number:04}"), PER_NODE as u64, &["octave"]);
    let scripted: Vec<Scripted> = (0..NODES).map(of_number).collect();
    hold(&scripted.iter().collect::<Vec<_>>());
    let (known, asked) = (Known::default(), Arc::<Asked>::default());
    for (number, node) in scripted.iter().enumerate() {
        let counting = Counting { node: reserving(node.clone()), asked: asked.clone() };
        known.add(&format!("address-{number:04}"), Arc::new(counting));
    }
    (scripted, nodes(&known), asked)
}

#[tokio::test(start_paused = true)]
async fn a_call_asks_its_node_alone_and_one_that_waits_considers_each_node_when_it_changes() {
    let (scripted, nodes, asked) = fleet();
    nodes.ping().await.unwrap();
    let seen_through = |call| {
        let nodes = &nodes;
        async move {
            let name = name(call);
            start(nodes, name).await.unwrap();
            nodes.remove(name, None).await.unwrap();
        }
    };
    let calls = NODES * PER_NODE + WAITING;
    let all = join_all((0..calls as u32).map(seen_through));
    let observed = async {
        until(|| asked.runs.load(Ordering::Relaxed) == NODES * PER_NODE).await;
        // Each call considered each node, and those that wait did perhaps again.
        let placed = nodes.board.candidates();
        assert!(placed <= (calls + 2 * WAITING) * NODES, "{placed} for {calls} calls");
        let before = asked.status.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let (told, considered) =
            (asked.status.load(Ordering::Relaxed) - before, nodes.board.candidates() - placed);
        // Every node is asked each second, and considered once when it tells, and once each second with all others.
        assert!(told <= 10 * NODES, "the nodes were asked {told} times in 10 s");
        assert!(considered <= 20 * WAITING * NODES, "{considered} considered in 10 s");
        scripted.iter().for_each(|node| node.release("solve"));
    };
    tokio::join!(all, observed);
    let [runs, removals, lists] =
        [&asked.runs, &asked.removals, &asked.lists].map(|asked| asked.load(Ordering::Relaxed));
    assert_eq!((runs, removals, lists), (calls, calls, NODES));
}

#[tokio::test(start_paused = true)]
async fn many_who_look_for_containers_at_once_ask_each_node_twice() {
    let (_, nodes, asked) = fleet();
    nodes.ping().await.unwrap();
    let before = asked.lists.load(Ordering::Relaxed);
    let names: Vec<_> = (0..SEEKERS).map(|call| [name(call)]).collect();
    let found = join_all(names.iter().map(|name| nodes.find(name))).await;
    assert!(found.into_iter().all(|found| found.unwrap().is_empty()));
    assert_eq!(asked.lists.load(Ordering::Relaxed) - before, 2 * NODES);
}
