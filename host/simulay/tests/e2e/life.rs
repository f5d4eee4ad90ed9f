//! An operator decides about plugins, at the command line and over REST; examples run in Octave.

use std::process::Output;

use serde_json::{Value, json};

use crate::host::{Host, containers_of};
use crate::other_version::{heat, wrong_heat};

const HEAT: &str = "heat-equation";

/// A host whose settings file says `settings`, and a folder for components.
fn host(settings: &str) -> (tempfile::TempDir, Host) {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("simulay.toml"), settings).unwrap();
    let host = Host::start(data.path());
    (data, host)
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command that must end with `code` prints.
fn prints(host: &Host, code: i32, arguments: &[&str]) -> String {
    let output = host.simulay(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    said(&output)
}

fn upload(host: &Host, component: &[u8], flags: &[&str]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), component).unwrap();
    prints(host, 0, &[&["plugin", "upload", file.path().to_str().unwrap()], flags].concat())
}

fn kinds(plugin: &Value) -> Vec<&str> {
    plugin["history"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_waits_for_approval_is_shown_approved_with_its_examples_and_run() {
    let (_data, host) = host("[plugins]\napproval = \"always\"\n");
    let told = upload(&host, &heat("1.0.0"), &[]);
    assert!(told.contains("`simulay plugin approve heat-equation@1.0.0`"), "{told}");
    let shown = prints(&host, 0, &["plugin", "show", HEAT]);
    for part in
        ["waits for your approval", "image `octave`", "Solves the heat equation", "rest from 127.0.0.1"]
    {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    prints(&host, 1, &["plugin", "activate", "heat-equation@1.0.0"]);
    let approved = prints(&host, 0, &["plugin", "approve", "heat-equation@1.0.0", "--check", "examples"]);
    assert!(approved.contains("2 examples agree"), "{approved}");
    assert!(approved.contains("is active; serves the pipeline `heat-equation`"), "{approved}");
    let list = prints(&host, 0, &["plugin", "list"]);
    assert!(list.contains("heat-equation@1.0.0  active, serves"), "{list}");
    host.outcome(HEAT, &json!({ "time_s": 10 }), &[]).await;
}

#[tokio::test]
async fn an_example_that_disagrees_keeps_the_version_before_and_a_rollback_goes_back() {
    let (_data, host) = host("");
    upload(&host, &heat("1.0.0"), &[]);
    let told = upload(&host, &wrong_heat("1.1.0"), &["--pending"]);
    assert!(told.contains("not active yet"), "{told}");
    let told = prints(&host, 1, &["plugin", "activate", "heat-equation@1.1.0", "--check", "examples"]);
    assert!(told.contains("/centre_temperature_K") && told.contains("OFF BY"), "{told}");
    assert!(told.contains("heat-equation@1.1.0 stays pending"), "{told}");
    assert_eq!(host.get("/v1/pipelines/heat-equation").await["version"], "1.0.0");

    upload(&host, &heat("1.2.0"), &[]);
    assert_eq!(host.get("/v1/pipelines/heat-equation").await["version"], "1.2.0");
    let back = prints(&host, 0, &["--json", "plugin", "rollback", HEAT]);
    let back: Value = serde_json::from_str(&back).unwrap();
    assert_eq!(back, json!({ "from": "1.2.0", "to": "1.0.0" }));
    prints(&host, 0, &["plugin", "retire", "heat-equation@1.1.0"]);
    let shown = prints(&host, 0, &["--json", "plugin", "show", "heat-equation@1.1.0"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(kinds(&shown), ["uploaded", "check_begun", "check_disagreed", "retired"]);
}

#[tokio::test]
async fn a_host_killed_while_examples_run_activates_nothing_before_they_agreed() {
    let (data, mut host) = host("");
    upload(&host, &heat("1.0.0"), &[]);
    upload(&host, &heat("1.1.0"), &["--pending"]);
    let check = "/v1/plugins/heat-equation/1.1.0/activate?check=examples";
    let (status, plugin) = host.post(check, &json!({})).await;
    assert_eq!((status, &plugin["check"]["running"]), (202, &json!(true)), "{plugin}");
    let runs: Vec<&str> =
        plugin["check"]["runs"].as_array().unwrap().iter().map(|run| run.as_str().unwrap()).collect();
    host.started(runs[0], 1).await;
    host.kill();

    let host = Host::start(data.path());
    // Asked again; whether the check goes on or is over by now, it comes to the same.
    let output = host.simulay(&["plugin", "activate", "heat-equation@1.1.0", "--check", "examples"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(host.get("/v1/pipelines/heat-equation").await["version"], "1.1.0");
    let plugin = host.get("/v1/plugins/heat-equation/1.1.0").await;
    let kinds = kinds(&plugin);
    assert!(kinds.starts_with(&["uploaded", "check_begun", "check_agreed", "activated"]), "{kinds:?}");
    for run in runs {
        assert_eq!(host.ended(run).await["state"], "succeeded");
        assert_eq!(containers_of(run), [""; 0]);
    }
}

#[tokio::test]
async fn what_the_operator_offers_is_uploaded_by_one_command_whatever_is_wrong_with_one_of_them() {
    let offered = tempfile::tempdir().unwrap();
    std::fs::write(offered.path().join("a_broken.wasm"), b"no component").unwrap();
    std::fs::write(offered.path().join("heat.wasm"), heat("1.0.0")).unwrap();
    let (_data, host) = host(&format!("[plugins]\nshipped = {:?}\n", offered.path()));
    let output = host.simulay(&["plugin", "upload", "--shipped"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said(&output).contains("heat-equation@1.0.0 uploaded"), "{output:?}");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("a_broken.wasm") && complaint.contains("invalid_component"), "{complaint}");
    std::fs::remove_file(offered.path().join("a_broken.wasm")).unwrap();
    assert!(
        prints(&host, 0, &["plugin", "upload", "--shipped"])
            .contains("heat-equation@1.0.0 was there already")
    );
    let told = prints(&host, 0, &["plugin", "upload", "--shipped", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["plugins"][0]["name"], HEAT);
    prints(&host, 2, &["plugin", "upload"]);
    prints(&host, 2, &["plugin", "upload", "--shipped", "heat.wasm"]);
}
