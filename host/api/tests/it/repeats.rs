//! Requests that come again.

use std::collections::HashSet;

use axum::http::Request;
use axum::http::request::Builder;
use futures_util::future::join_all;
use serde_json::json;
use simulay_api::ApiSettings;
use simulay_api::wire::{Run, RunList, RunState};
use simulay_containers::scripted::Act;
use simulay_engine::{Approval, PluginPolicy, Settings};
use simulay_model::RunId;

use crate::house::{Answer, House, PATIENCE, me};
use crate::scripts::{HEAT, HEAT_NEWER};

const RUNS: &str = "/v1/pipelines/heat/runs";

async fn post(house: &House, path: &str, key: &str, body: &str) -> Answer {
    let request = Request::post(path).header("content-type", "application/json");
    house.send(request.header("idempotency-key", key), body.to_owned()).await
}

async fn put(house: &House, id: RunId, body: &serde_json::Value) -> Answer {
    house.send(request_for(id), body.to_string()).await
}

fn request_for(id: RunId) -> Builder {
    Request::put(format!("/v1/runs/{id}")).header("content-type", "application/json")
}

async fn runs(house: &House) -> usize {
    house.get("/v1/runs?limit=100").await.expect(200).document::<RunList>().runs.len()
}

#[tokio::test]
async fn the_same_request_again_gets_the_first_answer_and_starts_nothing() {
    let house = House::with_heat().await;
    let body = json!({ "params": { "width": 2 } }).to_string();
    let first = post(&house, RUNS, "a", &body).await.expect(202);
    let run: Run = first.document();
    house.engine.reader.wait(&me(), run.id, PATIENCE).await.unwrap();
    let again = post(&house, RUNS, "a", &body).await.expect(202);
    assert_eq!(again.body, first.body, "as it was then, seed and all");
    assert_eq!(again.header("location"), first.header("location"));
    let quoted = post(&house, RUNS, "\"a\"", &body).await.expect(202);
    assert_eq!(quoted.body, first.body);
    assert_eq!(runs(&house).await, 1);
    post(&house, RUNS, "b", &body).await.expect(202);
    house.post(RUNS, body).await.expect(202);
    assert_eq!(runs(&house).await, 3);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let house = House::with_heat().await;
    post(&house, RUNS, "a", "{}").await.expect(202);
    let problem = post(&house, RUNS, "a", "{\"seed\":1}").await.problem(422, "idempotency_key_reused");
    assert_eq!(problem.field.as_deref(), Some("Idempotency-Key"));
    let other = post(&house, "/v1/pipelines/heat@1.0.0/runs", "a", "{}").await;
    other.problem(422, "idempotency_key_reused");
    assert_eq!(runs(&house).await, 1);
}

#[tokio::test]
async fn a_request_that_was_refused_may_be_mended_under_its_key() {
    let house = House::with_heat().await;
    post(&house, RUNS, "a", "{\"params\":{\"width\":-1}}").await.problem(422, "params_invalid");
    post(&house, RUNS, "a", "{}").await.expect(202);
}

