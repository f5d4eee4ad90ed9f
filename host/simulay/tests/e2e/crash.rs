//! A host that is killed loses nothing and starts nothing twice.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::host::{Host, containers_of, docker};

const CONTAINERS: usize = 8;

#[tokio::test]
async fn a_killed_host_adopts_its_containers() {
    let data = tempfile::tempdir().unwrap();
    // Those that waited for calls keep their names: Docker does not tell whom they served.
    let settings = format!(
        "[runs]\nmax_containers = {CONTAINERS}\nmax_containers_per_run = {CONTAINERS}\n[pool]\nmax_containers = 0\n"
    );
    std::fs::write(data.path().join("simulay.toml"), settings).unwrap();
    let since = docker(&["info", "--format", "{{.SystemTime}}"]);
    let mut host = Host::start(data.path());
    host.upload("beam-monte-carlo").await;
    let params = json!({ "containers": CONTAINERS, "samples": 8000, "pause_s": 4 });
    let id = host.create("beam-monte-carlo", &params, &[]).await;
    // As many as the machine has cores are at work, the others wait for one.
    let cores = std::thread::available_parallelism().unwrap().get();
    host.started(&id, CONTAINERS.min(cores)).await;
    host.kill();

    let host = Host::start(data.path());
    let run = host.ended(&id).await;
    assert_eq!(run["state"], "succeeded", "{run}");
    assert_eq!(run["report"]["outcome"]["samples"], 8000, "{run}");
    let starts = starts(&id, &since);
    assert_eq!(starts.len(), CONTAINERS, "{starts:?}");
    assert!(starts.values().all(|count| *count == 1), "{starts:?}");
    assert_eq!(containers_of(&id), [""; 0]);
    gap_free(&host, &id).await;
}

/// How often each container of the run was started.
fn starts(run: &str, since: &str) -> BTreeMap<String, usize> {
    let prefix = format!("simulay-{}-", run.replace('-', ""));
    let until = docker(&["info", "--format", "{{.SystemTime}}"]);
    let format = "{{.Actor.Attributes.name}}";
    let told = docker(&[
        "events",
        "--since",
        since,
        "--until",
        &until,
        "--filter",
        "event=start",
        "--format",
        format,
    ]);
    let mut starts = BTreeMap::new();
    for name in told.lines().filter(|name| name.starts_with(&prefix)) {
        *starts.entry(name.to_owned()).or_default() += 1;
    }
    starts
}

async fn gap_free(host: &Host, id: &str) {
    let told = String::from_utf8(host.bytes(&format!("/v1/runs/{id}/events")).await).unwrap();
    let ids: Vec<usize> = told
        .lines()
        .filter_map(|line| line.strip_prefix("id:"))
        .map(|id| id.trim().parse().unwrap())
        .collect();
    assert_eq!(ids, (1..=ids.len()).collect::<Vec<_>>());
    let ends = told.lines().filter(|line| line.replace(' ', "") == "event:run.ended").count();
    assert_eq!(ends, 1, "{told}");
    let run: Value = host.get(&format!("/v1/runs/{id}")).await;
    assert_eq!(run["state"], "succeeded");
}
