//! A node that takes no more calls than it has room for, whoever asks: several runners do at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use simulay_model::ContainerName;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Admission, Begin, Capacity, Completed, ContainerError, Exchange, Execution, ExecutionRequest, Inventory,
    NodeStatus, RegisteredImage,
};

/// How long what a node has is taken for granted.
const FRESH: Duration = Duration::from_secs(2);

/// Gives each container its part of a node, from its start until it is removed, and refuses what does not fit.
///
/// A container that an earlier life of this process left has none before it is adopted.
pub struct Reserving<C> {
    inner: C,
    admission: Arc<dyn Admission>,
    /// Stays free for everything else.
    kept: Capacity,
    held: Mutex<HashMap<ContainerName, Held>>,
    draining: AtomicBool,
    known: Mutex<Option<(Instant, NodeStatus)>>,
    /// Held while `inner` is asked, so that many ask once.
    asking: tokio::sync::Mutex<()>,
}

/// The part of a container.
struct Held {
    demand: Capacity,
    /// Those who see to it now.
    attended: u32,
}

/// Someone who sees to a container.
struct Attending<'a, C> {
    node: &'a Reserving<C>,
    name: ContainerName,
}

impl<C: Inventory> Reserving<C> {
    /// What `inner` has, but for what is `kept` free; `admission` tells what a call takes.
    pub fn new(inner: C, admission: Arc<dyn Admission>, kept: Capacity) -> Self {
        let (held, draining, known, asking) = Default::default();
        Self { inner, admission, kept, held, draining, known, asking }
    }

    /// Takes no more calls, or takes them again. Those at work are left to end.
    pub fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Ordering::Relaxed);
    }

    /// What `inner` says of itself, asked for every now and then.
    async fn known(&self) -> Result<NodeStatus, ContainerError> {
        let _asking = self.asking.lock().await;
        if let Some((_, status)) = self.known.lock().as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(status.clone());
        }
        let status = self.inner.node().await?;
        let status = NodeStatus { capacity: status.capacity.minus(self.kept), ..status };
        *self.known.lock() = Some((Instant::now(), status.clone()));
        Ok(status)
    }

    /// What all containers together may have. Nothing is asked for one that may be there: its work is not given up
    /// because `inner` is silent for a moment.
    async fn room(&self, name: ContainerName, begin: Begin) -> Result<Capacity, ContainerError> {
        if begin == Begin::Adopt || self.held.lock().contains_key(&name) {
            let known = self.known.lock().as_ref().map(|(_, status)| status.capacity);
            return Ok(known.unwrap_or(Capacity::MAX));
        }
        // Nothing was started: the call may go elsewhere.
        let silent = |error: ContainerError| ContainerError::NoRoom(error.to_string());
        Ok(self.known().await.map_err(silent)?.capacity)
    }

    /// Gives the container its part. One that is there keeps what it has; one that may be there gets it anyhow.
    fn attend(
        &self,
        (name, begin): (ContainerName, Begin),
        demand: Capacity,
        room: Capacity,
    ) -> Result<Attending<'_, C>, ContainerError> {
        let mut held = self.held.lock();
        if !held.contains_key(&name) && begin == Begin::Start {
            if self.draining.load(Ordering::Relaxed) {
                return Err(ContainerError::NoRoom("the node takes no more calls".to_owned()));
            }
            if !demand.fits(room.minus(sum(&held))) {
                return Err(ContainerError::NoRoom("the node is full".to_owned()));
            }
        }
        held.entry(name).or_insert(Held { demand, attended: 0 }).attended += 1;
        Ok(Attending { node: self, name })
    }
}

fn sum(held: &HashMap<ContainerName, Held>) -> Capacity {
    held.values().fold(Capacity::default(), |sum, held| sum.plus(held.demand))
}

impl<C> Attending<'_, C> {
    /// The container is removed: its part is free, unless somebody else sees to it.
    fn free(self) {
        let mut held = self.node.held.lock();
        if held.get(&self.name).is_some_and(|held| held.attended == 1) {
            held.remove(&self.name);
        }
    }
}

impl<C> Drop for Attending<'_, C> {
    fn drop(&mut self) {
        if let Some(held) = self.node.held.lock().get_mut(&self.name) {
            held.attended = held.attended.saturating_sub(1);
        }
    }
}

#[async_trait]
impl<C: Execution + Inventory> Execution for Reserving<C> {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        let admitted = self.admission.admit(&request.call, &request.permissions)?;
        let room = self.room(request.name, request.begin).await?;
        let attending = self.attend((request.name, request.begin), admitted.demand().min(room), room)?;
        drop(admitted);
        let ended = self.inner.run(request, exchange, cancel).await;
        if ended.as_ref().is_err_and(ContainerError::leaves_nothing) {
            attending.free();
        }
        ended
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        self.inner.remove(name, fence).await?;
        self.held.lock().remove(&name);
        Ok(())
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[async_trait]
impl<C: Execution + Inventory> Inventory for Reserving<C> {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        let idle = |(name, held): (&ContainerName, &Held)| (held.attended == 0).then_some(*name);
        let idle: Vec<_> = self.held.lock().iter().filter_map(idle).collect();
        let names = self.inner.list().await?;
        // What was removed behind our back needs nothing any more.
        let gone = |name: &ContainerName| idle.contains(name) && !names.contains(name);
        self.held.lock().retain(|name, held| held.attended > 0 || !gone(name));
        Ok(names)
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.inner.ping().await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        Ok(Some(self.known().await?.capacity))
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.inner.images().await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        let known = self.known().await?;
        let draining = self.draining.load(Ordering::Relaxed);
        let held = self.held.lock();
        let unattended = held.values().fold(0, |count, held| count + u32::from(held.attended == 0));
        Ok(NodeStatus { reserved: sum(&held), unattended, draining, ..known })
    }
}
