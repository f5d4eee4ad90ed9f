use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::{
    AccountName, CallPlace, ContainerCall, Document, Ending, ErrorKind, KeyedCall, LogLevel, OnFailure,
    Resources, RunId, Stage,
};

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
    vec![Change::Started, Change::StepPlanned { step: 0, plan: plan(2), keys: Vec::new() }]
}

const fn start(index: u32, attempt: u32) -> Change {
    Change::CallStarted { step: 0, index, attempt, key: None }
}

fn end(index: u32, attempt: u32, message: &str) -> Change {
    Change::CallEnded { step: 0, index, attempt, end: CallEnd::Error(failed(message)), taken: None }
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
    assert!(
        refused(&queued, Change::StepPlanned { step: 0, plan: plan(1), keys: Vec::new() })
            .contains("queued, not running")
    );
    assert!(refused(&queued, Change::ended(RunEnd::Succeeded(report()))).contains("queued, not running"));
    assert!(matches!(queued.decide(AT, Change::ended(RunEnd::Cancelled)), Ok(Decision::Commit(_))));
    let planned = after(planned());
    assert!(
        refused(&planned, Change::StepPlanned { step: 2, plan: plan(1), keys: Vec::new() })
            .contains("cannot follow 1")
    );
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
        (0..3_u32, 0..3_usize).prop_map(|(step, calls)| Change::StepPlanned {
            step,
            plan: plan(calls),
            keys: Vec::new()
        }),
        which.clone().prop_map(|(step, index, attempt)| Change::CallStarted {
            step,
            index,
            attempt,
            key: None
        }),
        (which, "[ab]").prop_map(|((step, index, attempt), message)| {
            Change::CallEnded { step, index, attempt, end: CallEnd::Error(failed(&message)), taken: None }
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
            if let Change::CallStarted { step, index, attempt, .. } = change {
                prop_assert!(starts.insert((step, index, attempt)), "an attempt starts once");
            }
            progress.apply(&effects);
            prop_assert_eq!(progress.state.is_end(), ends == 1);
        }
    }
}

#[test]
fn what_calls_of_earlier_steps_printed_is_let_go_of_and_what_they_left_is_not() {
    let printed = |step, index| Change::CallEnded {
        step,
        index,
        attempt: 0,
        end: CallEnd::Result(result()),
        taken: None,
    };
    let started = |step, index| Change::CallStarted { step, index, attempt: 0, key: None };
    let second = Change::StepPlanned { step: 1, plan: plan(1), keys: Vec::new() };
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
        isolation: crate::Isolation::Process,
        image: None,
        reused: false,
        reused_from: None,
    }
}

/// A key of a call of which nothing is known but the image.
fn key(image: &str) -> CallKey {
    CallKey::of(&KeyedCall {
        image,
        command: &[],
        env: BTreeMap::new(),
        seed: None,
        files: BTreeMap::new(),
        outputs: &[],
        excludes: &[],
        keep_unchanged: true,
        resources: call("0").resources,
        contract: "0.1.0",
    })
}

fn offer(key: &CallKey) -> Offer {
    let place = CallPlace { run: RunId::generate(), step: 0, index: 0 };
    Offer { key: key.digest(), owner: AccountName::local(), place }
}

/// The end of a call whose result was that of an equal one.
fn taken(index: u32, key: &CallKey) -> Change {
    let end = CallEnd::Result(ContainerResult { reused: true, ..result() });
    Change::CallEnded { step: 0, index, attempt: 0, end, taken: Some(offer(key)) }
}

fn planned_as(key: CallKey) -> Vec<Change> {
    vec![Change::Started, Change::StepPlanned { step: 0, plan: plan(2), keys: vec![Some(key)] }]
}

#[test]
fn a_result_is_taken_for_an_equal_call_that_has_not_started() {
    let (this, other) = (key("a"), key("b"));
    let planned = after(planned_as(this));
    assert!(refused(&planned, taken(0, &other)).contains("of another call"));
    assert!(refused(&planned, taken(1, &this)).contains("of another call"), "it has no key");
    let Ok(Decision::Commit(effects)) = planned.decide(AT, taken(0, &this)) else { panic!() };
    assert_eq!(effects.taken.map(|offer| offer.key), Some(this.digest()));
    let ended = &effects.attempts[0].1;
    assert_eq!((ended.started, ended.offers()), (false, Some(this.digest())), "it is offered again");
    let start = Change::CallStarted { step: 0, index: 0, attempt: 0, key: Some(this) };
    let started = after(planned_as(this).into_iter().chain([start]));
    assert!(refused(&started, taken(0, &this)).contains("has started"));
}

#[test]
fn the_key_of_a_result_is_that_of_what_was_started() {
    let (planned, started) = (key("a"), key("b"));
    for expected in [Some(started), None] {
        let start = Change::CallStarted { step: 0, index: 0, attempt: 0, key: expected };
        let end = CallEnd::Result(result());
        let end = Change::CallEnded { step: 0, index: 0, attempt: 0, end, taken: None };
        let ended = after(planned_as(planned).into_iter().chain([start, end]));
        assert_eq!(ended.attempts[&(0, 0)].offers(), expected.map(|key| key.digest()));
    }
}

#[test]
fn only_a_whole_result_is_offered() {
    let omission = crate::Omission { path: "x".to_owned(), reason: "too large".to_owned() };
    let offers = |change: &dyn Fn(&mut ContainerResult)| {
        let mut result = result();
        change(&mut result);
        let (key, end) = (Some(key("a")), Some(CallEnd::Result(result)));
        AttemptProgress { attempt: 0, started: true, key, end }.offers().is_some()
    };
    assert!(offers(&|_| ()));
    assert!(!offers(&|result| result.ending = Ending::Exited(1)));
    assert!(!offers(&|result| result.ending = Ending::ScratchFull));
    assert!(!offers(&|result| result.left_out = vec![omission.clone()]));
    assert!(!offers(&|result| result.left_out_more = 1));
    assert!(!offers(&|result| result.stdout_omitted = 1));
    assert!(!offers(&|result| result.stderr_omitted = 1));
    let failed = AttemptProgress {
        key: Some(key("a")),
        end: Some(CallEnd::Error(failed("a"))),
        ..AttemptProgress::planned()
    };
    assert_eq!(failed.offers(), None);
}
