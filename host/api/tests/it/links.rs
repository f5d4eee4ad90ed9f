//! Links to a run: whoever has one looks at that run, and sees nothing else, until it is over or revoked.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use serde_json::{Value, json};
use simulay_api::wire::{LinkList, LinkMade};
use simulay_model::{Digest, Role};

use crate::every_route::{OUTPUT, routes};
use crate::house::{Answer, House};
use crate::roles::{new_token, open_to_all, secret};
use crate::scopes::OfAda;

impl OfAda {
    /// A link to the run that has ended.
    pub(crate) async fn link(&self) -> LinkMade {
        let path = format!("/v1/runs/{}/links", self.run);
        self.post(&self.whole, &path, &json!({})).await.expect(201).document()
    }

    /// Asks for `path` by the link, which may have a query already.
    async fn by_link(&self, link: &LinkMade, path: &str) -> Answer {
        let and = if path.contains('?') { '&' } else { '?' };
        self.house.get(&format!("{path}{and}link={}", link.token)).await
    }

    async fn links(&self) -> LinkList {
        self.get(&self.whole, &format!("/v1/runs/{}/links", self.run)).await.expect(200).document()
    }
}

/// What a link gets on each route of its run, by the query and as a token; one that is not here fails the test.
fn by_link(name: &str) -> u16 {
    match name {
        "showRun" | "listCalls" | "listArtifacts" | "downloadArtifact" | "followRun" | "readLog" => 200,
        "listPlots" | "showPlot" | "showReuse" => 200,
        // It names no runs.
        "compareRuns" => 422,
        // Of lists, what lies in it; and what is everybody's.
        "listRuns" | "countRuns" | "listPlugins" | "listPipelines" | "listImages" | "showSystem"
        | "showMe" | "listSweeps" => 200,
        "followAll" => 400,
        "showPlugin" | "listPluginVersions" | "showPipeline" | "estimateRun" | "showSweep"
        | "listSweepPoints" => 404,
        _ => 403,
    }
}

