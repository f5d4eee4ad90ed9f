//! Tokens that are for one pipeline, on every route: what lies outside is not there, also of one's own.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use bytes::Bytes;
use serde_json::{Value, json};
use simulay_containers::scripted::Act;
use simulay_engine::{NewToken, Settings};
use simulay_model::{Digest, Role, Scope, TokenSecret};

use crate::every_route::{INPUT, OUTPUT};
use crate::house::{Answer, House};
use crate::owners::{answered, in_order, own};
use crate::roles::{new_token, secret};
use crate::scripts::{BEAM, HEAT, HEAT_GREEDY, HEAT_NEWER};

/// What of `heat` must not reach whoever asks by a token for `beam`.
const CANARIES: [&str; 3] = ["of ada", "Heat in a plate", "canary.csv"];

/// A host on which Ada has two plugins, and of `heat` a run that has ended.
pub(crate) struct OfAda {
    pub(crate) house: House,
    /// For all that is hers.
    pub(crate) whole: TokenSecret,
    pub(crate) run: String,
}

impl OfAda {
    pub(crate) async fn new() -> Self {
        Self::over(House::of_many(Settings::default()), &[HEAT, BEAM]).await
    }

    /// The same on a host that is there, with these plugins.
    pub(crate) async fn over(house: House, components: &[&'static [u8]]) -> Self {
        house.containers.on("solve", Act::exits(0).stdout("of ada").output("canary.csv", OUTPUT));
        house.engine.accounts.create("ada".parse().unwrap(), Role::Author).await.unwrap();
        let whole = secret(&house.engine.accounts, new_token("ada")).await;
        let mut of_ada = Self { house, whole, run: String::new() };
        for component in components {
            of_ada.upload(&of_ada.whole, component).await.expect(201);
        }
        of_ada.send(&of_ada.whole, Request::post("/v1/inputs"), INPUT).await.expect(201);
        of_ada.run = of_ada.ended("heat").await;
        of_ada
    }

    /// The token of Ada for one pipeline.
    pub(crate) async fn token_for(&self, pipeline: &str) -> TokenSecret {
        let scope = Scope::Pipeline(pipeline.parse().unwrap());
        secret(&self.house.engine.accounts, NewToken { scope, ..new_token("ada") }).await
    }

    pub(crate) async fn send(&self, secret: &TokenSecret, request: Builder, body: impl Into<Body>) -> Answer {
        self.house.send(request.header("authorization", format!("Bearer {}", secret.reveal())), body).await
    }

    pub(crate) async fn get(&self, secret: &TokenSecret, path: &str) -> Answer {
        self.send(secret, Request::get(path), Bytes::new()).await
    }

    pub(crate) async fn post(&self, secret: &TokenSecret, path: &str, document: &Value) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(secret, request, document.to_string()).await
    }

    async fn upload(&self, secret: &TokenSecret, component: &'static [u8]) -> Answer {
        let request = Request::post("/v1/plugins").header("content-type", "application/wasm");
        self.send(secret, request, component).await
    }

    /// A run that took the input and has ended.
    pub(crate) async fn ended(&self, pipeline: &str) -> String {
        let inputs = json!({ "inputs": [{ "path": "canary.csv", "sha256": Digest::of(INPUT) }] });
        let request = Request::post(format!("/v1/pipelines/{pipeline}/runs")).header("prefer", "wait=60");
        let request = request.header("content-type", "application/json");
        let run: Value = self.send(&self.whole, request, inputs.to_string()).await.expect(200).document();
        run["id"].as_str().unwrap().to_owned()
    }
}

/// What a token for another pipeline gets on each route of `heat`.
fn outside(name: &str) -> u16 {
    match name {
        // An input is the account's, whatever it is for.
        "probeInput" => 200,
        // Of a name outside, nothing is told, not even whether it is taken.
        "uploadPlugin" | "showUsage" => 403,
        _ => answered(name),
    }
}

