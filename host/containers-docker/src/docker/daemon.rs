//! All that is ever asked of a Docker daemon. Names in its paths are image IDs and container names
//! of our own grammar; each answer has a time by which it comes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::Docker;
use bollard::container::AttachContainerResults;
use bollard::errors::Error;
use bollard::models::ContainerSummaryStateEnum as State;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary,
};
use bollard::models::{ImageInspect, SystemInfo, SystemVersion};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, KillContainerOptionsBuilder,
    ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder,
    StatsOptionsBuilder,
};
use fail::fail_point;
use futures_util::StreamExt as _;
use simulay_containers::{ContainerError, ImageId};
use simulay_model::{ContainerName, Isolation};
use uuid::Uuid;

use super::absence::in_words;
use crate::naming::{docker_name, is_aside, is_of_pool, of_instance};
use crate::spec::{FORK_LABEL, INSTANCE_LABEL, OWNER_LABEL, POOL_LABEL};
use crate::{Address, Owner};

const QUICK: Duration = Duration::from_secs(5);
const USUAL: Duration = Duration::from_secs(20);
/// Creating, starting and removing wait for disks and for each other.
const SLOW: Duration = Duration::from_secs(60);
/// How Docker tells of one whose init ended without a job: with any other code it may have served.
const WITHOUT_A_JOB: &str = "Exited (0)";
/// Seconds after its creation in which no call of any host is over.
const LONG: i64 = 48 * 3600;

/// Why Docker did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DaemonError {
    /// It does not know the container or image.
    #[error("not found")]
    NotFound,
    /// The name is taken, or the container is not in a state for this.
    #[error("{0}")]
    Conflict(String),
    /// It takes the request for wrong.
    #[error("{0}")]
    Refused(String),
    /// It failed.
    #[error("{0}")]
    Failed(String),
    /// It does not answer.
    #[error("{0}")]
    Absent(String),
}

impl From<DaemonError> for ContainerError {
    fn from(error: DaemonError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// What Docker says of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) life: Life,
    pub(crate) oom_killed: bool,
    pub(crate) exit_code: i64,
    pub(crate) ran: Ran,
}

/// Where a call runs, or ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ran {
    /// What keeps it from others.
    pub(crate) isolation: Isolation,
    /// None when nobody can tell.
    pub(crate) image: Option<ImageId>,
}

/// A container that is not called as an attempt is: it waits for a call, serves one, or is to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pooled {
    /// What Docker calls it.
    pub(crate) name: String,
    /// It is of this instance.
    pub(crate) ours: bool,
    /// The life of the host that made it, when that made it for any call.
    pub(crate) life: Option<Uuid>,
    /// It was never started.
    pub(crate) created: bool,
    /// It ended.
    pub(crate) over: bool,
    /// It is only there to be removed.
    pub(crate) aside: bool,
    /// It ended, and has nothing that anybody may still ask for.
    pub(crate) spent: bool,
}

/// Where a container is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Created, never started.
    Created,
    /// Running or paused.
    Running,
    /// Exited, dead or being removed.
    Over,
}

/// A Docker daemon.
#[derive(Clone)]
pub(crate) struct Daemon {
    docker: Docker,
    address: Arc<str>,
    /// Whose containers are meant.
    instance: Uuid,
}

impl Daemon {
    /// The daemon that `docker` reaches at `address`, for the containers of `instance`.
    pub(crate) fn new(docker: Docker, address: &Address, instance: Uuid) -> Self {
        Self { docker, address: address.to_string().into(), instance }
    }

    pub(crate) async fn ping(&self) -> Result<(), DaemonError> {
        self.within("ping", QUICK, self.docker.ping()).await.map(|_| ())
    }

    pub(crate) async fn version(&self) -> Result<SystemVersion, DaemonError> {
        self.within("version", QUICK, self.docker.version()).await
    }

    pub(crate) async fn info(&self) -> Result<SystemInfo, DaemonError> {
        self.within("info", USUAL, self.docker.info()).await
    }

