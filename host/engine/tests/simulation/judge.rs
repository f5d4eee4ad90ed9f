//! What was promised, and whether it was kept.

use std::collections::BTreeSet;

use simulay_model::{CallStarted, ContainerName, ErrorKind, Event, EventData, OwnerFilter, Run, RunState};

use crate::database::Store;
use crate::plugin::Params;
use crate::story::{ATTEMPTS, Story};

/// Judges a world whose last life is over.
pub(crate) fn all(story: &Story, store: &Store, runs: &[Run]) {
    for id in story.accepted.keys() {
        assert!(runs.iter().any(|run| run.id == *id), "the accepted run {id} is not stored");
    }
    let unfinished: Vec<_> = runs.iter().filter(|run| !run.state.is_end()).collect();
    assert!(unfinished.is_empty(), "runs do not end: {unfinished:?}");
    assert_eq!(story.daemon.present(), [], "containers are left behind");
    let starts = story.daemon.starts();
    let distinct: BTreeSet<_> = starts.iter().collect();
    assert_eq!(distinct.len(), starts.len(), "a container started twice: {starts:?}");
    let mut intents = BTreeSet::new();
    for run in runs {
        let events = pollster::block_on(store.records.events(&OwnerFilter::Any, run.id, 0, 100_000)).unwrap();
        in_order(run, &events);
        intents.extend(events.iter().filter_map(start));
        ending(story, run);
    }
    let without: Vec<_> = starts.iter().filter(|start| !intents.contains(start)).collect();
    assert!(without.is_empty(), "containers started without an intent: {without:?}");
}

/// The container that an event tells of the start of.
fn start(event: &Event) -> Option<ContainerName> {
    let EventData::CallStarted(CallStarted { step, call, attempt }) = event.data else { return None };
    Some(ContainerName { run: event.run, step, call, attempt })
}

fn in_order(run: &Run, events: &[Event]) {
    let kinds: Vec<_> = events.iter().map(|event| event.data.kind()).collect();
    assert!(events.iter().zip(1..).all(|(event, number)| event.sequence == number), "gaps: {kinds:?}");
    let ends = kinds.iter().filter(|kind| **kind == "run.ended").count();
    assert_eq!((ends, kinds.last()), (1, Some(&"run.ended")), "{}: {kinds:?}", run.id);
    let started: Vec<_> = events.iter().filter_map(start).collect();
    let distinct: BTreeSet<_> = started.iter().collect();
    assert_eq!(distinct.len(), started.len(), "an attempt was begun twice: {started:?}");
}

fn ending(story: &Story, run: &Run) {
    if story.cancelled.contains(&run.id) {
        assert_eq!(run.state, RunState::Cancelled, "an acknowledged cancel was forgotten: {run:?}");
        return;
    }
    if run.state == RunState::Cancelled {
        assert!(run.cancel_requested, "nobody asked for the end of {run:?}");
        return;
    }
    let params: Params = serde_json::from_str(run.request.params.as_str()).unwrap();
    let came = match (&run.report, &run.error) {
        (Some(report), None) => Ok(report.outcome.value().unwrap()),
        (None, Some(error)) => Err(error.kind),
        _ => panic!("neither report nor error, or both: {run:?}"),
    };
    assert!(came == params.expected() || excused(story, run, &params), "{came:?} of {params:?}: {run:?}");
}

/// True when a run may have been given up, since what it needs was broken too often.
fn excused(story: &Story, run: &Run, params: &Params) -> bool {
    let crashes = story.crashes.lock().unwrap().get(&params.salt).copied().unwrap_or(0);
    match run.error.as_ref().map(|error| error.kind) {
        Some(ErrorKind::ContainerLost | ErrorKind::DockerUnavailable | ErrorKind::Internal) => {
            story.daemon.broke_often(run.id, ATTEMPTS)
        }
        Some(ErrorKind::WorkerCrashed) => crashes >= ATTEMPTS,
        _ => false,
    }
}
