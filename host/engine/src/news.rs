//! What changes for a principal, as it changes: runs and versions of plugins as they are by now, in the order in which
//! their last changes were stored, and how far his uploads got. It tells states: whoever goes on from a cursor hears the
//! last state of each that changed since, at least once, whichever process he asks.
//!
//! # Flow
//! [`Follower::next`] gives what was found and waits to be told; when nothing does, it waits for a signal, or looks by
//! itself after a while, and reads from the store page by page. Each order of changes ([`order`]) knows what it told.

mod cursor;
mod order;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use semver::Version;
use simulay_model::{OwnerFilter, PluginName, PluginSummary, Principal, RunId, RunSummary, Scope};
use simulay_signals::{Heard, Signal, Signals, Subscription, Topic, UploadProgress};
use simulay_store::{Changed, Changes, Ends, Place, StoreError};
use tokio::time::{Instant, sleep_until, timeout_at};

pub use self::cursor::{Cursor, NoCursor};
use self::order::Order;
use crate::events::LOOK;
use crate::{EngineError, Parts, Reader};

/// What is read at once.
const PAGE: u32 = 256;
/// Between two looks, however often something changes.
const PAUSE: Duration = Duration::from_millis(250);
/// Between two looks as far back as anything may still come from.
const FAR: Duration = Duration::from_secs(20);
/// Whoever has missed more changes of runs than this is better off reading lists anew.
pub(crate) const MOST_MISSED: usize = 10_000;

/// Something that changed.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A run, as it is by now.
    Run(Box<RunSummary>),
    /// A version of a plugin, as it is by now.
    Plugin(Box<PluginSummary>),
    /// An upload got so far.
    Upload(UploadProgress),
}

/// News, each with the cursor to go on from after it.
pub type NewsStream = BoxStream<'static, Result<(Cursor, News), EngineError>>;

/// Why nobody goes on from a cursor.
#[derive(Debug, thiserror::Error)]
pub enum NewsError {
    /// It is of another order of changes, as before records were put back.
    #[error("what came after this cursor is not known any more")]
    Gone,
    /// Too much came after it.
    #[error("more than {MOST_MISSED} runs changed after this cursor")]
    TooMany,
    /// The store does not answer.
    #[error(transparent)]
    Failed(#[from] EngineError),
}

impl From<StoreError> for NewsError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Reader {
    /// What changes for a principal after a cursor, or from now on; and the cursor where that begins. It ends when the
    /// host stops.
    ///
    /// # Errors
    /// See [`NewsError`].
    pub async fn news(
        &self,
        principal: &Principal,
        after: Option<Cursor>,
    ) -> Result<(Cursor, NewsStream), NewsError> {
        let parts = self.shared.parts.clone();
        // Before the look at where it begins, so that nothing falls between the two.
        let signals = parts.signals.subscribe(Topic::Account(principal.account.clone()));
        let begin = begin(&parts, &principal.visible(), after).await?;
        let follower = Follower::new((parts.changes, parts.signals), principal, &begin, signals);
        let news = stream::try_unfold(follower, |mut follower| async move {
            let told = follower.next().await?;
            Ok::<_, StoreError>(Some((told, follower)))
        });
        let news = news.map_err(EngineError::from);
        Ok((begin, news.take_until(self.shared.shutdown.clone().cancelled_owned()).boxed()))
    }
}

/// Where to begin: at a cursor that can be gone on from, or now.
async fn begin(parts: &Parts, owner: &OwnerFilter, after: Option<Cursor>) -> Result<Cursor, NewsError> {
    let Ends { epoch, runs, plugins } = parts.changes.ends().await?;
    let now = Cursor { epoch, runs, plugins };
    let Some(after) = after else { return Ok(now) };
    if !after.is_before(&now) {
        return Err(NewsError::Gone);
    }
    let place = Place { at: after.runs, id: String::new() };
    let missed = parts.changes.count_changed_runs(owner, &place, MOST_MISSED + 1).await?;
    if missed > MOST_MISSED { Err(NewsError::TooMany) } else { Ok(after) }
}

struct Follower {
    changes: Arc<dyn Changes>,
    hints: Arc<dyn Signals>,
    runs_of: OwnerFilter,
    plugins_of: OwnerFilter,
    /// What he may hear of his account.
    scope: Scope,
    topic: Topic,
    signals: Subscription,
    epoch: String,
    runs: Order<RunId>,
    plugins: Order<(PluginName, Version)>,
    /// What was found and is not told yet.
    found: VecDeque<(Cursor, News)>,
    /// Something may have changed since the last look.
    stale: bool,
    looked: Instant,
    /// When it looks by itself, and when as far back as anything may come from.
    look: Instant,
    look_far: Instant,
}

impl Follower {
    fn new(
        (changes, hints): (Arc<dyn Changes>, Arc<dyn Signals>),
        principal: &Principal,
        begin: &Cursor,
        signals: Subscription,
    ) -> Self {
        let now = Instant::now();
        Self {
            runs_of: principal.visible(),
            plugins_of: principal.visible_plugins(),
            scope: principal.scope.clone(),
            topic: Topic::Account(principal.account.clone()),
            signals,
            epoch: begin.epoch.clone(),
            runs: Order::beginning(begin.runs),
            plugins: Order::beginning(begin.plugins),
            found: VecDeque::new(),
            stale: true,
            looked: now,
            look: now,
            look_far: now,
            changes,
            hints,
        }
    }

