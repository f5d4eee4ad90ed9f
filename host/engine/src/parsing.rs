//! How much is parsed at once: the tree of a document takes many times the room of its text.

use std::sync::Arc;

use simulay_model::Weight;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room is given in pieces of this many bytes.
const UNIT: u64 = 1024;

/// The room for trees.
#[derive(Clone)]
pub(crate) struct Parsing {
    room: Arc<Semaphore>,
    units: u32,
}

impl Parsing {
    /// Room for trees of `bytes` together.
    pub(crate) fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        // The most that a semaphore takes is more than any machine has.
        Self { room: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// Waits for room, which is free again when the permit is dropped. What weighs more than there is
    /// gets all. `None` never comes while the engine lives.
    pub(crate) async fn room(&self, weight: Weight) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(weight.0 as u64 / UNIT + 1).unwrap_or(u32::MAX).min(self.units);
        self.room.clone().acquire_many_owned(units).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_waits_and_what_never_fits_gets_all() {
        let parsing = Parsing::new(10 * UNIT);
        let small = parsing.room(Weight(4000)).now_or_never().flatten().unwrap();
        let other = parsing.room(Weight(4000)).now_or_never().flatten().unwrap();
        assert!(parsing.room(Weight(4000)).now_or_never().is_none());
        drop((small, other));
        let giant = parsing.room(Weight(usize::MAX)).await.unwrap();
        assert!(parsing.room(Weight(1)).now_or_never().is_none());
        drop(giant);
        assert!(parsing.room(Weight(1)).now_or_never().is_some());
    }
}
