//! The containers of a node, as runners have them.

mod absence;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use simulay_containers::{
    Begin, Capacity, Completed, ContainerError, Exchange, Execution, ExecutionRequest, Gate, Inventory,
    NodeStatus, RegisteredImage,
};
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use self::absence::Absence;
use super::attachment::Job;
use super::inbound::{Broken, Ended};
use crate::connector::{channel, within};
use crate::inventory::Asked;
use crate::parts::MESSAGE;
use crate::proto::RemoveRequest;
use crate::proto::execution_client::ExecutionClient;
use crate::tls::Role;
use crate::words::{joined, told};
use crate::{Credentials, RpcSettings};

/// For a container that cannot be removed now; the engine sweeps later.
const REMOVAL: Duration = Duration::from_secs(10);

/// The containers of the node at an address. A call whose connection is lost goes on there, and is adopted
/// when the node is back within the time that is set; it is never started again. One that surely did not begin
/// is given back, to begin elsewhere.
pub struct NodeClient {
    address: Arc<str>,
    /// As it said last that it is called.
    name: Mutex<Option<String>>,
    settings: RpcSettings,
    client: ExecutionClient<Channel>,
    inventory: Asked,
    gate: Gate,
}

impl NodeClient {
    /// Reaches the containers served at `address`, a host and a port; connects when it is used.
    #[must_use]
    pub fn new(address: &str, credentials: &Credentials, settings: RpcSettings) -> Self {
        let channel = channel(address, Role::Containers, credentials, &settings);
        let client = ExecutionClient::new(channel.clone());
        Self {
            address: address.into(),
            name: Mutex::default(),
            client: client.max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE),
            inventory: Asked::new("the node", address, channel, &settings),
            settings,
            gate: Gate::default(),
        }
    }

    async fn see_through(&self, mut job: Job<'_>) -> Ended {
        let mut absence = Absence::begins();
        loop {
            if job.cancel.is_cancelled() {
                return Err(self.give_up(&job, ContainerError::Cancelled).await);
            }
            let heard = job.attach(self.client.clone(), self.settings.connect).await;
            if let Some(error) = job.failed.take() {
                return Err(self.give_up(&job, ContainerError::Exchange(error)).await);
            }
            let broken = match heard {
                // It ends, and its containers go on: whoever follows it has them.
                Ok(Err(ContainerError::Closed)) => Broken::lost("it is being stopped"),
                Ok(ended) => return job.known(ended),
                Err(broken) => broken,
            };
            tracing::warn!(container = %job.request.name, node = %self.address, why = broken.reason, "a call lost its connection");
            absence.was_there_for(job.attended());
            if broken.is_final || absence.is_over(self.patience(&job)) {
                return Err(self.lost(&job, broken.is_final));
            }
            if job.begun {
                (job.request.begin, job.is_repeated) = (Begin::Adopt, true);
            }
            absence.pause(job.cancel).await;
        }
    }

    /// For how long the call is asked for again.
    fn patience(&self, job: &Job<'_>) -> Duration {
        let Self { settings: RpcSettings { begin, reattach, .. }, .. } = self;
        if job.is_unbegun() { *begin.min(reattach) } else { *reattach }
    }

    /// What is told of a call that is given up. One that nobody began may begin elsewhere, unless any node
    /// would refuse it likewise.
    fn lost(&self, job: &Job<'_>, is_refused: bool) -> ContainerError {
        let why = format!("{} does not answer", self.called());
        if job.is_unbegun() && !is_refused {
            ContainerError::NoRoom(why)
        } else {
            ContainerError::Unavailable(why)
        }
    }

    /// The node, as users know it.
    fn called(&self) -> String {
        self.name.lock().as_ref().map_or_else(|| "the node".to_owned(), |name| format!("the node {name}"))
    }

    /// Removes what may have begun, and gives `why` back.
    async fn give_up(&self, job: &Job<'_>, why: ContainerError) -> ContainerError {
        let ExecutionRequest { name, fence, .. } = &job.request;
        if !job.is_unbegun() {
            let (mut absence, patience) = (Absence::begins(), REMOVAL.min(self.settings.reattach));
            while let Err(error) = self.remove(*name, Some(*fence)).await {
                if !matches!(error, ContainerError::Unavailable(_)) || absence.is_over(patience) {
                    tracing::warn!(container = %name, %error, "the container stays until the next sweep");
                    break;
                }
                absence.pause(&CancellationToken::new()).await;
            }
        }
        why
    }
}

#[async_trait]
impl Execution for NodeClient {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        self.gate.pass(self.see_through(Job::new(request, exchange, &cancel))).await
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        let request = RemoveRequest { name: name.to_string(), fence };
        let answer = self.client.clone().remove(within(self.settings.removal, request)).await;
        let answer = answer.map_err(|status| {
            tracing::warn!(container = %name, node = %self.address, why = told(&status), "a removal is not answered");
            ContainerError::Unavailable(format!("{} does not answer", self.called()))
        })?;
        joined(&answer.into_inner().error)
    }

    async fn close(&self) {
        self.gate.close().await;
    }
}

#[async_trait]
impl Inventory for NodeClient {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.inventory.list().await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.inventory.ping().await
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.inventory.capacity().await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.inventory.images().await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        let status = self.inventory.node().await?;
        *self.name.lock() = Some(status.name.clone());
        Ok(status)
    }
}
