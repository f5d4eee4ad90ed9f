//! Answers what there is.

use std::sync::Arc;

use async_trait::async_trait;
use simulay_containers::{Inventory, RegisteredImage};
use tonic::{Request, Response, Status};

use crate::access::{Allowed, check};
use crate::parts::{INVENTORY, MESSAGE, written};
use crate::proto::inventory_server::{Inventory as Port, InventoryServer};
use crate::proto::{
    Capacity, CapacityRequest, CapacityResponse, Image, ImagesRequest, ImagesResponse, ListRequest,
    ListResponse, NodeRequest, NodeResponse, PingRequest, PingResponse,
};
use crate::words::parted;

/// An inventory that some roles may ask.
pub(crate) struct InventoryService {
    inventory: Arc<dyn Inventory>,
    allowed: Allowed,
}

impl InventoryService {
    pub(crate) fn new(inventory: Arc<dyn Inventory>, allowed: Allowed) -> Self {
        Self { inventory, allowed }
    }

    pub(crate) fn service(self) -> InventoryServer<Self> {
        InventoryServer::new(self).max_decoding_message_size(MESSAGE).max_encoding_message_size(INVENTORY)
    }
}

#[async_trait]
impl Port for InventoryService {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        check(&request, self.allowed)?;
        let (names, error) = parted(self.inventory.list().await)?;
        let names = names.iter().map(ToString::to_string).collect();
        Ok(Response::new(ListResponse { error, names }))
    }

    async fn ping(&self, request: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        check(&request, self.allowed)?;
        let ((), error) = parted(self.inventory.ping().await)?;
        Ok(Response::new(PingResponse { error }))
    }

    async fn capacity(
        &self,
        request: Request<CapacityRequest>,
    ) -> Result<Response<CapacityResponse>, Status> {
        check(&request, self.allowed)?;
        let (capacity, error) = parted(self.inventory.capacity().await)?;
        let capacity = capacity
            .map(|capacity| Capacity { cpu_milli: capacity.cpu_milli, memory_mib: capacity.memory_mib });
        Ok(Response::new(CapacityResponse { error, capacity }))
    }

    async fn images(&self, request: Request<ImagesRequest>) -> Result<Response<ImagesResponse>, Status> {
        check(&request, self.allowed)?;
        let (images, error) = parted(self.inventory.images().await)?;
        let images = images.into_iter().map(Image::from).collect();
        Ok(Response::new(ImagesResponse { error, images }))
    }

    async fn node(&self, request: Request<NodeRequest>) -> Result<Response<NodeResponse>, Status> {
        check(&request, self.allowed)?;
        let (status, error) = parted(self.inventory.node().await)?;
        let status = written(&status).map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(NodeResponse { error, status }))
    }
}

impl From<RegisteredImage> for Image {
    fn from(image: RegisteredImage) -> Self {
        let RegisteredImage { name, id, present, size, init, lacking } = image;
        Self { name, id: id.to_string(), present, size, init: init.map(|init| init.to_string()), lacking }
    }
}
