//! The plugins of the suite as scripts.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails like the test itself")]

use std::io::ErrorKind;

use super::Plugins;
use crate::{Answer, Answered, Call, CallError, ReadArtifacts, SandboxSettings, ScriptedSandbox};
use serde_json::{Value, json};
use simulay_model::{Document, Failure, Manifest, Next, Report, Resources, Step};

/// No script takes time or memory: any limits will do.
#[must_use]
pub fn settings() -> SandboxSettings {
    SandboxSettings::default()
}

/// Bytes that stand for the plugins.
#[must_use]
pub fn plugins() -> Plugins {
    Plugins {
        echo: b"echo".as_slice().into(),
        manifest: manifest(),
        failing: b"failing".as_slice().into(),
        reading: b"reading".as_slice().into(),
        endless: b"endless".as_slice().into(),
        greedy: b"greedy".as_slice().into(),
    }
}

/// A sandbox that knows `plugins`.
#[must_use]
pub fn sandbox(plugins: &Plugins, settings: &SandboxSettings) -> ScriptedSandbox {
    let out_of_time = CallError::out_of_time(settings.call_time);
    let out_of_memory = CallError::MemoryLimit(settings.memory_bytes as u64);
    ScriptedSandbox::default()
        .with(&plugins.echo, manifest(), |call, _| echo(call))
        .with(&plugins.failing, manifest(), |call, _| fail(&call))
        .with(&plugins.reading, manifest(), |call, artifacts| read(&call, artifacts))
        .with(&plugins.endless, manifest(), move |_, _| Err(out_of_time.clone()))
        .with(&plugins.greedy, manifest(), move |_, _| Err(out_of_memory.clone()))
}

fn manifest() -> Manifest {
    Manifest {
        name: "echo".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        title: "Echo".to_owned(),
        description: "Answers what it is asked.".to_owned(),
        params_schema: json!({}),
        result_schema: json!({}),
        images: Vec::new(),
        max_resources: Resources { cpu_milli: 1, memory_mib: 1, scratch_mib: 1, timeout_ms: 1 },
        max_parallel: 1,
        examples: Vec::new(),
    }
}

fn step(state: Document) -> Answered {
    Ok(Answer::Step(Step { calls: Vec::new(), state })).into()
}

fn params(call: &Call) -> &Document {
    let (Call::PreProcess(request) | Call::PostProcess { request, .. }) = call;
    &request.params
}

fn echo(call: Call) -> Result<Answered, CallError> {
    Ok(match call {
        Call::PreProcess(request) => step(request.params),
        Call::PostProcess { state: outcome, .. } => {
            let report = Report { outcome, plots: Vec::new(), artifacts: Vec::new() };
            Ok(Answer::Next(Next::Done(report))).into()
        }
    })
}

fn fail(call: &Call) -> Result<Answered, CallError> {
    Ok(Err(Failure::Simulation(params(call).to_string())).into())
}

fn read(call: &Call, artifacts: &dyn ReadArtifacts) -> Result<Answered, CallError> {
    let artifact: String = serde_json::from_str(params(call).as_str()).unwrap();
    match artifacts.read(artifact.parse().unwrap(), 2, 3) {
        Ok(bytes) => Ok(step(serde_json::from_slice::<Value>(&bytes).unwrap().into())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(step(json!(0).into())),
        Err(error) => Err(CallError::Host(error.to_string())),
    }
}
