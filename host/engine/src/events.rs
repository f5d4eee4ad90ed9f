//! The events of a run as a stream: what is stored, then what comes. A page is held as long as its reader
//! takes to read it, so pages are small; those that cannot be are held by few readers at once.

mod coalesced;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use simulay_model::{Event, EventData, OwnerFilter, RunId};
use simulay_signals::{Heard, Signal, Subscription, Topic};
use simulay_store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use self::coalesced::Coalesced;
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
    shared: Arc<Reads>,
}

/// What those who follow share.
struct Reads {
    /// Places of heavy pages.
    heavy: Arc<Semaphore>,
    /// Of many who follow a run, one reads for all.
    pages: Coalesced<(OwnerFilter, RunId, u64), Option<Page>>,
    /// From when on looks are counted.
    begin: Instant,
}

impl Default for Followers {
    fn default() -> Self {
        let (heavy, pages) = (Arc::new(Semaphore::new(HEAVY_PAGES)), Coalesced::default());
        Self { shared: Arc::new(Reads { heavy, pages, begin: Instant::now() }) }
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
        let run = Followed { parts, owner, run };
        follow(Follower::new(run, after, self.shared.clone()))
    }
}

/// Comes back once the run has ended, is not there, or cannot be looked at.
pub(crate) async fn ended(parts: Parts, owner: OwnerFilter, run: RunId) {
    let followed = Followed { parts, owner, run };
    let mut signals = followed.subscribe();
    while matches!(followed.is_over().await, Ok(false)) {
        match timeout(LOOK, end(&mut signals)).await {
            Ok(Heard::Signal(Signal::RunEnded(_))) => return,
            Ok(Heard::Closed) => {
                tokio::time::sleep(LOOK).await;
                signals = followed.subscribe();
            }
            _ => {}
        }
        // Before the look, so that nothing falls between the two.
        signals.forget();
    }
}

/// Passes over what happens to a run before it ends.
async fn end(signals: &mut Subscription) -> Heard {
    loop {
        match signals.next().await {
            Heard::Signal(Signal::RunChanged(_)) => {}
            heard => return heard,
        }
    }
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

/// A run, as far as its follower sees it.
#[derive(Clone)]
struct Followed {
    parts: Parts,
    owner: OwnerFilter,
    run: RunId,
}

/// Events of a run that follow each other.
#[derive(Clone, Default)]
struct Page {
    events: Arc<[Event]>,
    /// None will follow those that are stored: there is none, and the run has ended.
    is_over: bool,
}

impl Page {
    fn is_heavy(&self) -> bool {
        self.events.iter().map(|event| event.data.bytes()).sum::<usize>() > LIGHT
    }
}

impl Followed {
    async fn page(&self, after: u64) -> Result<Page, StoreError> {
        let events = self.events(after).await?;
        if !events.is_empty() {
            return Ok(Page { events, is_over: false });
        }
        // A reader who names the last event, or one past it, waits for nothing.
        if !self.is_over().await? {
            return Ok(Page::default());
        }
        let events = self.events(after).await?;
        Ok(Page { is_over: events.is_empty(), events })
    }

    /// It has ended, or is not there.
    async fn is_over(&self) -> Result<bool, StoreError> {
        let run = self.parts.runs.summary(&self.owner, self.run).await?;
        Ok(run.is_none_or(|run| run.state.is_end()))
    }

    async fn events(&self, after: u64) -> Result<Arc<[Event]>, StoreError> {
        Ok(self.parts.journal.events(&self.owner, self.run, after, PAGE).await?.into())
    }

    fn subscribe(&self) -> Subscription {
        self.parts.signals.subscribe(Topic::Run(self.run))
    }
}

impl Reads {
    /// The time until whoever follows the run looks by himself: all of them at once, so that one reads for all.
    fn until_look(&self, run: RunId) -> Duration {
        let (look, shift) = (LOOK.as_millis(), u128::from(run.uuid().as_u64_pair().1));
        let since = (self.begin.elapsed().as_millis() + shift) % look;
        Duration::from_millis(u64::try_from(look - since).unwrap_or_default())
    }

    /// A page that may be held for long; none that is heavy, and none when the store does not answer.
    async fn light_page(&self, followed: &Followed, after: u64) -> Option<Page> {
        let key = (followed.owner.clone(), followed.run, after);
        let followed = followed.clone();
        let read = async move { followed.page(after).await.ok().filter(|page| !page.is_heavy()) };
        self.pages.get(key, read).await
    }
}

struct Follower {
    followed: Followed,
    after: u64,
    page: Page,
    /// How many events of the page were told.
    told: usize,
    /// Nothing follows the page by now.
    is_newest: bool,
    signals: Option<Subscription>,
    ended: bool,
    shared: Arc<Reads>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Follower {
    fn new(followed: Followed, after: u64, shared: Arc<Reads>) -> Self {
        let page = Page::default();
        let (told, is_newest, signals, ended, permit) = (0, false, None, false, None);
        Self { followed, after, page, told, is_newest, signals, ended, shared, permit }
    }

    async fn next(&mut self) -> Result<Option<Event>, StoreError> {
        while !self.ended {
            if let Some(event) = self.page.events.get(self.told).cloned() {
                self.told += 1;
                self.after = event.sequence;
                self.ended = matches!(event.data, EventData::RunEnded(_));
                return Ok(Some(event));
            }
            self.refill().await?;
        }
        Ok(None)
    }

    /// Waits until there is more to read, and reads it.
    async fn refill(&mut self) -> Result<(), StoreError> {
        (self.page, self.told, self.permit) = (Page::default(), 0, None);
        let mut signals = self.signals.take().unwrap_or_else(|| self.followed.subscribe());
        // For news, whatever the number: one that was told of and is not there would be asked for forever.
        let look = self.shared.until_look(self.followed.run);
        if self.is_newest && timeout(look, signals.next()).await == Ok(Heard::Closed) {
            tokio::time::sleep(LOOK).await;
            signals = self.followed.subscribe();
        }
        // Before the read, so that nothing falls between the two.
        signals.forget();
        self.page = self.read().await?;
        self.is_newest = self.page.events.len() < PAGE as usize;
        self.ended = self.page.is_over;
        self.signals = Some(signals);
        Ok(())
    }

    async fn read(&mut self) -> Result<Page, StoreError> {
        if let Some(page) = self.shared.light_page(&self.followed, self.after).await {
            return Ok(page);
        }
        self.permit = self.shared.heavy.clone().acquire_owned().await.ok();
        self.followed.page(self.after).await
    }
}
