//! A container daemon that refuses, is late, loses what it has, is away, and lies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use simulay_containers::{
    Admission, Begin, Capacity, Completed, ContainerError, Exchange, Execution, ExecutionRequest, ImageId,
    Inventory, NodeStatus, Policy, RegisteredImage, Stream,
};
use simulay_model::{ContainerCall, ContainerName, Digest, RelativePath, RunId};
use tokio_util::sync::CancellationToken;

use crate::machine::Machine;
use crate::plugin::Act;
use crate::world::World;

/// How long a host bears its absence.
const PATIENCE: Duration = Duration::from_secs(60);

/// The daemon of this world.
pub(crate) struct Daemon {
    world: Arc<World>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    containers: BTreeMap<ContainerName, Duration>,
    starts: Vec<ContainerName>,
    breaks: BTreeMap<(RunId, u32, u32), u32>,
    away_until: Duration,
    capacity: Option<Capacity>,
    most_at_once: usize,
}

impl Daemon {
    pub(crate) fn new(world: &Arc<World>) -> Arc<Self> {
        Arc::new(Self { world: world.clone(), state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn set_capacity(&self, capacity: Capacity) {
        self.state().capacity = Some(capacity);
    }

    /// Goes away, perhaps with all its containers.
    pub(crate) fn leave(&self, time: Duration, with_all: bool) {
        let until = self.world.now() + time;
        let mut state = self.state();
        state.away_until = until;
        if with_all {
            state.containers.clear();
        }
    }

    pub(crate) fn come_back(&self) {
        self.state().away_until = Duration::ZERO;
    }

    /// Loses one of the containers.
    pub(crate) fn lose_one(&self) {
        let mut state = self.state();
        let count = state.containers.len() as u64;
        if count > 0 {
            let lost = usize::try_from(self.world.below(count)).unwrap();
            let name = *state.containers.keys().nth(lost).unwrap();
            state.containers.remove(&name);
        }
    }

    pub(crate) fn starts(&self) -> Vec<ContainerName> {
        self.state().starts.clone()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.state().most_at_once
    }

    pub(crate) fn present(&self) -> Vec<ContainerName> {
        self.state().containers.keys().copied().collect()
    }

    /// True when the host had reason to give a call of the run up.
    pub(crate) fn broke_often(&self, run: RunId, attempts: u32) -> bool {
        self.state().breaks.iter().any(|(call, breaks)| call.0 == run && *breaks >= attempts)
    }

    fn is_away(&self) -> bool {
        let now = self.world.now();
        now < self.state().away_until
    }

    fn broken(&self, name: ContainerName) {
        *self.state().breaks.entry((name.run, name.step, name.call)).or_default() += 1;
    }
}

/// The daemon as a machine reaches it.
pub(crate) struct Client {
    pub(crate) daemon: Arc<Daemon>,
    pub(crate) machine: Arc<Machine>,
}

impl Client {
    async fn answer(&self) -> Result<(), ContainerError> {
        self.machine.act().await;
        if self.daemon.is_away() || self.daemon.world.fault(40) {
            return Err(unavailable());
        }
        Ok(())
    }

    /// Bears an absence for a while.
    async fn reach(&self) -> Result<(), ContainerError> {
        let until = self.daemon.world.now() + PATIENCE;
        while self.daemon.is_away() {
            if self.daemon.world.now() >= until {
                return Err(unavailable());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if self.daemon.world.fault(60) { Err(unavailable()) } else { Ok(()) }
    }

    /// When the container ends; it is started when it may be and is not there.
    fn ensure(&self, name: ContainerName, act: &Act, begin: Begin) -> Result<Duration, ContainerError> {
        let mut state = self.daemon.state();
        if let Some(ends) = state.containers.get(&name) {
            return Ok(*ends);
        }
        if begin == Begin::Adopt {
            return Err(lost());
        }
        let now = self.daemon.world.now();
        let ends = now + Duration::from_millis(act.millis);
        state.starts.push(name);
        state.containers.insert(name, ends);
        let at_work = state.containers.values().filter(|ends| **ends > now).count();
        state.most_at_once = state.most_at_once.max(at_work);
        Ok(ends)
    }

    async fn carry_out(
        &self,
        name: ContainerName,
        call: &ContainerCall,
        exchange: &dyn Exchange,
        begin: Begin,
    ) -> Result<Completed, ContainerError> {
        let act: Act = serde_json::from_str(&call.command[1]).unwrap();
        self.reach().await?;
        let ends = self.ensure(name, &act, begin)?;
        self.machine.act().await;
        if self.daemon.world.fault(80) {
            return Err(unavailable());
        }
        // The stream is dropped in the middle, and told again from its start.
        let text = Bytes::from(act.text.clone());
        if self.daemon.world.fault(5) {
            exchange.stream(Stream::Stdout, 0, text.slice(..text.len() / 2)).await.map_err(host)?;
        }
        exchange.stream(Stream::Stdout, 0, text.clone()).await.map_err(host)?;
        while let Some(left) = ends.checked_sub(self.daemon.world.now()).filter(|left| !left.is_zero()) {
            tokio::time::sleep(left.min(Duration::from_secs(5))).await;
            if !self.daemon.state().containers.contains_key(&name) {
                return Err(lost());
            }
            if self.daemon.world.fault(400) {
                // It says that the container is over, and it is not.
                return Err(lost());
            }
        }
        self.reach().await?;
        if !self.daemon.state().containers.contains_key(&name) {
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

fn lost() -> ContainerError {
    ContainerError::Lost("it is not there".to_owned())
}

fn host(error: std::io::Error) -> ContainerError {
    ContainerError::Exchange(error)
}

/// What the operator of this world grants.
pub(crate) fn policy() -> Policy {
    let image = ImageId::from(Digest::of(b"octave"));
    Policy { images: BTreeMap::from([("octave".to_owned(), image)]), ..Policy::default() }
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
        let ExecutionRequest { name, call, begin, .. } = request;
        self.machine.act().await;
        let completed = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ContainerError::Cancelled),
            completed = self.carry_out(name, &call, exchange, begin) => completed,
        };
        self.machine.act().await;
        if let Err(error) = &completed {
            if !matches!(error, ContainerError::Cancelled) {
                self.daemon.broken(name);
            }
            // A daemon that is away keeps what it has.
            if !self.daemon.is_away() && !self.daemon.world.fault(10) {
                self.daemon.state().containers.remove(&name);
            }
        }
        completed
    }

    async fn remove(&self, name: ContainerName, _fence: Option<u64>) -> Result<(), ContainerError> {
        self.answer().await?;
        self.daemon.state().containers.remove(&name);
        Ok(())
    }

    async fn close(&self) {}
}

#[async_trait]
impl Inventory for Client {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.answer().await?;
        let mut present = self.daemon.present();
        if !present.is_empty() && self.daemon.world.fault(20) {
            present.remove(0);
        }
        Ok(present)
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.answer().await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.answer().await?;
        Ok(self.daemon.state().capacity)
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        Ok(Vec::new())
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        Ok(NodeStatus { capacity: self.capacity().await?.unwrap_or_default(), ..NodeStatus::default() })
    }
}
