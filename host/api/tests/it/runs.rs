//! `/v1/runs`, and how they begin.

use axum::http::Request;
use serde_json::{Value, json};
use simulay_api::ApiSettings;
use simulay_api::wire::{CallList, Ending, Run, RunErrorKind, RunList, RunState};
use simulay_containers::scripted::Act;
use simulay_engine::Settings;

use crate::house::{Answer, House, PATIENCE, me};
use crate::scripts::HEAT;

const RUNS: &str = "/v1/pipelines/heat/runs";

fn waiting(preference: &str) -> axum::http::request::Builder {
    Request::post(RUNS).header("content-type", "application/json").header("prefer", preference)
}

#[tokio::test]
async fn a_run_is_accepted_and_comes_to_its_report() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).stdout("done\n").output("out/field.csv", "1,2\n"));
    let answer =
        house.post(RUNS, json!({ "params": { "width": 2 }, "seed": 7 }).to_string()).await.expect(202);
    let accepted: Run = answer.document();
    assert_eq!(answer.header("location"), format!("/v1/runs/{}", accepted.id));
    assert_eq!((accepted.state, accepted.seed), (RunState::Queued.into(), 7));
    house.engine.reader.wait(&me(), accepted.id, PATIENCE).await.unwrap();
    let run: Run = house.get(answer.header("location")).await.expect(200).document();
    assert_eq!(run.state, RunState::Succeeded, "{run:?}");
    assert_eq!(run.params, json!({ "width": 2, "mode": "usual" }));
    let report = run.report.unwrap();
    assert_eq!(report.outcome, json!({ "max": 373.5 }));
    assert_eq!(report.plots[0].ys[0].unit, "K");
    assert_eq!(report.artifacts[0].name, "field.csv");
}

#[tokio::test]
async fn who_waits_gets_the_end() {
    let house = House::with_heat().await;
    let answer = house.send(waiting("wait=60"), "{}").await.expect(200);
    assert_eq!(answer.header("preference-applied"), "wait=60");
    assert_eq!(answer.document::<Run>().state, RunState::Succeeded);
}

#[tokio::test]
async fn who_waits_too_short_gets_the_run_as_it_is() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).held());
    for preference in ["wait=0", "wait=1"] {
        let answer = house.send(waiting(preference), "{}").await.expect(202);
        assert_eq!(answer.header("preference-applied"), preference);
        assert!(!answer.header("location").is_empty());
    }
    let unheard = house.send(waiting("wait=soon, respond-async"), "{}").await.expect(202);
    assert_eq!(unheard.header("preference-applied"), "");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_by_place() {
    let house = House::with_heat().await;
    let body = json!({ "params": { "width": -1, "mode": "novel" } }).to_string();
    let problem = house.post(RUNS, body).await.problem(422, "params_invalid");
    let mut pointers: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/mode", "/width"]);
    let missing = "0".repeat(64);
    for (body, field) in [
        (json!({ "parms": {} }), "/parms"),
        (json!({ "seed": -1 }), "/seed"),
        (json!({ "inputs": [{ "path": "../x", "sha256": missing }] }), "/inputs/0/path"),
        (json!({ "inputs": [{ "path": "x", "sha256": "abc" }] }), "/inputs/0/sha256"),
        (json!({ "inputs": [{ "path": "x", "sha256": missing }] }), "/inputs/0/sha256"),
        (json!({ "inputs": [{ "path": "x", "sha256": missing, "a~/b": 1 }] }), "/inputs/0/a~0~1b"),
        (json!([]), ""),
    ] {
        let problem = house.post(RUNS, body.to_string()).await.problem(422, "params_invalid");
        assert_eq!(problem.field.as_deref(), Some(field), "{body}");
    }
    let runs: RunList = house.get("/v1/runs").await.document();
    assert!(runs.runs.is_empty());
}

#[tokio::test]
async fn a_body_must_be_json_and_bounded() {
    let house = House::with_heat().await;
    house.post(RUNS, "{").await.problem(400, "invalid_json");
    house.post(RUNS, "").await.problem(400, "invalid_json");
    house.post(RUNS, "{\"params\": ".to_owned() + &"[".repeat(100_000)).await.problem(400, "invalid_json");
    house.send(Request::post(RUNS), "{}").await.problem(415, "unsupported_media_type");
    let form = Request::post(RUNS).header("content-type", "application/x-www-form-urlencoded");
    house.send(form, "{}").await.problem(415, "unsupported_media_type");
    let large = format!("{{\"params\": {{\"a\": \"{}\"}}}}", "x".repeat(2 << 20));
    house.post(RUNS, large).await.problem(413, "params_too_large");
    house.post("/v1/pipelines/cold/runs", "{}").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let bounds = Settings { max_unfinished_runs: 1, ..Settings::default() };
    let house = House::with(&ApiSettings::default(), bounds);
    house.upload(HEAT).await.expect(201);
    house.containers.on("solve", Act::exits(0).held());
    house.start(&json!({})).await;
    let problem = house.post(RUNS, "{}").await.problem(429, "queue_full");
    assert!(problem.retry_after_s.is_some());
}

#[tokio::test]
async fn a_run_that_fails_says_where() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(3).stderr("error: 'foo' undefined\n"));
    let run = house.ended(&json!({})).await;
    assert_eq!(run.state, RunState::Failed);
    let error = run.error.unwrap();
    assert_eq!((error.kind, error.call.as_deref()), (RunErrorKind::ContainerExit.into(), Some("solve")));
    assert!(error.message.contains("'foo' undefined"));
}

