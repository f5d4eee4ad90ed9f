//! Takes a container in which calls follow each other for an attempt, and gives it back after that.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fail::fail_point;
use simulay_containers::{Admitted, Tenant};
use simulay_init::frames::Order;
use simulay_model::ContainerName;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::DockerContainers;
use super::attachment::{Attached, Cut};
use super::claiming::{ANSWER, Taken};
use super::forks::{Fork, Key, Service};
use super::pool::WarmName;
use super::warming::{BOOT, WarmingError};
use crate::spec::{self, Place};

/// One that said so long ago that it waits is not asked again.
const BELIEVED: Duration = Duration::from_millis(100);
/// For init to remove what a call left.
const RESET: Duration = Duration::from_secs(10);

impl DockerContainers {
    /// Takes a container in which calls of `tenant` follow each other for the attempt `name`; nothing when there can be
    /// none.
    pub(super) async fn claim_fork(
        &self,
        name: ContainerName,
        tenant: &Tenant,
        (call, place): (&Admitted, Place),
        cancel: &CancellationToken,
    ) -> Option<Taken> {
        let key = self.key(tenant, call, place).await?;
        let (waited, Fork { attached, service }) = match self.find_fork(&key).await {
            Some(found) => found,
            None => self.make_fork(key, place, cancel).await?,
        };
        self.serving.serve(name, waited);
        Some(Taken::new(attached, Some(service)))
    }

    /// One that waits for calls of `key` and is well.
    async fn find_fork(&self, key: &Key) -> Option<(WarmName, Fork)> {
        loop {
            let (waited, mut fork, since) = self.forks.take(key)?;
            let was_heard = since.elapsed() < BELIEVED && fork.attached.is_quiet();
            if was_heard || fork.attached.waits(waited.as_str(), ANSWER).await {
                return Some((waited, fork));
            }
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
        let mut attached = self.wake(name.as_str()).await?;
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

    /// Lets the container that is called `waits`, whose call is over and stored, wait for the next call of its key, or
    /// has it removed when that is in doubt.
    pub(super) async fn give_back(&self, waits: WarmName, mut fork: Fork) {
        if self.pool.closing.is_cancelled() {
            return;
        }
        match reset(&mut fork.attached).await {
            Ok(true) => {
                fork.service.served += 1;
                self.forks.put(waits, fork, &self.pool.settings);
                if self.pool.closing.is_cancelled() {
                    self.forks.clear();
                }
            }
            doubt => {
                let container = waits.as_str();
                tracing::info!(container, ?doubt, "what a call left cannot be removed");
            }
        }
    }
}

async fn reset(attached: &mut Attached) -> Result<bool, Cut> {
    fail_point!("container.reset.before", |_| std::process::abort());
    let reset = attached.reset(RESET).await;
    fail_point!("container.reset.after", |_| std::process::abort());
    reset
}
