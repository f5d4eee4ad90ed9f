//! Which runs may be leased, and by whom.

use simulay_model::{Change, Run, RunEnd, RunId};

use super::Subject;
use super::leases::{MOMENT, TIME};
use super::samples::run;

/// More than there are.
const ALL: usize = 100;

impl Subject {
    /// The runs that may be leased, at most so many of each flow.
    async fn claimable(&self, per_flow: usize) -> Vec<RunId> {
        let claimable = self.runs.claimable(per_flow).await.unwrap();
        claimable.into_iter().map(|claimable| claimable.run.id).collect()
    }

    /// Runs of one flow that were just accepted.
    async fn queued_of(&self, owner: &str, pipeline: &str, count: usize) -> Vec<RunId> {
        let mut runs = Vec::new();
        for _ in 0..count {
            let run = Run { owner: owner.parse().unwrap(), ..run(pipeline) };
            self.runs.create(run.clone(), None).await.unwrap();
            runs.push(run.id);
        }
        runs
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
    let claimable = subject.runs.claimable(ALL).await.unwrap();
    let told = claimable.into_iter().map(|claimable| (claimable.run.id, claimable.run.pipeline.to_string()));
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

/// Not a moment before the time of the lease is over.
pub async fn a_run_is_claimable_but_while_somebody_holds_it(subject: &Subject) {
    let (free, held) = (subject.queued().await, subject.queued().await);
    subject.lease(held, "a").await.unwrap();
    assert_eq!(subject.claimable(ALL).await, [free]);
    subject.clock.advance(TIME - MOMENT);
    assert_eq!(subject.claimable(ALL).await, [free]);
    subject.clock.advance(MOMENT);
    assert_eq!(subject.claimable(ALL).await, [free, held]);
    subject.lease(held, "b").await.unwrap();
    assert_eq!(subject.claimable(ALL).await, [free]);
}

/// Whether it waits or its holder is gone.
pub async fn who_may_claim_a_run_hears_that_its_end_is_asked_for(subject: &Subject) {
    let (quiet, asked) = (subject.queued().await, subject.queued().await);
    subject.change(asked, Change::CancelRequested).await;
    let claimable = subject.runs.claimable(ALL).await.unwrap();
    let told: Vec<_> =
        claimable.into_iter().map(|claimable| (claimable.run.id, claimable.cancel_requested)).collect();
    assert_eq!(told, [(quiet, false), (asked, true)]);
}

/// Its containers may be there: whoever holds it next knows at once.
pub async fn who_may_claim_a_run_hears_that_it_was_worked_on(subject: &Subject) {
    let (waits, worked_on) = (subject.queued().await, subject.queued().await);
    subject.change(worked_on, Change::Started).await;
    let claimable = subject.runs.claimable(ALL).await.unwrap();
    let told: Vec<_> = claimable.into_iter().map(|claimable| (claimable.run.id, claimable.running)).collect();
    assert_eq!(told, [(waits, false), (worked_on, true)]);
}

/// A flow is a pipeline of an owner. What is held or has ended takes no place.
pub async fn of_each_flow_the_oldest_that_are_free_are_claimable(subject: &Subject) {
    let many = subject.queued_of("ada", "heat", 5).await;
    let other_pipeline = subject.queued_of("ada", "beam", 1).await;
    let other_owner = subject.queued_of("bob", "heat", 3).await;
    let expected = [&many[..2], &other_pipeline, &other_owner[..2]].concat();
    assert_eq!(subject.claimable(2).await, expected);
    subject.lease(many[0], "a").await.unwrap();
    subject.change(many[2], Change::ended(RunEnd::Cancelled)).await;
    let expected = [&[many[1], many[3]], &other_pipeline[..], &other_owner[..2]].concat();
    assert_eq!(subject.claimable(2).await, expected);
}

/// Nor have they to wait until they are the oldest; they are as many at most.
pub async fn runs_whose_end_is_asked_for_take_no_place_of_others(subject: &Subject) {
    let runs = subject.queued_of("ada", "heat", 7).await;
    for asked in [1, 4, 5, 6] {
        subject.change(runs[asked], Change::CancelRequested).await;
    }
    assert_eq!(subject.claimable(2).await, [runs[0], runs[1], runs[2], runs[4]]);
    subject.change(runs[1], Change::ended(RunEnd::Cancelled)).await;
    assert_eq!(subject.claimable(2).await, [runs[0], runs[2], runs[4], runs[5]]);
}
