//! The nodes as one runner has them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use simulay_containers::{
    Capacity, Completed, ContainerError, Discovered, Discovery, DiscoveryError, Exchange, Execution,
    ExecutionRequest, Gate, Inventory, NodeStatus, Nodes, RegisteredImage,
};
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;

use super::line::{Line, Wire};
use super::node::Node;
use crate::judge::Breaks;
use crate::machine::Machine;

/// Tells a runner which nodes there are.
pub(crate) struct Map {
    runner: Arc<Machine>,
    nodes: Vec<(Arc<Node>, Arc<Wire>)>,
    lines: Mutex<BTreeMap<String, Arc<Line>>>,
}

impl Map {
    pub(crate) fn new(runner: &Arc<Machine>, nodes: Vec<(Arc<Node>, Arc<Wire>)>) -> Self {
        Self { runner: runner.clone(), nodes, lines: Mutex::default() }
    }

    fn line(&self, node: &Arc<Node>, wire: &Arc<Wire>, address: String) -> Arc<Line> {
        let line = || {
            let (runner, node, wire) = (self.runner.clone(), node.clone(), wire.clone());
            Arc::new(Line { runner, node, address: address.clone(), wire, gate: Gate::default() })
        };
        self.lines.lock().unwrap().entry(address.clone()).or_insert_with(line).clone()
    }
}

#[async_trait]
impl Discovery for Map {
    async fn nodes(&self) -> Result<Vec<Discovered>, DiscoveryError> {
        self.runner.awake().await;
        if self.runner.world.fault(100) {
            return Err(DiscoveryError("nobody tells".to_owned()));
        }
        let found = self.nodes.iter().filter_map(|(node, wire)| {
            let address = node.address()?;
            let containers = self.line(node, wire, address.clone());
            Some(Discovered { address, containers })
        });
        Ok(found.collect())
    }
}

/// Counts the calls that broke, as the engine learns of it.
pub(crate) struct Counted {
    pub(crate) nodes: Nodes,
    pub(crate) breaks: Arc<Breaks>,
}

#[async_trait]
impl Execution for Counted {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        let name = request.name;
        let ended = self.nodes.run(request, exchange, cancel).await;
        if let Err(ContainerError::Lost(_) | ContainerError::Unavailable(_) | ContainerError::Exchange(_)) =
            &ended
        {
            self.breaks.count(name);
        }
        ended
    }

    fn places_calls(&self) -> bool {
        self.nodes.places_calls()
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        self.nodes.remove(name, fence).await
    }

    async fn close(&self) {
        self.nodes.close().await;
    }
}

#[async_trait]
impl Inventory for Counted {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.nodes.list().await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.nodes.ping().await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.nodes.capacity().await
    }

    async fn capacity_changed(&self) {
        self.nodes.capacity_changed().await;
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.nodes.images().await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        self.nodes.node().await
    }

    async fn find(&self, names: &[ContainerName]) -> Result<Vec<ContainerName>, ContainerError> {
        self.nodes.find(names).await
    }
}
