//! One who knows all ids of another asks at random: nothing is there, and nothing of it is told.
//!
//! `SIMULAY_CROSSINGS=100000 cargo test -p simulay-api --test it crossings` asks so often; `SIMULAY_CROSSINGS_SEED`
//! has other requests asked.

use axum::http::request::Builder;
use axum::http::{Method, Request};
use bytes::Bytes;
use fastrand::Rng;
use serde_json::{Value, json};
use simulay_api::{ApiSettings, openapi};
use simulay_engine::Settings;
use simulay_model::{Digest, Role, TokenSecret};

use crate::every_route::{INPUT, OUTPUT};
use crate::house::House;
use crate::roles::{new_token, secret};
use crate::scopes::OfAda;
use crate::scripts::{BEAM, HEAT, HEAT_NEWER};

/// What of Ada's must never reach Bob.
const CANARIES: [&str; 5] = ["of ada", "Heat in a plate", "\"ada\"", "canary.csv", "the secret of ada"];

/// A key that Ada has used.
const KEY: &str = "key-of-ada";

/// A route, as the document tells of it.
struct Operation {
    id: String,
    method: Method,
    path: String,
    queries: Vec<String>,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let queries = parameters.iter().filter(|parameter| parameter["in"] == "query");
            all.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                queries: queries.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
            });
        }
    }
    // What tells of everybody's, and names what canaries are made of.
    // A stream of all that one sees does not end; what it tells to whom is in `news.rs`.
    all.retain(|operation| {
        !operation.id.starts_with("docs") && !["openapi", "followAll"].contains(&operation.id.as_str())
    });
    all
}

/// What Bob knows of Ada.
struct Ids {
    runs: Vec<String>,
    bytes: Vec<String>,
    links: Vec<String>,
}

impl Ids {
    /// A value for a variable of a path.
    fn segment(&self, rng: &mut Rng, name: &str) -> String {
        let one_of = |rng: &mut Rng, all: &[&str]| (*rng.choice(all).unwrap()).to_owned();
        match name {
            "id" => rng.choice(&self.runs).unwrap().clone(),
            "sha256" => rng.choice(&self.bytes).unwrap().clone(),
            "link" => rng.choice(&self.links).unwrap().clone(),
            "pipeline" => one_of(rng, &["heat", "heat@1.0.0", "heat@1.1.0", "heat@9.9.9"]),
            "name" => "heat".to_owned(),
            "file" => "heat.wasm".to_owned(),
            "version" => one_of(rng, &["1.0.0", "1.1.0", "9.9.9"]),
            "step" | "call" | "plot" => one_of(rng, &["0", "1", "7"]),
            "stream" => one_of(rng, &["stdout", "stderr"]),
            other => panic!("what is {other}?"),
        }
    }

    /// The path, with what is Ada's in it.
    fn path(&self, rng: &mut Rng, path: &str) -> String {
        let filled = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => self.segment(rng, name),
            None => part.to_owned(),
        };
        path.split('/').map(filled).collect::<Vec<_>>().join("/")
    }

    fn query(&self, rng: &mut Rng, name: &str) -> String {
        let one_of = |rng: &mut Rng, all: &[&str]| (*rng.choice(all).unwrap()).to_owned();
        match name {
            "runs" => self.runs.join(","),
            "plots" => "omit".to_owned(),
            "format" => "json".to_owned(),
            "points" => "100".to_owned(),
            "from" => one_of(rng, &["0", "1"]),
            "to" => one_of(rng, &["1", "99"]),
            "limit" => one_of(rng, &["1", "100"]),
            "cursor" | "base" => rng.choice(&self.runs).unwrap().clone(),
            "state" => one_of(rng, &["succeeded", "running"]),
            "pipeline" | "name" => "heat".to_owned(),
            "after" => one_of(rng, &["0", "1", "99"]),
            "month" => one_of(rng, &["2026-11", "2000-01"]),
            "account" => "ada".to_owned(),
            "check" => "examples".to_owned(),
            _ => one_of(rng, &["1", "true", "ada"]),
        }
    }

    /// A body in which what is Ada's is named.
    fn body(&self, rng: &mut Rng, operation: &str) -> (&'static str, Bytes) {
        let json = |value: Value| ("application/json", Bytes::from(value.to_string()));
        let sha256 = rng.choice(&self.bytes).unwrap();
        let inputs = json!([{ "path": "theirs", "sha256": sha256 }]);
        match operation {
            "createRun" | "previewRun" => json(json!({ "inputs": inputs })),
            "createSweep" | "previewSweep" => {
                let parameters = json!({ "/width": { "list": [1.5] } });
                json(json!({ "method": { "grid": {} }, "parameters": parameters, "inputs": inputs }))
            }
            "extendSweep" => json(json!({ "points": 1 })),
            "createNamedRun" => json(json!({ "pipeline": "heat", "inputs": inputs })),
            "listMissingInputs" => json(json!({ "sha256": [sha256] })),
            "setPluginIsolation" => json(json!({ "isolation": "process" })),
            "setPluginVisibility" => json(json!({ "visibility": "public" })),
            "createRunLink" => json(json!({})),
            "describeRun" => json(json!({ "name": "bob's now" })),
            "signIn" => json(json!({ "token": "sim_a_guess_of_bob" })),
            "uploadPlugin" => ("application/wasm", Bytes::from_static(HEAT_NEWER)),
            "uploadInput" => ("application/octet-stream", Bytes::from_static(b"bob's own")),
            _ => ("application/json", Bytes::new()),
        }
    }
}

