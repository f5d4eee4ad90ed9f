//! Runs and their changes.

use futures_util::future::join_all;
use simulay_model::{
    ArtifactKind, CallEnd, Change, ErrorKind, LogLevel, RunEnd, RunError, RunId, RunState, Stage,
};
use simulay_store::{Journal as _, RunQuery, Runs as _, StoreError};

use crate::samples::{House, artifact, change_of, ended, now, planned, report, result, run, started};

fn logged(message: String) -> Change {
    Change::Logged { stage: Stage::Simulate, level: LogLevel::Info, message }
}

fn error() -> RunError {
    RunError::new(ErrorKind::ContainerOom, "too little memory").at("memory_mib")
}

fn is_conflict<T>(answer: Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Conflict(_)))
}

#[tokio::test]
async fn an_accepted_run_reads_back_bit_by_bit() {
    let house = House::new();
    let run = run("heat");
    house.records.create(run.clone(), None).await.unwrap();
    assert!(matches!(house.records.create(run.clone(), None).await, Err(StoreError::RunExists)));
    let house = house.reopen();
    assert_eq!(house.records.get(run.id).await.unwrap(), Some(run.clone()));
    assert_eq!(house.records.get(RunId::generate()).await.unwrap(), None);
    let events = house.records.events(run.id, 0, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].sequence, events[0].data.kind()), (1, "run.queued"));
    let artifacts = house.records.artifacts(run.id).await.unwrap();
    assert_eq!(artifacts.len(), 1);
    assert_eq!((artifacts[0].kind, artifacts[0].origin), (ArtifactKind::Input, None));
    assert_eq!(artifacts[0].artifact, run.request.inputs[0]);
}

