//! Waiting for whoever computes the same.

use simulay_model::{CallPlace, Digest};
use simulay_signals::{Heard, Subscription, Topic};
use simulay_store::{Offered, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Reuse;
use crate::events::LOOK;

impl Reuse<'_> {
    /// What came of the call at `leader`; none when it came to nothing, somebody else leads, the time is over or `stop`
    /// says so. Whoever waits holds no place of a container.
    pub(crate) async fn follow(
        &self,
        leader: CallPlace,
        key: Digest,
        until: Instant,
        stop: &CancellationToken,
    ) -> Result<Option<Offered>, StoreError> {
        let mut heard = self.parts.signals.subscribe(Topic::Run(leader.run));
        let flight = self.flight(key);
        while !stop.is_cancelled() && Instant::now() < until {
            heard.forget();
            // In this order: a result is stored before its leader lands.
            let leads = self.parts.reuse.leader(&flight).await? == Some(leader);
            if let Some(offered) = self.offered(key).await? {
                return Ok(Some(offered));
            }
            if !leads {
                return Ok(None);
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = tokio::time::sleep_until(until) => {}
                () = hint(&mut heard) => {}
            }
        }
        Ok(None)
    }
}

/// Returns when there may be something to see: a signal may be lost.
async fn hint(heard: &mut Subscription) {
    let looks = tokio::time::sleep(LOOK);
    tokio::pin!(looks);
    tokio::select! {
        () = &mut looks => {}
        hint = heard.next() => if hint == Heard::Closed { looks.await },
    }
}
