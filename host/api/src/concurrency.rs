//! How many requests of a kind are at work at once; one more is told to come back. No address but this
//! machine's has more than half of the permits.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::address_limit::{AddressLimit, AddressPermit, Peer};
use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// How many requests of one kind are at work at once.
#[derive(Clone)]
pub(crate) struct ConcurrencyLimit {
    free: Arc<Semaphore>,
    shares: AddressLimit,
    what: &'static str,
    setting: Option<&'static str>,
}

/// The right to be at work; given back when it is dropped.
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
    _share: AddressPermit,
}

impl ConcurrencyLimit {
    pub(crate) fn new(number: usize, what: &'static str) -> Self {
        let (free, shares) = (Arc::new(Semaphore::new(number)), AddressLimit::new(number.div_ceil(2)));
        Self { free, shares, what, setting: None }
    }

    /// The same permits, whose number `setting` says.
    pub(crate) fn set_by(self, setting: &'static str) -> Self {
        Self { setting: Some(setting), ..self }
    }

    /// A permit for a request of `peer`.
    pub(crate) fn take(&self, peer: Peer) -> Result<Permit, Refusal> {
        let share = self.share(peer)?;
        let permit = self.free.clone().try_acquire_owned().map_err(|_| self.full(""))?;
        Ok(Permit { _permit: permit, _share: share })
    }

    /// As [`ConcurrencyLimit::take`], but waits for a permit up to `time`.
    pub(crate) async fn wait(&self, peer: Peer, time: Duration) -> Result<Permit, Refusal> {
        let share = self.share(peer)?;
        let free = tokio::time::timeout(time, self.free.clone().acquire_owned()).await;
        let permit = free.ok().and_then(Result::ok).ok_or_else(|| self.full(""))?;
        Ok(Permit { _permit: permit, _share: share })
    }

    fn share(&self, peer: Peer) -> Result<AddressPermit, Refusal> {
        self.shares.take(peer).ok_or_else(|| self.full(" of your address, which has half at most"))
    }

    fn full(&self, whose: &str) -> Refusal {
        let setting = self.setting.map(|setting| format!("; the setting is `{setting}`"));
        let detail = format!("there are too many {}{whose}{}", self.what, setting.unwrap_or_default());
        Refusal::new(ProblemKind::RateLimited, detail)
    }
}

/// `stream`, which has `permit` for as long as it is.
pub(crate) fn holding<S: Stream>(permit: Permit, stream: S) -> impl Stream<Item = S::Item> {
    stream.inspect(move |_| {
        let _ = &permit;
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn who_is_refused_is_told_by_what_and_whose_places_are_full() {
        let limit = ConcurrencyLimit::new(3, "downloads").set_by("server.max_downloads");
        let of = |last| limit.take(Peer::new(Ipv4Addr::new(10, 0, 0, last).into()));
        let refused = |taken: Result<Permit, Refusal>| format!("{:?}", taken.err());
        let _two = (of(1).unwrap(), of(1).unwrap());
        let told = refused(of(1));
        assert!(told.contains("which has half at most; the setting is `server.max_downloads`"), "{told}");
        let _third = of(2).unwrap();
        let told = refused(of(2));
        assert!(told.contains("there are too many downloads; the setting"), "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_next_place_or_is_told() {
        let limit = ConcurrencyLimit::new(1, "bodies");
        let here = Peer::new(Ipv4Addr::LOCALHOST.into());
        let first = limit.wait(here, Duration::from_secs(1)).await.unwrap();
        assert!(limit.wait(here, Duration::from_secs(1)).await.is_err());
        let (second, ()) = tokio::join!(limit.wait(here, Duration::from_secs(1)), async { drop(first) });
        assert!(second.is_ok());
    }
}
