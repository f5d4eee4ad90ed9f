use serde_json::{Value, json};
use simulay_sdk::{
    Artifact, ContainerCall, Ending, Failure, MemoryArtifacts, Next, OnFailure, Report, Request, Resources,
    Source, testing,
};

use super::*;

fn request(given: Value, paths: &[&str]) -> Request<Params> {
    let mut artifacts = MemoryArtifacts::default();
    let inputs = paths.iter().map(|path| artifacts.add(path, *path)).collect();
    testing::request::<OctaveScript>(&given, inputs, 0).unwrap()
}

fn call(given: Value, paths: &[&str]) -> ContainerCall {
    let step = OctaveScript::pre_process(&request(given, paths), &MemoryArtifacts::default()).unwrap();
    let [call] = step.calls.try_into().unwrap();
    call
}

fn text<'a>(call: &'a ContainerCall, path: &str) -> &'a str {
    match &call.files.iter().find(|file| file.path == path).unwrap().content {
        Source::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

fn pointer(given: Value, paths: &[&str]) -> String {
    match OctaveScript::pre_process(&request(given, paths), &MemoryArtifacts::default()) {
        Err(Failure::Invalid { pointer, .. }) => pointer,
        other => panic!("{other:?}"),
    }
}

fn report(ending: Ending, outputs: Vec<Artifact>, artifacts: &MemoryArtifacts) -> Result<Report, Failure> {
    let mut result = testing::ended("program", ending, outputs);
    result.stdout = "hello\n".into();
    match OctaveScript::post_process(&request(json!({}), &[]), (), &[result], artifacts)? {
        Next::Done(report) => Ok(report),
        Next::Again(step) => panic!("{step:?}"),
    }
}

#[test]
fn a_script_lies_beside_its_parameters_as_it_is() {
    let script = "x = 1; % '\"$(id)";
    let call = call(json!({ "script": script, "params": { "a": [1, 2] } }), &["data/x.csv"]);
    assert_eq!(call.command, ["octave-cli", "-qfHW", ".simulay/start.m"]);
    assert_eq!(text(&call, "main.m"), script);
    assert_eq!(text(&call, ".simulay/entry.txt"), "main.m");
    assert_eq!(text(&call, "params.json"), r#"{"a":[1,2]}"#);
    assert_eq!(call.files.last().unwrap().path, "data/x.csv");
    assert_eq!((call.on_failure, call.outputs.len()), (OnFailure::FailRun, 3));
}

#[test]
fn the_bounds_are_the_callers() {
    let bounds =
        json!({ "script": "x", "cpu_milli": 500, "memory_mib": 256, "scratch_mib": 16, "timeout_ms": 1000 });
    let expected = Resources { cpu_milli: 500, memory_mib: 256, scratch_mib: 16, timeout_ms: 1000 };
    assert_eq!(call(bounds, &[]).resources, expected);
}

#[test]
fn uploads_keep_their_paths_and_are_not_passed_through() {
    let call = call(json!({ "entry": "src/run.m" }), &["src/run.m", "src/lib/f.m"]);
    assert_eq!(text(&call, ".simulay/entry.txt"), "src/run.m");
    let moved = |path: &str| {
        matches!(call.files.iter().find(|file| file.path == path).unwrap().content, Source::Artifact(_))
    };
    assert!(moved("src/run.m") && moved("src/lib/f.m"));
}

#[test]
fn an_uploaded_params_json_stands_when_no_params_are_given() {
    let call = call(json!({}), &["main.m", "params.json"]);
    assert_eq!(call.files.iter().filter(|file| file.path == "params.json").count(), 1);
}

#[test]
fn contradictions_are_refused_where_they_are() {
    assert_eq!(pointer(json!({}), &[]), "/entry");
    assert_eq!(pointer(json!({ "entry": "run.m" }), &["main.m"]), "/entry");
    assert_eq!(pointer(json!({ "script": "x" }), &["main.m"]), "/script");
    assert_eq!(pointer(json!({ "params": { "a": 1 } }), &["main.m", "params.json"]), "/params");
}

#[test]
fn what_the_program_wrote_is_the_outcome() {
    let mut artifacts = MemoryArtifacts::default();
    let outputs = vec![artifacts.add("result.json", r#"{"a":1.5}"#), artifacts.add("out/f.PNG", "png")];
    let report = report(Ending::Exited(0), outputs, &artifacts).unwrap();
    let expected = json!({
        "result": { "a": 1.5 }, "files": ["result.json", "out/f.PNG"], "figures": ["out/f.PNG"], "stdout": "hello\n"
    });
    assert_eq!(report.outcome, expected);
    let names: Vec<_> = report.artifacts.iter().map(|kept| kept.name.as_str()).collect();
    assert_eq!(names, ["result.json", "out-f.PNG"]);
}

#[test]
fn a_program_without_result_json_has_none() {
    let report = report(Ending::Exited(0), vec![], &MemoryArtifacts::default()).unwrap();
    assert_eq!(report.outcome["result"], Value::Null);
}

#[test]
fn a_damaged_result_and_a_bad_ending_are_failures() {
    let mut artifacts = MemoryArtifacts::default();
    let damaged = vec![artifacts.add("result.json", "{")];
    assert!(matches!(report(Ending::Exited(0), damaged, &artifacts), Err(Failure::Simulation(_))));
    assert!(matches!(report(Ending::Exited(1), vec![], &artifacts), Err(Failure::Simulation(_))));
}

#[test]
fn the_manifest_holds() {
    assert_eq!(testing::check_manifest::<OctaveScript>(), Ok(()));
}
