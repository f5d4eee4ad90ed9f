//! Plugins that are functions.

use serde_json::{Value, json};
use simulay_model::{
    ContainerCall, ContainerResult, Example, Failure, File, Image, LogLevel, Manifest, Next, OnFailure, Plot,
    Report, ReportFile, Request, Resources, Series, Source, Step,
};
use simulay_sandbox::{Answer, Answered, Call, CallError, ScriptedSandbox};

/// Bytes that stand for `heat@1.0.0`.
pub(crate) const HEAT: &[u8] = b"heat 1.0.0";
/// Bytes that stand for `heat@1.1.0`.
pub(crate) const HEAT_NEWER: &[u8] = b"heat 1.1.0";
/// Bytes that stand for `heat@1.2.0`, which asks for more memory and expects what it does not get.
pub(crate) const HEAT_GREEDY: &[u8] = b"heat 1.2.0";
/// Bytes that stand for `heat@1.3.0`, whose schema takes long to check, and which has much to say.
pub(crate) const HEAT_COSTLY: &[u8] = b"heat 1.3.0";
/// Other bytes that call themselves `heat@1.0.0`.
pub(crate) const HEAT_FORGED: &[u8] = b"heat 1.0.0 by someone else";

/// Bytes that stand for `beam@1.0.0`.
pub(crate) const BEAM: &[u8] = b"beam 1.0.0";

/// A sandbox that knows these bytes.
pub(crate) fn sandbox() -> ScriptedSandbox {
    ScriptedSandbox::default()
        .with(HEAT, manifest("1.0.0"), |call, _| answer(call))
        .with(HEAT_NEWER, manifest("1.1.0"), |call, _| answer(call))
        .with(HEAT_GREEDY, greedy(), |call, _| answer(call))
        .with(HEAT_COSTLY, costly(), |call, _| loud(call))
        .with(BEAM, beam(), |call, _| answer(call))
        .with(HEAT_FORGED, manifest("1.0.0"), |call, _| answer(call))
}

fn manifest(version: &str) -> Manifest {
    let mode = json!({ "enum": ["usual", "invalid", "trap", "greedy"], "default": "usual" });
    Manifest {
        name: "heat".parse().unwrap(),
        version: version.parse().unwrap(),
        title: "Heat in a plate".to_owned(),
        description: "Solves the **heat equation**.".to_owned(),
        params_schema: json!({
            "type": "object",
            "properties": { "width": { "type": "number", "exclusiveMinimum": 0, "default": 1.0 }, "mode": mode },
            "additionalProperties": false,
        }),
        result_schema: json!({ "type": "object" }),
        images: vec![Image { name: "octave".to_owned(), purpose: "solves".to_owned() }],
        max_resources: resources(),
        max_parallel: 4,
        examples: vec![Example {
            name: "small".to_owned(),
            params: json!({ "width": 0.5 }),
            expect: None,
            tolerance: 0.0,
        }],
    }
}

fn beam() -> Manifest {
    Manifest { name: "beam".parse().unwrap(), title: "Beam".to_owned(), ..manifest("1.0.0") }
}

fn greedy() -> Manifest {
    let usual = manifest("1.2.0");
    let expect = Some(json!({ "max": 400.0 }));
    let examples = usual.examples.into_iter().map(|example| Example { expect: expect.clone(), ..example });
    Manifest {
        max_resources: Resources { memory_mib: 256, ..resources() },
        max_parallel: 2,
        examples: examples.collect(),
        ..usual
    }
}

fn costly() -> Manifest {
    let choices: Vec<Value> = (0..100_000).map(|number| json!([number])).collect();
    let params_schema = json!({ "properties": { "values": { "items": { "enum": choices } } } });
    Manifest { params_schema, examples: Vec::new(), ..manifest("1.3.0") }
}

fn resources() -> Resources {
    Resources { cpu_milli: 1000, memory_mib: 128, scratch_mib: 16, timeout_ms: 10_000 }
}

fn answer(call: Call) -> Result<Answered, CallError> {
    let answer = match call {
        Call::PreProcess(request) => plan(&request)?,
        Call::PostProcess { request, results, .. } => {
            Ok(Answer::Next(Next::Done(report(&request, &results))))
        }
    };
    Ok(Answered { answer, messages: Vec::new() })
}

fn loud(call: Call) -> Result<Answered, CallError> {
    let messages = vec![(LogLevel::Info, "x".repeat(300 << 10))];
    Ok(Answered { messages, ..answer(call)? })
}

fn plan(request: &Request) -> Result<Result<Answer, Failure>, CallError> {
    let mut call = solve(request);
    match request.params.value().unwrap()["mode"].as_str() {
        Some("trap") => return Err(CallError::Trap("unreachable".to_owned())),
        Some("invalid") => {
            let message = "too thin for this mode".to_owned();
            return Ok(Err(Failure::Invalid { pointer: "/width".to_owned(), message }));
        }
        Some("greedy") => call.resources.memory_mib = 1 << 30,
        _ => {}
    }
    Ok(Ok(Answer::Step(Step { calls: vec![call], state: Value::Null.into() })))
}

fn solve(request: &Request) -> ContainerCall {
    let script = File {
        path: "main.m".to_owned(),
        content: Source::Text(format!("w = {};", request.params.value().unwrap()["width"])),
    };
    let input = |input: &simulay_model::Artifact| File {
        path: input.path.to_string(),
        content: Source::Artifact(input.sha256),
    };
    ContainerCall {
        name: "solve".to_owned(),
        image: "octave".to_owned(),
        command: vec!["octave-cli".to_owned(), "main.m".to_owned()],
        env: vec![("SIM_MODE".to_owned(), "fast".to_owned())],
        files: std::iter::once(script).chain(request.inputs.iter().map(input)).collect(),
        outputs: vec!["**".to_owned()],
        resources: resources(),
        excludes: Vec::new(),
        keep_unchanged: true,
        on_failure: OnFailure::FailRun,
        deterministic: true,
    }
}

/// The plot shows the width, and twice the width.
fn report(request: &Request, results: &[ContainerResult]) -> Report {
    let width = request.params.value().unwrap()["width"].as_f64().unwrap_or(1.0);
    let outputs = results.iter().flat_map(|result| &result.outputs);
    let kept = |output: &simulay_model::Artifact| ReportFile {
        name: output.path.file_name().to_owned(),
        media_type: "text/html".to_owned(),
        content: Source::Artifact(output.sha256),
    };
    let series = |name: &str, values| Series { name: name.to_owned(), unit: "K".to_owned(), values };
    let ys = vec![series("T", vec![width, 2.0 * width])];
    Report {
        outcome: json!({ "max": 373.5 }).into(),
        plots: vec![Plot { title: "Profile".to_owned(), x: series("x", vec![1.0, 2.0]), ys }],
        artifacts: outputs.map(kept).collect(),
    }
}
