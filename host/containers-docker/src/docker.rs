//! Containers on a Docker daemon.

mod absence;
mod attachment;
mod census;
mod claiming;
mod confirm;
mod connect;
mod conversation;
mod daemon;
mod ending;
mod forks;
mod giving_back;
mod orphans;
mod patience;
mod pool;
mod preflight;
mod presence;
mod receiving;
mod sending;
mod serving;
mod warming;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use simulay_containers::{
    Admission as _, Admitted, Begin, Capacity, Completed, ContainerError, Exchange, Execution,
    ExecutionRequest, Gate, ImageId, Inventory, NodeStatus, Policy, PoolStatus, RegisteredImage, Tenant,
};
use simulay_model::ContainerName;
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use uuid::Uuid;

pub(crate) use absence::in_words;
use attachment::Attached;
use claiming::Taken;
pub use connect::ConnectError;
pub(crate) use connect::client;
use conversation::{Heard, Job};
use daemon::{Daemon, DaemonError};
use forks::Forks;
use patience::Patience;
use pool::Pool;
pub use pool::PoolSettings;
pub use preflight::{Finding, Severity};
use presence::Presence;
pub use receiving::hear;
use serving::Serving;

use crate::class::Class;
use crate::facts::Programs;
use crate::spec::{self, Place, Runtime};
use crate::{Address, Owner, Tls, facts};

const STARTS_PER_CORE: usize = 2;
/// Attachments lost in one call before the container counts as lost.
const MAX_CUTS: u32 = 20;

/// Attachments to the container of an overdue command that come to nothing, while Docker says that it runs,
/// before it is killed.
const MAX_UNANSWERED: u32 = 2;

/// What the backend needs to know.
#[derive(Debug, Clone)]
pub struct DockerSettings {
    /// Where Docker is.
    pub address: Address,
    /// Mutual TLS, for `tcp://`.
    pub tls: Option<Tls>,
    /// Whose containers these are; the same at each start of the host.
    pub instance: Uuid,
    /// The process they go with; none when they outlive it, for the next to take them up.
    pub owner: Option<Owner>,
    /// What is allowed.
    pub policy: Policy,
    /// What starts containers.
    pub runtime: Runtime,
    /// How many containers may wait for a call: see [`DockerContainers::keep_pool`].
    pub pool: PoolSettings,
}

/// Containers on a Docker daemon.
pub struct DockerContainers {
    daemon: Daemon,
    instance: Uuid,
    owner: Option<Owner>,
    policy: Policy,
    runtime: Runtime,
    starts: Arc<Semaphore>,
    /// Of this machine.
    cores: u32,
    pool: Arc<Pool>,
    cpus: OnceCell<u32>,
    forks: Forks,
    serving: Serving,
    /// Images that were looked at, and have nothing against them; with what each says of its programs.
    sound: Mutex<BTreeMap<ImageId, Programs>>,
    pub(crate) address: Address,
    pub(crate) tls: Option<Tls>,
    /// What is said of the images that are pulled, by logical name.
    pub(crate) pulls: parking_lot::Mutex<BTreeMap<String, String>>,
    gate: Gate,
}