    async fn next(&mut self) -> Result<(Cursor, News), StoreError> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Ok(found);
            }
            if self.runs.is_being_read() || self.plugins.is_being_read() {
                self.read().await?;
            } else if self.stale {
                sleep_until(self.looked + PAUSE).await;
                self.begin_to_look();
            } else {
                self.hear().await;
            }
        }
    }

    /// Waits until there may be something.
    async fn hear(&mut self) {
        match timeout_at(self.look, self.signals.next()).await {
            Ok(Heard::Signal(Signal::UploadAdvanced(_, progress))) => {
                if holds_upload(&self.scope, &progress) {
                    self.found.push_back((self.cursor(), News::Upload(progress)));
                }
            }
            Ok(Heard::Signal(_) | Heard::Missed) | Err(_) => self.stale = true,
            Ok(Heard::Closed) => {
                sleep_until(self.look).await;
                self.signals = self.hints.subscribe(self.topic.clone());
                self.stale = true;
            }
        }
    }

    fn begin_to_look(&mut self) {
        let (now, overlap) = (Instant::now(), self.changes.overlap());
        let far = now >= self.look_far;
        let back = if far { overlap.most } else { overlap.usual };
        if far {
            self.look_far = now + FAR;
        }
        (self.stale, self.looked, self.look) = (false, now, now + LOOK);
        self.runs.read_from(back, overlap.most);
        self.plugins.read_from(back, overlap.most);
    }

    /// Reads a page of each order that is not read to its end.
    async fn read(&mut self) -> Result<(), StoreError> {
        let changes = self.changes.clone();
        if let Some(from) = self.runs.place() {
            let page = changes.changed_runs(&self.runs_of, from, PAGE).await?;
            self.runs.page_has(page.last().map(|last| &last.place), page.len() == PAGE as usize);
            for Changed { place, now } in page {
                if self.runs.is_news(now.id, place.at) {
                    self.found.push_back((self.cursor(), News::Run(Box::new(now))));
                }
            }
        }
        if let Some(from) = self.plugins.place() {
            let page = changes.changed_plugins(&self.plugins_of, from, PAGE).await?;
            self.plugins.page_has(page.last().map(|last| &last.place), page.len() == PAGE as usize);
            for Changed { place, now } in page {
                if self.plugins.is_news((now.name.clone(), now.version.clone()), place.at) {
                    self.found.push_back((self.cursor(), News::Plugin(Box::new(now))));
                }
            }
        }
        Ok(())
    }

    fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch.clone(), runs: self.runs.end(), plugins: self.plugins.end() }
    }
}

/// True when the upload lies in the scope: of a narrow one nothing does before it is known of which plugin it is.
fn holds_upload(scope: &Scope, progress: &UploadProgress) -> bool {
    let name = progress.plugin.as_deref().and_then(|plugin| plugin.split('@').next());
    let name = name.and_then(|name| name.parse().ok());
    *scope == Scope::All || name.is_some_and(|name| scope.holds_plugin(&name))
}

#[cfg(test)]
mod tests;
