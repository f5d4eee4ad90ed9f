//! Makes sure that a container is there and runs, or is there no more.

use std::sync::PoisonError;
use std::time::Duration;

use simulay_containers::{Admitted, Begin, ContainerError, ImageId, Tenant};
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;

use super::DockerContainers;
use super::claiming::Taken;
use super::daemon::{DaemonError, Found, Life};
use super::patience::Patience;
use crate::facts::{Programs, programs, unbounded, volumes};
use crate::spec::{self, Place};

/// For a container that cannot be removed now; the engine sweeps later.
const REMOVAL: Duration = Duration::from_secs(30);

/// A container that is there.
pub(super) enum Presence {
    /// It runs, for all that is known.
    Running(Place),
    /// It ended, in an earlier life of the host.
    Over(Found),
}

/// Why a container does not run.
enum Hindrance {
    Daemon(DaemonError),
    Final(ContainerError),
}

impl From<DaemonError> for Hindrance {
    fn from(error: DaemonError) -> Self {
        Self::Daemon(error)
    }
}

impl DockerContainers {
    /// Finds the container `name`, or creates it, and starts it unless it was started before.
    pub(super) async fn ensure(
        &self,
        name: ContainerName,
        call: &Admitted,
        mut begin: Begin,
        cancel: &CancellationToken,
    ) -> Result<Presence, ContainerError> {
        let mut patience = Patience::default();
        loop {
            if cancel.is_cancelled() {
                return Err(ContainerError::Cancelled);
            }
            match self.try_ensure(name, call, &mut begin, cancel).await {
                Ok(presence) => return Ok(presence),
                Err(Hindrance::Final(error)) => return Err(error),
                Err(Hindrance::Daemon(error)) => patience.bear(error).await?,
            }
        }
    }

    async fn try_ensure(
        &self,
        name: ContainerName,
        call: &Admitted,
        begin: &mut Begin,
        cancel: &CancellationToken,
    ) -> Result<Presence, Hindrance> {
        let place = self.place().await?;
        let taken_up = cancel.run_until_cancelled(self.take_up()).await;
        taken_up.ok_or(Hindrance::Final(ContainerError::Cancelled))??;
        match self.daemon.inspect(&self.called(name)).await? {
            Some(Found { life: Life::Created, .. }) => {
                let _permit = self.start_permit(cancel).await?;
                *begin = Begin::Adopt;
                self.start(name, call).await?;
            }
            // Started before, or by a request whose answer was lost, and removed since.
            None if *begin == Begin::Adopt => {
                return Err(Hindrance::Final(ContainerError::Lost("it was removed".to_owned())));
            }
            None => {
                let _permit = self.start_permit(cancel).await?;
                self.create(name, call, place).await?;
                *begin = Begin::Adopt;
                self.start(name, call).await?;
            }
            Some(found @ Found { life: Life::Over, .. }) => return Ok(Presence::Over(found)),
            Some(Found { life: Life::Running, .. }) => {
                tracing::info!(container = %name, "adopting a container")
            }
        }
        Ok(Presence::Running(place))
    }

    /// Takes a container that waits for the attempt `name`, when the attempt has none, and one waits that fits. Nothing
    /// of the call is begun by that.
    pub(super) async fn take(
        &self,
        name: ContainerName,
        (call, tenant): (&Admitted, Option<&Tenant>),
        begin: Begin,
        cancel: &CancellationToken,
    ) -> Option<Taken> {
        if begin == Begin::Adopt {
            return None;
        }
        // A daemon that does not answer is waited for by who has nothing else.
        let place = self.place().await.ok()?;
        cancel.run_until_cancelled(self.take_up()).await?.ok()?;
        if self.serving.has(name) {
            return None;
        }
        if let Some(tenant) = tenant
            && let Some(taken) = self.claim_fork(name, tenant, (call, place), cancel).await
        {
            return Some(taken);
        }
        self.claim(name, call, place).await
    }

