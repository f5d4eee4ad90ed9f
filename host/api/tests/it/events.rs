//! `/v1/runs/{id}/events`.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use simulay_api::wire::Event;
use simulay_containers::scripted::Act;

use crate::house::{Answer, House, read_until};
use crate::scripts::HEAT_COSTLY;

/// The events in `text`, with what the frame says of each.
fn events(text: &str) -> Vec<(String, Event)> {
    let frames = text.split("\n\n").filter(|frame| frame.contains("data:"));
    let field = |frame: &str, name: &str| {
        let lines = frame.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(|value| value.trim_start_matches([':', ' '])).collect::<String>()
    };
    frames
        .map(|frame| {
            let event: Event = serde_json::from_str(&field(frame, "data")).unwrap();
            assert_eq!(field(frame, "id"), event.sequence.to_string());
            (field(frame, "event"), event)
        })
        .collect()
}

#[tokio::test]
async fn a_run_is_followed_while_it_happens() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).held());
    let run = house.start(&json!({})).await;
    let response = house.respond(Request::get(format!("/v1/runs/{}/events", run.id)), Body::empty()).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut body = response.into_body().into_data_stream();
    let mut text = read_until(&mut body, "event: call.started").await;
    house.containers.release("solve");
    text += &read_until(&mut body, "event: run.ended").await;
    text += &Answer::read(Body::from_stream(body).into_response_alone()).await.text();
    let events = events(&text);
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["run.queued", "run.started", "step.planned", "call.started", "call.ended", "run.ended"]
    );
    for (place, (kind, event)) in events.iter().enumerate() {
        assert_eq!((event.sequence, &event.kind, event.run), (place as u64 + 1, kind, run.id));
    }
}

/// Lets a test read a body as an answer.
trait Alone {
    fn into_response_alone(self) -> axum::response::Response;
}

impl Alone for Body {
    fn into_response_alone(self) -> axum::response::Response {
        axum::response::Response::new(self)
    }
}

#[tokio::test]
async fn who_comes_back_misses_nothing_and_sees_nothing_twice() {
    let house = House::with_heat().await;
    let run = house.ended(&json!({})).await;
    let path = format!("/v1/runs/{}/events", run.id);
    let all = events(&house.get(&path).await.expect(200).text());
    let last = all.len() as u64;
    for seen in 0..last {
        let resumed = Request::get(format!("{path}?after=0")).header("last-event-id", seen);
        let rest = events(&house.send(resumed, Body::empty()).await.expect(200).text());
        assert_eq!(rest, all[seen as usize..]);
        let asked = house.get(&format!("{path}?after={seen}")).await.expect(200);
        assert_eq!(events(&asked.text()), rest);
    }
    for seen in [last, last + 1, u64::MAX >> 1] {
        house.get(&format!("{path}?after={seen}")).await.expect(204);
    }
}

#[tokio::test]
async fn large_events_are_told_to_more_than_hold_them_at_once() {
    let house = House::new();
    house.upload(HEAT_COSTLY).await.expect(201);
    let run = house.ended(&json!({})).await;
    let path = format!("/v1/runs/{}/events", run.id);
    let followers = (0..40).map(|_| house.get(&path));
    for answer in futures_util::future::join_all(followers).await {
        let events = events(&answer.expect(200).text());
        let large = events.iter().filter(|(_, event)| event.data.to_string().len() > 300 << 10);
        assert_eq!(large.count(), 2);
        assert_eq!(events.last().unwrap().0, "run.ended");
    }
}

#[tokio::test]
async fn wrong_places_are_refused() {
    let house = House::with_heat().await;
    let run = house.ended(&json!({})).await;
    let path = format!("/v1/runs/{}/events", run.id);
    house.get(&format!("{path}?after=-1")).await.problem(422, "params_invalid");
    house.get(&format!("{path}?since=1")).await.problem(422, "params_invalid");
    for last in ["x", "-1", "1.5", ""] {
        let request = Request::get(&path).header("last-event-id", last);
        house.send(request, Body::empty()).await.problem(400, "invalid_header");
    }
    let json = Request::get(&path).header("accept", "application/json");
    house.send(json, Body::empty()).await.problem(406, "not_acceptable");
}

#[tokio::test]
async fn a_stopping_server_ends_the_stream() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).held());
    let run = house.start(&json!({})).await;
    let response = house.respond(Request::get(format!("/v1/runs/{}/events", run.id)), Body::empty()).await;
    let mut body = response.into_body().into_data_stream();
    read_until(&mut body, "event: call.started").await;
    house.draining.cancel();
    let rest = Answer::read(Body::from_stream(body).into_response_alone()).await.text();
    assert!(!rest.contains("run.ended"), "{rest}");
}