    pub(crate) async fn image(&self, id: ImageId) -> Result<ImageInspect, DaemonError> {
        self.within("inspect_image", USUAL, self.docker.inspect_image(&id.to_string())).await
    }

    pub(crate) async fn create(
        &self,
        name: ContainerName,
        body: ContainerCreateBody,
    ) -> Result<(), DaemonError> {
        self.create_called(&docker_name(name, self.instance), body).await
    }

    pub(crate) async fn create_called(
        &self,
        called: &str,
        body: ContainerCreateBody,
    ) -> Result<(), DaemonError> {
        let options = CreateContainerOptionsBuilder::default().name(called).build();
        self.within("create", SLOW, self.docker.create_container(Some(options), body)).await.map(|_| ())
    }

    /// Starting a container that runs is fine.
    pub(crate) async fn start(&self, name: ContainerName) -> Result<(), DaemonError> {
        self.start_called(&docker_name(name, self.instance)).await
    }

    pub(crate) async fn start_called(&self, called: &str) -> Result<(), DaemonError> {
        self.within("start", SLOW, self.docker.start_container(called, None)).await
    }

    /// Has the container of that name be called otherwise from now on, and be nobody's.
    pub(crate) async fn unbind(&self, name: ContainerName, called: &str) -> Result<(), DaemonError> {
        let options = RenameContainerOptionsBuilder::default().name(called).build();
        let own = docker_name(name, self.instance);
        self.within("rename", QUICK, self.docker.rename_container(&own, options)).await
    }

    pub(crate) async fn attach(&self, called: &str) -> Result<AttachContainerResults, DaemonError> {
        let options = AttachContainerOptionsBuilder::default().stdin(true).stdout(true).stderr(true);
        let options = options.stream(true).build();
        self.within("attach", USUAL, self.docker.attach_container(called, Some(options))).await
    }

    /// The memory that a container takes now, bytes, without what the kernel could do without.
    pub(crate) async fn memory(&self, called: &str) -> Result<Option<u64>, DaemonError> {
        let options = StatsOptionsBuilder::default().stream(false).one_shot(true).build();
        let mut told = Box::pin(self.docker.stats(called, Some(options)));
        let first = async { told.next().await.transpose() };
        let memory = self.within("stats", USUAL, first).await?.and_then(|stats| stats.memory_stats);
        let spare = |stats: &HashMap<String, u64>| {
            let keys = ["total_inactive_file", "inactive_file"];
            keys.iter().find_map(|key| stats.get(*key).copied())
        };
        Ok(memory.and_then(|memory| {
            let spare = memory.stats.as_ref().and_then(spare).unwrap_or_default();
            Some(memory.usage?.saturating_sub(spare))
        }))
    }

