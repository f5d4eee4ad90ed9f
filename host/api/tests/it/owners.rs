//! Two people on one host: what is one's is not there for the other, on every route.

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use serde_json::{Value, json};
use simulay_containers::scripted::Act;
use simulay_model::{Digest, Role};

use crate::every_route::{INPUT, OUTPUT, Route, routes};
use crate::house::{ACCOUNT, Answer, House};
use crate::scripts::{BEAM, HEAT};

/// What of Ada's must never reach Bob.
const CANARIES: [&str; 4] = ["of ada", "Heat in a plate", "\"ada\"", "canary.csv"];

impl House {
    pub(crate) async fn send_as(
        &self,
        account: &str,
        request: axum::http::request::Builder,
        body: Bytes,
    ) -> Answer {
        self.send(request.header(ACCOUNT, account), Body::from(body)).await
    }

    async fn ask(&self, account: &str, route: &Route) -> Answer {
        self.send_as(account, route.request(), route.body.clone()).await
    }
}

/// What Bob gets on each route; a route that is not here fails the test.
pub(crate) fn answered(name: &str) -> u16 {
    match name {
        // Of Ada's there is nothing.
        "showRun"
        | "cancelRun"
        | "describeRun"
        | "estimateRun"
        | "createNamedRun"
        | "listCalls"
        | "showReuse"
        | "listArtifacts"
        | "downloadArtifact"
        | "followRun"
        | "readLog"
        | "listPlots"
        | "showPlot"
        | "showPipeline"
        | "previewRun"
        | "createRun"
        | "rollBackPipeline"
        | "listPluginVersions"
        | "showPlugin"
        | "retirePlugin"
        | "setPluginVisibility"
        | "activatePlugin"
        | "signInAtProvider"
        | "uploadShippedPlugin"
        | "createRunLink"
        | "listRunLinks"
        | "revokeRunLink"
        | "createSweep"
        | "previewSweep"
        | "showSweep"
        | "listSweepPoints"
        | "cancelSweep"
        | "retrySweep"
        | "extendSweep"
        | "probeInput" => 404,
        "uploadPlugin" => 409,
        // It names no runs.
        "compareRuns" => 422,
        "followAll" => 400,
        // For operators and admins.
        "approvePlugin" | "setPluginIsolation" | "metrics" | "listAudit" => 403,
        // His own, of which there is nothing yet, and what is everybody's.
        "listRuns" | "countRuns" | "listSweeps" | "listPlugins" | "listPipelines" | "listMissingInputs"
        | "listShippedPlugins" | "listImages" | "showSystem" | "showMe" | "showUsage" | "health"
        | "readiness" | "openapi" | "docs" | "docsScript" | "docsStyle" | "showSignInWays" => 200,
        "uploadInput" | "uploadArchive" => 201,
        "signOut" => 204,
        "signIn" | "returnFromProvider" => 401,
        other => panic!("who may what on the route {other}?"),
    }
}