/// A request that could be of anybody, with words of Ada's in its headers.
fn request(rng: &mut Rng, ids: &Ids, operation: &Operation, path: &str) -> (Builder, Bytes) {
    let (media_type, body) = ids.body(rng, &operation.id);
    let asked = operation.queries.iter().filter(|_| rng.bool()).collect::<Vec<_>>();
    let query: Vec<String> = asked.iter().map(|name| format!("{name}={}", ids.query(rng, name))).collect();
    let mut request = Request::builder().method(operation.method.clone());
    request = request.uri(format!("{path}?{}", query.join("&"))).header("content-type", media_type);
    if operation.method == Method::POST && rng.bool() {
        request = request.header("idempotency-key", KEY);
    }
    for (name, value) in [("prefer", "wait=1"), ("range", "bytes=0-3"), ("last-event-id", "1")] {
        if rng.u8(0..4) == 0 {
            request = request.header(name, value);
        }
    }
    (request, body)
}

/// A host on which Ada has plugins, inputs, runs and links, and Bob a plugin of another name; and what Bob has.
async fn of_two() -> (House, TokenSecret, Ids) {
    let settings = ApiSettings { account_rate: None, failure_rate: None, ..ApiSettings::default() };
    let mut of_ada = OfAda::over(House::of_many_with(None, &settings, Settings::default()), &[HEAT]).await;
    let runs = vec![of_ada.run.clone(), of_ada.ended("heat").await];
    let links = vec![of_ada.link().await.id.to_string(), of_ada.link().await.id.to_string()];
    of_ada.run = runs[1].clone();
    let named = Request::post("/v1/inputs").header("idempotency-key", KEY);
    of_ada.send(&of_ada.whole, named, INPUT).await.expect(201);
    let bytes = [INPUT, OUTPUT, HEAT].map(|bytes| Digest::of(bytes).to_string()).to_vec();
    let accounts = &of_ada.house.engine.accounts;
    accounts.create("bob".parse().unwrap(), Role::Author).await.unwrap();
    let bob = secret(accounts, new_token("bob")).await;
    let upload = Request::post("/v1/plugins").header("content-type", "application/wasm");
    of_ada.send(&bob, upload, BEAM).await.expect(201);
    (of_ada.house, bob, Ids { runs, bytes, links })
}

fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[tokio::test]
async fn whoever_asks_for_what_is_anothers_finds_nothing() {
    let (house, bob, ids) = of_two().await;
    let seed = from_environment("SIMULAY_CROSSINGS_SEED", 1);
    let (operations, mut rng) = (operations(), Rng::with_seed(seed));
    let mut not_there = 0;
    for number in 0..from_environment("SIMULAY_CROSSINGS", 4_000) {
        let operation = rng.choice(&operations).unwrap();
        let path = ids.path(&mut rng, &operation.path);
        let (request, body) = request(&mut rng, &ids, operation, &path);
        let request = request.header("authorization", format!("Bearer {}", bob.reveal()));
        let answer = house.send(request, body).await;
        let asked = format!("seed {seed}, request {number}: {} {path}: {}", operation.id, answer.text());
        assert!(!answer.status.is_server_error(), "{asked}");
        let is_named = path != operation.path;
        // For operators, whatever is named; and what is offered is nobody's.
        if is_named
            && !["approvePlugin", "setPluginIsolation", "uploadShippedPlugin"]
                .contains(&operation.id.as_str())
        {
            assert_eq!(answer.status, 404, "{asked}");
            not_there += 1;
        }
        let headers = format!("{:?}", answer.headers);
        assert!(
            CANARIES.iter().all(|canary| !asked.contains(canary) && !headers.contains(canary)),
            "{asked}"
        );
    }
    assert!(not_there > 0);
}
