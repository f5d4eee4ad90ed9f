//! Plugins that others see and run.

use axum::http::Request;
use bytes::Bytes;
use serde_json::{Value, json};
use simulay_containers::scripted::Act;

use crate::house::{Answer, House};
use crate::owners::of_ada;
use crate::scripts::HEAT_NEWER;

impl House {
    /// Says who sees `heat`.
    async fn say(&self, account: &str, document: Value) -> Answer {
        let request = Request::put("/v1/plugins/heat/visibility").header("content-type", "application/json");
        self.send_as(account, request, document.to_string().into()).await
    }

    async fn get_as(&self, account: &str, path: &str) -> Answer {
        self.send_as(account, Request::get(path), Bytes::new()).await
    }

    /// Asks for a run of `heat`.
    async fn run_as(&self, account: &str) -> Answer {
        let request = Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json");
        self.send_as(account, request, Bytes::from_static(b"{}")).await
    }
}

#[tokio::test]
async fn a_public_plugin_is_everybodys_to_run_and_its_owners_to_change() {
    let (house, _) = of_ada().await;
    let say = |account, visibility| house.say(account, json!({ "visibility": visibility }));
    let (get, run) = (|path| house.get_as("bob", path), || house.run_as("bob"));
    say("bob", "public").await.problem(404, "not_found");
    say("ada", "secret").await.problem(422, "params_invalid");
    say("ada", "public").await.expect(204);
    for path in ["/v1/pipelines/heat", "/v1/plugins/heat", "/v1/plugins/heat/1.0.0"] {
        get(path).await.expect(200);
    }
    let listed: Value = get("/v1/pipelines").await.document();
    assert_eq!(listed["pipelines"].as_array().unwrap().len(), 1);
    let own: Value = run().await.expect(202).document();
    assert_eq!(own["owner"], "bob", "the run is whose who asks for it");
    let retire = Request::delete("/v1/plugins/heat/1.0.0");
    house.send_as("bob", retire, Bytes::new()).await.problem(404, "not_found");
    let upload = Request::post("/v1/plugins").header("content-type", "application/wasm");
    house.send_as("bob", upload, Bytes::from_static(HEAT_NEWER)).await.problem(409, "plugin_name_taken");
    say("ada", "private").await.expect(204);
    get("/v1/pipelines/heat").await.problem(404, "not_found");
    run().await.problem(404, "not_found");
}

#[tokio::test]
async fn a_plugin_is_shared_with_those_who_are_named() {
    let (house, _) = of_ada().await;
    let shared = json!({ "visibility": "shared", "accounts": ["bob", "nobody.there"] });
    house.say("bob", shared.clone()).await.problem(404, "not_found");
    house.say("ada", shared).await.expect(204);
    for path in ["/v1/pipelines/heat", "/v1/plugins/heat", "/v1/plugins/heat/1.0.0"] {
        house.get_as("bob", path).await.expect(200);
        house.get_as("eve", path).await.problem(404, "not_found");
    }
    let own: Value = house.run_as("bob").await.expect(202).document();
    assert_eq!(own["owner"], "bob");
    house.run_as("eve").await.problem(404, "not_found");
    house.say("bob", json!({ "visibility": "public" })).await.problem(404, "not_found");
    let told = |answer: Answer| {
        let plugin: Value = answer.expect(200).document();
        (plugin["visibility"].clone(), plugin["shared_with"].clone())
    };
    let (version, list) = ("/v1/plugins/heat/1.0.0", json!(["bob", "nobody.there"]));
    assert_eq!(told(house.get_as("ada", version).await), (json!("shared"), list.clone()));
    assert_eq!(told(house.get(version).await), (json!("shared"), list), "an operator is told");
    assert_eq!(told(house.get_as("bob", version).await), (json!("shared"), Value::Null));
    house.say("ada", json!({ "visibility": "shared", "accounts": ["eve"] })).await.expect(204);
    house.get_as("bob", "/v1/pipelines/heat").await.problem(404, "not_found");
    house.run_as("eve").await.expect(202);
}

#[tokio::test]
async fn what_runs_goes_on_when_the_plugin_is_taken_back() {
    let (house, _) = of_ada().await;
    house.say("ada", json!({ "visibility": "shared", "accounts": ["bob"] })).await.expect(204);
    house.containers.on("solve", Act::exits(0).held());
    let before = house.containers.starts().len();
    let run: Value = house.run_as("bob").await.expect(202).document();
    let at_work = async {
        while house.containers.starts().len() == before {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, at_work).await.unwrap();
    house.say("ada", json!({ "visibility": "private" })).await.expect(204);
    house.run_as("bob").await.problem(404, "not_found");
    house.containers.release("solve");
    let events = format!("/v1/runs/{}/events", run["id"].as_str().unwrap());
    let events = house.get_as("bob", &events).await.expect(200).text();
    assert!(events.contains("\"succeeded\""), "{events}");
}

#[tokio::test]
async fn who_is_to_see_a_plugin_is_said_whole() {
    let (house, _) = of_ada().await;
    let many: Vec<_> = (0..1001).map(|number| format!("account-{number}")).collect();
    for (document, field) in [
        (json!({ "visibility": "shared" }), "/accounts"),
        (json!({ "visibility": "shared", "accounts": [] }), "/accounts"),
        (json!({ "visibility": "shared", "accounts": many }), "/accounts"),
        (json!({ "visibility": "public", "accounts": ["bob"] }), "/accounts"),
        (json!({ "visibility": "private", "accounts": ["bob"] }), "/accounts"),
        (json!({ "visibility": "shared", "accounts": ["bob", "Not A Name"] }), "/accounts/1"),
    ] {
        let refused = house.say("ada", document.clone()).await.problem(422, "params_invalid");
        assert_eq!(refused.field.as_deref(), Some(field), "{document}: {}", refused.detail);
    }
    let plugin: Value = house.get_as("ada", "/v1/plugins/heat/1.0.0").await.expect(200).document();
    assert_eq!(plugin["visibility"], "private", "nothing of it counts");
}
