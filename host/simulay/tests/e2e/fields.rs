//! Fields of forms come in the order of their authors: from the types of a plugin to what is asked for over REST, also
//! after the host was restarted.

use serde_json::Value;

use crate::host::{Host, plugin};

/// The parameters of what we ship, as their types have them.
const SHIPPED: [(&str, &[&str]); 4] = [
    (
        "heat-equation",
        &[
            "width_m",
            "height_m",
            "diffusivity_m2_per_s",
            "initial_temperature_K",
            "edge_temperature_K",
            "time_s",
            "cells_x",
            "cells_y",
            "steps",
        ],
    ),
    (
        "beam-monte-carlo",
        &["force_N", "modulus_Pa", "width_m", "height_m", "length_m", "samples", "containers", "pause_s"],
    ),
    (
        "cooling-calibration",
        &[
            "measurements",
            "ambient_temperature_K",
            "fit_ambient",
            "initial_temperature_K",
            "initial_k_per_s",
            "tolerance",
            "max_iterations",
        ],
    ),
    (
        "octave-script",
        &[
            "script",
            "entry",
            "params",
            "path",
            "keep",
            "timeout_ms",
            "memory_mib",
            "scratch_mib",
            "cpu_milli",
        ],
    ),
];

fn fields(plugin: &Value) -> Vec<&str> {
    let properties = plugin["manifest"]["params_schema"]["properties"].as_object();
    properties.unwrap_or_else(|| panic!("{plugin}")).keys().map(String::as_str).collect()
}

#[tokio::test]
async fn fields_come_in_the_order_of_their_authors() {
    let data = tempfile::tempdir().unwrap();
    let mut host = Host::start_with(data.path(), None);
    for (name, order) in SHIPPED {
        let (_, uploaded) = host.post_bytes("/v1/plugins", "application/wasm", plugin(name)).await;
        assert_eq!(fields(&uploaded), order, "{name}");
    }
    host.kill();
    let host = Host::start_with(data.path(), None);
    for (name, order) in SHIPPED {
        let version = host.get(&format!("/v1/plugins/{name}")).await["plugins"][0]["version"].clone();
        let stored = host.get(&format!("/v1/plugins/{name}/{}", version.as_str().unwrap())).await;
        assert_eq!(fields(&stored), order, "{name}");
    }
}