#[tokio::test]
async fn nothing_outside_the_scope_is_there_on_any_route() {
    let of_ada = OfAda::new().await;
    let beam = of_ada.token_for("beam").await;
    for (name, route) in in_order(&of_ada.run) {
        let answer = of_ada.house.ask_with(Some(&beam), &route).await;
        assert_eq!(answer.status, outside(&name), "{name}: {}", answer.text());
        let told = answer.text();
        let documents = matches!(name.as_str(), "openapi" | "docs" | "docsScript" | "docsStyle");
        assert!(documents || CANARIES.iter().all(|canary| !told.contains(canary)), "{name}: {told}");
    }
    let missing = json!({ "sha256": [Digest::of(INPUT), Digest::of(OUTPUT)] });
    let missing: Value = of_ada.post(&beam, "/v1/inputs/missing", &missing).await.expect(200).document();
    assert_eq!(missing["missing"], json!([Digest::of(OUTPUT)]), "what a run outside left");
    for (path, key) in [("/v1/plugins", "plugins"), ("/v1/pipelines", "pipelines")] {
        let listed: Value = of_ada.get(&beam, path).await.expect(200).document();
        assert_eq!(listed[key].as_array().unwrap().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn all_that_lies_in_the_scope_is_there_within_the_role() {
    let of_ada = OfAda::new().await;
    let (heat, beams) = (of_ada.token_for("heat").await, of_ada.ended("beam").await);
    let listed: Value = of_ada.get(&heat, "/v1/runs").await.expect(200).document();
    assert_eq!(listed["runs"].as_array().unwrap().len(), 1, "but that of beam: {beams}");
    for (name, route) in in_order(&of_ada.run) {
        let answer = of_ada.house.ask_with(Some(&heat), &route).await;
        // What the whole account used is not for a token for less.
        let expected = if name == "showUsage" { &[403] } else { own(&name) };
        assert!(expected.contains(&answer.status.as_u16()), "{name}: {}", answer.text());
    }
    of_ada.get(&heat, &format!("/v1/runs/{beams}")).await.problem(404, "not_found");
    let lowered = Scope::Pipeline("heat".parse().unwrap());
    let lowered = NewToken { role: Some(Role::Viewer), scope: lowered, ..new_token("ada") };
    let lowered = secret(&of_ada.house.engine.accounts, lowered).await;
    of_ada.post(&lowered, "/v1/pipelines/heat/runs", &json!({})).await.problem(403, "forbidden");
    of_ada.get(&lowered, &format!("/v1/runs/{}", of_ada.run)).await.expect(200);
}

#[tokio::test]
async fn a_chosen_id_outside_the_scope_is_not_there() {
    let of_ada = OfAda::new().await;
    let beam = of_ada.token_for("beam").await;
    let request = Request::put(format!("/v1/runs/{}", of_ada.run)).header("content-type", "application/json");
    let body = json!({ "pipeline": "beam" }).to_string();
    of_ada.send(&beam, request, body).await.problem(404, "not_found");
}

/// A key that was given elsewhere is as good as new, and what came of it is not told.
#[tokio::test]
async fn keys_tell_nothing_of_what_lies_outside() {
    let of_ada = OfAda::new().await;
    let beam = of_ada.token_for("beam").await;
    of_ada.upload(&of_ada.whole, HEAT_NEWER).await.expect(201);
    let keyed = |path: &str| Request::post(path).header("idempotency-key", "a");
    let paths = ["/v1/plugins/heat/1.0.0/activate", "/v1/pipelines/heat/rollback"];
    for path in paths {
        of_ada.send(&of_ada.whole, keyed(path), Bytes::new()).await.expect(200);
        of_ada.send(&beam, keyed(path), Bytes::new()).await.problem(404, "not_found");
    }
    let run = |path: &str| keyed(path).header("content-type", "application/json");
    let heat: Value =
        of_ada.send(&of_ada.whole, run("/v1/pipelines/heat/runs"), "{}").await.expect(202).document();
    of_ada.send(&beam, run("/v1/pipelines/heat/runs"), "{}").await.problem(404, "not_found");
    let own = || of_ada.send(&beam, run("/v1/pipelines/beam/runs"), "{}");
    let first: Value = own().await.expect(202).document();
    let again: Value = own().await.expect(202).document();
    assert_eq!(first["id"], again["id"], "within the scope it does its work once");
    assert_ne!(first["id"], heat["id"]);
}

#[tokio::test]
async fn whoever_asks_is_told_where_he_may() {
    let of_ada = OfAda::new().await;
    let told = async |secret: &TokenSecret| {
        let me: Value = of_ada.get(secret, "/v1/me").await.expect(200).document();
        me["scope"].clone()
    };
    assert_eq!(told(&of_ada.whole).await, json!({ "kind": "all" }));
    let heat = of_ada.token_for("heat").await;
    assert_eq!(told(&heat).await, json!({ "kind": "pipeline", "pipeline": "heat" }));
    of_ada.upload(&heat, HEAT_GREEDY).await.expect(201);
    let refused = of_ada.upload(&heat, BEAM).await.problem(403, "forbidden");
    assert!(refused.detail.contains("another pipeline than `beam`"), "{}", refused.detail);
}
