//! A stand-in for Docker that does what a script says, for tests of what lies above.
//!
//! ```
//! use simulay_containers::scripted::{Act, Scripted};
//! let containers = Scripted::new();
//! containers.on("solve", Act::exits(0).stdout("done\n").output("out/x.csv", "1,2\n"));
//! containers.on("hang", Act::exits(0).held());
//! ```

use parking_lot::{Mutex, MutexGuard};

mod act;
mod ledger;
mod memory;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use simulay_model::{ContainerCall, ContainerName, Digest, RelativePath};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Admission, Admitted, Begin, Capacity, Completed, ContainerError, Content, Exchange, Execution,
    ExecutionRequest, Gate, ImageId, Inventory, NodeStatus, Permissions, Policy, RegisteredImage,
};

pub use self::act::Act;
use self::act::End;
pub use self::ledger::Ledger;
pub use self::memory::{Memory, Outputs};

/// Files a container was given: path and bytes.
pub type Received = Vec<(String, Vec<u8>)>;

/// Containers that follow a script. Clones share all they know, as hosts share a daemon; each is closed for
/// itself.
pub struct Scripted {
    state: Arc<Mutex<State>>,
    released: Arc<watch::Sender<BTreeSet<String>>>,
    policy: Option<Policy>,
    name: String,
    capacity: Option<Capacity>,
    gate: Gate,
}

impl Clone for Scripted {
    fn clone(&self) -> Self {
        let Self { state, released, policy, name, capacity, .. } = self;
        Self {
            state: state.clone(),
            released: released.clone(),
            policy: policy.clone(),
            name: name.clone(),
            capacity: *capacity,
            gate: Gate::default(),
        }
    }
}

#[derive(Default)]
struct State {
    script: HashMap<String, VecDeque<Act>>,
    present: BTreeMap<ContainerName, Act>,
    starts: Vec<ContainerName>,
    received: HashMap<ContainerName, Received>,
    /// Containers that wait for their files.
    waiting: BTreeSet<ContainerName>,
    absent: bool,
}

impl Default for Scripted {
    fn default() -> Self {
        Self::new()
    }
}

impl Scripted {
    /// With every image that is permitted, and the usual bounds.
    #[must_use]
    pub fn new() -> Self {
        let released = Arc::new(watch::Sender::default());
        let (state, name, gate) = (Arc::default(), String::new(), Gate::default());
        Self { state, released, policy: None, name, capacity: None, gate }
    }

    /// With the images and bounds of `policy`.
    #[must_use]
    pub fn with_policy(policy: Policy) -> Self {
        Self { policy: Some(policy), ..Self::new() }
    }

    /// As a node that is called `name` and has so much.
    #[must_use]
    pub fn on_node(self, name: &str, capacity: Capacity) -> Self {
        Self { name: name.to_owned(), capacity: Some(capacity), ..self }
    }

    /// The next container for the call `name` does this; the last act set is repeated. Without an
    /// act, a container exits with 0 and leaves nothing.
    pub fn on(&self, name: &str, act: Act) {
        self.state().script.entry(name.to_owned()).or_default().push_back(act);
    }

    /// Lets the held containers of the call `name` end.
    pub fn release(&self, name: &str) {
        self.released.send_modify(|released| {
            released.insert(name.to_owned());
        });
    }

    /// Puts a container there that an earlier life of the host started.
    pub fn leave(&self, name: ContainerName, act: Act) {
        self.state().present.insert(name, act);
    }

    /// Takes a container away behind the host's back.
    pub fn lose(&self, name: ContainerName) {
        self.state().present.remove(&name);
    }

    /// Lets the daemon be absent, or be back.
    pub fn set_absent(&self, absent: bool) {
        self.state().absent = absent;
    }

    /// The containers started, in order; adopted ones are not among them.
    #[must_use]
    pub fn starts(&self) -> Vec<ContainerName> {
        self.state().starts.clone()
    }

    /// The containers that are there.
    #[must_use]
    pub fn present(&self) -> Vec<ContainerName> {
        self.state().present.keys().copied().collect()
    }

