//! `/v1/plugins`.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use simulay_api::ApiSettings;
use simulay_api::wire::{Plugin, PluginList, RolledBack};
use simulay_engine::Settings;
use simulay_model::Digest;

use crate::house::{House, PATIENCE, me};
use crate::scripts::{HEAT, HEAT_FORGED, HEAT_NEWER};

fn upload() -> axum::http::request::Builder {
    Request::post("/v1/plugins").header("content-type", "application/wasm")
}

#[tokio::test]
async fn an_upload_is_created_once_and_known_afterwards() {
    let house = House::new();
    let created = house.upload(HEAT).await.expect(201);
    assert_eq!(created.header("location"), "/v1/plugins/heat/1.0.0");
    let plugin: Plugin = created.document();
    assert_eq!((plugin.summary.sha256, plugin.summary.size), (Digest::of(HEAT), HEAT.len() as u64));
    let known: Plugin = house.upload(HEAT).await.expect(200).document();
    assert_eq!(known.summary.sha256, plugin.summary.sha256);
    house.upload(HEAT_FORGED).await.problem(409, "plugin_version_exists");
}

#[tokio::test]
async fn versions_are_listed_and_shown_with_their_manifest() {
    let house = House::with_heat().await;
    house.upload(HEAT_NEWER).await.expect(201);
    for path in ["/v1/plugins", "/v1/plugins/heat"] {
        let list: PluginList = house.get(path).await.expect(200).document();
        let versions: Vec<String> = list.plugins.iter().map(|plugin| plugin.version.to_string()).collect();
        assert_eq!(versions, ["1.1.0", "1.0.0"], "{path}");
    }
    let plugin: Plugin = house.get("/v1/plugins/heat/1.0.0").await.expect(200).document();
    assert_eq!(plugin.manifest.title, "Heat in a plate");
    assert_eq!(plugin.manifest.examples.len(), 1);
    for path in ["/v1/plugins/cold", "/v1/plugins/heat/2.0.0", "/v1/plugins/heat/latest", "/v1/plugins/HEAT"]
    {
        house.get(path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_retired_version_takes_no_runs_and_stays_to_be_seen() {
    let house = House::with_heat().await;
    let path = "/v1/plugins/heat/1.0.0";
    let gone = house.method(Method::DELETE, path).await.expect(204);
    assert!(gone.body.is_empty());
    let plugin: Plugin = house.get(path).await.expect(200).document();
    assert!(plugin.summary.retired_at.is_some());
    house.post("/v1/pipelines/heat@1.0.0/runs", "{}").await.problem(409, "plugin_not_active");
    house.method(Method::DELETE, "/v1/plugins/heat/9.0.0").await.problem(404, "not_found");
    house.upload(HEAT).await.expect(200);
    house.post("/v1/pipelines/heat/runs", "{}").await.problem(409, "plugin_not_active");
    house.post("/v1/plugins/heat/1.0.0/activate?check=examples", "").await.expect(202);
    house
        .engine
        .catalog
        .checked(&me(), &"heat".parse().unwrap(), &"1.0.0".parse().unwrap(), PATIENCE)
        .await
        .unwrap();
    house.post("/v1/pipelines/heat/runs", "{}").await.expect(202);
}

#[tokio::test]
async fn only_plain_wasm_is_taken() {
    let house = House::new();
    for request in [
        Request::post("/v1/plugins"),
        Request::post("/v1/plugins").header("content-type", "application/json"),
        Request::post("/v1/plugins").header("content-type", "multipart/form-data; boundary=x"),
        upload().header("content-encoding", "gzip"),
        upload().header("content-encoding", "identity, br"),
    ] {
        house.send(request, HEAT).await.problem(415, "unsupported_media_type");
    }
    let parameter = Request::post("/v1/plugins").header("content-type", "Application/WASM; x=y");
    house.send(parameter.header("content-encoding", "identity"), HEAT).await.expect(201);
}

#[tokio::test]
async fn what_is_no_plugin_is_refused_by_kind() {
    let house = House::new();
    let problem = house.upload(b"\x7fELF").await.problem(422, "invalid_component");
    assert!(problem.detail.contains("no script"), "{problem:?}");
    house.upload(b"").await.problem(422, "invalid_component");
}

#[tokio::test]
async fn a_component_is_bounded_while_it_streams() {
    let settings = ApiSettings { max_component_bytes: HEAT.len() as u64, ..ApiSettings::default() };
    let house = House::with(&settings, Settings::default());
    house.upload(HEAT).await.expect(201);
    let announced = upload().header("content-length", HEAT.len() + 1);
    let problem = house.send(announced, Body::empty()).await.problem(413, "payload_too_large");
    assert!(problem.detail.contains("`server.max_component_bytes`"), "{problem:?}");
    // Without an end: only a bound that holds while it streams gives an answer.
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("piece"));
    house.send(upload(), Body::from_stream(endless)).await.problem(413, "payload_too_large");
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_a_place_still_has_time_for_the_body() {
    let settings = ApiSettings { max_uploads: 1, ..ApiSettings::default() };
    let house = House::with(&settings, Settings::default());
    let (begun, is_begun) = tokio::sync::oneshot::channel();
    let never = Body::from_stream(futures_util::stream::once(async {
        // Its body is asked for: it has the place.
        begun.send(()).unwrap();
        std::future::pending::<Result<&str, std::io::Error>>().await
    }));
    let soon = futures_util::stream::once(async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, std::io::Error>(HEAT)
    });
    let patient = async {
        is_begun.await.unwrap();
        house.send(upload(), Body::from_stream(soon)).await
    };
    let (stalled, patient) = tokio::join!(house.send(upload(), never), patient);
    stalled.problem(408, "request_timeout");
    patient.expect(201);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_given_up() {
    let house = House::new();
    let drip = futures_util::stream::unfold((), |()| async {
        tokio::time::sleep(ApiSettings::default().stall_timeout / 2).await;
        Some((Ok::<_, std::io::Error>("x"), ()))
    });
    house.send(upload(), Body::from_stream(drip)).await.problem(408, "request_timeout");
}

#[tokio::test]
async fn a_rollback_serves_the_version_before_and_only_once() {
    let house = House::with_heat().await;
    house.post("/v1/pipelines/heat/rollback", "").await.problem(409, "no_version_before");
    house.upload(HEAT_NEWER).await.expect(201);
    let done: RolledBack = house.post("/v1/pipelines/heat@1.1.0/rollback", "").await.expect(200).document();
    assert_eq!((done.from.to_string(), done.to.to_string()), ("1.1.0".to_owned(), "1.0.0".to_owned()));
    house.post("/v1/pipelines/heat@1.1.0/rollback", "").await.problem(409, "no_version_before");
    house.post("/v1/pipelines/heat@1.1.0/runs", "{}").await.problem(409, "plugin_not_active");
    house.post("/v1/pipelines/cold/rollback", "").await.problem(404, "not_found");
}
