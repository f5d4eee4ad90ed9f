//! A request of every route there is, as the OpenAPI document tells of them.

use std::collections::BTreeMap;

use axum::http::request::Builder;
use axum::http::{Method, Request};
use bytes::Bytes;
use serde_json::{Value, json};
use simulay_api::openapi;
use simulay_model::Digest;

use crate::scripts::HEAT_NEWER;

/// What the run of these requests was given.
pub(crate) const INPUT: &[u8] = b"the input of ada";
/// What it left.
pub(crate) const OUTPUT: &[u8] = b"the output of ada";

/// What nobody has: a run, or a link.
pub(crate) const NOBODYS: &str = "01990000-0000-7000-8000-000000000000";

/// A request of a route.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: String,
    media_type: &'static str,
    pub(crate) body: Bytes,
    /// The least role it needs, as the document tells; none for what is open to all.
    pub(crate) role: Option<String>,
}

impl Route {
    pub(crate) fn request(&self) -> Builder {
        let request = Request::builder().method(self.method.clone()).uri(&self.path);
        let request = request.header("content-type", self.media_type);
        // Of a stream that does not end nothing is asked for but what is refused.
        if self.path.starts_with("/v1/events") { request.header("last-event-id", "none") } else { request }
    }
}

/// Every route of the document by its operation, with what belongs to the run in it.
pub(crate) fn routes(run: &str) -> BTreeMap<String, Route> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            let (media_type, body) = body(name);
            let method = method.to_uppercase().parse().unwrap();
            let role = operation["x-simulay-role"].as_str().map(str::to_owned);
            let route = Route { method, path: filled(name, path, run), media_type, body, role };
            routes.insert(name.to_owned(), route);
        }
    }
    routes
}

/// `path` with what belongs to the run.
fn filled(name: &str, path: &str, run: &str) -> String {
    let sha256 = if name == "downloadArtifact" { Digest::of(OUTPUT) } else { Digest::of(INPUT) };
    [
        ("{id}", run),
        ("{pipeline}", "heat"),
        ("{name}", "heat"),
        ("{file}", "heat.wasm"),
        ("{version}", "1.0.0"),
        ("{sha256}", &sha256.to_string()),
        ("{step}", "0"),
        ("{call}", "0"),
        ("{stream}", "stdout"),
        ("{plot}", "0"),
        ("{link}", NOBODYS),
    ]
    .iter()
    .fold(path.to_owned(), |path, (segment, value)| path.replace(segment, value))
}

fn body(name: &str) -> (&'static str, Bytes) {
    let json = |value: Value| ("application/json", Bytes::from(value.to_string()));
    match name {
        "createRun" | "previewRun" | "createRunLink" | "describeRun" => json(json!({})),
        "createSweep" | "previewSweep" => {
            let parameters = json!({ "/width": { "list": [1.5] } });
            json(json!({ "method": { "random": { "points": 1 } }, "parameters": parameters }))
        }
        "extendSweep" => json(json!({ "points": 1 })),
        "setPluginIsolation" => json(json!({ "isolation": "process" })),
        "setPluginVisibility" => json(json!({ "visibility": "private" })),
        "signIn" => json(json!({ "token": "sim_of_nobody" })),
        "createNamedRun" => json(json!({ "pipeline": "heat" })),
        "listMissingInputs" => json(json!({ "sha256": [Digest::of(INPUT), Digest::of(OUTPUT)] })),
        "uploadPlugin" => ("application/wasm", Bytes::from_static(HEAT_NEWER)),
        "uploadInput" => ("application/octet-stream", Bytes::from_static(b"bytes of his own")),
        "uploadArchive" => ("application/octet-stream", empty_archive()),
        _ => ("application/json", Bytes::new()),
    }
}

fn empty_archive() -> Bytes {
    tar::Builder::new(Vec::new()).into_inner().unwrap().into()
}