    /// The files that a container was given.
    #[must_use]
    pub fn received(&self, name: ContainerName) -> Received {
        self.state().received.get(&name).cloned().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    fn answer(&self) -> Result<(), ContainerError> {
        let absent = || ContainerError::Unavailable("it is scripted to be absent".to_owned());
        if self.state().absent { Err(absent()) } else { Ok(()) }
    }

    /// Finds the container or starts one, and gives what it does.
    fn ensure(&self, name: ContainerName, call: &str) -> Act {
        let mut state = self.state();
        if let Some(act) = state.present.get(&name) {
            return act.clone();
        }
        let acts = state.script.entry(call.to_owned()).or_default();
        let next = if acts.len() > 1 { acts.pop_front() } else { acts.front().cloned() };
        let act = next.unwrap_or_else(|| Act::exits(0));
        state.starts.push(name);
        state.waiting.insert(name);
        state.present.insert(name, act.clone());
        act
    }

    async fn perform_or_stop(
        &self,
        name: ContainerName,
        call: &Admitted,
        exchange: &dyn Exchange,
        (begin, cancel): (Begin, &CancellationToken),
    ) -> Result<Completed, ContainerError> {
        let completed = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ContainerError::Cancelled),
            completed = self.perform(name, call, exchange, begin) => completed,
        };
        // A daemon that is absent keeps what it has.
        let mut state = self.state();
        if completed.is_err() && !state.absent {
            state.present.remove(&name);
        }
        drop(state);
        completed
    }

    async fn perform(
        &self,
        name: ContainerName,
        call: &Admitted,
        exchange: &dyn Exchange,
        begin: Begin,
    ) -> Result<Completed, ContainerError> {
        self.answer()?;
        if begin == Begin::Adopt && !self.state().present.contains_key(&name) {
            return Err(ContainerError::Lost("it is not there".to_owned()));
        }
        let act = self.ensure(name, call.name());
        if self.state().waiting.contains(&name) {
            let received = receive(call, exchange).await?;
            let mut state = self.state();
            state.received.insert(name, received);
            state.waiting.remove(&name);
        }
        print(&act, exchange).await.map_err(ContainerError::Exchange)?;
        if act.held {
            let mut released = self.released.subscribe();
            // The sender lives as long as we do.
            let _ = released.wait_for(|released| released.contains(call.name())).await;
        }
        if !self.state().present.contains_key(&name) {
            return Err(ContainerError::Lost("it was removed".to_owned()));
        }
        match act.end {
            End::Error(error) => Err(error()),
            End::With(ending) => {
                hand_back(act.outputs, exchange).await?;
                let (omitted, cpu_ms) = (act.omitted, act.cpu_ms);
                let image = Some(call.image());
                Ok(Completed { omitted, cpu_ms, image, ..Completed::new(ending, act.wall_ms) })
            }
        }
    }
}

async fn receive(call: &Admitted, exchange: &dyn Exchange) -> Result<Received, ContainerError> {
    let mut received = Received::new();
    for (path, content) in call.files() {
        let bytes = match content {
            Content::Inline(bytes) => bytes.to_vec(),
            Content::Artifact(artifact) => {
                let (_, content) = exchange.open(*artifact).await.map_err(ContainerError::Exchange)?;
                let pieces: Vec<Bytes> = content.try_collect().await.map_err(ContainerError::Exchange)?;
                pieces.concat()
            }
        };
        received.push((path.to_string(), bytes));
    }
    Ok(received)
}

async fn print(act: &Act, exchange: &dyn Exchange) -> std::io::Result<()> {
    let mut offsets = HashMap::new();
    for (stream, bytes) in &act.streams {
        let offset = offsets.entry(*stream).or_insert(0);
        exchange.stream(*stream, *offset, bytes.clone()).await?;
        *offset += bytes.len() as u64;
    }
    Ok(())
}

async fn hand_back(outputs: Vec<(String, Bytes)>, exchange: &dyn Exchange) -> Result<(), ContainerError> {
    for (path, bytes) in outputs {
        let broken = |error| ContainerError::Exchange(std::io::Error::other(error));
        let checked = RelativePath::new(path).map_err(broken)?;
        let sink = exchange.output(checked, bytes.len() as u64).await;
        let mut sink = sink.map_err(ContainerError::Exchange)?;
        sink.write(bytes).await.map_err(ContainerError::Exchange)?;
        sink.finish().await.map_err(ContainerError::Exchange)?;
    }
    Ok(())
}

impl Admission for Scripted {
    fn admit(&self, call: &ContainerCall, permissions: &Permissions) -> Result<Admitted, ContainerError> {
        if let Some(policy) = &self.policy {
            return policy.admit(call, permissions);
        }
        let id = |name: &String| (name.clone(), ImageId::from(Digest::of(name.as_bytes())));
        let images = permissions.images.iter().map(id).collect();
        Policy { images, ..Policy::default() }.admit(call, permissions)
    }
}

#[async_trait]
impl Execution for Scripted {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        let call = self.admit(&request.call, &request.permissions)?;
        let (name, begin) = (request.name, request.begin);
        self.gate.pass(self.perform_or_stop(name, &call, exchange, (begin, &cancel))).await
    }

    async fn remove(&self, name: ContainerName, _fence: Option<u64>) -> Result<(), ContainerError> {
        self.answer()?;
        self.state().present.remove(&name);
        Ok(())
    }

    async fn close(&self) {
        self.gate.close().await;
    }
}

#[async_trait]
impl Inventory for Scripted {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.answer()?;
        Ok(self.present())
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.answer()
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.answer()?;
        let images = self.policy.iter().flat_map(|policy| &policy.images);
        let image = |(name, id): (&String, &ImageId)| RegisteredImage {
            name: name.clone(),
            id: *id,
            present: true,
            size: None,
            init: None,
            lacking: Vec::new(),
        };
        Ok(images.map(image).collect())
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.answer()?;
        Ok(self.capacity)
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        let (capacity, images) = (self.capacity.unwrap_or(Capacity::MAX), self.images().await?);
        Ok(NodeStatus { name: self.name.clone(), capacity, images, ..NodeStatus::default() })
    }
}

#[cfg(test)]
mod tests;
