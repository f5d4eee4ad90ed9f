//! What becomes of a plugin over REST: approval, examples as a gate, what is shown of it.

use axum::http::Request;
use serde_json::json;
use simulay_api::ApiSettings;
use simulay_api::wire::{Plugin, PluginEventKind as Kind, PluginState};
use simulay_engine::{Approval, PluginPolicy, Settings};
use simulay_model::Resources;

use crate::house::{Answer, House};
use crate::scripts::{HEAT, HEAT_GREEDY, HEAT_NEWER};

fn house(approval: Approval) -> House {
    let most = Resources { memory_mib: 192, ..PluginPolicy::default().most };
    let settings =
        Settings { plugins: PluginPolicy { approval, approve_own: true, most }, ..Settings::default() };
    House::with(&ApiSettings::default(), settings)
}

async fn upload_as(house: &House, query: &str, component: &'static [u8]) -> Answer {
    let request = Request::post(format!("/v1/plugins{query}")).header("content-type", "application/wasm");
    house.send(request, component).await
}

/// Asks, and waits for what comes of it.
async fn ask(house: &House, path: &str) -> Answer {
    house.send(Request::post(path).header("prefer", "wait=60"), "").await
}

async fn shown(house: &House, path: &str) -> Plugin {
    house.get(path).await.expect(200).document()
}

fn kinds(plugin: &Plugin) -> Vec<Kind> {
    plugin.history.iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn where_every_version_waits_it_takes_runs_once_it_is_approved() {
    let house = house(Approval::Always);
    let plugin: Plugin = house.upload(HEAT).await.expect(201).document();
    assert_eq!((plugin.summary.state, plugin.summary.approved_at), (PluginState::Pending, None));
    assert_eq!(plugin.compared_with, None);
    assert_eq!(plugin.asks_more.len(), 6, "beside nothing everything is more");
    let refused = house.post("/v1/plugins/heat/1.0.0/activate", "").await.problem(409, "approval_needed");
    assert!(refused.detail.contains("images.octave"), "{}", refused.detail);
    house.post("/v1/pipelines/heat@1.0.0/runs", "{}").await.problem(409, "plugin_not_active");
    house.get("/v1/pipelines/heat").await.problem(404, "not_found");
    let plugin: Plugin = house.post("/v1/plugins/heat/1.0.0/approve", "").await.expect(200).document();
    assert_eq!(plugin.summary.state, PluginState::Active);
    assert_eq!(kinds(&plugin), [Kind::Uploaded, Kind::Approved, Kind::Activated]);
    house.post("/v1/pipelines/heat/runs", "{}").await.expect(202);
}

#[tokio::test]
async fn an_upgrade_that_asks_for_more_waits_and_shows_the_difference() {
    let house = house(Approval::WhenAskingForMore);
    let first: Plugin = house.upload(HEAT).await.expect(201).document();
    assert_eq!(first.summary.state, PluginState::Active);
    let plugin: Plugin = house.upload(HEAT_GREEDY).await.expect(201).document();
    assert_eq!(plugin.summary.state, PluginState::Pending);
    assert_eq!(plugin.compared_with, Some("1.0.0".parse().unwrap()));
    let more = serde_json::to_value(&plugin.asks_more).unwrap();
    assert_eq!(more, json!([{ "what": "max_resources.memory_mib", "before": 128, "now": 256 }]));
    let less = serde_json::to_value(&plugin.asks_less).unwrap();
    assert_eq!(less, json!([{ "what": "max_parallel", "before": 2, "now": 4 }]));
    assert_eq!(plugin.granted.memory_mib, 192);
    assert!(plugin.warnings[0].contains("256 asked, 192 granted"), "{:?}", plugin.warnings);
    let refused = ask(&house, "/v1/plugins/heat/1.2.0/activate").await.problem(409, "approval_needed");
    assert!(refused.detail.contains("max_resources.memory_mib (256, before 128)"), "{}", refused.detail);
    assert_eq!(shown(&house, "/v1/plugins/heat/1.0.0").await.summary.state, PluginState::Active);
}

#[tokio::test]
async fn an_example_that_disagrees_keeps_the_version_before_and_names_the_number() {
    let house = house(Approval::WhenAskingForMore);
    house.upload(HEAT).await.expect(201);
    house.upload(HEAT_GREEDY).await.expect(201);
    let path = "/v1/plugins/heat/1.2.0/approve?check=examples";
    let refused = ask(&house, path).await.problem(409, "examples_disagree");
    let one = &refused.disagreements[0];
    assert_eq!((one.example.as_str(), one.pointer.as_str()), ("small", "/max"));
    assert_eq!((&one.expected, one.found.as_ref()), (&json!(400.0), Some(&json!(373.5))));
    assert!((one.relative_error.unwrap() - 0.06625).abs() < 1e-9, "{one:?}");
    let plugin = shown(&house, "/v1/plugins/heat/1.2.0").await;
    assert_eq!(plugin.summary.state, PluginState::Pending);
    assert_eq!(kinds(&plugin), [Kind::Uploaded, Kind::Approved, Kind::CheckBegun, Kind::CheckDisagreed]);
    let pipeline: serde_json::Value = house.get("/v1/pipelines/heat").await.expect(200).document();
    assert_eq!(pipeline["version"], "1.0.0");
}

#[tokio::test]
async fn an_upload_may_wait_for_its_examples_whatever_the_policy() {
    let house = house(Approval::Never);
    house.upload(HEAT).await.expect(201);
    let plugin: Plugin = upload_as(&house, "?state=pending", HEAT_NEWER).await.expect(201).document();
    assert_eq!(plugin.summary.state, PluginState::Pending);
    house.post("/v1/pipelines/heat@1.1.0/runs", "{}").await.problem(409, "plugin_not_active");
    let path = "/v1/plugins/heat/1.1.0/activate?check=examples";
    let plugin: Plugin = ask(&house, path).await.expect(200).document();
    assert_eq!(plugin.summary.state, PluginState::Active);
    assert_eq!(kinds(&plugin), [Kind::Uploaded, Kind::CheckBegun, Kind::CheckAgreed, Kind::Activated]);
    upload_as(&house, "?state=retired", HEAT).await.problem(422, "params_invalid");
    upload_as(&house, "?status=pending", HEAT).await.problem(422, "params_invalid");
}

#[tokio::test]
async fn what_happened_to_a_plugin_is_told_in_order_and_by_whom() {
    let house = house(Approval::WhenAskingForMore);
    house.upload(HEAT).await.expect(201);
    house.upload(HEAT_NEWER).await.expect(201);
    house.post("/v1/pipelines/heat/rollback", "").await.expect(200);
    house.post("/v1/plugins/heat/1.1.0/activate", "").await.expect(200);
    let plugin = shown(&house, "/v1/plugins/heat/1.1.0").await;
    assert_eq!(kinds(&plugin), [Kind::Uploaded, Kind::RolledBack, Kind::Activated]);
    assert!(plugin.history.iter().all(|event| event.by == "rest"), "{:?}", plugin.history);
    assert_eq!(plugin.summary.uploader, "rest");
    assert_eq!(plugin.contract.to_string(), "0.1.0");
}
