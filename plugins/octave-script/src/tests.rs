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
    let call = call(json!({ "script": script, "params": { "b": [1, 2], "a": 0 } }), &["data/x.csv"]);
    assert_eq!(call.command, ["octave-cli", "-qfHW", "main.m"]);
    assert_eq!(call.text("main.m"), Some(script));
    assert_eq!(call.text("params.json"), Some(r#"{"b":[1,2],"a":0}"#));
    assert_eq!(call.files.last().unwrap().path, "data/x.csv");
    assert_eq!((call.on_failure, call.keep_unchanged), (OnFailure::FailRun, false));
    assert_eq!(call.outputs, ["**"]);
    assert!(call.excludes.contains(&".simulay/**".to_owned()));
}

fn command(entry: &str, text: &str, path: &[&str]) -> Vec<String> {
    let params = json!({ "entry": entry, "path": path });
    let uploads = trial::<OctaveScript>(params).input(entry, text).input("lib/f.m", "").input("src/g.m", "");
    uploads.plan().unwrap().remove(0).command.clone()
}

#[test]
fn a_file_is_run_as_at_a_desk() {
    assert_eq!(command("src/run.m", "x = 1;", &[])[2..], ["src/run.m"]);
    assert_eq!(command("-x.m", "x = 1;", &[])[2..], ["./-x.m"]);
    let on_path = command("main.m", "x = 1;", &["lib", "src"]);
    assert_eq!(on_path[2..], ["--path", "/sim/src", "--path", "/sim/lib", "main.m"]);
    assert_eq!(command("plate.m", "function plate()\nend", &[])[2..], ["plate.m"]);
}

#[test]
fn a_file_of_which_octave_would_run_nothing_is_started_by_name() {
    let source = "source (strtrim (fileread (fullfile (\".simulay\", \"entry.txt\"))));";
    let uncallable = command("plate (1).m", "function plate()\nend", &[]);
    assert_eq!(uncallable[2..], ["--eval".to_owned(), format!("{source} plate ();")]);
    assert_eq!(command("src/plate.m", "function plate()\nend", &["src"])[4..], ["src/plate.m"]);
    let mixed = command("main.m", "function f()\nend\nf();", &[]);
    assert!(mixed[3].contains("eval (\"function main (), end\")") && mixed[3].ends_with(source), "{mixed:?}");
    assert_eq!(command("1 main.m", "function f()\nend\nf();", &[])[3], source);
}

#[test]
fn a_program_that_would_run_nothing_is_refused() {
    assert_eq!(pointer(json!({ "script": "1;\nfunction f()\nend" }), &[]), "/script");
    let empty = trial::<OctaveScript>(json!({})).input("main.m", "% later\n").plan();
    assert_eq!(empty.unwrap_err().pointer(), Some("/entry"));
}

#[test]
fn a_file_that_another_hides_is_started_by_its_text() {
    let run = |path: Value, others: &[&str]| {
        let uploads = trial::<OctaveScript>(json!({ "entry": "src/plate.m", "path": path }));
        let uploads = uploads.input("src/plate.m", "function plate()\nend").input("lib/f.m", "");
        let uploads = others.iter().fold(uploads, |uploads, other| uploads.input(other, ""));
        uploads.plan().unwrap().remove(0).command.last().unwrap().clone()
    };
    assert_eq!(run(json!(["src", "lib"]), &["lib/plate.m"]), "src/plate.m");
    assert!(run(json!(["lib", "src"]), &["lib/plate.m"]).ends_with("plate ();"));
    assert!(run(json!(["src"]), &["plate.m"]).ends_with("plate ();"));
    assert!(run(json!(["lib"]), &[]).ends_with("plate ();"));
}

#[test]
fn a_program_that_is_unclear_is_run_as_it_is_and_must_do_something() {
    let text = "function f()\n  x = (1;\nend\nf();";
    let run = |answer: Answer| trial::<OctaveScript>(json!({ "script": text })).run(|_| answer.clone());
    assert_eq!(call(json!({ "script": text }), &[]).command[2..], ["main.m"]);
    let nothing = run(Answer::ok());
    assert!(matches!(&nothing, Err(Stop::Simulation(reason)) if reason.contains("no end")), "{nothing:?}");
    assert!(run(Answer::ok().stdout("x")).is_ok() && run(Answer::ok().file("result.json", "1")).is_ok());
}

#[test]
fn a_function_without_a_name_is_refused() {
    assert_eq!(pointer(json!({ "script": "function\n 1\nend" }), &[]), "/script");
}

#[test]
fn a_folder_of_the_path_must_hold_something() {
    let params = |path: &str| json!({ "script": "x", "path": ["lib", path] });
    assert_eq!(pointer(params("nothing"), &["lib/f.m"]), "/path/1");
    assert!(matches!(program(params("a:b"), &["lib/f.m"]).plan(), Err(Stop::Params(_))));
}

#[test]
fn the_bounds_are_the_callers() {
    let bounds =
        json!({ "script": "x", "cpu_milli": 500, "memory_mib": 256, "scratch_mib": 16, "timeout_ms": 1000 });
    let expected = Resources { cpu_milli: 500, memory_mib: 256, scratch_mib: 16, timeout_ms: 1000 };
    assert_eq!(call(bounds, &[]).resources, expected);
}

#[test]
fn uploads_take_nothing_from_the_space_for_files() {
    let scratch = |params: Value, size: usize| {
        let files: Trial<OctaveScript> =
            trial(params).input("main.m", "x = 1;").input("data.bin", vec![0_u8; size]);
        files.plan().unwrap()[0].resources.scratch_mib
    };
    assert_eq!(scratch(json!({}), 100 << 20), 165);
    assert_eq!(scratch(json!({}), 1), 65);
    assert_eq!(scratch(json!({ "scratch_mib": 8 }), 100 << 20), 8);
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
        "result": { "a": 1.5 }, "result_left_out": [], "files": ["result.json", "out/f.PNG"],
        "files_more": 0, "figures": ["out/f.PNG"], "figures_more": 0, "left_out": [], "left_out_more": 0, "stdout": "hello\n"
    });
    assert_eq!(done.outcome, expected);
    assert_eq!(done.file_names(), ["result.json", "out/f.PNG"]);
}

