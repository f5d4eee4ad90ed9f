//! What is found among runs: `/v1/runs` with all it may ask for, counts, estimates, names and labels.

use axum::http::Request;
use serde_json::{Value, json};
use simulay_api::wire::{Estimate, Run, RunCounts, RunList, RunSummary};
use simulay_containers::scripted::Act;

use crate::house::{Answer, House, me};
use crate::scopes::OfAda;

impl House {
    /// A run with this name and these labels, at its end.
    async fn named(&self, name: &str, labels: &Value, params: &Value) -> Run {
        let body = json!({ "name": name, "labels": labels, "params": params });
        let request = Request::post("/v1/pipelines/heat/runs").header("prefer", "wait=60");
        let request = request.header("content-type", "application/json");
        self.send(request, body.to_string()).await.expect(200).document()
    }

    async fn patch(&self, path: &str, patch: &Value) -> Answer {
        let request = Request::patch(path).header("content-type", "application/merge-patch+json");
        self.send(request, patch.to_string()).await
    }

    /// The names of the runs that a query finds.
    async fn names(&self, query: &str) -> Vec<String> {
        let list: RunList = self.get(&format!("/v1/runs?{query}")).await.expect(200).document();
        list.runs.into_iter().map(|run| run.name.unwrap().to_string()).collect()
    }
}

#[tokio::test]
async fn runs_are_found_by_name_label_error_and_time() {
    let house = House::with_heat().await;
    let one = house.named("Plate one", &json!({ "team": "a" }), &json!({ "width": 2 })).await;
    house.containers.on("solve", Act::exits(3));
    let two = house.named("PLATE two", &json!({ "team": "a,b" }), &json!({})).await;
    for (query, names) in [
        ("name=plate".to_owned(), vec!["PLATE two", "Plate one"]),
        ("name=TWO".to_owned(), vec!["PLATE two"]),
        ("name=".to_owned(), vec!["PLATE two", "Plate one"]),
        ("label=team=a".to_owned(), vec!["Plate one"]),
        ("label=team=a,b".to_owned(), vec!["PLATE two"]),
        ("label=team=a,team=a,b".to_owned(), vec![]),
        ("state=failed,cancelled".to_owned(), vec!["PLATE two"]),
        ("state=failed,succeeded&pipeline=heat".to_owned(), vec!["PLATE two", "Plate one"]),
        ("error=container_exit,internal".to_owned(), vec!["PLATE two"]),
        ("version=1.0.0".to_owned(), vec!["PLATE two", "Plate one"]),
        ("version=9.0.0".to_owned(), vec![]),
        (format!("created_after={}", two.created_at), vec!["PLATE two"]),
        (format!("created_before={}", two.created_at), vec!["Plate one"]),
        (format!("sweep={}", one.id), vec![]),
    ] {
        assert_eq!(house.names(&query).await, names, "{query}");
    }
    assert_eq!((one.name.unwrap().as_str(), one.sweep), ("Plate one", None));
    assert_eq!(serde_json::to_value(two.labels).unwrap(), json!({ "team": "a,b" }));
}

#[tokio::test]
async fn lists_tell_chosen_values_and_how_many_there_are() {
    let house = House::with_heat().await;
    house.named("one", &json!({}), &json!({ "width": 2 })).await;
    house.containers.on("solve", Act::exits(3));
    house.named("two", &json!({}), &json!({})).await;
    let fields = "params:/width,outcome:/max,params:/mode,params:/no~1ne,params:";
    let list: Value =
        house.get(&format!("/v1/runs?total=true&limit=1&fields={fields}")).await.expect(200).document();
    assert_eq!(list["total"], json!({ "count": 2, "at_least": false }));
    let expected = json!({ "params:/width": 1.0, "outcome:/max": null, "params:/mode": "usual", "params:/no~1ne": null,
        "params:": null });
    assert_eq!(list["runs"][0]["values"], expected);
    let cursor = list["next_cursor"].as_str().unwrap();
    let list: Value =
        house.get(&format!("/v1/runs?fields={fields}&cursor={cursor}")).await.expect(200).document();
    assert_eq!(list["runs"][0]["values"]["outcome:/max"], json!(373.5));
    assert_eq!((list.get("total"), &list["runs"][0]["values"]["params:/width"]), (None, &json!(2)));
    let plain: Value = house.get("/v1/runs").await.expect(200).document();
    assert_eq!(plain["runs"][0].get("values"), None);
    let many: Vec<String> = (0..17).map(|number| format!("params:/{number}")).collect();
    let problem =
        house.get(&format!("/v1/runs?fields={}", many.join(","))).await.problem(422, "params_invalid");
    assert_eq!(problem.field.as_deref(), Some("fields"));
    let problem = house.get("/v1/runs?name=a%00").await.problem(422, "params_invalid");
    assert_eq!(problem.field.as_deref(), Some("name"));
}

