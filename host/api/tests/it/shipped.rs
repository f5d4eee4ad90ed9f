//! `/v1/shipped-plugins`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use simulay_api::ApiSettings;
use simulay_api::wire::{AuditList, Plugin, ShippedPlugin, ShippedPluginList};
use simulay_engine::Settings;
use simulay_model::{Digest, Quota, Quotas};
use tempfile::TempDir;

use crate::house::House;
use crate::scripts::{BEAM, HEAT, HEAT_FORGED};

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn offering(folder: &Path) -> ApiSettings {
    ApiSettings { shipped_plugins: Some(folder.to_owned()), ..ApiSettings::default() }
}

impl House {
    async fn offered(&self) -> Vec<String> {
        let list: ShippedPluginList = self.get("/v1/shipped-plugins").await.expect(200).document();
        list.plugins.into_iter().map(|plugin| plugin.file).collect()
    }
}

#[tokio::test]
async fn what_the_operator_offers_is_listed_and_uploaded_as_if_its_bytes_were_sent() {
    let folder = folder(&[("heat.wasm", HEAT), ("beam.wasm", BEAM), ("forged.wasm", HEAT_FORGED)]);
    let house = House::with(&offering(folder.path()), Settings::default());
    let list: ShippedPluginList = house.get("/v1/shipped-plugins").await.expect(200).document();
    let heat = ShippedPlugin { file: "heat.wasm".into(), size: HEAT.len() as u64, sha256: Digest::of(HEAT) };
    assert_eq!(list.plugins.len(), 3);
    assert_eq!(list.plugins[2], heat, "by name");

    let created = house.post("/v1/shipped-plugins/heat.wasm", "").await.expect(201);
    assert_eq!(created.header("location"), "/v1/plugins/heat/1.0.0");
    let plugin: Plugin = created.document();
    assert_eq!(plugin.summary.sha256, Digest::of(HEAT));
    house.upload(HEAT).await.expect(200);
    house.post("/v1/shipped-plugins/heat.wasm", "").await.expect(200);
    house.post("/v1/shipped-plugins/forged.wasm", "").await.problem(409, "plugin_version_exists");
    let pending = house.post("/v1/shipped-plugins/beam.wasm?state=pending", "").await.expect(201);
    assert!(pending.text().contains(r#""state":"pending""#), "{}", pending.text());

    let log: AuditList = house.get("/v1/audit").await.expect(200).document();
    let recorded = serde_json::to_value(&log).unwrap();
    let done = (&recorded["records"][0]["action"], &recorded["records"][0]["subject"]);
    assert_eq!(done, (&json!("plugin_uploaded"), &json!("heat@1.0.0")));
}

#[tokio::test]
async fn the_same_request_again_is_answered_once() {
    let folder = folder(&[("heat.wasm", HEAT)]);
    let house = House::with(&offering(folder.path()), Settings::default());
    for _ in 0..2 {
        let request = Request::post("/v1/shipped-plugins/heat.wasm").header("idempotency-key", "once");
        house.send(request, Body::empty()).await.expect(201);
    }
}

#[tokio::test]
async fn only_files_of_the_folder_that_could_be_uploaded_are_offered() {
    let elsewhere = folder(&[("secret.wasm", HEAT)]);
    let folder = folder(&[("beam.wasm", BEAM), ("notes.txt", b"text"), ("odd name.wasm", HEAT)]);
    fs::write(folder.path().join("large.wasm"), [0; 20]).unwrap();
    fs::create_dir(folder.path().join("folder.wasm")).unwrap();
    symlink(elsewhere.path().join("secret.wasm"), folder.path().join("link.wasm")).unwrap();
    let settings = ApiSettings { max_component_bytes: BEAM.len() as u64, ..offering(folder.path()) };
    let house = House::with(&settings, Settings::default());
    assert_eq!(house.offered().await, ["beam.wasm"]);
    let secret = format!("..%2F{}%2Fsecret.wasm", elsewhere.path().file_name().unwrap().display());
    for name in
        ["large.wasm", "folder.wasm", "link.wasm", "notes.txt", "odd%20name.wasm", &secret, "..", "%00"]
    {
        house.post(&format!("/v1/shipped-plugins/{name}"), "").await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn no_more_are_offered_than_a_page_shows() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..=100 {
        fs::write(folder.path().join(format!("{number:03}.wasm")), HEAT).unwrap();
    }
    let house = House::with(&offering(folder.path()), Settings::default());
    let offered = house.offered().await;
    assert_eq!((offered.len(), offered[99].as_str()), (100, "099.wasm"));
}

#[tokio::test]
async fn a_quota_bounds_them_as_it_bounds_uploads() {
    let folder = folder(&[("heat.wasm", HEAT)]);
    let quotas = Quotas::default().with(Quota::UploadBytes, Some(HEAT.len() as u64 - 1));
    let house = House::with(&offering(folder.path()), Settings { quotas, ..Settings::default() });
    let problem = house.post("/v1/shipped-plugins/heat.wasm", "").await.problem(413, "payload_too_large");
    assert!(problem.detail.contains("`quotas.upload_bytes`"), "{problem:?}");
}

#[tokio::test]
async fn without_a_folder_none_is_offered_and_one_that_cannot_be_read_is_told() {
    let house = House::new();
    assert!(house.offered().await.is_empty());
    house.post("/v1/shipped-plugins/heat.wasm", "").await.problem(404, "not_found");
    let house = House::with(&offering(Path::new("/nowhere/plugins")), Settings::default());
    for answer in
        [house.get("/v1/shipped-plugins").await, house.post("/v1/shipped-plugins/heat.wasm", "").await]
    {
        let problem = answer.problem(503, "storage_unavailable");
        assert!(problem.detail.contains("`plugins.shipped`"), "{problem:?}");
        assert!(!problem.detail.contains("/nowhere"), "where it is, is for the log: {problem:?}");
    }
}
