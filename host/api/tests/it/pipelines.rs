//! `/v1/pipelines`.

use serde_json::json;
use simulay_api::wire::{Pipeline, PipelineList, Preview, Run};

use crate::house::House;
use crate::scripts::HEAT_NEWER;

#[tokio::test]
async fn the_latest_of_each_is_listed_and_any_is_shown() {
    let house = House::with_heat().await;
    let none: PipelineList = House::new().get("/v1/pipelines").await.expect(200).document();
    assert!(none.pipelines.is_empty());
    house.upload(HEAT_NEWER).await.expect(201);
    let list: PipelineList = house.get("/v1/pipelines").await.expect(200).document();
    assert_eq!(list.pipelines.len(), 1);
    assert_eq!(list.pipelines[0].version.to_string(), "1.1.0");
    for (selector, version) in [("heat", "1.1.0"), ("heat@1.0.0", "1.0.0"), ("heat%401.0.0", "1.0.0")] {
        let pipeline: Pipeline = house.get(&format!("/v1/pipelines/{selector}")).await.expect(200).document();
        assert_eq!(pipeline.manifest.version.to_string(), version, "{selector}");
        assert_eq!(pipeline.manifest.images[0].name, "octave");
    }
    for selector in ["cold", "heat@2.0.0", "heat@", "heat@x", "@1.0.0", "heat@1.0.0@1.0.0"] {
        house.get(&format!("/v1/pipelines/{selector}")).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_preview_shows_the_calls_and_starts_nothing() {
    let house = House::with_heat().await;
    let input = house.input(b"1,2\n").await;
    let body =
        json!({ "params": { "width": 2.5 }, "inputs": [{ "path": "in.csv", "sha256": input.sha256 }] });
    let answer = house.post("/v1/pipelines/heat/preview", body.to_string()).await.expect(200);
    let preview: Preview = answer.document();
    assert_eq!(preview.params, json!({ "width": 2.5, "mode": "usual" }));
    let [call] = preview.calls.as_slice() else { panic!("{preview:?}") };
    assert_eq!(call.command, ["octave-cli", "main.m"]);
    assert_eq!(call.files[0].text.as_deref(), Some("w = 2.5;"));
    assert_eq!((call.files[1].sha256, call.files[1].size), (input.sha256, None));
    assert!(house.containers.starts().is_empty());
    let runs = house.get("/v1/runs").await.expect(200);
    assert_eq!(runs.document::<serde_json::Value>(), json!({ "runs": [] }));
}

#[tokio::test]
async fn keys_keep_the_order_in_which_they_were_written() {
    let house = House::with_heat().await;
    let schema = house.get("/v1/pipelines/heat").await.expect(200);
    let schema = String::from_utf8(schema.body.to_vec()).unwrap();
    assert!(schema.find("\"width\"").unwrap() < schema.find("\"mode\"").unwrap(), "{schema}");
    let body = r#"{ "params": { "mode": "usual", "width": 2.50 } }"#;
    let kept = r#""params":{"mode":"usual","width":2.5}"#;
    let preview = house.post("/v1/pipelines/heat/preview", body).await.expect(200);
    let started = house.post("/v1/pipelines/heat/runs", body).await.expect(202);
    let run: Run = started.document();
    let shown = house.get(&format!("/v1/runs/{}", run.id)).await.expect(200);
    for answer in [preview, started, shown] {
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(text.contains(kept), "{text}");
    }
    // A default comes after what was given.
    let body = r#"{ "params": { "mode": "usual" } }"#;
    let preview: Preview = house.post("/v1/pipelines/heat/preview", body).await.expect(200).document();
    assert_eq!(preview.params.as_str(), r#"{"mode":"usual","width":1.0}"#);
}

#[tokio::test]
async fn a_preview_fails_as_the_run_would() {
    let house = House::with_heat().await;
    for (mode, kind, field) in [
        ("invalid", "params_invalid", "/width"),
        ("trap", "plugin_trap", ""),
        ("greedy", "spec_denied", "resources"),
    ] {
        let body = json!({ "params": { "mode": mode } }).to_string();
        let problem = house.post("/v1/pipelines/heat/preview", body).await.problem(422, kind);
        assert!(problem.field.unwrap_or_default().contains(field), "{mode}");
    }
    house.post("/v1/pipelines/cold/preview", "{}").await.problem(404, "not_found");
}
