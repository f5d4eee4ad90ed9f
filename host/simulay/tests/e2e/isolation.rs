//! Calls that follow each other in a container, where the operator grants that.

use serde_json::{Value, json};

use crate::host::Host;

/// What all calls of a run were kept from each other by.
async fn isolation(host: &Host, run: &Value) -> String {
    let calls = host.get(&format!("/v1/runs/{}/calls", run["id"].as_str().unwrap())).await;
    let calls = calls["calls"].as_array().unwrap();
    let one = calls[0]["result"]["isolation"].as_str().unwrap();
    assert!(calls.iter().all(|call| call["result"]["isolation"] == one), "{calls:?}");
    one.to_owned()
}

#[tokio::test]
async fn a_granted_plugin_gives_the_same_by_processes() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    host.upload("beam-monte-carlo").await;
    let listed = host.get("/v1/plugins").await;
    let version = format!("beam-monte-carlo@{}", listed["plugins"][0]["version"].as_str().unwrap());
    let grant = |isolation| {
        let done = host.simulay(&["plugin", "isolation", &version, isolation]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let params = json!({ "containers": 3, "samples": 2000 });
    let apart = host.outcome("beam-monte-carlo", &params, &[]).await;
    assert_eq!(isolation(&host, &apart).await, "container");
    grant("process");
    for _ in 0..3 {
        let run = host.outcome("beam-monte-carlo", &params, &[]).await;
        assert_eq!(isolation(&host, &run).await, "process");
        assert_eq!(run["report"]["outcome"], apart["report"]["outcome"]);
    }
    let shown = host.simulay(&["plugin", "show", &version]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("isolation  process"), "{shown:?}");
    grant("container");
    assert_eq!(isolation(&host, &host.outcome("beam-monte-carlo", &params, &[]).await).await, "container");
}
