//! What is asked of a container runtime.

use std::sync::Arc;

use async_trait::async_trait;
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;

use crate::{Capacity, Completed, ContainerError, Exchange, ExecutionRequest, NodeStatus, RegisteredImage};

/// Executes container calls. An implementation admits each call by its operator's policy before it makes a
/// container, whatever whoever asks has admitted: see [`Admission`](crate::Admission).
#[async_trait]
pub trait Execution: Send + Sync {
    /// Makes sure that the container of `request` works or has worked on its call, and sees it through to
    /// its end. When the container is there already, from before the host was killed, it is adopted
    /// and never started again; with [`Begin::Adopt`](crate::Begin::Adopt), one that is not there is lost.
    ///
    /// A call that is not admitted changes nothing. After [`Completed`], the container is removed by
    /// [`Execution::remove`], once the outcome is stored; after [`ContainerError::Closed`],
    /// [`ContainerError::Fenced`] and a kill of the host it goes on; on every other way out it is removed before
    /// this returns.
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError>;

    /// True when calls wait here for a place, and their exchange is told when they have one, by
    /// [`Exchange::placed`]. Otherwise each has its place as soon as it is asked for.
    fn places_calls(&self) -> bool {
        false
    }

    /// How many calls wait here for a place.
    fn waiting(&self) -> usize {
        0
    }

    /// Removes the container, whatever it does, and returns once it is gone: for all who ask, though one whose call is
    /// over may be taken apart a moment later. No container is fine. Who asks by
    /// a lease gives its fence; `None` is for who goes by what the store says of the run, whoever has leased it.
    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError>;

    /// Runs no more calls, and lets go of those at work with [`ContainerError::Closed`]: their containers go
    /// on and can be adopted. Returns once all are let go of. Closing again is fine.
    async fn close(&self);
}

/// Tells what there is.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// The containers of this instance that exist, running or not.
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError>;

    /// Asks the daemon whether it is there.
    async fn ping(&self) -> Result<(), ContainerError>;

    /// What the node has for containers; `None` when nobody can tell.
    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        Ok(None)
    }

    /// Returns once [`Inventory::capacity`] may be another: never, where it stays the same.
    async fn capacity_changed(&self) {
        std::future::pending().await
    }

    /// The operator's images: logical name, image ID, and whether Docker has it.
    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError>;

    /// What there is to know before a call is placed on this node. It is asked often, and answers soon.
    async fn node(&self) -> Result<NodeStatus, ContainerError>;

    /// Those of `names` that exist. One that is not told is gone for whoever asks: where it may be on a node
    /// that does not answer, that node is waited for, within a bound.
    async fn find(&self, names: &[ContainerName]) -> Result<Vec<ContainerName>, ContainerError> {
        let present = self.list().await?;
        Ok(names.iter().copied().filter(|name| present.contains(name)).collect())
    }
}

#[async_trait]
impl<T: Execution + ?Sized> Execution for Arc<T> {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        (**self).run(request, exchange, cancel).await
    }

    fn places_calls(&self) -> bool {
        (**self).places_calls()
    }

    fn waiting(&self) -> usize {
        (**self).waiting()
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        (**self).remove(name, fence).await
    }

    async fn close(&self) {
        (**self).close().await;
    }
}

#[async_trait]
impl<T: Inventory + ?Sized> Inventory for Arc<T> {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        (**self).list().await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        (**self).ping().await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        (**self).capacity().await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        (**self).images().await
    }

    async fn capacity_changed(&self) {
        (**self).capacity_changed().await;
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        (**self).node().await
    }

    async fn find(&self, names: &[ContainerName]) -> Result<Vec<ContainerName>, ContainerError> {
        (**self).find(names).await
    }
}

/// A container runtime.
pub trait Containers: Execution + Inventory {}

impl<T: Execution + Inventory + ?Sized> Containers for T {}
