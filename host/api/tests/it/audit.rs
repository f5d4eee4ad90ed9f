//! The audit log: what each route leaves there, who reads it, and what never gets there.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use simulay_api::Connection;
use simulay_api::wire::{AuditList, AuditRecord, Run, RunList};
use simulay_containers::scripted::Act;
use simulay_engine::Settings;
use simulay_model::{AuditChain, Digest, Role};
use simulay_store::AuditQuery;

use crate::every_route::routes;
use crate::house::{ACCOUNT, House, PATIENCE};
use crate::roles::{new_token, secret};
use crate::scopes::OfAda;
use crate::scripts::{HEAT, HEAT_NEWER};

impl House {
    /// Every record there is, once the chain of them is verified.
    async fn audit(&self) -> Vec<AuditRecord> {
        let records = self.engine.audit.page(AuditQuery::after(0, 1000)).await.unwrap();
        let mut chain = AuditChain::new(None);
        records.iter().for_each(|record| chain.take(record).unwrap());
        records.into_iter().map(Into::into).collect()
    }

    /// What the last request left.
    async fn last(&self) -> AuditRecord {
        self.audit().await.pop().unwrap()
    }
}

/// Who did what to what, and what came of it.
fn told(record: &AuditRecord) -> [&str; 4] {
    let subject = record.subject.as_deref().unwrap_or_default();
    [record.account.as_deref().unwrap_or("nobody"), &record.action, subject, &record.result]
}

#[tokio::test]
async fn what_is_done_is_recorded_when_the_answer_comes() {
    let house = House::new();
    house.upload(HEAT).await.expect(201);
    assert_eq!(told(&house.last().await), ["local", "plugin_uploaded", "heat@1.0.0", "done"]);
    house.upload(HEAT_NEWER).await.expect(201);
    for (method, path, body, action, subject) in [
        ("POST", "/v1/plugins/heat/1.1.0/approve", json!(null), "plugin_approved", "heat@1.1.0"),
        ("POST", "/v1/plugins/heat/1.1.0/activate", json!(null), "plugin_activated", "heat@1.1.0"),
        ("POST", "/v1/pipelines/heat/rollback", json!(null), "plugin_rolled_back", "heat"),
        (
            "PUT",
            "/v1/plugins/heat/visibility",
            json!({ "visibility": "public" }),
            "plugin_visibility_changed",
            "heat",
        ),
        (
            "PUT",
            "/v1/plugins/heat/1.1.0/isolation",
            json!({ "isolation": "container" }),
            "plugin_isolation_changed",
            "heat@1.1.0",
        ),
        ("DELETE", "/v1/plugins/heat/1.1.0", json!(null), "plugin_retired", "heat@1.1.0"),
    ] {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let answer = house.send(request, body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        let record = house.last().await;
        assert_eq!(told(&record), ["local", action, subject, "done"]);
        assert_eq!(record.request.as_deref(), Some(answer.header("x-request-id")));
        assert_eq!((record.via.as_str(), record.role.as_deref()), ("rest", Some("admin")));
    }
    house.post("/v1/plugins/heat/1.1.0/activate?check=examples", "").await.expect(202);
    assert_eq!(house.last().await.detail.as_deref(), Some("once its examples agree"));
    let details: BTreeMap<_, _> =
        house.audit().await.into_iter().filter_map(|record| Some((record.action, record.detail?))).collect();
    assert_eq!(details["plugin_rolled_back"], "from 1.1.0 to 1.0.0");
    assert_eq!(details["plugin_visibility_changed"], "public");
    assert_eq!(details["plugin_isolation_changed"], "container");
}

#[tokio::test]
async fn runs_and_inputs_are_recorded_with_who_asked_for_them() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).held());
    let visible = Request::put("/v1/plugins/heat/visibility").header("content-type", "application/json");
    house.send(visible, json!({ "visibility": "public" }).to_string()).await.expect(204);
    let create = || {
        let request = Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json");
        request.header(ACCOUNT, "ada").header("idempotency-key", "k")
    };
    let run: Run = house.send(create(), "{}").await.expect(202).document();
    let (id, record) = (run.id.to_string(), house.last().await);
    assert_eq!(told(&record), ["ada", "run_created", &id, "done"]);
    assert!(record.detail.unwrap().starts_with("heat@1.0.0"));
    house.send(create(), "{}").await.expect(202);
    assert_eq!(told(&house.last().await)[2], id, "the same request is about the same run");
    let cancel = Request::post(format!("/v1/runs/{id}/cancel")).header(ACCOUNT, "ada");
    house.send(cancel, Body::empty()).await.expect(202);
    assert_eq!(told(&house.last().await), ["ada", "run_cancelled", &id, "done"]);
    let named = "01990000-0000-7000-8000-000000000001";
    let request = Request::put(format!("/v1/runs/{named}")).header("content-type", "application/json");
    house.send(request, json!({ "pipeline": "heat" }).to_string()).await.expect(202);
    assert_eq!(told(&house.last().await), ["local", "run_created", named, "done"]);
    assert!(house.last().await.detail.unwrap().starts_with("heat@1.0.0"));
    house.input(b"some bytes").await;
    let sha256 = Digest::of(b"some bytes").to_string();
    assert_eq!(told(&house.last().await), ["local", "input_uploaded", &sha256, "done"]);
}

