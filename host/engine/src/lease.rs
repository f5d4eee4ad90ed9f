//! A run that this host leased. Every write carries the fence of the lease, so that a host that was
//! asleep for too long changes nothing any more.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::ready;
use jiff::Timestamp;
use simulay_model::{
    AccountName, Chain, Change, Decision, Effects, OwnerFilter, Principal, Progress, RunEnd, RunError, RunId,
    UnfinishedRun,
};
use simulay_signals::Signal;
use simulay_store::{Durable, Lease, StoreError};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::active_time::ActiveTime;
use crate::{Parts, Settings, trace};

/// A run that this host leased.
pub(crate) struct RunLease {
    pub(crate) parts: Parts,
    pub(crate) run: RunId,
    owner: AccountName,
    /// Above those of all leases of the run before.
    pub(crate) fence: u64,
    time: Duration,
    /// For how long the run was active.
    pub(crate) active: ActiveTime,
    /// What is stored of the run, and changed by nobody else but who asks for its end; none after a write
    /// of which nobody knows whether it was stored.
    progress: Mutex<Option<Arc<Progress>>>,
    /// Why a change in no haste did not become durable.
    lost: Arc<parking_lot::Mutex<Option<StoreError>>>,
}

impl RunLease {
    /// `None` while another host has the run.
    pub(crate) async fn acquire(
        parts: &Parts,
        settings: &Settings,
        UnfinishedRun { id: run, owner, .. }: UnfinishedRun,
    ) -> Result<Option<Self>, StoreError> {
        let lease = parts.runs.acquire_lease(run, &settings.lease_holder, settings.lease).await?;
        let leased = |Lease { fence, active }| Self {
            parts: parts.clone(),
            run,
            owner,
            fence,
            time: settings.lease,
            active: ActiveTime::after(active),
            progress: Mutex::default(),
            lost: Arc::default(),
        };
        Ok(lease.map(leased))
    }

    /// Renews the lease until another has it or the run has ended. Cancels `stop` when the end of the run is asked for elsewhere.
    pub(crate) async fn keep(&self, stop: &CancellationToken) {
        loop {
            tokio::time::sleep(self.time / 3).await;
            let lease = Lease { fence: self.fence, active: self.active.total() };
            match self.parts.runs.renew_lease(self.run, lease, self.time).await {
                Ok(renewed) if renewed.cancel_requested => stop.cancel(),
                Ok(_) => {}
                Err(StoreError::Fenced) => return,
                Err(StoreError::Ended | StoreError::NotFound) => {
                    // Whoever stored the end may not have come to tell of it.
                    self.parts.signals.publish(Signal::RunChanged(self.run));
                    return;
                }
                // Whether anyone took the run meanwhile, the next write will tell.
                Err(error) => {
                    tracing::warn!(run = %self.run, error = %Chain(&error), "the lease is not renewed")
                }
            }
        }
    }

    /// Ends the lease, so that another process may have the run.
    pub(crate) async fn release(&self) -> Result<(), StoreError> {
        let lease = Lease { fence: self.fence, active: self.active.total() };
        self.parts.runs.renew_lease(self.run, lease, Duration::ZERO).await.map(drop)
    }

    /// What is stored of the run.
    pub(crate) async fn progress(&self) -> Result<Arc<Progress>, StoreError> {
        self.known(&mut *self.progress.lock().await).await
    }

    /// Decides on a change of the run and stores what follows.
    pub(crate) async fn apply(&self, change: Change) -> Result<(), StoreError> {
        self.apply_all(vec![change]).await
    }

    /// Decides on changes that follow each other, and stores all that follows or nothing.
    pub(crate) async fn apply_all(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store(changes, true).await
    }

    /// As [`Self::apply_all`], in no haste: for what nobody acts upon outside the store before another change is stored.
    pub(crate) async fn apply_soon(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store(changes, false).await
    }

