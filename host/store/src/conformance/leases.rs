//! Who works on a run, and until when.

use std::time::Duration;

use simulay_model::{Change, RunEnd, RunId};

use super::Subject;
use crate::{Lease, StoreError};

/// For how long the suite leases a run.
pub(super) const TIME: Duration = Duration::from_secs(30);
/// The least time that a clock tells apart.
pub(super) const MOMENT: Duration = Duration::from_millis(1);

impl Subject {
    /// Leases a run to `owner`, if it is free.
    pub(super) async fn lease(&self, run: RunId, owner: &str) -> Option<Lease> {
        self.runs.acquire_lease(run, owner, TIME).await.unwrap()
    }
}

/// Not a moment less, and not a moment more.
pub async fn a_run_is_held_by_one_until_his_time_is_over(subject: &Subject) {
    let run = subject.queued().await;
    let first = subject.lease(run, "a").await.unwrap();
    assert_eq!(subject.lease(run, "b").await, None);
    subject.clock.advance(TIME - MOMENT);
    assert_eq!(subject.lease(run, "b").await, None);
    subject.clock.advance(MOMENT);
    assert!(subject.lease(run, "b").await.unwrap().fence > first.fence);
    assert_eq!(subject.lease(run, "a").await, None);
}

/// Whoever leases the run next is told of that time.
pub async fn who_renews_keeps_the_run_and_the_time_it_was_active(subject: &Subject) {
    let run = subject.queued().await;
    let mut lease = subject.lease(run, "a").await.unwrap();
    assert_eq!(lease.active, Duration::ZERO);
    for _ in 0..5 {
        subject.clock.advance(TIME / 2);
        lease.active += TIME / 2;
        subject.runs.renew_lease(run, lease, TIME).await.unwrap();
    }
    assert_eq!(subject.lease(run, "b").await, None);
    subject.clock.advance(TIME);
    assert_eq!(subject.lease(run, "b").await.unwrap().active, TIME / 2 * 5);
}

/// A deadline alone takes nothing from anybody.
pub async fn who_is_late_keeps_what_nobody_took(subject: &Subject) {
    let run = subject.queued().await;
    let lease = subject.lease(run, "a").await.unwrap();
    subject.clock.advance(TIME * 2);
    subject.runs.renew_lease(run, lease, TIME).await.unwrap();
    assert_eq!(subject.lease(run, "b").await, None);
}

/// Anyone may ask.
pub async fn who_holds_the_run_hears_that_its_end_is_asked_for(subject: &Subject) {
    let run = subject.queued().await;
    let lease = subject.lease(run, "a").await.unwrap();
    assert!(!subject.runs.renew_lease(run, lease, TIME).await.unwrap().cancel_requested);
    subject.change(run, Change::CancelRequested).await;
    assert!(subject.runs.renew_lease(run, lease, TIME).await.unwrap().cancel_requested);
}

/// It is neither leased nor renewed any more.
pub async fn what_has_ended_is_held_by_nobody(subject: &Subject) {
    let run = subject.queued().await;
    let lease = subject.lease(run, "a").await.unwrap();
    subject.change(run, Change::ended(RunEnd::Cancelled)).await;
    for owner in ["a", "b"] {
        let refused = subject.runs.acquire_lease(run, owner, TIME).await;
        assert!(matches!(refused, Err(StoreError::Ended)), "{refused:?}");
    }
    let refused = subject.runs.renew_lease(run, lease, TIME).await;
    assert!(matches!(refused, Err(StoreError::Ended)), "{refused:?}");
}

/// Nor renewed.
pub async fn what_is_not_there_is_not_leased(subject: &Subject) {
    let run = RunId::generate();
    let refused = subject.runs.acquire_lease(run, "a", TIME).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    let lease = Lease { fence: 1, active: Duration::ZERO };
    let refused = subject.runs.renew_lease(run, lease, TIME).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
}