#[tokio::test]
async fn runs_are_counted_and_the_next_is_estimated() {
    let house = House::with_heat().await;
    let none: Estimate = house.get("/v1/pipelines/heat/estimate").await.expect(200).document();
    let nothing =
        Estimate { runs: 0, version: "1.0.0".to_owned(), median_ms: None, lower_ms: None, upper_ms: None };
    assert_eq!(none, nothing);
    for _ in 0..2 {
        house.named("done", &json!({}), &json!({})).await;
    }
    house.containers.on("solve", Act::exits(3));
    house.named("failed", &json!({}), &json!({})).await;
    let counts: RunCounts = house.get("/v1/runs/counts").await.expect(200).document();
    assert_eq!(counts, RunCounts { succeeded: 2, failed: 1, ..RunCounts::default() });
    for query in ["since=2999-01-01T00:00:00Z", "pipeline=beam", "since=1999-01-01T00:00:00Z&pipeline=beam"] {
        let counts: RunCounts = house.get(&format!("/v1/runs/counts?{query}")).await.expect(200).document();
        assert_eq!(counts, RunCounts::default(), "{query}");
    }
    for (query, field) in [("since=now", "since"), ("pipeline=A", "pipeline"), ("state=failed", "query")] {
        let problem = house.get(&format!("/v1/runs/counts?{query}")).await.problem(422, "params_invalid");
        assert_eq!(problem.field.as_deref(), Some(field), "{query}");
    }
    let estimate: Estimate = house.get("/v1/pipelines/heat@1.0.0/estimate").await.expect(200).document();
    assert_eq!((estimate.runs, estimate.lower_ms <= estimate.upper_ms), (2, true));
    assert!(estimate.median_ms.is_some());
    house.get("/v1/pipelines/heat@9.0.0/estimate").await.problem(404, "not_found");
    house.get("/v1/pipelines/cold/estimate").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_run_is_named_and_labelled_at_any_time() {
    let house = House::with_heat().await;
    let run = house.named("before", &json!({ "a": "1", "b": "2" }), &json!({})).await;
    let path = format!("/v1/runs/{}", run.id);
    let patched: RunSummary = house
        .patch(&path, &json!({ "name": "after", "labels": { "a": null, "c": "" } }))
        .await
        .expect(200)
        .document();
    assert_eq!(patched.name.unwrap().as_str(), "after");
    assert_eq!(serde_json::to_value(&patched.labels).unwrap(), json!({ "b": "2", "c": "" }));
    let shown: Run = house.get(&path).await.expect(200).document();
    assert_eq!((shown.labels, shown.report), (patched.labels, run.report));
    house.patch(&path, &json!({})).await.expect(200);
    assert_eq!(house.names("name=after&label=b=2,c=").await, ["after"]);
    let cleared: Value =
        house.patch(&path, &json!({ "name": null, "labels": null })).await.expect(200).document();
    assert_eq!((cleared.get("name"), &cleared["labels"]), (None, &json!({})));
    let json = Request::patch(&path).header("content-type", "application/json");
    house.send(json, r#"{"name":"again"}"#).await.expect(200);
    house.send(Request::patch(&path), "{}").await.problem(415, "unsupported_media_type");
    house.patch("/v1/runs/01890000-0000-7000-8000-000000000000", &json!({})).await.problem(404, "not_found");
    assert_eq!(
        house.engine.reader.run(&me(), run.id).await.unwrap().unwrap().name.unwrap().as_str(),
        "again"
    );
}

#[tokio::test]
async fn a_wrong_name_or_label_is_told_by_place() {
    let house = House::with_heat().await;
    let run = house.named("x", &json!({}), &json!({})).await;
    let many = |keys: std::ops::Range<u32>| -> Value {
        keys.map(|key| (key.to_string(), json!(""))).collect::<serde_json::Map<_, _>>().into()
    };
    let path = format!("/v1/runs/{}", run.id);
    for (patch, field) in [
        (json!({ "name": "" }), "/name"),
        (json!({ "name": "a\nb" }), "/name"),
        (json!({ "name": "a\u{202e}b" }), "/name"),
        (json!({ "name": "x".repeat(201) }), "/name"),
        (json!({ "name": 1 }), "/name"),
        (json!({ "labels": { "A": "" } }), "/labels/A"),
        (json!({ "labels": { "a": "\u{7}" } }), "/labels/a"),
        (json!({ "labels": { "a": 1 } }), "/labels/a"),
        (json!({ "labels": [] }), "/labels"),
        (json!({ "labels": many(0..17) }), "/labels"),
        (json!({ "sweep": null }), "/sweep"),
        (json!({ "state": "failed" }), "/state"),
    ] {
        let problem = house.patch(&path, &patch).await.problem(422, "params_invalid");
        let told = problem.field.as_deref().unwrap();
        // Of a key that is wrong the place is that of its object.
        assert!(told == field || (field == "/labels/A" && told == "/labels"), "{patch}: {told}");
        let created = house.post("/v1/pipelines/heat/runs", patch.to_string()).await;
        created.problem(422, "params_invalid");
    }
    house.patch(&path, &json!({ "labels": many(0..16) })).await.expect(200);
    house.patch(&path, &json!({ "labels": { "more": "" } })).await.problem(422, "params_invalid");
}

#[tokio::test]
async fn a_named_run_that_is_asked_for_again_is_the_same_whatever_it_is_called_by_now() {
    let house = House::with_heat().await;
    let path = "/v1/runs/01990000-0000-7000-8000-000000000001";
    let put = || Request::put(path).header("content-type", "application/json");
    let body = json!({ "pipeline": "heat", "name": "first", "labels": { "a": "1" } }).to_string();
    house.send(put(), body.clone()).await.expect(202);
    house.patch(path, &json!({ "name": "second" })).await.expect(200);
    let again: Run = house.send(put(), body).await.expect(200).document();
    assert_eq!(again.name.unwrap().as_str(), "second");
}

#[tokio::test]
async fn who_sees_one_pipeline_or_one_run_counts_and_changes_nothing_else() {
    let of_ada = OfAda::new().await;
    let other = of_ada.ended("beam").await;
    let (heat, link) = (of_ada.token_for("heat").await, of_ada.link().await.token.parse().unwrap());
    for (bearer, expected) in [(&of_ada.whole, 2), (&heat, 1), (&link, 1)] {
        let counts: RunCounts = of_ada.get(bearer, "/v1/runs/counts").await.expect(200).document();
        assert_eq!(counts.succeeded, expected);
        let list: Value =
            of_ada.get(bearer, "/v1/runs?total=true&fields=params:/width").await.expect(200).document();
        assert_eq!(list["total"]["count"], json!(expected));
    }
    of_ada.get(&heat, "/v1/pipelines/heat/estimate").await.expect(200);
    of_ada.get(&heat, "/v1/pipelines/beam/estimate").await.problem(404, "not_found");
    of_ada.get(&link, "/v1/pipelines/heat/estimate").await.problem(404, "not_found");
    let patch = |run: &str| {
        Request::patch(format!("/v1/runs/{run}")).header("content-type", "application/merge-patch+json")
    };
    of_ada.send(&heat, patch(&of_ada.run), r#"{"name":"mine"}"#).await.expect(200);
    of_ada.send(&heat, patch(&other), r#"{"name":"mine"}"#).await.problem(404, "not_found");
    of_ada.send(&link, patch(&of_ada.run), r#"{"name":"mine"}"#).await.problem(403, "forbidden");
}