    async fn store(&self, changes: Vec<Change>, in_haste: bool) -> Result<(), StoreError> {
        let mut known = self.progress.lock().await;
        loop {
            if let Some(lost) = self.lost.lock().take() {
                *known = None;
                return Err(lost);
            }
            let progress = self.known(&mut known).await?;
            let effects = decide_all(&progress, self.parts.clock.now(), &changes)?;
            if effects.is_empty() {
                return Ok(());
            }
            // Whatever comes of it, what was known is not what is stored.
            *known = None;
            match self.commit(effects.clone(), in_haste).instrument(trace::commit(self.run)).await {
                Ok(durable) => {
                    let mut progress = Arc::unwrap_or_clone(progress);
                    effects.iter().for_each(|effects| progress.apply(effects));
                    if effects.iter().any(|effects| effects.step.is_some()) {
                        progress.shed_prints();
                    }
                    *known = Some(Arc::new(progress));
                    self.tell_once(durable, effects);
                    return Ok(());
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn commit(&self, effects: Vec<Effects>, in_haste: bool) -> Result<Durable, StoreError> {
        let (runs, fence) = (&self.parts.runs, Some(self.fence));
        if !in_haste {
            return runs.commit_soon(self.run, fence, effects).await;
        }
        runs.commit_all(self.run, fence, effects).await.map(|()| ready(Ok(())).boxed())
    }

    /// Tells of what was stored once it is `durable`: who hears of it reads it.
    fn tell_once(&self, mut durable: Durable, effects: Vec<Effects>) {
        let (parts, run, owner) = (self.parts.clone(), self.run, self.owner.clone());
        let lost = self.lost.clone();
        let done = move |stored: Result<(), StoreError>| match stored {
            Ok(()) => tell(&parts, run, &owner, &effects),
            Err(error) => *lost.lock() = Some(error),
        };
        match (&mut durable).now_or_never() {
            Some(stored) => done(stored),
            None => drop(tokio::spawn(async move { done(durable.await) })),
        }
    }

    /// Ends the run as failed, though what happened to it may not be readable any more.
    pub(crate) async fn fail(&self, error: RunError) -> Result<(), StoreError> {
        let change = Change::ended(RunEnd::Failed(error));
        let this = (self.run, &self.owner);
        apply_by_head(&self.parts, &OwnerFilter::Any, this, Some(self.fence), change).await.map(drop)
    }

    async fn known(&self, known: &mut Option<Arc<Progress>>) -> Result<Arc<Progress>, StoreError> {
        if let Some(progress) = known {
            return Ok(progress.clone());
        }
        let mut stored = self.parts.runs.progress(self.run).await?.ok_or(StoreError::NotFound)?;
        stored.shed_prints();
        Ok(known.insert(Arc::new(stored)).clone())
    }
}

/// What follows from changes, each decided on what those before it left.
fn decide_all(progress: &Progress, at: Timestamp, changes: &[Change]) -> Result<Vec<Effects>, StoreError> {
    let Some((first, rest)) = changes.split_first() else { return Ok(Vec::new()) };
    let mut all = Vec::with_capacity(changes.len());
    let decide = |progress: &Progress, change: &Change| match progress.decide(at, change.clone())? {
        Decision::Commit(effects) => Ok(Some(*effects)),
        Decision::Unchanged => Ok::<_, StoreError>(None),
    };
    all.extend(decide(progress, first)?);
    if rest.is_empty() {
        return Ok(all);
    }
    // It may be large: only who looks ahead has one of his own.
    let mut ahead = progress.clone();
    all.iter().for_each(|effects| ahead.apply(effects));
    for change in rest {
        if let Some(effects) = decide(&ahead, change)? {
            ahead.apply(&effects);
            all.push(effects);
        }
    }
    Ok(all)
}

/// Stores a change of a run that the caller needs no lease for, and that no attempt is looked at for.
pub(crate) async fn apply_unleased(
    parts: &Parts,
    principal: &Principal,
    run: RunId,
    change: Change,
) -> Result<(), StoreError> {
    apply_by_head(parts, &principal.visible(), (run, &principal.account), None, change).await.map(drop)
}

/// As [`apply_unleased`], for the host itself. False when there was nothing to store.
pub(crate) async fn apply_unleased_for_any(
    parts: &Parts,
    run: (RunId, &AccountName),
    change: Change,
) -> Result<bool, StoreError> {
    apply_by_head(parts, &OwnerFilter::Any, run, None, change).await
}

async fn apply_by_head(
    parts: &Parts,
    filter: &OwnerFilter,
    (run, owner): (RunId, &AccountName),
    fence: Option<u64>,
    change: Change,
) -> Result<bool, StoreError> {
    loop {
        let progress = parts.runs.head(filter, run).await?.ok_or(StoreError::NotFound)?;
        let Decision::Commit(effects) = progress.decide(parts.clock.now(), change.clone())? else {
            return Ok(false);
        };
        match parts.runs.commit(run, fence, effects.clone()).instrument(trace::commit(run)).await {
            Ok(()) => {
                tell(parts, run, owner, std::slice::from_ref(&*effects));
                return Ok(true);
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Tells of what was stored: who follows the run, and who lists the runs of its owner.
fn tell(parts: &Parts, run: RunId, owner: &AccountName, effects: &[Effects]) {
    parts.signals.publish(Signal::RunChanged(run));
    if effects.iter().any(|effects| effects.head.is_some()) {
        parts.signals.publish(Signal::AccountChanged(owner.clone()));
    }
}

/// True for errors that waiting may mend.
pub(crate) const fn may_pass(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Full | StoreError::Unwritable(_) | StoreError::Unavailable(_) | StoreError::Failed(_)
    )
}
