//! The page: its files, and the addresses of its screens; also behind a proxy that shows it under a path.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use simulay_api::ApiSettings;
use simulay_engine::Settings;

use crate::house::{Answer, House};
use crate::scripts::HEAT;

/// What browsers take when somebody goes somewhere.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

impl House {
    async fn go_to(&self, path: &str) -> Answer {
        self.send(Request::get(path).header("accept", BROWSER), Body::empty()).await
    }

    fn under(base: &str) -> Self {
        let base_path = base.to_owned().try_into().unwrap();
        Self::with(&ApiSettings { base_path, ..ApiSettings::default() }, Settings::default())
    }
}

#[tokio::test]
async fn every_screen_is_the_page_which_runs_nothing_from_elsewhere() {
    let house = House::new();
    for path in
        ["/", "/runs", "/runs/01990000-0000-7000-8000-000000000000?tab=log", "/plugins/heat/1.0.0", "/x.y"]
    {
        let answer = house.go_to(path).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        let text = answer.text();
        assert!(text.contains("name=\"simulay-base\" content=\"\"") && !text.contains("__BASE__"), "{text}");
        assert!(!text.contains("src=\"http") && !text.contains("href=\"http"), "{text}");
    }
    house.get("/").await.expect(200);
}

#[tokio::test]
async fn who_has_the_page_is_told_so() {
    let house = House::new();
    let etag = house.go_to("/").await.expect(200).header("etag").to_owned();
    let again = Request::get("/runs").header("accept", BROWSER).header("if-none-match", &etag);
    let answer = house.send(again, Body::empty()).await.expect(304);
    assert_eq!(answer.header("etag"), etag);
    assert!(answer.body.is_empty());
    let of_another = House::under("/sim").go_to("/sim/").await.expect(200).header("etag").to_owned();
    assert_ne!(etag, of_another, "it says something else");
}

#[tokio::test]
async fn what_is_no_screen_is_no_page() {
    let house = House::new();
    for path in
        ["/v1/nothing", "/v1", "/docs/nothing", "/metrics/x", "/healthz/x", "/assets/gone.js", "//v1/runs"]
    {
        house.go_to(path).await.problem(404, "not_found");
    }
    // Programs are told that there is nothing.
    house.get("/runs").await.problem(404, "not_found");
    let json = Request::get("/").header("accept", "application/json");
    house.send(json, Body::empty()).await.problem(404, "not_found");
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let request = Request::builder().method(method).uri("/runs").header("accept", BROWSER);
        house.send(request, Body::empty()).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn files_of_the_page_are_there_by_name_and_kept_by_their_hash() {
    let house = House::new();
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../page/dist");
    for entry in walk(built.as_ref()) {
        let name = entry.strip_prefix(built).unwrap().to_str().unwrap().to_owned();
        if name == "index.html" {
            continue;
        }
        let answer = house.get(&format!("/{name}")).await.expect(200);
        assert_eq!(answer.body, std::fs::read(&entry).unwrap(), "{name}");
        let kept = answer.header("cache-control");
        assert_eq!(kept.contains("immutable"), name.starts_with("assets/"), "{name}: {kept}");
        assert!(!answer.header("content-type").is_empty());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn every_answer_tells_the_version() {
    let house = House::new();
    for path in ["/", "/v1/system", "/v1/nothing", "/healthz", "/openapi.json"] {
        assert_eq!(house.get(path).await.header("simulay-version"), env!("CARGO_PKG_VERSION"), "{path}");
    }
}

#[tokio::test]
async fn a_proxy_may_take_its_path_away_or_leave_it() {
    let house = House::under("/sim");
    let upload = Request::post("/sim/v1/plugins").header("content-type", "application/wasm");
    let uploaded = house.send(upload, HEAT).await.expect(201);
    assert_eq!(uploaded.header("location"), "/sim/v1/plugins/heat/1.0.0");
    for prefix in ["", "/sim"] {
        let started = house.post(&format!("{prefix}/v1/pipelines/heat/runs"), "{}").await.expect(202);
        let run: Value = started.document();
        let id = run["id"].as_str().unwrap();
        assert_eq!(started.header("location"), format!("/sim/v1/runs/{id}"));
        house.get(&format!("{prefix}/v1/runs/{id}")).await.expect(200);
        let page = house.go_to(&format!("{prefix}/runs/{id}")).await.expect(200);
        assert!(page.text().contains("name=\"simulay-base\" content=\"/sim\""), "{}", page.text());
        let docs = house.go_to(&format!("{prefix}/docs")).await.expect(200).text();
        assert!(docs.contains("src=\"/sim/docs/app.js\"") && !docs.contains("__BASE__"), "{docs}");
        house.go_to(&format!("{prefix}/v1/nothing")).await.problem(404, "not_found");
        let document: Value = house.get(&format!("{prefix}/openapi.json")).await.expect(200).document();
        assert_eq!(document["servers"], json!([{ "url": "/sim" }]));
    }
    house.go_to("/sim").await.expect(200);
    house.get("/simulation/v1/runs").await.problem(404, "not_found");
}