    /// `None` when there is no such container.
    pub(crate) async fn inspect(&self, called: &str) -> Result<Option<Found>, DaemonError> {
        match self.within("inspect", USUAL, self.docker.inspect_container(called, None)).await {
            Ok(found) => Ok(Some(found.into())),
            Err(DaemonError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn kill(&self, called: &str) -> Result<(), DaemonError> {
        let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
        self.within("kill", USUAL, self.docker.kill_container(called, Some(options))).await
    }

    pub(crate) async fn remove(&self, called: &str) -> Result<(), DaemonError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        self.within("remove", SLOW, self.docker.remove_container(called, Some(options))).await
    }

    /// The containers with the label of this instance and a name of its own; then those with a name as
    /// older versions gave it, under which nobody looks for them any more.
    pub(crate) async fn list(&self) -> Result<(Vec<ContainerName>, Vec<String>), DaemonError> {
        let found = self.labelled(format!("{INSTANCE_LABEL}={}", self.instance)).await?;
        let names = found.into_iter().flat_map(|container| container.names.unwrap_or_default());
        let names: Vec<String> = names.filter_map(|name| Some(name.strip_prefix('/')?.to_owned())).collect();
        let ours = names.iter().filter_map(|name| of_instance(name, self.instance)).collect();
        let former = names.into_iter().filter(|name| name.parse::<ContainerName>().is_ok()).collect();
        Ok((ours, former))
    }

    /// The containers of all instances that are not called as attempts are.
    pub(crate) async fn pools(&self) -> Result<Vec<Pooled>, DaemonError> {
        let found = self.labelled(INSTANCE_LABEL.to_owned()).await?.into_iter();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed());
        let waiting = found.filter_map(|container| {
            let over = matches!(container.state, Some(State::EXITED | State::DEAD));
            let created = container.state == Some(State::CREATED);
            let status = container.status.unwrap_or_default();
            let is_old = container.created.is_some_and(|created| created < now - LONG);
            let spent = over && (status.starts_with(WITHOUT_A_JOB) || is_old);
            let label = |name| container.labels.as_ref()?.get(name)?.parse::<Uuid>().ok();
            let (life, ours) = (label(POOL_LABEL), label(INSTANCE_LABEL) == Some(self.instance));
            let name = container.names?.into_iter().find_map(|name| {
                let name = name.strip_prefix('/')?;
                is_of_pool(name).then(|| name.to_owned())
            })?;
            let aside = is_aside(&name);
            Some(Pooled { name, ours, life, created, over, aside, spent })
        });
        Ok(waiting.collect())
    }

    /// The containers of all instances that go with a process, by their IDs.
    pub(crate) async fn owned(&self) -> Result<Vec<(String, Owner)>, DaemonError> {
        let found = self.labelled(OWNER_LABEL.to_owned()).await?;
        let owned = |container: ContainerSummary| {
            let owner = container.labels?.get(OWNER_LABEL)?.parse().ok()?;
            Some((container.id?, owner))
        };
        Ok(found.into_iter().filter_map(owned).collect())
    }

    async fn labelled(&self, label: String) -> Result<Vec<ContainerSummary>, DaemonError> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        self.within("list", USUAL, self.docker.list_containers(Some(options))).await
    }
}

impl From<ContainerInspectResponse> for Found {
    fn from(found: ContainerInspectResponse) -> Self {
        let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
        let forks = labels.contains_key(FORK_LABEL);
        let isolation = if forks { Isolation::Process } else { Isolation::Container };
        let state = found.state.unwrap_or_default();
        use ContainerStateStatusEnum as Status;
        let life = match state.status {
            Some(Status::CREATED) => Life::Created,
            Some(Status::RUNNING | Status::PAUSED | Status::RESTARTING) => Life::Running,
            _ => Life::Over,
        };
        let (oom_killed, exit_code) = (state.oom_killed == Some(true), state.exit_code.unwrap_or_default());
        let image = found.image.and_then(|id| id.parse().ok());
        Self { life, oom_killed, exit_code, ran: Ran { isolation, image } }
    }
}

impl Daemon {
    /// What Docker answers within `time`. Its fail points are `docker.NAME.before` and `docker.NAME.after`.
    async fn within<T>(
        &self,
        name: &'static str,
        time: Duration,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, DaemonError> {
        tracing::trace!(name, "asking Docker");
        fail_point!(&format!("docker.{name}.before"), |_| std::process::abort());
        let answer = tokio::time::timeout(time, answer).await;
        fail_point!(&format!("docker.{name}.after"), |_| std::process::abort());
        match answer {
            Ok(answer) => answer.map_err(|error| self.explain(error)),
            Err(_) => Err(self.absent(&format!("no answer within {} s", time.as_secs()))),
        }
    }

    fn explain(&self, error: Error) -> DaemonError {
        match error {
            Error::DockerResponseServerError { status_code: 404, .. } => DaemonError::NotFound,
            Error::DockerResponseServerError { status_code, message } => match status_code {
                409 => DaemonError::Conflict(message),
                400..500 => DaemonError::Refused(message),
                _ => DaemonError::Failed(message),
            },
            error => self.absent(&in_words(&error)),
        }
    }

    fn absent(&self, why: &str) -> DaemonError {
        DaemonError::Absent(format!("{} does not answer: {why}", self.address))
    }
}
