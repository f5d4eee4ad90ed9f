//! How many requests of a kind are at work at once; one more is told to come back. No address but this
//! machine's has more than half of the places.

use std::sync::Arc;

use futures_util::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Refusal;
use crate::shares::{Peer, Share, Shares};
use crate::wire::ProblemKind;

/// Places of one kind of request.
#[derive(Clone)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    shares: Shares,
    what: &'static str,
}

/// A place, free again when it is dropped.
pub(crate) struct Place {
    _place: OwnedSemaphorePermit,
    _share: Share,
}

impl Places {
    pub(crate) fn new(number: usize, what: &'static str) -> Self {
        Self { free: Arc::new(Semaphore::new(number)), shares: Shares::new(number.div_ceil(2)), what }
    }

    /// A place for a request of `peer`.
    pub(crate) fn take(&self, peer: Peer) -> Result<Place, Refusal> {
        let full = |whose| {
            Refusal::new(ProblemKind::RateLimited, format!("there are too many {}{whose}", self.what))
        };
        let share = self.shares.take(peer).ok_or_else(|| full(" of your address"))?;
        let place = self.free.clone().try_acquire_owned().map_err(|_| full(""))?;
        Ok(Place { _place: place, _share: share })
    }
}

/// `stream`, which has `place` for as long as it is.
pub(crate) fn holding<S: Stream>(place: Place, stream: S) -> impl Stream<Item = S::Item> {
    stream.inspect(move |_| {
        let _ = &place;
    })
}
