//! `/v1/runs/{id}/calls/{step}/{call}/logs/{stream}`.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::json;
use simulay_api::ApiSettings;
use simulay_api::wire::Run;
use simulay_containers::scripted::Act;
use simulay_engine::Settings;

use crate::house::{Answer, House, PATIENCE, read_until};
use crate::scripts::HEAT;

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

/// A house with a place for one container, which is taken, and the log of a call that waits for it.
async fn that_waits() -> (House, Run, Response) {
    let one = Settings { max_containers: 1, newcomer_percent: 0, ..Settings::default() };
    let house = House::with(&ApiSettings::default(), one);
    house.upload(HEAT).await.expect(201);
    house.containers.on("solve", Act::exits(0).held());
    house.containers.on("solve", Act::exits(0).stdout("my turn\n"));
    house.start(&json!({})).await;
    house.until_at_work().await;
    let waits = house.start(&json!({})).await;
    let path = format!("/v1/runs/{}/calls/0/0/logs/stdout?from=3", waits.id);
    let planned = async {
        loop {
            let log = house.respond(Request::get(&path), Body::empty()).await;
            if log.status() == 200 {
                return log;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let log = tokio::time::timeout(PATIENCE, planned).await.unwrap();
    (house, waits, log)
}

#[tokio::test]
async fn a_log_of_a_call_that_waits_begins_when_the_call_does() {
    let (house, _, log) = that_waits().await;
    let mut body = log.into_body().into_data_stream();
    assert!(body.next().now_or_never().is_none(), "it is not over before it began");
    house.containers.release("solve");
    assert_eq!(read_until(&mut body, "turn\n").await, "turn\n");
    let rest = tokio::time::timeout(PATIENCE, body.next()).await.unwrap();
    assert!(rest.is_none(), "{rest:?}");
}

#[tokio::test]
async fn a_log_of_a_call_that_never_begins_ends_with_its_run() {
    let (house, waits, log) = that_waits().await;
    house.post(&format!("/v1/runs/{}/cancel", waits.id), "").await.expect(202);
    assert_eq!(Answer::read(log).await.expect(200).text(), "");
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

async fn asked(house: &House, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    house.send(request, Body::empty()).await
}

/// Three bytes a character, so that most offsets lie within one.
const PRINTED: &str = "€uro €uro";

#[tokio::test]
async fn a_log_that_is_over_is_read_from_any_byte() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).stdout(PRINTED));
    let run = house.ended(&json!({})).await;
    let path = format!("/v1/runs/{}/calls/0/0/logs/stdout", run.id);
    let all = PRINTED.as_bytes();
    for (from, begins) in [
        ("0", 0),
        ("1", 1),
        ("5", 5),
        ("13", 13),
        ("-1", 12),
        ("-2", 11),
        ("-13", 0),
        ("-999", 0),
        ("-9223372036854775808", 0),
    ] {
        let answer = house.get(&format!("{path}?from={from}")).await.expect(200);
        assert_eq!(answer.body, &all[begins..], "{from}");
        assert_eq!(answer.header("simulay-log-from"), begins.to_string());
        assert_eq!(answer.header("content-length"), (all.len() - begins).to_string());
        assert_eq!(answer.header("simulay-attempt"), "0");
    }
    let past = house.get(&format!("{path}?from=14")).await;
    assert_eq!(past.problem(416, "range_not_satisfiable").field.as_deref(), Some("from"));
    assert_eq!(past.header("content-range"), "bytes */13");
    for wrong in ["x", "1.5", "", "9223372036854775808"] {
        let problem = house.get(&format!("{path}?from={wrong}")).await.problem(422, "params_invalid");
        assert_eq!(problem.field.as_deref(), Some("from"), "{wrong}");
    }
    let empty = format!("/v1/runs/{}/calls/0/0/logs/stderr", run.id);
    assert_eq!(house.get(&format!("{empty}?from=-5")).await.expect(200).header("content-length"), "0");
}

#[tokio::test]
async fn a_log_that_is_over_answers_ranges_and_conditions() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).stdout(PRINTED));
    let run = house.ended(&json!({})).await;
    let path = format!("/v1/runs/{}/calls/0/0/logs/stdout", run.id);
    let whole = house.get(&path).await.expect(200);
    assert_eq!((whole.header("content-length"), whole.header("accept-ranges")), ("13", "bytes"));
    let part = asked(&house, &path, &[("range", "bytes=1-3")]).await.expect(206);
    assert_eq!((&part.body[..], part.header("content-range")), (&PRINTED.as_bytes()[1..4], "bytes 1-3/13"));
    assert_eq!((part.header("content-length"), part.header("simulay-log-from")), ("3", "1"));
    asked(&house, &path, &[("range", "bytes=13-")]).await.problem(416, "range_not_satisfiable");
    let known = asked(&house, &path, &[("if-none-match", whole.header("etag"))]).await.expect(304);
    assert!(known.body.is_empty());
}

#[tokio::test]
async fn a_log_that_grows_is_followed_from_where_one_was() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).stdout("one ").stdout("two ").held());
    let run = house.start(&json!({})).await;
    house.until_at_work().await;
    let path = format!("/v1/runs/{}/calls/0/0/logs/stdout", run.id);
    let begin = async |query: &str| {
        let response = house.respond(Request::get(format!("{path}{query}")), Body::empty()).await;
        assert_eq!(response.status(), 200);
        assert!(
            !response.headers().contains_key("content-length") && !response.headers().contains_key("etag")
        );
        let from = response.headers()["simulay-log-from"].to_str().unwrap().to_owned();
        (from, response.into_body().into_data_stream())
    };
    let (_, mut whole) = begin("").await;
    read_until(&mut whole, "one two ").await;
    for (query, from, text) in [
        ("?from=4", "4", "two "),
        ("?from=-3", "5", "wo "),
        ("?from=-99", "0", "one two "),
        ("?from=8", "8", ""),
        ("?from=99", "99", ""),
    ] {
        let (begun, mut body) = begin(query).await;
        assert_eq!(begun, from, "{query}");
        assert_eq!(read_until(&mut body, text).await, text, "{query}");
    }
    let (_, mut rest) = begin("?from=8").await;
    house.containers.release("solve");
    let end = tokio::time::timeout(PATIENCE, rest.next()).await.unwrap();
    assert!(end.is_none(), "{end:?}");
}
