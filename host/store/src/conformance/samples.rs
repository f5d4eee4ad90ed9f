//! Values to store. Their numbers and letters are such that a careless store changes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;
use simulay_model::{
    AccountName, Artifact, CallEnd, Change, ContainerCall, ContainerResult, Digest, Ending, ErrorKind, File,
    Isolation, LabelKey, LabelValue, Labels, LogLevel, Manifest, Omission, OnFailure, Plot, Plugin,
    PluginRef, PluginState, RelativePath, Report, ReportFile, Request, Resources, Run, RunError, RunId,
    RunState, Series, Source, Stage, Step, SweepId, SweepPoint, Tool,
};

/// The present moment, of the machine.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A run of `pipeline` that was just accepted.
#[must_use]
pub fn run(pipeline: &str) -> Run {
    Run {
        id: RunId::generate(),
        owner: AccountName::local(),
        plugin: PluginRef {
            name: pipeline.parse().unwrap(),
            version: "1.2.3".parse().unwrap(),
            sha256: Digest::of(pipeline.as_bytes()),
        },
        name: Some("Plate, 2 mm: ∂u/∂t".parse().unwrap()),
        labels: labels(&[("team", "Wärme, 2"), ("example.org/batch", "")]),
        sweep: Some(SweepPoint { sweep: SweepId::generate(), point: u32::MAX, attempt: u32::MAX }),
        request: Request {
            params: json!({ "width": 0.1, "tiny": 5e-324, "large": u64::MAX }).into(),
            inputs: vec![artifact("mesh.csv", b"1,2")],
            seed: u64::MAX,
        },
        retries: 2,
        reuse: false,
        state: RunState::Queued,
        steps: 0,
        cancel_requested: false,
        created_at: now(),
        started_at: None,
        ended_at: None,
        report: None,
        error: None,
    }
}

/// Labels by their keys.
#[must_use]
pub fn labels(of: &[(&str, &str)]) -> Labels {
    let label = |(key, value): &(&str, &str)| (key.parse().unwrap(), value.parse().unwrap());
    of.iter().map(label).collect::<BTreeMap<LabelKey, LabelValue>>().try_into().unwrap()
}

/// A plugin whose component is `bytes`.
#[must_use]
pub fn plugin(name: &str, version: &str, bytes: &[u8]) -> Plugin {
    let [role, tool, of] = ["language", "Rust", "1.95"].map(str::to_owned);
    Plugin {
        sha256: Digest::of(bytes),
        size: bytes.len() as u64,
        manifest: Manifest {
            name: name.parse().unwrap(),
            version: version.parse().unwrap(),
            title: "Heat".to_owned(),
            description: "In a plate: ∂u/∂t.".to_owned(),
            params_schema: json!({ "type": "object", "additionalProperties": false }),
            result_schema: json!({ "type": "object" }),
            images: Vec::new(),
            max_resources: resources(),
            max_parallel: 1,
            examples: Vec::new(),
        },
        contract: "0.1.0".parse().unwrap(),
        tools: vec![Tool { role, name: tool, version: of }],
        owner: AccountName::local(),
        uploaded_by: "grace".parse().unwrap(),
        uploader: "rest from 127.0.0.1".to_owned(),
        uploaded_at: now(),
        state: PluginState::Active,
        approved_at: Some(now()),
        retired_at: None,
        isolation: Isolation::Process,
        check: None,
        revision: 0,
    }
}

/// An artifact whose content is `bytes`.
#[must_use]
pub fn artifact(path: &str, bytes: &[u8]) -> Artifact {
    Artifact {
        path: RelativePath::new(path).unwrap(),
        size: bytes.len() as u64,
        sha256: Digest::of(bytes),
        media_type: Artifact::media_type_of(path).to_owned(),
    }
}

