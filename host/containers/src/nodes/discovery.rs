//! Which nodes there are.

use std::sync::Arc;

use async_trait::async_trait;

use crate::Containers;

/// A node that was found.
#[derive(Clone)]
pub struct Discovered {
    /// By what it is told from the others; the same as long as it stays.
    pub address: String,
    /// What runs calls there; the same as long as it stays.
    pub containers: Arc<dyn Containers>,
}

/// Nobody could tell which nodes there are, as a message.
#[derive(Debug, thiserror::Error)]
#[error("it is not known which nodes there are: {0}")]
pub struct DiscoveryError(pub String);

/// Tells which nodes there are.
#[async_trait]
pub trait Discovery: Send + Sync {
    /// The nodes there are now. One that is not told any more gets no more calls.
    async fn nodes(&self) -> Result<Vec<Discovered>, DiscoveryError>;
}
