//! Nodes that come back at another address, as agents do that are started again.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use super::tests::{Known, adopt, hold, name, node, nodes, reserving, start, until};
use super::*;
use crate::Containers;
use crate::scripted::Scripted;

/// An address of a node, which is dead some day.
#[derive(Clone)]
struct Address(Arc<dyn Containers>, Arc<Death>);

#[derive(Default)]
struct Death {
    dead: AtomicBool,
    told: Notify,
}

impl Address {
    fn of(node: &Scripted) -> Self {
        Self(reserving(node.clone()), Arc::default())
    }

    fn dies(&self) {
        self.1.dead.store(true, Ordering::Relaxed);
        self.1.told.notify_waiters();
    }

    fn answer(&self) -> Result<(), ContainerError> {
        let dead = || ContainerError::Unavailable("nobody is at this address".to_owned());
        if self.1.dead.load(Ordering::Relaxed) { Err(dead()) } else { Ok(()) }
    }
}

#[async_trait]
impl Execution for Address {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        self.answer()?;
        tokio::select! {
            () = self.1.told.notified() => self.answer().and(Err(ContainerError::Closed)),
            ended = self.0.run(request, exchange, cancel) => ended,
        }
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        self.answer()?;
        self.0.remove(name, fence).await
    }

    async fn close(&self) {}
}

#[async_trait]
impl Inventory for Address {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.answer()?;
        self.0.list().await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.answer()
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.0.images().await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        self.answer()?;
        self.0.node().await
    }
}

/// The node, at an address of which it moves away.
struct Moving {
    node: Scripted,
    known: Known,
    before: Address,
}

impl Moving {
    fn new() -> Self {
        let node = node("moving", 2, &["octave"]);
        hold(&[&node]);
        let (known, before) = (Known::default(), Address::of(&node));
        known.add("10.0.0.1", Arc::new(before.clone()));
        Self { node, known, before }
    }

    /// Its agent is started again: it has another address, and remembers nothing.
    fn moves(&self) {
        self.before.dies();
        self.known.remove("10.0.0.1");
        self.known.add("10.0.0.2", Arc::new(Address::of(&self.node)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_at_the_new_address_of_its_node() {
    let moving = Moving::new();
    let (nodes, call) = (nodes(&moving.known), name(0));
    let (ended, ()) = tokio::join!(start(&nodes, call), async {
        until(|| moving.node.starts().len() == 1).await;
        moving.moves();
        tokio::time::sleep(Duration::from_secs(5)).await;
        moving.node.release("solve");
    });
    ended.unwrap();
    nodes.remove(call, None).await.unwrap();
    assert_eq!((moving.node.starts(), moving.node.present()), (vec![call], vec![]));
}

#[tokio::test(start_paused = true)]
async fn what_ended_before_its_node_moved_is_adopted_and_removed_at_the_new_address() {
    let moving = Moving::new();
    moving.node.release("solve");
    let (nodes, call) = (nodes(&moving.known), name(0));
    start(&nodes, call).await.unwrap();
    moving.moves();
    tokio::time::sleep(Duration::from_secs(10)).await;
    adopt(&nodes, call).await.unwrap();
    nodes.remove(call, None).await.unwrap();
    assert_eq!(moving.node.present(), []);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_dead_is_forgotten_with_what_nobody_sees_to() {
    let moving = Moving::new();
    moving.node.release("solve");
    let (nodes, call) = (nodes(&moving.known), name(0));
    start(&nodes, call).await.unwrap();
    moving.before.dies();
    moving.known.remove("10.0.0.1");
    moving.known.add("10.0.0.2", reserving(node("another", 2, &["octave"])));
    tokio::time::sleep(2 * NodesSettings::default().absence).await;
    assert_eq!(nodes.board.nodes().len(), 1);
    nodes.remove(call, None).await.unwrap();
}
