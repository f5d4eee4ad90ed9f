//! The events of a run as a stream: what is stored, then what comes. A page is held as long as its reader
//! takes to read it, so pages are small; those that cannot be are held by few readers at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use simulay_model::{Event, EventData, OwnerFilter, RunId};
use simulay_signals::{Heard, Subscription, Topic};
use simulay_store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Parts;

const PAGE: u32 = 256;
/// After this time whoever hears of nothing looks by himself: a signal may be lost.
pub(crate) const LOOK: Duration = Duration::from_secs(5);
/// Bytes of data of a page that needs no permit: one event may have more.
const LIGHT: usize = 256 << 10;
/// Heavy pages held at once.
const HEAVY_PAGES: usize = 16;

/// Who follows runs.
#[derive(Clone)]
pub(crate) struct Followers {
    heavy: Arc<Semaphore>,
}

impl Default for Followers {
    fn default() -> Self {
        Self { heavy: Arc::new(Semaphore::new(HEAVY_PAGES)) }
    }
}

impl Followers {
    /// The events after the one numbered `after`, until the run has ended.
    pub(crate) fn follow(
        &self,
        parts: Parts,
        owner: OwnerFilter,
        run: RunId,
        after: u64,
    ) -> BoxStream<'static, Result<Event, StoreError>> {
        follow(Follower { heavy: Some(self.heavy.clone()), ..Follower::new(parts, owner, run, after) })
    }
}

/// Comes back once the run has ended.
pub(crate) async fn ended(parts: Parts, owner: OwnerFilter, run: RunId) {
    // Whoever holds no page for longer than it takes to drop it needs no permit for a heavy one.
    follow(Follower::new(parts, owner, run, 0)).for_each(|_| std::future::ready(())).await;
}

fn follow(follower: Follower) -> BoxStream<'static, Result<Event, StoreError>> {
    stream::unfold(follower, |mut follower| async move {
        match follower.next().await {
            Ok(Some(event)) => Some((Ok(event), follower)),
            Ok(None) => None,
            Err(error) => {
                follower.ended = true;
                Some((Err(error), follower))
            }
        }
    })
    .boxed()
}

struct Follower {
    parts: Parts,
    owner: OwnerFilter,
    run: RunId,
    after: u64,
    page: VecDeque<Event>,
    signals: Option<Subscription>,
    ended: bool,
    /// Places of heavy pages; none for who needs none.
    heavy: Option<Arc<Semaphore>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Follower {
    const fn new(parts: Parts, owner: OwnerFilter, run: RunId, after: u64) -> Self {
        let page = VecDeque::new();
        Self { parts, owner, run, after, page, signals: None, ended: false, heavy: None, permit: None }
    }

    async fn next(&mut self) -> Result<Option<Event>, StoreError> {
        while !self.ended {
            if let Some(event) = self.page.pop_front() {
                self.after = event.sequence;
                self.ended = matches!(event.data, EventData::RunEnded(_));
                return Ok(Some(event));
            }
            if !self.refill().await? {
                break;
            }
        }
        Ok(None)
    }

    /// Waits until there is more to read, and reads it. False when nothing will come.
    async fn refill(&mut self) -> Result<bool, StoreError> {
        self.permit = None;
        let subscribe = || self.parts.signals.subscribe(Topic::Run(self.run));
        // Before the read, so that nothing falls between the two.
        let mut signals = self.signals.take().unwrap_or_else(subscribe);
        signals.forget();
        self.page = self.read().await?;
        if self.page.is_empty() {
            // A reader who names the last event, or one past it, waits for nothing.
            let run = self.parts.runs.summary(&self.owner, self.run).await?;
            if run.is_none_or(|run| run.state.is_end()) {
                self.page = self.read().await?;
                return Ok(!self.page.is_empty());
            }
            // For news, whatever the number: one that was told of and is not there would be asked for forever.
            if tokio::time::timeout(LOOK, signals.next()).await == Ok(Heard::Closed) {
                tokio::time::sleep(LOOK).await;
                // The next read comes with another subscription.
                return Ok(true);
            }
        }
        self.signals = Some(signals);
        Ok(true)
    }

    async fn read(&mut self) -> Result<VecDeque<Event>, StoreError> {
        let page = self.page().await?;
        let bytes: usize = page.iter().map(|event| event.data.bytes()).sum();
        let Some(heavy) = self.heavy.clone().filter(|_| bytes > LIGHT) else { return Ok(page) };
        // Nothing is held while it waits.
        drop(page);
        self.permit = heavy.acquire_owned().await.ok();
        self.page().await
    }

    async fn page(&self) -> Result<VecDeque<Event>, StoreError> {
        let events = self.parts.journal.events(&self.owner, self.run, self.after, PAGE).await?;
        Ok(events.into())
    }
}
