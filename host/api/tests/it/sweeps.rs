//! `/v1/sweeps`.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use simulay_api::ApiSettings;
use simulay_api::wire::{PointList, Sweep, SweepList, SweepPreview, SweepState};
use simulay_containers::scripted::Act;
use simulay_engine::Settings;

use crate::house::{ACCOUNT, Answer, House};
use crate::scripts::HEAT;

fn widths(method: &Value, widths: &Value) -> Value {
    json!({ "method": method, "parameters": { "/width": widths } })
}

fn grid(values: &[f64]) -> Value {
    widths(&json!({ "grid": {} }), &json!({ "list": values }))
}

impl House {
    async fn ask_for(&self, body: &Value) -> Answer {
        self.post("/v1/pipelines/heat/sweeps", body.to_string()).await
    }

    async fn swept(&self, body: &Value) -> Sweep {
        let sweep: Sweep = self.ask_for(body).await.expect(202).document();
        let ended = async {
            loop {
                let path = format!("/v1/sweeps/{}", sweep.summary.id);
                let found: Sweep = self.get(&path).await.expect(200).document();
                if found.summary.state.is_end() {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ended).await.unwrap()
    }
}

#[tokio::test]
async fn a_sweep_is_started_shown_and_listed() {
    let house = House::with_heat().await;
    let body = json!({ "name": "Widths", "labels": { "team": "a" }, "max_at_once": 1, "seed": 7,
        "method": { "grid": {} },
        "parameters": { "/width": { "range": { "from": 1, "to": 2, "steps": 3 } } },
        "fixed": { "mode": "usual" }, "stop": { "outcome": "/nothing", "above": 1 } });
    let answer = house.ask_for(&body).await.expect(202);
    let sweep: Sweep = answer.document();
    assert_eq!(answer.header("location"), format!("/v1/sweeps/{}", sweep.summary.id));
    assert_eq!((sweep.summary.points, sweep.seed, sweep.extendable), (3, 7, false));
    let shown: Value = house.get(answer.header("location")).await.expect(200).document();
    assert_eq!(
        shown["parameters"][0],
        json!({ "pointer": "/width",
        "variation": { "range": { "from": 1.0, "to": 2.0, "steps": 3, "scale": "linear" } } })
    );
    assert_eq!((&shown["labels"]["team"], &shown["stop"]["above"]), (&json!("a"), &json!(1.0)));
    let list: SweepList = house.get("/v1/sweeps?pipeline=heat&limit=1").await.expect(200).document();
    assert_eq!(list.sweeps[0].id, sweep.summary.id);
    let none: SweepList = house.get("/v1/sweeps?state=cancelled").await.expect(200).document();
    assert_eq!(none.sweeps, []);
    for wrong in ["state=late", "limit=0", "limit=101", "cursor=x", "pipeline=_", "more=1"] {
        house.get(&format!("/v1/sweeps?{wrong}")).await.problem(422, "params_invalid");
    }
}

#[tokio::test]
async fn points_are_told_as_json_and_as_a_table() {
    let house = House::with_heat().await;
    let sweep = house.swept(&grid(&[1.5, 2.5, 3.5])).await;
    assert_eq!(sweep.summary.state, SweepState::Succeeded);
    let path = format!("/v1/sweeps/{}/points", sweep.summary.id);
    let page: PointList =
        house.get(&format!("{path}?limit=2&outcomes=/nothing")).await.expect(200).document();
    assert_eq!(page.points.len(), 2);
    assert_eq!(page.points[1].values["/width"], json!(2.5));
    assert_eq!(page.points[1].outcomes["/nothing"], Value::Null);
    let run: Value =
        house.get(&format!("/v1/runs/{}", page.points[1].run.unwrap())).await.expect(200).document();
    assert_eq!(run["sweep"], json!({ "id": sweep.summary.id, "point": 1, "attempt": 0 }));
    let next = page.next_cursor.unwrap();
    let rest: PointList = house.get(&format!("{path}?cursor={next}")).await.expect(200).document();
    assert_eq!((rest.points.len(), rest.points[0].point, rest.next_cursor), (1, 2, None));
    let table = house.send(Request::get(&path).header("accept", "text/csv"), Body::empty()).await.expect(200);
    let lines: Vec<_> = table.text().lines().map(str::to_owned).collect();
    assert_eq!((lines.len(), lines[0].as_str()), (4, "\"point\",\"state\",\"run\",\"/width\",\"error\""));
    assert!(lines[2].starts_with("1,succeeded,") && lines[2].ends_with(",2.5,"), "{}", lines[2]);
    let other = house.send(Request::get(&path).header("accept", "image/png"), Body::empty()).await;
    other.problem(406, "not_acceptable");
    for wrong in ["outcomes=x", "limit=1001", "cursor=-1"] {
        house.get(&format!("{path}?{wrong}")).await.problem(422, "params_invalid");
    }
}

#[tokio::test]
async fn a_preview_tells_the_points_and_the_first_calls() {
    let house = House::with_heat().await;
    let range = json!({ "range": { "from": 1, "to": 2 } });
    let body = widths(&json!({ "sobol": { "points": 100 } }), &range);
    let answer = house.post("/v1/pipelines/heat/sweeps/preview", body.to_string()).await.expect(200);
    let preview: SweepPreview = answer.document();
    assert_eq!((preview.points, preview.first.len(), preview.preview.calls.len()), (100, 10, 1));
    assert!(house.containers.starts().is_empty());
    let list: SweepList = house.get("/v1/sweeps").await.expect(200).document();
    assert_eq!(list.sweeps, []);
}

#[tokio::test]
async fn a_preview_tells_how_long_it_may_take_once_runs_have_succeeded() {
    let house = House::with_heat().await;
    let preview = async |body: &Value| -> SweepPreview {
        house.post("/v1/pipelines/heat/sweeps/preview", body.to_string()).await.expect(200).document()
    };
    assert_eq!(preview(&grid(&[1.5, 2.5, 3.5])).await.estimate, None);
    house.swept(&grid(&[1.5, 2.5])).await;
    let mut body = grid(&[1.5, 2.5, 3.5]);
    let free = preview(&body).await.estimate.unwrap();
    assert_eq!((free.runs, free.before, free.at_once), (2, 0, 3));
    assert!(free.time_ms <= free.run_ms + 1, "all in one turn: {free:?}");
    body["max_at_once"] = json!(1);
    let bound = preview(&body).await.estimate.unwrap();
    assert_eq!(bound.at_once, 1);
    assert!(bound.time_ms.abs_diff(3 * bound.run_ms) <= 3, "one after the other: {bound:?}");
    house.containers.on("solve", Act::exits(0).held());
    house.start(&json!({ "params": { "width": 1.5 } })).await;
    house.until_at_work().await;
    assert_eq!(preview(&body).await.estimate.unwrap().before, 1);
}

#[tokio::test]
async fn an_account_has_so_many_sweeps_that_have_not_ended() {
    let house = House::with(&ApiSettings::default(), Settings { max_active_runs: 1, ..Settings::default() });
    house.upload(HEAT).await.expect(201);
    house.containers.on("solve", Act::exits(0).held());
    for _ in 0..100 {
        house.ask_for(&grid(&[1.5])).await.expect(202);
    }
    let refused = house.ask_for(&grid(&[1.5])).await.problem(429, "too_many_sweeps");
    assert!(refused.detail.starts_with("100 sweeps of yours"), "{refused:?}");
    let of_bob = Request::post("/v1/pipelines/heat/sweeps").header("content-type", "application/json");
    let of_bob = house.send(of_bob.header(ACCOUNT, "bob"), grid(&[1.5]).to_string()).await;
    assert_ne!(of_bob.status, 429, "what others have does not count");
}

#[tokio::test]
async fn the_same_request_under_one_key_makes_one_sweep() {
    let house = House::with_heat().await;
    let ask = async |body: &Value| {
        let request = Request::post("/v1/pipelines/heat/sweeps").header("content-type", "application/json");
        house.send(request.header("idempotency-key", "k"), body.to_string()).await
    };
    let [first, second] = [ask(&grid(&[1.5])).await, ask(&grid(&[1.5])).await];
    assert_eq!(first.expect(202).body, second.expect(202).body);
    let list: SweepList = house.get("/v1/sweeps").await.expect(200).document();
    assert_eq!(list.sweeps.len(), 1);
    ask(&grid(&[2.5])).await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_place() {
    let house = House::with_heat().await;
    let grid_of = |widths_: &Value| widths(&json!({ "grid": {} }), widths_);
    for (body, field) in [
        (json!({ "method": { "grid": {} } }), "/parameters"),
        (json!({ "method": { "hexagon": {} } }), "/method"),
        (grid_of(&json!({ "list": [] })), "/parameters/~1width/list"),
        (grid_of(&json!({ "range": { "from": 1, "to": 2 } })), "/parameters/~1width/range/steps"),
        (
            grid_of(&json!({ "range": { "from": 0, "to": 2, "steps": 2, "scale": "log" } })),
            "/parameters/~1width/range/from",
        ),
        (widths(&json!({ "sobol": { "points": 10_001 } }), &json!({ "list": [1] })), "/method"),
        (widths(&json!({ "csv": { "text": "width" } }), &json!({ "list": [1] })), "/parameters"),
        (json!({ "method": { "csv": { "text": "width" } } }), "/method/csv/text"),
    ] {
        let problem = house.ask_for(&body).await.problem(422, "params_invalid");
        assert!(
            problem.field.as_deref().is_some_and(|found| found.starts_with(field)),
            "{problem:?} at {field}"
        );
    }
    let problem =
        house.ask_for(&grid_of(&json!({ "list": [1.5, "wide"] }))).await.problem(422, "params_invalid");
    assert_eq!(problem.errors[0].pointer, "/points/1/width");
    let mut both = grid(&[1.5]);
    both["stop"] = json!({ "outcome": "/a", "above": 1, "below": 0 });
    assert_eq!(house.ask_for(&both).await.problem(422, "params_invalid").field.as_deref(), Some("/stop"));
    let list: SweepList = house.get("/v1/sweeps").await.expect(200).document();
    assert_eq!(list.sweeps, []);
}

#[tokio::test]
async fn a_sweep_is_cancelled_retried_and_extended_where_that_is_possible() {
    let house = House::with_heat().await;
    let sweep = house.swept(&grid(&[1.5])).await;
    let path = |verb: &str| format!("/v1/sweeps/{}/{verb}", sweep.summary.id);
    house.post(&path("cancel"), "").await.problem(409, "sweep_conflict");
    house.post(&path("extend"), json!({ "points": 1 }).to_string()).await.problem(409, "sweep_conflict");
    house.post(&path("retry"), "").await.expect(202);
    let random = widths(&json!({ "random": { "points": 2 } }), &json!({ "list": [1.5, 2.5] }));
    let random = house.swept(&random).await;
    let extend = format!("/v1/sweeps/{}/extend", random.summary.id);
    let more: Sweep = house.post(&extend, json!({ "points": 3 }).to_string()).await.expect(202).document();
    assert_eq!((more.summary.points, more.summary.state), (5, SweepState::Running));
    let many = house.post(&extend, json!({ "points": 10_000 }).to_string()).await;
    assert_eq!(many.problem(422, "params_invalid").field.as_deref(), Some("/points"));
}

#[tokio::test]
async fn a_sweep_of_another_is_not_there() {
    let house = House::with_heat().await;
    let sweep = house.swept(&grid(&[1.5])).await;
    let path = format!("/v1/sweeps/{}", sweep.summary.id);
    for (method, path) in [
        ("GET", path.clone()),
        ("GET", format!("{path}/points")),
        ("POST", format!("{path}/cancel")),
        ("POST", format!("{path}/retry")),
    ] {
        let request = Request::builder().method(method).uri(path).header(ACCOUNT, "bob");
        house.send(request, Body::empty()).await.problem(404, "not_found");
    }
    let table = Request::get(format!("{path}/points")).header(ACCOUNT, "bob").header("accept", "text/csv");
    house.send(table, Body::empty()).await.problem(404, "not_found");
    let list: SweepList = house
        .send(Request::get("/v1/sweeps").header(ACCOUNT, "bob"), Body::empty())
        .await
        .expect(200)
        .document();
    assert_eq!(list.sweeps, []);
}
