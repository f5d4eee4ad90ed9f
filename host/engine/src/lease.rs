//! A run that this host leased. Every write carries the fence of the lease, so that a host that was
//! asleep for too long changes nothing any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use simulay_model::{
    AccountName, Chain, Change, Decision, Effects, OwnerFilter, Principal, Progress, RunEnd, RunError, RunId,
    UnfinishedRun,
};
use simulay_signals::Signal;
use simulay_store::{Durable, Lease, StoreError, durable_now};
use tokio::sync::{Mutex, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::active_time::ActiveTime;
use crate::{Parts, Settings, trace};

/// Of the first lease of a run.
const FIRST_FENCE: u64 = 1;

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
    /// A change did not become durable that others may have followed: whoever works on the run begins anew with what
    /// is stored.
    lost: Arc<AtomicBool>,
    /// Those that tell of what was stored once it is durable.
    telling: TaskTracker,
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
            telling: TaskTracker::new(),
        };
        Ok(lease.map(leased))
    }

    /// True when nobody worked on the run before.
    pub(crate) const fn is_first(&self) -> bool {
        self.fence == FIRST_FENCE
    }

    /// Takes it that the run is as it was accepted: should it have been changed since, the next write finds that.
    pub(crate) async fn expect_unchanged(&self) {
        *self.progress.lock().await = Some(Arc::new(Progress::queued()));
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
                    self.parts.signals.publish(Signal::RunEnded(self.run));
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
        let mut known = self.progress.lock().await;
        self.check()?;
        self.known(&mut known).await
    }

    /// Refuses whatever would follow a change that was lost.
    fn check(&self) -> Result<(), StoreError> {
        if self.lost.load(Ordering::Acquire) { Err(StoreError::Stale) } else { Ok(()) }
    }

    /// Decides on a change of the run and stores what follows.
    pub(crate) async fn apply(&self, change: Change) -> Result<(), StoreError> {
        self.apply_all(vec![change]).await
    }

    /// Decides on changes that follow each other, and stores all that follows or nothing.
    pub(crate) async fn apply_all(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store(changes, Commit::Awaited).await.map(drop)
    }

    /// As [`Self::apply_all`], in no haste: for what nobody acts upon outside the store before another change is stored.
    pub(crate) async fn apply_soon(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store(changes, Commit::Soon).await.map(drop)
    }

    /// As [`Self::apply`], for what somebody acts upon outside the store once it is durable, while other changes follow.
    pub(crate) async fn apply_ahead(&self, change: Change) -> Result<Stored, StoreError> {
        self.store(vec![change], Commit::Ahead).await
    }

    async fn store(&self, changes: Vec<Change>, how: Commit) -> Result<Stored, StoreError> {
        let mut known = self.progress.lock().await;
        loop {
            self.check()?;
            let progress = self.known(&mut known).await?;
            let effects = decide_all(&progress, self.parts.clock.now(), &changes)?;
            if effects.is_empty() {
                return Ok(Stored::before());
            }
            // Whatever comes of it, what was known is not what is stored.
            *known = None;
            match self.commit(effects.clone(), how).instrument(trace::commit(self.run)).await {
                Ok(durable) => {
                    let mut progress = Arc::unwrap_or_clone(progress);
                    effects.iter().for_each(|effects| progress.apply(effects));
                    if effects.iter().any(|effects| effects.step.is_some()) {
                        progress.shed_prints();
                    }
                    *known = Some(Arc::new(progress));
                    return Ok(self.tell_once(durable, effects));
                }
                // It may follow one that was lost.
                Err(StoreError::Stale) => self.settle().await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns once it is known what became of all that was stored.
    async fn settle(&self) {
        self.telling.close();
        self.telling.wait().await;
        self.telling.reopen();
    }

    async fn commit(&self, effects: Vec<Effects>, how: Commit) -> Result<Durable, StoreError> {
        let (runs, fence) = (&self.parts.runs, Some(self.fence));
        match how {
            Commit::Soon => runs.commit_soon(self.run, fence, effects).await,
            Commit::Ahead => runs.commit_ahead(self.run, fence, effects).await,
            Commit::Awaited => runs.commit_all(self.run, fence, effects).await.map(|()| durable_now()),
        }
    }

    /// Tells of what was stored once it is `durable`: who hears of it reads it.
    fn tell_once(&self, mut durable: Durable, effects: Vec<Effects>) -> Stored {
        let (parts, run, owner) = (self.parts.clone(), self.run, self.owner.clone());
        let (lost, (sender, receiver)) = (self.lost.clone(), oneshot::channel());
        let done = move |stored: Result<(), StoreError>| {
            match stored {
                Ok(()) => {
                    tell(&parts, run, &owner, &effects);
                    // Few wait for it.
                    let _ = sender.send(());
                }
                Err(error) => {
                    tracing::error!(%run, error = %Chain(&error), "a change of the run was not stored");
                    lost.store(true, Ordering::Release);
                }
            }
        };
        match (&mut durable).now_or_never() {
            Some(stored) => done(stored),
            None => drop(self.telling.spawn(async move { done(durable.await) })),
        }
        Stored(receiver)
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
        // Whoever reads sees what is durable.
        self.settle().await;
        self.check()?;
        let mut stored = self.parts.runs.progress(self.run).await?.ok_or(StoreError::NotFound)?;
        stored.shed_prints();
        Ok(known.insert(Arc::new(stored)).clone())
    }
}

/// When a change that is stored becomes durable.
#[derive(Debug, Clone, Copy)]
enum Commit {
    /// Before anything else is done.
    Awaited,
    /// At once, while other things are done.
    Ahead,
    /// With the next, or in a moment.
    Soon,
}

/// What was stored, and becomes durable.
pub(crate) struct Stored(oneshot::Receiver<()>);

impl Stored {
    /// What is durable by now.
    pub(crate) fn before() -> Self {
        let (sender, receiver) = oneshot::channel();
        let _ = sender.send(());
        Self(receiver)
    }

    /// Returns once it is durable. False when it was lost, which whoever stores the next change is told.
    pub(crate) async fn becomes_durable(self) -> bool {
        self.0.await.is_ok()
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
    let ended = effects.iter().any(Effects::is_end);
    parts.signals.publish(if ended { Signal::RunEnded(run) } else { Signal::RunChanged(run) });
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
