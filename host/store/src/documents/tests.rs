//! Documents in the tree, as they lie in databases: they are read, mean what they meant, and are written again
//! byte for byte. A test that fails here says that what is stored would change.

use std::fmt::Debug;
use std::path::Path;

use crate::conformance::{samples, sweeps};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use simulay_model::{
    AskedCall, CallEnd, CallEnded, Change, Check, ContainerCall, ContainerResult, Digest, Disagreement,
    Document, Ending, ErrorKind, EventData, Example, Image, LogLevel, Logged, Manifest, OnFailure, Plot,
    Report, ReportFile, Resources, RunEnd, RunEnded, RunError, RunId, Series, Source, Stage, Step,
    StepPlanned,
};

use super::{Stored, event, read, write};

fn golden(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).with_extension("json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.trim_end().to_owned()
}

/// `value` is what the document says, and is written as the document.
fn is_stored_as<T: Stored + Debug + PartialEq>(value: &T, name: &str) {
    let text = golden(name);
    assert_eq!(read::<T>(&text).unwrap(), *value, "{name}");
    assert_eq!(write(value).unwrap(), text, "{name}");
}

fn event_is_stored_as(data: &EventData, name: &str, kind: &str) {
    let text = golden(name);
    assert_eq!(event::read(kind, &text).unwrap(), *data, "{name}");
    assert_eq!(event::write(data).unwrap(), (kind, text), "{name}");
}

fn plan() -> Step {
    let other = ContainerCall {
        env: Vec::new(),
        files: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: false,
        on_failure: OnFailure::Report,
        deterministic: false,
        ..samples::call("other")
    };
    Step { calls: vec![samples::call("heat"), other], ..samples::plan(0) }
}

const ENDINGS: [Ending; 7] = [
    Ending::Exited(0),
    Ending::Signalled(9),
    Ending::OutOfMemory,
    Ending::TimedOut,
    Ending::ScratchFull,
    Ending::OutputLimit,
    Ending::ProcessLimit,
];

fn result(ending: Ending) -> ContainerResult {
    ContainerResult { ending, cpu_ms: None, peak_memory_bytes: Some(u64::MAX), ..samples::result(5) }
}

const ERRORS: [ErrorKind; 25] = [
    ErrorKind::ParamsInvalid,
    ErrorKind::Simulation,
    ErrorKind::PluginTrap,
    ErrorKind::PluginCpuLimit,
    ErrorKind::PluginMemoryLimit,
    ErrorKind::PluginHostcallLimit,
    ErrorKind::PluginResultTooLarge,
    ErrorKind::PluginResultInvalid,
    ErrorKind::WorkerCrashed,
    ErrorKind::SpecDenied,
    ErrorKind::ImageNotAllowed,
    ErrorKind::ImageUnavailable,
    ErrorKind::ContainerExit,
    ErrorKind::ContainerSignal,
    ErrorKind::ContainerOom,
    ErrorKind::ContainerTimeout,
    ErrorKind::ContainerDiskLimit,
    ErrorKind::ContainerLost,
    ErrorKind::ContainerProcessLimit,
    ErrorKind::OutputLimit,
    ErrorKind::ArtifactRejected,
    ErrorKind::DockerUnavailable,
    ErrorKind::StorageLow,
    ErrorKind::StepLimit,
    ErrorKind::Internal,
];

fn report() -> Report {
    let series = |name: &str, values: &[f64]| Series {
        name: name.to_owned(),
        unit: "K".to_owned(),
        values: values.to_owned(),
    };
    let kept = |name: &str, content| ReportFile {
        name: name.to_owned(),
        media_type: "image/svg+xml".to_owned(),
        content,
    };
    Report {
        outcome: json!({ "zeta": 0.1 + 0.2, "alpha": [u64::MAX, null] }).into(),
        plots: vec![Plot {
            title: "Heat".to_owned(),
            x: series("time", &[0.0, 0.1 + 0.2]),
            ys: vec![series("heat", &[-0.0, 5e-324])],
        }],
        artifacts: vec![
            kept("a.svg", Source::Artifact(Digest::of(b"<svg/>"))),
            kept("b.svg", Source::Text("<svg/>".to_owned())),
            kept("c.svg", Source::Bytes(b"<svg/>".to_vec())),
        ],
    }
}

