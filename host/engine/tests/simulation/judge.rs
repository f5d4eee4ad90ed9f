//! What was promised, and whether it was kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use simulay_model::{
    CallStarted, ContainerName, ErrorKind, Event, EventData, OwnerFilter, Run, RunId, RunState,
};

use crate::daemon::Daemon;
use crate::database::Store;
use crate::plugin::Params;
use crate::story::{ATTEMPTS, Story};

/// How often each call broke: by run, step and index.
#[derive(Default)]
pub(crate) struct Breaks(Mutex<BTreeMap<(RunId, u32, u32), u32>>);

impl Breaks {
    pub(crate) fn count(&self, name: ContainerName) {
        *self.0.lock().unwrap().entry((name.run, name.step, name.call)).or_default() += 1;
    }

    /// True when there was reason to give a call of the run up.
    fn are_enough(&self, run: RunId) -> bool {
        self.0.lock().unwrap().iter().any(|(call, breaks)| call.0 == run && *breaks >= ATTEMPTS)
    }
}

/// How a world went, in short.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Course {
    /// Containers, by the daemon that started them.
    pub(crate) starts: Vec<String>,
    pub(crate) accepted: usize,
    /// Runs that were given up, since what they need was broken too often.
    pub(crate) given_up: usize,
}

/// Judges a world whose last life is over, with containers on these daemons, where `breaks` happened.
pub(crate) fn all(
    story: &Story,
    (daemons, breaks): (&[Arc<Daemon>], &Breaks),
    store: &Store,
    runs: &[Run],
) -> Course {
    for id in story.accepted.keys() {
        assert!(runs.iter().any(|run| run.id == *id), "the accepted run {id} is not stored");
    }
    let unfinished: Vec<_> = runs.iter().filter(|run| !run.state.is_end()).collect();
    assert!(unfinished.is_empty(), "runs do not end: {unfinished:?}");
    for daemon in daemons {
        assert_eq!(daemon.present(), [], "containers are left behind on {}", daemon.name);
    }
    let starts: Vec<_> = daemons.iter().flat_map(|daemon| daemon.starts()).collect();
    let distinct: BTreeSet<_> = starts.iter().collect();
    assert_eq!(distinct.len(), starts.len(), "a container started twice: {starts:?}");
    let (mut intents, mut given_up) = (BTreeSet::new(), 0);
    for run in runs {
        let events = pollster::block_on(store.records.events(&OwnerFilter::Any, run.id, 0, 100_000)).unwrap();
        in_order(run, &events);
        intents.extend(events.iter().filter_map(start));
        given_up += usize::from(!ending(story, breaks, run));
    }
    crate::reuse::taken(store, runs);
    let without: Vec<_> = starts.iter().filter(|start| !intents.contains(start)).collect();
    assert!(without.is_empty(), "containers started without an intent: {without:?}");
    let on = |daemon: &Arc<Daemon>| {
        let started = |start| format!("{}: {start}", daemon.name);
        daemon.starts().into_iter().map(started).collect::<Vec<_>>()
    };
    Course { starts: daemons.iter().flat_map(on).collect(), accepted: story.accepted.len(), given_up }
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

/// False when it is another end than that of an undisturbed run, with reason.
fn ending(story: &Story, breaks: &Breaks, run: &Run) -> bool {
    if story.cancelled.contains(&run.id) {
        assert_eq!(run.state, RunState::Cancelled, "an acknowledged cancel was forgotten: {run:?}");
        return true;
    }
    if run.state == RunState::Cancelled {
        assert!(run.cancel_requested, "nobody asked for the end of {run:?}");
        return true;
    }
    let params: Params = serde_json::from_str(run.request.params.as_str()).unwrap();
    let came = match (&run.report, &run.error) {
        (Some(report), None) => Ok(report.outcome.value().unwrap()),
        (None, Some(error)) => Err(error.kind),
        _ => panic!("neither report nor error, or both: {run:?}"),
    };
    let as_expected = came == params.expected();
    assert!(as_expected || is_excused(story, breaks, run, &params), "{came:?} of {params:?}: {run:?}");
    as_expected
}

/// True when a run may have been given up, since what it needs was broken too often.
fn is_excused(story: &Story, breaks: &Breaks, run: &Run, params: &Params) -> bool {
    let crashes = story.crashes.lock().unwrap().get(&params.salt).copied().unwrap_or(0);
    match run.error.as_ref().map(|error| error.kind) {
        Some(ErrorKind::ContainerLost | ErrorKind::DockerUnavailable | ErrorKind::Internal) => {
            breaks.are_enough(run.id)
        }
        Some(ErrorKind::WorkerCrashed) => crashes >= ATTEMPTS,
        _ => false,
    }
}
