//! Sweeps of a shipped pipeline, at the command line of people and over REST, with real Octave.

use std::process::Output;

use serde_json::{Value, json};

use crate::host::Host;

/// A plate that is solved at once.
const PLATE: [&str; 2] = ["--params", r#"{"cells_x": 10, "cells_y": 10, "steps": 10}"#];
/// On the last one too little happens in the time: the pipeline refuses it once it looks.
const WIDTHS: [&str; 2] = ["--vary", "width_m=0.05,0.1,900"];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

impl Host {
    /// Runs `simulay sweeps`, which must end with this code.
    fn sweeps(&self, code: i32, arguments: &[&[&str]]) -> Output {
        let arguments = [&["sweeps"][..], &arguments.concat()].concat();
        let output = self.simulay(&arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        output
    }

    async fn points(&self, sweep: &str) -> Vec<Value> {
        let page = self.get(&format!("/v1/sweeps/{sweep}/points?outcomes=/max_error_K")).await;
        page["points"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_grid_with_a_point_that_fails_is_tried_again_and_told_as_a_table() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    host.upload("heat-equation").await;
    let asked = [&["heat-equation"][..], &WIDTHS, &PLATE].concat();
    let preview = host.sweeps(0, &[&["preview", "--json"], &asked]);
    let preview: Value = serde_json::from_slice(&preview.stdout).unwrap();
    assert_eq!((&preview["points"], &preview["estimate"]), (&json!(3), &Value::Null));
    assert_eq!(preview["preview"]["calls"][0]["image"], "octave");

    let created = host.sweeps(0, &[&["create", "--name", "Widths"], &asked]);
    let sweep = text(&created.stdout);
    let watched = host.sweeps(1, &[&["watch", &sweep]]);
    assert!(text(&watched.stdout).ends_with("ended  2 succeeded, 1 failed"), "{watched:?}");
    let before = host.points(&sweep).await;
    assert_eq!(before[2]["state"], "failed");
    assert!(before[0]["outcomes"]["/max_error_K"].as_f64().unwrap() > 0.0, "{before:?}");

    host.sweeps(0, &[&["retry", &sweep]]);
    host.sweeps(1, &[&["watch", &sweep]]);
    let after = host.points(&sweep).await;
    assert_eq!((&after[0], &after[1]), (&before[0], &before[1]), "what succeeded stays");
    assert_ne!(after[2]["run"], before[2]["run"], "what failed has another run");
    assert_eq!(after[2]["state"], "failed");

    let table = text(&host.sweeps(0, &[&["points", &sweep, "--outcome", "/max_error_K", "--csv"]]).stdout);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].contains("\"/width_m\",\"/max_error_K\",\"error\""), "{table}");
    assert!(lines[1].starts_with("0,succeeded,") && lines[3].starts_with("2,failed,"), "{table}");
    assert!(lines[3].contains("900,,\""), "{table}");
    let failed = text(&host.sweeps(0, &[&["points", &sweep, "--failed"]]).stdout);
    assert_eq!(failed.lines().count(), 2, "{failed}");
    let refused = host.sweeps(1, &[&["extend", &sweep, "2"]]);
    assert!(text(&refused.stderr).contains("have the points they have"), "{refused:?}");

    let preview = host.sweeps(0, &[&["preview"], &asked]);
    assert!(text(&preview.stdout).contains("a run, "), "by now runs have succeeded: {preview:?}");
    let estimate = host.simulay(&["runs", "estimate", "heat-equation"]);
    assert!(estimate.status.success() && text(&estimate.stdout).contains("median"), "{estimate:?}");
}

#[tokio::test]
async fn a_sequence_goes_on_and_its_points_stay() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    host.upload("heat-equation").await;
    let vary = ["--vary", "width_m=0.05..0.2", "--sobol", "2"];
    let created = host.sweeps(0, &[&["create", "heat-equation", "--json"], &vary, &PLATE]);
    let created: Value = serde_json::from_slice(&created.stdout).unwrap();
    let sweep = created["id"].as_str().unwrap();
    host.sweeps(0, &[&["watch", sweep]]);
    let before = host.points(sweep).await;
    host.sweeps(0, &[&["extend", sweep, "2"]]);
    host.sweeps(0, &[&["watch", sweep]]);
    let after = host.points(sweep).await;
    assert_eq!((after.len(), &after[..2]), (4, &before[..]));
    assert!(after.iter().all(|point| point["state"] == "succeeded"), "{after:?}");
    let shown = host.get(&format!("/v1/sweeps/{sweep}")).await;
    assert_eq!((&shown["counts"]["succeeded"], &shown["state"]), (&json!(4), &json!("succeeded")));
}
