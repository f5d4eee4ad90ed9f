//! Asks Docker whether what init said, or did not say, is so.

use std::time::Duration;

use simulay_containers::{Completed, ContainerError, Omitted};
use simulay_init::frames::Exit;
use simulay_model::{ContainerName, Ending};

use super::DockerContainers;
use super::conversation::Job;
use super::daemon::{DaemonError, Found, Life, Ran};
use super::ending::ending;
use super::patience::Patience;

/// For the kernel to end what was killed.
const DEATH: Duration = Duration::from_secs(30);

impl DockerContainers {
    /// The container as Docker knows it; bears an absence of the daemon a while.
    async fn find(&self, name: ContainerName) -> Result<Option<Found>, ContainerError> {
        let mut patience = Patience::default();
        loop {
            match self.daemon.inspect(&self.called(name)).await {
                Ok(found) => return Ok(found),
                Err(error) => patience.bear(error).await?,
            }
        }
    }

    /// The ending that init told, with what Docker knows of it; `ran` is where, when that is known. Docker is not
    /// asked for what is known: who took the container and never lost it knows where, and init what the kernel
    /// killed for want of memory, unless nobody counts that for it.
    pub(super) async fn confirm(
        &self,
        name: ContainerName,
        (exit, omitted): (&Exit, Omitted),
        ran: Option<Ran>,
    ) -> Result<Completed, ContainerError> {
        // What others end is no end of the simulation's own, even when it took it well.
        if exit.stopped {
            return Err(ContainerError::Lost("it was stopped from outside, e.g. with its daemon".to_owned()));
        }
        let (ran, oom_killed) = match ran.filter(|_| exit.oom_kills.is_some()) {
            Some(ran) => (ran, false),
            None => {
                let found = self.find(name).await?;
                found.map(|found| (found.ran, found.oom_killed)).unwrap_or_default()
            }
        };
        let Some(ending) = ending(exit, oom_killed) else {
            return Err(ContainerError::Lost("its exit makes no sense".to_owned()));
        };
        let Exit { wall_ms, cpu_ms, peak_memory_bytes, .. } = *exit;
        let Ran { isolation, image } = ran;
        Ok(Completed { ending, wall_ms, cpu_ms, peak_memory_bytes, omitted, isolation, image })
    }

    /// After a lost attachment: `None` when the container runs on, its end when that is known.
    pub(super) async fn look_after(&self, job: &Job<'_>) -> Result<Option<Completed>, ContainerError> {
        match self.find(job.name).await? {
            Some(Found { life: Life::Running, .. }) => Ok(None),
            Some(found) => over(&found, job.running_ms()).map(Some),
            None => Err(ContainerError::Lost("it was removed".to_owned())),
        }
    }

    /// False once Docker says that the container does not run.
    pub(super) async fn is_alive(&self, name: ContainerName) -> bool {
        match self.daemon.inspect(&self.called(name)).await {
            Ok(found) => found.is_some_and(|found| found.life == Life::Running),
            // A daemon that is away says nothing of its containers.
            Err(_) => true,
        }
    }

    /// Ends a container whose init failed to end the command in time.
    pub(super) async fn end_overdue(&self, job: &Job<'_>) -> Result<Completed, ContainerError> {
        let name = job.name;
        tracing::warn!(container = %name, "the command is overdue: killing its container");
        let completed = Completed::new(Ending::TimedOut, job.running_ms());
        let mut patience = Patience::of(DEATH);
        loop {
            match self.daemon.kill(&self.called(name)).await {
                // Not running any more, or not there.
                Ok(()) | Err(DaemonError::Conflict(_) | DaemonError::NotFound) => {}
                Err(error) => patience.bear(error).await?,
            }
            match self.find(name).await? {
                Some(Found { life: Life::Running, .. }) if patience.is_over() => {
                    return Err(ContainerError::Unavailable("it does not end what is killed".to_owned()));
                }
                Some(Found { life: Life::Running, .. }) => patience.pause().await,
                found => {
                    let Ran { isolation, image } = found.map(|found| found.ran).unwrap_or_default();
                    return Ok(Completed { isolation, image, ..completed });
                }
            }
        }
    }
}

/// What a container that is over without a word of its init came to.
pub(super) fn over(found: &Found, wall_ms: u64) -> Result<Completed, ContainerError> {
    if found.oom_killed {
        let Ran { isolation, image } = found.ran;
        return Ok(Completed { isolation, image, ..Completed::new(Ending::OutOfMemory, wall_ms) });
    }
    let code = found.exit_code;
    Err(ContainerError::Lost(format!("it ended with code {code} before its results were here")))
}