fn manifest() -> Manifest {
    let example = |name: &str, expect, tolerance| Example {
        name: name.to_owned(),
        params: json!({ "width": 1 }),
        expect,
        tolerance,
    };
    Manifest {
        name: "heat".parse().unwrap(),
        version: "1.2.3-rc.1+build".parse().unwrap(),
        title: "Heat".to_owned(),
        description: "In a plate: ∂u/∂t.".to_owned(),
        params_schema: json!({ "type": "object", "additionalProperties": false }),
        result_schema: json!(true),
        images: vec![Image { name: "octave".to_owned(), purpose: "to solve it".to_owned() }],
        max_resources: Resources { cpu_milli: 1, memory_mib: 2, scratch_mib: 3, timeout_ms: 4 },
        max_parallel: 5,
        examples: vec![example("plate", Some(json!({ "peak": 1.0 })), 1e-6), example("rod", None, 0.0)],
    }
}

fn run_id() -> RunId {
    "01a224ed-b0b5-732f-86c7-c4c4a84f7113".parse().unwrap()
}

fn check(disagreements: Option<Vec<Disagreement>>) -> Check {
    let begun_at: Timestamp = "2026-11-29T01:31:26.774019036Z".parse().unwrap();
    Check { begun_at, runs: vec![run_id()], disagreements }
}

fn disagreement(found: Option<f64>) -> Disagreement {
    Disagreement {
        example: "plate".to_owned(),
        run: run_id(),
        pointer: "/peak".to_owned(),
        expected: json!(1.0),
        found: found.map(|found| json!(found)),
        relative_error: found,
        message: "1.0 is expected".to_owned(),
    }
}

