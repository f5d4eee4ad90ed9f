//! Asks another process what there is.

use async_trait::async_trait;
use simulay_containers::{
    Capacity, Completed, ContainerError, Exchange, Execution, ExecutionRequest, Inventory, RegisteredImage,
};
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::Channel;

use crate::connector::channel;
use crate::parts::MESSAGE;
use crate::proto::inventory_client::InventoryClient;
use crate::proto::{CapacityRequest, Image, ImagesRequest, ListRequest, PingRequest};
use crate::tls::Role;
use crate::words::{joined, told};
use crate::{Credentials, RpcSettings};

/// The inventory of another process.
pub(crate) struct Asked {
    address: String,
    client: InventoryClient<Channel>,
}

impl Asked {
    pub(crate) fn new(address: &str, channel: Channel) -> Self {
        let client = InventoryClient::new(channel);
        let client = client.max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE);
        Self { address: address.to_owned(), client }
    }

    fn lost(&self, status: &Status) -> ContainerError {
        ContainerError::Unavailable(format!("{} does not answer: {}", self.address, told(status)))
    }

    fn garbled(&self, what: &str) -> ContainerError {
        ContainerError::Unavailable(format!("{} names {what} that cannot be understood", self.address))
    }

    fn image(&self, image: Image) -> Result<RegisteredImage, ContainerError> {
        let Image { name, id, present, size, init } = image;
        let id = id.parse().map_err(|_| self.garbled("an image ID"))?;
        let init = init.map(|init| init.parse()).transpose().map_err(|_| self.garbled("a digest"))?;
        Ok(RegisteredImage { name, id, present, size, init })
    }
}

#[async_trait]
impl Inventory for Asked {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        let answer = self.client.clone().list(ListRequest {}).await.map_err(|status| self.lost(&status))?;
        let answer = answer.into_inner();
        joined(&answer.error)?;
        let name = |name: &String| name.parse().map_err(|_| self.garbled("a container"));
        answer.names.iter().map(name).collect()
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        let answer = self.client.clone().ping(PingRequest {}).await;
        joined(&answer.map_err(|status| self.lost(&status))?.into_inner().error)
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        let answer = self.client.clone().capacity(CapacityRequest {}).await;
        let answer = answer.map_err(|status| self.lost(&status))?.into_inner();
        joined(&answer.error)?;
        Ok(answer.capacity.map(|told| Capacity { cpu_milli: told.cpu_milli, memory_mib: told.memory_mib }))
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        let answer = self.client.clone().images(ImagesRequest {}).await;
        let answer = answer.map_err(|status| self.lost(&status))?.into_inner();
        joined(&answer.error)?;
        answer.images.into_iter().map(|image| self.image(image)).collect()
    }
}

/// What a runner knows of the nodes, for processes that carry out no container calls: they are refused here.
pub struct RemoteInventory(Asked);

impl RemoteInventory {
    /// Asks the runner at `address`, a host and a port; connects when it is asked.
    #[must_use]
    pub fn new(address: &str, credentials: &Credentials, settings: &RpcSettings) -> Self {
        Self(Asked::new(address, channel(address, Role::Runner, credentials, settings)))
    }
}

#[async_trait]
impl Inventory for RemoteInventory {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.0.list().await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.0.ping().await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.0.capacity().await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.0.images().await
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