/// A host on which Ada has a plugin, an input and a run that has ended; and the run.
pub(crate) async fn of_ada() -> (House, String) {
    let house = House::new();
    house.engine.accounts.create("ada".parse().unwrap(), Role::Author).await.unwrap();
    house.containers.on("solve", Act::exits(0).stdout("of ada").output("canary.csv", OUTPUT));
    let component = Request::post("/v1/plugins").header("content-type", "application/wasm");
    house.send_as("ada", component, Bytes::from_static(HEAT)).await.expect(201);
    house.send_as("ada", Request::post("/v1/inputs"), Bytes::from_static(INPUT)).await.expect(201);
    let inputs = json!([{ "path": "canary.csv", "sha256": Digest::of(INPUT) }]);
    let request = Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json");
    let request = request.header("prefer", "wait=60");
    let body = Bytes::from(json!({ "inputs": inputs }).to_string());
    let run: Value = house.send_as("ada", request, body).await.expect(200).document();
    assert_eq!((&run["state"], &run["owner"]), (&json!("succeeded"), &json!("ada")));
    (house, run["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn nothing_of_one_is_there_for_the_other_on_any_route() {
    let (house, run) = of_ada().await;
    for (name, route) in routes(&run) {
        let answer = house.ask("bob", &route).await;
        assert_eq!(answer.status, answered(&name), "{name}: {}", answer.text());
        let told = answer.text();
        let documents = matches!(name.as_str(), "openapi" | "docs" | "docsScript" | "docsStyle");
        assert!(documents || CANARIES.iter().all(|canary| !told.contains(canary)), "{name}: {told}");
    }
    let list = |name: &str| routes(&run).remove(name).unwrap();
    for (name, key) in [("listRuns", "runs"), ("listPlugins", "plugins"), ("listPipelines", "pipelines")] {
        let lists: [Value; 2] =
            [house.ask("bob", &list(name)).await.document(), house.ask("ada", &list(name)).await.document()];
        let counts = lists.map(|list| list[key].as_array().unwrap().len());
        assert_eq!(counts, [0, 1], "{name}");
    }
    let missing: Value = house.ask("bob", &list("listMissingInputs")).await.document();
    assert_eq!(missing["missing"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn all_of_it_is_there_for_whose_it_is() {
    let (house, run) = of_ada().await;
    // None of what Bob did changed anything.
    for (name, route) in in_order(&run) {
        house.ask("bob", &route).await;
        let answer = house.ask("ada", &route).await;
        assert!(own(&name).contains(&answer.status.as_u16()), "{name}: {}", answer.text());
    }
}

/// Every route; what ends things comes last.
pub(crate) fn in_order(run: &str) -> Vec<(String, Route)> {
    let order = |name: &str| match name {
        "cancelRun" => 1,
        "rollBackPipeline" => 2,
        "retirePlugin" => 3,
        _ => 0,
    };
    let mut routes: Vec<_> = routes(run).into_iter().collect();
    routes.sort_by_key(|(name, _)| order(name));
    routes
}

/// What Ada gets on each route, an author.
pub(crate) fn own(name: &str) -> &'static [u16] {
    match name {
        // It has ended; it is another request by that id.
        "cancelRun" | "createNamedRun" => &[409],
        "followRun" => &[200],
        // It names no runs.
        "compareRuns" => &[422],
        "followAll" => &[400],
        // There is none by that id.
        "revokeRunLink" | "showSweep" | "listSweepPoints" | "cancelSweep" | "retrySweep" | "extendSweep" => {
            &[404]
        }
        "approvePlugin" | "setPluginIsolation" | "metrics" | "listAudit" => &[403],
        // Nobody is signed in by these requests.
        "signIn" | "returnFromProvider" => &[401],
        "signInAtProvider" | "uploadShippedPlugin" => &[404],
        _ => &[200, 201, 202, 204],
    }
}

#[tokio::test]
async fn a_run_of_another_is_not_there_for_whoever_chooses_its_id() {
    let (house, run) = of_ada().await;
    let component = Request::post("/v1/plugins").header("content-type", "application/wasm");
    house.send_as("bob", component, Bytes::from_static(BEAM)).await.expect(201);
    let request = Request::put(format!("/v1/runs/{run}")).header("content-type", "application/json");
    let body = Bytes::from(json!({ "pipeline": "beam" }).to_string());
    let refused = house.send_as("bob", request, body).await;
    refused.problem(404, "not_found");
    let runs: Value = house.send_as("bob", Request::get("/v1/runs"), Bytes::new()).await.document();
    assert_eq!(runs["runs"], json!([]));
}

#[tokio::test]
async fn bytes_are_named_by_whoever_uploaded_or_made_them() {
    let (house, _) = of_ada().await;
    let component = Request::post("/v1/plugins").header("content-type", "application/wasm");
    house.send_as("bob", component, Bytes::from_static(BEAM)).await.expect(201);
    let run = async |account: &str, pipeline: &str, bytes: &[u8]| {
        let request = Request::post(format!("/v1/pipelines/{pipeline}/runs"));
        let inputs = json!([{ "path": "a.csv", "sha256": Digest::of(bytes) }]);
        let body = Bytes::from(json!({ "inputs": inputs }).to_string());
        house.send_as(account, request.header("content-type", "application/json"), body).await
    };
    // Whatever runs leaves the output: it is looked at before bob runs anything.
    for bytes in [OUTPUT, INPUT] {
        run("ada", "heat", bytes).await.expect(202);
        let problem = run("bob", "beam", bytes).await.problem(422, "params_invalid");
        assert_eq!(problem.field.as_deref(), Some("/inputs/0/sha256"));
        let probe = || Request::head(format!("/v1/inputs/{}", Digest::of(bytes)));
        house.send_as("ada", probe(), Bytes::new()).await.expect(200);
        house.send_as("bob", probe(), Bytes::new()).await.expect(404);
        house.send_as("bob", Request::post("/v1/inputs"), Bytes::from_static(bytes)).await.expect(201);
        house.send_as("bob", probe(), Bytes::new()).await.expect(200);
        run("bob", "beam", bytes).await.expect(202);
    }
}

#[tokio::test]
async fn a_key_is_each_ones_own() {
    let house = House::new();
    for (account, bytes) in [("ada", &b"one"[..]), ("bob", b"two")] {
        let request = Request::post("/v1/inputs").header("idempotency-key", "k");
        house.send_as(account, request, Bytes::from_static(bytes)).await.expect(201);
    }
    let request = Request::post("/v1/inputs").header("idempotency-key", "k");
    house.send_as("ada", request, Bytes::from_static(b"two")).await.problem(422, "idempotency_key_reused");
}
