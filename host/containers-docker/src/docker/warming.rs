//! Makes containers that wait for a call, and looks after them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fail::fail_point;
use futures_util::StreamExt as _;
use futures_util::stream;
use simulay_containers::ContainerError;
use simulay_init::frames::{BootSpec, Order, Phase};
use simulay_model::ContainerName;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::DockerContainers;
use super::attachment::{Attached, Cut, Greeted};
use super::claiming::Taken;
use super::daemon::{DaemonError, Pooled};
use super::forks::Fork;
use super::pool::{InMaking, Kind, Warm, WarmName};
use crate::class::Class;
use crate::spec;

/// Between two looks without anything to do.
const PERIOD: Duration = Duration::from_secs(10);
/// Calls at work come first: what was taken is replaced, and what is left removed, a moment later, when a short call is
/// over; and what was taken at once, at once.
const SETTLING: Duration = Duration::from_millis(50);
/// Between two looks at what Docker has.
const SEARCH: Duration = Duration::from_secs(60);
/// For init to answer when it was just started, and when it has nothing else to do.
const BEGINNING: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(2);
/// For init to say whether a command that it started ahead waits; it gives up sooner.
pub(super) const BOOT: Duration = Duration::from_secs(40);
/// One that was not heard of so long is asked.
const UNHEARD: Duration = Duration::from_secs(30);
/// For Docker to remove what waits, when the host stops.
const FAREWELL: Duration = Duration::from_secs(10);
pub(super) const REMOVALS: usize = 8;
/// With more to be removed, whoever wants one more removed waits for it.
const MOST_WASTE: usize = 32;
/// Of which it is remembered that their attempts are over; others are removed while somebody waits.
const MOST_FINISHED: usize = 4096;

/// Why there is no container that waits.
#[derive(Debug, thiserror::Error)]
pub(super) enum WarmingError {
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    #[error(transparent)]
    Cut(#[from] Cut),
    #[error("its init is none of this host")]
    Foreign,
    #[error("{0:?} cannot be started ahead")]
    NotBooted(Vec<String>),
    #[error("the host stops")]
    Closing,
    #[error("its image declares a VOLUME")]
    Unbounded,
}

impl DockerContainers {
    /// Removes containers that nobody has any more, and lets others wait as calls ask for them, until
    /// [`close`](simulay_containers::Execution::close).
    pub async fn keep_pool(self: Arc<Self>) {
        let token = self.pool.makers.token();
        let closing = self.pool.closing.clone();
        self.pool.is_kept.store(true, Ordering::Relaxed);
        let keeping = async { tokio::join!(self.look_after_pool(), self.clear_away()) };
        closing.run_until_cancelled(keeping).await;
        self.pool.is_kept.store(false, Ordering::Relaxed);
        drop(token);
    }

    async fn clear_away(&self) {
        loop {
            self.remove_waste().await;
            let _ = tokio::time::timeout(PERIOD, self.pool.names.rung()).await;
            tokio::time::sleep(SETTLING).await;
        }
    }

    async fn look_after_pool(self: &Arc<Self>) {
        let mut search = Instant::now();
        loop {
            if search <= Instant::now() {
                let found = self.search_for_waste().await;
                search = Instant::now() + if found.is_ok() { SEARCH } else { PERIOD };
            }
            self.forks.shrink(&self.pool.settings);
            self.listen_to_the_silent().await;
            self.make_what_is_wanted();
            let _ = tokio::time::timeout(PERIOD, self.pool.rung()).await;
            tokio::time::sleep(SETTLING).await;
        }
    }

    /// Finds what nobody answers for in Docker: what requests made whose answers were lost, and what ended. What earlier
    /// lives of this instance left is asked first, whose it is.
    async fn search_for_waste(&self) -> Result<(), ContainerError> {
        self.take_up().await?;
        let found = self.daemon.pools().await?;
        let is_waste = |found: &Pooled| {
            let is_nobodys = found.over || found.aside || found.life == Some(self.pool.life);
            found.spent || (found.ours && is_nobodys)
        };
        let waste = found.iter().filter(|found| is_waste(found));
        self.pool.names.find(waste.map(|found| found.name.clone()));
        // What gave no answer before, and what a request of an earlier life made since.
        Ok(self.ask_what_is_left(found).await?)
    }

    /// True when the container of an attempt that is over was taken from it: it waits for another call, or is removed
    /// while nobody waits for that.
    pub(super) async fn set_aside(&self, name: ContainerName) -> bool {
        let Some(taken) = self.pool.finished.lock().remove(&name) else { return false };
        if !self.pool.is_kept.load(Ordering::Relaxed) || self.pool.names.waste().len() >= MOST_WASTE {
            return false;
        }
        let waited = self.serving.release(name);
        match (waited, taken) {
            (Some(waited), Some(Taken { attached, service: Some(service), .. })) => {
                self.give_back(waited, Fork { attached, service }).await;
                true
            }
            (waited, taken) => {
                if let Some(Taken { mut attached, .. }) = taken {
                    acknowledge(&mut attached).await;
                }
                // One that was started for the attempt loses its name, and no life of the host asks it again.
                waited.is_some() || self.let_go(name).await
            }
        }
    }

    /// True when the container of an attempt was taken from it.
    pub(super) async fn let_go(&self, name: ContainerName) -> bool {
        let aside = self.pool.names.give_aside(self.instance);
        // Whatever comes of it, what is called so is removed.
        self.daemon.unbind(name, aside.as_str()).await.is_ok()
    }

    /// Its container has handed back all it had, over what is still `attached`.
    pub(super) fn note_finished(&self, name: ContainerName, taken: Option<Taken>) {
        let mut finished = self.pool.finished.lock();
        if finished.len() >= MOST_FINISHED {
            finished.clear();
        }
        finished.insert(name, taken);
    }

