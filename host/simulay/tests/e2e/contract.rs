//! A plugin built against a released contract alone, long ago, runs as it is.

use std::path::Path;

use serde_json::json;

use crate::host::Host;

#[tokio::test]
async fn a_plugin_of_a_released_contract_runs() {
    let released = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/released/0.1.0/contract-only.wasm");
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let component = std::fs::read(released).unwrap();
    let (status, plugin) = host.post_bytes("/v1/plugins", "application/wasm", component).await;
    assert_eq!((status, &plugin["name"]), (201, &json!("contract-only")), "{plugin}");
    let run = host.outcome("contract-only", &json!({}), &[]).await;
    assert_eq!(run["report"]["outcome"], json!({ "sum": 5050 }), "{run}");
}
