//! Which container serves which attempt.
//!
//! A container that is started for an attempt has its name. One that waited keeps its own: whose job it has, its init
//! says to every host that asks ([`Report::Serves`](simulay_init::frames::Report::Serves)). So nothing is asked of
//! Docker between a call and its job. A host that is killed at whatever moment leaves containers that have a job, and
//! those that have none. The next life of it asks each, once, before it believes of any attempt that it has none. What
//! has a job is its attempt's from then on. What has none is removed, and is gone before anybody makes another attempt:
//! a job that was on its way to it comes to nothing.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::stream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use parking_lot::Mutex;
use simulay_model::ContainerName;
use tokio::sync::OnceCell;

use super::DockerContainers;
use super::attachment::Attached;
use super::daemon::{DaemonError, Waiting};
use super::pool::WarmName;
use super::warming::REMOVALS;
use crate::naming::docker_name;

/// For an init with a command at work to say whose it is.
const ANSWER: Duration = Duration::from_secs(20);
/// How often one is asked whose attachment fails.
const TRIES: u32 = 3;

/// The containers of attempts, as far as this life of the host knows them.
#[derive(Default)]
pub(super) struct Serving {
    /// With the name under which each waited, if it did.
    known: Mutex<HashMap<ContainerName, Option<WarmName>>>,
    /// What an earlier life left has been asked.
    asked: OnceCell<()>,
}

impl Serving {
    /// The container that waited as `waited` is the attempt's from now on.
    pub(super) fn serve(&self, name: ContainerName, waited: WarmName) {
        self.known.lock().insert(name, Some(waited));
    }

    /// One of the attempt's own name is there, or is asked for.
    pub(super) fn note(&self, name: ContainerName) {
        self.known.lock().entry(name).or_insert(None);
    }

    /// Whether the attempt has one, for all that is known.
    pub(super) fn has(&self, name: ContainerName) -> bool {
        self.known.lock().contains_key(&name)
    }

    /// The attempt has none any more; the name of one that waited.
    pub(super) fn release(&self, name: ContainerName) -> Option<WarmName> {
        self.known.lock().remove(&name).flatten()
    }

    /// The attempts whose containers are called otherwise.
    pub(super) fn called_otherwise(&self) -> Vec<ContainerName> {
        let known = self.known.lock();
        known.iter().filter(|(_, waited)| waited.is_some()).map(|(name, _)| *name).collect()
    }

    fn waited(&self, name: ContainerName) -> Option<String> {
        self.known.lock().get(&name)?.as_ref().map(|waited| waited.as_str().to_owned())
    }
}

impl DockerContainers {
    /// What Docker calls the container of the attempt `name`.
    #[must_use]
    pub fn called(&self, name: ContainerName) -> String {
        self.serving.waited(name).unwrap_or_else(|| docker_name(name, self.instance))
    }

    /// Sees which attempts have containers of an earlier life of the host, once in this one.
    pub(super) async fn take_up(&self) -> Result<(), DaemonError> {
        self.serving.asked.get_or_try_init(|| self.ask_what_is_left()).await.copied()
    }

    async fn ask_what_is_left(&self) -> Result<(), DaemonError> {
        let (named, _) = self.daemon.list().await?;
        named.into_iter().for_each(|name| self.serving.note(name));
        let left = self.daemon.pools().await?.into_iter();
        // What is over tells nothing, and is removed with the rest of what nobody answers for.
        let is_asked =
            |left: &Waiting| left.ours && !left.over && !left.aside && left.life != Some(self.pool.life);
        let left = left.filter(is_asked);
        stream::iter(left.map(|left| self.ask(left))).buffer_unordered(REMOVALS).try_collect().await
    }

    async fn ask(&self, left: Waiting) -> Result<(), DaemonError> {
        // When it answered before, and another did not.
        let Some(waited) = self.pool.names.take_up(left.name) else { return Ok(()) };
        match self.attempt_of(waited.as_str()).await? {
            Some(name) => {
                tracing::info!(container = %name, waited = waited.as_str(), "an earlier life of the host left it");
                self.serving.serve(name, waited);
                Ok(())
            }
            None => self.remove_left(waited).await,
        }
    }

    /// Whose job the container that is `called` so has, if its init has one and says so in time.
    async fn attempt_of(&self, called: &str) -> Result<Option<ContainerName>, DaemonError> {
        for _ in 0..TRIES {
            let mut attached = match self.daemon.attach(called).await {
                Ok(attached) => Attached::from(attached),
                Err(error @ DaemonError::Absent(_)) => return Err(error),
                // It is there no more, or stands still.
                Err(DaemonError::NotFound | DaemonError::Conflict(_)) => return Ok(None),
                Err(DaemonError::Refused(_) | DaemonError::Failed(_)) => continue,
            };
            match attached.whose(ANSWER).await {
                Ok(attempt) => return Ok(attempt.and_then(|attempt| attempt.parse().ok())),
                Err(error) => tracing::info!(container = called, %error, "it does not say whose job it has"),
            }
        }
        Ok(None)
    }

    /// Returns once it is gone, as far as Docker does what it is told: what stays is tried again later.
    async fn remove_left(&self, waited: WarmName) -> Result<(), DaemonError> {
        match self.daemon.remove(waited.as_str()).await {
            Ok(()) | Err(DaemonError::NotFound) => {}
            Err(error @ DaemonError::Absent(_)) => return Err(error),
            Err(error) => tracing::warn!(container = waited.as_str(), %error, "the container stays"),
        }
        Ok(())
    }
}
