//! Asks one other process what there is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use simulay_containers::{Capacity, ContainerError, Inventory, NodeStatus, RegisteredImage};
use simulay_model::ContainerName;
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::RpcSettings;
use crate::connector::within;
use crate::parts::{INVENTORY, MESSAGE};
use crate::proto::inventory_client::InventoryClient;
use crate::proto::{CapacityRequest, Image, ImagesRequest, ListRequest, NodeRequest, PingRequest};
use crate::words::{joined, told};

/// The inventory of another process.
pub(crate) struct Asked {
    /// As users know it.
    called: &'static str,
    address: String,
    client: InventoryClient<Channel>,
    patience: Duration,
    /// It did not answer when it was asked last.
    silent: AtomicBool,
}

impl Asked {
    pub(crate) fn new(called: &'static str, address: &str, channel: Channel, settings: &RpcSettings) -> Self {
        let client = InventoryClient::new(channel);
        let client = client.max_decoding_message_size(INVENTORY).max_encoding_message_size(MESSAGE);
        let (address, patience) = (address.to_owned(), settings.answer);
        Self { called, address, client, patience, silent: AtomicBool::new(false) }
    }

    /// What it answers. The first time that it does not, the log has why.
    fn heard<T>(&self, answer: Result<Response<T>, Status>) -> Result<T, ContainerError> {
        let was_silent = self.silent.swap(answer.is_err(), Ordering::Relaxed);
        answer.map(Response::into_inner).map_err(|status| {
            if !was_silent {
                tracing::warn!(
                    address = self.address,
                    why = told(&status),
                    "{} does not answer",
                    self.called
                );
            }
            ContainerError::Unavailable(format!("{} does not answer", self.called))
        })
    }

    fn garbled(&self, what: &str) -> ContainerError {
        tracing::warn!(address = self.address, "{} names {what} that cannot be understood", self.called);
        ContainerError::Unavailable(format!("{} names {what} that cannot be understood", self.called))
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
        let answer = self.heard(self.client.clone().list(within(self.patience, ListRequest {})).await)?;
        joined(&answer.error)?;
        let name = |name: &String| name.parse().map_err(|_| self.garbled("a container"));
        answer.names.iter().map(name).collect()
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        let answer = self.client.clone().ping(within(self.patience, PingRequest {})).await;
        joined(&self.heard(answer)?.error)
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        let answer = self.client.clone().capacity(within(self.patience, CapacityRequest {})).await;
        let answer = self.heard(answer)?;
        joined(&answer.error)?;
        Ok(answer.capacity.map(|told| Capacity { cpu_milli: told.cpu_milli, memory_mib: told.memory_mib }))
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        let answer = self.client.clone().images(within(self.patience, ImagesRequest {})).await;
        let answer = self.heard(answer)?;
        joined(&answer.error)?;
        answer.images.into_iter().map(|image| self.image(image)).collect()
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        let answer = self.client.clone().node(within(self.patience, NodeRequest {})).await;
        let answer = self.heard(answer)?;
        joined(&answer.error)?;
        serde_json::from_slice(&answer.status).map_err(|_| self.garbled("a status"))
    }
}
