//! Which nodes there are, by names that are looked up: `tasks.containers:7375` stands for every task of a
//! service.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use simulay_containers::{Containers, Discovered, Discovery, DiscoveryError};
use simulay_rpc::Peers;

/// Finds nodes by the names of services.
pub(crate) struct Names(pub(crate) Peers<Arc<dyn Containers>>);

#[async_trait]
impl Discovery for Names {
    async fn nodes(&self) -> Result<Vec<Discovered>, DiscoveryError> {
        let found = self.0.found().await.map_err(|error| DiscoveryError(error.to_string()))?;
        let node =
            |(address, containers)| Discovered { address: SocketAddr::to_string(&address), containers };
        Ok(found.into_iter().map(node).collect())
    }
}
