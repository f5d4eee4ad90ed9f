use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::{ContainerCall, Document, Ending, ErrorKind, LogLevel, OnFailure, Resources, Stage};

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn call(name: &str) -> ContainerCall {
    ContainerCall {
        name: name.to_owned(),
        image: "octave".to_owned(),
        command: Vec::new(),
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: Resources { cpu_milli: 1, memory_mib: 1, scratch_mib: 1, timeout_ms: 1 },
        on_failure: OnFailure::FailRun,
        deterministic: false,
    }
}

fn plan(calls: usize) -> Step {
    let calls = (0..calls).map(|number| call(&number.to_string())).collect();
    Step { calls, state: Document::from(serde_json::json!({})) }
}

fn failed(message: &str) -> RunError {
    RunError::new(ErrorKind::Internal, message)
}

fn report() -> Report {
    Report { outcome: Document::from(serde_json::json!({})), plots: Vec::new(), artifacts: Vec::new() }
}

/// A run on which all of `changes` were stored.
fn after(changes: impl IntoIterator<Item = Change>) -> Progress {
    let mut progress = Progress::queued();
    for change in changes {
        let Ok(Decision::Commit(effects)) = progress.decide(AT, change.clone()) else {
            panic!("{change:?} is not stored")
        };
        progress.apply(&effects);
    }
    progress
}

fn planned() -> Vec<Change> {
    vec![Change::Started, Change::StepPlanned { step: 0, plan: plan(2) }]
}

const fn start(index: u32, attempt: u32) -> Change {
    Change::CallStarted { step: 0, index, attempt }
}

fn end(index: u32, attempt: u32, message: &str) -> Change {
    Change::CallEnded { step: 0, index, attempt, end: CallEnd::Error(failed(message)) }
}

fn refused(progress: &Progress, change: Change) -> String {
    progress.decide(AT, change).unwrap_err().to_string()
}

#[test]
fn an_attempt_starts_once_and_the_next_follows_it() {
    let started = after(planned().into_iter().chain([start(0, 0)]));
    assert!(refused(&started, start(0, 0)).contains("has started before"));
    assert!(refused(&started, start(0, 2)).contains("cannot follow attempt 0"));
    assert!(refused(&started, start(7, 0)).contains("has no call 7"));
    assert!(matches!(started.decide(AT, start(0, 1)), Ok(Decision::Commit(_))));
}

#[test]
fn the_same_end_comes_twice_and_another_does_not() {
    let ended = after(planned().into_iter().chain([start(0, 0), end(0, 0, "a")]));
    assert_eq!(ended.decide(AT, end(0, 0, "a")), Ok(Decision::Unchanged));
    assert!(refused(&ended, end(0, 0, "b")).contains("in another way"));
    assert!(refused(&ended, start(0, 1)).contains("the call has ended"));
}

#[test]
fn what_is_not_at_work_plans_and_ends_nothing() {
    let queued = Progress::queued();
    assert!(refused(&queued, Change::StepPlanned { step: 0, plan: plan(1) }).contains("queued, not running"));
    assert!(refused(&queued, Change::ended(RunEnd::Succeeded(report()))).contains("queued, not running"));
    assert!(matches!(queued.decide(AT, Change::ended(RunEnd::Cancelled)), Ok(Decision::Commit(_))));
    let planned = after(planned());
    assert!(refused(&planned, Change::StepPlanned { step: 2, plan: plan(1) }).contains("cannot follow 1"));
    assert!(refused(&planned, Change::Started).contains("has started before"));
}

#[test]
fn a_run_that_was_to_be_cancelled_ends_as_cancelled() {
    let asked = after([Change::Started, Change::CancelRequested]);
    assert_eq!(asked.decide(AT, Change::CancelRequested), Ok(Decision::Unchanged));
    let Ok(Decision::Commit(effects)) = asked.decide(AT, Change::ended(RunEnd::Succeeded(report()))) else {
        panic!("the end is not stored")
    };
    assert_eq!(effects.head.as_ref().map(|head| head.state), Some(RunState::Cancelled));
    assert_eq!(effects.report, None);
}

