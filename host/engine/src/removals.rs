//! Removes the containers of a run whose calls have ended, while the run goes on.

use futures_util::stream::{self, StreamExt as _};
use simulay_model::{Chain, ContainerName, RunId};
use tokio::sync::mpsc;

use crate::lease::{RunLease, Stored};
use crate::reuse::{Flown, Reuse};

/// Containers that are removed at once. A step that ends more of its calls waits for them.
const AT_ONCE: usize = 16;

/// An attempt at a call, by step, index and number.
type AttemptAt = (u32, u32, u32);

/// An attempt whose end is stored, and becomes durable.
pub(crate) struct Ended {
    pub(crate) attempt: AttemptAt,
    pub(crate) stored: Stored,
    /// For what others may wait.
    pub(crate) flight: Option<Flown>,
}

/// Takes the containers that are to go, as long as it is there.
pub(crate) struct Removals(mpsc::Sender<Ended>);

/// The containers that are to go.
pub(crate) struct Removed(mpsc::Receiver<Ended>);

/// Both ends: for who ends calls, and for who removes their containers.
pub(crate) fn removals() -> (Removals, Removed) {
    let (sender, receiver) = mpsc::channel(AT_ONCE);
    (Removals(sender), Removed(receiver))
}

impl Removals {
    /// Has the container of an attempt removed once its end is durable.
    pub(crate) async fn add(&self, ended: Ended) {
        // Nobody takes them where a pass is given up, and its containers are left to the sweep.
        let _ = self.0.send(ended).await;
    }
}

impl Removed {
    /// Removes them until no more follow.
    pub(crate) async fn carry_out(self, lease: &RunLease, reuse: Reuse<'_>) {
        let ended = stream::unfold(self.0, async |mut receiver| Some((receiver.recv().await?, receiver)));
        ended.for_each_concurrent(AT_ONCE, |ended| ended.let_go(lease, reuse)).await;
    }
}

impl Ended {
    /// Once the end is durable, lets those go on who wait for it, and removes the container. Whoever works on the run next
    /// asks the container again whose end was lost.
    pub(crate) async fn let_go(self, lease: &RunLease, reuse: Reuse<'_>) {
        let is_durable = self.stored.becomes_durable().await;
        if let Some(flight) = self.flight {
            reuse.land(flight).await;
        }
        if is_durable {
            remove(lease, self.attempt).await;
        }
    }
}

/// Removes the container of an attempt at a call of the leased run. One that cannot be removed now is found by the
/// sweep.
pub(crate) async fn remove(lease: &RunLease, attempt: AttemptAt) {
    let name = name(lease.run, attempt);
    if let Err(error) = lease.parts.containers.remove(name, Some(lease.fence)).await {
        tracing::warn!(container = %name, error = %Chain(&error), "the container stays until the next sweep");
    }
}

/// What the container of an attempt is called.
pub(crate) const fn name(run: RunId, (step, call, attempt): AttemptAt) -> ContainerName {
    ContainerName { run, step, call, attempt }
}