    async fn start_permit(
        &self,
        cancel: &CancellationToken,
    ) -> Result<tokio::sync::SemaphorePermit<'_>, Hindrance> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Hindrance::Final(ContainerError::Cancelled)),
            permit = self.starts.acquire() => {
                permit.map_err(|_| Hindrance::Final(ContainerError::Cancelled))
            }
        }
    }

    async fn create(&self, name: ContainerName, call: &Admitted, place: Place) -> Result<(), Hindrance> {
        self.check_image(call).await?;
        self.serving.note(name);
        match self.daemon.create(name, spec::body(name, call, place)).await {
            Ok(()) => Ok(()),
            // Created by a request whose answer was lost.
            Err(DaemonError::Conflict(_)) if self.daemon.inspect(&self.called(name)).await?.is_some() => {
                Ok(())
            }
            Err(DaemonError::NotFound) => Err(Hindrance::Final(image_unavailable(call))),
            Err(DaemonError::Refused(reason)) => Err(Hindrance::Final(ContainerError::SpecDenied {
                field: "resources".to_owned(),
                rule: format!("the Docker daemon does not grant them: {reason}"),
            })),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses an image whose containers could write where nothing bounds them.
    async fn check_image(&self, call: &Admitted) -> Result<(), Hindrance> {
        let volumes = self.unbounded_places(call.image()).await.map_err(|error| match error {
            DaemonError::NotFound => Hindrance::Final(image_unavailable(call)),
            error => error.into(),
        })?;
        if volumes.is_empty() {
            return Ok(());
        }
        let rule = format!("{}; register another image as `{}`", unbounded(&volumes), call.image_name());
        let image = call.image_name().to_owned();
        Err(Hindrance::Final(ContainerError::ImageNotAllowed { image, rule }))
    }

    /// Where containers of the image could write without a bound. An ID names its content for good: one look is
    /// enough.
    pub(super) async fn unbounded_places(&self, image: ImageId) -> Result<Vec<String>, DaemonError> {
        let sound = || self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        if sound().contains_key(&image) {
            return Ok(Vec::new());
        }
        let found = self.daemon.image(image).await?;
        let volumes = volumes(&found);
        if volumes.is_empty() {
            sound().insert(image, programs(&found));
        }
        Ok(volumes)
    }

    /// Whether the image says that `program` waits when it is started ahead; false before it was looked at.
    pub(super) fn may_boot(&self, image: ImageId, program: &str) -> bool {
        self.says(image, |programs| &programs.boot, program)
    }

    /// Whether the image says that `program` can have a child for each of many calls; alike.
    pub(super) fn may_fork(&self, image: ImageId, program: &str) -> bool {
        self.says(image, |programs| &programs.fork, program)
    }

    fn says(&self, image: ImageId, which: impl Fn(&Programs) -> &Vec<String>, program: &str) -> bool {
        let sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound.get(&image).is_some_and(|programs| which(programs).iter().any(|name| name == program))
    }

    async fn start(&self, name: ContainerName, call: &Admitted) -> Result<(), Hindrance> {
        match self.daemon.start(name).await {
            Err(DaemonError::Refused(reason) | DaemonError::Failed(reason))
                if reason.contains("simulay-init") =>
            {
                tracing::debug!(container = %name, reason, "there is no simulay-init in the image");
                Err(Hindrance::Final(ContainerError::ImageNotAllowed {
                    image: call.image_name().to_owned(),
                    rule: "it carries no simulay-init; `simulay images register` puts it in".to_owned(),
                }))
            }
            started => Ok(started?),
        }
    }

    /// As [`DockerContainers::remove_and_verify`], for what is broken already: a daemon that is
    /// away keeps its container until the engine sweeps.
    pub(super) async fn discard(&self, name: ContainerName) {
        if let Err(error) = self.remove_and_verify(name).await {
            tracing::warn!(container = %name, %error, "the container stays until the next sweep");
            self.serving.forget(name);
        }
    }

    /// Removes the container and returns once Docker knows it no more.
    pub(super) async fn remove_and_verify(&self, name: ContainerName) -> Result<(), ContainerError> {
        let (mut patience, called) = (Patience::of(REMOVAL), self.called(name));
        loop {
            let removed = self.daemon.remove(&called).await;
            let error = match (removed, self.daemon.inspect(&called).await) {
                (_, Ok(None)) => {
                    self.serving.release(name);
                    return Ok(());
                }
                (Ok(()) | Err(DaemonError::NotFound), Ok(Some(_))) => "it is still there".to_owned(),
                (Err(error), _) | (_, Err(error)) => error.to_string(),
            };
            if patience.is_over() {
                return Err(ContainerError::Unavailable(error));
            }
            patience.pause().await;
        }
    }
}

fn image_unavailable(call: &Admitted) -> ContainerError {
    let (image, id) = (call.image_name().to_owned(), call.image().to_string());
    ContainerError::ImageUnavailable { image, id, nodes: Vec::new() }
}
