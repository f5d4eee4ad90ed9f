//! Plugins built against each released contract alone, however long ago, run as they are.

use std::path::Path;

use serde_json::json;

use crate::host::Host;

const RELEASED: [&str; 2] = ["0.1.0", "0.2.0"];

#[tokio::test]
async fn a_plugin_of_each_released_contract_runs() {
    let released = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/released");
    for version in RELEASED {
        let data = tempfile::tempdir().unwrap();
        let host = Host::start(data.path());
        let component = std::fs::read(released.join(version).join("contract-only.wasm")).unwrap();
        let (status, plugin) = host.post_bytes("/v1/plugins", "application/wasm", component).await;
        assert_eq!((status, &plugin["name"]), (201, &json!("contract-only")), "{plugin}");
        assert_eq!(plugin["contract"], version, "{plugin}");
        let run = host.outcome("contract-only", &json!({}), &[]).await;
        assert_eq!(run["report"]["outcome"], json!({ "sum": 5050 }), "{run}");
    }
}