#[tokio::test]
async fn what_is_refused_is_recorded_with_the_kind() {
    let house = House::with_heat().await;
    let missing = "/v1/runs/01990000-0000-7000-8000-000000000000/cancel";
    house.post(missing, "").await.problem(404, "not_found");
    let record = house.last().await;
    assert_eq!((record.result.as_str(), record.problem.as_deref()), ("refused", Some("not_found")));
    let forbidden = Request::get("/v1/audit?account=local").header(ACCOUNT, "ada");
    house.send(forbidden, Body::empty()).await.problem(403, "forbidden");
    assert_eq!(told(&house.last().await), ["ada", "denied", "GET /v1/audit", "refused"]);
    let forbidden = Request::post("/v1/plugins/heat/1.0.0/approve").header(ACCOUNT, "ada");
    house.send(forbidden, Body::empty()).await.problem(403, "forbidden");
    assert_eq!(house.last().await.detail.as_deref(), Some("heat@1.0.0"));
    let page = Request::post("/v1/plugins").header("origin", "https://evil.example");
    house.send(page, Body::empty()).await.problem(403, "cross_site");
    assert_eq!(told(&house.last().await), ["nobody", "denied", "POST /v1/plugins", "refused"]);
    let before = house.audit().await.len();
    for _ in 0..20 {
        house.post(missing, "").await.problem(404, "not_found");
    }
    assert_eq!(house.audit().await.len(), before, "what is refused again is counted");
    house.engine.audit.settle().await;
    assert_eq!(house.last().await.detail.as_deref(), Some("20 more within a minute"));
}

#[tokio::test]
async fn who_only_looks_leaves_nothing() {
    let house = House::with_heat().await;
    let run = house.ended(&json!({})).await.id.to_string();
    let before = house.audit().await.len();
    for (operation, route) in routes(&run) {
        // Who comes back from a provider signs in.
        let looks = route.method == "GET" || route.method == "HEAD";
        if looks && operation != "returnFromProvider" {
            let answer = house.respond(route.request(), Body::empty()).await;
            assert!(!matches!(answer.status().as_u16(), 401 | 403), "{operation}");
        }
    }
    house.post("/v1/pipelines/heat/preview", "{}").await.expect(200);
    assert_eq!(house.audit().await.len(), before);
}