fn change() -> impl Strategy<Value = Change> {
    let (step, index, attempt) = (0..3_u32, 0..3_u32, 0..3_u32);
    let which = (step, index, attempt);
    prop_oneof![
        Just(Change::Started),
        (0..3_u32, 0..3_usize).prop_map(|(step, calls)| Change::StepPlanned { step, plan: plan(calls) }),
        which.clone().prop_map(|(step, index, attempt)| Change::CallStarted { step, index, attempt }),
        (which, "[ab]").prop_map(|((step, index, attempt), message)| {
            Change::CallEnded { step, index, attempt, end: CallEnd::Error(failed(&message)) }
        }),
        Just(Change::Logged { stage: Stage::Simulate, level: LogLevel::Info, message: String::new() }),
        prop_oneof![9 => Just(Change::Started), 1 => Just(Change::CancelRequested)],
        prop_oneof![
            9 => Just(Change::Started),
            1 => Just(Change::ended(RunEnd::Succeeded(report()))),
            1 => Just(Change::ended(RunEnd::Failed(failed("x")))),
        ],
    ]
}

proptest! {
    /// Whatever is tried, in whatever order.
    #[test]
    fn any_order_keeps_the_promises(changes in prop::collection::vec(change(), 0..200)) {
        let mut progress = Progress::queued();
        let (mut ends, mut starts) = (0, HashSet::new());
        for change in changes {
            let before = progress.clone();
            let Ok(Decision::Commit(effects)) = progress.decide(AT, change.clone()) else {
                prop_assert_eq!(&progress, &before);
                continue;
            };
            prop_assert_eq!(ends, 0, "nothing follows the end");
            prop_assert_eq!(effects.sequence, before.sequence + 1, "no gap");
            ends += u32::from(effects.is_end());
            if effects.is_end() && before.cancel_requested {
                let state = effects.head.as_ref().map(|head| head.state);
                prop_assert_eq!(state, Some(RunState::Cancelled), "cancelled wins");
            }
            if let Change::CallStarted { step, index, attempt } = change {
                prop_assert!(starts.insert((step, index, attempt)), "an attempt starts once");
            }
            progress.apply(&effects);
            prop_assert_eq!(progress.state.is_end(), ends == 1);
        }
    }
}

#[test]
fn what_calls_of_earlier_steps_printed_is_let_go_of_and_what_they_left_is_not() {
    let printed = |step, index| Change::CallEnded { step, index, attempt: 0, end: CallEnd::Result(result()) };
    let started = |step, index| Change::CallStarted { step, index, attempt: 0 };
    let second = Change::StepPlanned { step: 1, plan: plan(1) };
    let mut progress =
        after(planned().into_iter().chain([started(0, 0), printed(0, 0), started(0, 1), printed(0, 1)]));
    progress.shed_prints();
    let texts = |progress: &Progress| -> Vec<String> {
        let ends = progress.attempts.values().filter_map(|newest| newest.end.as_ref());
        ends.map(|end| if let CallEnd::Result(result) = end { result.stdout.clone() } else { panic!() })
            .collect()
    };
    assert_eq!(texts(&progress), ["much", "much"], "the plugin is still to be shown them");
    for change in [second, started(1, 0), printed(1, 0)] {
        let Ok(Decision::Commit(effects)) = progress.decide(AT, change) else { panic!() };
        progress.apply(&effects);
    }
    let before = progress.clone();
    progress.shed_prints();
    assert_eq!(texts(&progress), ["", "", "much"]);
    let left = |progress: &Progress| format!("{:?}", progress.attempts).replace("much", "");
    assert_eq!(left(&progress), left(&before), "nothing else goes");
}

fn result() -> ContainerResult {
    ContainerResult {
        name: "0".to_owned(),
        ending: Ending::Exited(0),
        stdout: "much".to_owned(),
        stderr: "much".to_owned(),
        outputs: Vec::new(),
        stdout_log: None,
        stderr_log: None,
        left_out: Vec::new(),
        left_out_more: 0,
        stdout_omitted: 0,
        stderr_omitted: 0,
        wall_ms: 1,
        cpu_ms: None,
        peak_memory_bytes: None,
        reused: false,
    }
}