    /// Removes what is to be removed; what cannot be is tried again later.
    async fn remove_waste(&self) {
        let removals = self.pool.names.waste().into_iter().map(|name| async move {
            match self.daemon.remove(&name).await {
                Ok(()) | Err(DaemonError::NotFound) => self.pool.names.forget(&name),
                Err(error) => tracing::debug!(container = name, %error, "it is removed later"),
            }
        });
        stream::iter(removals).buffer_unordered(REMOVALS).collect::<()>().await;
    }

    /// Lets go of those whose init does not answer.
    async fn listen_to_the_silent(&self) {
        let now = Instant::now();
        let Some(since) = now.checked_sub(UNHEARD) else { return };
        for mut warm in self.pool.take_unheard(since) {
            if warm.attached.waits(warm.name.as_str(), ANSWER).await {
                warm.heard = Instant::now();
                self.pool.put(warm);
            }
        }
    }

    /// Starts what is wanted, side by side, as far as calls leave room for it: no more at once than there are cores,
    /// and none while calls wait to start a container of their own.
    fn make_what_is_wanted(self: &Arc<Self>) {
        for kind in self.pool.review(&self.forks.left_of(&self.pool.settings)) {
            if self.pool.in_making() >= self.cores as usize {
                return;
            }
            let Ok(permit) = Arc::clone(&self.starts).try_acquire_owned() else { return };
            let (containers, making) = (self.clone(), self.pool.begin(kind));
            self.pool.makers.spawn(async move { containers.make_one(making, permit).await });
        }
    }

    async fn make_one(&self, making: InMaking, permit: OwnedSemaphorePermit) {
        let class = making.kind.class;
        match self.warm_up(making.kind.clone()).await {
            Ok(warm) => {
                self.pool.put(warm);
                tracing::debug!(image = %class.image, "a container waits for a call");
            }
            Err(error) => {
                tracing::info!(image = %class.image, %error, "no container waits for a call yet");
                self.pool.fail(class);
            }
        }
        drop(permit);
    }

    /// Makes a container that waits, unless the host stops.
    async fn warm_up(&self, kind: Kind) -> Result<Warm, WarmingError> {
        let class = kind.class;
        if !self.unbounded_places(class.image).await?.is_empty() {
            return Err(WarmingError::Unbounded);
        }
        let place = self.place().await?;
        let name = self.pool.names.give(self.instance);
        let body = spec::warm_body(class, self.pool.life, place);
        // Not broken off: what Docker was asked for is there when what waits is removed, or comes to nothing.
        self.daemon.create_called(name.as_str(), body).await?;
        let started = self.pool.closing.run_until_cancelled(self.start_up(name, kind)).await;
        started.unwrap_or(Err(WarmingError::Closing))
    }

    /// Starts a container, and hears that its init waits.
    async fn start_up(&self, name: WarmName, kind: Kind) -> Result<Warm, WarmingError> {
        let Kind { class, boot } = kind;
        let mut attached = self.wake(name.as_str()).await?;
        if let Some(boot) = &boot {
            self.boot_up(class, boot, &mut attached).await?;
        }
        let bytes = self.daemon.memory(name.as_str()).await?;
        self.pool.learn(class, bytes.unwrap_or_default());
        let now = Instant::now();
        Ok(Warm { name, kind: Kind { class, boot }, attached, made: now, heard: now })
    }

    /// Starts what is `called` so, and hears that its init has no job.
    pub(super) async fn wake(&self, called: &str) -> Result<Attached, WarmingError> {
        self.daemon.start_called(called).await?;
        let mut attached = Attached::from(self.daemon.attach(called).await?);
        match attached.ask(BEGINNING).await? {
            Greeted::Init(Phase::Idle) => Ok(attached),
            Greeted::Init(_) | Greeted::Foreign => Err(WarmingError::Foreign),
        }
    }

    /// Has init start a command ahead. What comes to nothing is not tried again, and its container is not given a
    /// job: the kernel may have killed the command for want of memory, which Docker tells of a container, and not of a
    /// command.
    async fn boot_up(
        &self,
        class: Class,
        boot: &BootSpec,
        attached: &mut Attached,
    ) -> Result<(), WarmingError> {
        let booted = attached.boot(&Order::Boot(boot.clone()), BOOT).await;
        if booted != Ok(true) {
            self.pool.refuse(class, boot);
        }
        if booted? { Ok(()) } else { Err(WarmingError::NotBooted(boot.command.clone())) }
    }

    /// Lets nothing wait any more, and removes what does, as far as Docker answers soon.
    pub(super) async fn close_pool(&self) {
        self.pool.closing.cancel();
        self.pool.makers.close();
        let _ = tokio::time::timeout(FAREWELL, self.pool.makers.wait()).await;
        self.pool.clear();
        self.forks.clear();
        let _ = tokio::time::timeout(FAREWELL, self.remove_all_waste()).await;
    }

    /// Removes what is to be removed, also what Docker is removing already.
    async fn remove_all_waste(&self) {
        loop {
            self.remove_waste().await;
            if self.pool.names.waste().is_empty() {
                return;
            }
            tokio::time::sleep(SETTLING).await;
        }
    }
}

/// Tells init that its job is over, as far as it hears: what it does not hear costs nothing, since it is removed.
async fn acknowledge(attached: &mut Attached) {
    fail_point!("container.ack.before", |_| std::process::abort());
    if let Err(error) = attached.acknowledge().await {
        tracing::debug!(%error, "init does not hear that its job is over");
    }
    fail_point!("container.ack.after", |_| std::process::abort());
}