/// A call with a file of each source.
#[must_use]
pub fn call(name: &str) -> ContainerCall {
    let file = |path: &str, content| File { path: path.to_owned(), content };
    ContainerCall {
        name: name.to_owned(),
        image: "octave".to_owned(),
        command: vec!["octave-cli".to_owned(), "main.m".to_owned()],
        env: vec![("LANG".to_owned(), "C".to_owned())],
        files: vec![
            file("main.m", Source::Text("x = \"ü\";\n".to_owned())),
            file("a.bin", Source::Bytes(vec![0, 1, 255])),
            file("mesh.csv", Source::Artifact(Digest::of(b"1,2"))),
        ],
        outputs: vec!["*.csv".to_owned()],
        excludes: vec!["tmp/**".to_owned()],
        keep_unchanged: true,
        resources: resources(),
        on_failure: OnFailure::FailRun,
        deterministic: true,
    }
}

const fn resources() -> Resources {
    Resources { cpu_milli: 1000, memory_mib: 256, scratch_mib: 64, timeout_ms: u32::MAX as u64 + 1 }
}

/// A plan of `calls` calls, `call-0` and so on.
#[must_use]
pub fn plan(calls: usize) -> Step {
    let calls = (0..calls).map(|number| call(&format!("call-{number}"))).collect();
    Step { calls, state: json!({ "round": 1, "error": 0.1 + 0.2 }).into() }
}

/// A step is planned.
#[must_use]
pub fn planned(step: u32, calls: usize) -> Change {
    Change::StepPlanned { step, plan: plan(calls), keys: Vec::new() }
}

/// A call is about to be started.
#[must_use]
pub const fn started(step: u32, index: u32, attempt: u32) -> Change {
    Change::CallStarted { step, index, attempt, key: None }
}

/// A call gave its result.
#[must_use]
pub fn ended(step: u32, index: u32, attempt: u32, wall_ms: u64) -> Change {
    Change::CallEnded { step, index, attempt, end: CallEnd::Result(result(wall_ms)), taken: None }
}

/// A call gave no result.
#[must_use]
pub fn broken(step: u32, index: u32, attempt: u32) -> Change {
    Change::CallEnded { step, index, attempt, end: CallEnd::Error(error()), taken: None }
}

/// The plugin said something.
#[must_use]
pub fn logged(message: &str) -> Change {
    Change::Logged { stage: Stage::PostProcess, level: LogLevel::Warn, message: message.to_owned() }
}

/// What came of a call that left a file and printed.
#[must_use]
pub fn result(wall_ms: u64) -> ContainerResult {
    let (path, reason) = ("out/\u{fffd}".to_owned(), "its name is no UTF-8".to_owned());
    ContainerResult {
        name: "call-0".to_owned(),
        ending: Ending::Exited(0),
        stdout: "hello".to_owned(),
        stderr: "oh".to_owned(),
        outputs: vec![artifact("out/field.csv", b"3,4")],
        stdout_log: Some(artifact("stdout.log", b"hello")),
        stderr_log: Some(artifact("stderr.log", b"oh")),
        left_out: vec![Omission { path, reason }],
        left_out_more: 3,
        stdout_omitted: 0,
        stderr_omitted: 7,
        wall_ms,
        cpu_ms: Some(4),
        peak_memory_bytes: None,
        isolation: Isolation::Process,
        image: Some(Digest::of(b"an image")),
        reused: false,
        reused_from: None,
    }
}

/// What a run succeeded with.
#[must_use]
pub fn report() -> Report {
    let series = |name: &str, values: &[f64]| Series {
        name: name.to_owned(),
        unit: "K".to_owned(),
        values: values.to_owned(),
    };
    let x = series("time", &[0.0, 0.1, 0.1 + 0.2]);
    Report {
        outcome: json!({ "peak": 0.1 + 0.2, "above": [] }).into(),
        plots: vec![Plot { title: "Heat".to_owned(), ys: vec![series("heat", &[-0.0, 1e300, 5e-324])], x }],
        artifacts: vec![ReportFile {
            name: "plot.svg".to_owned(),
            media_type: "image/svg+xml".to_owned(),
            content: Source::Artifact(Digest::of(b"<svg/>")),
        }],
    }
}

/// Why a run did not succeed.
#[must_use]
pub fn error() -> RunError {
    RunError::new(ErrorKind::ContainerOom, "too little memory").at("memory_mib").in_call("call-0")
}
