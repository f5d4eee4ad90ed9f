//! Right before a call is started: does anybody compute the same?

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use simulay_model::{CallPlace, Chain, Digest};
use simulay_signals::Signal;
use simulay_store::{Offered, StoreError};

use super::{Flown, Reuse};

/// A call that is about to be started, and is not when an equal one was or is carried out.
pub(crate) struct Departure<'a> {
    reuse: Reuse<'a>,
    place: CallPlace,
    key: Digest,
    /// It takes results of others.
    takes: bool,
    /// It waits for nobody any more.
    alone: bool,
    /// For how long it leads unless it says so again.
    time: Duration,
    leads: AtomicBool,
}

/// What is done instead of starting a call.
pub(crate) enum Instead {
    /// The result of an equal one is taken.
    Take(Box<Offered>),
    /// Whoever computes the same is waited for.
    Follow(CallPlace),
}

impl<'a> Departure<'a> {
    pub(crate) const fn new(
        reuse: Reuse<'a>,
        (place, key): (CallPlace, Digest),
        (takes, alone): (bool, bool),
        time: Duration,
    ) -> Self {
        Self { reuse, place, key, takes, alone, time, leads: AtomicBool::new(false) }
    }

    /// Makes the call that which others wait for, or tells what is done instead of starting it.
    pub(crate) async fn begin(&self) -> Result<Option<Instead>, StoreError> {
        let leader = self.lead().await?;
        self.leads.store(leader == self.place, Ordering::Relaxed);
        if !self.takes {
            return Ok(None);
        }
        // Whoever led a moment ago may have stored the result and landed.
        if let Some(offered) = self.reuse.offered(self.key).await? {
            self.land().await;
            return Ok(Some(Instead::Take(Box::new(offered))));
        }
        if leader == self.place || self.alone { Ok(None) } else { Ok(Some(Instead::Follow(leader))) }
    }

    /// Keeps the lead while `work` goes on; `adopted` work had it in an earlier life of the host.
    pub(crate) async fn kept<T>(&self, adopted: bool, work: impl Future<Output = T>) -> T {
        if adopted {
            self.leads.store(true, Ordering::Relaxed);
        }
        tokio::select! {
            biased;
            done = work => done,
            never = self.keep() => match never {},
        }
    }

    async fn keep(&self) -> std::convert::Infallible {
        loop {
            if self.leads.load(Ordering::Relaxed)
                && let Err(error) = self.lead().await
            {
                tracing::warn!(run = %self.place.run, error = %Chain(&error), "others may compute the same meanwhile");
            }
            tokio::time::sleep(self.time / 3).await;
        }
    }

    async fn lead(&self) -> Result<CallPlace, StoreError> {
        let flight = self.reuse.flight(self.key);
        self.reuse.parts.reuse.lead(&flight, self.place, self.time).await
    }

    async fn land(&self) {
        if self.leads.load(Ordering::Relaxed) {
            self.reuse.land(Flown { place: self.place, key: self.key }).await;
        }
    }
}

impl Reuse<'_> {
    /// Lets those go on who wait for a call, whatever came of it.
    pub(crate) async fn land(&self, Flown { place, key }: Flown) {
        if let Err(error) = self.parts.reuse.land(&self.flight(key), place).await {
            tracing::warn!(run = %place.run, error = %Chain(&error), "who waits for a call waits until its time is over");
        }
        self.parts.signals.publish(Signal::RunChanged(place.run));
    }
}
