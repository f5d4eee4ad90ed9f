//! Calls that take results of earlier ones, as REST tells of them.

use axum::http::Request;
use bytes::Bytes;
use serde_json::{Value, json};
use simulay_containers::scripted::Act;
use simulay_model::Role;

use crate::house::{ACCOUNT, House};
use crate::scripts::HEAT;

impl House {
    /// A run of `heat` of `account` that has ended.
    async fn ran_as(&self, account: &str, body: &Value, cache: Option<&str>) -> String {
        let request = Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json");
        let mut request = request.header("prefer", "wait=60").header(ACCOUNT, account);
        if let Some(cache) = cache {
            request = request.header("cache-control", cache);
        }
        let run: Value = self.send(request, body.to_string()).await.expect(200).document();
        assert_eq!(run["state"], "succeeded", "{run}");
        run["id"].as_str().unwrap().to_owned()
    }

    async fn reuse_as(&self, account: &str, run: &str) -> crate::house::Answer {
        let request = Request::get(format!("/v1/runs/{run}/calls/0/0/reuse")).header(ACCOUNT, account);
        self.send(request, Bytes::new()).await
    }

    /// What came of the only call of a run.
    async fn result_as(&self, account: &str, run: &str) -> Value {
        let request = Request::get(format!("/v1/runs/{run}/calls")).header(ACCOUNT, account);
        let calls: Value = self.send(request, Bytes::new()).await.expect(200).document();
        calls["calls"][0]["result"].clone()
    }
}

async fn house() -> House {
    let house = House::new();
    for account in ["ada", "bob"] {
        house.engine.accounts.create(account.parse().unwrap(), Role::Author).await.unwrap();
    }
    house.containers.on("solve", Act::exits(0).stdout("of ada").output("x.csv", "1,2\n"));
    let component = Request::post("/v1/plugins").header("content-type", "application/wasm");
    house.send_as("ada", component, Bytes::from_static(HEAT)).await.expect(201);
    let visible = Request::put("/v1/plugins/heat/visibility").header("content-type", "application/json");
    let public = Bytes::from(json!({ "visibility": "public" }).to_string());
    house.send_as("ada", visible, public).await.expect(204);
    house
}

#[tokio::test]
async fn a_run_tells_from_which_run_its_results_are_and_why_others_are_not() {
    let house = house().await;
    let body = json!({ "seed": 7 });
    let first = house.ran_as("ada", &body, None).await;
    let second = house.ran_as("ada", &body, None).await;
    let third = house.ran_as("ada", &json!({ "seed": 8 }), None).await;
    assert_eq!(house.containers.starts().len(), 2);
    let result = house.result_as("ada", &second).await;
    assert_eq!((&result["reused"], &result["reused_from"]), (&json!(true), &json!(first)));
    let told: Value = house.reuse_as("ada", &second).await.expect(200).document();
    assert_eq!(told, json!({ "reused": true, "from": first }));
    let told: Value = house.reuse_as("ada", &third).await.expect(200).document();
    let nearest = json!({ "run": second, "step": 0, "call": 0, "differs": ["seed"] });
    assert_eq!(told, json!({ "reused": false, "reason": "no_equal", "nearest": nearest }));
    let events = Request::get(format!("/v1/runs/{second}/events")).header(ACCOUNT, "ada");
    let events = house.send(events, Bytes::new()).await.text();
    assert!(events.contains("\"reused\":true") && events.contains(&first), "{events}");
    assert!(!events.contains("call.started"), "{events}");
}

#[tokio::test]
async fn whoever_asks_for_it_has_all_computed_and_is_told_so() {
    let house = house().await;
    house.ran_as("ada", &json!({ "seed": 7 }), None).await;
    let by_header = house.ran_as("ada", &json!({ "seed": 7 }), Some("max-age=0, no-cache")).await;
    let by_option = house.ran_as("ada", &json!({ "seed": 7, "options": { "reuse": false } }), None).await;
    assert_eq!(house.containers.starts().len(), 3);
    for run in [by_header, by_option] {
        let told: Value = house.reuse_as("ada", &run).await.expect(200).document();
        assert_eq!((&told["reused"], &told["reason"]), (&json!(false), &json!("computed_anew")));
        assert_eq!(told["nearest"]["differs"], json!([]));
    }
    house.ran_as("ada", &json!({ "seed": 7 }), Some("max-age=0")).await;
    assert_eq!(house.containers.starts().len(), 3);
    let wrong = json!({ "options": { "reuse": "no" } }).to_string();
    let request = Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json");
    house.send_as("ada", request, wrong.into()).await.problem(422, "params_invalid");
}

#[tokio::test]
async fn another_account_neither_takes_nor_learns_of_equal_calls() {
    let house = house().await;
    let body = json!({ "seed": 7 });
    let of_ada = house.ran_as("ada", &body, None).await;
    let of_bob = house.ran_as("bob", &body, None).await;
    assert_eq!(house.containers.starts().len(), 2);
    assert_eq!(house.result_as("bob", &of_bob).await["reused"], false);
    let told: Value = house.reuse_as("bob", &of_bob).await.expect(200).document();
    assert_eq!(told, json!({ "reused": false, "reason": "no_equal" }));
    house.reuse_as("bob", &of_ada).await.problem(404, "not_found");
    let nowhere = Request::get(format!("/v1/runs/{of_bob}/calls/0/9/reuse"));
    house.send_as("bob", nowhere, Bytes::new()).await.problem(404, "not_found");
}