#[tokio::test]
async fn calls_are_told_without_contents() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).stdout("hello\n").output("field.csv", "1\n"));
    let run = house.ended(&json!({})).await;
    let answer = house.get(&format!("/v1/runs/{}/calls", run.id)).await.expect(200);
    let list: CallList = answer.document();
    let [call] = list.calls.as_slice() else { panic!("{list:?}") };
    assert_eq!((call.step, call.call, call.attempt, call.started), (0, 0, 0, true));
    assert_eq!(call.asked.env[0].name, "SIM_MODE");
    assert_eq!(call.asked.files[0].size, Some("w = 1.0;".len() as u64));
    assert!(!answer.text().contains("w = 1.0;"));
    let result = call.result.as_ref().unwrap();
    assert_eq!(result.ending, Ending::Exited(0));
    assert_eq!(result.stdout, "hello\n");
    assert_eq!(result.outputs[0].media_type, "text/csv");
}

#[tokio::test]
async fn a_run_is_cancelled_at_work_and_not_after_its_end() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).held());
    let run = house.start(&json!({})).await;
    house.until_at_work().await;
    let cancel = format!("/v1/runs/{}/cancel", run.id);
    let asked: Run = house.post(&cancel, "").await.expect(202).document();
    assert!(asked.cancel_requested);
    house.engine.reader.wait(&me(), run.id, PATIENCE).await.unwrap();
    let again: Run = house.post(&cancel, "").await.expect(202).document();
    assert_eq!(again.state, RunState::Cancelled);
    house.containers.release("solve");
    let done = house.ended(&json!({})).await;
    house.post(&format!("/v1/runs/{}/cancel", done.id), "").await.problem(409, "run_not_cancellable");
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let house = House::with_heat().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(house.ended(&json!({})).await.id);
    }
    ids.reverse();
    let mut seen = Vec::new();
    let mut path = "/v1/runs?limit=2&pipeline=heat&state=succeeded".to_owned();
    loop {
        let page: RunList = house.get(&path).await.expect(200).document();
        assert!(page.runs.len() <= 2);
        seen.extend(page.runs.iter().map(|run| run.id));
        let Some(cursor) = page.next_cursor else { break };
        path = format!("/v1/runs?limit=2&pipeline=heat&state=succeeded&cursor={cursor}");
    }
    assert_eq!(seen, ids);
    for query in ["state=failed", "pipeline=cold"] {
        let page: RunList = house.get(&format!("/v1/runs?{query}")).await.expect(200).document();
        assert!(page.runs.is_empty() && page.next_cursor.is_none(), "{query}");
    }
    let exact: RunList = house.get("/v1/runs?limit=5").await.expect(200).document();
    assert_eq!((exact.runs.len(), exact.next_cursor), (5, None));
}

#[tokio::test]
async fn a_wrong_filter_is_named() {
    let house = House::new();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("state=lost", "state"),
        ("pipeline=A", "pipeline"),
        ("cursor=1'%20OR%201=1", "cursor"),
        ("sort=asc", "query"),
        ("state=failed,lost", "state"),
        ("error=bad_luck", "error"),
        ("version=1", "version"),
        ("created_after=yesterday", "created_after"),
        ("created_before=2026-13-01T00:00:00Z", "created_before"),
        ("sweep=x", "sweep"),
        ("label=team", "label"),
        ("label=Team=a", "label"),
        ("fields=width", "fields"),
        ("fields=params:/a,report:/b", "fields"),
        ("total=perhaps", "total"),
        ("limit=1&limit=2", "query"),
    ] {
        let problem = house.get(&format!("/v1/runs?{query}")).await.problem(422, "params_invalid");
        assert_eq!(problem.field.as_deref(), Some(field), "{query}");
    }
}

#[tokio::test]
async fn what_is_unknown_is_not_found_on_every_route_of_a_run() {
    let house = House::new();
    let unknown = "01890000-0000-7000-8000-000000000000";
    for id in [unknown, "x", "..", "%2e%2e%2f", "0", "%00", "'--"] {
        for rest in ["", "/events", "/calls", "/calls/0/0/logs/stdout", "/artifacts"] {
            house.get(&format!("/v1/runs/{id}{rest}")).await.problem(404, "not_found");
        }
        house.post(&format!("/v1/runs/{id}/cancel"), "").await.problem(404, "not_found");
        let digest = "0".repeat(64);
        house.get(&format!("/v1/runs/{id}/artifacts/{digest}")).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_stopping_server_takes_no_runs_and_lets_no_one_wait() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).held());
    let sent = house.respond(waiting("wait=300"), "{}");
    let drain = async {
        house.until_at_work().await;
        house.draining.cancel();
    };
    let (response, ()) = tokio::time::timeout(PATIENCE, async { tokio::join!(sent, drain) }).await.unwrap();
    let run: Run = Answer::read(response).await.expect(202).document();
    assert_eq!(run.state, RunState::Running);
    house.engine.shutdown().await;
    house.post(RUNS, "{}").await.problem(503, "draining");
    let _: Value = house.get(&format!("/v1/runs/{}", run.id)).await.expect(200).document();
}
