use serde_json::{Value, json};
use simulay_sdk::testing::{Answer, Call, Stop, Trial, check, trial};
use simulay_sdk::{Ending, OnFailure, Resources, Source};

use super::*;

/// A program with these uploads.
fn program(params: Value, paths: &[&str]) -> Trial<OctaveScript> {
    paths.iter().fold(trial(params), |trial, path| trial.input(path, *path))
}

fn call(params: Value, paths: &[&str]) -> Call {
    let [call] = program(params, paths).plan().unwrap().try_into().unwrap();
    call
}

fn pointer(params: Value, paths: &[&str]) -> String {
    program(params, paths).plan().unwrap_err().pointer().unwrap().to_owned()
}

fn ran(answer: &Answer) -> Result<simulay_sdk::testing::Done, Stop> {
    let keep = json!({ "script": "x", "keep": ["result.json", "out/*"] });
    program(keep, &[]).run(|_| answer.clone().stdout("hello\n"))
}

#[test]
fn a_script_lies_beside_its_parameters_as_it_is() {
    let script = "x = 1; % '\"$(id)";
    let call = call(json!({ "script": script, "params": { "a": [1, 2] } }), &["data/x.csv"]);
    assert_eq!(call.command, ["octave-cli", "-qfHW", ".simulay/start.m"]);
    assert_eq!(call.text("main.m"), Some(script));
    assert_eq!(call.text(".simulay/entry.txt"), Some("main.m"));
    assert_eq!(call.text("params.json"), Some(r#"{"a":[1,2]}"#));
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
fn what_breaks_a_rule_is_refused() {
    for params in [
        json!({ "script": "" }),
        json!({ "entry": "/main.m" }),
        json!({ "entry": "main.txt" }),
        json!({ "script": "x", "memory_mib": 5000 }),
        json!({ "script": "x", "keep": [""] }),
        json!({ "script": null }),
        json!({ "sript": "x" }),
    ] {
        assert!(matches!(program(params, &["main.m"]).plan(), Err(Stop::Params(_))));
    }
}

#[test]
fn uploads_keep_their_paths_and_are_not_passed_through() {
    let call = call(json!({ "entry": "src/run.m" }), &["src/run.m", "src/lib/f.m"]);
    assert_eq!(call.text(".simulay/entry.txt"), Some("src/run.m"));
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
    let done = ran(&Answer::ok().file("result.json", r#"{"a":1.5}"#).file("out/f.PNG", "png")).unwrap();
    let expected = json!({
        "result": { "a": 1.5 }, "files": ["result.json", "out/f.PNG"], "figures": ["out/f.PNG"], "stdout": "hello\n"
    });
    assert_eq!(done.outcome, expected);
    assert_eq!(done.file_names(), ["result.json", "out/f.PNG"]);
}

#[test]
fn a_program_without_result_json_has_none() {
    assert_eq!(ran(&Answer::ok()).unwrap().outcome["result"], Value::Null);
}

#[test]
fn a_damaged_result_and_a_bad_ending_are_failures() {
    let damaged = ran(&Answer::ok().file("result.json", "{"));
    assert!(matches!(damaged, Err(Stop::Simulation(_))), "{damaged:?}");
    let ending = Ending::Exited(1);
    assert_eq!(ran(&Answer::exit(1)).unwrap_err(), Stop::Call { name: "program".into(), ending });
}

#[test]
fn the_manifest_holds() {
    assert_eq!(check::<OctaveScript>(), Ok(()));
}