#[test]
fn plans_and_what_calls_ask_for() {
    is_stored_as(&plan(), "plan");
    let asked: Vec<_> = plan().calls.iter().map(AskedCall::from).collect();
    is_stored_as(&asked, "asked");
    is_stored_as(&vec![samples::artifact("mesh.csv", b"1,2")], "inputs");
    is_stored_as(&samples::labels(&[("team", "Wärme, 2"), ("example.org/batch", "")]), "labels");
    is_stored_as(&sweeps::spec(), "sweep_spec");
    is_stored_as(&Document::new(r#"{"z":1.0,"a":18446744073709551615}"#).unwrap(), "params");
}

#[test]
fn what_came_of_calls() {
    let quiet = ContainerResult { stdout_log: None, stderr_log: None, ..result(Ending::Exited(1)) };
    let results = ENDINGS.map(result).into_iter().chain([quiet]).map(CallEnd::Result);
    let ends: Vec<_> = results.chain([CallEnd::Error(samples::error())]).collect();
    is_stored_as(&ends, "call_ends");
}

#[test]
fn how_runs_ended() {
    is_stored_as(&report(), "report");
    let errors: Vec<_> = ERRORS.map(|kind| RunError::new(kind, "why")).into();
    is_stored_as(&errors, "errors");
    is_stored_as(&samples::error(), "error");
}

#[test]
fn plugins() {
    is_stored_as(&manifest(), "manifest");
    is_stored_as(&samples::plugin("heat", "1.0.0", b"").tools, "tools");
    is_stored_as(&check(None), "check_at_work");
    is_stored_as(&check(Some(Vec::new())), "check_agreed");
    is_stored_as(&check(Some(vec![disagreement(Some(0.5)), disagreement(None)])), "check_disagreed");
}

const LOGS: [(Stage, LogLevel, &str); 4] = [
    (Stage::PreProcess, LogLevel::Debug, "event_log_debug"),
    (Stage::Simulate, LogLevel::Info, "event_log_info"),
    (Stage::PostProcess, LogLevel::Warn, "event_log_warn"),
    (Stage::PostProcess, LogLevel::Error, "event_log_error"),
];

#[test]
fn events_of_a_run() {
    for (data, kind) in [
        (EventData::RunQueued, "run.queued"),
        (EventData::RunStarted, "run.started"),
        (EventData::CancelRequested, "run.cancel_requested"),
    ] {
        event_is_stored_as(&data, "event_of_nothing_more", kind);
    }
    let planned = StepPlanned { step: 1, calls: vec!["heat".to_owned()] };
    event_is_stored_as(&EventData::StepPlanned(planned), "event_step_planned", "step.planned");
    for (stage, level, name) in LOGS {
        let logged = Logged { stage, level, message: "ü".to_owned() };
        event_is_stored_as(&EventData::Logged(logged), name, "log");
    }
}

#[test]
fn events_of_calls() {
    let started = EventData::from(&samples::started(1, 2, 3));
    event_is_stored_as(&started, "event_call_started", "call.started");
    let end = CallEnd::Result(result(Ending::Exited(0)));
    let ended = EventData::from(&Change::CallEnded { step: 1, index: 2, attempt: 3, end, taken: None });
    event_is_stored_as(&ended, "event_call_ended", "call.ended");
    let broken = EventData::from(&samples::broken(1, 2, 3));
    event_is_stored_as(&broken, "event_call_broken", "call.ended");
}

#[test]
fn events_of_ends() {
    for (end, name) in [
        (RunEnd::Succeeded(report()), "event_run_succeeded"),
        (RunEnd::Failed(samples::error()), "event_run_failed"),
        (RunEnd::TimedOut(samples::error()), "event_run_timed_out"),
        (RunEnd::Cancelled, "event_run_cancelled"),
    ] {
        event_is_stored_as(&EventData::RunEnded(RunEnded::from(&end)), name, "run.ended");
    }
}

#[test]
fn what_earlier_versions_wrote_is_read() {
    let plan: Step = read(&golden("before/plan")).unwrap();
    let call = &plan.calls[0];
    assert_eq!((&call.excludes, call.keep_unchanged), (&Vec::new(), true));
    assert_eq!(call.files[0].content, Source::Bytes(vec![0, 1, 255]));
    let CallEnd::Result(result) = read(&golden("before/call_end")).unwrap() else { panic!("no result") };
    assert_eq!(result.isolation, simulay_model::Isolation::Container);
    assert_eq!((result.left_out_more, result.stdout_omitted, result.stdout_log), (0, 0, None));
    assert_eq!((result.left_out, result.cpu_ms, result.peak_memory_bytes), (Vec::new(), None, None));
    let ended = event::read("call.ended", &golden("before/event_call_ended")).unwrap();
    let EventData::CallEnded(CallEnded { result: Some(summary), error: None, .. }) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!((summary.left_out, summary.cpu_ms, summary.peak_memory_bytes), (0, None, None));
}

#[test]
fn a_call_that_ended_has_a_whole_summary_or_an_error_or_neither() {
    let ended = |text: &str| event::read("call.ended", text);
    let (whole, broken) = (golden("event_call_ended"), golden("event_call_broken"));
    let fields: Map<String, Value> = serde_json::from_str(&whole).unwrap();
    for field in fields.keys() {
        let mut damaged = fields.clone();
        damaged.insert(field.clone(), json!({ "damaged": true }));
        assert!(ended(&json!(damaged).to_string()).is_err(), "{field}");
        let alone = json!({ "step": 0, "call": 0, "attempt": 0, (field): fields[field] });
        assert_eq!(ended(&alone.to_string()).is_ok(), ["step", "call", "attempt"].contains(&field.as_str()));
    }
    let (_, error) = broken.split_once(r#","error""#).unwrap();
    assert!(ended(&format!("{},\"error\"{error}", whole.strip_suffix('}').unwrap())).is_err());
}

#[test]
fn what_is_no_document_is_refused() {
    assert!(read::<Step>(r#"{"calls":[]}"#).is_err());
    assert!(read::<RunError>(r#"{"kind":"bad_luck","message":""}"#).is_err());
    assert!(read::<Vec<CallEnd>>(r#"[{"ended":{}}]"#).is_err());
    assert!(event::read("call.begun", "{}").is_err());
    for bytes in [r#"{"bytes":"A"}"#, r#"{"bytes":[256]}"#] {
        let kept = format!(
            r#"{{"outcome":1,"plots":[],"artifacts":[{{"name":"","media_type":"","content":{bytes}}}]}}"#
        );
        assert!(read::<Report>(&kept).is_err(), "{bytes}");
    }
}
