//! `/v1/runs/{id}/calls/{step}/{call}/logs/{stream}`.

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use serde_json::json;
use simulay_containers::scripted::Act;

use crate::house::{House, PATIENCE, read_until};

#[tokio::test]
async fn both_streams_are_told_as_they_were_printed() {
    let house = House::with_heat().await;
    let bytes: Vec<u8> = (0..=255).collect();
    house.containers.on("solve", Act::exits(0).stdout(bytes.clone()).stderr("<script>alert(1)</script>"));
    let run = house.ended(&json!({})).await;
    let path = format!("/v1/runs/{}/calls/0/0/logs", run.id);
    let out = house.get(&format!("{path}/stdout")).await.expect(200);
    assert_eq!(out.body, bytes);
    let complaint = house.get(&format!("{path}/stderr")).await.expect(200);
    assert_eq!(complaint.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(complaint.header("x-content-type-options"), "nosniff");
    assert_eq!(complaint.header("content-security-policy"), "sandbox; default-src 'none'");
    for wrong in ["0/1/logs/stdout", "1/0/logs/stdout", "0/0/logs/stdin", "-1/0/logs/stdout", "0/0/logs/.."] {
        house.get(&format!("/v1/runs/{}/calls/{wrong}", run.id)).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_stream_goes_on_until_its_call_ends() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).stdout("working\n").held());
    let run = house.start(&json!({})).await;
    house.until_at_work().await;
    let path = format!("/v1/runs/{}/calls/0/0/logs/stdout", run.id);
    let response = house.respond(Request::get(&path), Body::empty()).await;
    let mut body = response.into_body().into_data_stream();
    read_until(&mut body, "working\n").await;
    house.containers.release("solve");
    let rest = tokio::time::timeout(PATIENCE, body.next()).await.unwrap();
    assert!(rest.is_none(), "{rest:?}");
}

#[tokio::test]
async fn a_stopping_server_breaks_the_stream_off() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).stdout("working\n").held());
    let run = house.start(&json!({})).await;
    house.until_at_work().await;
    let path = format!("/v1/runs/{}/calls/0/0/logs/stdout", run.id);
    let response = house.respond(Request::get(&path), Body::empty()).await;
    let mut body = response.into_body().into_data_stream();
    read_until(&mut body, "working\n").await;
    house.draining.cancel();
    let end = tokio::time::timeout(PATIENCE, body.next()).await.unwrap();
    assert!(matches!(end, Some(Err(_))), "half a log must not look whole: {end:?}");
}
