//! `/v1/events`.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use simulay_api::ApiSettings;
use simulay_containers::scripted::Act;
use simulay_engine::Settings;

use crate::house::{ACCOUNT, House, PATIENCE};
use crate::scripts::{BEAM, HEAT};

/// A stream that is being read, event by event.
struct News {
    body: axum::body::BodyDataStream,
    unread: String,
}

#[derive(Debug, Clone)]
struct Told {
    id: String,
    kind: String,
    data: Value,
}

impl House {
    async fn follow(&self, request: Builder) -> News {
        let response = self.respond(request, Body::empty()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let mut news = News { body: response.into_body().into_data_stream(), unread: String::new() };
        let first = news.next().await;
        assert_eq!(first.kind, "heartbeat", "it tells at once where it begins");
        news
    }

    async fn news(&self) -> News {
        self.follow(Request::get("/v1/events")).await
    }

    /// All runs that are told of to who comes back, until one is `last`.
    async fn back(&self, cursor: &str, last: (&str, &str)) -> Vec<(String, String)> {
        let mut news = self.follow(Request::get("/v1/events").header("last-event-id", cursor)).await;
        news.runs_until(last).await
    }
}

impl News {
    async fn next(&mut self) -> Told {
        loop {
            if let Some((frame, rest)) = self.unread.split_once("\n\n") {
                let field = |name: &str| {
                    let found = frame.lines().find_map(|line| line.strip_prefix(name));
                    found.unwrap_or_else(|| panic!("{name} {frame}")).trim().to_owned()
                };
                let data = serde_json::from_str(&field("data:")).unwrap();
                let told = Told { id: field("id:"), kind: field("event:"), data };
                self.unread = rest.to_owned();
                return told;
            }
            let piece = tokio::time::timeout(PATIENCE, self.body.next()).await.unwrap().unwrap().unwrap();
            self.unread.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    /// The next of this kind.
    async fn of(&mut self, kind: &str) -> Told {
        loop {
            let told = self.next().await;
            if told.kind == kind {
                return told;
            }
        }
    }

    /// The runs that are told of, with their states, until one is `last`.
    async fn runs_until(&mut self, (run, state): (&str, &str)) -> Vec<(String, String)> {
        let mut runs = Vec::new();
        loop {
            let data = self.of("run").await.data;
            let text = |name: &str| data[name].as_str().unwrap().to_owned();
            runs.push((text("id"), text("state")));
            if runs.last() == Some(&(run.to_owned(), state.to_owned())) {
                return runs;
            }
        }
    }
}

#[tokio::test]
async fn runs_are_told_of_while_they_change_and_to_who_comes_back() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).held());
    let mut news = house.news().await;
    let run = house.start(&json!({})).await.id.to_string();
    news.runs_until((&run, "running")).await;
    house.containers.release("solve");
    let ended = loop {
        let told = news.of("run").await;
        if told.data["state"] == "succeeded" {
            break told;
        }
    };
    assert_eq!((&ended.data["id"], &ended.data["pipeline"]), (&json!(run), &json!("heat")));
    assert_eq!(ended.data["version"], "1.0.0");
    assert!(ended.data["at"].is_string());
    // What changed while nobody followed is told, and what was told before is not.
    drop(news);
    let other = house.ended(&json!({})).await.id.to_string();
    let told = house.back(&ended.id, (&other, "succeeded")).await;
    assert!(told.iter().all(|(told, _)| *told == other), "{told:?}");
}

#[tokio::test]
async fn a_host_that_comes_back_goes_on_where_it_was() {
    let house = House::with_heat().await;
    let mut news = house.news().await;
    let first = house.ended(&json!({})).await.id.to_string();
    let cursor = loop {
        let told = news.of("run").await;
        if told.data["state"] == "succeeded" {
            break told.id;
        }
    };
    drop(news);
    let second = house.ended(&json!({})).await.id.to_string();
    let house = house.restarted().await;
    let third = house.ended(&json!({})).await.id.to_string();
    let told = house.back(&cursor, (&third, "succeeded")).await;
    assert!(told.contains(&(second, "succeeded".to_owned())), "{told:?}");
    assert!(told.iter().all(|(run, _)| *run != first), "{told:?}");
}