#[tokio::test]
async fn a_run_is_recorded_before_its_end_is_waited_for() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).held());
    let request = Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json");
    let mut waiting = Box::pin(house.send(request.header("prefer", "wait=300"), "{}"));
    let run = loop {
        assert!(waiting.as_mut().now_or_never().is_none(), "the run does not end");
        let runs: RunList = house.get("/v1/runs").await.document();
        if let Some(run) = runs.runs.first() {
            break run.id.to_string();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    // Once it waits for the end, it knows which run came of it.
    tokio::time::timeout(PATIENCE, house.until_at_work()).await.unwrap();
    assert!(waiting.as_mut().now_or_never().is_none());
    drop(waiting);
    house.engine.audit.settle().await;
    let record = house.last().await;
    assert_eq!(told(&record), ["local", "run_created", &run, "done"]);
    assert_eq!(record.detail.as_deref().map(|detail| detail.starts_with("heat@1.0.0")), Some(true));
}

#[tokio::test]
async fn who_goes_while_he_sends_may_have_done_it() {
    let house = House::new();
    let body = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let mut sending = Box::pin(house.send(Request::post("/v1/inputs"), body));
    for _ in 0..100 {
        assert!(sending.as_mut().now_or_never().is_none(), "there is more to come");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(sending);
    house.engine.audit.settle().await;
    assert_eq!(told(&house.last().await), ["local", "input_uploaded", "", "unknown"]);
}

#[tokio::test]
async fn admins_read_it_in_pages_and_nobody_writes_it() {
    let house = House::with_heat().await;
    for number in 0..5 {
        let body = Body::from(number.to_string());
        house
            .send(Request::post("/v1/inputs").header(ACCOUNT, ["ada", "bob"][number % 2]), body)
            .await
            .expect(201);
    }
    let first: AuditList = house.get("/v1/audit?limit=4").await.expect(200).document();
    assert_eq!((first.records.len(), first.next_after), (4, Some(4)));
    let rest: AuditList = house.get("/v1/audit?after=4").await.expect(200).document();
    assert_eq!((rest.records.len(), rest.next_after), (2, None));
    let bob: AuditList = house.get("/v1/audit?account=bob").await.expect(200).document();
    assert!(
        bob.records.iter().all(|record| record.account.as_deref() == Some("bob")) && bob.records.len() == 2
    );
    for wrong in ["limit=0", "limit=101", "after=-1", "account=Eve", "before=3"] {
        house.get(&format!("/v1/audit?{wrong}")).await.problem(422, "params_invalid");
    }
    let paths = serde_json::to_value(simulay_api::openapi()).unwrap()["paths"].clone();
    let about = paths.as_object().unwrap().iter().filter(|(path, _)| path.contains("audit"));
    let methods: Vec<_> = about.flat_map(|(_, item)| item.as_object().unwrap().keys().cloned()).collect();
    assert_eq!(methods, ["get"]);
}

#[tokio::test]
async fn what_goes_over_the_wire_is_what_the_hash_is_of() {
    let house = House::with_heat().await;
    let list: Value = house.get("/v1/audit").await.expect(200).document();
    let mut record = list["records"][0].clone();
    let hash = record.as_object_mut().unwrap().shift_remove("hash").unwrap();
    assert_eq!(hash, Digest::of(record.to_string().as_bytes()).to_string());
}

#[tokio::test]
async fn a_record_tells_where_the_request_came_from() {
    let house = House::new();
    let peer = "192.0.2.7:4711".parse().unwrap();
    let request = Request::post("/v1/inputs").extension(Connection { peer, encrypted: false });
    house.send(request.header("x-forwarded-for", "198.51.100.1"), &b"bytes"[..]).await.expect(201);
    let record = house.last().await;
    assert_eq!((record.via.as_str(), record.action.as_str()), ("rest from 192.0.2.7", "input_uploaded"));
}

#[tokio::test]
async fn who_signs_in_and_out_is_recorded() {
    let house = House::of_many(Settings::default());
    house.engine.accounts.create("ada".parse().unwrap(), Role::Author).await.unwrap();
    let token = secret(&house.engine.accounts, new_token("ada")).await;
    let shown = json!({ "token": token.reveal() }).to_string();
    let signed_in = house.post("/v1/session", shown).await.expect(200);
    let record = house.last().await;
    assert_eq!(told(&record), ["ada", "sign_in", "", "done"]);
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    house.send(Request::delete("/v1/session").header("cookie", cookie), Body::empty()).await.expect(204);
    assert_eq!(told(&house.last().await), ["ada", "sign_out", "", "done"]);
    house.post("/v1/session", json!({ "token": "sim_guessed" }).to_string()).await.expect(401);
    assert_eq!(told(&house.last().await), ["nobody", "denied", "POST /v1/session", "refused"]);
}

#[tokio::test]
async fn a_record_tells_which_token_was_shown_and_which_link_was_made() {
    let of_ada = OfAda::new().await;
    let tokens = of_ada.house.engine.accounts.tokens(None).await.unwrap();
    let link = of_ada.link().await;
    let record = of_ada.house.last().await;
    assert_eq!(told(&record), ["ada", "token_created", &link.id.to_string(), "done"]);
    assert_eq!(record.detail.as_deref(), Some(of_ada.run.as_str()));
    assert_eq!(record.via, format!("rest, token {}", tokens[0].id));
    let by_link = link.token.parse().unwrap();
    of_ada.get(&by_link, "/v1/audit").await.problem(403, "forbidden");
    assert_eq!(of_ada.house.last().await.via, format!("rest, token {}", link.id));
}
