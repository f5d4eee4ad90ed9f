//! Containers that obey only the newest lease of their run.

mod ledger;

use async_trait::async_trait;
use parking_lot::Mutex;
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;

use self::ledger::{Attachment, Ledger};
use crate::{
    Capacity, Completed, ContainerError, Containers, Exchange, Execution, ExecutionRequest, Inventory,
    NodeStatus, RegisteredImage,
};

/// Containers that several hosts share. It remembers the highest fence of each run that has containers here:
/// who comes with an older one is refused with [`ContainerError::Fenced`]. Whoever comes to a container that
/// someone is attached to has it for himself: the other lets go first, with the same error.
///
/// What it remembers is gone with its process; a newer host makes it known again when it adopts its containers.
pub struct Fenced<C> {
    containers: C,
    ledger: Mutex<Ledger>,
}

impl<C> Fenced<C> {
    /// Fences `containers`, which nobody uses but by way of this.
    #[must_use]
    pub fn new(containers: C) -> Self {
        Self { containers, ledger: Mutex::default() }
    }
}

/// The time for which someone is attached to a container.
struct Attached<'a> {
    ledger: &'a Mutex<Ledger>,
    name: ContainerName,
    attachment: Attachment,
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.ledger.lock().detach(self.name, &self.attachment);
    }
}

#[async_trait]
impl<C: Containers> Execution for Fenced<C> {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        let name = request.name;
        let attachment = self.ledger.lock().attach(name, request.fence)?;
        let attached = Attached { ledger: &self.ledger, name, attachment };
        let in_turn = async {
            let Attachment { turn, removal, .. } = &attached.attachment;
            let _turn = turn.lock().await;
            // A removal by an older lease that has begun comes to its end first.
            drop(removal.lock().await);
            self.containers.run(request, exchange, cancel).await
        };
        let ended = attached.attachment.superseded.run_until_cancelled(in_turn).await;
        let ended = ended.unwrap_or(Err(ContainerError::Fenced));
        drop(attached);
        if !matches!(ended, Ok(_) | Err(ContainerError::Closed | ContainerError::Fenced)) {
            self.ledger.lock().forget(name);
        }
        ended
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        let removal = self.ledger.lock().removal(name, fence)?;
        let under_way = removal.lock_owned().await;
        if let Some(fence) = fence {
            // Someone newer may have come meanwhile.
            self.ledger.lock().check(name.run, fence)?;
        }
        self.containers.remove(name, fence).await?;
        drop(under_way);
        self.ledger.lock().forget(name);
        Ok(())
    }

    async fn close(&self) {
        self.containers.close().await;
    }
}

#[async_trait]
impl<C: Containers> Inventory for Fenced<C> {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        let present = self.containers.list().await?;
        self.ledger.lock().keep_only(&present);
        Ok(present)
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.containers.ping().await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.containers.capacity().await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.containers.images().await
    }

    async fn capacity_changed(&self) {
        self.containers.capacity_changed().await;
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        self.containers.node().await
    }

    async fn find(&self, names: &[ContainerName]) -> Result<Vec<ContainerName>, ContainerError> {
        self.containers.find(names).await
    }
}

#[cfg(test)]
mod tests;
