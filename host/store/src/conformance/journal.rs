//! What happened to runs, read back.

use simulay_model::OwnerFilter::Any;
use simulay_model::{ArtifactKind, AskedCall, CallEnd, Change, Event, EventData, RunEnd, RunId};

use super::Subject;
use super::samples::{broken, call, ended, error, logged, now, plan, planned, report, result, started};
use super::subject::apply;

/// Of every kind, with its number, its time and its data.
pub async fn every_kind_of_event_reads_back(subject: &Subject) {
    let run = subject.queued().await;
    let mut told = Vec::new();
    for change in [
        Change::Started,
        planned(0, 2),
        started(0, 0, 0),
        ended(0, 0, 0, u64::from(u32::MAX) + 1),
        broken(0, 1, 0),
        logged("two\nlines, \u{1f600}"),
        Change::ended(RunEnd::Succeeded(report())),
    ] {
        told.push(subject.change(run, change).await);
    }
    assert_eq!(subject.journal.events(&Any, run, 1, 100).await.unwrap(), told);
    for end in [RunEnd::Failed(error()), RunEnd::TimedOut(error())] {
        every_end_reads_back(subject, Change::ended(end)).await;
    }
}

/// An end after the end was asked for, and one that was not.
async fn every_end_reads_back(subject: &Subject, end: Change) {
    let run = subject.running(0).await;
    let told = subject.change(run, end).await;
    assert_eq!(subject.journal.events(&Any, run, 3, 100).await.unwrap(), [told]);
    let (run, at) = (subject.queued().await, now());
    let asked = apply(&*subject.runs, run, None, at, Change::CancelRequested).await.unwrap();
    assert_eq!(asked, Event { run, sequence: 2, at, data: EventData::CancelRequested });
    let end = subject.decide(run, Change::ended(RunEnd::Cancelled)).await;
    let told = Event { run, sequence: 3, at: end.at, data: end.event.clone() };
    subject.runs.commit(run, None, end).await.unwrap();
    assert_eq!(subject.journal.events(&Any, run, 1, 100).await.unwrap(), [asked, told]);
}

/// From any event on, and no more than were asked for.
pub async fn events_are_read_in_pages(subject: &Subject) {
    let run = subject.running(1).await;
    let sequences = async |after, limit| {
        let events = subject.journal.events(&Any, run, after, limit).await.unwrap();
        events.into_iter().map(|event| event.sequence).collect::<Vec<_>>()
    };
    assert_eq!(sequences(0, 2).await, [1, 2]);
    assert_eq!(sequences(2, 2).await, [3]);
    assert!(sequences(3, 2).await.is_empty());
    assert!(sequences(u64::MAX, 2).await.is_empty());
}

/// Inputs, then what calls left in the order of their ends: outputs, standard output, standard error.
pub async fn artifacts_come_in_the_order_they_came(subject: &Subject) {
    let run = subject.running(2).await;
    for call in [1, 0] {
        subject.change(run, ended(0, call, 0, 1)).await;
    }
    let artifacts = subject.journal.artifacts(&Any, run).await.unwrap();
    let told: Vec<_> = artifacts.iter().map(|entry| (entry.kind, entry.origin)).collect();
    let left = |place| {
        [ArtifactKind::Output, ArtifactKind::Stdout, ArtifactKind::Stderr]
            .map(|kind| (kind, Some((0, place))))
    };
    assert_eq!(told, [vec![(ArtifactKind::Input, None)], left(1).to_vec(), left(0).to_vec()].concat());
    assert_eq!(artifacts[1].artifact, result(1).outputs[0]);
    assert_eq!(Some(&artifacts[6].artifact), result(1).stderr_log.as_ref());
}

/// By step and place, with what they ask for and what came of it.
pub async fn calls_are_told_with_their_newest_attempt(subject: &Subject) {
    let run = subject.running(3).await;
    for change in [started(0, 1, 0), started(0, 1, 1), ended(0, 1, 1, 9), broken(0, 2, 0), planned(1, 1)] {
        subject.change(run, change).await;
    }
    let calls = subject.journal.calls(&Any, run).await.unwrap();
    let places: Vec<_> = calls.iter().map(|it| (it.step, it.index, it.attempt, it.started)).collect();
    assert_eq!(places, [(0, 0, 0, false), (0, 1, 1, true), (0, 2, 0, false), (1, 0, 0, false)]);
    assert_eq!(calls[1].call, AskedCall::from(&call("call-1")));
    assert_eq!(subject.journal.call(&Any, run, 0, 1).await.unwrap().as_ref(), Some(&calls[1]));
    assert_eq!(subject.journal.call(&Any, run, 0, 3).await.unwrap(), None);
    let ends: Vec<_> = calls.into_iter().map(|call| call.end).collect();
    assert_eq!(ends, [None, Some(CallEnd::Result(result(9))), Some(CallEnd::Error(error())), None]);
}

/// With the bytes of their files.
pub async fn plans_read_back(subject: &Subject) {
    let run = subject.running(2).await;
    subject.change(run, planned(1, 0)).await;
    assert_eq!(subject.journal.step(run, 0).await.unwrap(), Some(plan(2)));
    assert_eq!(subject.journal.step(run, 1).await.unwrap(), Some(plan(0)));
    assert_eq!(subject.journal.step(run, 2).await.unwrap(), None);
}

/// It is no error to ask.
pub async fn a_run_that_is_not_there_has_an_empty_journal(subject: &Subject) {
    let run = RunId::generate();
    assert_eq!(subject.journal.calls(&Any, run).await.unwrap(), []);
    assert_eq!(subject.journal.call(&Any, run, 0, 0).await.unwrap(), None);
    assert_eq!(subject.journal.artifacts(&Any, run).await.unwrap(), []);
    assert_eq!(subject.journal.events(&Any, run, 0, 10).await.unwrap(), []);
    assert_eq!(subject.journal.step(run, 0).await.unwrap(), None);
}
