//! What is done instead of starting a call, when an equal one was or is carried out.

use std::time::Duration;

use simulay_store::StoreError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Pending, Simulation};
use crate::EngineError;
use crate::reuse::{Departure, Instead};

impl Simulation<'_> {
    pub(super) fn departure(&self, pending: &Pending) -> Option<Departure<'_>> {
        let call = (pending.place(self.run.id), pending.key?.digest());
        let alone = pending.patience.is_some_and(|patience| patience <= Instant::now());
        let takes = pending.takes && self.reuse.takes();
        Some(Departure::new(self.reuse, call, (takes, alone), self.context.settings.lease))
    }

    /// For as long as the other may take, and a host that died may be missed.
    fn patience(&self, pending: &Pending) -> Duration {
        let settings = &self.context.settings;
        let longest = Duration::from_millis(pending.call.resources.timeout_ms).min(settings.max_run_time);
        longest.saturating_add(settings.lease.saturating_mul(2))
    }

    /// Does what is to be done instead of starting a call: true when that ended it.
    pub(super) async fn instead(
        &self,
        pending: &mut Pending,
        instead: Instead,
        stop: &CancellationToken,
    ) -> Result<bool, EngineError> {
        // Whoever follows them is told by those of the next try.
        pending.logs = None;
        let Some(key) = pending.key else { return Ok(false) };
        let offered = match instead {
            Instead::Take(offered) => Some(*offered),
            Instead::Follow(leader) => {
                let longest = self.patience(pending);
                let until = *pending.patience.get_or_insert_with(|| Instant::now() + longest);
                self.reuse.follow(leader, key.digest(), until, stop).await?
            }
        };
        let Some(offered) = offered else { return Ok(false) };
        let taken = self.reuse.taken(pending.place(self.run.id), &pending.call.name, offered);
        match self.lease.apply(taken).await {
            Ok(()) => Ok(true),
            // It was let go of meanwhile.
            Err(StoreError::NotOffered) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
