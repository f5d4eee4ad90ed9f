//! What speaks with a daemon: it refuses, is late, and lies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use simulay_containers::{
    Admission, Begin, Capacity, Completed, ContainerError, Exchange, Execution, ExecutionRequest, ImageId,
    Inventory, NodeStatus, Policy, RegisteredImage, Stream,
};
use simulay_model::{ContainerCall, ContainerName, Digest, RelativePath};
use tokio_util::sync::CancellationToken;

use crate::daemon::{Daemon, lost};
use crate::machine::Machine;
use crate::plugin::Act;

/// How long a host bears its absence.
const PATIENCE: Duration = Duration::from_secs(60);

/// The daemon as a machine reaches it.
pub(crate) struct Client {
    pub(crate) daemon: Arc<Daemon>,
    pub(crate) machine: Arc<Machine>,
}

impl Client {
    async fn answer(&self) -> Result<(), ContainerError> {
        self.machine.act().await;
        if self.daemon.is_away() || self.machine.world.fault(40) {
            return Err(unavailable());
        }
        Ok(())
    }

    /// Bears an absence for a while.
    async fn reach(&self) -> Result<(), ContainerError> {
        let until = self.machine.world.now() + PATIENCE;
        while self.daemon.is_away() {
            if self.machine.world.now() >= until {
                return Err(unavailable());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if self.machine.world.fault(60) { Err(unavailable()) } else { Ok(()) }
    }

    async fn carry_out(
        &self,
        name: ContainerName,
        call: &ContainerCall,
        exchange: &dyn Exchange,
        (begin, fence): (Begin, u64),
    ) -> Result<Completed, ContainerError> {
        let act: Act = serde_json::from_str(&call.command[1]).unwrap();
        self.reach().await?;
        self.daemon.by(name, fence, "attended");
        let ends = self.daemon.ensure(name, &act, begin)?;
        self.daemon.attended(name, fence);
        self.machine.act().await;
        if self.machine.world.fault(80) {
            return Err(unavailable());
        }
        // The stream is dropped in the middle, and told again from its start.
        let text = Bytes::from(act.text.clone());
        if self.machine.world.fault(5) {
            exchange.stream(Stream::Stdout, 0, text.slice(..text.len() / 2)).await.map_err(host)?;
        }
        exchange.stream(Stream::Stdout, 0, text.clone()).await.map_err(host)?;
        while let Some(left) = ends.checked_sub(self.machine.world.now()).filter(|left| !left.is_zero()) {
            tokio::time::sleep(left.min(Duration::from_secs(5))).await;
            if !self.daemon.has(name) {
                return Err(lost());
            }
            if self.machine.world.fault(400) {
                // It says that the container is over, and it is not.
                return Err(lost());
            }
        }
        self.reach().await?;
        if !self.daemon.has(name) {
            return Err(lost());
        }
        if act.leaves {
            let path = RelativePath::new("out.txt").unwrap();
            let mut output = exchange.output(path, text.len() as u64).await.map_err(host)?;
            output.write(text).await.map_err(host)?;
            output.finish().await.map_err(host)?;
        }
        Ok(Completed::new(act.ending, act.millis))
    }
}

fn unavailable() -> ContainerError {
    ContainerError::Unavailable("the daemon is away".to_owned())
}

fn host(error: std::io::Error) -> ContainerError {
    ContainerError::Exchange(error)
}

/// What the operator of this world grants.
pub(crate) fn policy() -> Policy {
    Policy { images: BTreeMap::from([("octave".to_owned(), octave().id)]), ..Policy::default() }
}

/// The only image there is.
pub(crate) fn octave() -> RegisteredImage {
    let id = ImageId::from(Digest::of(b"octave"));
    RegisteredImage {
        name: "octave".to_owned(),
        id,
        present: true,
        size: None,
        init: None,
        lacking: Vec::new(),
    }
}

#[async_trait]
impl Execution for Client {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        policy().admit(&request.call, &request.permissions)?;
        let ExecutionRequest { name, call, begin, fence, .. } = request;
        self.machine.act().await;
        let completed = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ContainerError::Cancelled),
            completed = self.carry_out(name, &call, exchange, (begin, fence)) => completed,
        };
        self.machine.act().await;
        if let Err(error) = &completed {
            if !matches!(error, ContainerError::Cancelled) {
                self.daemon.breaks.count(name);
            }
            // A daemon that is away keeps what it has.
            if !self.daemon.is_away() && !self.machine.world.fault(10) {
                self.daemon.by(name, fence, "removed");
                self.daemon.remove(name);
            }
        }
        completed
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        self.answer().await?;
        if let Some(fence) = fence {
            self.daemon.by(name, fence, "removed");
        }
        self.daemon.remove(name);
        Ok(())
    }

    async fn close(&self) {}
}

#[async_trait]
impl Inventory for Client {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.answer().await?;
        let mut present = self.daemon.present();
        if !present.is_empty() && self.machine.world.fault(20) {
            present.remove(0);
        }
        Ok(present)
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.answer().await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.answer().await?;
        Ok(self.daemon.capacity())
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        Ok(vec![octave()])
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        let capacity = self.capacity().await?.unwrap_or_default();
        let (name, images) = (self.daemon.name.clone(), vec![octave()]);
        Ok(NodeStatus { name, capacity, images, ..NodeStatus::default() })
    }
}
