//! Requests that mean no good.

use axum::body::Body;
use axum::http::{HeaderName, Method, Request};
use serde_json::{Value, json};
use simulay_api::openapi;
use tower::ServiceExt as _;

use crate::house::{Answer, House};
use crate::scripts::HEAT_COSTLY;

/// Every route with something in its holes, and the methods it offers.
fn routes() -> Vec<(String, Vec<String>)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let methods = |item: &Value| item.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
    let filled = |path: &str| {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "0" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let paths = document["paths"].as_object().unwrap();
    paths.iter().map(|(path, item)| (filled(path), methods(item))).collect()
}

#[tokio::test]
async fn every_route_refuses_a_foreign_host() {
    let house = House::new();
    for (path, methods) in routes() {
        for method in methods {
            let request =
                Request::builder().method(method.as_str()).uri(&path).header("host", "evil.example");
            let response = house.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), 421, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_host_is_sent_once_and_well_formed() {
    let house = House::new();
    let hosts: [&[&str]; 4] = [&[], &["localhost", "localhost"], &["localhost", "evil.example"], &["a b"]];
    for hosts in hosts {
        let request =
            hosts.iter().fold(Request::get("/healthz"), |request, host| request.header("host", *host));
        let response = house.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        Answer::read(response).await.problem(400, "invalid_header");
    }
}

#[tokio::test]
async fn methods_that_a_route_does_not_offer_are_refused_with_those_it_does() {
    let house = House::new();
    for (path, offered) in routes() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
            if offered.iter().any(|offered| offered == method) {
                continue;
            }
            let answer = house.method(Method::from_bytes(method.as_bytes()).unwrap(), &path).await;
            answer.problem(405, "method_not_allowed");
            let allowed: Vec<&str> = answer.header("allow").split(',').collect();
            assert!(offered.iter().all(|method| allowed.contains(&method.as_str())), "{path}: {allowed:?}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_not_canonical_is_no_route() {
    let house = House::with_heat().await;
    for path in [
        "/v1",
        "/v1/",
        "/v1/runs/",
        "/v1//runs",
        "//v1/runs",
        "/V1/runs",
        "/v1/Runs",
        "/v1/runs;a=b",
        "/v1/./runs",
        "/healthz/../v1/runs",
        "/v1/plugins/heat/1.0.0/",
        "/v1/plugins/heat/1.0.0/..",
        "/v1/plugins/..%2f..%2fetc/1.0.0",
        "/v1/plugins/heat%00/1.0.0",
        "/v1/plugins/%ff/1.0.0",
        "/docs/../openapi.json",
        "/docs/%2e%2e/app.js",
    ] {
        house.get(path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn headers_that_would_rewrite_a_request_do_not() {
    let house = House::with_heat().await;
    for (name, value) in [
        ("x-original-url", "/v1/plugins/heat/1.0.0"),
        ("x-rewrite-url", "/v1/plugins/heat/1.0.0"),
        ("x-http-method-override", "DELETE"),
        ("x-forwarded-host", "evil.example"),
    ] {
        let request = Request::post("/v1/runs/0/cancel").header(HeaderName::from_static(name), value);
        house.send(request, Body::empty()).await.problem(404, "not_found");
    }
    house.get("/v1/plugins/heat/1.0.0").await.expect(200);
}

#[tokio::test]
async fn no_other_site_has_its_way() {
    let house = House::with_heat().await;
    let told = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (path, methods) in routes() {
        for method in methods.iter().filter(|method| *method != "GET" && *method != "HEAD") {
            for (name, value) in told {
                let request = Request::builder().method(method.as_str()).uri(&path).header(name, value);
                house.send(request, Body::empty()).await.problem(403, "cross_site");
            }
        }
    }
    let retire = Request::delete("/v1/plugins/heat/1.0.0").header("origin", "http://localhost");
    house.send(retire, Body::empty()).await.expect(204);
}

#[tokio::test]
async fn what_a_form_sends_is_not_taken_for_json() {
    let house = House::with_heat().await;
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain; application/json",
    ] {
        let request = Request::post("/v1/pipelines/heat/runs").header("content-type", media_type);
        house.send(request, "{}").await.problem(415, "unsupported_media_type");
    }
    house.send(Request::post("/v1/pipelines/heat/runs"), "{}").await.problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn no_other_origin_is_let_in() {
    let house = House::new();
    let request = Request::get("/openapi.json").header("origin", "https://evil.example");
    let answer = house.send(request, Body::empty()).await.expect(200);
    let cors = answer.headers.keys().filter(|name| name.as_str().starts_with("access-control"));
    assert_eq!(cors.count(), 0);
    let preflight = Request::options("/v1/plugins")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");
    house.send(preflight, Body::empty()).await.problem(405, "method_not_allowed");
}

/// On one thread: whatever keeps it busy keeps everyone waiting.
#[tokio::test]
async fn a_schema_that_takes_long_to_check_is_no_ones_but_its_callers() {
    let house = House::new();
    house.upload(HEAT_COSTLY).await.expect(201);
    let body = json!({ "params": { "values": vec![[0.5]; 100_000] } }).to_string();
    let create = Request::post("/v1/pipelines/heat/runs")
        .header("host", "localhost")
        .header("content-type", "application/json");
    let create = house.router.clone().oneshot(create.body(Body::from(body)).unwrap());
    let create = tokio::spawn(async move { Answer::read(create.await.unwrap()).await });
    for _ in 0..10 {
        house.get("/healthz").await.expect(200);
        tokio::task::yield_now().await;
    }
    assert!(!create.is_finished());
    let problem = create.await.unwrap().problem(422, "params_invalid");
    assert!(problem.errors[0].message.contains("20000000 steps"), "{problem:?}");
    house
        .post("/v1/pipelines/heat/runs", json!({ "params": { "values": [[7]] } }).to_string())
        .await
        .expect(202);
}

#[tokio::test]
async fn who_accepts_nothing_we_have_is_told_so() {
    let house = House::new();
    for (path, accept) in [("/v1/runs", "text/html"), ("/v1/system", "application/json;q=0")] {
        let request = Request::get(path).header("accept", accept);
        house.send(request, Body::empty()).await.problem(406, "not_acceptable");
    }
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    house.send(Request::get("/v1/runs").header("accept", browser), Body::empty()).await.expect(200);
}

#[tokio::test]
async fn no_answer_goes_without_the_headers_that_keep_it_inert() {
    let house = House::new();
    for path in ["/healthz", "/v1/runs", "/nowhere", "/docs", "/openapi.json", "/metrics"] {
        let answer = house.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
}
