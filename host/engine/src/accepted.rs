//! Runs that were accepted, until they are durable.

use std::sync::Arc;

use simulay_model::{Run, UnfinishedRun};
use simulay_signals::Signal;
use simulay_store::{Claim, Durable, StoreError};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::fresh::FreshRun;
use crate::repeat::AtWork;
use crate::shared::Shared;
use crate::unfinished::Accepting;
use crate::{EngineError, trace};

/// A run that was accepted. Dropped before it is durable, it becomes so all the same.
pub struct Accepted {
    /// The run.
    pub run: Run,
    /// The same was asked for before.
    pub is_known: bool,
    /// None once it is durable.
    storing: Option<JoinHandle<Result<(), StoreError>>>,
}

/// What counts the run as at work until it is durable.
pub(crate) type Counted = (Accepting, Option<AtWork>);

impl Accepted {
    /// A run that was asked for before.
    pub(crate) const fn before(run: Run) -> Self {
        Self { run, is_known: true, storing: None }
    }

    /// The run, once it is durable.
    ///
    /// # Errors
    /// When the store lost it: it was never accepted then.
    pub async fn stored(self) -> Result<Run, EngineError> {
        if let Some(storing) = self.storing {
            storing.await.map_err(EngineError::broken)??;
        }
        Ok(self.run)
    }
}

/// Stores a run and has it worked on.
pub(crate) async fn store(
    shared: &Shared,
    fresh: FreshRun,
    claim: Option<Claim>,
    _counted: Counted,
) -> Result<Accepted, EngineError> {
    let run = fresh.run.clone();
    let quotas = shared.quotas.of(&run.owner).await?;
    let creating = shared.parts.runs.create_within(run.clone(), claim, &quotas);
    creating.instrument(trace::create(run.id)).await?;
    shared.fresh.keep(fresh);
    queued(shared, &run);
    changed(shared, &run);
    Ok(Accepted { run, is_known: false, storing: None })
}

/// As [`store`], for who waits for the end of the run: it is worked on before it is durable.
pub(crate) async fn store_soon(
    shared: &Arc<Shared>,
    fresh: FreshRun,
    claim: Option<Claim>,
    counted: Counted,
) -> Result<Accepted, EngineError> {
    let (run, create) = (fresh.run.clone(), trace::create(fresh.run.id));
    let quotas = shared.quotas.of(&run.owner).await?;
    let creating = shared.parts.runs.create_soon(run.clone(), claim, &quotas);
    let durable = creating.instrument(create.clone()).await?;
    let is_kept = shared.fresh.keep(fresh);
    // Who works on what is kept reads nothing of it.
    if is_kept {
        queued(shared, &run);
    }
    let storing = become_durable(shared.clone(), run.clone(), durable, is_kept, counted);
    let storing = shared.tasks.spawn(storing.instrument(create));
    Ok(Accepted { run, is_known: false, storing: Some(storing) })
}

async fn become_durable(
    shared: Arc<Shared>,
    run: Run,
    durable: Durable,
    is_queued: bool,
    _counted: Counted,
) -> Result<(), StoreError> {
    durable.await?;
    if !is_queued {
        queued(&shared, &run);
    }
    changed(&shared, &run);
    Ok(())
}

fn queued(shared: &Shared, run: &Run) {
    shared.parts.signals.publish(Signal::RunQueued(UnfinishedRun::from(run)));
}

fn changed(shared: &Shared, run: &Run) {
    shared.parts.signals.publish(Signal::AccountChanged(run.owner.clone()));
}
