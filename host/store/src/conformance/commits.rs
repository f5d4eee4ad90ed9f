//! What was decided is stored whole, once, and only on what it was decided on.

use futures_util::future::join_all;
use simulay_model::OwnerFilter::Any;
use simulay_model::{ArtifactKind, Change, Progress, RunArtifact, RunEnd, RunId, RunState, RunSummary};

use super::Subject;
use super::samples::{artifact, broken, ended, error, logged, now, planned, report, started};
use super::subject::{apply, effects};
use crate::StoreError;

/// A life with every kind of change, up to its end.
fn life() -> Vec<Change> {
    vec![
        Change::Started,
        planned(0, 2),
        started(0, 0, 0),
        started(0, 1, 0),
        started(0, 1, 1),
        ended(0, 1, 1, 9),
        broken(0, 0, 0),
        logged("ü"),
        planned(1, 1),
        ended(1, 0, 0, 1),
        Change::CancelRequested,
        Change::ended(RunEnd::Cancelled),
    ]
}

/// Who applies what he committed knows what the store knows.
pub async fn progress_is_what_was_committed(subject: &Subject) {
    let (run, mut known) = (subject.queued().await, Progress::queued());
    for change in life() {
        let effects = effects(&known, change);
        known.apply(&effects);
        subject.runs.commit(run, None, effects).await.unwrap();
        assert_eq!(subject.runs.progress(run).await.unwrap().as_ref(), Some(&known));
    }
}

/// What follows is decided on it, before it is durable and after.
pub async fn what_is_in_no_haste_stands_before_what_follows(subject: &Subject) {
    let (run, mut known) = (subject.queued().await, Progress::queued());
    let first = effects(&known, Change::Started);
    known.apply(&first);
    let stale = first.clone();
    let durable = subject.runs.commit_soon(run, None, vec![*first]).await.unwrap();
    let refused = subject.runs.commit_soon(run, None, vec![*stale]).await;
    assert!(matches!(refused.err(), Some(StoreError::Stale)));
    let next = effects(&known, planned(0, 1));
    known.apply(&next);
    let last = effects(&known, logged("in haste"));
    drop(subject.runs.commit_soon(run, None, vec![*next]).await.unwrap());
    subject.runs.commit(run, None, last.clone()).await.unwrap();
    durable.await.unwrap();
    known.apply(&last);
    assert_eq!(subject.runs.progress(run).await.unwrap(), Some(known));
    assert_eq!(subject.journal.events(&Any, run, 0, 10).await.unwrap().len(), 4);
    let read = subject.runs.get(&Any, run).await.unwrap().unwrap();
    assert_eq!((read.state, read.steps), (RunState::Running, 1));
}

/// What follows is decided on it before it is durable, which it becomes without another.
pub async fn what_is_answered_ahead_becomes_durable_by_itself(subject: &Subject) {
    let (run, mut known) = (subject.queued().await, Progress::queued());
    let first = effects(&known, Change::Started);
    known.apply(&first);
    let stale = first.clone();
    let durable = subject.runs.commit_ahead(run, None, vec![*first]).await.unwrap();
    let refused = subject.runs.commit_ahead(run, None, vec![*stale]).await;
    assert!(matches!(refused.err(), Some(StoreError::Stale)));
    durable.await.unwrap();
    assert_eq!(subject.runs.progress(run).await.unwrap(), Some(known));
}

/// The run says where it is and since when.
pub async fn a_run_reads_back_as_it_went(subject: &Subject) {
    let run = subject.queued().await;
    let begun = subject.change(run, Change::Started).await.at;
    subject.change(run, planned(0, 1)).await;
    let read = subject.runs.get(&Any, run).await.unwrap().unwrap();
    assert_eq!((read.state, read.steps, read.started_at), (RunState::Running, 1, Some(begun)));
    assert!(!read.cancel_requested);
    subject.change(run, Change::CancelRequested).await;
    let read = subject.runs.get(&Any, run).await.unwrap().unwrap();
    assert_eq!((read.state, read.cancel_requested, read.ended_at), (RunState::Running, true, None));
    assert_eq!(subject.runs.summary(&Any, run).await.unwrap(), Some(RunSummary::from(&read)));
}