#[tokio::test]
async fn a_link_opens_its_run_and_nothing_else_on_any_route() {
    let of_ada = OfAda::new().await;
    let link = of_ada.link().await;
    let bearer = link.token.parse().unwrap();
    for (name, route) in routes(&of_ada.run) {
        let expected = open_to_all(&name).unwrap_or_else(|| by_link(&name));
        let answer = of_ada.house.ask_with(Some(&bearer), &route).await;
        assert_eq!(answer.status, expected, "{name}: {}", answer.text());
        if open_to_all(&name).is_some() {
            continue;
        }
        let mut by_query = route;
        by_query.path = format!("{}?link={}", by_query.path, link.token);
        let answer = of_ada.house.send(by_query.request(), by_query.body.clone()).await;
        assert_eq!(answer.status, expected, "{name}: {}", answer.text());
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{name}");
        assert_eq!(answer.header("cache-control"), "no-store", "{name}");
    }
    let runs: Value = of_ada.by_link(&link, "/v1/runs").await.expect(200).document();
    let other = of_ada.ended("heat").await;
    assert_eq!((runs["runs"].as_array().unwrap().len(), &runs["runs"][0]["id"]), (1, &json!(of_ada.run)));
    for (name, route) in routes(&other).into_iter().filter(|(name, _)| name.contains("Run")) {
        let answer = of_ada.house.ask_with(Some(&bearer), &route).await;
        let expected = match by_link(&name) {
            200 if name != "listRuns" && name != "countRuns" => 404,
            as_before => as_before,
        };
        assert_eq!(answer.status, expected, "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_link_is_told_once_with_where_the_run_is() {
    let of_ada = OfAda::new().await;
    let link = of_ada.link().await;
    assert_eq!(link.url, format!("/v1/runs/{}?link={}", of_ada.run, link.token));
    let run: Value = of_ada.house.get(&link.url).await.expect(200).document();
    assert_eq!(run["state"], "succeeded");
    let artifact = format!("/v1/runs/{}/artifacts/{}", of_ada.run, Digest::of(OUTPUT));
    assert_eq!(of_ada.by_link(&link, &artifact).await.expect(200).body, OUTPUT);
    let events = format!("/v1/runs/{}/events?after=2", of_ada.run);
    let events = of_ada.by_link(&link, &events).await.expect(200).text();
    assert!(!events.contains("run.queued") && events.contains("run.ended"), "its own query counts: {events}");
    let me: Value = of_ada.by_link(&link, "/v1/me").await.expect(200).document();
    assert_eq!((&me["role"], &me["scope"]), (&json!("viewer"), &json!({ "kind": "run", "run": of_ada.run })));
    let listed = of_ada.links().await;
    assert_eq!((listed.links.len(), listed.links[0].id), (1, link.id));
    assert!(listed.links[0].last_used_at.is_some());
    let told = serde_json::to_string(&listed).unwrap();
    assert!(!told.contains(&link.token) && !told.contains("sha256"), "{told}");
}

#[tokio::test]
async fn the_token_of_an_account_is_not_taken_from_an_address() {
    let of_ada = OfAda::new().await;
    let path = format!("/v1/runs/{}", of_ada.run);
    let shown = [of_ada.whole.clone(), of_ada.token_for("heat").await];
    for secret in shown.iter().map(|secret| secret.reveal()).chain(["", "nonsense"]) {
        let answer = of_ada.house.get(&format!("{path}?link={secret}")).await;
        let problem = answer.problem(401, "unauthenticated");
        assert_eq!(problem.field.as_deref(), Some("link"));
        assert!(secret.is_empty() || !answer.text().contains(secret), "it is not told");
        let request = Request::get(format!("{path}?link={secret}"));
        of_ada.send(&of_ada.whole, request, Bytes::new()).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_link_that_is_revoked_or_over_opens_nothing() {
    let of_ada = OfAda::new().await;
    let (link, other) = (of_ada.link().await, of_ada.link().await);
    let path = format!("/v1/runs/{}", of_ada.run);
    of_ada.by_link(&link, &path).await.expect(200);
    let revoke = || Request::delete(format!("{path}/links/{}", link.id));
    of_ada.send(&of_ada.token_for("beam").await, revoke(), Bytes::new()).await.problem(404, "not_found");
    for _ in 0..2 {
        of_ada.send(&of_ada.whole, revoke(), Bytes::new()).await.expect(204);
    }
    // What was found a moment ago is believed for one.
    let revoked = async {
        while of_ada.by_link(&link, &path).await.status != 401 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, revoked).await.unwrap();
    of_ada.by_link(&other, &path).await.expect(200);
    assert_eq!(of_ada.links().await.links.iter().map(|link| link.id).collect::<Vec<_>>(), [other.id]);
    let made = of_ada.post(&of_ada.whole, &format!("{path}/links"), &json!({ "expires_in_s": 1 })).await;
    let short: LinkMade = made.expect(201).document();
    let over = async {
        while of_ada.by_link(&short, &path).await.status != 401 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, over).await.unwrap();
    assert_eq!(of_ada.links().await.links.len(), 1);
}

#[tokio::test]
async fn links_are_bounded_in_time_and_number() {
    let of_ada = OfAda::new().await;
    let path = format!("/v1/runs/{}/links", of_ada.run);
    for seconds in [0, 90 * 24 * 3600 + 1, u64::MAX] {
        let refused = of_ada.post(&of_ada.whole, &path, &json!({ "expires_in_s": seconds })).await;
        assert_eq!(refused.problem(422, "params_invalid").field.as_deref(), Some("/expires_in_s"));
    }
    for seconds in std::iter::repeat_n(90 * 24 * 3600, 100) {
        of_ada.post(&of_ada.whole, &path, &json!({ "expires_in_s": seconds })).await.expect(201);
    }
    let refused = of_ada.post(&of_ada.whole, &path, &json!({})).await.problem(409, "too_many_links");
    assert!(refused.detail.contains("revoke some"), "{}", refused.detail);
    let first = of_ada.links().await.links[0].id;
    of_ada.send(&of_ada.whole, Request::delete(format!("{path}/{first}")), Bytes::new()).await.expect(204);
    of_ada.post(&of_ada.whole, &path, &json!({})).await.expect(201);
}

#[tokio::test]
async fn links_are_made_by_who_runs_pipelines_where_he_may() {
    let of_ada = OfAda::new().await;
    let path = format!("/v1/runs/{}/links", of_ada.run);
    let accounts = &of_ada.house.engine.accounts;
    accounts.create("bob".parse().unwrap(), Role::Admin).await.unwrap();
    let bob = secret(accounts, new_token("bob")).await;
    for stranger in [bob, of_ada.token_for("beam").await] {
        of_ada.post(&stranger, &path, &json!({})).await.problem(404, "not_found");
        of_ada.get(&stranger, &path).await.problem(404, "not_found");
    }
    of_ada.post(&of_ada.token_for("heat").await, &path, &json!({})).await.expect(201);
    let link = of_ada.link().await.token.parse().unwrap();
    of_ada.post(&link, &path, &json!({})).await.problem(403, "forbidden");
    of_ada.get(&link, &path).await.problem(403, "forbidden");
}

#[tokio::test]
async fn without_accounts_there_are_no_links() {
    let house = House::with_heat().await;
    let run = house.ended(&json!({})).await;
    let refused = house.post(&format!("/v1/runs/{}/links", run.id), "{}").await.problem(403, "forbidden");
    assert!(refused.detail.contains("auth.mode"), "{}", refused.detail);
    let token = format!("sim_{}", "A".repeat(43));
    let answer = house.send(Request::get(format!("/v1/runs?link={token}")), Body::empty()).await;
    answer.problem(401, "unauthenticated");
}