#[test]
fn a_program_without_result_json_has_none() {
    assert_eq!(ran(&Answer::ok()).unwrap().outcome["result"], Value::Null);
}

fn shown(result: &Value) -> (Value, Value) {
    let done = ran(&Answer::ok().json("result.json", result)).unwrap();
    (done.outcome["result"].clone(), done.outcome["result_left_out"].clone())
}

#[test]
fn what_is_too_large_to_show_is_named() {
    let field = vec![vec![0.123_456_789_012_345; 600]; 600];
    let result = json!({ "peak": 3, "field": field, "in": { "a/b": "x".repeat(100_000), "c": [1, [2]] } });
    let (value, left_out) = shown(&result);
    assert_eq!(value, json!({ "peak": 3, "field": null, "in": { "a/b": null, "c": [1, [2]] } }));
    assert_eq!(left_out, json!(["/field", "/in/a~1b"]));
}

#[test]
fn many_parts_that_are_too_large_together_leave_the_last_out() {
    let part = vec![1; 7000];
    let result = json!({ "a": part, "b": part, "c": part, "d": part, "e": part, "f": 6 });
    let (value, left_out) = shown(&result);
    assert!(value["d"] == json!(part) && value["e"].is_null() && value["f"] == 6);
    assert_eq!(left_out, json!(["/e"]));
    let (value, left_out) = shown(&json!(vec![vec![json!({ "x": "y".repeat(70_000) }); 9]; 9]));
    assert_eq!(value, json!(vec![vec![json!({ "x": null }); 9]; 9]));
    assert_eq!(left_out.as_array().unwrap().len(), 81);
}

#[test]
fn a_result_of_too_many_parts_is_left_out_whole() {
    assert_eq!(shown(&json!(vec![0; 100_000])), (Value::Null, json!([""])));
}

#[test]
fn parts_too_deep_and_names_too_long_are_left_out() {
    let deep = |depth: usize| format!("{}7{}", "[".repeat(depth), "]".repeat(depth));
    let written = |text: &str| {
        let done = ran(&Answer::ok().file("result.json", text)).unwrap();
        (done.outcome["result"].clone(), done.outcome["result_left_out"].clone())
    };
    let (value, left_out) = written(&format!(r#"{{"a":{},"b":{},"c":3}}"#, deep(100_000), deep(99)));
    assert_eq!(left_out, json!([format!("/a{}", "/0".repeat(99))]));
    assert_eq!((&value["b"].to_string(), &value["c"]), (&deep(99), &json!(3)));
    let objects = format!("{}0{}", r#"{"a":"#.repeat(1000), "}".repeat(1000));
    assert_eq!(written(&objects).1, json!(["/a".repeat(100)]));
    assert_eq!(
        written(&format!(r#"{{"a":{{"{}":[1]}},"b":2}}"#, "x".repeat(70_000))).0,
        json!({ "a": null, "b": 2 })
    );
}

#[test]
fn files_that_could_not_be_kept_are_told() {
    let done = ran(&Answer::ok().left_out("pipe", "it is no file").left_out_more(2)).unwrap();
    assert_eq!(done.outcome["left_out"], json!([{ "path": "pipe", "reason": "it is no file" }]));
    assert_eq!(done.outcome["left_out_more"], 2);
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
