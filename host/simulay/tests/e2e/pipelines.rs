//! The pipelines we ship, and a third party's program, with real answers.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::host::Host;

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

#[tokio::test]
async fn heat_is_conducted_as_theory_says_and_plots_come_back() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    host.upload("heat-equation").await;
    let run = host.outcome("heat-equation", &json!({}), &[]).await;
    let outcome = &run["report"]["outcome"];
    assert!(number(outcome, "/max_error_K") < 0.1, "{outcome}");
    let id = run["id"].as_str().unwrap();
    let listed = host.get(&format!("/v1/runs/{id}/artifacts")).await;
    let items = listed["artifacts"].as_array().unwrap();
    let png = items.iter().find(|item| item["path"].as_str().unwrap().ends_with(".png")).expect("a plot");
    let sha256 = png["sha256"].as_str().unwrap();
    let picture = host.bytes(&format!("/v1/runs/{id}/artifacts/{sha256}")).await;
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(picture.len() as u64, png["size"].as_u64().unwrap());
}

#[tokio::test]
async fn a_preview_shows_the_calls_and_starts_nothing() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    host.upload("beam-monte-carlo").await;
    let body = json!({ "params": { "containers": 3 }, "seed": 7 });
    let (status, plan) = host.post("/v1/pipelines/beam-monte-carlo/preview", &body).await;
    assert_eq!(status, 200, "{plan}");
    assert_eq!(plan["calls"].as_array().unwrap().len(), 3, "{plan}");
    let again = host.post("/v1/pipelines/beam-monte-carlo/preview", &body).await;
    assert_eq!(again.1, plan, "the same request gives the same calls");
    assert_eq!(host.get("/v1/runs").await["runs"], json!([]));
}

#[tokio::test]
async fn a_program_of_several_files_runs_with_its_inputs() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    host.upload("octave-script").await;
    let main = "p = jsondecode(fileread('params.json')); d = csvread('data/loads.csv'); r.total = p.factor * sum_of(d);
        f = fopen('result.json', 'w'); fputs(f, jsonencode(r)); fclose(f); csvwrite('out.csv', d);";
    let function = "function s = sum_of(d)\n  s = sum(d(:));\nend\n";
    let inputs = [
        host.input("main.m", main.into()).await,
        host.input("lib/sum_of.m", function.into()).await,
        host.input("data/loads.csv", b"1,2\n3,4\n".to_vec()).await,
    ];
    let params = json!({ "path": ["lib"], "params": { "factor": 2.5 } });
    let run = host.outcome("octave-script", &params, &inputs).await;
    assert_eq!(number(&run, "/report/outcome/result/total"), 25.0);
    assert_eq!(run["report"]["outcome"]["files"], json!(["out.csv", "result.json"]));
}

/// Every request in `examples/requests`, those of a third party's model of several files too.
#[tokio::test]
async fn every_example_gives_the_expected_answer() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/requests");
    let mut answered = 0;
    for pipeline in entries(&examples) {
        host.upload(pipeline.file_name().unwrap().to_str().unwrap()).await;
        for file in
            entries(&pipeline).iter().filter(|file| file.extension().is_some_and(|ending| ending == "json"))
        {
            answer(&host, file).await;
            answered += 1;
        }
    }
    assert!(answered >= 8, "{answered} examples");
}

async fn answer(host: &Host, file: &Path) {
    let example: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut inputs = Vec::new();
    for input in example["inputs"].as_array().into_iter().flatten() {
        let source = file.parent().unwrap().join(input["file"].as_str().unwrap());
        inputs.push(host.input(input["path"].as_str().unwrap(), std::fs::read(source).unwrap()).await);
    }
    let pipeline = example["pipeline"].as_str().unwrap();
    let run = host.outcome(pipeline, &example["params"], &inputs).await;
    let tolerance = example["tolerance"].as_f64().unwrap_or(0.0);
    assert_matches(&run["report"]["outcome"], &example["expect"], tolerance, &file.display().to_string());
    let again = host.outcome(pipeline, &example["params"], &inputs).await;
    assert_eq!(again["report"], run["report"], "{}: the same seed gives the same bits", file.display());
}

/// All that comes of the second run is that of the first, and no container is started for it.
#[tokio::test]
async fn an_equal_run_takes_the_results_of_the_one_before() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    host.upload("beam-monte-carlo").await;
    let body = json!({ "params": { "containers": 2, "samples": 2000 }, "seed": 7 });
    let mut reports = Vec::new();
    for reused in [false, true] {
        let (_, run) = host.post("/v1/pipelines/beam-monte-carlo/runs", &body).await;
        let id = run["id"].as_str().unwrap();
        let run = host.ended(id).await;
        assert_eq!(run["state"], "succeeded", "{run}");
        let calls = host.get(&format!("/v1/runs/{id}/calls")).await;
        for call in calls["calls"].as_array().unwrap() {
            assert_eq!((&call["result"]["reused"], &call["started"]), (&json!(reused), &json!(!reused)));
            let path = format!("/v1/runs/{id}/calls/{}/{}/reuse", call["step"], call["call"]);
            assert_eq!(host.get(&path).await["reused"], reused);
        }
        reports.push(run["report"].clone());
    }
    assert_eq!(reports[0], reports[1]);
}

/// `expected` is a subset of `found`; numbers agree within the relative `tolerance`.
fn assert_matches(found: &Value, expected: &Value, tolerance: f64, place: &str) {
    match expected {
        Value::Object(fields) => {
            for (name, value) in fields {
                assert_matches(&found[name], value, tolerance, &format!("{place}/{name}"));
            }
        }
        Value::Number(number) => {
            let expected = number.as_f64().unwrap();
            let found = found.as_f64().unwrap_or_else(|| panic!("{place}: {found} is no number"));
            assert!(
                (found - expected).abs() <= tolerance * expected.abs(),
                "{place}: {found}, expected {expected}"
            );
        }
        other => assert_eq!(found, other, "{place}"),
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}