#[tokio::test]
async fn a_run_lives_from_queued_to_succeeded() {
    let house = House::new();
    let id = house.running(1).await;
    house.apply(id, started(0, 0, 0)).await.unwrap();
    house.apply(id, ended(0, 0, 0, 5)).await.unwrap();
    let (report, plot, at) = (report(), artifact("plot.svg", b"<svg/>"), now());
    let end = Change::Ended { end: RunEnd::Succeeded(report.clone()), kept: vec![plot.clone()] };
    change_of(&house.records, id, None, at, end).await.unwrap();
    let house = house.reopen();
    let run = house.records.get(id).await.unwrap().unwrap();
    assert_eq!((run.state, run.steps, run.ended_at), (RunState::Succeeded, 1, Some(at)));
    assert_eq!((run.report, run.error), (Some(report), None));
    let kept = house.records.artifacts(id).await.unwrap().pop().unwrap();
    assert_eq!((kept.kind, kept.origin, kept.artifact), (ArtifactKind::Kept, None, plot));
    assert!(house.records.unfinished().await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_follows_the_end() {
    let house = House::new();
    for end in [RunEnd::Cancelled, RunEnd::Failed(error()), RunEnd::TimedOut(error())] {
        let id = house.running(1).await;
        house.apply(id, Change::ended(end.clone())).await.unwrap();
        let last = house.records.events(id, 0, 100).await.unwrap().pop().unwrap();
        for change in [
            Change::Started,
            planned(1, 1),
            started(0, 0, 0),
            ended(0, 0, 0, 1),
            logged("late".to_owned()),
            Change::CancelRequested,
            Change::ended(RunEnd::Cancelled),
        ] {
            assert!(matches!(house.apply(id, change).await, Err(StoreError::Ended)));
        }
        let run = house.records.get(id).await.unwrap().unwrap();
        assert_eq!(run.state, end.state());
        assert_eq!(house.records.events(id, last.sequence, 10).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_change_without_a_run_is_refused() {
    let answer = House::new().apply(RunId::generate(), Change::Started).await;
    assert!(matches!(answer, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn changes_come_in_their_order() {
    let house = House::new();
    let id = house.run().await;
    assert!(is_conflict(house.apply(id, planned(0, 1)).await), "not started");
    assert!(is_conflict(house.apply(id, Change::ended(RunEnd::Succeeded(report()))).await));
    house.apply(id, Change::Started).await.unwrap();
    assert!(is_conflict(house.apply(id, Change::Started).await), "started twice");
    assert!(is_conflict(house.apply(id, planned(1, 1)).await), "a step is missing");
    house.apply(id, planned(0, 1)).await.unwrap();
    assert!(is_conflict(house.apply(id, planned(0, 1)).await), "planned twice");
    assert!(is_conflict(house.apply(id, started(0, 1, 0)).await), "no such call");
    assert!(is_conflict(house.apply(id, started(0, 0, 2)).await), "an attempt is missing");
    house.apply(id, started(0, 0, 0)).await.unwrap();
    assert!(is_conflict(house.apply(id, started(0, 0, 0)).await), "an attempt starts once");
    house.apply(id, started(0, 0, 1)).await.unwrap();
    assert!(is_conflict(house.apply(id, started(0, 0, 0)).await), "attempts do not go back");
    assert!(is_conflict(house.apply(id, ended(0, 0, 0, 1)).await), "not the newest attempt");
    house.apply(id, ended(0, 0, 1, 1)).await.unwrap();
    assert!(is_conflict(house.apply(id, started(0, 0, 2)).await), "the call has ended");
    let kinds: Vec<_> =
        house.records.events(id, 0, 100).await.unwrap().into_iter().map(|event| event.data.kind()).collect();
    let expected =
        ["run.queued", "run.started", "step.planned", "call.started", "call.started", "call.ended"];
    assert_eq!(kinds, expected, "a refused change leaves no event");
}

#[tokio::test]
async fn an_equal_end_of_a_call_is_stored_once_and_another_refused() {
    let house = House::new();
    let id = house.running(2).await;
    house.apply(id, started(0, 0, 0)).await.unwrap();
    let first = house.apply(id, ended(0, 0, 0, 5)).await.unwrap();
    house.apply(id, ended(0, 1, 0, 5)).await.unwrap();
    assert_eq!(house.apply(id, ended(0, 0, 0, 5)).await.unwrap(), first);
    assert!(is_conflict(house.apply(id, ended(0, 0, 0, 6)).await));
    let failed = Change::CallEnded { step: 0, index: 0, attempt: 0, end: CallEnd::Error(error()) };
    assert!(is_conflict(house.apply(id, failed).await));
    let artifacts = house.records.artifacts(id).await.unwrap();
    assert_eq!(artifacts.len(), 1 + 2 * 3, "an input, and once what each call left");
    assert_eq!(house.records.calls(id).await.unwrap()[0].end, Some(CallEnd::Result(result(5))));
}

#[tokio::test]
async fn a_cancel_request_is_stored_once() {
    let house = House::new();
    let id = house.run().await;
    let first = house.apply(id, Change::CancelRequested).await.unwrap();
    house.apply(id, Change::Started).await.unwrap();
    assert_eq!(house.apply(id, Change::CancelRequested).await.unwrap(), first);
    let run = house.records.get(id).await.unwrap().unwrap();
    assert!(run.cancel_requested && run.state == RunState::Running);
    assert_eq!(house.records.events(id, 0, 10).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_have_no_gaps_however_many_write() {
    let house = House::new();
    let runs = [house.run().await, house.run().await];
    let writers = (0..200_usize).map(|number| {
        let (records, run) = (house.records.clone(), runs[number % 2]);
        tokio::spawn(async move { change_of(&records, run, None, now(), logged(number.to_string())).await })
    });
    let mut told: Vec<_> = join_all(writers).await.into_iter().map(|event| event.unwrap().unwrap()).collect();
    told.sort_by_key(|event| (event.run, event.sequence));
    for run in runs {
        let events = house.records.events(run, 1, 1000).await.unwrap();
        let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (2..=101).collect::<Vec<_>>());
        let told: Vec<_> = told.iter().filter(|event| event.run == run).cloned().collect();
        assert_eq!(told, events, "each writer was told its own event");
    }
}

#[tokio::test]
async fn lists_go_from_the_newest_and_page_by_a_cursor() {
    let house = House::new();
    let mut runs = Vec::new();
    for number in 0..7 {
        let run = run(if number % 2 == 0 { "heat" } else { "beam" });
        house.records.create(run.clone(), None).await.unwrap();
        runs.insert(0, run.id);
    }
    let list = async |query: RunQuery| {
        let listed = house.records.list(query).await.unwrap();
        listed.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let page = |before| RunQuery { before, limit: 3, ..RunQuery::default() };
    assert_eq!(list(page(None)).await, runs[..3]);
    assert_eq!(list(page(Some(runs[2]))).await, runs[3..6]);
    assert_eq!(list(page(Some(runs[5]))).await, runs[6..]);
    assert_eq!(list(page(Some(runs[6]))).await, []);

    house.apply(runs[0], Change::Started).await.unwrap();
    house.apply(runs[1], Change::Started).await.unwrap();
    house.apply(runs[6], Change::ended(RunEnd::Cancelled)).await.unwrap();
    let all = |pipeline: Option<&str>, state| RunQuery {
        pipeline: pipeline.map(|name| name.parse().unwrap()),
        state,
        before: None,
        limit: 100,
    };
    assert_eq!(list(all(Some("heat"), None)).await, [runs[0], runs[2], runs[4], runs[6]]);
    assert_eq!(list(all(None, Some(RunState::Running))).await, runs[..2]);
    assert_eq!(list(all(Some("beam"), Some(RunState::Running))).await, runs[1..2]);
    assert_eq!(list(all(Some("none"), Some(RunState::Running))).await, []);
    let mut unfinished = house.records.unfinished().await.unwrap();
    unfinished.reverse();
    let unfinished: Vec<_> = unfinished.into_iter().map(|(run, _)| run).collect();
    assert_eq!(unfinished, runs[..6]);
}
