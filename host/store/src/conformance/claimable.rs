//! Which runs may be leased, and by whom.

use simulay_model::{Change, RunEnd, RunId};

use super::Subject;
use super::leases::{MOMENT, TIME};
use super::samples::run;

impl Subject {
    /// The runs that `holder` may lease.
    async fn claimable(&self, holder: &str) -> Vec<RunId> {
        let claimable = self.runs.claimable(holder).await.unwrap();
        claimable.into_iter().map(|claimable| claimable.run.id).collect()
    }
}

/// Queued and running, with their pipelines.
pub async fn runs_to_claim_go_from_the_oldest_and_leave_out_what_has_ended(subject: &Subject) {
    let mut expected = Vec::new();
    for pipeline in ["heat", "beam", "heat", "beam"] {
        let run = run(pipeline);
        subject.runs.create(run.clone(), None).await.unwrap();
        expected.push((run.id, pipeline.to_owned()));
    }
    subject.change(expected[3].0, Change::Started).await;
    subject.change(expected[1].0, Change::ended(RunEnd::Cancelled)).await;
    expected.remove(1);
    let claimable = subject.runs.claimable("a").await.unwrap();
    let told = claimable.into_iter().map(|claimable| (claimable.run.id, claimable.run.pipeline.to_string()));
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

/// His own he may take again; that of another not a moment before its time is over.
pub async fn a_run_is_claimable_but_while_another_holds_it(subject: &Subject) {
    let (free, held) = (subject.queued().await, subject.queued().await);
    subject.lease(held, "a").await.unwrap();
    assert_eq!(subject.claimable("a").await, [free, held]);
    assert_eq!(subject.claimable("b").await, [free]);
    subject.clock.advance(TIME - MOMENT);
    assert_eq!(subject.claimable("b").await, [free]);
    subject.clock.advance(MOMENT);
    assert_eq!(subject.claimable("b").await, [free, held]);
    subject.lease(held, "b").await.unwrap();
    assert_eq!(subject.claimable("a").await, [free]);
}

/// Whether it waits or its holder is gone.
pub async fn who_may_claim_a_run_hears_that_its_end_is_asked_for(subject: &Subject) {
    let (quiet, asked) = (subject.queued().await, subject.queued().await);
    subject.change(asked, Change::CancelRequested).await;
    let claimable = subject.runs.claimable("a").await.unwrap();
    let told: Vec<_> =
        claimable.into_iter().map(|claimable| (claimable.run.id, claimable.cancel_requested)).collect();
    assert_eq!(told, [(quiet, false), (asked, true)]);
}
