//! The events of a run as a stream: what is stored, then what comes.

use std::collections::VecDeque;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use simulay_model::{Event, RunId};
use simulay_store::StoreError;
use tokio::sync::watch;

use crate::Parts;

const PAGE: u32 = 256;
/// The event nothing follows.
const LAST: &str = "run.ended";

/// The events after the one numbered `after`, until the run has ended.
pub(crate) fn follow(parts: Parts, run: RunId, after: u64) -> BoxStream<'static, Result<Event, StoreError>> {
    let follower = Follower { parts, run, after, page: VecDeque::new(), watch: None, ended: false };
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
    run: RunId,
    after: u64,
    page: VecDeque<Event>,
    watch: Option<watch::Receiver<u64>>,
    ended: bool,
}

impl Follower {
    async fn next(&mut self) -> Result<Option<Event>, StoreError> {
        while !self.ended {
            if let Some(event) = self.page.pop_front() {
                self.after = event.sequence;
                self.ended = event.kind == LAST;
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
        let mut watch = match self.watch.take() {
            Some(watch) => watch,
            // Subscribed before the first read, so that nothing falls between the two.
            None => self.parts.journal.watch(self.run).await?,
        };
        self.page = self.read().await?;
        if self.page.is_empty() {
            // A reader who names the last event, or one past it, waits for nothing.
            let run = self.parts.runs.summary(self.run).await?;
            if run.is_none_or(|run| run.state.is_end()) {
                self.page = self.read().await?;
                return Ok(!self.page.is_empty());
            }
            let after = self.after;
            if watch.wait_for(|last| *last > after).await.is_err() {
                return Ok(false);
            }
        }
        self.watch = Some(watch);
        Ok(true)
    }

    async fn read(&self) -> Result<VecDeque<Event>, StoreError> {
        self.parts.journal.events(self.run, self.after, PAGE).await.map(VecDeque::from)
    }
}
