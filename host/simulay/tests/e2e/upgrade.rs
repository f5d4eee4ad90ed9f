//! Upgrade, rollback and retirement over REST while runs are in flight in Octave.

use reqwest::Method;
use serde_json::{Value, json};

use crate::host::Host;
use crate::other_version::sum;

const PIPELINE: &str = "contract-only";

/// Runs of whatever version serves: their ids, that version, and the sum it gives.
async fn wave(host: &Host, runs: usize, version: &'static str, sum: u32) -> Vec<(String, &'static str, u32)> {
    let mut ids = Vec::new();
    for _ in 0..runs {
        ids.push((host.create(PIPELINE, &json!({}), &[]).await, version, sum));
    }
    ids
}

async fn unfinished(host: &Host) -> usize {
    let runs = host.get("/v1/runs?limit=100").await;
    let ended = |run: &&Value| !run["ended_at"].is_null();
    let runs = runs["runs"].as_array().unwrap();
    runs.len() - runs.iter().filter(ended).count()
}

async fn upload(host: &Host, component: Vec<u8>) {
    let (status, plugin) = host.post_bytes("/v1/plugins", "application/wasm", component).await;
    assert_eq!((status, &plugin["state"]), (201, &json!("active")), "{plugin}");
}

#[tokio::test]
async fn runs_in_flight_stay_on_their_version_over_upgrade_rollback_and_retirement() {
    let data = tempfile::tempdir().unwrap();
    // One at a time, so that runs of the first version wait until the end.
    std::fs::write(data.path().join("simulay.toml"), "[runs]\nmax_containers = 1\n").unwrap();
    let host = Host::start(data.path());
    upload(&host, sum("0.1.0", 100)).await;
    let mut runs = wave(&host, 20, "0.1.0", 5050).await;
    upload(&host, sum("0.2.0", 200)).await;
    runs.extend(wave(&host, 5, "0.2.0", 20_100).await);
    let (status, done) = host.post("/v1/pipelines/contract-only@0.2.0/rollback", &json!({})).await;
    assert_eq!((status, &done), (200, &json!({ "from": "0.2.0", "to": "0.1.0" })));
    runs.extend(wave(&host, 5, "0.1.0", 5050).await);
    upload(&host, sum("0.3.0", 300)).await;
    let retired = host.method(Method::DELETE, "/v1/plugins/contract-only/0.1.0").await;
    assert_eq!(retired, 204);
    runs.extend(wave(&host, 5, "0.3.0", 45_150).await);
    assert!(unfinished(&host).await > 10, "the changes came while runs were in flight");

    for (id, version, sum) in &runs {
        let run = host.ended(id).await;
        assert_eq!(run["state"], "succeeded", "{run}");
        assert_eq!(run["plugin"]["version"], *version, "{run}");
        assert_eq!(run["report"]["outcome"], json!({ "sum": sum }), "{run}");
    }
    let listed = host.get("/v1/runs?limit=100").await;
    assert_eq!(listed["runs"].as_array().unwrap().len(), runs.len(), "none is lost, none is there twice");
}