#[tokio::test]
async fn a_key_that_breaks_the_rules_is_refused() {
    let house = House::with_heat().await;
    for key in ["", "a b", &"k".repeat(129)] {
        let problem = post(&house, RUNS, key, "{}").await.problem(400, "invalid_header");
        assert_eq!(problem.field.as_deref(), Some("Idempotency-Key"));
    }
    assert_eq!(runs(&house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_under_one_key_are_one_run() {
    let house = House::with_heat().await;
    let answers = join_all((0..50).map(|_| post(&house, RUNS, "a", "{}"))).await;
    let mut told = HashSet::new();
    for answer in answers {
        if answer.status == 409 {
            assert_eq!(answer.problem(409, "idempotency_in_flight").retry_after_s, Some(1));
        } else {
            told.insert(answer.expect(202).body);
        }
    }
    assert_eq!((told.len(), runs(&house).await), (1, 1));
}

#[tokio::test]
async fn a_key_is_remembered_across_a_restart() {
    let house = House::with_heat().await;
    let first = post(&house, RUNS, "a", "{}").await.expect(202);
    let house = house.restarted().await;
    let again = post(&house, RUNS, "a", "{}").await.expect(202);
    assert_eq!(again.body, first.body);
    post(&house, RUNS, "a", "{\"seed\":1}").await.problem(422, "idempotency_key_reused");
    assert_eq!(runs(&house).await, 1);
}

#[tokio::test]
async fn who_waits_again_gets_the_end() {
    let house = House::with_heat().await;
    let first = post(&house, RUNS, "a", "{}").await.expect(202);
    let request = Request::post(RUNS).header("content-type", "application/json").header("prefer", "wait=60");
    let again = house.send(request.header("idempotency-key", "a"), "{}").await.expect(200);
    let (first, again): (Run, Run) = (first.document(), again.document());
    assert_eq!((again.id, again.state), (first.id, RunState::Succeeded.into()));
}

#[tokio::test]
async fn while_the_first_is_at_work_the_second_is_told_so() {
    let policy = PluginPolicy { approval: Approval::Always, approve_own: true, ..PluginPolicy::default() };
    let house = House::with(&ApiSettings::default(), Settings { plugins: policy, ..Settings::default() });
    house.upload(HEAT).await.expect(201);
    house.containers.on("solve", Act::exits(0).held());
    let path = "/v1/plugins/heat/1.0.0/approve?check=examples";
    let request = Request::post(path).header("prefer", "wait=60").header("idempotency-key", "a");
    let first = house.send(request, "");
    let second = async {
        house.until_at_work().await;
        post(&house, path, "a", "").await.problem(409, "idempotency_in_flight");
        house.containers.release("solve");
    };
    let (first, ()) = tokio::join!(first, second);
    let again = post(&house, path, "a", "").await.expect(200);
    assert_eq!(again.body, first.expect(200).body);
}

#[tokio::test]
async fn uploads_and_rollbacks_are_answered_as_the_first_was() {
    let house = House::new();
    let upload = async |component: &'static [u8]| {
        let request = Request::post("/v1/plugins").header("content-type", "application/wasm");
        house.send(request.header("idempotency-key", "u"), component).await
    };
    let first = upload(HEAT).await.expect(201);
    assert_eq!(upload(HEAT).await.expect(201).body, first.body);
    upload(HEAT_NEWER).await.problem(422, "idempotency_key_reused");
    house.upload(HEAT_NEWER).await.expect(201);
    let back = "/v1/pipelines/heat/rollback";
    let first = post(&house, back, "r", "").await.expect(200);
    let again = post(&house, back, "r", "").await.expect(200);
    assert_eq!(again.body, first.body);
    house.get("/v1/pipelines/heat@1.0.0").await.expect(200);
    post(&house, back, "other", "").await.problem(409, "no_version_before");
    let input = async |bytes: &'static str| {
        house.send(Request::post("/v1/inputs").header("idempotency-key", "i"), bytes).await
    };
    assert_eq!(input("1").await.expect(201).body, input("1").await.expect(201).body);
    input("2").await.problem(422, "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_under_a_chosen_id_is_started_once() {
    let house = House::with_heat().await;
    let (id, body) = (RunId::generate(), json!({ "pipeline": "heat", "params": { "width": 2 } }));
    let answers = join_all((0..50).map(|_| put(&house, id, &body))).await;
    let new = answers.iter().filter(|answer| answer.status == 202).count();
    let known = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((new, known, runs(&house).await), (1, 49, 1));
    house.engine.reader.wait(&me(), id, PATIENCE).await.unwrap();
    let again = put(&house, id, &body).await.expect(200);
    assert_eq!(again.header("location"), format!("/v1/runs/{id}"));
    assert_eq!(again.document::<Run>().state, RunState::Succeeded);
    let waited = house.send(request_for(id).header("prefer", "wait=7"), body.to_string()).await.expect(200);
    assert_eq!(waited.header("preference-applied"), "wait=7");
    for other in [
        json!({ "pipeline": "heat", "params": { "width": 3 } }),
        json!({ "pipeline": "heat", "params": { "width": 2 }, "seed": 1 }),
        json!({ "pipeline": "heat@1.1.0", "params": { "width": 2 } }),
        json!({ "pipeline": "heat", "params": { "width": -1 } }),
    ] {
        let problem = put(&house, id, &other).await.problem(409, "run_exists");
        assert_eq!(problem.field.as_deref(), Some("id"), "{other}");
    }
    let house = house.restarted().await;
    house.upload(HEAT_NEWER).await.expect(201);
    put(&house, id, &body).await.expect(200);
    assert_eq!(runs(&house).await, 1);
}

#[tokio::test]
async fn a_chosen_id_has_to_sort_by_time() {
    let house = House::with_heat().await;
    let random: RunId = "9b2f3a52-9c1e-4a56-8d7a-0f6f1d2c3b4a".parse().unwrap();
    let body = json!({ "pipeline": "heat" });
    assert_eq!(put(&house, random, &body).await.problem(422, "params_invalid").field.as_deref(), Some("id"));
    let unknown = json!({ "pipeline": "cold" });
    put(&house, RunId::generate(), &unknown).await.problem(404, "not_found");
    let misspelt = json!({ "pipeline": "heat", "parms": {} });
    put(&house, RunId::generate(), &misspelt).await.problem(422, "params_invalid");
    assert_eq!(runs(&house).await, 0);
}
