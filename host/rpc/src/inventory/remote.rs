//! Asks another process what there is.

use std::time::Duration;

use async_trait::async_trait;
use simulay_containers::{
    Capacity, Completed, ContainerError, Exchange, Execution, ExecutionRequest, Inventory, NodeStatus,
    RegisteredImage,
};
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::Channel;

use crate::connector::{channel, within};
use crate::parts::MESSAGE;
use crate::proto::inventory_client::InventoryClient;
use crate::proto::{CapacityRequest, Image, ImagesRequest, ListRequest, NodeRequest, PingRequest};
use crate::tls::Role;
use crate::words::{joined, told};
use crate::{Credentials, RpcSettings};

/// The inventory of another process.
pub(crate) struct Asked {
    address: String,
    client: InventoryClient<Channel>,
    patience: Duration,
}

impl Asked {
    pub(crate) fn new(address: &str, channel: Channel, settings: &RpcSettings) -> Self {
        let client = InventoryClient::new(channel);
        let client = client.max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE);
        Self { address: address.to_owned(), client, patience: settings.answer }
    }

    fn lost(&self, status: &Status) -> ContainerError {
        ContainerError::Unavailable(format!("{} does not answer: {}", self.address, told(status)))
    }

    fn garbled(&self, what: &str) -> ContainerError {
        ContainerError::Unavailable(format!("{} names {what} that cannot be understood", self.address))
    }

    fn image(&self, image: Image) -> Result<RegisteredImage, ContainerError> {
        let Image { name, id, present, size, init, lacking } = image;
        let id = id.parse().map_err(|_| self.garbled("an image ID"))?;
        let init = init.map(|init| init.parse()).transpose().map_err(|_| self.garbled("a digest"))?;
        Ok(RegisteredImage { name, id, present, size, init, lacking })
    }
}

#[async_trait]
impl Inventory for Asked {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        let answer = self
            .client
            .clone()
            .list(within(self.patience, ListRequest {}))
            .await
            .map_err(|status| self.lost(&status))?;
        let answer = answer.into_inner();
        joined(&answer.error)?;
        let name = |name: &String| name.parse().map_err(|_| self.garbled("a container"));
        answer.names.iter().map(name).collect()
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        let answer = self.client.clone().ping(within(self.patience, PingRequest {})).await;
        joined(&answer.map_err(|status| self.lost(&status))?.into_inner().error)
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        let answer = self.client.clone().capacity(within(self.patience, CapacityRequest {})).await;
        let answer = answer.map_err(|status| self.lost(&status))?.into_inner();
        joined(&answer.error)?;
        Ok(answer.capacity.map(|told| Capacity { cpu_milli: told.cpu_milli, memory_mib: told.memory_mib }))
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        let answer = self.client.clone().images(within(self.patience, ImagesRequest {})).await;
        let answer = answer.map_err(|status| self.lost(&status))?.into_inner();
        joined(&answer.error)?;
        answer.images.into_iter().map(|image| self.image(image)).collect()
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        let answer = self.client.clone().node(within(self.patience, NodeRequest {})).await;
        let answer = answer.map_err(|status| self.lost(&status))?.into_inner();
        joined(&answer.error)?;
        serde_json::from_slice(&answer.status).map_err(|_| self.garbled("a status"))
    }
}

/// What runners know of the nodes, for processes that carry out no container calls: they are refused here.
pub struct RemoteInventory {
    runners: Vec<Asked>,
}

impl RemoteInventory {
    /// Asks the runners at `addresses`, each a host and a port, one after the other until one answers; connects when it
    /// is asked.
    #[must_use]
    pub fn new(addresses: &[String], credentials: &Credentials, settings: &RpcSettings) -> Self {
        let asked = |address: &String| {
            let channel = channel(address, Role::Runner, credentials, settings);
            Asked::new(address, channel, settings)
        };
        Self { runners: addresses.iter().map(asked).collect() }
    }

    /// What the first of them says that is there.
    async fn first<'a, T, F>(&'a self, ask: impl Fn(&'a Asked) -> F) -> Result<T, ContainerError>
    where
        F: Future<Output = Result<T, ContainerError>>,
    {
        let mut answer = Err(ContainerError::Unavailable("no runner is known".to_owned()));
        for runner in &self.runners {
            answer = ask(runner).await;
            if !matches!(answer, Err(ContainerError::Unavailable(_))) {
                break;
            }
        }
        answer
    }
}

#[async_trait]
impl Inventory for RemoteInventory {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.first(Inventory::list).await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.first(Inventory::ping).await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.first(Inventory::capacity).await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.first(Inventory::images).await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        self.first(Inventory::node).await
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
