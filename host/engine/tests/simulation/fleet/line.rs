//! How a runner reaches an agent: what is said arrives late, or not at all; a call whose connection is lost goes on,
//! and is asked for again. It does what the client of `simulay-rpc` does, which needs real connections.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use simulay_containers::{
    Begin, Capacity, Completed, ContainerError, Exchange, Execution, ExecutionRequest, Gate, Inventory,
    NodeStatus, RegisteredImage,
};
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;

use super::node::{Agent, Node};
use crate::machine::Machine;

/// Until whoever asks learns that nobody answers.
const CONNECT: Duration = Duration::from_secs(5);
/// For how long a call that did not begin is asked of a node that is not there.
const BEGIN: Duration = Duration::from_secs(10);
/// For how long a call that may have begun is asked for again.
const REATTACH: Duration = Duration::from_secs(60);
/// For a container that is given up to be removed.
const REMOVAL: Duration = Duration::from_secs(10);
/// For who does not answer at all to be let go of.
const PING: Duration = Duration::from_secs(8);
const SECOND: Duration = Duration::from_secs(1);

/// What is between a runner and a node.
#[derive(Default)]
pub(crate) struct Wire {
    cut_until: Mutex<Duration>,
}

impl Wire {
    /// Nothing goes through until then.
    pub(crate) fn cut(&self, until: Duration) {
        *self.cut_until.lock().unwrap() = until;
    }
}

/// The agent at an address, as a runner reaches it.
pub(crate) struct Line {
    pub(crate) runner: Arc<Machine>,
    pub(crate) node: Arc<Node>,
    pub(crate) address: String,
    pub(crate) wire: Arc<Wire>,
    pub(crate) gate: Gate,
}

/// What is told of a call over all its attachments.
struct Job<'a> {
    request: ExecutionRequest,
    exchange: &'a dyn Exchange,
    cancel: &'a CancellationToken,
    /// It was asked for, so that the container may be there.
    begun: bool,
    /// A request before this one was not answered.
    is_repeated: bool,
}

impl Job<'_> {
    fn is_unbegun(&self) -> bool {
        !self.begun && self.request.begin == Begin::Start
    }

    /// Of a request whose answer was lost, nobody knows whether it started something.
    fn known(&self, ended: Result<Completed, ContainerError>) -> Result<Completed, ContainerError> {
        match ended {
            Err(ContainerError::NoRoom(_) | ContainerError::ImageUnavailable { .. }) if self.is_repeated => {
                Err(ContainerError::Lost("it is not there after its connection was lost".to_owned()))
            }
            ended => ended,
        }
    }
}

impl Line {
    fn now(&self) -> Duration {
        self.runner.world.now()
    }

    fn is_cut(&self) -> bool {
        self.now() < *self.wire.cut_until.lock().unwrap()
    }

    /// Something is under way, and arrives unless the line is cut.
    async fn travel(&self) -> Option<()> {
        if self.runner.world.below(4) == 0 {
            tokio::time::sleep(self.runner.world.millis(200)).await;
        }
        if self.is_cut() || self.runner.world.fault(400) {
            tokio::time::sleep(CONNECT).await;
            return None;
        }
        Some(())
    }

    /// The agent, which hears what the runner says.
    async fn reach(&self) -> Option<Arc<Agent>> {
        self.runner.awake().await;
        self.travel().await?;
        self.node.at(&self.address)
    }

    /// Returns once a connection with the agent is lost.
    async fn breaks(&self, agent: &Agent) {
        let mut unheard = Duration::ZERO;
        while !self.is_cut() && !agent.machine.is_dead() && unheard < PING && !self.runner.world.fault(300) {
            tokio::time::sleep(SECOND).await;
            unheard = if self.runner.is_stiff() { unheard + SECOND } else { Duration::ZERO };
        }
    }

    /// What the agent answers.
    async fn ask<T>(
        &self,
        answer: impl for<'a> FnOnce(&'a Agent) -> BoxFuture<'a, Result<T, ContainerError>>,
    ) -> Result<T, ContainerError> {
        let answered = async {
            let agent = self.reach().await?;
            let answered = tokio::select! {
                biased;
                answered = answer(&agent) => answered,
                () = self.breaks(&agent) => return None,
            };
            self.travel().await?;
            self.runner.awake().await;
            Some(answered)
        };
        answered.await.unwrap_or_else(|| Err(ContainerError::Unavailable("it does not answer".to_owned())))
    }

    async fn see_through(&self, mut job: Job<'_>) -> Result<Completed, ContainerError> {
        let mut since = self.now();
        loop {
            if job.cancel.is_cancelled() {
                return Err(self.give_up(&job).await);
            }
            let begun = self.now();
            if let Some(ended) = self.attach(&mut job).await {
                return job.known(ended);
            }
            if self.now() >= begun + CONNECT + SECOND {
                since = self.now();
            }
            let patience = if job.is_unbegun() { BEGIN } else { REATTACH };
            if self.now() >= since + patience {
                let why = format!("{} does not answer", self.address);
                let unbegun = job.is_unbegun();
                return Err(if unbegun {
                    ContainerError::NoRoom(why)
                } else {
                    ContainerError::Unavailable(why)
                });
            }
            if job.begun {
                (job.request.begin, job.is_repeated) = (Begin::Adopt, true);
            }
            let pause = tokio::time::sleep(self.runner.world.millis(2000));
            let _ = job.cancel.run_until_cancelled(pause).await;
        }
    }

    /// Asks for the call once; nothing when the connection was lost before its end was told.
    async fn attach(&self, job: &mut Job<'_>) -> Option<Result<Completed, ContainerError>> {
        let agent = self.reach().await?;
        job.begun = true;
        let told = CancellationToken::new();
        let mut running = agent.containers.run(job.request.clone(), job.exchange, told.clone());
        let mut breaks = std::pin::pin!(self.breaks(&agent));
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut running => break ended,
                () = &mut breaks => return None,
                () = job.cancel.cancelled(), if !told.is_cancelled() => told.cancel(),
            }
        };
        self.travel().await?;
        self.runner.awake().await;
        Some(ended)
    }

    /// Removes what may have begun.
    async fn give_up(&self, job: &Job<'_>) -> ContainerError {
        let until = self.now() + REMOVAL;
        let ExecutionRequest { name, fence, .. } = job.request;
        while !job.is_unbegun() {
            let removed = self.remove(name, Some(fence)).await;
            if !matches!(removed, Err(ContainerError::Unavailable(_))) || self.now() >= until {
                break;
            }
            tokio::time::sleep(SECOND).await;
        }
        ContainerError::Cancelled
    }
}

#[async_trait]
impl Execution for Line {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        self.runner.act().await;
        let job = Job { request, exchange, cancel: &cancel, begun: false, is_repeated: false };
        self.gate.pass(self.see_through(job)).await
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        self.runner.act().await;
        self.ask(move |agent| agent.containers.remove(name, fence)).await
    }

    async fn close(&self) {
        self.gate.close().await;
    }
}

#[async_trait]
impl Inventory for Line {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.ask(|agent| agent.containers.list()).await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.ask(|agent| agent.containers.ping()).await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.ask(|agent| agent.containers.images()).await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.ask(|agent| agent.containers.capacity()).await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        self.ask(|agent| agent.containers.node()).await
    }
}
