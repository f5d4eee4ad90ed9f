//! How many requests of a kind are at work at once; one more is told to come back.

use std::sync::Arc;

use futures_util::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// Places of one kind of request.
#[derive(Clone)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    what: &'static str,
}

impl Places {
    pub(crate) fn new(number: usize, what: &'static str) -> Self {
        Self { free: Arc::new(Semaphore::new(number)), what }
    }

    /// A place, free again when it is dropped.
    pub(crate) fn take(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let full = |_| Refusal::new(ProblemKind::RateLimited, format!("there are too many {}", self.what));
        self.free.clone().try_acquire_owned().map_err(full)
    }
}

/// `stream`, which has `place` for as long as it is.
pub(crate) fn holding<S: Stream>(place: OwnedSemaphorePermit, stream: S) -> impl Stream<Item = S::Item> {
    stream.inspect(move |_| {
        let _ = &place;
    })
}
