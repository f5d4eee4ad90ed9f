//! Which container serves which attempt.
//!
//! A container that is started for an attempt has its name. One that waited keeps its own: whose job it has, its init
//! says to every host that asks ([`Report::Serves`](simulay_init::frames::Report::Serves)). So nothing is asked of
//! Docker between a call and its job. A host that is killed at whatever moment leaves containers that have a job, and
//! those that have none. The next life of it asks each, once, before it believes of any attempt that it has none. What
//! has a job is its attempt's from then on. What has none is removed, and is gone before anybody makes another attempt:
//! a job that was on its way to it comes to nothing. What gives no answer is left alone and asked again later: it costs
//! its attempt, and nothing else.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::stream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use parking_lot::Mutex;
use simulay_model::ContainerName;
use tokio::sync::OnceCell;

use super::DockerContainers;
use super::attachment::{Attached, Cut};
use super::daemon::{DaemonError, Life, Pooled};
use super::pool::WarmName;
use super::warming::REMOVALS;
use crate::naming::docker_name;

/// For an init with a command at work to say whose it is.
const ANSWER: Duration = Duration::from_secs(5);
/// How often one is asked that gives no answer, and between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// The containers of attempts, as far as this life of the host knows them.
#[derive(Default)]
pub(super) struct Serving {
    /// With the name under which each waited, if it did.
    known: Mutex<HashMap<ContainerName, Option<WarmName>>>,
    /// What an earlier life left has been asked.
    asked: OnceCell<()>,
}

/// What a container of an earlier life says of itself.
enum Word {
    /// It has the job of this attempt.
    Serves(ContainerName),
    /// It has none.
    Idle,
    /// Nothing.
    Silent,
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

    /// Nobody looks after the one of the attempt's own name any more.
    pub(super) fn forget(&self, name: ContainerName) {
        self.known.lock().retain(|known, waited| *known != name || waited.is_some());
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

    fn called(&self, name: ContainerName) -> Option<String> {
        self.known.lock().get(&name)?.as_ref().map(|waited| waited.as_str().to_owned())
    }
}

impl DockerContainers {
    /// What Docker calls the container of the attempt `name`.
    #[must_use]
    pub fn called(&self, name: ContainerName) -> String {
        self.serving.called(name).unwrap_or_else(|| docker_name(name, self.instance))
    }

    /// Sees which attempts have containers of an earlier life of the host, once in this one.
    pub(super) async fn take_up(&self) -> Result<(), DaemonError> {
        let asking = || async {
            let (named, _) = self.daemon.list().await?;
            named.into_iter().for_each(|name| self.serving.note(name));
            self.ask_what_is_left(self.daemon.pools().await?).await
        };
        self.serving.asked.get_or_try_init(asking).await.copied()
    }

    /// Asks those of `found` that earlier lives left, and that nobody answers for yet.
    pub(super) async fn ask_what_is_left(&self, found: Vec<Pooled>) -> Result<(), DaemonError> {
        let left = found.into_iter().filter(|left| {
            let is_earlier = left.ours && left.life != Some(self.pool.life);
            // What is over tells nothing, and is removed with the rest of what nobody answers for.
            is_earlier && !left.over && !left.aside && !self.pool.names.has(&left.name)
        });
        let asked = left.map(|left| self.ask(left));
        stream::iter(asked).buffer_unordered(REMOVALS).try_collect().await
    }

    /// Whoever asks may be broken off: until there is an answer, nothing is changed.
    async fn ask(&self, left: Pooled) -> Result<(), DaemonError> {
        let word = if left.created { Word::Idle } else { self.word_of(&left.name).await? };
        match word {
            Word::Serves(name) => {
                tracing::info!(container = %name, waited = left.name, "an earlier life of the host left it");
                self.serving.serve(name, self.pool.names.hold(left.name));
            }
            Word::Idle => self.remove_left(&left.name).await?,
            Word::Silent => {
                tracing::warn!(
                    container = left.name,
                    "it does not say whose job it has: it is asked again later"
                );
            }
        }
        Ok(())
    }

    async fn word_of(&self, called: &str) -> Result<Word, DaemonError> {
        for _ in 0..TRIES {
            match self.try_word_of(called).await? {
                Word::Silent => tokio::time::sleep(PAUSE).await,
                word => return Ok(word),
            }
        }
        Ok(Word::Silent)
    }

    async fn try_word_of(&self, called: &str) -> Result<Word, DaemonError> {
        let heard = match self.daemon.attach(called).await {
            Ok(attached) => Attached::from(attached).whose(ANSWER).await,
            Err(DaemonError::NotFound) => return Ok(Word::Idle),
            Err(error) if self.is_away(&error).await => return Err(error),
            Err(error) => Err(Cut(error.to_string())),
        };
        match heard {
            Ok(attempt) => {
                Ok(attempt.and_then(|attempt| attempt.parse().ok()).map_or(Word::Idle, Word::Serves))
            }
            Err(error) => {
                tracing::info!(container = called, %error, "an earlier life of the host left it");
                self.is_over(called).await.map(|is_over| if is_over { Word::Idle } else { Word::Silent })
            }
        }
    }

    /// One container that hangs is not all of Docker.
    async fn is_away(&self, error: &DaemonError) -> bool {
        matches!(error, DaemonError::Absent(_)) && self.daemon.ping().await.is_err()
    }

    async fn is_over(&self, called: &str) -> Result<bool, DaemonError> {
        match self.daemon.inspect(called).await {
            Ok(found) => Ok(found.is_none_or(|found| found.life != Life::Running)),
            Err(error) if self.is_away(&error).await => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Returns once it is gone, as far as Docker does what it is told: what stays is tried again later.
    async fn remove_left(&self, called: &str) -> Result<(), DaemonError> {
        match self.daemon.remove(called).await {
            Ok(()) | Err(DaemonError::NotFound) => return Ok(()),
            Err(error) if self.is_away(&error).await => return Err(error),
            Err(error) => tracing::warn!(container = called, %error, "the container stays"),
        }
        self.pool.names.find([called.to_owned()]);
        Ok(())
    }
}