/// With its report and the files it keeps, or with its error.
pub async fn every_end_reads_back(subject: &Subject) {
    let kept = artifact("plot.svg", b"<svg/>");
    for end in
        [RunEnd::Succeeded(report()), RunEnd::Failed(error()), RunEnd::TimedOut(error()), RunEnd::Cancelled]
    {
        let run = subject.running(0).await;
        let change = Change::Ended { end: end.clone(), kept: vec![kept.clone()] };
        let at = subject.change(run, change).await.at;
        let read = subject.runs.get(&Any, run).await.unwrap().unwrap();
        assert_eq!((read.state, read.ended_at), (end.state(), Some(at)));
        assert_eq!(subject.runs.summary(&Any, run).await.unwrap(), Some(RunSummary::from(&read)));
        match end {
            RunEnd::Succeeded(report) => assert_eq!((read.report, read.error), (Some(report), None)),
            RunEnd::Failed(error) | RunEnd::TimedOut(error) => {
                assert_eq!((read.report, read.error), (None, Some(error)));
            }
            RunEnd::Cancelled => assert_eq!((read.report, read.error), (None, None)),
        }
        let last = subject.journal.artifacts(&Any, run).await.unwrap().pop();
        let told = RunArtifact { kind: ArtifactKind::Kept, origin: None, artifact: kept.clone() };
        assert_eq!(last, Some(told));
    }
    assert_eq!(subject.runs.claimable(10).await.unwrap(), []);
}

/// Nothing of it is stored.
pub async fn what_was_decided_on_less_is_stale(subject: &Subject) {
    let run = subject.running(1).await;
    let early = subject.decide(run, ended_with_files()).await;
    let planned = subject.decide(run, planned(1, 1)).await;
    subject.change(run, logged("first")).await;
    let before = subject.runs.progress(run).await.unwrap();
    for stale in [early.clone(), planned] {
        let refused = subject.runs.commit(run, None, stale).await;
        assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    }
    assert_eq!(subject.runs.progress(run).await.unwrap(), before);
    assert_eq!(subject.journal.events(&Any, run, 0, 10).await.unwrap().len(), 4);
    assert_eq!(subject.journal.artifacts(&Any, run).await.unwrap().len(), 1, "the input");
    assert_eq!(subject.journal.step(run, 1).await.unwrap(), None);
    subject.change(run, Change::ended(RunEnd::Cancelled)).await;
    let refused = subject.runs.commit(run, None, early).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    assert_eq!(subject.runs.get(&Any, run).await.unwrap().unwrap().state, RunState::Cancelled);
}

fn ended_with_files() -> Change {
    Change::Ended { end: RunEnd::Succeeded(report()), kept: vec![artifact("plot.svg", b"<svg/>")] }
}

/// Whoever applied what was never stored is not believed.
pub async fn what_was_decided_on_more_is_stale(subject: &Subject) {
    let (run, mut ahead) = (subject.queued().await, Progress::queued());
    ahead.apply(&effects(&ahead, Change::Started));
    let refused = subject.runs.commit(run, None, effects(&ahead, logged("early"))).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    assert_eq!(subject.runs.progress(run).await.unwrap(), Some(Progress::queued()));
    assert_eq!(subject.journal.events(&Any, run, 1, 10).await.unwrap(), []);
}

/// The others hear that they are stale.
pub async fn of_many_who_decide_at_once_one_commits(subject: &Subject) {
    let run = subject.running(1).await;
    let progress = subject.runs.progress(run).await.unwrap().unwrap();
    let commits = (0..10).map(|number| {
        let effects = effects(&progress, logged(&number.to_string()));
        subject.runs.commit(run, None, effects)
    });
    let answers = join_all(commits).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    let stale = |answer: &&Result<(), StoreError>| matches!(answer, Err(StoreError::Stale));
    assert_eq!(answers.iter().filter(stale).count(), 9, "{answers:?}");
    assert_eq!(subject.journal.events(&Any, run, 3, 10).await.unwrap().len(), 1);
}

/// Each writer is told his own event, and all are there.
pub async fn events_have_no_gaps_however_many_write(subject: &Subject) {
    let runs = [subject.queued().await, subject.queued().await];
    let writers = (0..40_usize)
        .map(|number| apply(&*subject.runs, runs[number % 2], None, now(), logged(&number.to_string())));
    let mut told: Vec<_> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
    told.sort_by_key(|event| (event.run, event.sequence));
    for run in runs {
        let events = subject.journal.events(&Any, run, 1, 100).await.unwrap();
        let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (2..=21).collect::<Vec<_>>());
        let told: Vec<_> = told.iter().filter(|event| event.run == run).cloned().collect();
        assert_eq!(told, events);
    }
}

/// Whoever holds a fence, too.
pub async fn a_change_without_a_run_is_refused(subject: &Subject) {
    for fence in [None, Some(1)] {
        let effects = effects(&Progress::queued(), Change::Started);
        let refused = subject.runs.commit(RunId::generate(), fence, effects).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
}