#[tokio::test]
async fn nobody_hears_of_what_is_anothers() {
    let house = House::new();
    let of = |account: &'static str, request: Builder| request.header(ACCOUNT, account);
    for (account, component) in [("ada", HEAT), ("bob", BEAM)] {
        let upload = Request::post("/v1/plugins").header("content-type", "application/wasm");
        house.send(of(account, upload), component).await.expect(201);
    }
    let mut news = house.follow(of("bob", Request::get("/v1/events"))).await;
    for (account, pipeline) in [("ada", "heat"), ("bob", "beam")] {
        let start = Request::post(format!("/v1/pipelines/{pipeline}/runs"));
        let start = start.header("content-type", "application/json").header("prefer", "wait=60");
        house.send(of(account, start), "{}").await.expect(200);
    }
    loop {
        let told = news.of("run").await.data;
        assert_eq!(told["pipeline"], "beam", "{told}");
        if told["state"] != "queued" && told["state"] != "running" {
            return;
        }
    }
}

#[tokio::test]
async fn plugins_and_uploads_are_told_of() {
    let house = House::new();
    let mut news = house.news().await;
    let upload = Request::post("/v1/plugins").header("content-type", "application/wasm");
    house.send(upload.header("x-request-id", "mine"), HEAT).await.expect(201);
    let (mut stages, mut states) = (Vec::new(), Vec::new());
    while stages.last() != Some(&json!("active")) || states.is_empty() {
        let told = news.next().await;
        match told.kind.as_str() {
            "upload" => {
                assert_eq!(told.data["id"], "mine");
                stages.push(told.data["stage"].clone());
            }
            "plugin" => states.push((told.data["name"].clone(), told.data["state"].clone())),
            _ => {}
        }
    }
    assert_eq!(stages, [json!("received"), json!("compiled"), json!("active")]);
    assert_eq!(states, [(json!("heat"), json!("active"))]);
    let upload = Request::post("/v1/plugins").header("content-type", "application/wasm");
    house.send(upload, "no component").await;
    while news.of("upload").await.data["stage"] != "refused" {}
    house.method(axum::http::Method::DELETE, "/v1/plugins/heat/1.0.0").await.expect(204);
    assert_eq!(news.of("plugin").await.data["state"], "retired");
}

#[tokio::test]
async fn the_stream_tells_that_it_lives_and_whether_the_server_takes_work() {
    let quick = ApiSettings { keep_alive: std::time::Duration::from_millis(20), ..ApiSettings::default() };
    let house = House::with(&quick, Settings::default());
    let mut news = house.news().await;
    assert_eq!(news.of("system").await.data, json!({ "ready": true, "lacks": [] }));
    let beats = [news.of("heartbeat").await, news.of("heartbeat").await];
    assert_eq!(beats[0].id, beats[1].id, "nothing happened");
    assert!(beats.iter().all(|beat| beat.data["at"].is_string()));
    house.draining.cancel();
    let rest = tokio::time::timeout(PATIENCE, news.body.collect::<Vec<_>>()).await;
    assert!(rest.unwrap().iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_cursor_that_nobody_can_go_on_from_is_told_so() {
    let house = House::new();
    let cursor = house.news().await.of("system").await.id;
    let of_another = format!("f{cursor}");
    let ahead = cursor.rsplitn(3, '.').last().map(|epoch| format!("{epoch}.999.0")).unwrap();
    for gone in [of_another, ahead] {
        house.get(&format!("/v1/events?after={gone}")).await.problem(410, "gone");
    }
    for wrong in ["1", "-1", "a.b.c", ""] {
        house.get(&format!("/v1/events?after={wrong}")).await.problem(422, "params_invalid");
        let request = Request::get("/v1/events").header("last-event-id", wrong);
        house.send(request, Body::empty()).await.problem(400, "invalid_header");
    }
    house.follow(Request::get(format!("/v1/events?after={cursor}"))).await;
}
