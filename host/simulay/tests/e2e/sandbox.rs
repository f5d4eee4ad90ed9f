//! The processes that plugin code runs in belong to their host.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::host::Host;

/// The processes that a host of this id started.
fn workers(host: u32) -> Vec<PathBuf> {
    let parent = format!("PPid:\t{host}\n");
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let its =
        |path: &PathBuf| fs::read_to_string(path.join("status")).is_ok_and(|text| text.contains(&parent));
    processes.filter(its).collect()
}

#[tokio::test]
async fn workers_end_with_a_host_that_is_killed() {
    let data = tempfile::tempdir().unwrap();
    let mut host = Host::start(data.path());
    host.upload("mischief").await;
    let id = host.create("mischief", &json!({ "do": "spin" }), &[]).await;
    let workers = workers(host.id());
    assert!(!workers.is_empty(), "{id}");
    host.kill();
    let gone = async {
        while workers.iter().any(|worker| worker.exists()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.expect("no worker outlives its host");
}

#[tokio::test]
async fn the_doctor_tells_how_plugins_are_confined() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let told = host.simulay(&["--json", "doctor"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let checks = told["checks"].as_array().unwrap();
    let sandbox = checks.iter().find(|check| check["name"] == "sandbox").unwrap();
    let message = sandbox["message"].as_str().unwrap();
    assert_eq!(sandbox["state"], "ok");
    assert!(message.contains("system call filter") && message.contains("no new privileges"), "{message}");
}
