//! The server itself: probes, figures, images.

use async_trait::async_trait;
use serde_json::{Value, json};
use simulay_api::ApiSettings;
use simulay_api::wire::{Health, ImageList, System};
use simulay_engine::{Runners, Settings};
use simulay_model::{MissingPart, ProcessStatus, RunnerStatus};

use crate::house::House;

#[tokio::test]
async fn a_server_lives_and_is_ready_unless_docker_is_absent_or_it_stops() {
    let house = House::new();
    assert_eq!(house.get("/healthz").await.expect(200).text(), "{\"status\":\"ok\"}");
    assert_eq!(house.get("/readyz").await.expect(200).text(), "{\"status\":\"ready\"}");
    house.containers.set_absent(true);
    let problem = house.get("/readyz").await.problem(503, "not_ready");
    assert!(problem.detail.contains("Docker is not available"), "{problem:?}");
    house.containers.set_absent(false);
    house.draining.cancel();
    house.get("/readyz").await.problem(503, "draining");
    house.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_server_that_works_on_no_runs_is_ready_without_those_who_do() {
    let elsewhere = Settings { runs_elsewhere: true, ..Settings::default() };
    let house = House::with(&ApiSettings::default(), elsewhere);
    house.containers.set_absent(true);
    let health: Health = house.get("/readyz").await.expect(200).document();
    let missing: Vec<_> = health.missing.iter().map(|lack| lack.part.as_str()).collect();
    assert_eq!((health.status.as_str(), missing.as_slice()), ("ready", &["runners"][..]));
    let system: Value = house.get("/v1/system").await.expect(200).document();
    assert_eq!(
        system["stats"].to_string(),
        r#"{"unfinished_runs":0}"#,
        "what it does not know it does not tell"
    );
}

/// A runner that works, one of an earlier version, and one that is gone.
pub(crate) struct ThreeRunners;

#[async_trait]
impl Runners for ThreeRunners {
    async fn statuses(&self) -> Vec<RunnerStatus> {
        let missing = vec![MissingPart { part: "signals".to_owned(), why: "silence".to_owned() }];
        let status =
            ProcessStatus { name: "north".to_owned(), active_runs: 3, missing, ..Default::default() };
        let told = [Ok(Some(status)), Ok(None), Err("no answer".to_owned())];
        (7..)
            .zip(told)
            .map(|(host, told)| RunnerStatus { address: format!("10.0.0.{host}:7374"), told })
            .collect()
    }
}

#[tokio::test]
async fn operators_are_told_of_each_runner_and_of_who_tells() {
    let elsewhere = Settings { runs_elsewhere: true, ..Settings::default() };
    let house =
        House::with(&ApiSettings { name: Some("south".to_owned()), ..ApiSettings::default() }, elsewhere);
    let system: Value = house.get("/v1/system").await.expect(200).document();
    assert_eq!(system["name"], "south");
    let lacks = json!([{"part": "signals", "why": "silence"}]);
    let told = &system["runners"][0]["status"];
    assert_eq!((&told["name"], &told["active_runs"], &told["missing"]), (&json!("north"), &json!(3), &lacks));
    let silent = json!({"address": "10.0.0.9:7374", "alive": false, "why": "no answer"});
    assert_eq!(system["runners"][1], json!({"address": "10.0.0.8:7374", "alive": true}));
    assert_eq!(system["runners"][2], silent);
    let system: Value = house.look("ada", "/v1/system").await.expect(200).document();
    assert!(system.get("runners").is_none() && system.get("name").is_none(), "{system}");
}

#[tokio::test]
async fn the_server_says_its_version_and_bounds() {
    let house =
        House::with(&ApiSettings { max_input_bytes: 77, ..ApiSettings::default() }, Settings::default());
    let system: System = house.get("/v1/system").await.expect(200).document();
    assert_eq!(system.version, env!("CARGO_PKG_VERSION"));
    assert_eq!((system.limits.max_input_bytes, system.limits.max_page), (77, 100));
    assert_eq!(system.stats.unfinished_runs, 0);
}

#[tokio::test]
async fn images_are_listed_and_an_absent_docker_is_told_without_its_words() {
    let house = House::new();
    let list: ImageList = house.get("/v1/images").await.expect(200).document();
    assert!(list.images.is_empty());
    house.containers.set_absent(true);
    let problem = house.get("/v1/images").await.problem(503, "docker_unavailable");
    assert!(!problem.detail.contains("scripted"), "{problem:?}");
}

#[tokio::test]
async fn figures_count_by_pattern_and_never_by_what_a_client_wrote() {
    let house = House::with_heat().await;
    house.get("/v1/plugins/heat/1.0.0").await.expect(200);
    house.get("/v1/plugins/secret-name").await.problem(404, "not_found");
    house.get("/secret-path").await.problem(404, "not_found");
    let answer = house.get("/metrics").await.expect(200);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = answer.text();
    for line in [
        "simulay_http_requests_total{method=\"GET\",route=\"/v1/plugins/{name}/{version}\",status=\"200\"}",
        "simulay_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"}",
        "simulay_http_response_seconds_bucket",
        "simulay_unfinished_runs 0",
        "simulay_containers 0",
        "simulay_waiting_runs 0",
        "simulay_waiting_calls{for=\"turn\"} 0",
        "simulay_waiting_calls{for=\"node\"} 0",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn every_answer_has_an_id_and_a_plain_one_is_kept() {
    let house = House::new();
    let fresh = house.get("/healthz").await;
    assert_eq!(fresh.header("x-request-id").len(), 36);
    for (given, kept) in [("proxy-7.a_B", true), ("a b", false), ("", false), (&"x".repeat(65), false)] {
        let request = axum::http::Request::get("/healthz").header("x-request-id", given);
        let answer = house.send(request, "").await;
        assert_eq!(answer.header("x-request-id") == given, kept, "{given}");
    }
    let refused: Value = house.get("/nowhere").await.document();
    assert_eq!(refused["request_id"].as_str().map(str::len), Some(36));
}