impl DockerContainers {
    /// A backend for the daemon at an address; asks it nothing yet.
    ///
    /// # Errors
    /// When the address or the certificates cannot be used.
    pub fn new(settings: DockerSettings) -> Result<Self, ConnectError> {
        let docker = client(&settings.address, settings.tls.as_ref())?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            daemon: Daemon::new(docker, &settings.address, settings.instance),
            instance: settings.instance,
            owner: settings.owner,
            policy: settings.policy,
            runtime: settings.runtime,
            starts: Arc::new(Semaphore::new(STARTS_PER_CORE * cores)),
            cores: u32::try_from(cores).unwrap_or(1),
            pool: Arc::new(Pool::new(settings.pool)),
            forks: Forks::default(),
            serving: Serving::default(),
            cpus: OnceCell::new(),
            sound: Mutex::default(),
            address: settings.address,
            tls: settings.tls,
            pulls: parking_lot::Mutex::default(),
            gate: Gate::default(),
        })
    }

    /// What an operator should know of the daemon before relying on it.
    pub async fn preflight(&self) -> Vec<Finding> {
        preflight::findings(&self.daemon, self.runtime).await
    }

    /// The containers that wait for a call.
    fn pool_status(&self) -> PoolStatus {
        let images = &self.policy.images;
        let name =
            |class: Class| images.iter().find(|(_, id)| **id == class.image).map(|(name, _)| name.clone());
        PoolStatus {
            forking: self.forks.count(),
            forking_bytes: self.forks.bytes(),
            ..self.pool.status(name)
        }
    }

    async fn see_through(
        &self,
        mut job: Job<'_>,
        attached: &mut Option<Attached>,
    ) -> Result<Completed, ContainerError> {
        let name = job.name;
        let mut patience = Patience::default();
        let mut unanswered = 0;
        for _ in 0..MAX_CUTS {
            let overdue = job.is_overdue();
            match self.converse(attached, &mut job).await? {
                Heard::Done(exit, omitted) => return self.confirm(name, (&exit, omitted), job.ran).await,
                Heard::Overdue => return self.end_overdue(&job).await,
                Heard::Cut(reason) => {
                    (*attached, job.ran) = (None, None);
                    tracing::warn!(container = %name, reason, "the attachment was lost");
                    if let Some(ended) = self.look_after(&job).await? {
                        return Ok(ended);
                    }
                    unanswered = if overdue && !job.answered { unanswered + 1 } else { 0 };
                    if unanswered >= MAX_UNANSWERED {
                        return self.end_overdue(&job).await;
                    }
                    patience.pause().await;
                }
            }
        }
        Err(ContainerError::Lost("it runs, and makes no sense".to_owned()))
    }

    /// Talks over `attached`, or over an attachment that it leaves there.
    async fn converse(
        &self,
        attached: &mut Option<Attached>,
        job: &mut Job<'_>,
    ) -> Result<Heard, ContainerError> {
        let name = job.name;
        let there = match attached.take() {
            Some(there) => there,
            None => match self.daemon.attach(&self.called(name)).await {
                Ok(new) => new.into(),
                Err(DaemonError::NotFound) => {
                    return Ok(Heard::Cut("there is no such container".to_owned()));
                }
                Err(error) => return Ok(Heard::Cut(error.to_string())),
            },
        };
        let alive = || async { self.is_alive(name).await };
        job.converse(attached.insert(there), alive).await
    }

    /// Where the container `name` will be, once the daemon says how many CPUs it has.
    async fn place(&self) -> Result<Place, DaemonError> {
        let cpus = self.cpus.get_or_try_init(|| async {
            let cpus = self.daemon.info().await?.ncpu.unwrap_or(1);
            Ok(u32::try_from(cpus).unwrap_or(1))
        });
        let (instance, owner, runtime) = (self.instance, self.owner, self.runtime);
        Ok(Place { instance, owner, runtime, cpus: *cpus.await? })
    }

    /// Tells that the call has its place, and takes a container that waits meanwhile, when one does.
    async fn place_call(
        &self,
        name: ContainerName,
        whose: (&Admitted, Option<&Tenant>),
        exchange: &dyn Exchange,
        (begin, cancel): (Begin, &CancellationToken),
    ) -> Result<Option<Taken>, ContainerError> {
        if whose.1.is_some() {
            // One may be made for it.
            exchange.placed().await.map_err(ContainerError::Exchange)?;
            return Ok(self.take(name, whose, begin, cancel).await);
        }
        let (placed, taken) = tokio::join!(exchange.placed(), self.take(name, whose, begin, cancel));
        if let Err(error) = placed {
            taken.into_iter().for_each(|taken| self.put_back(name, taken));
            return Err(ContainerError::Exchange(error));
        }
        Ok(taken)
    }

    async fn run_or_discard(
        &self,
        name: ContainerName,
        (call, taken): (&Admitted, Option<Taken>),
        exchange: &dyn Exchange,
        (begin, cancel): (Begin, &CancellationToken),
    ) -> Result<Completed, ContainerError> {
        match self.run_or_stop(name, (call, taken), exchange, (begin, cancel)).await {
            Ok((completed, taken)) => {
                self.note_finished(name, taken);
                Ok(completed)
            }
            Err(error) => {
                tracing::debug!(container = %name, %error, "removing the container of a call that broke");
                self.discard(name).await;
                Err(error)
            }
        }
    }

    async fn run_or_stop(
        &self,
        name: ContainerName,
        (call, taken): (&Admitted, Option<Taken>),
        exchange: &dyn Exchange,
        (begin, cancel): (Begin, &CancellationToken),
    ) -> Result<(Completed, Option<Taken>), ContainerError> {
        // Init tells everything again to whoever asks now: who heard it before is not to hold it up.
        self.pool.finished.lock().remove(&name);
        // Not dropped half-way by a cancellation: what Docker was asked for must be known.
        let ensured = match &taken {
            Some(_) => self.place().await.map(Presence::Running).map_err(Into::into),
            None => self.ensure(name, call, begin, cancel).await,
        };
        // What it took, or the place it had to start another, is free for those that wait.
        self.pool.ring();
        let place = match ensured? {
            Presence::Running(place) => place,
            Presence::Over(found) => return Ok((confirm::over(&found, 0)?, None)),
        };
        let env = spec::environment(call, place);
        let ran = taken.as_ref().map(|taken| taken.ran(call));
        let job = Job { name, call, env, exchange, ran, running_since: None, answered: false };
        let (mut attached, service) = taken.map(|taken| (taken.attached, taken.service)).unzip();
        let completed = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ContainerError::Cancelled),
            completed = self.see_through(job, &mut attached) => completed,
        }?;
        let service = service.flatten().filter(|service| service.may_go_on(&completed, &self.pool.settings));
        Ok((completed, attached.map(|attached| Taken::new(attached, service))))
    }
}

