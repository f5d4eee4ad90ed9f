//! Takes a container in which calls follow each other for an attempt, and gives it back after that.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fail::fail_point;
use simulay_containers::{Admitted, Tenant};
use simulay_init::frames::{Order, Phase};
use simulay_model::ContainerName;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::DockerContainers;
use super::attachment::{Attached, Cut, Greeted};
use super::daemon::DaemonError;
use super::forks::{Fork, Key, Service};
use super::pool::WarmName;
use super::warming::{BEGINNING, BOOT, WarmingError, session};
use crate::spec::{self, Place};

/// For the init of one that waits to say that it is there, and for it to remove what a call left.
const ANSWER: Duration = Duration::from_millis(500);
const RESET: Duration = Duration::from_secs(10);

impl DockerContainers {
    /// Binds a container in which calls of `tenant` follow each other to the attempt `name`; nothing when there can be
    /// none, or when it is in doubt whether it is bound.
    pub(super) async fn claim_fork(
        &self,
        name: ContainerName,
        tenant: &Tenant,
        (call, place): (&Admitted, Place),
        cancel: &CancellationToken,
    ) -> Option<Fork> {
        let key = self.key(tenant, call, place).await?;
        while let Some((waited, mut fork)) = self.forks.take(&key) {
            // One that turns out to be gone is let go of again: there are few.
            let (waits, bound) =
                tokio::join!(still_waits(&mut fork.attached), self.daemon.bind(waited.as_str(), name));
            match (waits, bound) {
                (true, Ok(())) => return Some(bind(waited, fork)),
                (false, Ok(())) if self.let_go(name).await => {}
                (_, bound) => return doubt(name, bound),
            }
        }
        let (waited, fork) = self.make_fork(key, place, cancel).await?;
        match self.daemon.bind(waited.as_str(), name).await {
            Ok(()) => Some(bind(waited, fork)),
            bound => doubt(name, bound),
        }
    }

    async fn key(&self, tenant: &Tenant, call: &Admitted, place: Place) -> Option<Arc<Key>> {
        if self.pool.settings.max_containers == 0 || !self.pool.is_kept.load(Ordering::Relaxed) {
            return None;
        }
        let image = call.image();
        // What is against the image is told to who starts a container of it.
        let _ = self.unbounded_places(image).await;
        let program = call.command().first().filter(|program| self.may_fork(image, program));
        let key = program.and_then(|_| Key::of(tenant, call, place))?;
        (!self.forks.is_refused(&key)).then(|| Arc::new(key))
    }

    async fn make_fork(
        &self,
        key: Arc<Key>,
        place: Place,
        cancel: &CancellationToken,
    ) -> Option<(WarmName, Fork)> {
        let _permit = cancel.run_until_cancelled(self.starts.acquire()).await?.ok()?;
        let name = self.pool.names.give_for(&key.mark, self.instance);
        let body = spec::fork_body(key.class, self.pool.life, place);
        let image = key.class.image;
        let made = async {
            // Not broken off: what Docker was asked for is there when what has its name is removed.
            self.daemon.create_called(name.as_str(), body).await?;
            let started = cancel.run_until_cancelled(self.start_fork(name, key)).await;
            started.unwrap_or(Err(WarmingError::Closing))
        };
        let told = |error| tracing::info!(%image, %error, "no calls can follow each other");
        made.await.map_err(told).ok()
    }

    async fn start_fork(&self, name: WarmName, key: Arc<Key>) -> Result<(WarmName, Fork), WarmingError> {
        self.daemon.start_called(name.as_str()).await?;
        let mut attached = Attached::from(self.daemon.attach_called(name.as_str()).await?);
        if attached.ask(session(), BEGINNING).await? != Greeted::Init(Phase::Idle) {
            return Err(WarmingError::Foreign);
        }
        let booted = attached.boot(&Order::Fork((*key.boot).clone()), BOOT).await;
        if booted != Ok(true) {
            self.forks.refuse(key.clone());
        }
        if !booted? {
            return Err(WarmingError::NotBooted(key.boot.command.clone()));
        }
        let bytes = self.daemon.memory(name.as_str()).await?.unwrap_or_default();
        let service = Service { key, made: Instant::now(), served: 0, bytes };
        Ok((name, service.with(attached)))
    }

    /// Lets the container of `name`, whose call is over and stored, wait for the next call of its key; false when it
    /// is to be removed by who asks. What is in doubt is removed.
    pub(super) async fn give_back(&self, name: ContainerName, mut fork: Fork) -> bool {
        if self.pool.closing.is_cancelled() {
            return false;
        }
        let waits = self.pool.names.give_for(&fork.service.key.mark, self.instance);
        // Whatever comes of it, what is called so is removed, unless it waits from now on. First of all it loses the name
        // of its attempt: whoever finds that name and an init without a job would give it the job again.
        if self.daemon.unbind(name, waits.as_str()).await.is_err() {
            return false;
        }
        match reset(&mut fork.attached).await {
            Ok(true) => {
                fork.service.served += 1;
                self.forks.put(waits, fork, &self.pool.settings);
                if self.pool.closing.is_cancelled() {
                    self.forks.clear();
                }
            }
            doubt => tracing::info!(container = %name, ?doubt, "what a call left cannot be removed"),
        }
        true
    }
}

/// The container of `waited` is that of its attempt from now on.
fn bind(waited: WarmName, fork: Fork) -> Fork {
    waited.bind();
    fork
}

fn doubt<T>(name: ContainerName, bound: Result<(), DaemonError>) -> Option<T> {
    let error = bound.err().map(tracing::field::display);
    tracing::info!(container = %name, error, "it is in doubt whose the container is");
    None
}

/// Whether init answers and has no job.
async fn still_waits(attached: &mut Attached) -> bool {
    let answer = attached.ask(session(), ANSWER).await;
    matches!(answer, Ok(Greeted::Init(Phase::Idle)))
}

async fn reset(attached: &mut Attached) -> Result<bool, Cut> {
    fail_point!("container.reset.before", |_| std::process::abort());
    let reset = attached.reset(RESET).await;
    fail_point!("container.reset.after", |_| std::process::abort());
    reset
}
