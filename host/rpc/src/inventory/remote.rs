//! Asks runners what there is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use simulay_containers::{
    Capacity, Completed, ContainerError, Exchange, Execution, ExecutionRequest, Inventory, NodeStatus,
    RegisteredImage,
};
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;

use super::Asked;
use crate::connector::channel;
use crate::tls::Role;
use crate::{Credentials, Peers, RpcSettings};

/// A runner that has not answered after so long may still; another one is asked as well.
const TURN: Duration = Duration::from_secs(1);

/// What runners know of the nodes, for processes that carry out no container calls: they are refused here.
pub struct RemoteInventory {
    runners: Peers<Arc<Asked>>,
}

impl RemoteInventory {
    /// Asks the runners at `addresses`, each a host and a port of one or several; connects when it is asked.
    #[must_use]
    pub fn new(addresses: &[String], credentials: &Credentials, settings: &RpcSettings) -> Self {
        let (credentials, settings) = (credentials.clone(), settings.clone());
        let reach = move |address: SocketAddr| {
            let address = address.to_string();
            let channel = channel(&address, Role::Runner, &credentials, &settings);
            Arc::new(Asked::new("a runner", &address, channel, &settings))
        };
        Self { runners: Peers::new(addresses.to_owned(), reach) }
    }

    /// What the first of them says that is there.
    async fn first<T, F>(&self, ask: impl Fn(Arc<Asked>) -> F) -> Result<T, ContainerError>
    where
        F: Future<Output = Result<T, ContainerError>>,
    {
        let unknown = || ContainerError::Unavailable("no runner is known".to_owned());
        let mut runners = self.runners.found().await.map_err(|_| unknown())?.into_iter();
        let (mut asking, mut answer) = (FuturesUnordered::new(), Err(unknown()));
        loop {
            asking.extend(runners.next().map(|(_, runner)| ask(runner)));
            tokio::select! {
                Some(answered) = asking.next() => answer = answered,
                () = tokio::time::sleep(TURN), if runners.len() > 0 => continue,
                else => return answer,
            }
            if !matches!(answer, Err(ContainerError::Unavailable(_))) {
                return answer;
            }
        }
    }
}

#[async_trait]
impl Inventory for RemoteInventory {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.first(|runner| async move { runner.list().await }).await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.first(|runner| async move { runner.ping().await }).await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.first(|runner| async move { runner.capacity().await }).await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.first(|runner| async move { runner.images().await }).await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        self.first(|runner| async move { runner.node().await }).await
    }
}

#[async_trait]
impl Execution for RemoteInventory {
    async fn run(
        &self,
        _: ExecutionRequest,
        _: &dyn Exchange,
        _: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        Err(ContainerError::Closed)
    }

    async fn remove(&self, _: ContainerName, _: Option<u64>) -> Result<(), ContainerError> {
        Err(ContainerError::Closed)
    }

    async fn close(&self) {}
}