/// What a container does, in the trace of its run.
fn container(name: ContainerName) -> Span {
    tracing::info_span!(
        target: "simulay::run", "container", otel.kind = "server",
        simulay.run.id = %name.run, container.name = %name, otel.status_code = Empty,
    )
}

#[async_trait]
impl Execution for DockerContainers {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        let (name, begin, tenant) = (request.name, request.begin, request.tenant.clone());
        // Whoever holds the socket decides, whatever whoever asks has admitted.
        let call = self.policy.admit(&request.call, &request.permissions)?;
        // Its files may be large, and are copied.
        drop(request);
        let span = container(name);
        let running = async {
            let taken = self.place_call(name, (&call, tenant.as_ref()), exchange, (begin, &cancel)).await?;
            self.run_or_discard(name, (&call, taken), exchange, (begin, &cancel)).await
        };
        let ended = self.gate.pass(running).instrument(span.clone()).await;
        if ended.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        ended
    }

    fn places_calls(&self) -> bool {
        true
    }

    async fn remove(&self, name: ContainerName, _fence: Option<u64>) -> Result<(), ContainerError> {
        self.take_up().await?;
        if self.set_aside(name).await {
            return Ok(());
        }
        self.remove_and_verify(name).await
    }

    async fn close(&self) {
        self.gate.close().await;
        self.close_pool().await;
    }
}

#[async_trait]
impl Inventory for DockerContainers {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.take_up().await?;
        let (mut ours, former) = self.daemon.list().await?;
        ours.extend(self.serving.called_otherwise());
        for called in former {
            tracing::info!(container = called, "removing a container that an older version made");
            // One that cannot be removed now is found by the next list.
            if let Err(error) = self.daemon.remove(&called).await {
                tracing::warn!(container = called, %error, "the container stays");
            }
        }
        Ok(ours)
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        Ok(self.daemon.ping().await?)
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        let info = self.daemon.info().await?;
        let (Some(cpus), Some(memory)) = (info.ncpu, info.mem_total) else { return Ok(None) };
        let cpu_milli = u64::try_from(cpus).unwrap_or_default().saturating_mul(1000);
        Ok(Some(Capacity { cpu_milli, memory_mib: u64::try_from(memory).unwrap_or_default() >> 20 }))
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        let mut images = Vec::new();
        for (name, id) in &self.policy.images {
            let found = match self.daemon.image(*id).await {
                Ok(found) => Some(found),
                Err(DaemonError::NotFound) => None,
                Err(error) => return Err(error.into()),
            };
            let facts = found.as_ref().and_then(facts::facts);
            let (name, id, present) = (name.clone(), *id, found.is_some());
            let (size, init) = facts.map(|facts| (facts.size, facts.init)).unwrap_or_default();
            images.push(RegisteredImage { name, id, present, size, init, lacking: Vec::new() });
        }
        Ok(images)
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        let name = self.daemon.info().await?.name.unwrap_or_default();
        let capacity = self.capacity().await?.unwrap_or_default();
        let (images, pulls) = (self.images().await?, self.pulls.lock().clone());
        let pool = self.pool_status();
        let mut warm = BTreeMap::new();
        for class in &pool.classes {
            *warm.entry(class.image.clone()).or_default() += class.ready;
        }
        Ok(NodeStatus { name, capacity, images, pulls, warm, pool, ..NodeStatus::default() })
    }
}
