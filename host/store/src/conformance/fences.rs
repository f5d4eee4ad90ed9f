//! Whoever lost a run changes nothing of it any more.

use simulay_model::OwnerFilter::Any;
use simulay_model::{Change, Progress, RunEnd, RunId};

use super::Subject;
use super::leases::TIME;
use super::samples::logged;
use super::subject::effects;
use crate::{Lease, StoreError};

impl Subject {
    /// Has a change happen by who holds `fence`.
    async fn commit(&self, run: RunId, fence: Option<u64>, change: Change) -> Result<(), StoreError> {
        let effects = self.decide(run, change).await;
        self.runs.commit(run, fence, effects).await
    }
}

/// Not even when what it was decided on is past as well.
pub async fn an_old_fence_changes_nothing(subject: &Subject) {
    let run = subject.queued().await;
    let old = subject.lease(run, "a").await.unwrap();
    subject.clock.advance(TIME);
    let new = subject.lease(run, "b").await.unwrap();
    is_fenced(subject, run, old).await;
    subject.commit(run, Some(new.fence), Change::Started).await.unwrap();
    let late = subject.runs.commit(run, Some(old.fence), effects(&Progress::queued(), logged("late"))).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    let unleased = subject.runs.commit(run, None, effects(&Progress::queued(), logged("late"))).await;
    assert!(matches!(unleased, Err(StoreError::Stale)), "{unleased:?}");
    assert_eq!(subject.journal.events(&Any, run, 0, 10).await.unwrap().len(), 2);
}

/// Without waiting for his time to be over.
pub async fn an_owner_that_comes_again_fences_his_earlier_life(subject: &Subject) {
    let run = subject.queued().await;
    let before = subject.lease(run, "a").await.unwrap();
    let after = subject.lease(run, "a").await.unwrap();
    assert!(after.fence > before.fence);
    is_fenced(subject, run, before).await;
    subject.commit(run, Some(after.fence), Change::Started).await.unwrap();
}

/// A run that nobody leased has no fence.
pub async fn a_fence_that_nobody_gave_is_refused(subject: &Subject) {
    let run = subject.queued().await;
    is_fenced(subject, run, Lease { fence: 1, active: TIME }).await;
    assert_eq!(subject.runs.progress(run).await.unwrap(), Some(Progress::queued()));
}

/// Whoever held the run until its end hears of that.
pub async fn nothing_is_fenced_by_an_end(subject: &Subject) {
    let run = subject.queued().await;
    let lease = subject.lease(run, "a").await.unwrap();
    let late = subject.decide(run, logged("late")).await;
    subject.commit(run, Some(lease.fence), Change::ended(RunEnd::Cancelled)).await.unwrap();
    let refused = subject.runs.commit(run, Some(lease.fence), late).await;
    assert!(matches!(refused, Err(StoreError::Ended)), "{refused:?}");
}

async fn is_fenced(subject: &Subject, run: RunId, lease: Lease) {
    let refused = subject.commit(run, Some(lease.fence), Change::Started).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    let refused = subject.runs.renew_lease(run, lease, TIME).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
}
